"""Draw a cuboid from above: a drag gives its footprint, the points in it its floor and height."""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.tools.gesture import Gesture
from plugins.pointcloud.tools.reaching import (
    CLICK_PX,
    USUAL_SIZE,
    between_px,
    moved_px,
    on_ground,
    scene_ground,
)
from studio.domain.edit import Edit, creation
from studio.domain.entities import Cuboid, Track
from studio.domain.ids import EntityId
from studio.domain.space import Pose, inward, outward, turn, yaw_of
from studio.domain.values import XYZ, Quaternion
from widgets.cloud.pointer import SpacePointer

SLIP_M = 0.15  # a shorter side is a slip of the hand


class DrawCuboidTool(Gesture):
    """Press, drag, release; or click a corner, move, click the other. Along the axes of the view's frame.

    The longer side is the length. Escape or a lost grab cancels; a slip of the hand draws nothing.
    """

    name = "draw"
    title = "Draw cuboid"
    key = "B"

    def __init__(self) -> None:
        super().__init__()
        self._start: tuple[SpacePointer, XYZ] | None = None
        self._pressed: SpacePointer | None = None
        self._drawn: tuple[Track, Cuboid] | None = None

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "right":
                self._forget()
            case "press" if pointer.button == "left":
                self._press(pointer, scene)
            case "move" | "hover" if self._start is not None:
                self._follow(pointer, scene)
            case "release" if self._start is not None and self._pressed is not None:
                return self._release(pointer, scene)
            case "cancel":
                self._forget()
        return None

    def _press(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        if pointer.side in ("side", "front"):
            self._said = "Draw a cuboid in the top view or in the perspective view."
            return
        self._pressed = pointer
        if self._start is None and (at := on_ground(scene, pointer)) is not None:
            self._start = (pointer, at)
            self._drawn = None

    def _follow(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        if self._start is None or (end := on_ground(scene, pointer)) is None:
            return
        axes = pointer.view.base if pointer.view.flat else turn(yaw_of(pointer.view.base))
        at = footprint(scene, self._start[1], end, axes)
        if self._drawn is None:
            self._drawn = changes.new_cuboid(scene, at)
        else:
            track, old = self._drawn
            self._drawn = track, _placed(old, at)

    def _release(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        start, pressed = self._start, self._pressed
        assert start is not None
        assert pressed is not None
        if pressed is start[0] and moved_px(pressed, pointer) < CLICK_PX:
            self._pressed = self._drawn = None  # a click: the next one is the other corner
            return None
        if pressed is not start[0] and between_px(start[0].xy, pointer.xy) < CLICK_PX:
            self._forget()
            return None
        self._follow(pointer, scene)
        return self.finish(scene)

    def finish(self, scene: SpaceScene) -> Edit | None:
        drawn = self._drawn
        self._forget()
        if drawn is None or min(drawn[1].size[:2]) < SLIP_M:
            return None
        self._made = frozenset({EntityId(drawn[0].id)})
        return creation(f"Draw {scene.title_of_class(drawn[0].class_name)}", *drawn, tool=self.name)

    def back(self) -> bool:
        had = self._start is not None
        self._forget()
        return had

    def preview(self) -> tuple[object, ...]:
        return (self._drawn[1],) if self._drawn is not None else ()

    def _forget(self) -> None:
        self._start = self._pressed = self._drawn = None


def footprint(scene: SpaceScene, first: XYZ, second: XYZ, axes: Quaternion) -> Placement:
    """The cuboid over a rectangle between two places on the ground, along the x and y of `axes`.

    Floor and height are those of the points in it; of an empty one, of the ground and of the class.
    """
    own = inward(Pose(rotation=axes), np.array([first, second]))
    low, high = own.min(axis=0), own.max(axis=0)
    middle = outward(Pose(rotation=axes), ((low + high) / 2)[None])[0]
    length, width = (float(each) for each in (high - low)[:2])
    yaw = yaw_of(axes)
    if width > length:
        length, width, yaw = width, length, yaw + math.pi / 2
    bottom, top = heights(scene, middle, length, width, yaw)
    centre = (float(middle[0]), float(middle[1]), (bottom + top) / 2)
    return Placement(centre, (length, width, top - bottom), turn(yaw))


def heights(
    scene: SpaceScene, middle: np.ndarray, length: float, width: float, yaw: float
) -> tuple[float, float]:
    """Floor and top of what stands on a footprint: of its points, else of the ground and the class."""
    usual = scene.usual_size(scene.class_name) or USUAL_SIZE
    level = scene.points.ground_z(float(middle[0]), float(middle[1]))
    level = scene_ground(scene) if level is None else level
    reach = 4.0
    column = (float(middle[0]), float(middle[1]), level + reach / 2)
    inside = scene.points.inside(column, (length, width, reach), turn(yaw))
    raised = inside[inside[:, 2] > level + 0.25] if len(inside) else inside
    if len(raised) < 5:
        return level, level + usual[2]
    return level, max(float(np.percentile(raised[:, 2], 99)) + 0.05, level + 0.3)


def _placed(cuboid: Cuboid, at: Placement) -> Cuboid:
    return replace(cuboid, centre=at.centre, size=at.size, rotation=at.rotation)
