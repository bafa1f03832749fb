"""How far a job is: a bar, the time left, and buttons to pause and cancel."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QProgressBar, QToolButton, QVBoxLayout, QWidget


class ProgressRow(QWidget):
    """One job. `show_progress` as often as it is known; buttons only report."""

    cancelled = Signal()
    paused = Signal()
    resumed = Signal()

    def __init__(self, title: str, can_pause: bool = False, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(title)
        self._title = QLabel(title)
        self._title.setTextFormat(Qt.TextFormat.PlainText)
        self._words = QLabel()
        self._words.setTextFormat(Qt.TextFormat.PlainText)
        self._bar = QProgressBar()
        self._bar.setRange(0, 0)
        self._bar.setAccessibleName(f"Progress of {title}")
        self._pause = _button("Pause", f"Pause {title}")
        self._pause.setVisible(can_pause)
        self._pause.clicked.connect(self._turn)
        self._cancel = _button("Cancel", f"Cancel {title}")
        self._cancel.clicked.connect(self.cancelled)
        self._is_paused = False
        above = QHBoxLayout()
        above.addWidget(self._title)
        above.addStretch()
        above.addWidget(self._words)
        below = QHBoxLayout()
        below.addWidget(self._bar, 1)
        below.addWidget(self._pause)
        below.addWidget(self._cancel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(above)
        layout.addLayout(below)

    def set_title(self, title: str) -> None:
        self._title.setText(title)
        self.setAccessibleName(title)

    def show_progress(self, share: float | None, text: str = "", eta_s: float | None = None) -> None:
        """share: 0 to 1, or None while it is not known. eta_s: seconds left, where known."""
        if share is None:
            self._bar.setRange(0, 0)
        else:
            self._bar.setRange(0, 1000)
            self._bar.setValue(round(min(max(share, 0.0), 1.0) * 1000))
        words = " · ".join(part for part in (text, time_left(eta_s)) if part)
        self._words.setText(words)
        self.setAccessibleDescription(words)

    def show_paused(self, paused: bool) -> None:
        """Whether the job stands still."""
        self._is_paused = paused
        self._pause.setText("Resume" if paused else "Pause")
        self._pause.setAccessibleName(f"{self._pause.text()} {self._title.text()}")

    def finish(self, text: str) -> None:
        """The job is over: say how, and offer nothing more."""
        self._bar.setRange(0, 1000)
        self._bar.setValue(1000)
        self._words.setText(text)
        self.setAccessibleDescription(text)
        self._pause.hide()
        self._cancel.hide()

    def _turn(self) -> None:
        (self.resumed if self._is_paused else self.paused).emit()


def _button(text: str, name: str) -> QToolButton:
    button = QToolButton()
    button.setText(text)
    button.setAccessibleName(name)
    return button


def time_left(seconds: float | None) -> str:
    """ "about 2 min left", or nothing where it is not known."""
    if seconds is None or seconds < 0:
        return ""
    if seconds < 10:
        return "a few seconds left"
    if seconds < 90:
        return f"about {round(seconds / 5) * 5} s left"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min left"
    return f"about {seconds / 3600:.1f} h left"
