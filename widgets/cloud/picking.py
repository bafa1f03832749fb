"""The points under a pointer, by projecting them in numpy. No Qt.

Projecting the drawn sample costs 0.8 ms for 100,000 points, needs no graphics context, and says the same
whichever renderer drew them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from studio.domain.space import Floats
from studio.domain.values import XYZ
from widgets.cloud.drawn import Look, Region
from widgets.cloud.held import HeldCloud
from widgets.cloud.ramps import palette
from widgets.cloud.space_view import XY, SpaceView

CHUNK = 262_144
RADIUS = 8.0  # screen pixels around the pointer


class Pick(Struct, frozen=True):
    """A point of a cloud."""

    key: str  # of the cloud
    index: int  # its place in the order the cloud is drawn
    xyz: XYZ  # scene frame
    distance: float  # screen pixels from the pointer


def on_screen(view: SpaceView, cloud: HeldCloud, part: slice) -> NDArray[np.float32]:
    """(n, 3) float32: x, y in screen pixels and depth in metres; NaN for those behind the eye."""
    to_clip = view.clip_matrix() @ cloud.pose
    wanted = to_clip[[0, 1, 2 if view.flat else 3]].astype(np.float32)
    found = cloud.xyz[part] @ wanted[:, :3].T + wanted[:, 3]
    if not view.flat:
        deep = found[:, 2]
        deep[~(deep > view.near)] = np.nan
        found[:, :2] /= deep[:, None]
    found[:, 0] = (found[:, 0] + 1) * np.float32(view.window[0] / 2)
    found[:, 1] = (1 - found[:, 1]) * np.float32(view.window[1] / 2)
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
            found = on_screen(view, cloud, slice(low, min(low + CHUNK, count)))
            off = np.hypot(found[:, 0] - np.float32(xy[0]), found[:, 1] - np.float32(xy[1]))
            near = np.flatnonzero(off <= radius)
            near = near[shown_of(cloud, near + low, look, region)]
            if not len(near):
                continue
            # of points along one ray the first is meant; a pixel to the side counts as an eighth farther
            depth = found[near, 2]
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


def within_circle(view: SpaceView, cloud: HeldCloud, xy: XY, radius: float) -> NDArray[np.intp]:
    """Places of all points within so many screen pixels of a place: a brush."""

    def inside(found: NDArray[np.float32]) -> NDArray[np.intp]:
        off = np.hypot(found[:, 0] - np.float32(xy[0]), found[:, 1] - np.float32(xy[1]))
        return np.flatnonzero(off <= radius)

    return _hits(view, cloud, inside)


def within_polygon(view: SpaceView, cloud: HeldCloud, corners: Floats) -> NDArray[np.intp]:
    """Places of all points inside a (K, 2) polygon of screen pixels (even-odd): a lasso."""
    outline = np.asarray(corners, np.float64)
    if len(outline) < 3:
        return np.empty(0, np.intp)
    low, high = outline.min(axis=0), outline.max(axis=0)

    def inside(found: NDArray[np.float32]) -> NDArray[np.intp]:
        near = np.flatnonzero(((found[:, :2] >= low) & (found[:, :2] <= high)).all(axis=1))
        return near[is_inside(outline, found[near, :2].astype(np.float64))]

    return _hits(view, cloud, inside)


def _hits(
    view: SpaceView, cloud: HeldCloud, inside: Callable[[NDArray[np.float32]], NDArray[np.intp]]
) -> NDArray[np.intp]:
    found = [np.empty(0, np.intp)]
    for low in range(0, len(cloud), CHUNK):
        found.append(inside(on_screen(view, cloud, slice(low, min(low + CHUNK, len(cloud))))) + low)
    return np.concatenate(found)


def is_inside(outline: Floats, points: Floats) -> NDArray[np.bool_]:
    """(n,) which of the (n, 2) points are in a (K, 2) polygon, even-odd."""
    x, y = points.T
    inside = np.zeros(len(x), bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0), strict=True):
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
    return inside
