"""The guide's words: a panel over the window that says what happens and why."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

WIDTH = 430
MARGIN = 18
RAIL = 84  # the buttons of the pages stay free


class Caption(QFrame):
    """Stands at the lower left of the window, where no notice comes; its buttons are wishes to the guide."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setObjectName("guide")
        self.setAccessibleName("Guide")
        self.setFrameShape(QFrame.Shape.StyledPanel)
        self.setAutoFillBackground(True)
        self.setBackgroundRole(QPalette.ColorRole.ToolTipBase)
        self.setForegroundRole(QPalette.ColorRole.ToolTipText)
        self._window = window
        self._wish = ""
        self._is_paused = False
        self._step = QLabel()
        self._title = QLabel()
        font = self._title.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self._title.setFont(font)
        self._words = QLabel()
        for label in (self._step, self._title, self._words):
            label.setWordWrap(True)
            label.setTextFormat(Qt.TextFormat.PlainText)
        self._pause = QPushButton("Pause")
        self._pause.setAccessibleName("Pause the guide")
        self._pause.clicked.connect(lambda _checked=False: self._turn())
        stop = QPushButton("Stop")
        stop.setAccessibleName("Stop the guide")
        stop.clicked.connect(lambda _checked=False: self._want("stop"))
        buttons = QHBoxLayout()
        buttons.addWidget(self._step, 1)
        buttons.addWidget(self._pause)
        buttons.addWidget(stop)
        for button in (self._pause, stop):
            # the keyboard stays where the walk uses it
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        column = QVBoxLayout(self)
        column.addWidget(self._title)
        column.addWidget(self._words)
        column.addLayout(buttons)
        self.setFixedWidth(WIDTH)
        window.installEventFilter(self)

    def say(self, title: str, words: str, step: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._words.setText(words)
        self._step.setText(step)
        self.show()
        self._settle()

    def wish(self) -> str:
        """`stop`, `pause`, or nothing."""
        return self._wish or ("pause" if self._is_paused else "")

    def _turn(self) -> None:
        self._is_paused = not self._is_paused
        self._pause.setText("Go on" if self._is_paused else "Pause")

    def _want(self, what: str) -> None:
        self._wish = what

    def _settle(self) -> None:
        self.adjustSize()
        self.move(RAIL + MARGIN, self._window.height() - self.height() - 3 * MARGIN)
        self.raise_()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._settle()
        return False
