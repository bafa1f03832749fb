"""Rows of a list that may have 100,000 of them: which are here, and which to ask for. No Qt."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from typing import Generic, TypeVar

Row = TypeVar("Row")

PAGE = 200
PAGES_KEPT = 60


class RowWindow(Generic[Row]):
    """Pages of rows, the least recently used forgotten. Each page is asked for once until it comes."""

    def __init__(self, page: int = PAGE, kept: int = PAGES_KEPT) -> None:
        self.total = 0
        self._page = page
        self._kept = kept
        self._pages: OrderedDict[int, list[Row | None]] = OrderedDict()
        self._asked: set[int] = set()

    def reset(self, total: int) -> None:
        """Another list, of `total` rows."""
        self.total = total
        self._pages.clear()
        self._asked.clear()

    def row(self, index: int) -> Row | None:
        """The row, or None where it is not here."""
        page = self._pages.get(index // self._page)
        return None if page is None else page[index % self._page]

    def missing(self, first: int, last: int) -> list[tuple[int, int]]:
        """(offset, count) of the pages that rows first..last need and nobody asked for yet."""
        wanted = []
        for number in range(max(first, 0) // self._page, min(last, self.total - 1) // self._page + 1):
            if number in self._pages:
                self._pages.move_to_end(number)
            elif number not in self._asked:
                self._asked.add(number)
                offset = number * self._page
                wanted.append((offset, min(self._page, self.total - offset)))
        return wanted

    def put(self, offset: int, rows: Sequence[Row]) -> None:
        """Rows as they came; they need not begin with a page."""
        for index, row in enumerate(rows, offset):
            number = index // self._page
            page = self._pages.setdefault(number, [None] * self._page)
            page[index % self._page] = row
            self._asked.discard(number)
        while len(self._pages) > self._kept:
            self._pages.popitem(last=False)

    def failed(self, offset: int) -> None:
        """A page did not come: ask for it again when it is needed."""
        self._asked.discard(offset // self._page)

    def known(self) -> list[tuple[int, Row]]:
        """Every row that is here, by index."""
        return [
            (number * self._page + n, row)
            for number, page in sorted(self._pages.items())
            for n, row in enumerate(page)
            if row is not None
        ]
