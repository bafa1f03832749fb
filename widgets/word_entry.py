"""A line to write into, over a picture, where the thing is that the words are about."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLineEdit, QPushButton, QWidget


class WordEntry(QFrame):
    """Enter hands the words over, Escape throws them away; either way the focus goes back."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._over = parent
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.line = QLineEdit()
        self.line.setMinimumWidth(260)
        self.line.setAccessibleName("Words")
        self.line.installEventFilter(self)
        self.line.returnPressed.connect(self._hand_over)
        keep = QPushButton("Keep")
        keep.setAccessibleName("Keep these words")
        keep.clicked.connect(self._hand_over)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.line)
        layout.addWidget(keep)
        self._done: Callable[[str], object] | None = None
        self.hide()

    def ask(self, prompt: str, at: QPoint, done: Callable[[str], object]) -> None:
        """Ask for words at a place of the parent; `done` gets them, unless they are empty."""
        self._done = done
        self.line.clear()
        self.line.setPlaceholderText(prompt)
        self.line.setAccessibleName(prompt)
        self.adjustSize()
        room = self._over.size()
        self.move(
            max(min(at.x(), room.width() - self.width() - 8), 8),
            max(min(at.y(), room.height() - self.height() - 8), 8),
        )
        self.show()
        self.raise_()
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def _hand_over(self) -> None:
        words, done = self.line.text().strip(), self._done
        self._close()
        if words and done is not None:
            done(words)

    def _close(self) -> None:
        self._done = None
        self.hide()
        self._over.setFocus()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            if event.type() == QEvent.Type.ShortcutOverride:
                event.accept()
                return True
            if event.type() == QEvent.Type.KeyPress:
                self._close()
                return True
        return super().eventFilter(watched, event)
