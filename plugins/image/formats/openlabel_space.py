"""Where OpenLABEL's coordinate systems stand, and how what they hold is brought into the ego frame and back.

The ego frame is a file's vehicle (ISO 8855). A cuboid in a camera's axes has its height along the camera's y:
in the ego frame its own axes are named anew, so that its z points up.
"""

import math
from typing import Any, NamedTuple

import numpy as np

from plugins.image.formats.openlabel_carry import pose_of
from studio.domain.space import (
    Floats,
    Pose,
    as_xyz,
    chained,
    inverse,
    inward,
    joined,
    matrix_of,
    outward,
    turn,
    undone,
)
from studio.domain.values import XYZ, Quaternion

EGO, WORLD = "ego", "world"
_VEHICLES = ("vehicle", "base", "base_link", "base-link", "ego_vehicle", "body")
_QUARTER = math.pi / 2
# which own axis of a coordinate system points up -> the turn of a cuboid's own axes that makes it z
_UPRIGHT: dict[tuple[int, int], Quaternion] = {
    (1, -1): turn(roll=_QUARTER),  # a camera's: x right, y down, z ahead
    (1, 1): turn(roll=-_QUARTER),
    (2, -1): turn(roll=math.pi),
    (0, 1): turn(pitch=_QUARTER),
    (0, -1): turn(pitch=-_QUARTER),
}


class Solid(NamedTuple):
    """A cuboid's geometry."""

    centre: XYZ
    size: XYZ
    rotation: Quaternion


class Space:
    """The coordinate systems of one file, as they stand under `coordinate_systems`."""

    def __init__(self, systems: dict[str, Any], frames: dict[int, dict[str, Any]]) -> None:
        """frames: `frame_properties` by frame, whose transforms say where the ego frame is in the world."""
        self._systems = systems
        self.ego = _ego_of(systems)
        self.outer = self._above(self.ego)
        self.poses = {
            frame: pose
            for frame, each in sorted(frames.items())
            if (pose := self.ego_pose(each.get("transforms"))) is not None
        }

    def is_ego(self, name: str) -> bool:
        """Whether a name means the ego frame; so does none at all."""
        return name in ("", EGO, self.ego)

    def name_of_ego(self) -> str:
        """What this file calls the ego frame."""
        return self.ego or EGO

    def world(self) -> str:
        """What this file calls the frame that the ego frame moves in."""
        parent = self._systems.get(self.ego, {}).get("parent", "")
        return parent if parent in self._systems else WORLD

    def in_ego(self, name: str) -> Pose | None:
        """Where a system stands in the ego frame; None where nothing rigid leads there."""
        pose = Pose()
        for _ in range(len(self._systems) + 1):
            if self.is_ego(name):
                return pose
            system = self._systems.get(name)
            if system is None or name in self.outer:
                return None
            given = system.get("pose_wrt_parent")
            own = ((0.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0)) if given is None else pose_of(given)
            if own is None or not system.get("parent"):
                return None
            pose = chained(Pose(*own), pose)
            name = system["parent"]
        return None  # they stand in a circle

    def at(self, name: str, frame: int) -> Pose | None:
        """As `in_ego`, and of the world where its pose at this frame is known."""
        if name in self.outer and name == self.world() and frame in self.poses:
            return inverse(self.poses[frame])
        return self.in_ego(name)

    def solid_in_ego(self, name: str, given: Solid, frame: int) -> Solid | None:
        """A cuboid of a system in the ego frame at a frame; None where nothing leads there."""
        pose = self.at(name, frame)
        if pose is None or self.is_ego(name):
            return given if pose is not None else None
        placed = chained(pose, Pose(given.centre, given.rotation))
        turned = _upright(pose)
        if turned is None:
            return Solid(placed.translation, given.size, placed.rotation)
        return Solid(placed.translation, _turned(given.size, turned), joined(placed.rotation, turned))

    def solid_out_of_ego(self, name: str, given: Solid, frame: int) -> Solid | None:
        """The inverse of `solid_in_ego`."""
        pose = self.at(name, frame)
        if pose is None or self.is_ego(name):
            return given if pose is not None else None
        turned = _upright(pose)
        if turned is not None:
            given = Solid(given.centre, _turned(given.size, turned), joined(given.rotation, undone(turned)))
        placed = chained(inverse(pose), Pose(given.centre, given.rotation))
        return Solid(placed.translation, given.size, placed.rotation)

    def points_in_ego(self, name: str, points: tuple[XYZ, ...], frame: int) -> tuple[XYZ, ...] | None:
        """Points of a system in the ego frame at a frame; None where nothing leads there."""
        pose = self.at(name, frame)
        return None if pose is None else _moved(points, pose, out=True)

    def points_out_of_ego(self, name: str, points: tuple[XYZ, ...], frame: int) -> tuple[XYZ, ...] | None:
        """The inverse of `points_in_ego`."""
        pose = self.at(name, frame)
        return None if pose is None else _moved(points, pose, out=False)

    def ego_pose(self, transforms: Any) -> Pose | None:
        """Where the ego frame is in the world, by a frame's transforms; None where they do not say."""
        for each in transforms.values() if isinstance(transforms, dict) else ():
            found = pose_of(each.get("transform_src_to_dst"))
            if found is None:
                continue
            if each.get("src") == self.ego and each.get("dst") in self.outer:
                return Pose(*found)
            if each.get("dst") == self.ego and each.get("src") in self.outer:
                return inverse(Pose(*found))
        return None

    def _above(self, name: str) -> frozenset[str]:
        """The systems that hold the one called `name`."""
        found: set[str] = set()
        while name in self._systems and (name := self._systems[name].get("parent", "")) not in found | {""}:
            found.add(name)
        return frozenset(found)


def _ego_of(systems: dict[str, Any]) -> str:
    """The system that is the vehicle; empty where none is recognised."""
    if EGO in systems:
        return EGO
    local = [name for name, each in systems.items() if each.get("type") == "local_cs"]
    named = [name for name in local if "iso8855" in name.lower() or name.lower() in _VEHICLES]
    sensors = [each.get("parent") for each in systems.values() if each.get("type") == "sensor_cs"]
    scenes = [name for name, each in systems.items() if each.get("type") == "scene_cs"]
    carrying = [name for name in local if name in sensors]
    moving = [name for name in local if systems[name].get("parent") in scenes]
    return next(iter([*named, *carrying, *moving]), "")


def _upright(pose: Pose) -> Quaternion | None:
    up = matrix_of(pose.rotation)[2]
    axis = int(np.argmax(np.abs(up)))
    return _UPRIGHT.get((axis, 1 if up[axis] > 0 else -1))


def _turned(size: XYZ, turned: Quaternion) -> XYZ:
    x, y, z = (float(each) for each in np.abs(matrix_of(turned).T @ np.array(size)).round(15))
    return _exact(x, size), _exact(y, size), _exact(z, size)


def _exact(value: float, size: XYZ) -> float:
    """The side that a turned one is, to the last bit."""
    return min((abs(each) for each in size), key=lambda each: abs(each - value))


def _moved(points: tuple[XYZ, ...], pose: Pose, *, out: bool) -> tuple[XYZ, ...]:
    if not points or pose == Pose():
        return points
    given: Floats = np.array(points)
    moved = outward(pose, given) if out else inward(pose, given)
    return tuple(as_xyz(each) for each in moved)
