"""The navigation rail: one button a page, at the left of the window."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QButtonGroup, QFrame, QSizePolicy, QVBoxLayout, QWidget

from studio.shell.icons import pixmap
from studio.shell.page import PageInfo

_ICON = 24
_AIR, _LEAST_AIR = 22, 10  # pixels above, between and below icon and name: usually, and where it is tight


class RailButton(QAbstractButton):
    """A page's icon with its name below; the one that is shown has a bar at its left."""

    def __init__(self, info: PageInfo, parent: QWidget) -> None:
        super().__init__(parent)
        self._icon = info.icon
        self.setText(info.title)
        self.setCheckable(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setAccessibleName(info.title)
        self.setAccessibleDescription(f"Go to {info.title}, {info.key}")
        self.setToolTip(f"{info.title} ({info.key})")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)

    def sizeHint(self) -> QSize:
        return self._size(_AIR)

    def minimumSizeHint(self) -> QSize:
        return self._size(_LEAST_AIR)  # a wide page or a low window never cuts a name

    def _size(self, air: int) -> QSize:
        text = self.fontMetrics()
        return QSize(max(76, text.horizontalAdvance(self.text()) + 20), _ICON + text.height() + air)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            palette = self.palette()
            group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
            text = palette.color(group, QPalette.ColorRole.WindowText)
            accent = palette.color(QPalette.ColorRole.Accent)
            box = QRectF(self.rect()).adjusted(5, 2, -5, -2)
            if self.isChecked() or (self.underMouse() and self.isEnabled()):
                fill = QColor(accent if self.isChecked() else text)
                fill.setAlphaF(0.16 if self.isChecked() else 0.08)
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(fill)
                painter.drawRoundedRect(box, 7, 7)
            if self.isChecked():
                painter.setPen(Qt.PenStyle.NoPen)
                painter.setBrush(accent)
                painter.drawRoundedRect(QRectF(0, box.top() + 8, 3, box.height() - 16), 1.5, 1.5)
            if self.hasFocus():
                painter.setBrush(Qt.BrushStyle.NoBrush)
                painter.setPen(accent)
                painter.drawRoundedRect(box.adjusted(0.5, 0.5, -0.5, -0.5), 7, 7)
            picture = pixmap(self._icon, _ICON, text, self.devicePixelRatioF())
            edge = (self.height() - _ICON - self.fontMetrics().height()) * 9 // _AIR
            painter.drawPixmap((self.width() - _ICON) // 2, edge, picture)
            painter.setPen(text)
            below = self.rect().adjusted(0, edge + _ICON, 0, -edge)
            name = Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignBottom
            painter.drawText(below, name, self.text())


class Rail(QFrame):
    """The buttons of all pages; `choose(name)` is called when one is pressed."""

    def __init__(self, pages: Iterable[PageInfo], choose: Callable[[str], None], parent: QWidget) -> None:
        super().__init__(parent)
        self.setAccessibleName("Pages")
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.Button)
        self._buttons: dict[str, RailButton] = {}
        group = QButtonGroup(self)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 6, 0, 6)
        column.setSpacing(2)
        for info in pages:
            button = RailButton(info, self)
            button.clicked.connect(lambda _checked=False, name=info.name: choose(name))
            group.addButton(button)
            column.addWidget(button)
            self._buttons[info.name] = button
        column.addStretch(1)

    def show_current(self, name: str) -> None:
        """Mark the page that is shown."""
        self._buttons[name].setChecked(True)

    def offer(self, name: str, *, shown: bool, enabled: bool) -> None:
        """Show or hide a page's button; one that needs a project waits for it."""
        self._buttons[name].setVisible(shown)
        self._buttons[name].setEnabled(enabled)
