"""A ring that pulses around a place to look at, then stands until the next press."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer

from studio.domain.geometry import Rect
from widgets.canvas.drawables import Mark
from widgets.image_canvas import ImageCanvas

BEAT_MS = 40
BEAT_SHARE = 0.05
PULSES = 3


class Ring(QObject):
    """One ring at a time, beside the pins that are shown anyway."""

    def __init__(self, canvas: ImageCanvas) -> None:
        super().__init__(canvas)
        self._canvas = canvas
        self._mark: Mark | None = None
        self._pins: tuple[Mark, ...] = ()
        self._phase = 0.0
        self._clock = QTimer(self)
        self._clock.setInterval(BEAT_MS)
        self._clock.timeout.connect(self._beat)

    @property
    def is_shown(self) -> bool:
        return self._mark is not None

    def show_at(self, xyxy: Rect, text: str = "") -> None:
        self._mark, self._phase = Mark(xyxy, text, kind="ring"), 0.0
        self._clock.start()
        self._show()

    def clear(self) -> None:
        self._clock.stop()
        if self._mark is not None:
            self._mark = None
            self._show()

    def set_pins(self, pins: tuple[Mark, ...]) -> None:
        self._pins = pins
        self._show()

    def _show(self) -> None:
        self._canvas.set_marks((*self._pins, self._mark) if self._mark is not None else self._pins)

    def _beat(self) -> None:
        self._phase += BEAT_SHARE
        if self._phase >= PULSES:
            self._clock.stop()
        self._canvas.set_pulse(self._phase)
