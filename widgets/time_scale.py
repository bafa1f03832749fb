"""Where frames lie along a line: scale and place, as a value. No Qt."""

from __future__ import annotations

import math

from msgspec import Struct
from msgspec.structs import replace

MOST = 64.0  # pixels of one frame
WIDEST_FITTED = 24.0  # the same where all of them are shown


class TimeScale(Struct, frozen=True):
    """Frame n takes up the pixels from `x_of(n)` to `x_of(n + 1)`."""

    frames: int = 1
    width: float = 1.0  # pixels of the window
    per_frame: float = 8.0  # pixels
    first: float = 0.0  # what lies at the left edge; a fraction of a frame counts

    @property
    def least(self) -> float:
        """Pixels of a frame at which all of them are shown."""
        return min(self.width / max(self.frames, 1), WIDEST_FITTED)

    def x_of(self, frame: float) -> float:
        return (frame - self.first) * self.per_frame

    def middle_of(self, frame: float) -> float:
        return self.x_of(frame + 0.5)

    def frame_at(self, x: float) -> int:
        """The frame at a pixel; the first or the last one beyond them."""
        return min(max(math.floor(self.first + x / self.per_frame), 0), self.frames - 1)

    def edge_at(self, x: float) -> int:
        """The border between two frames nearest to a pixel: 0 is before the first."""
        return min(max(round(self.first + x / self.per_frame), 0), self.frames)

    def shown(self) -> tuple[int, int]:
        """The frames that touch the window: from, to (not included)."""
        last = math.ceil(self.first + self.width / self.per_frame)
        return max(math.floor(self.first), 0), min(last, self.frames)

    def fitted(self) -> TimeScale:
        """All frames."""
        return replace(self, per_frame=self.least, first=0.0)

    def zoomed(self, factor: float, x: float) -> TimeScale:
        """Wider (factor > 1) or narrower frames, with what lies at `x` staying there."""
        per_frame = min(max(self.per_frame * factor, self.least), MOST)
        held = self.first + x / self.per_frame
        return replace(self, per_frame=per_frame, first=held - x / per_frame)._bounded()

    def panned(self, by: float) -> TimeScale:
        """Moved by so many pixels."""
        return replace(self, first=self.first - by / self.per_frame)._bounded()

    def containing(self, frame: int) -> TimeScale:
        """This, moved if a frame is out of sight; it then lies at a third of the window."""
        if self.x_of(frame) >= 0 and self.x_of(frame + 1) <= self.width + 1e-6:
            return self
        return replace(self, first=frame - self.width / self.per_frame / 3)._bounded()

    def resized(self, width: float, frames: int | None = None) -> TimeScale:
        """In another window, or of other frames; what was shown whole stays so."""
        was_whole = self.per_frame <= self.least * 1.001
        changed = replace(
            self, width=max(width, 1.0), frames=self.frames if frames is None else max(frames, 1)
        )
        if was_whole or changed.per_frame < changed.least:
            return changed.fitted()
        return changed._bounded()

    def label_step(self, room: float) -> int:
        """Every how many frames a label fits that needs so many pixels: 1, 2, 5, 10, 20, …"""
        least = max(room / self.per_frame, 1.0)
        power = 10 ** math.floor(math.log10(least))
        return int(next((step * power for step in (1, 2, 5) if step * power >= least), 10 * power))

    def _bounded(self) -> TimeScale:
        most = max(self.frames - self.width / self.per_frame, 0.0)
        return replace(self, first=min(max(self.first, 0.0), most))
