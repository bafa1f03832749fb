"""Strips above the editor: why an item cannot be changed, and gestures that were not finished."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

Button = tuple[str, Callable[[], None]]


class Strips(QWidget):
    """Lines with buttons, one below the other; each is known by a name and replaced under it."""

    def __init__(self) -> None:
        super().__init__()
        self._lines: dict[str, QWidget] = {}
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(1)

    def put(self, name: str, text: str, *buttons: Button) -> None:
        """Show a line; pressing one of its buttons takes it away."""
        self.take(name)
        line = QWidget()
        line.setAutoFillBackground(True)
        line.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        row = QHBoxLayout(line)
        row.setContentsMargins(12, 4, 8, 4)
        label = QLabel(text)
        label.setForegroundRole(QPalette.ColorRole.ToolTipText)
        label.setWordWrap(True)
        row.addWidget(label, 1)
        for title, act in buttons:
            button = QPushButton(title)
            button.clicked.connect(lambda _checked=False, act=act: self._press(name, act))
            row.addWidget(button)
        self._lines[name] = line
        self._column.addWidget(line)

    def take(self, name: str) -> None:
        """Take a line away, if it is there."""
        if (line := self._lines.pop(name, None)) is not None:
            line.hide()
            line.deleteLater()

    def clear(self) -> None:
        """Take every line away."""
        for name in list(self._lines):
            self.take(name)

    def texts(self) -> list[str]:
        """What is said now."""
        return [label.text() for line in self._lines.values() for label in line.findChildren(QLabel)]

    def _press(self, name: str, act: Callable[[], None]) -> None:
        self.take(name)
        act()
