"""A handle of a cuboid in the hand on a camera's picture: the cuboid is solved for that is seen there."""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.camera_sight import CameraSight
from plugins.pointcloud.linkage import BODY, Grip, grip_place, move_grip, turn_to
from plugins.pointcloud.picture_boxes import camera_of
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.tools.picture_grips import picture_grip_under
from plugins.pointcloud.tools.reaching import CLICK_PX, FACES, grip_under, grips_of, moved_px
from studio.domain.edit import Edit
from studio.domain.entities import Cuboid
from studio.domain.ids import EntityId
from studio.domain.space import as_xyz, joined, turn, yaw_of
from studio.domain.values import XY, XYZ
from widgets.cloud.pointer import SpacePointer

TURN_STEP = math.radians(5)  # with Shift


class GripDrag:
    """Between a press on a handle over a picture and its release.

    A face goes along its own axis, an edge and a corner take their faces along, the disc turns the cuboid.
    With Ctrl the face behind goes too; with Shift the disc turns it by 5 degrees.
    """

    def __init__(self) -> None:
        self._start: SpacePointer | None = None
        self._track: EntityId | None = None
        self._before: Placement | None = None
        self._grip: Grip | None = None  # None: the disc
        self._at: Placement | None = None
        self._off_px = 0.0
        self._shown: tuple[Cuboid, ...] = ()
        self._said = ""

    def press(self, pointer: SpacePointer, scene: SpaceScene) -> bool:
        """Take hold of a handle of the one selected cuboid; whether there was one."""
        self.forget()
        keys = scene.movable()
        at = scene.placement(keys[0]) if len(keys) == 1 else None
        if at is None or not isinstance(pointer.view, CameraSight):
            return False
        face = grip_under(at, pointer)
        if face == "turn":
            self._grip = None
        elif face is not None:
            axis, side = FACES[face]
            self._grip = tuple(round(side) if each == axis else 0 for each in range(3))  # type: ignore[assignment]
        elif (found := picture_grip_under(at, pointer)) is not None:
            self._grip = found.grip
        else:
            return False
        self._start, self._track, self._before = pointer, keys[0], at
        return True

    def move(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        start, before, track = self._start, self._before, self._track
        if start is None or before is None or track is None or not isinstance(start.view, CameraSight):
            return
        if self._at is None and moved_px(start, pointer) < CLICK_PX:
            return
        found, self._off_px = self._solved(before, start.view, start, pointer)
        self._at = found
        held = changes.key_frame(scene, track)
        if held is not None:
            self._shown = (replace(held[1], centre=found.centre, size=found.size, rotation=found.rotation),)

    def _solved(
        self, before: Placement, sight: CameraSight, start: SpacePointer, end: SpacePointer
    ) -> tuple[Placement, float]:
        camera = camera_of(sight)
        if self._grip is None:
            disc = next(each for each in grips_of(before) if each.name == "turn").xyz
            ahead = float(np.linalg.norm(np.subtract(disc, before.centre))) - before.size[0] / 2
            found, off_px = turn_to(before, camera, _target(sight, disc, start, end), ahead)
            return (_in_steps(found) if "shift" in end.modifiers else found), off_px
        place = as_xyz(grip_place(before, self._grip))
        found, off_px = move_grip(before, camera, self._grip, _target(sight, place, start, end))
        return (_both_ways(before, found) if "ctrl" in end.modifiers else found), off_px

    def release(self, scene: SpaceScene) -> Edit | None:
        track, before, at, grip, off_px = self._track, self._before, self._at, self._grip, self._off_px
        self.forget()
        if track is None or at is None or at == before:
            return None
        self._said = f"The cuboid follows the handle within {off_px:.1f} pixels."
        verb = "Turn" if grip is None else "Resize"
        return changes.put(
            scene, {track: at}, f"{verb} {changes.what(scene, [track])} on a picture", "select"
        )

    def preview(self) -> tuple[object, ...]:
        """The cuboid that follows."""
        return self._shown

    def words(self) -> str:
        said, self._said = self._said, ""
        return said

    def forget(self) -> None:
        self._start = self._track = self._before = self._grip = self._at = None
        self._shown, self._off_px = (), 0.0


def carried(before: Placement, start: SpacePointer, end: SpacePointer) -> XYZ:
    """How far a drag on a picture takes a cuboid: at its height, near the horizon at its distance."""
    assert isinstance(start.view, CameraSight)
    target = _target(start.view, before.centre, start, end)
    found, _ = move_grip(before, camera_of(start.view), BODY, target)
    return as_xyz(np.subtract(found.centre, before.centre))


def _target(sight: CameraSight, place: XYZ, start: SpacePointer, end: SpacePointer) -> XY:
    """The pixel to which a drag takes what is seen of a place: a press beside it makes it jump nowhere."""
    x, y, _ = sight.to_screen(np.array([place]))[0].tolist()
    return (x + end.xy[0] - start.xy[0]) / sight.zoom, (y + end.xy[1] - start.xy[1]) / sight.zoom


def _in_steps(at: Placement) -> Placement:
    yaw = yaw_of(at.rotation)
    return replace(at, rotation=joined(turn(round(yaw / TURN_STEP) * TURN_STEP - yaw), at.rotation))


def _both_ways(before: Placement, after: Placement) -> Placement:
    """As much at the other side, about the centre."""
    size = np.maximum(2 * np.array(after.size) - before.size, changes.SMALLEST_M)
    return replace(after, centre=before.centre, size=as_xyz(size))
