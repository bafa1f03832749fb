"""Opening an item: all that the editor needs, fetched together in one background call, or ahead of it."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from msgspec import Struct

from studio.domain.ids import ItemId, ProjectId
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.documents import Lease
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Item
from studio.shell.calls import Call

if TYPE_CHECKING:
    from studio.client import OpenDocument, Session

_AHEAD = 8


class Opened(Struct, frozen=True):
    """An item with its document and what is shown over it."""

    item: Item
    document: OpenDocument
    ontology: Ontology
    predictions: tuple[Prediction, ...]


class Opener:
    """Opens items of one session; what was fetched ahead is there at once. Any thread may call it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._ontologies: dict[tuple[ProjectId, int], Ontology] = {}
        self._items: OrderedDict[ItemId, tuple[Item, tuple[Prediction, ...]]] = OrderedDict()

    def open(self, item: ItemId, version: int, call: Call, lease: Lease | None = None) -> Opened:
        """Open an item under the ontology of `version`. Raises `node.*` and what its document raises.

        lease: the one that came with its task, where one did.
        """
        held = self._items.pop(item) if item in self._items else self._fetch(item)
        found, predictions = held
        call.check()
        document = self._session.open_document(item, lease)
        return Opened(found, document, self._ontology(found.project, version), predictions)

    def ahead(self, item: ItemId, call: Call) -> None:
        """Fetch what `open` will ask for."""
        call.check()
        if item not in self._items:
            self._items[item] = self._fetch(item)
            self._session.fetch_ahead(item)
            while len(self._items) > _AHEAD:
                self._items.popitem(last=False)

    def streams_of(self, item: ItemId) -> Item | None:
        """The item, where it was fetched ahead: for prefetching its media."""
        held = self._items.get(item)
        return held[0] if held is not None else None

    def forget(self, item: ItemId) -> None:
        """It changed on the node; what was fetched ahead is old."""
        self._items.pop(item, None)

    def _fetch(self, item: ItemId) -> tuple[Item, tuple[Prediction, ...]]:
        client = self._session.client
        found = client.call(routes.ITEM, item=item)
        return found, client.call(routes.PREDICTIONS, item=item).predictions

    def _ontology(self, project: ProjectId, version: int) -> Ontology:
        key = (project, version)
        if key not in self._ontologies:
            answer = self._session.client.call(routes.ONTOLOGY, project=project, version=version)
            self._ontologies[key] = answer.ontology
        return self._ontologies[key]
