"""A line of keys and what they do just now; each can be clicked as well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget


class Hint(Struct, frozen=True):
    """One key, what it does, and the name that is reported when it is clicked."""

    name: str
    key: str
    title: str


class HintBar(QWidget):
    """`triggered(name)` on a click. What does not fit is left out whole, never the window widened."""

    triggered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Keys")
        self._across = QHBoxLayout(self)
        self._across.setContentsMargins(4, 0, 4, 0)
        self._across.setSpacing(2)
        self._across.setSizeConstraint(QHBoxLayout.SizeConstraint.SetNoConstraint)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self._hints: tuple[Hint, ...] = ()

    def set_hints(self, hints: Sequence[Hint]) -> None:
        """Show these, the most useful first."""
        if tuple(hints) == self._hints:
            return
        self._hints = tuple(hints)
        while (item := self._across.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for hint in hints:
            button = QToolButton()
            button.setText(f"{hint.key}  {hint.title}" if hint.key else hint.title)
            button.setAccessibleName(hint.title)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a click must not take the keys from the picture
            button.clicked.connect(partial(self.triggered.emit, hint.name))
            self._across.addWidget(button)
        self._across.addStretch(1)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, self.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Show the first hints that fit: half a hint says nothing."""
        room = self.width() - 8
        for place in range(self._across.count()):
            item = self._across.itemAt(place)
            button = item.widget() if item is not None else None
            if button is not None:
                room -= button.sizeHint().width() + self._across.spacing()
                button.setVisible(room >= 0)
