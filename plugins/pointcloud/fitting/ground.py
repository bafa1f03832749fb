"""The ground under a piece of a cloud: a smooth surface that the lowest points lie on, whatever stands on it.

Slopes cost it nothing; what stands on the ground, and stray points below it, hardly pull at it.
"""

import functools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solveh_banded
from scipy.ndimage import distance_transform_edt

from studio.domain.space import Floats
from studio.domain.values import XY

Points = NDArray[np.float32] | NDArray[np.float64]  # (N, 3), ego, metres

CELL_M = 1.0
CLEAR_M = 0.2  # what is less above the ground may belong to it
_MOST_CELLS = 400  # along a side; a wider piece gets wider cells
# ground is near one plane only so far: a wide piece is looked at block by block, each with what is around it
# (bands of 64, twice the cells of a side, and more are solved by several threads of BLAS, which wait for each
# other by spinning: on two busy cores 200 ms in the place of 1)
_BLOCK, _AROUND = 16, 7  # cells
_STRAY_M = 1.0  # below all but one of the cells around it, at which a lowest point is none of the ground's
_STIFF = 3.0  # how much a bend costs beside a miss of the same length
# metres off the surface at which a lowest point still counts, step by step: first to find it, then to settle
_STEPS = (0.6, 0.3, 0.15)
_UP = 0.005  # how much a cell above the first plane pulls at it, beside one below


class Ground(NamedTuple):
    """Heights at the corners of a grid. low: x, y of the first; heights: (rows along y, columns along x)."""

    low: XY
    cell: float
    heights: Floats

    def at(self, xy: Floats) -> Floats:
        """(N, 2) -> (N,) heights, between the corners by their four neighbours; beyond them the nearest."""
        rows, columns = self.heights.shape
        x = np.clip((xy[:, 0] - self.low[0]) / self.cell, 0.0, columns - 1)
        y = np.clip((xy[:, 1] - self.low[1]) / self.cell, 0.0, rows - 1)
        column = np.minimum(x.astype(np.intp), columns - 2)
        row = np.minimum(y.astype(np.intp), rows - 2)
        right, up = x - column, y - row
        held = self.heights
        below = held[row, column] * (1 - right) + held[row, column + 1] * right
        above = held[row + 1, column] * (1 - right) + held[row + 1, column + 1] * right
        found: Floats = below * (1 - up) + above * up
        return found

    def above(self, points: Points) -> Floats:
        """(N, 3) -> (N,) how far each point is above the ground."""
        found: Floats = points[:, 2] - self.at(points[:, :2])
        return found


