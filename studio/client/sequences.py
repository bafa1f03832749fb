"""The items beside one in its sequence: the clips of one drive follow each other by name."""

from __future__ import annotations

from studio.client.caller import Caller
from studio.domain.contracts.editing import Neighbour
from studio.domain.document import Document
from studio.domain.ids import ItemId
from studio.domain.wire import routes
from studio.domain.wire.documents import DocumentState
from studio.domain.wire.projects import Item, ItemQuery

_WINDOW = 1000


def beside(client: Caller, item: Item, by: int) -> Neighbour | None:
    """The item after (1) or before (-1) this one in its sequence, as the node holds it; None: there is none.

    Of the same import: another may hold a drive of the same name. Blocks: not for a GUI thread. Raises what
    the node answers.
    """
    found = _named_beside(client, item, by) if item.sequence else None
    if found is None:
        return None
    there: Item = client.call(routes.ITEM, item=found)
    state: DocumentState = client.call(routes.DOCUMENT, item=found)
    return Neighbour(there, Document(state.entities))


def _named_beside(client: Caller, item: Item, by: int) -> ItemId | None:
    keys: list[ItemId] = []
    total = 1
    while len(keys) < total:
        query = ItemQuery(sequence=item.sequence, origin=item.origin, offset=len(keys), limit=_WINDOW)
        page = client.call(routes.ITEMS, query, project=item.project)
        if not page.rows:
            break
        total = page.total
        keys += [row.id for row in page.rows]
    if item.id not in keys:
        return None
    place = keys.index(item.id) + by
    return keys[place] if 0 <= place < len(keys) else None
