"""The points that hang together with one: over gaps and steps of height that are not wider than allowed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from plugins.pointcloud.fitting.clusters import nearby
from plugins.pointcloud.fitting.ground import CLEAR_M, ground_of

REACH_M = 15.0  # from the seed, that a region may spread to each side
_AROUND_M = 5.0  # that the ground is looked for beyond it
_GRAIN = 0.4  # of the gap: points nearer to each other count as one
_MOST_GRAINS = 60_000

Places = NDArray[np.intp]


def region_of(
    points: NDArray[np.float32] | NDArray[np.float64], seed: int, gap_m: float, step_m: float
) -> Places:
    """Places, in (N, 3) `points`, of those joined to the seed over gaps of at most `gap_m`.

    Neighbours may differ by at most `step_m` of height. What stands on the ground does not spread over the
    ground, nor the ground over what stands on it. Looks at the 30 m around the seed.
    """
    at = points[seed].astype(np.float64)
    around = nearby(points, (float(at[0]), float(at[1]), float(at[2])), REACH_M + _AROUND_M)
    some = points[around].astype(np.float64)
    standing = ground_of(some).above(some) > CLEAR_M
    own = int(np.flatnonzero(around == seed)[0])
    within = (np.abs(some[:, :2] - at[:2]) <= REACH_M).all(axis=1) & (standing == standing[own])
    held = np.flatnonzero(within)
    grains, grain_of = _grains(some[held], _GRAIN * gap_m)
    start = int(grain_of[np.searchsorted(held, own)])
    pairs = cKDTree(grains).query_pairs(gap_m, output_type="ndarray")
    pairs = pairs[np.abs(grains[pairs[:, 0], 2] - grains[pairs[:, 1], 2]) <= step_m]
    links = coo_array((np.ones(len(pairs), bool), (pairs[:, 0], pairs[:, 1])), (len(grains),) * 2)
    _, part = connected_components(links, directed=False)
    found: Places = around[held[part[grain_of] == part[start]]]
    return found


def _grains(points: NDArray[np.float64], side: float) -> tuple[NDArray[np.float64], Places]:
    """One point for each small cube that holds any, and the cube of each point; few enough to be joined."""
    while True:
        cubes = np.floor((points - points.min(axis=0)) / side).astype(np.int64)
        sides = cubes.max(axis=0) + 1
        keys = (cubes[:, 0] * sides[1] + cubes[:, 1]) * sides[2] + cubes[:, 2]
        _, first, grain_of = np.unique(keys, return_index=True, return_inverse=True)
        if len(first) <= _MOST_GRAINS:
            return points[first], grain_of
        side *= 1.3
