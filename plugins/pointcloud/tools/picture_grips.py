"""Corners and edges of a cuboid as handles on a camera's picture, beside those of its faces. No Qt."""

from __future__ import annotations

import math
from itertools import product

import numpy as np
from msgspec import Struct

from plugins.pointcloud.camera_sight import CameraSight
from plugins.pointcloud.linkage import Grip
from plugins.pointcloud.space_scene import Placement
from plugins.pointcloud.tools.reaching import seen_grips
from studio.domain.space import Pose, as_xyz, outward
from studio.domain.values import XYZ
from widgets.cloud.pointer import SpacePointer

REACH_PX = 7.0  # screen pixels around one
# screen pixels across and down, of a cuboid whose corners, and whose edges, can be taken hold of
SMALLEST_PX = {3: 60.0, 2: 130.0}
APART_PX = {3: 13.0, 2: 24.0}  # from every other handle: of a corner, of the middle of an edge
CORNERS: tuple[Grip, ...] = tuple((i, j, k) for i, j, k in product((1, -1), repeat=3))
EDGES: tuple[Grip, ...] = tuple(
    (i, j, k) for i, j, k in product((1, 0, -1), repeat=3) if abs(i) + abs(j) + abs(k) == 2
)


class PictureGrip(Struct, frozen=True):
    """A corner or the middle of an edge: which, where in the scene, and where on the screen."""

    grip: Grip
    xyz: XYZ
    xy: tuple[float, float]


def picture_grips(at: Placement, sight: CameraSight) -> list[PictureGrip]:
    """Those that a hand can tell apart from each other and from the faces' own; the nearer ones first.

    None of what is so small that they would leave no room to drag it or a side of its box.
    """
    places = outward(Pose(at.centre, at.rotation), np.array([*CORNERS, *EDGES]) * (np.array(at.size) / 2))
    seen = sight.to_screen(places)[:, :2]  # all of them at once: this is asked of every camera
    smallest = float(np.ptp(seen[: len(CORNERS)], axis=0).min())
    if not smallest >= SMALLEST_PX[3]:  # no number is no size either
        return []
    away = np.linalg.norm(places - sight.eye(), axis=1)
    faces = np.array([at.centre, *(each.xyz for each in seen_grips(at, sight))])
    taken = sight.to_screen(faces)[:, :2].tolist()
    found: list[PictureGrip] = []
    for first, grips in ((0, CORNERS), (len(CORNERS), EDGES)):
        apart = APART_PX[sum(map(abs, grips[0]))]
        if not smallest >= SMALLEST_PX[sum(map(abs, grips[0]))]:
            continue
        for row in first + np.argsort(away[first : first + len(grips)]):
            x, y = seen[row].tolist()
            if math.isfinite(x) and all(math.hypot(x - a, y - b) >= apart for a, b in taken):
                taken.append([x, y])
                found.append(PictureGrip(grips[row - first], as_xyz(places[row]), (x, y)))
    return found


def picture_grip_under(at: Placement, pointer: SpacePointer) -> PictureGrip | None:
    """The corner or edge that a pointer over a picture means."""
    if not isinstance(pointer.view, CameraSight):
        return None
    x, y = pointer.xy
    near = [
        (math.hypot(each.xy[0] - x, each.xy[1] - y), number, each)
        for number, each in enumerate(picture_grips(at, pointer.view))
    ]
    gap, _, best = min(near, default=(math.inf, 0, None))
    return best if gap <= REACH_PX else None
