"""Short messages in the corner of a window, which go away by themselves unless they matter."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QVBoxLayout, QWidget

Weight = Literal["info", "good", "warning", "error"]
STRIPES: dict[str, str] = {"good": "#2e7d32", "warning": "#b26a00", "error": "#c62828"}
STAYS_MS = 6000
WIDTH = 380


class Toast(QFrame):
    """One message; errors stay until they are closed, and the clock stops while the pointer is on it."""

    closed = Signal()

    def __init__(
        self,
        text: str,
        weight: Weight = "info",
        detail: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setObjectName("toast")
        self.setAccessibleName(f"{weight}: {text}")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setFixedWidth(WIDTH)
        stripe = QWidget()
        stripe.setFixedWidth(4)
        color = STRIPES.get(weight, self.palette().highlight().color().name())
        stripe.setStyleSheet(f"background: {color}")
        words = QVBoxLayout()
        words.addWidget(_line(text, bold=True))
        if detail:
            words.addWidget(_line(detail))
        if action is not None:
            title, run = action
            button = QPushButton(title)
            button.setAccessibleName(title)
            button.clicked.connect(run)
            button.clicked.connect(self.close_now)
            words.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)
        cross = QToolButton()
        cross.setText("×")
        cross.setAutoRaise(True)
        cross.setAccessibleName("Close this message")
        cross.setToolTip("Close")
        cross.clicked.connect(self.close_now)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 4, 0)
        layout.addWidget(stripe)
        words.setContentsMargins(8, 8, 0, 8)
        layout.addLayout(words, 1)
        layout.addWidget(cross, alignment=Qt.AlignmentFlag.AlignTop)
        self._clock = QTimer(self)
        self._clock.setSingleShot(True)
        self._clock.setInterval(STAYS_MS)
        self._clock.timeout.connect(self.close_now)
        self._stays = weight == "error" or action is not None
        if not self._stays:
            self._clock.start()

    def close_now(self) -> None:
        self._clock.stop()
        self.hide()
        self.closed.emit()
        self.deleteLater()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Enter:
            self._clock.stop()
        elif event.type() == QEvent.Type.Leave and not self._stays:
            self._clock.start()
        return super().event(event)


def _line(text: str, bold: bool = False) -> QLabel:
    label = QLabel(text)
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)  # names are data, never markup
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    font = label.font()
    font.setBold(bold)
    label.setFont(font)
    return label


class ToastArea(QObject):
    """Stacks toasts in the lower right corner of a widget, the newest lowest; at most five."""

    def __init__(self, over: QWidget) -> None:
        super().__init__(over)
        self._over = over
        self._toasts: list[Toast] = []
        over.installEventFilter(self)

    def show_message(
        self,
        text: str,
        weight: Weight = "info",
        detail: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
    ) -> Toast:
        """Show a message; the oldest goes where there would be more than five."""
        toast = Toast(text, weight, detail, action, self._over)
        toast.closed.connect(lambda: self._drop(toast))
        self._toasts.append(toast)
        if len(self._toasts) > 5:
            self._toasts[0].close_now()
        toast.show()
        self._place()
        return toast

    @property
    def toasts(self) -> tuple[Toast, ...]:
        return tuple(self._toasts)

    def _drop(self, toast: Toast) -> None:
        if toast in self._toasts:
            self._toasts.remove(toast)
        self._place()

    def _place(self) -> None:
        bottom = self._over.height() - 36
        for toast in reversed(self._toasts):
            toast.adjustSize()
            toast.move(self._over.width() - toast.width() - 16, bottom - toast.height())
            toast.raise_()
            bottom -= toast.height() + 8

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self._place()
        return super().eventFilter(watched, event)
