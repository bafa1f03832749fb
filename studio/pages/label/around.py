"""The item's neighbours: the film strip, going one on or back, and fetching ahead."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import QObject

from studio.domain.ids import ItemId
from studio.domain.wire.projects import Item, ItemRow
from studio.pages.items import ItemSource
from studio.pages.label.opening import Opener
from studio.pages.sheet import cell_of
from studio.shell.calls import Call
from studio.shell.page import Desk
from widgets.film_strip import FilmStrip

_SCREEN = (
    1600,
    1000,
)  # what a canvas shows at most at first, pixels: larger levels are fetched on zooming in


class Around(QObject):
    """Knows where the open item stands in the source's order."""

    def __init__(
        self, desk: Desk, source: ItemSource, open_item: Callable[[ItemId], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._source = source
        self._open = open_item
        self.opener: Opener | None = None
        self._item: ItemId | None = None
        self._pending = False  # the first item of a query is to be opened once it is known
        self.place: int | None = None
        self.moved: Callable[[str, int | None, int], None] = lambda _name, _place, _total: None
        self.strip = FilmStrip(name="Items")
        self.strip.opened.connect(lambda key: self._open(ItemId(key)))
        self.strip.rows_wanted.connect(source.want_rows)
        self.strip.picture_wanted.connect(source.want_picture)
        source.total_changed.connect(self._total_changed)
        source.rows_came.connect(self._rows_came)
        source.rows_failed.connect(self.strip.rows_failed)
        source.picture_came.connect(self.strip.set_picture)
        source.picture_failed.connect(self.strip.picture_failed)

    def open_first(self) -> None:
        """Open the first item of the source, as soon as it is known."""
        first = self._source.item_at(0)
        if first is not None:
            self._open(first)
        else:
            self._pending = True

    def show(self, item: Item) -> None:
        """This item is open now: mark it, and fetch what one will want next."""
        self._item = item.id
        self._locate(item.name)
        self._fetch_ahead()

    def can_step(self, by: int) -> bool:
        """Whether there is an item so many places on."""
        return self.place is not None and 0 <= self.place + by < self._source.total

    def step(self, by: int) -> None:
        """Open the item so many places on."""
        if self.place is None:
            return
        target = self._source.item_at(self.place + by)
        if target is not None:
            self._open(target)
        elif self.can_step(by):
            self._source.want_rows(max(0, self.place + by - 20), 100)
            self._desk.say("Looking for the next item …")

    def _locate(self, name: str) -> None:
        self.place = self._source.place_of(self._item) if self._item is not None else None
        if self.place is not None:
            self.strip.show_current(self.place)
        self.moved(name, self.place, self._source.total)

    def _total_changed(self, total: int) -> None:
        self.strip.set_total(total)
        self.strip.setVisible(total > 1)  # an item alone has no neighbours, and its editor the height
        self.place = None

    def _rows_came(self, offset: int, rows: tuple[ItemRow, ...]) -> None:
        self.strip.set_rows(offset, [cell_of(row) for row in rows])
        if self._pending and rows:
            self._pending = False
            self._open(rows[0].id)
        elif self._item is not None and self.place is None:
            row = self._source.row(self._item)
            if row is not None:
                self._locate(row.name)
                self._fetch_ahead()

    def _fetch_ahead(self) -> None:
        opener, place = self.opener, self.place
        if opener is None or place is None:
            return
        wanted = [item for by in (1, -1, 2) if (item := self._source.item_at(place + by)) is not None]
        session = self._desk.session

        def work(call: Call) -> None:
            from studio.client import MediaRequest  # brings httpx, which the first paint need not wait for

            requests: list[MediaRequest] = []
            for item in wanted:
                opener.ahead(item, call)
                if (found := opener.streams_of(item)) is not None:
                    requests += [
                        MediaRequest(found.id, stream.id, 0, rendition)
                        for stream in found.streams[:1]
                        for rendition in renditions(stream.width, stream.height, stream.levels)
                    ]
            session.prefetch.want(requests)

        self._calls.start("ahead", work, lambda _nothing: None, lambda _error: None)


def renditions(width: int, height: int, levels: int) -> list[str]:
    """What a canvas asks for first when it shows a whole picture of this size."""
    if levels == 0:
        return ["original"]
    fitted = max(width / _SCREEN[0], height / _SCREEN[1], 1.0)
    level = min(levels - 1, max(0, math.floor(math.log2(fitted) + 0.3)))
    columns = math.ceil(width / 2**level / 256)
    rows = math.ceil(height / 2**level / 256)
    return ["thumb", *(f"tile-{level}-{column}-{row}" for row in range(rows) for column in range(columns))]