def ground_of(points: Points) -> Ground:
    """The ground below (N, 3) points. Without points it is at 0.

    A penalised surface over the lowest point of each cell, with weights that let go of what lies above it
    (after Eilers and Boelens 2005). 25 m x 25 m take some 3 ms, a whole sweep half a second.
    """
    finite = np.isfinite(points[:, 0]) & np.isfinite(points[:, 1]) & np.isfinite(points[:, 2])
    points = points if finite.all() else points[finite]
    if not len(points):
        return Ground((0.0, 0.0), CELL_M, np.zeros((2, 2)))
    # a stray point far outside must not widen the cells of all
    low, high = np.percentile(points[:: max(1, len(points) // 20_000), :2], (0.1, 99.9), axis=0)
    cell = max(CELL_M, float((high - low).max()) / _MOST_CELLS)
    columns, rows = (int(each) + 3 for each in (high - low) / cell)
    first = (float(low[0]) - cell / 2, float(low[1]) - cell / 2)
    lowest = _lowest(points, first, cell, rows, columns)
    return Ground(first, cell, _block_by_block(lowest))


def ground_under(points: Points, xy: XY) -> float:
    """The height of the ground at a place, from the (N, 3) points around it; 0 without points."""
    reach = 12.0
    while reach < 200.0:
        near = (np.abs(points[:, 0] - xy[0]) < reach) & (np.abs(points[:, 1] - xy[1]) < reach)
        if int(near.sum()) >= 20:
            break
        reach *= 2
    some = points[near] if near.any() else points
    return float(ground_of(some).at(np.array([xy]))[0])


def clear_of_ground(points: Points, ground: Ground | None = None) -> NDArray[np.bool_]:
    """(N,) which of the (N, 3) points belong to things that stand on the ground."""
    found: NDArray[np.bool_] = (ground or ground_of(points)).above(points) > CLEAR_M
    return found


def _lowest(points: Points, first: XY, cell: float, rows: int, columns: int) -> Floats:
    """(rows, columns) the lowest point around each corner of the grid; NaN where there is none."""
    column = np.floor((points[:, 0] - first[0]) / cell + 0.5).astype(np.intp)
    row = np.floor((points[:, 1] - first[1]) / cell + 0.5).astype(np.intp)
    held = (column >= 0) & (column < columns) & (row >= 0) & (row < rows)
    lowest = np.full(rows * columns, np.inf)
    np.minimum.at(lowest, row[held] * columns + column[held], points[held, 2])
    return _without_strays(lowest.reshape(rows, columns))


def _without_strays(lowest: Floats) -> Floats:
    """NaN where there is no point, or one far below its neighbours: an echo that took a longer way."""
    rows, columns = lowest.shape
    padded = np.pad(lowest, 1, constant_values=np.inf)
    around = [padded[i : i + rows, j : j + columns] for i in range(3) for j in range(3) if (i, j) != (1, 1)]
    second = np.partition(np.stack(around), 1, axis=0)[1]
    stray = np.isfinite(second) & (lowest < second - _STRAY_M)
    found: Floats = np.where(stray | np.isinf(lowest), np.nan, lowest)
    return found


def _block_by_block(lowest: Floats) -> Floats:
    rows, columns = lowest.shape
    if max(rows, columns) <= _BLOCK + 2 * _AROUND:
        return _surface(lowest)
    heights = np.full(lowest.shape, np.nan)
    for row in range(0, rows, _BLOCK):
        for column in range(0, columns, _BLOCK):
            up, left = max(row - _AROUND, 0), max(column - _AROUND, 0)
            some = lowest[up : row + _BLOCK + _AROUND, left : column + _BLOCK + _AROUND]
            if not np.isnan(some).all():
                core = _surface(some)[row - up :, column - left :][:_BLOCK, :_BLOCK]
                heights[row : row + _BLOCK, column : column + _BLOCK] = core
    empty = np.isnan(heights)
    nearest = distance_transform_edt(empty, return_distances=False, return_indices=True)
    found: Floats = heights[tuple(nearest)]
    return found


def _surface(lowest: Floats) -> Floats:
    """(rows, columns) of heights near the lowest points, bent as little as that allows."""
    if lowest.shape[0] < lowest.shape[1]:  # the band is as wide as the second side
        return _surface(lowest.T).T
    held = ~np.isnan(lowest).ravel()
    if not held.any():
        return np.zeros(lowest.shape)
    plane = _plane(lowest).ravel()
    wanted = np.where(held, lowest.ravel() - plane, 0.0)
    bands = _stiffness(*lowest.shape)
    heights = np.zeros(len(wanted))
    for step in _STEPS:
        off = wanted - heights
        weights = np.where(off > 0, np.exp(-((off / step) ** 2)), np.exp(-((off / max(2 * step, 0.5)) ** 2)))
        weights = np.where(held, np.maximum(weights, 1e-4), 0.0)
        band = bands.copy()
        band[0] += weights + 1e-6  # towards the plane where nothing else is known
        heights = solveh_banded(band, weights * wanted, lower=True, check_finite=False)
    found: Floats = (heights + plane).reshape(lowest.shape)
    return found


def _plane(lowest: Floats) -> Floats:
    """(rows, columns) of a plane that nearly all of the lowest points lie on or above."""
    row, column = np.nonzero(~np.isnan(lowest))
    z = lowest[row, column]
    terms = np.column_stack([np.ones(len(z)), row, column])
    rows, columns = np.mgrid[: lowest.shape[0], : lowest.shape[1]]
    weights = np.ones(len(z))
    for _ in range(12):
        # a small pull towards level ground decides where there are too few points for a plane
        left = (terms * weights[:, None]).T @ terms + np.diag([0.0, 1.0, 1.0])
        plane = np.linalg.lstsq(left, terms.T @ (weights * z), rcond=None)[0]
        off = z - terms @ plane
        weights = np.where(off > 0, _UP, np.exp(-((off / 3.0) ** 2)))
    found: Floats = plane[0] + plane[1] * rows + plane[2] * columns
    return found


@functools.lru_cache(maxsize=32)
def _stiffness(rows: int, columns: int) -> Floats:
    """The lower bands of the matrix of what a surface's bends cost, and a little its tilt."""
    places = np.arange(rows * columns).reshape(rows, columns)
    bands = np.zeros((2 * columns + 1, rows * columns))
    along_x = [places[:, k : columns - 2 + k] for k in range(3)]
    along_y = [places[k : rows - 2 + k] for k in range(3)]
    crossed = [places[i : rows - 1 + i, j : columns - 1 + j] for i in (0, 1) for j in (0, 1)]
    _add(bands, along_x, (1, -2, 1), _STIFF)
    _add(bands, along_y, (1, -2, 1), _STIFF)
    _add(bands, crossed, (1, -1, -1, 1), 2 * _STIFF)
    _add(bands, [places[:, :-1], places[:, 1:]], (1, -1), 0.003)
    _add(bands, [places[:-1], places[1:]], (1, -1), 0.003)
    bands.setflags(write=False)
    return bands


def _add(bands: Floats, places: list[NDArray[np.intp]], factors: tuple[int, ...], weight: float) -> None:
    """Add weight * (sum of factors * heights at places)^2, everywhere at once."""
    for one, first in zip(places, factors, strict=True):
        for other, second in zip(places, factors, strict=True):
            if other.size and int(one.flat[0]) >= int(other.flat[0]):
                np.add.at(bands, ((one - other).ravel(), other.ravel()), weight * first * second)
