"""Play, pause and step: buttons, and a clock that asks for the next frame once the last one is shown."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence

from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPalette, QPixmap, QPolygonF
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QToolButton, QWidget

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0)
USUAL_S = 0.1  # between two frames of no known time

# strokes of each sign in a square of 16: triangles that point right (1) or left (-1), and bars
_SIGNS: dict[str, tuple[tuple[str, float], ...]] = {
    "first": (("bar", 2), ("left", 5)),
    "key before": (("left", 2), ("diamond", 12)),
    "back": (("left", 4),),
    "play": (("right", 3),),
    "pause": (("bar", 4), ("bar", 9)),
    "forward": (("right", 3),),
    "key after": (("diamond", 4), ("right", 7)),
    "last": (("right", 2), ("bar", 11)),
}


class Transport(QWidget):
    """`frame_wanted(frame)` asks for a frame; it counts as shown once `set_frame` says so.

    While it plays, no frame is asked for before the last one is shown: on a slow machine frames are skipped,
    never queued.
    """

    frame_wanted = Signal(int)
    key_frame_wanted = Signal(int)  # -1: the one before, 1: the next
    playing_changed = Signal(bool)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Playback")
        self.frame, self.frames = 0, 1
        self._times_s: list[float] = []
        self._range: tuple[int, int] | None = None
        self._waits_for: int | None = None
        self._began: tuple[float, float] = (0.0, 0.0)  # clock, and time of the frame it began with
        self._clock = QTimer(self)
        self._clock.setTimerType(Qt.TimerType.PreciseTimer)
        self._clock.setInterval(15)
        self._clock.timeout.connect(self._tick)
        self._buttons: dict[str, QToolButton] = {}
        layout = QHBoxLayout(self)
        layout.setContentsMargins(4, 2, 4, 2)
        layout.setSpacing(2)
        self._add("first", "First frame", lambda: self._go(0))
        self._add("key before", "Key frame before", lambda: self.key_frame_wanted.emit(-1))
        self._add("back", "Frame before", lambda: self._go(self.frame - 1))
        self._play = self._add("play", "Play", self.toggle)
        self._add("forward", "Next frame", lambda: self._go(self.frame + 1))
        self._add("key after", "Next key frame", lambda: self.key_frame_wanted.emit(1))
        self._add("last", "Last frame", lambda: self._go(self.frames - 1))
        self._speed = QComboBox()
        self._speed.setAccessibleName("Speed")
        for speed in SPEEDS:
            self._speed.addItem(f"{speed:g}×", speed)
        self._speed.setCurrentIndex(SPEEDS.index(1.0))
        self._speed.currentIndexChanged.connect(self._restart)
        layout.addSpacing(6)
        layout.addWidget(self._speed)
        self._label = QLabel()
        self._label.setTextFormat(Qt.TextFormat.PlainText)
        self._label.setAccessibleName("Frame")
        layout.addSpacing(8)
        layout.addWidget(self._label)
        layout.addStretch(1)
        self._draw_icons()
        self._show_frame()

    def _add(self, sign: str, title: str, act: object) -> QToolButton:
        button = QToolButton()
        button.setAccessibleName(title)
        button.setToolTip(title)
        button.setAutoRaise(True)
        button.clicked.connect(act)
        self._buttons[sign] = button
        layout = self.layout()
        assert layout is not None
        layout.addWidget(button)
        return button

    @property
    def is_playing(self) -> bool:
        return self._clock.isActive()

    def set_frames(self, count: int, times_ns: Sequence[int] = ()) -> None:
        """So many frames, and when each was, where that is known; else they are a tenth of a second apart."""
        self.pause()
        self.frames = max(count, 1)
        times = [(each - times_ns[0]) / 1e9 for each in times_ns] if len(times_ns) == count and count else []
        rising = all(a < b for a, b in itertools.pairwise(times))
        self._times_s = times if rising and times else [n * USUAL_S for n in range(self.frames)]
        self._range = None
        self.set_frame(min(self.frame, self.frames - 1))

    def set_range(self, frames: tuple[int, int] | None) -> None:
        """Play these frames over and over; None: all, once."""
        self._range = frames

    def set_frame(self, frame: int) -> None:
        """The frame that is shown now."""
        expected = self._waits_for == frame
        self.frame, self._waits_for = frame, None
        if self.is_playing and not expected:
            self._restart()
        self._show_frame()

    def toggle(self) -> None:
        """Play, or pause."""
        if self.is_playing:
            self.pause()
        else:
            self.play()

    def play(self) -> None:
        """From the current frame on; from the beginning where it is the last."""
        if self.frames < 2 or self.is_playing:
            return
        first, last = self._range or (0, self.frames)
        if not first <= self.frame < last - 1:
            self._go(first)
        self._clock.start()
        self._restart()
        self._draw_icons()
        self.playing_changed.emit(True)

    def pause(self) -> None:
        if self.is_playing:
            self._clock.stop()
            self._waits_for = None
            self._draw_icons()
            self.playing_changed.emit(False)

    def _restart(self) -> None:
        at = self._waits_for if self._waits_for is not None else self.frame
        self._began = time.monotonic(), self._times_s[at] if at < len(self._times_s) else 0.0

    def _tick(self) -> None:
        if self._waits_for is not None:
            return
        clock, began = self._began
        now_s = began + (time.monotonic() - clock) * float(self._speed.currentData())
        first, last = self._range or (0, self.frames)
        frame = self.frame
        while frame + 1 < last and self._times_s[frame + 1] <= now_s:
            frame += 1
        if frame != self.frame:
            self._ask(frame)
        elif frame >= last - 1:
            if self._range is None:
                self.pause()
            else:
                self._ask(first)
                self._restart()

    def _go(self, frame: int) -> None:
        frame = min(max(frame, 0), self.frames - 1)
        if frame != self.frame:
            self._ask(frame)

    def _ask(self, frame: int) -> None:
        self._waits_for = frame
        self.frame_wanted.emit(frame)

    def _show_frame(self) -> None:
        at = self._times_s[self.frame] if self.frame < len(self._times_s) else 0.0
        self._label.setText(f"{self.frame + 1:,} / {self.frames:,}   {at:.2f} s")

    def _draw_icons(self) -> None:
        side = max(round(self.fontMetrics().height() * 1.05), 14)
        color = self.palette().color(QPalette.ColorRole.ButtonText)
        for sign, button in self._buttons.items():
            shown = "pause" if sign == "play" and self.is_playing else sign
            button.setIcon(sign_icon(shown, side, color, self.devicePixelRatioF()))
            button.setIconSize(QSize(side, side))
        title = "Pause" if self.is_playing else "Play"
        self._play.setToolTip(title)
        self._play.setAccessibleName(title)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._draw_icons()


def sign_icon(sign: str, side: int, color: QColor, ratio: float) -> QIcon:
    """One of the signs of playback, in the colour of the text around it."""
    pixmap = QPixmap(round(side * ratio), round(side * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        painter.scale(side / 16, side / 16)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        small = 0.62 if sign in ("back", "forward") else 1.0
        for kind, x in _SIGNS[sign]:
            _stroke(painter, kind, x, small)
    return QIcon(pixmap)


def _stroke(painter: QPainter, kind: str, x: float, size: float) -> None:
    half = 6 * size
    match kind:
        case "bar":
            painter.drawRect(QRectF(x, 2, 3, 12))
        case "diamond":
            corners = [(x, 4.5), (x + 3.5, 8), (x, 11.5), (x - 3.5, 8)]
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
        case "left" | "right":
            long = 9 * size
            tip, back = (x, x + long) if kind == "left" else (x + long, x)
            corners = [(tip, 8.0), (back, 8 - half), (back, 8 + half)]
            painter.drawPolygon(QPolygonF([QPointF(*corner) for corner in corners]))
