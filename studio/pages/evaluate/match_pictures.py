"""What a cell of an outcome shows: the picture that it lies on, or one that its plug-in makes of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from studio.domain.contracts.crops import Crops
from studio.domain.contracts.plugin import installed_plugins, load_part
from studio.domain.entities import AnyEntity
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, StreamId
from studio.domain.wire import routes
from studio.domain.wire.evaluation import Match
from studio.domain.wire.projects import Stream
from studio.shell.page import Desk

if TYPE_CHECKING:
    from studio.client import Client

_ITEMS = 4  # whose documents are kept: neighbours on the sheet are often of one drive
_Held = tuple[tuple[Stream, ...], tuple[AnyEntity, ...]]


class MatchPictures:
    """Fetches pictures by their names, away from the GUI thread."""

    def __init__(self, desk: Desk, known: Callable[[str], Match | None]) -> None:
        self._desk = desk
        self._known = known
        self._held: OrderedDict[ItemId, _Held] = OrderedDict()
        self._lock = threading.Lock()
        self._crops: Mapping[str, Crops] | None = None

    def fetcher(self, name: str) -> Callable[[object], bytes]:
        """The work of fetching one; it raises what the node answers. Made on the GUI thread."""
        item, stream, frame, *key = name.split(" ")
        session, client = self._desk.session, self._desk.client
        match = self._known(key[0]) if key else None

        def original(_call: object) -> bytes:
            data: bytes = session.media(ItemId(item), StreamId(stream), int(frame), "original")
            return data

        def crop(_call: object) -> bytes:
            assert match is not None
            streams, entities = self._of_item(match.item, client)
            kind = next((each.kind for each in streams if each.id == match.stream), "")

            def read(stream: StreamId, frame: int, rendition: str) -> bytes:
                data: bytes = session.media(match.item, stream, frame, rendition)
                return data

            return self._crops_of(kind).picture(match, streams, entities, read)

        return original if match is None else crop

    def _of_item(self, item: ItemId, client: Client) -> _Held:
        with self._lock:
            if item in self._held:
                self._held.move_to_end(item)
                return self._held[item]
        found = client.call(routes.ITEM, item=item)
        held = found.streams, client.call(routes.DOCUMENT, item=item).entities
        with self._lock:
            self._held[item] = held
            while len(self._held) > _ITEMS:
                self._held.popitem(last=False)
        return held

    def _crops_of(self, kind: str) -> Crops:
        with self._lock:
            if self._crops is None:
                makers = [(each.streams, each.crops) for each in installed_plugins() if each.crops]
                self._crops = {kind: load_part(part)() for kinds, part in makers for kind in kinds}
        if kind not in self._crops:
            raise AtelierError("media.missing", "No installed plug-in can show this.", hint="Install one.")
        return self._crops[kind]
