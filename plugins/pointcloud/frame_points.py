"""The points of the visible frame, all lidars together in the ego frame: what tools pick, count and fit."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from studio.domain.space import Floats, within
from studio.domain.values import XYZ, Quaternion
from widgets.cloud.space_view import XY, SpaceView

PICK_PX = 10.0
_CELL_M = 2.0


class FramePoints:
    """xyz: (N, 3) float32, ego frame, metres; sensor: where the main lidar stands in it."""

    def __init__(self, parts: Sequence[NDArray[np.float32]] = (), sensor: XYZ = (0.0, 0.0, 1.7)) -> None:
        self.xyz: NDArray[np.float32] = np.concatenate(parts) if parts else np.empty((0, 3), np.float32)
        self.sensor = sensor
        self._order: NDArray[np.intp] | None = None  # by column of cells, made when somebody asks
        self._columns: NDArray[np.int64] = np.empty(0, np.int64)

    def __len__(self) -> int:
        return len(self.xyz)

    def near(self, centre: XYZ, radius_m: float) -> Floats:
        """(n, 3) float64: the points within a square of `radius_m` around a place, any height."""
        low, high = centre[0] - radius_m, centre[0] + radius_m
        rows = self._between(low, high)
        found = self.xyz[rows]
        found = found[
            (found[:, 0] >= low) & (found[:, 0] <= high) & (np.abs(found[:, 1] - centre[1]) <= radius_m)
        ]
        return found.astype(np.float64)

    def inside(self, centre: XYZ, size: XYZ, rotation: Quaternion, margin: float = 0.0) -> Floats:
        """(n, 3) the points in a cuboid widened by `margin` metres."""
        reach = float(np.linalg.norm(size)) / 2 + margin
        some = self.near(centre, reach)
        return some[within(some, centre, size, rotation, margin)]

    def places_inside(self, centre: XYZ, size: XYZ, rotation: Quaternion) -> NDArray[np.intp]:
        """(n,) places of the points in a cuboid, ascending."""
        reach = float(np.linalg.norm(size)) / 2
        rows = self._between(centre[0] - reach, centre[0] + reach)
        rows = rows[within(self.xyz[rows].astype(np.float64), centre, size, rotation)]
        return np.sort(rows)

    def count(self, centre: XYZ, size: XYZ, rotation: Quaternion) -> int:
        """How many points lie in a cuboid."""
        return len(self.inside(centre, size, rotation))

    def under(self, view: SpaceView, xy: XY, radius_px: float = PICK_PX) -> XYZ | None:
        """The point that a pointer means: near it on the screen, the foremost of those; None for none."""
        if not len(self.xyz):
            return None
        seen = view.to_screen(self.xyz)
        gap = np.hypot(seen[:, 0] - xy[0], seen[:, 1] - xy[1])
        near = np.flatnonzero(gap <= radius_px)
        if not len(near):
            return None
        # a pixel away counts as a hundredth of the depth, so that what stands in front wins
        best = near[np.argmin(gap[near] + 100 * seen[near, 2] / max(view.distance, 1e-6) / 10)]
        x, y, z = (float(each) for each in self.xyz[best])
        return x, y, z

    def ground_z(self, x: float, y: float, radius_m: float = 4.0) -> float | None:
        """The height of the ground around a place: low, but above stray points; None without points."""
        some = self.near((x, y, 0.0), radius_m)
        return float(np.percentile(some[:, 2], 4)) if len(some) >= 5 else None

    def _between(self, low: float, high: float) -> NDArray[np.intp]:
        if self._order is None:
            columns = np.floor(self.xyz[:, 0] / _CELL_M).astype(np.int64)
            self._order = np.argsort(columns, kind="stable")
            self._columns = columns[self._order]
        start = np.searchsorted(self._columns, int(np.floor(low / _CELL_M)), side="left")
        stop = np.searchsorted(self._columns, int(np.floor(high / _CELL_M)), side="right")
        found: NDArray[np.intp] = self._order[start:stop]
        return found
