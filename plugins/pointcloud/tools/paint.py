"""Paint points: a brush over the screen, and one that takes the ground alone."""

from __future__ import annotations

import math

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from plugins.pointcloud.fitting.ground import CLEAR_M, Ground, ground_of
from plugins.pointcloud.painting.frame_labels import Places
from plugins.pointcloud.painting.painter import RADIUS_PX, Painter
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.gesture import Gesture
from studio.domain.edit import Edit
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import XY

WHEEL_STEP = 1.15  # of a size, for one notch
STEP = 0.5  # of the radius: how far apart a fast hand's dabs are
BURIED_M = 0.5  # farther below the ground a point is none of it
GROUND_POINTS = 400_000  # a fair sample of this size tells where the ground is


class Painting(Struct, frozen=True):
    """A stroke is under way; it is seen by the colours of the points."""


class PointBrush(Gesture):
    """Press and drag over points: they get the label. Shift rubs out; Escape gives the stroke up.

    Ctrl and the wheel, or the wheel while the button is held, make the brush larger and smaller.
    """

    name = "brush"
    title = "Paint points"
    key = "Shift+H"

    def __init__(self) -> None:
        super().__init__()
        self._last: XY | None = None
        self._painter: Painter | None = None

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "left":
                self._press(pointer, scene)
            case "move" if self._last is not None:
                self._drag(pointer, scene)
            case "release" if self._last is not None:
                self._last = self._painter = None
                self._end(scene, "shift" in pointer.modifiers)
            case "cancel":
                self._forget()
        return None

    def wheel(self, pointer: SpacePointer, notches: float, scene: SpaceScene) -> bool:
        """Another size; whether the wheel was meant for that."""
        if self._last is None and "ctrl" not in pointer.modifiers:
            return False
        self._said = resized_brush(scene.painter, notches)
        return True

    def _press(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        self._said = scene.painter.why_not(scene, rubs="shift" in pointer.modifiers)
        if self._said:
            return
        self._painter, self._last = scene.painter, pointer.xy
        self._dab(pointer.xy, pointer, scene)

    def _drag(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        """Dabs along the way since the last event."""
        assert self._last is not None
        start, end = np.array(self._last), np.array(pointer.xy)
        apart = max(scene.painter.settings.radius_px * STEP, 1.0)
        count = max(1, math.ceil(float(np.hypot(*(end - start))) / apart))
        for number in range(1, count + 1):
            x, y = (start + (end - start) * number / count).tolist()
            self._dab((x, y), pointer, scene)
        self._last = pointer.xy

    def _dab(self, xy: XY, pointer: SpacePointer, scene: SpaceScene) -> None:
        painter = scene.painter
        painter.paint(self._wanted(painter.brushed(xy, pointer, scene), scene), scene, _rubs(pointer))

    def _wanted(self, places: Places, scene: SpaceScene) -> Places:
        """Those of the points under the brush that it takes."""
        return places

    def _end(self, scene: SpaceScene, rubs: bool) -> None:
        scene.painter.end(title_of(scene, rubs), self.name)

    def back(self) -> bool:
        had = self._last is not None
        self._forget()
        return had

    def preview(self) -> tuple[object, ...]:
        return (Painting(),) if self._last is not None else ()

    def _forget(self) -> None:
        if self._painter is not None:
            self._painter.put_back()
        self._last = self._painter = None


class GroundBrush(PointBrush):
    """The brush, which takes points of the ground alone; Shift and a click: all ground of the sweep."""

    name = "ground"
    title = "Paint the ground"
    key = "Shift+D"

    def __init__(self) -> None:
        super().__init__()
        self._known: tuple[NDArray[np.float32], Ground] | None = None

    def _press(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        if "shift" not in pointer.modifiers:
            super()._press(pointer, scene)
            return
        painter = scene.painter
        self._said = painter.why_not(scene)
        if self._said:
            return
        everything = painter.shown(np.arange(len(scene.points)), pointer, scene)
        count = painter.paint(self._wanted(everything, scene), scene)
        painter.end(title_of(scene), self.name)
        self._said = f"{count:,} points of the ground are painted."

    def _wanted(self, places: Places, scene: SpaceScene) -> Places:
        above = self._ground(scene).above(scene.points.xyz[places])
        return places[(above <= CLEAR_M) & (above > -BURIED_M)]

    def _ground(self, scene: SpaceScene) -> Ground:
        points = scene.points.xyz
        if self._known is None or self._known[0] is not points:
            step = max(1, len(points) // GROUND_POINTS)
            self._known = (points, ground_of(points[::step]))
        return self._known[1]


def resized_brush(painter: Painter, notches: float) -> str:
    """Another radius, and what is said of it."""
    radius = painter.settings.radius_px * WHEEL_STEP**notches
    painter.settings.radius_px = min(max(radius, RADIUS_PX[0]), RADIUS_PX[1])
    painter.on_settings()
    return f"Brush of {painter.settings.radius_px:.0f} pixels."


def title_of(scene: SpaceScene, rubs: bool = False) -> str:
    """What the undo menu says of a stroke."""
    if rubs or scene.painter.settings.erase:
        return "Rub out labels of points"
    return f"Paint points: {scene.painter.words(scene)}"[:200]


def _rubs(pointer: SpacePointer) -> bool:
    return "shift" in pointer.modifiers
