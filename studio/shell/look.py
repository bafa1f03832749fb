"""Qt's Fusion with edges that are seen: its own are a shade darker than the window, even on a dark one."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QPainter, QPalette, QPen
from PySide6.QtWidgets import QProxyStyle, QStyle, QStyleOption, QWidget

_Element = QStyle.PrimitiveElement
# element -> radius of its corners; what is round has none
_EDGED: dict[QStyle.PrimitiveElement, float] = {
    _Element.PE_IndicatorCheckBox: 2.0,
    _Element.PE_IndicatorItemViewItemCheck: 2.0,
    _Element.PE_IndicatorRadioButton: -1.0,
    _Element.PE_FrameLineEdit: 2.0,
}


class Look(QProxyStyle):
    """The style of the whole studio, in either theme."""

    def __init__(self) -> None:
        super().__init__("Fusion")

    def drawPrimitive(
        self,
        element: QStyle.PrimitiveElement,
        option: QStyleOption,
        painter: QPainter,
        widget: QWidget | None = None,
    ) -> None:
        super().drawPrimitive(element, option, painter, widget)
        radius = _EDGED.get(element)
        is_text = element == _Element.PE_FrameLineEdit
        if radius is None or (is_text and option.state & QStyle.StateFlag.State_HasFocus):
            return  # a field that has the focus has an edge in the colour of what is chosen
        is_faint = is_text or not option.state & QStyle.StateFlag.State_Enabled
        role = QPalette.ColorRole.Mid if is_faint else QPalette.ColorRole.PlaceholderText
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(option.palette.color(role)))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        edge = QRectF(option.rect).adjusted(0.5, 0.5, -0.5, -0.5)
        if radius < 0:
            painter.drawEllipse(edge)
        else:
            painter.drawRoundedRect(edge, radius, radius)
        painter.restore()
