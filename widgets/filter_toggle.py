"""A filter that is on or off, and looks it: filled and ticked, or an empty outline."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QPolygonF, QRegion
from PySide6.QtWidgets import QAbstractButton, QSizePolicy, QWidget

from widgets.painted import paint_guarded

_PAD = 10
_TICK = 12  # pixels, in either state, so that nothing moves when it is turned


class FilterToggle(QAbstractButton):
    """The colour of what is selected elsewhere, and a tick for whoever does not tell colours apart."""

    def __init__(self, text: str, on: bool, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setText(text)
        self.setAccessibleName(text)
        self.setCheckable(True)
        self.setChecked(on)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        text = self.fontMetrics()
        width = text.horizontalAdvance(self.text()) + _TICK + 2 * _PAD + 6
        return QSize(width, text.height() + 10)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self, event.region(), self._paint)

    def _paint(self, painter: QPainter, _region: QRegion) -> None:
        role = QPalette.ColorRole
        enabled = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
        on = self.isChecked()

        def color(each: QPalette.ColorRole) -> QColor:
            return self.palette().color(enabled, each)

        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        box = QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5)
        fill = color(role.Highlight) if on else color(role.Midlight if self.underMouse() else role.Base)
        painter.setBrush(fill)
        painter.setPen(QPen(color(role.Highlight) if on else color(role.Mid), 1))
        painter.drawRoundedRect(box, 6, 6)
        ink = color(role.HighlightedText) if on else color(role.Text)
        mark = QRectF(box.left() + _PAD, box.center().y() - _TICK / 2, _TICK, _TICK).adjusted(1, 1, -1, -1)
        if on:
            tick = (QPointF(0, 5), QPointF(3.5, 8.5), QPointF(10, 1))
            painter.setPen(QPen(ink, 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawPolyline(QPolygonF([mark.topLeft() + each for each in tick]))
        else:
            painter.setPen(QPen(color(role.PlaceholderText), 1))
            painter.drawRoundedRect(mark, 2, 2)
        painter.setPen(ink)
        words = box.adjusted(_PAD + _TICK + 3, 0, 0, 0)
        painter.drawText(words, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, self.text())
        if self.hasFocus():
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(ink, 1, Qt.PenStyle.DotLine))
            painter.drawRoundedRect(box.adjusted(2.5, 2.5, -2.5, -2.5), 4, 4)
