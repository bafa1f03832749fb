"""Bounds sorted into the cells of a grid, so that asking what lies under a point looks at a few of them."""

from __future__ import annotations

from collections.abc import Iterable
from math import floor

import numpy as np
from numpy.typing import NDArray

from studio.domain.geometry import Rect

_SPAN = 4  # cells along a side that bounds may cover; wider ones are looked at for every point
_FARTHEST = 2.0**30  # columns and lines of cells from the origin
_STRIDE = 2**32  # between the keys of two columns
_MOVED = 64  # bounds moved since the grid was made, above which it is made anew


class BoundsGrid:
    """Rows of an array of bounds by cell. A row that moves is kept aside until the grid is made anew."""

    def __init__(self, bounds: NDArray[np.float64]) -> None:
        """bounds: (N, 4) xyxy, any unit."""
        self._bounds: list[list[float]] = bounds.tolist()
        self._aside: dict[int, None] = {}  # rows that are looked at for every point
        self._moved = 0
        self._rows: list[int] = []  # by cell
        self._cells: dict[int, tuple[int, int]] = {}  # a cell's key -> its part of `_rows`
        sizes = np.maximum(bounds[:, 2:] - bounds[:, :2], 0.0)
        self._side = max(float(np.median(sizes)) * 2, 1e-9) if len(bounds) else 1.0
        low = np.floor(bounds[:, :2] / self._side)
        wide = np.floor(bounds[:, 2:] / self._side) - low + 1
        fits = (np.abs(low) < _FARTHEST).all(axis=1) & (wide >= 1).all(axis=1) & (wide <= _SPAN).all(axis=1)
        self._aside = dict.fromkeys(np.flatnonzero(~fits).tolist())
        self._sort(np.flatnonzero(fits), low[fits].astype(np.int64), wide[fits].astype(np.int64))

    def _sort(self, rows: NDArray[np.intp], low: NDArray[np.int64], wide: NDArray[np.int64]) -> None:
        """Put each row into the `wide` (columns, lines) cells from `low` on."""
        count = wide[:, 0] * wide[:, 1]
        first = np.cumsum(count) - count
        nth = np.arange(int(count.sum())) - np.repeat(first, count)
        columns = np.repeat(low[:, 0], count) + nth % np.repeat(wide[:, 0], count)
        lines = np.repeat(low[:, 1], count) + nth // np.repeat(wide[:, 0], count)
        keys = columns * _STRIDE + lines
        order = np.argsort(keys, kind="stable")
        names, starts = np.unique(keys[order], return_index=True)
        ends = [*starts.tolist(), len(keys)][1:]
        self._rows = np.repeat(rows, count)[order].tolist()
        self._cells = dict(zip(names.tolist(), zip(starts.tolist(), ends, strict=True), strict=True))

    @property
    def is_worn(self) -> bool:
        """Whether so many rows have moved that making the grid anew pays."""
        return self._moved > _MOVED

    def move(self, row: int, bounds: Rect) -> None:
        """The bounds of one row are others now."""
        self._bounds[row] = list(bounds)
        self._moved += row not in self._aside
        self._aside[row] = None

    def under(self, x: float, y: float, margin: float) -> list[int]:
        """The rows whose bounds, widened by `margin`, hold the point."""
        # the same division as for the rows, so that a point on an edge falls into that edge's cell
        left, right = floor((x - margin) / self._side), floor((x + margin) / self._side)
        top, bottom = floor((y - margin) / self._side), floor((y + margin) / self._side)
        rows: Iterable[int]
        if left == right and top == bottom and not self._aside:
            rows = self._in_cell(left, top)
        elif right - left > _SPAN or bottom - top > _SPAN:
            rows = range(len(self._bounds))
        else:
            some = dict(self._aside)
            for column in range(left, right + 1):
                for line in range(top, bottom + 1):
                    some.update(dict.fromkeys(self._in_cell(column, line)))
            rows = some
        found = []
        for row in rows:
            low_x, low_y, high_x, high_y = self._bounds[row]
            if low_x <= x + margin and high_x >= x - margin and low_y <= y + margin and high_y >= y - margin:
                found.append(row)
        return found

    def _in_cell(self, column: int, line: int) -> list[int]:
        start, end = self._cells.get(column * _STRIDE + line, (0, 0))
        return self._rows[start:end]
