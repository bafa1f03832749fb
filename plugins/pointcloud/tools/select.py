"""Select cuboids, move them, drag a face, turn them; drag boxes on pictures, points of lines; in any view."""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.camera_sight import CameraSight
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.tools.box_drag import BoxDrag
from plugins.pointcloud.tools.grip_drag import GripDrag, carried
from plugins.pointcloud.tools.reaching import (
    CLICK_PX,
    FACES,
    GripName,
    along_axis,
    cuboid_under,
    grip_under,
    moved_px,
    on_level,
    slid,
)
from plugins.pointcloud.tools.vertices import VertexDrag, double, line_under
from studio.domain.contracts.editing import Modifier
from studio.domain.edit import Edit
from studio.domain.entities import Cuboid
from studio.domain.ids import EntityId
from studio.domain.space import Pose, as_xyz, joined, matrix_of, outward, turn, wrapped
from widgets.cloud.pointer import SpacePointer

TURN_STEP = math.radians(5)  # with Shift


_MANY: frozenset[Modifier] = frozenset({"shift", "ctrl"})  # a click with one of them adds or takes away


class SelectSpaceTool:
    """Click selects (Shift adds), a drag moves; grips resize or turn the one that is selected.

    Escape or a lost grab leaves all as it was.
    """

    name = "select"
    title = "Select and move"
    key = "V"

    def __init__(self) -> None:
        self._start: SpacePointer | None = None
        self._grip: GripName | None = None
        self._hit: EntityId | None = None
        self._before: dict[EntityId, Placement] = {}
        self._now: dict[EntityId, Placement] = {}
        self._shown: tuple[Cuboid, ...] = ()
        self._wanted: frozenset[EntityId] | None = None
        self._drags: tuple[VertexDrag | GripDrag | BoxDrag, ...] = (VertexDrag(), GripDrag(), BoxDrag())
        self._drag: VertexDrag | GripDrag | BoxDrag | None = None  # of them, the one that is in the hand

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "left":
                self._forget()
                self._drag = next((each for each in self._drags if each.press(pointer, scene)), None)
                if self._drag is None:
                    self._press(pointer, scene)
            case "double":
                self._forget()
                return double(pointer, scene)
            case "move" if self._drag is not None:
                self._drag.move(pointer, scene)
            case "release" if self._drag is not None:
                drag, self._drag = self._drag, None
                return drag.release(scene)
            case "move" if self._start is not None:
                self._move(pointer, scene)
            case "release" if self._start is not None:
                return self._release(pointer, scene)
            case "cancel":
                self._forget()
        return None

    def _press(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        self._start = pointer
        keys = scene.movable()
        if len(keys) == 1 and (at := scene.placement(keys[0])) is not None:
            self._grip = grip_under(at, pointer)
        self._hit = keys[0] if self._grip else cuboid_under(scene, pointer) or line_under(scene, pointer)
        if self._hit is not None:
            if pointer.modifiers & _MANY and not self._grip:
                self._wanted = scene.selection ^ {self._hit}
            elif self._hit not in scene.selection:
                self._wanted = frozenset({self._hit})

    def _move(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        start = self._start
        if start is None or self._hit is None or (start.modifiers & _MANY and not self._grip):
            return
        if not self._before:
            if moved_px(start, pointer) < CLICK_PX:
                return
            self._before = changes.placements(scene)
        hit = self._before.get(self._hit)
        if hit is None:
            return
        if self._grip is None:
            on_picture = isinstance(start.view, CameraSight)
            by = carried(hit, start, pointer) if on_picture else slid(start, pointer, hit.centre)
            self._now = {key: _shifted(at, by) for key, at in self._before.items()}
        elif self._grip == "turn":
            self._now = {self._hit: _turned(hit, pointer, scene)}
        else:
            self._now = {self._hit: _face_dragged(hit, self._grip, start, pointer)}
        self._shown = tuple(_shown(scene, key, at) for key, at in self._now.items())

    def _release(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        start, now, grip, hit = self._start, self._now, self._grip, self._hit
        wanted = self._wanted
        self._forget()
        self._wanted = wanted
        if now:
            verb = "Move" if grip is None else "Turn" if grip == "turn" else "Resize"
            return changes.put(scene, now, f"{verb} {changes.what(scene, now)}", self.name)
        if hit is None and start is not None and moved_px(start, pointer) < CLICK_PX:
            if not pointer.modifiers & _MANY:
                self._wanted = frozenset()
        return None

    def finish(self, scene: SpaceScene) -> Edit | None:
        """Nothing is ever unfinished but a drag, which ends with its button."""
        return None

    def back(self) -> bool:
        had = bool(self._now) or self._drag is not None
        self._forget()
        return had

    def preview(self) -> tuple[object, ...]:
        return self._drag.preview() if self._drag is not None else self._shown

    def frame_left(self) -> None:
        """Nothing is thrown away: what is dragged stays in the hand."""

    def wanted_selection(self) -> frozenset[EntityId] | None:
        wanted, self._wanted = self._wanted, None
        return wanted

    def words(self) -> str:
        return "".join(each.words() for each in self._drags)

    def draft(self) -> bytes | None:
        """Nothing: a drag takes a second."""
        return None

    def resume(self, draft: bytes) -> None:
        """Nothing to go on with."""

    def _forget(self) -> None:
        for each in self._drags:
            each.forget()
        self._drag = None
        self._start = self._grip = self._hit = self._wanted = None
        self._before, self._now, self._shown = {}, {}, ()


def _shifted(at: Placement, by: tuple[float, float, float]) -> Placement:
    return replace(at, centre=as_xyz(np.array(at.centre) + by))


def _face_dragged(at: Placement, grip: str, start: SpacePointer, end: SpacePointer) -> Placement:
    """One face further out or in; the one behind it stays. With Ctrl both faces go, about the centre."""
    axis, side = FACES[grip]
    outside = matrix_of(at.rotation)[:, axis] * side
    own = np.zeros((1, 3))
    own[0, axis] = side * at.size[axis] / 2
    face = as_xyz(outward(Pose(at.centre, at.rotation), own)[0])
    by = along_axis(end, face, outside) - along_axis(start, face, outside)
    both = "ctrl" in end.modifiers
    size = list(at.size)
    size[axis] = max(at.size[axis] + (2 * by if both else by), changes.SMALLEST_M)
    grown = size[axis] - at.size[axis]
    centre = at.centre if both else as_xyz(np.array(at.centre) + outside * grown / 2)
    return replace(at, centre=centre, size=(size[0], size[1], size[2]))


def _turned(at: Placement, end: SpacePointer, scene: SpaceScene) -> Placement:
    """The front looks at the pointer; about the upright axis, or about the line of sight of a flat view."""
    steps = "shift" in end.modifiers
    if end.view.flat and end.side != "top" and not scene.yaw_only:
        return _turned_in_sight(at, end, steps)
    here = on_level(end, at.centre[2])
    if here is None:
        return at
    yaw = math.atan2(here[1] - at.centre[1], here[0] - at.centre[0])
    ahead = matrix_of(at.rotation)[:, 0]
    by = wrapped(yaw - math.atan2(float(ahead[1]), float(ahead[0])))
    if steps:
        by = wrapped(round(yaw / TURN_STEP) * TURN_STEP - yaw + by)
    return replace(at, rotation=joined(turn(by), at.rotation))


def _turned_in_sight(at: Placement, end: SpacePointer, steps: bool) -> Placement:
    toward = -end.view.axes()[2]
    right, up = end.view.axes()[0], end.view.axes()[1]
    ahead = matrix_of(at.rotation)[:, 0]
    aim = np.array(end.origin) - np.array(at.centre)
    wanted = math.atan2(float(aim @ up), float(aim @ right))
    now = math.atan2(float(ahead @ up), float(ahead @ right))
    by = wrapped(wanted - now)
    if steps:
        by = wrapped(round(wanted / TURN_STEP) * TURN_STEP - now)
    x, y, z = (-toward * math.sin(by / 2)).tolist()
    return replace(at, rotation=joined((x, y, z, math.cos(by / 2)), at.rotation))


def _shown(scene: SpaceScene, track: EntityId, at: Placement) -> Cuboid:
    held = changes.key_frame(scene, track)
    assert held is not None  # what is dragged is seen
    return replace(held[1], centre=at.centre, size=at.size, rotation=at.rotation)
