"""Which points lie under a place of the screen: all are projected once a view, and asked for many times."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from studio.domain.space import Floats
from widgets.cloud.picking import CHUNK, is_inside, projected
from widgets.cloud.space_view import XY, SpaceView

_CELLS = 64  # along each side of the window: a key of 16 bits, which numpy sorts in one pass
SEEN_PX = 6.0  # side of the squares of which the foremost points are seen
SEEN_M, SEEN_SHARE = 0.3, 0.03  # behind the foremost, and as a share of its depth: still of the same surface

Places = NDArray[np.intp]
Screen = NDArray[np.float32]
"""(3, n): pixels across and down, and depth in metres."""


class ScreenIndex:
    """Of the points of one scene in one view. 200,000 points take 8 ms, 10 million half a second."""

    def __init__(self, view: SpaceView, xyz: NDArray[np.float32] | Floats) -> None:
        self.view = view
        self.points = xyz
        window = window_of(view)
        places: list[Places] = [np.zeros(0, np.intp)]
        seen: list[Screen] = [np.zeros((3, 0), np.float32)]
        for low in range(0, len(xyz), CHUNK):
            found = seen_from(view, xyz[low : low + CHUNK])
            x, y = found[0], found[1]
            with np.errstate(invalid="ignore"):
                held = np.flatnonzero((x >= 0) & (y >= 0) & (x <= window[0]) & (y <= window[1]))
            places.append(held + low)
            seen.append(found[:, held])
        screen = np.concatenate(seen, axis=1)
        self._cell = (max(window[0] / _CELLS, 1e-3), max(window[1] / _CELLS, 1e-3))
        keys = self._key(screen[0], screen[1])
        order = np.argsort(keys, kind="stable")
        self._places: Places = np.concatenate(places)[order]
        self._x, self._y, self._depth = (each[order] for each in screen)
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(keys, minlength=_CELLS * _CELLS))])

    def is_of(self, view: SpaceView, xyz: NDArray[np.float32] | Floats) -> bool:
        """Whether it is what `ScreenIndex(view, xyz)` would be."""
        return self.points is xyz and self.view == view

    def within_circle(self, xy: XY, radius: float, seen_only: bool = False) -> Places:
        """Those within so many pixels of a place; `seen_only` leaves out what stands behind others."""
        low, high = (xy[0] - radius, xy[1] - radius), (xy[0] + radius, xy[1] + radius)
        rows = self._near(low, high, SEEN_PX if seen_only else 0.0)
        return self._chosen(rows, self._off(rows, xy) <= radius, seen_only)

    def within_polygon(self, outline: Floats, seen_only: bool = False) -> Places:
        """Those inside a (K, 2) polygon of pixels (even-odd)."""
        corners = np.asarray(outline, np.float64)
        if len(corners) < 3:
            return np.zeros(0, np.intp)
        low, high = corners.min(axis=0), corners.max(axis=0)
        rows = self._near(low, high, SEEN_PX if seen_only else 0.0)
        flat = np.column_stack([self._x[rows], self._y[rows]]).astype(np.float64)
        inside = is_inside(corners, flat)
        return self._chosen(rows, inside, seen_only)

    def nearest(self, xy: XY, radius: float, among: Places) -> int | None:
        """The point that a click means: near it, and rather before than behind others; None for none.

        among: places of those that count, ascending.
        """
        rows = self._near((xy[0] - radius, xy[1] - radius), (xy[0] + radius, xy[1] + radius), 0.0)
        off = self._off(rows, xy)
        near = (off <= radius) & np.isin(self._places[rows], among)
        rows, off = rows[near], off[near]
        if not len(rows):
            return None
        depth = self._depth[rows]
        # of points along one ray the first is meant; a pixel to the side counts as an eighth farther
        cost = (depth - depth.min() + 1 if self.view.flat else depth) * (1 + off / radius)
        return int(self._places[rows[np.argmin(cost)]])

    def _off(self, rows: Places, xy: XY) -> NDArray[np.float32]:
        """(n,) pixels from a place."""
        found: NDArray[np.float32] = np.hypot(
            self._x[rows] - np.float32(xy[0]), self._y[rows] - np.float32(xy[1])
        )
        return found

    def _key(self, x: NDArray[np.float32], y: NDArray[np.float32]) -> NDArray[np.uint16]:
        column = np.minimum(x / np.float32(self._cell[0]), _CELLS - 1).astype(np.uint16)
        row = np.minimum(y / np.float32(self._cell[1]), _CELLS - 1).astype(np.uint16)
        found: NDArray[np.uint16] = row * np.uint16(_CELLS) + column
        return found

    def _near(self, low: XY | Floats, high: XY | Floats, beyond: float) -> Places:
        """Rows of the cells that a rectangle of pixels, widened by `beyond`, touches."""
        first = np.clip((np.array(low) - beyond) / self._cell, 0, _CELLS - 1).astype(int)
        last = np.clip((np.array(high) + beyond) / self._cell, 0, _CELLS - 1).astype(int)
        rows = [
            np.arange(self._starts[row * _CELLS + first[0]], self._starts[row * _CELLS + last[0] + 1])
            for row in range(first[1], last[1] + 1)
        ]
        return np.concatenate(rows) if rows else np.zeros(0, np.intp)

    def _chosen(self, rows: Places, inside: NDArray[np.bool_], seen_only: bool) -> Places:
        if seen_only:
            inside = inside & self._is_seen(rows)
        found: Places = np.sort(self._places[rows[inside]])
        return found

    def _is_seen(self, rows: Places) -> NDArray[np.bool_]:
        """Which of these stand foremost, or nearly, in their small square of the screen or one beside it."""
        if not len(rows):
            return np.zeros(0, bool)
        column, row = (
            np.floor(each[rows] / np.float32(SEEN_PX)).astype(np.intp) for each in (self._x, self._y)
        )
        column -= column.min() - 1
        row -= row.min() - 1
        nearest = np.full((int(row.max()) + 2, int(column.max()) + 2), np.inf, np.float32)
        depth = self._depth[rows]
        np.minimum.at(nearest, (row, column), depth)
        # through the gaps between the points of a surface nobody looks at what is behind it
        wide = nearest.copy()
        for down, right in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            wide = np.minimum(wide, np.roll(nearest, (down, right), (0, 1)))
        foremost = wide[row, column]
        seen: NDArray[np.bool_] = depth <= foremost + np.maximum(SEEN_M, SEEN_SHARE * np.abs(foremost))
        return seen


def window_of(view: SpaceView) -> XY:
    """Width and height of what a view shows, logical pixels; of a camera, of its picture."""
    camera = getattr(view, "camera", None)
    if camera is None:
        return view.window
    zoom = float(getattr(view, "zoom", 1.0))
    return camera.size[0] * zoom, camera.size[1] * zoom


def seen_from(view: SpaceView, xyz: NDArray[np.float32] | Floats) -> Screen:
    """(3, n), as `projected`; NaN also for what is beyond a lens."""
    if type(view) is not SpaceView:
        return np.ascontiguousarray(view.to_screen(np.asarray(xyz, np.float64)).T, np.float32)
    return projected(view, xyz)
