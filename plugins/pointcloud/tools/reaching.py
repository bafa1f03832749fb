"""What a pointer over a view reaches in the scene: cuboids, their grips, the ground. No Qt."""

from __future__ import annotations

import math
from typing import Literal, Protocol

import numpy as np
from msgspec import Struct

from plugins.pointcloud.space_scene import Placement, SpaceScene
from studio.domain.edit import Edit
from studio.domain.ids import EntityId
from studio.domain.space import Floats, Pose, as_xyz, inward, matrix_of, outward
from studio.domain.values import XYZ
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import XY, SpaceView

CLICK_PX = 4.0  # a press and release closer than this are a click
GRIP_PX = 9.0
APART_PX = 16.0  # from the middle of a cuboid, that a handle has to be
USUAL_SIZE: XYZ = (4.2, 1.8, 1.6)  # metres, of a cuboid whose class says nothing
DISC_SHARE, DISC_M = 0.35, 1.2  # how far before the front the disc for turning stands, and at most

GripName = Literal["front", "rear", "left", "right", "top", "bottom", "turn"]
FACES: dict[str, tuple[int, float]] = {
    "front": (0, 1.0),
    "rear": (0, -1.0),
    "left": (1, 1.0),
    "right": (1, -1.0),
    "top": (2, 1.0),
    "bottom": (2, -1.0),
}
"""A face's axis of the cuboid and its side."""


class SpaceTool(Protocol):
    """A tool of the scene. The views' pointers come in; what it completes comes out as an Edit."""

    name: str
    title: str
    key: str

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None: ...
    def preview(self) -> tuple[object, ...]:
        """Cuboids to draw that are not in the document; they stand for those of the same track."""

    def draft(self) -> bytes | None: ...
    def resume(self, draft: bytes) -> None: ...
    def finish(self, scene: SpaceScene) -> Edit | None:
        """Complete what is unfinished, where that can be."""

    def back(self) -> bool:
        """Take back the last step of an unfinished gesture; whether there was one."""

    def frame_left(self) -> None:
        """Another frame is shown: throw away what holds of the one before alone."""

    def wanted_selection(self) -> frozenset[EntityId] | None:
        """What should be selected after the last event, or None where that stays; asked once."""

    def words(self) -> str:
        """What came of the last event, for the status bar; empty for nothing. Asked once."""


class GripPoint(Struct, frozen=True):
    """A handle of a cuboid."""

    name: GripName
    xyz: XYZ


def grips_of(at: Placement) -> list[GripPoint]:
    """A square in the middle of each face, and a disc before the front."""
    found = []
    for name, (axis, side) in FACES.items():
        own = np.zeros((1, 3))
        own[0, axis] = side * at.size[axis] / 2
        found.append(GripPoint(name, as_xyz(outward(Pose(at.centre, at.rotation), own)[0])))  # type: ignore[arg-type]
    ahead = np.array([[at.size[0] / 2 + min(DISC_SHARE * max(at.size[:2]), DISC_M), 0.0, 0.0]])
    found.append(GripPoint("turn", as_xyz(outward(Pose(at.centre, at.rotation), ahead)[0])))
    return found


def grip_under(at: Placement, pointer: SpacePointer) -> GripName | None:
    """The handle under a pointer; of several the nearest on the screen, then the foremost."""
    best: tuple[float, float] | None = None
    name: GripName | None = None
    for grip in seen_grips(at, pointer.view):
        x, y, depth = pointer.view.to_screen(np.array([grip.xyz]))[0].tolist()
        gap = math.hypot(x - pointer.xy[0], y - pointer.xy[1])
        if gap <= GRIP_PX and (best is None or (round(gap), depth) < best):
            best, name = (round(gap), depth), grip.name
    return name


def seen_grips(at: Placement, view: SpaceView) -> list[GripPoint]:
    """The handles that can be used in a view: not those before or behind the middle, where one takes hold.

    Of what is so small that handles would cover it there are none but the disc for turning.
    """
    grips = grips_of(at)
    places = view.to_screen(np.array([at.centre, *(grip.xyz for grip in grips)]))[:, :2]
    away = np.hypot(*(places[1:] - places[0]).T)
    return [
        grip
        for grip, pixels in zip(grips, away.tolist(), strict=True)
        if pixels >= APART_PX and (not view.flat or _is_seen_from_the_side(at, grip, view))
    ]


