"""A cuboid brought closer to its points: sides, floor and heading. Each gives the same kind of thing back."""

import math
from typing import Literal, Protocol, TypeVar

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.fitting.box import SMALLEST_M, bounds
from plugins.pointcloud.fitting.clusters import nearby
from plugins.pointcloud.fitting.ground import CLEAR_M, Ground, Points, ground_of
from studio.domain.space import Floats, Pose, as_xyz, corners, inward, joined, outward, turn
from studio.domain.values import XYZ, Quaternion

Face = Literal["front", "rear", "left", "right", "top", "bottom"]
FACES: dict[Face, tuple[int, float]] = {  # the axis that a face stands across, and on which side
    "front": (0, 1.0),
    "rear": (0, -1.0),
    "left": (1, 1.0),
    "right": (1, -1.0),
    "top": (2, 1.0),
    "bottom": (2, -1.0),
}
BESIDE_M = 0.4  # beside a cuboid, in which points may still be its own
FEWEST = 5  # points that say where a side is
_HALF_TURN = turn(math.pi)
_AROUND_M = 6.0  # beside a cuboid, in which its ground is looked for


class Placed(Protocol):
    """What stands somewhere: a `Cuboid`, a `Fit` or any other struct with these fields."""

    @property
    def centre(self) -> XYZ: ...
    @property
    def size(self) -> XYZ: ...
    @property
    def rotation(self) -> Quaternion: ...


P = TypeVar("P", bound=Placed)


def fit_to_points(cuboid: P, points: Points, beside: float = BESIDE_M) -> P:
    """Sides where the outermost of the points in it and `beside` metres of it are, its floor on the ground.

    points: (N, 3), ego. The heading is kept. With fewer than five points it stays as it is.
    """
    some, ground = _around(cuboid, points)
    own = _own(cuboid, some[ground.above(some) > CLEAR_M])
    own = own[(np.abs(own) <= np.array(cuboid.size) / 2 + beside).all(axis=1)]
    if len(own) < FEWEST:
        return cuboid
    low, high = bounds(own)
    low[2] = min(low[2], float(_floor(cuboid, ground)))
    return _between(cuboid, low, high)


def snap_face(cuboid: P, points: Points, face: Face, reach: float = 0.6) -> P:
    """One face moved to the outermost of the points behind it, up to `reach` metres outwards.

    Ground does not count, save for the bottom, which goes to the ground. The opposite face stays.
    """
    axis, sign = FACES[face]
    some, ground = _around(cuboid, points)
    low, high = -np.array(cuboid.size) / 2, np.array(cuboid.size) / 2
    if face == "bottom":
        low[2] = min(float(_floor(cuboid, ground)), float(high[2]) - SMALLEST_M) if len(some) else low[2]
        return _between(cuboid, low, high)
    own = _own(cuboid, some[ground.above(some) > CLEAR_M])
    outer = np.zeros(3)
    outer[axis] = reach * sign
    inside = ((own >= low + np.minimum(outer, 0)) & (own <= high + np.maximum(outer, 0))).all(axis=1)
    if int(inside.sum()) < FEWEST:
        return cuboid
    ends = bounds(own[inside])
    if sign > 0:
        high[axis] = max(float(ends[1][axis]), float(low[axis]) + SMALLEST_M)
    else:
        low[axis] = min(float(ends[0][axis]), float(high[axis]) - SMALLEST_M)
    return _between(cuboid, low, high)


def drop_to_ground(cuboid: P, points: Points) -> P:
    """Moved up or down until its lowest corner is on the ground; as it is where there are no points."""
    some, ground = _around(cuboid, points)
    if not len(some):
        return cuboid
    held = corners(cuboid.centre, cuboid.size, cuboid.rotation)
    under = np.vstack([held[:4, :2], np.array(cuboid.centre[:2])])
    x, y, z = cuboid.centre
    return replace(cuboid, centre=(x, y, z + float(ground.at(under).mean() - held[:, 2].min())))


def flip_heading(cuboid: P) -> P:
    """The front where the rear was; the same place and size."""
    return replace(cuboid, rotation=joined(cuboid.rotation, _HALF_TURN))


def _around(cuboid: Placed, points: Points) -> tuple[Floats, Ground]:
    """The points around a cuboid, and the ground there."""
    reach = math.hypot(cuboid.size[0], cuboid.size[1]) / 2 + _AROUND_M
    some = np.asarray(points[nearby(points, cuboid.centre, reach)], np.float64)
    return some, ground_of(some)


def _own(cuboid: Placed, points: Floats) -> Floats:
    return inward(Pose(cuboid.centre, cuboid.rotation), points)


def _floor(cuboid: Placed, ground: Ground) -> float:
    """How high the ground below the middle is in the cuboid's own frame."""
    level = float(ground.at(np.array([cuboid.centre[:2]]))[0])
    below = np.array([[cuboid.centre[0], cuboid.centre[1], level]])
    return float(_own(cuboid, below)[0, 2])


def _between(cuboid: P, low: Floats, high: Floats) -> P:
    """Its sides moved to these places in its own frame."""
    size = as_xyz(np.maximum(high - low, SMALLEST_M))
    middle = outward(Pose(cuboid.centre, cuboid.rotation), ((low + high) / 2)[None])[0]
    return replace(cuboid, centre=as_xyz(middle), size=size)
