"""The timeline: playback above, rows of tracks and groups below; it reports and decides nothing."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from widgets.timeline_grid import TimelineGrid
from widgets.transport import Transport


class Timeline(QWidget):
    """`frame_wanted(frame)` asks for a frame, `set_frame` says that it is shown; rows are `grid`'s.

    Space plays and pauses. Everything else that a hand does to rows is a signal of `grid`.
    """

    frame_wanted = Signal(int)
    key_frame_wanted = Signal(int)  # -1: the one before, 1: the next, of what is selected

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.transport = Transport()
        self.grid = TimelineGrid()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.transport)
        layout.addWidget(self.grid, 1)
        for part in (self.transport, self.grid):
            part.frame_wanted.connect(self.frame_wanted)
            part.key_frame_wanted.connect(self.key_frame_wanted)
        self.grid.range_wanted.connect(self.transport.set_range)

    def set_frames(self, count: int, times_ns: Sequence[int] = ()) -> None:
        """So many frames, and when each was (nanoseconds), where that is known."""
        self.transport.set_frames(count, times_ns)
        self.grid.set_frames(count, times_ns)

    def set_frame(self, frame: int) -> None:
        """The frame that is shown now."""
        self.transport.set_frame(frame)
        self.grid.set_frame(frame)

    def set_range(self, frames: tuple[int, int] | None) -> None:
        """Mark a run of frames, the second not included; playing stays within it."""
        self.transport.set_range(frames)
        self.grid.set_range(frames)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.transport.toggle()
        else:
            super().keyPressEvent(event)
