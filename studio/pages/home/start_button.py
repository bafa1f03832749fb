"""A way to begin, as a card: icon, what it is, a line about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QFontMetrics, QPainter, QPaintEvent, QPalette
from PySide6.QtWidgets import QAbstractButton, QSizePolicy

from studio.shell.icons import pixmap

_ICON = 26
_LEFT = 56


class StartButton(QAbstractButton):
    """Follows palette and text size, which a style sheet would freeze."""

    def __init__(self, icon: str, title: str, text: str, act: Callable[[], None]) -> None:
        super().__init__()
        self._icon = icon
        self._about = text
        self.setText(title)
        self.setAccessibleName(title)
        self.setAccessibleDescription(text)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.clicked.connect(lambda _checked=False: act())

    def sizeHint(self) -> QSize:
        bold = QFontMetrics(self._bold())
        width = max(bold.horizontalAdvance(self.text()), self.fontMetrics().horizontalAdvance(self._about))
        return QSize(_LEFT + width + 16, bold.height() + self.fontMetrics().height() + 24)

    def minimumSizeHint(self) -> QSize:
        return QSize(180, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            palette = self.palette()
            group = QPalette.ColorGroup.Active if self.isEnabled() else QPalette.ColorGroup.Disabled
            text = palette.color(group, QPalette.ColorRole.Text)
            marked = self.isEnabled() and (self.underMouse() or self.hasFocus())
            painter.setPen(palette.color(QPalette.ColorRole.Accent if marked else QPalette.ColorRole.Mid))
            down = QPalette.ColorRole.Midlight if self.isDown() else QPalette.ColorRole.Base
            painter.setBrush(palette.color(down))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 7, 7)
            top = (self.height() - _ICON) // 2
            painter.drawPixmap(16, top, pixmap(self._icon, _ICON, text, self.devicePixelRatioF()))
            bold = QFontMetrics(self._bold())
            line = QRect(_LEFT, 10, self.width() - _LEFT - 12, bold.height())
            painter.setPen(text)
            painter.setFont(self._bold())
            painter.drawText(line, Qt.AlignmentFlag.AlignVCenter, self.text())
            plain = self.fontMetrics()
            below = QRect(line.left(), line.bottom() + 4, line.width(), plain.height())
            painter.setFont(self.font())
            painter.setPen(palette.color(group, QPalette.ColorRole.PlaceholderText))
            about = plain.elidedText(self._about, Qt.TextElideMode.ElideRight, below.width())
            painter.drawText(below, Qt.AlignmentFlag.AlignVCenter, about)

    def _bold(self) -> QFont:
        font = QFont(self.font())
        font.setBold(True)
        return font
