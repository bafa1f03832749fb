"""A line of keys and what they do just now; each can be clicked as well."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from msgspec import Struct
from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QToolButton, QWidget


class Hint(Struct, frozen=True):
    """One key, what it does, and the name that is reported when it is clicked."""

    name: str
    key: str
    title: str


class HintBar(QWidget):
    """`triggered(name)` on a click. What does not fit is cut off at the right, never the window widened."""

    triggered = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Keys")
        self._across = QHBoxLayout(self)
        self._across.setContentsMargins(4, 0, 4, 0)
        self._across.setSpacing(2)
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
            button = _HintButton()
            button.setText(f"{hint.key}  {hint.title}" if hint.key else hint.title)
            button.setAccessibleName(hint.title)
            button.setAutoRaise(True)
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # a click must not take the keys from the picture
            button.clicked.connect(partial(self.triggered.emit, hint.name))
            self._across.addWidget(button)
        self._across.addStretch(1)


class _HintButton(QToolButton):
    """Never squeezed: half a hint says nothing."""

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()