def _is_seen_from_the_side(at: Placement, grip: GripPoint, view: SpaceView) -> bool:
    away = np.array(grip.xyz) - np.array(at.centre)
    away /= max(float(np.linalg.norm(away)), 1e-9)
    return abs(float(away @ view.axes()[2])) < 0.7


def cuboid_under(scene: SpaceScene, pointer: SpacePointer) -> EntityId | None:
    """The cuboid that a ray meets: the nearest, in a flat view the smallest; never a hidden or locked one."""
    placed = scene.placed
    best: tuple[float, int] | None = None
    origin, direction = np.array(pointer.origin), np.array(pointer.direction)
    for row, key in enumerate(placed.tracks):
        if key in scene.hidden or key in scene.locked:
            continue
        pose = Pose(as_xyz(placed.centres[row]), _xyzw(placed.rotations[row]))
        met = ray_meets(pose, placed.sizes[row], origin, direction, pointer.view.flat)
        if met is None:
            continue
        rank = float(np.prod(placed.sizes[row])) if pointer.view.flat else met
        if best is None or rank < best[0]:
            best = (rank, row)
    return placed.tracks[best[1]] if best is not None else None


def ray_meets(pose: Pose, size: Floats, origin: Floats, direction: Floats, both_ways: bool) -> float | None:
    """Metres along the ray to a cuboid (0 from inside), or None; slabs after Kay and Kajiya 1986."""
    start = inward(pose, origin[None])[0]
    along = direction @ matrix_of(pose.rotation)
    near, far = -math.inf, math.inf
    for axis in range(3):
        half = float(size[axis]) / 2
        if abs(along[axis]) < 1e-12:
            if abs(start[axis]) > half:
                return None
            continue
        first, second = sorted(((-half - start[axis]) / along[axis], (half - start[axis]) / along[axis]))
        near, far = max(near, first), min(far, second)
    if near > far or (far < 0 and not both_ways):
        return None
    return near if both_ways else max(near, 0.0)


def on_level(pointer: SpacePointer, z: float) -> XYZ | None:
    """Where the ray meets a level, m; None where it never does or farther than a kilometre."""
    origin, direction = np.array(pointer.origin), np.array(pointer.direction)
    if abs(direction[2]) < 1e-6:
        return None
    reach = (z - origin[2]) / direction[2]
    if not pointer.view.flat and not 0 < reach < 1000:
        return None
    return as_xyz(origin + reach * direction)


def on_ground(scene: SpaceScene, pointer: SpacePointer) -> XYZ | None:
    """Where the ray meets the ground: first the level of the scene, then that of the points there."""
    level = scene_ground(scene)
    for _ in range(3):
        at = on_level(pointer, level)
        if at is None:
            return None
        here = scene.points.ground_z(at[0], at[1])
        if here is None or abs(here - level) < 0.02:
            return at
        level = here
    return on_level(pointer, level)


def scene_ground(scene: SpaceScene) -> float:
    """The height of the ground where nothing better is known."""
    points = scene.points.xyz
    if not len(points):
        return 0.0
    some = points[:: max(1, len(points) // 20_000), 2]
    return float(np.percentile(some, 15))


def along_axis(pointer: SpacePointer, at: XYZ, axis: Floats) -> float:
    """How far along a line through `at` the ray passes it nearest, metres; 0 where they run side by side."""
    origin, direction = np.array(pointer.origin), np.array(pointer.direction)
    gap = np.array(at) - origin
    across = float(direction @ axis)
    below = 1.0 - across * across
    if below < 1e-6:
        return 0.0
    return float((across * (gap @ direction) - gap @ axis) / below)


def slid(start: SpacePointer, end: SpacePointer, at: XYZ) -> XYZ:
    """How far a drag moves what stands at `at`: in a flat view across it, else along the level of `at`."""
    if start.view.flat:
        return as_xyz(np.array(end.origin) - np.array(start.origin))
    first, last = on_level(start, at[2]), on_level(end, at[2])
    if first is None or last is None:
        return 0.0, 0.0, 0.0
    return as_xyz(np.array(last) - np.array(first))


def moved_px(start: SpacePointer, end: SpacePointer) -> float:
    """How far a pointer went on the screen, by its longer axis."""
    return max(abs(end.xy[0] - start.xy[0]), abs(end.xy[1] - start.xy[1]))


def between_px(first: XY, second: XY) -> float:
    """Screen pixels between two places."""
    return math.hypot(second[0] - first[0], second[1] - first[1])


def _xyzw(values: Floats) -> tuple[float, float, float, float]:
    x, y, z, w = (float(each) for each in values)
    return x, y, z, w
