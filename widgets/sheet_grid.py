"""Where the cells of a contact sheet or film strip lie. No Qt."""

from __future__ import annotations

from msgspec import Struct

Rect = tuple[int, int, int, int]
"""Left, top, width, height."""

GAP = 8


class Grid(Struct, frozen=True):
    """`total` cells of one size: filling rows of a window, or (a strip) one row that goes on to the right."""

    total: int
    cell: tuple[int, int]  # width, height
    window: tuple[int, int]
    strip: bool = False

    @property
    def columns(self) -> int:
        return max(self.total, 1) if self.strip else max((self.window[0] - GAP) // (self.cell[0] + GAP), 1)

    @property
    def spacing(self) -> int:
        """Pixels between columns: what is left of the width is shared out."""
        if self.strip:
            return GAP
        return max((self.window[0] - self.columns * self.cell[0]) // (self.columns + 1), GAP)

    @property
    def extent(self) -> int:
        """Length along the direction of scrolling, in pixels."""
        if self.strip:
            return self.total * (self.cell[0] + GAP) + GAP
        return -(-self.total // self.columns) * (self.cell[1] + GAP) + GAP

    @property
    def step(self) -> int:
        """One row (in a strip: one cell) further."""
        return self.cell[0 if self.strip else 1] + GAP

    def rect(self, index: int, scrolled: int) -> Rect:
        """Where a cell lies in the window when it is scrolled by so many pixels."""
        row, column = divmod(index, self.columns)
        between = self.spacing
        left, top = between + column * (self.cell[0] + between), GAP + row * (self.cell[1] + GAP)
        return (left - scrolled, top, *self.cell) if self.strip else (left, top - scrolled, *self.cell)

    def shown(self, scrolled: int) -> range:
        """The cells that touch the window."""
        length = self.window[0 if self.strip else 1]
        first, last = max(scrolled - GAP, 0) // self.step, (scrolled + length) // self.step
        per_step = 1 if self.strip else self.columns
        return range(min(first * per_step, self.total), min((last + 1) * per_step, self.total))

    def index_at(self, x: int, y: int, scrolled: int) -> int | None:
        """The cell at a point of the window, or None between cells."""
        across, along = (y, x + scrolled) if self.strip else (x, y + scrolled)
        if self.strip:
            index = (along - GAP) // self.step
        else:
            column = (across - self.spacing) // (self.cell[0] + self.spacing)
            if not 0 <= column < self.columns:
                return None
            index = (along - GAP) // self.step * self.columns + column
        if not 0 <= index < self.total:
            return None
        left, top, width, height = self.rect(index, scrolled)
        return index if left <= x < left + width and top <= y < top + height else None

    def moved(self, index: int, key: str) -> int:
        """The cell that a key goes to from `index`: Left, Right, Up, Down, PgUp, PgDown, Home, End."""
        row = 1 if self.strip else self.columns
        page = max(self.window[0 if self.strip else 1] // self.step, 1) * row
        steps = {"Left": -1, "Right": 1, "Up": -row, "Down": row, "PgUp": -page, "PgDown": page}
        target = {"Home": 0, "End": self.total - 1}.get(key, index + steps.get(key, 0))
        if key in ("Up", "Down") and not 0 <= target < self.total:
            return index
        return min(max(target, 0), max(self.total - 1, 0))
