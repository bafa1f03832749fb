"""What a page says while there is nothing to show: a picture, a sentence, and what to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QIcon, QPalette
from PySide6.QtWidgets import QLabel, QPushButton, QVBoxLayout, QWidget


class EmptyState(QWidget):
    """Centred; the button is the one thing a newcomer should do next."""

    def __init__(
        self,
        title: str,
        sentence: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        icon: QIcon | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self._icon = QLabel()
        self._title = QLabel()
        self._sentence = QLabel()
        self._button = QPushButton()
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.4)
        font.setBold(True)
        self._title.setFont(font)
        self._sentence.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        for part in (self._icon, self._title, self._sentence):
            part.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(part)
        for label in (self._title, self._sentence):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        layout.addSpacing(8)
        layout.addWidget(self._button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
        self._run: Callable[[], object] | None = None
        self._button.clicked.connect(self._pressed)
        self.say(title, sentence, action, icon)

    def say(
        self,
        title: str,
        sentence: str = "",
        action: tuple[str, Callable[[], object]] | None = None,
        icon: QIcon | None = None,
    ) -> None:
        """Say something else."""
        self.setAccessibleName(title)
        self.setAccessibleDescription(sentence)
        self._title.setText(title)
        self._sentence.setText(sentence)
        self._sentence.setVisible(bool(sentence))
        self._icon.setVisible(icon is not None)
        if icon is not None:
            self._icon.setPixmap(icon.pixmap(QSize(64, 64)))
        self._button.setVisible(action is not None)
        self._run = None
        if action is not None:
            self._button.setText(action[0])
            self._button.setAccessibleName(action[0])
            self._run = action[1]

    def _pressed(self) -> None:
        if self._run is not None:
            self._run()
