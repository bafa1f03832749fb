"""The points under a pointer, by projecting them in numpy. No Qt.

Projecting the drawn sample costs 0.8 ms for 100,000 points, needs no graphics context, and says the same
whichever renderer drew them.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from studio.domain.space import Floats
from studio.domain.values import XYZ
from widgets.cloud.drawn import Look, Region
from widgets.cloud.held import HeldCloud
from widgets.cloud.ramps import palette
from widgets.cloud.space_view import XY, SpaceView

CHUNK = 32_768  # points at a time: they stay in the cache of the processor
RADIUS = 8.0  # screen pixels around the pointer


class Pick(Struct, frozen=True):
    """A point of a cloud."""

    key: str  # of the cloud
    index: int  # its place in the order the cloud is drawn
    xyz: XYZ  # scene frame
    distance: float  # screen pixels from the pointer


def projected(
    view: SpaceView, xyz: NDArray[np.float32] | Floats, pose: Floats | None = None
) -> NDArray[np.float32]:
    """(3, n): pixels across and down, and depth in metres; NaN for those behind the eye.

    pose: (4, 4), from the axes of `xyz` to the scene's. By columns: two million points take 40 ms, where a
    product of matrices takes 700 on two busy cores.
    """
    matrix = view.clip_matrix()[[0, 1, 3]]
    if view.flat:
        # parallel rays: how far it is beyond the plane through the centre
        back = view.axes()[2]
        matrix[2] = [*-back, float(np.array(view.centre) @ back)]
    if pose is not None:
        matrix = matrix @ pose
    matrix = matrix.astype(xyz.dtype)  # a survey's float64 keeps its centimetres
    x, y, z = xyz[:, 0], xyz[:, 1], xyz[:, 2]
    found = np.empty((3, len(xyz)), np.float32)
    for row, (by_x, by_y, by_z, by_one) in enumerate(matrix):
        found[row] = x * by_x + y * by_y + z * by_z + by_one
    if not view.flat:
        deep = found[2]
        with np.errstate(invalid="ignore"):
            deep[~(deep > view.near)] = np.nan
            found[:2] /= deep
    found[0] = (found[0] + np.float32(1)) * np.float32(view.window[0] / 2)
    found[1] = (np.float32(1) - found[1]) * np.float32(view.window[1] / 2)
    return found


def nearest_point(
    view: SpaceView,
    clouds: Iterable[HeldCloud],
    xy: XY,
    look: Look,
    region: Region | None = None,
    drawn: dict[str, int] | None = None,
    radius: float = RADIUS,
) -> Pick | None:
    """The point that a pointer means: near it on the screen, and rather before than behind others.

    drawn: how many of each cloud are looked at, from its first; None: all of them (11 ms a million).
    """
    best: Pick | None = None
    least = np.inf
    for cloud in clouds:
        count = len(cloud) if drawn is None else min(drawn.get(cloud.key, 0), len(cloud))
        for low in range(0, count, CHUNK):
            found = projected(view, cloud.xyz[low : min(low + CHUNK, count)], cloud.pose)
            off = np.hypot(found[0] - np.float32(xy[0]), found[1] - np.float32(xy[1]))
            near = np.flatnonzero(off <= radius)
            near = near[shown_of(cloud, near + low, look, region)]
            if not len(near):
                continue
            # of points along one ray the first is meant; a pixel to the side counts as an eighth farther
            depth = found[2, near]
            cost = (depth - depth.min() + 1 if view.flat else depth) * (1 + off[near] / radius)
            at = int(np.argmin(cost))
            if cost[at] < least:
                least = float(cost[at])
                index = int(near[at]) + low
                x, y, z = cloud.placed(slice(index, index + 1))[0].tolist()
                best = Pick(cloud.key, index, (x, y, z), float(off[near[at]]))
    return best


def shown_of(
    cloud: HeldCloud, places: NDArray[np.intp], look: Look, region: Region | None = None
) -> NDArray[np.bool_]:
    """Which of these points are drawn at all under a look."""
    points = cloud.placed(places)
    shown = np.isfinite(points).all(axis=1)
    if look.slab is not None:
        shown &= (points[:, 2] >= look.slab[0]) & (points[:, 2] <= look.slab[1])
    for each in (region, None if look.dim_outside else look.crop):
        if each is not None:
            shown &= lies_in(each, points)
    labels = cloud.field("label") if look.mode == "label" else None
    if labels is not None:
        shown &= palette(look.palette)[labels[places].astype(np.intp), 3] > 0
    return shown


def lies_in(region: Region, points: Floats) -> NDArray[np.bool_]:
    """(N,) which of the (N, 3) points of the scene are in a region."""
    matrix = region.matrix()
    inside: NDArray[np.bool_] = (np.abs(points @ matrix[:3, :3].T + matrix[:3, 3]) <= 1).all(axis=1)
    return inside


def is_inside(outline: Floats, points: Floats) -> NDArray[np.bool_]:
    """(n,) which of the (n, 2) points are in a (K, 2) polygon, even-odd."""
    x, y = points.T
    inside = np.zeros(len(x), bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside
