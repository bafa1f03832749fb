"""The points that belong together with one: what a click on a point means."""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from plugins.pointcloud.fitting.ground import CLEAR_M, Ground, Points, ground_of
from studio.domain.space import Floats
from studio.domain.values import XYZ

Indices = NDArray[np.intp]

AROUND_M = 5.0  # that the ground is looked for beyond what may belong together
UNKNOWN_REACH_M = 7.0  # from the seed, where no usual size says how far
_GRAIN_M = 0.12  # points nearer to each other than this count as one; at wider gaps, a third of the gap
_CATCH_M = 1.5  # how far from a click something may begin
# gaps that are tried, as shares of the widest, until what is joined has the usual size
_TIGHTER = (1.0, 0.75, 0.55, 0.4, 0.3)
_ROOM = 1.25  # times the usual size that something may have
_SPLINTER = 0.6  # times the usual width that something must have
_ACROSS = 0.7  # times the usual width: how far apart parts of one thing may hang
_FURTHEST_M = 1.5


def cluster_at(
    points: Points,
    seed: XYZ,
    *,
    sensor: XYZ = (0.0, 0.0, 0.0),
    usual_size: XYZ | None = None,
    ground: Ground | None = None,
) -> Indices:
    """Places, in (N, 3) `points`, of those that are joined to the one at `seed` clear of the ground.

    Points are joined over gaps that grow with the distance from `sensor`, as the spaces between its beams
    do; where that joins more than a thing of the usual size, over smaller ones. Empty where nothing stands
    within 1.5 m of the seed. Looks only at what is near the seed.
    """
    reach = reach_of(usual_size)
    near = nearby(points, seed, reach + AROUND_M)
    if not len(near):
        return near
    some = points[near]
    height = (ground or ground_of(some)).above(some)
    distance = float(np.hypot(seed[0] - sensor[0], seed[1] - sensor[1]))
    ceiling = _ceiling(usual_size, float(height[np.argmin(np.linalg.norm(some - seed, axis=1))]))
    flat = np.hypot(some[:, 0] - seed[0], some[:, 1] - seed[1])
    standing = np.flatnonzero((height > CLEAR_M) & (height < ceiling) & (flat < reach))
    if not len(standing):
        return near[:0]
    gap = widest_gap(distance)
    grains, grain_of = _grains(some[standing], max(_GRAIN_M, gap / 3))
    gaps = np.linalg.norm(grains - seed, axis=1)
    start = int(np.argmin(gaps))
    if gaps[start] > _CATCH_M:
        return near[:0]
    joined = _joined(grains, start, gap, usual_size)
    return near[standing[joined[grain_of]]]


def nearby(points: Points, place: XYZ, reach: float) -> Indices:
    """Places of the points in the square around a place, whatever their height."""
    found: Indices = np.flatnonzero(np.abs(points[:, 0] - place[0]) < reach)
    found = found[np.abs(points[found, 1] - place[1]) < reach]
    return found[np.isfinite(points[found, 2])]


def widest_gap(distance: float) -> float:
    """Metres that two points of one thing may be apart, at a distance from the sensor."""
    return min(0.4 + 0.012 * distance, 1.2)


def reach_of(usual_size: XYZ | None) -> float:
    """How far from a point of a thing its other end may be, metres."""
    if usual_size is None:
        return UNKNOWN_REACH_M
    return _ROOM * float(np.hypot(usual_size[0], usual_size[1])) + 0.5


def _ceiling(usual_size: XYZ | None, seed_height: float) -> float:
    """How high above the ground points may still belong to a thing: branches and bridges do not."""
    if usual_size is None:
        return max(4.5, seed_height + 0.5)
    return max(1.4 * usual_size[2] + 0.2, seed_height + 0.3)


def _grains(points: Points, side: float) -> tuple[Floats, Indices]:
    """One point for each small cube that holds any, and the cube of each point.

    A thing beside the car has tens of thousands of points; what they join does not need them all.
    """
    cubes = np.floor((points - points.min(axis=0)) / side).astype(np.int64)
    sides = cubes.max(axis=0) + 1
    keys = (cubes[:, 0] * sides[1] + cubes[:, 1]) * sides[2] + cubes[:, 2]
    _, first, grain_of = np.unique(keys, return_index=True, return_inverse=True)
    return points[first], grain_of


def _joined(grains: Floats, start: int, widest: float, usual_size: XYZ | None) -> NDArray[np.bool_]:
    """(G,) which grains are joined to the first one by the widest gaps that keep to the usual size."""
    pairs = cKDTree(grains).query_pairs(widest, output_type="ndarray")
    lengths = np.linalg.norm(grains[pairs[:, 0]] - grains[pairs[:, 1]], axis=1)
    widely: NDArray[np.bool_] | None = None
    for share in _TIGHTER if usual_size is not None else _TIGHTER[:1]:
        links = pairs[lengths <= share * widest]
        graph = coo_array((np.ones(len(links), bool), (links[:, 0], links[:, 1])), (len(grains),) * 2)
        _, part = connected_components(graph, directed=False)
        found: NDArray[np.bool_] = part == part[start]
        widely = found if widely is None else widely
        if usual_size is not None and _is_within(grains[found], usual_size):
            found = _with_parts(grains, part, start, usual_size)
            if _is_no_splinter(grains[found], usual_size):
                return found
    assert widely is not None
    return widely  # larger than usual, then, rather than a splinter of it


def _with_parts(grains: Floats, part: Indices, start: int, usual_size: XYZ) -> NDArray[np.bool_]:
    """(G,) the part of `start`, and those beside it with which it is still no larger than usual.

    A roof that is seen through the windows alone hangs on nothing.
    """
    own = int(part[start])
    reach = min(_ACROSS * usual_size[1], _FURTHEST_M)
    gaps, _ = cKDTree(grains[part == own]).query(grains, distance_upper_bound=reach)
    nearest = np.full(int(part.max()) + 1, np.inf)
    np.minimum.at(nearest, part, gaps)
    low, high = _spans(grains, part)
    joined = np.zeros(len(nearest), bool)
    joined[own] = True
    first, last = low[own], high[own]
    for other in np.argsort(nearest):
        if not np.isfinite(nearest[other]):
            break
        wider = np.minimum(first, low[other]), np.maximum(last, high[other])
        if _is_room(*wider, usual_size, 1.0):
            joined[other] = True
            first, last = wider
    found: NDArray[np.bool_] = joined[part]
    return found


def _is_within(grains: Floats, usual_size: XYZ) -> bool:
    """Whether points are no larger than something of the usual size may be."""
    low, high = _spans(grains, np.zeros(len(grains), np.intp))
    return _is_room(low[0], high[0], usual_size, _ROOM)


def _is_no_splinter(grains: Floats, usual_size: XYZ) -> bool:
    low, high = _spans(grains, np.zeros(len(grains), np.intp))
    return float((high - low).max()) >= _SPLINTER * min(usual_size[:2])


def _is_room(low: Floats, high: Floats, usual_size: XYZ, room: float) -> bool:
    """Whether spans are at most `room` times the usual length and width, some way round."""
    along, across = np.split(high - low, 2)
    long, short = np.maximum(along, across), np.minimum(along, across)
    width, length = sorted(usual_size[:2])
    return bool(((short <= room * width + 0.2) & (long <= room * length + 0.2)).any())


def _spans(grains: Floats, part: Indices) -> tuple[Floats, Floats]:
    """(parts, 24) where each part begins and ends, seen from above: along twelve directions, then across."""
    angles = np.linspace(0.0, np.pi / 2, 12, endpoint=False)
    x, y = grains[:, :1], grains[:, 1:2]
    places = np.hstack([x * np.cos(angles) + y * np.sin(angles), y * np.cos(angles) - x * np.sin(angles)])
    order = np.argsort(part, kind="stable")
    starts = np.flatnonzero(np.diff(part[order], prepend=-1))
    return (
        np.minimum.reduceat(places[order], starts, axis=0),
        np.maximum.reduceat(places[order], starts, axis=0),
    )
