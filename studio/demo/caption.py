"""The guide's words: a bar of the window that says what happens and why, and covers nothing."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMainWindow, QPushButton, QToolBar, QVBoxLayout, QWidget

from studio.shell.elided import Elided
from studio.shell.headings import Heading


class Caption(QToolBar):
    """Stands between the menus and the page, which makes room for it; its buttons are wishes to the guide."""

    def __init__(self, window: QMainWindow) -> None:
        super().__init__("Guide")
        self.setObjectName("guide")
        self.setAccessibleName("Guide")
        self.setMovable(False)
        self.toggleViewAction().setEnabled(False)
        self._wish = ""
        self._is_paused = False
        self._step = QLabel()
        self._title = Heading("", 1.1)
        self._words = Elided()
        self._pause = QPushButton("Pause")
        self._pause.setAccessibleName("Pause the guide")
        self._pause.clicked.connect(lambda _checked=False: self._turn())
        stop = QPushButton("Stop")
        stop.setAccessibleName("Stop the guide")
        stop.clicked.connect(lambda _checked=False: self._want("stop"))
        for button in (self._pause, stop):
            # the keyboard stays where the walk uses it
            button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        inside = QWidget()
        inside.setAutoFillBackground(True)
        inside.setBackgroundRole(QPalette.ColorRole.Window)  # a tool bar's parts else have its own
        colors = QPalette(window.palette())
        colors.setColor(QPalette.ColorRole.Window, colors.color(QPalette.ColorRole.ToolTipBase))
        colors.setColor(QPalette.ColorRole.WindowText, colors.color(QPalette.ColorRole.ToolTipText))
        inside.setPalette(colors)
        said = QVBoxLayout()
        said.setSpacing(1)
        said.addWidget(self._title)
        said.addWidget(self._words)
        across = QHBoxLayout(inside)
        across.setContentsMargins(14, 5, 10, 6)
        across.addLayout(said, 1)
        across.addWidget(self._step)
        across.addWidget(self._pause)
        across.addWidget(stop)
        for button in (self._pause, stop):
            button.setPalette(self.palette())
        self.addWidget(inside)
        window.addToolBar(Qt.ToolBarArea.TopToolBarArea, self)

    def say(self, title: str, words: str, step: str) -> None:
        """Say something else."""
        self._title.setText(title)
        self._words.setText(words)
        self._words.setToolTip(words)
        self._step.setText(step)

    def wish(self) -> str:
        """`stop`, `pause`, or nothing."""
        return self._wish or ("pause" if self._is_paused else "")

    def _turn(self) -> None:
        self._is_paused = not self._is_paused
        self._pause.setText("Go on" if self._is_paused else "Pause")

    def _want(self, what: str) -> None:
        self._wish = what
