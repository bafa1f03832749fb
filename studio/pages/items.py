"""The items of a query as sheets, strips and tables ask for them: windows of rows, and small pictures."""

from __future__ import annotations

from collections import OrderedDict
from functools import partial

from msgspec.structs import replace
from PySide6.QtCore import QObject, QTimer, Signal

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemPage, ItemQuery, ItemRow
from studio.shell.calls import Call
from studio.shell.page import Desk

_KEPT = 20_000  # rows whose details are remembered


class ItemSource(QObject):
    """Answers `want_rows` and `want_picture` from the node. Cost does not depend on how many items there are.

    Either the items of a query, or a chosen few in a given order. `total_changed` comes first; it means that
    everything may be different.
    """

    total_changed = Signal(int)
    rows_came = Signal(int, object)  # offset, tuple of ItemRow
    rows_failed = Signal(int)
    picture_came = Signal(str, bytes)
    picture_failed = Signal(str)

    def __init__(self, desk: Desk, parent: QObject) -> None:
        super().__init__(parent)
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._picture_calls = desk.picture_calls_of(self)
        self._project: ProjectId | None = None
        self.query = ItemQuery()
        self.chosen: tuple[ItemId, ...] = ()
        self.total = 0
        self.known = False  # whether the node has answered
        self._rows: OrderedDict[ItemId, ItemRow] = OrderedDict()
        self._places: dict[int, ItemId] = {}
        self._window = (0, 200)
        self._again = QTimer(self, singleShot=True, interval=600)
        self._again.timeout.connect(self.refresh)

    def show_query(self, project: ProjectId, query: ItemQuery) -> None:
        """Look at the items of a query."""
        self._begin(project, query, ())
        self._ask(0, self._window[1], first=True)

    def show_chosen(self, project: ProjectId, items: tuple[ItemId, ...]) -> None:
        """Look at these items, in this order."""
        self._begin(project, ItemQuery(), items)
        self._places = dict(enumerate(items))
        self.total, self.known = len(items), True
        self.total_changed.emit(self.total)

    def clear(self) -> None:
        """Look at nothing."""
        self._begin(None, ItemQuery(), ())
        self.total_changed.emit(0)

    def want_rows(self, offset: int, count: int) -> None:
        """Fetch rows; `rows_came` or `rows_failed` follows."""
        self._window = (offset, count)
        if self.chosen:
            self._ask_chosen(offset, count)
        else:
            self._ask(offset, count)

    def want_picture(self, item: str) -> None:
        """Fetch an item's small picture; `picture_came` or `picture_failed` follows."""
        row = self._rows.get(ItemId(item))
        if row is None or row.kind not in ("image", "video", "points"):
            self.picture_failed.emit(item)
            return
        session = self._desk.session
        self._picture_calls.start(
            item,
            lambda _call: session.media(row.id, row.stream, 0, "thumb"),
            lambda data: self.picture_came.emit(item, data),
            lambda _error: self.picture_failed.emit(item),  # the sheet marks the cell
        )

    def row(self, item: ItemId) -> ItemRow | None:
        """What is known of an item."""
        return self._rows.get(item)

    def item_at(self, place: int) -> ItemId | None:
        """The item at a place of the order, where it is known already."""
        return self._places.get(place)

    def place_of(self, item: ItemId) -> int | None:
        """Where an item stands in the order, where that is known already."""
        return next((place for place, each in self._places.items() if each == item), None)

    def refresh_soon(self) -> None:
        """Something changed: ask again in a moment, once for many changes."""
        if not self._again.isActive():
            self._again.start()

    def refresh(self) -> None:
        """Ask again for what was asked last; what is shown stays until the answer is here."""
        if self._project is not None and self._desk.is_connected:
            self.want_rows(*self._window)

    def _begin(self, project: ProjectId | None, query: ItemQuery, chosen: tuple[ItemId, ...]) -> None:
        self._calls.cancel_all()
        self._picture_calls.cancel_all()
        self._project, self.query, self.chosen = project, query, chosen
        self._places = {}
        self._window = (0, 200)
        self.total, self.known = 0, False

    def _ask(self, offset: int, count: int, *, first: bool = False) -> None:
        if self._project is None:
            return
        client, project = self._desk.client, self._project
        query = replace(self.query, offset=offset, limit=min(max(count, 1), 1000))

        def work(_call: Call) -> ItemPage:
            return client.call(routes.ITEMS, query, project=project)

        self._calls.start(("rows", offset), work, self._came, partial(self._failed, offset, first))

    def _came(self, page: ItemPage) -> None:
        if page.total != self.total or not self.known:
            self.total, self.known = page.total, True
            self._places = {}
            self.total_changed.emit(page.total)
        for place, row in enumerate(page.rows, page.offset):
            self._places[place] = row.id
            self._remember(row)
        self.rows_came.emit(page.offset, page.rows)

    def _ask_chosen(self, offset: int, count: int) -> None:
        client = self._desk.client
        wanted = self.chosen[offset : offset + count]

        def work(call: Call) -> tuple[ItemRow, ...]:
            rows = []
            for item in wanted:
                call.check()
                found = client.call(routes.ITEM, item=item)
                stream = found.streams[0]
                rows.append(
                    ItemRow(
                        found.id,
                        found.name,
                        found.state,
                        found.revision,
                        0,
                        (),
                        (),
                        width=stream.width,
                        height=stream.height,
                        stream=stream.id,
                        kind=stream.kind,
                        accepted=found.state == "accepted",
                    )
                )
            return tuple(rows)

        def done(rows: tuple[ItemRow, ...]) -> None:
            for row in rows:
                self._remember(row)
            self.rows_came.emit(offset, rows)

        self._calls.start(("rows", offset), work, done, partial(self._failed, offset, False))

    def _failed(self, offset: int, first: bool, error: AtelierError) -> None:
        self.rows_failed.emit(offset)
        if first or not error.code.startswith("node."):
            self._desk.show_error(error)

    def _remember(self, row: ItemRow) -> None:
        self._rows[row.id] = row
        self._rows.move_to_end(row.id)
        while len(self._rows) > _KEPT:
            self._rows.popitem(last=False)
