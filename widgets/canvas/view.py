"""Where a picture lies on the screen: scale and offset, as a value. No Qt.

Screen is in logical pixels of the widget, picture in pixels of the full-size picture, both continuous with
(0, 0) at the outer corner of the first pixel.
"""

from __future__ import annotations

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

Floats = NDArray[np.float64]
XY = tuple[float, float]
Rect = tuple[float, float, float, float]

LEAST, MOST = 1 / 512, 128.0
MARGIN = 24.0  # screen pixels that `fitted` leaves around the picture


class View(Struct, frozen=True):
    """`screen = picture * scale + offset`."""

    picture: XY = (1.0, 1.0)  # width, height
    window: XY = (1.0, 1.0)  # width, height
    scale: float = 1.0
    offset: XY = (0.0, 0.0)
    margin: float = MARGIN

    def to_screen(self, xy: XY) -> XY:
        return xy[0] * self.scale + self.offset[0], xy[1] * self.scale + self.offset[1]

    def to_picture(self, xy: XY) -> XY:
        return (xy[0] - self.offset[0]) / self.scale, (xy[1] - self.offset[1]) / self.scale

    def rect_to_screen(self, xyxy: Rect) -> Rect:
        return *self.to_screen(xyxy[:2]), *self.to_screen(xyxy[2:])

    def boxes_to_screen(self, boxes: Floats) -> Floats:
        """(N, 4) xyxy of the picture -> (N, 4) xyxy of the screen."""
        moved: Floats = boxes * self.scale + np.array(self.offset * 2)
        return moved

    def shown(self) -> Rect:
        """What of the plane of the picture the window shows."""
        return *self.to_picture((0.0, 0.0)), *self.to_picture(self.window)

    def fitted(self) -> View:
        """The whole picture, centred."""
        wide, high = (max(side - 2 * self.margin, 1.0) for side in self.window)
        scale = min(wide / max(self.picture[0], 1e-9), high / max(self.picture[1], 1e-9))
        return self._centred_on((self.picture[0] / 2, self.picture[1] / 2), scale)

    def zoomed(self, factor: float, at: XY) -> View:
        """Closer (factor > 1) or farther, with what lies under the screen point `at` staying there."""
        scale = _bounded(self.scale * factor)
        factor = scale / self.scale
        offset = [p - (p - off) * factor for p, off in zip(at, self.offset, strict=True)]
        return replace(self, scale=scale, offset=(offset[0], offset[1]))._kept_near(None)

    def at_scale(self, scale: float) -> View:
        """The same centre at another scale."""
        return self.zoomed(scale / self.scale, (self.window[0] / 2, self.window[1] / 2))

    def panned(self, by: XY) -> View:
        """Moved by so many screen pixels; by whole ones, so that layers can be shifted without a blur."""
        offset = self.offset[0] + round(by[0]), self.offset[1] + round(by[1])
        return replace(self, offset=offset)._kept_near(self)

    def showing(self, xyxy: Rect, share: float = 0.35) -> View:
        """Centred on a box which takes up `share` of the window, never closer than 8 times."""
        width, height = max(xyxy[2] - xyxy[0], 1.0), max(xyxy[3] - xyxy[1], 1.0)
        scale = min(self.window[0] * share / width, self.window[1] * share / height, 8.0)
        return self._centred_on(((xyxy[0] + xyxy[2]) / 2, (xyxy[1] + xyxy[3]) / 2), scale)

    def containing(self, xyxy: Rect) -> View:
        """This view, moved (never zoomed) if the box is out of sight."""
        left, top, right, bottom = self.rect_to_screen(xyxy)
        if right < 0 or bottom < 0 or left > self.window[0] or top > self.window[1]:
            return self._centred_on(((xyxy[0] + xyxy[2]) / 2, (xyxy[1] + xyxy[3]) / 2), self.scale)
        return self

    def resized(self, window: XY) -> View:
        """The same centre in a window of another size."""
        shift = (window[0] - self.window[0]) / 2, (window[1] - self.window[1]) / 2
        return replace(self, window=window).panned(shift)

    def _centred_on(self, xy: XY, scale: float) -> View:
        scale = _bounded(scale)
        offset = [float(round(w / 2 - p * scale)) for w, p in zip(self.window, xy, strict=True)]
        return replace(self, scale=scale, offset=(offset[0], offset[1]))

    def _kept_near(self, before: View | None) -> View:
        # At least a strip of the picture stays in sight, or a person who lost it would have to search. A
        # bound that is met is moved to a whole pixel from where the view was.
        kept = []
        for axis, off in enumerate(self.offset):
            strip = min(48.0, self.window[axis] / 2)
            bound = min(max(off, strip - self.picture[axis] * self.scale), self.window[axis] - strip)
            if before is not None and bound != off:
                bound = before.offset[axis] + round(bound - before.offset[axis])
            kept.append(bound)
        return replace(self, offset=(kept[0], kept[1]))


def _bounded(scale: float) -> float:
    return min(max(scale, LEAST), MOST)
