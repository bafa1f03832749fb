"""The shapes of one frame as arrays, kept in step with the document: what hit tests and painting ask."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from plugins.image.bounds_grid import BoundsGrid
from plugins.image.shape_geometry import XY, bounds_of, distance_to_line, holds, is_closed, rings_of
from studio.domain.document import Document
from studio.domain.entities import AnyEntity, Shape, Track
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, StreamId

MIDDLE = "m"  # the order of what was never brought to the front or sent to the back


class ShapeIndex:
    """Rows in painting order: by `order`, then as they were made. `update` with what changed.

    A test compares it with one made anew after every step of random Edits.
    """

    def __init__(self, document: Document, stream: StreamId, frame: int) -> None:
        self._document = document
        self._stream, self._frame = stream, frame
        self.keys: list[EntityId] = []
        self.rows: dict[EntityId, int] = {}
        self.bounds: NDArray[np.float64] = np.empty((0, 4))  # xyxy, picture pixels
        self.rings: dict[EntityId, tuple[tuple[XY, ...], ...]] = {}
        self._orders: list[str] = []
        self._grid: BoundsGrid | None = None  # made when somebody asks
        self.rebuild()

    def __len__(self) -> int:
        return len(self.keys)

    def rebuild(self) -> None:
        """Everything anew from the document."""
        self._grid = None
        placed = [
            (order_of(shape), shape, bounds)
            for shape in self._document.shapes_at(self._stream, self._frame)
            if (bounds := bounds_of(shape)) is not None
        ]
        placed.sort(key=lambda each: each[0])  # stable
        self._orders = [order for order, _, _ in placed]
        self.keys = [shape.id for _, shape, _ in placed]
        self.rows = {key: row for row, key in enumerate(self.keys)}
        self.bounds = by_column(np.array([bounds for _, _, bounds in placed], float).reshape(-1, 4))
        self.rings = {shape.id: rings for _, shape, _ in placed if (rings := rings_of(shape))}

    def update(self, ids: Iterable[EntityId]) -> bool:
        """Take in entities that were made, changed or removed; whether any shape of this frame was."""
        seen = False
        changed = list(ids)
        if sum(key not in self.rows and self._is_here(self._document.get(key)) for key in changed) > 1:
            self.rebuild()  # only the document knows in which order they were made
            return True
        for key in changed:
            shape = self._document.get(key)
            here = shape if self._is_here(shape) else None
            row = self.rows.get(key)
            bounds = bounds_of(here) if here is not None else None
            if row is None and bounds is None:
                continue
            seen = True
            if here is None or bounds is None:
                self._remove(key)
            elif row is None:
                if self._orders and order_of(here) < self._orders[-1]:
                    self.rebuild()
                else:
                    self._append(here, bounds)
            elif order_of(here) != self._orders[row]:
                self.rebuild()
            else:
                self._set(row, here, bounds)
        return seen

    def _is_here(self, shape: AnyEntity | None) -> bool:
        return (
            isinstance(shape, Shape)
            and shape.stream == self._stream
            and getattr(shape, "frame", None) == self._frame
        )

    def _set(self, row: int, shape: AnyEntity, bounds: Rect) -> None:
        # what was painted from the old array is compared with the new
        self.bounds = self.bounds.copy(order="K")
        self.bounds[row] = bounds
        if self._grid is not None:
            self._grid.move(row, bounds)
        if rings := rings_of(shape):
            self.rings[shape.id] = rings

    def _append(self, shape: AnyEntity, bounds: Rect) -> None:
        self._grid = None
        self.rows[shape.id] = len(self.keys)
        self.keys = [*self.keys, shape.id]
        self._orders.append(order_of(shape))
        self.bounds = by_column(np.vstack([self.bounds, bounds]))
        if rings := rings_of(shape):
            self.rings[shape.id] = rings

    def _remove(self, key: EntityId) -> None:
        self._grid = None
        row = self.rows[key]
        self.keys = self.keys[:row] + self.keys[row + 1 :]
        del self._orders[row]
        self.bounds = by_column(np.delete(self.bounds, row, axis=0))
        self.rings.pop(key, None)
        self.rows = {each: number for number, each in enumerate(self.keys)}

    def bounds_of(self, key: EntityId) -> Rect | None:
        """Where a shape of this frame lies."""
        row = self.rows.get(key)
        if row is None:
            return None
        left, top, right, bottom = self.bounds[row].tolist()
        return left, top, right, bottom

    def under(self, xy: XY, margin: float = 0.0) -> list[EntityId]:
        """The shapes under a point, the smallest first; `margin` widens each by so many picture pixels.

        Outlines are looked at only where their bounds hold the point.
        """
        if self._grid is None or self._grid.is_worn:
            self._grid = BoundsGrid(self.bounds)
        x, y = xy
        hits = sorted(self._grid.under(x, y, margin))
        if len(hits) > 1:
            hits.sort(key=self._area)  # stable: of two of one size the lower one first
        return [key for row in hits if self._touches(key := self.keys[row], x, y, margin)]

    def _area(self, row: int) -> float:
        left, top, right, bottom = self.bounds[row].tolist()
        area: float = (right - left) * (bottom - top)
        return area

    def _touches(self, key: EntityId, x: float, y: float, margin: float) -> bool:
        rings = self.rings.get(key)
        if rings is None:
            return True
        shape = self._document.get(key)
        closed = shape is not None and is_closed(shape)
        if closed and holds(rings, x, y):
            return True
        return any(distance_to_line(ring, x, y, closed)[0] <= margin for ring in rings)

    def within(self, rect: Rect) -> list[EntityId]:
        """The shapes that lie wholly in a rectangle."""
        b = self.bounds
        inside = (b[:, 0] >= rect[0]) & (b[:, 1] >= rect[1]) & (b[:, 2] <= rect[2]) & (b[:, 3] <= rect[3])
        return [self.keys[row] for row in np.flatnonzero(inside).tolist()]

    def lowest_and_highest_order(self) -> tuple[str, str]:
        """Of all shapes here."""
        return (self._orders[0], self._orders[-1]) if self._orders else (MIDDLE, MIDDLE)

    def class_of(self, key: EntityId) -> str:
        """The class of a shape's track."""
        shape = self._document.get(key)
        track = self._document.get(shape.track) if isinstance(shape, Shape) else None
        return track.class_name if isinstance(track, Track) else ""


def by_column(bounds: NDArray[np.float64]) -> NDArray[np.float64]:
    """The same, each column in one piece: painting and selecting by a frame read columns."""
    return np.asfortranarray(bounds)


def order_of(shape: AnyEntity) -> str:
    """Where a shape stands in painting order; a sortable key."""
    return getattr(shape, "order", "") or MIDDLE


def order_after(order: str) -> str:
    """A key that sorts behind `order`, of letters a to z."""
    return order[:-1] + chr(ord(order[-1]) + 1) if order and order[-1] < "z" else order + MIDDLE


def order_before(order: str) -> str:
    """A key that sorts before `order`, of letters a to z."""
    last = order[-1:] or MIDDLE
    return order[:-1] + (chr(ord(last) - 1) if last > "b" else "a" + MIDDLE)
