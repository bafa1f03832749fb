"""What an item is opened from, and what may be put on top of it."""

from __future__ import annotations

from studio.client.caller import Caller, revisions_after
from studio.client.journal import Journal
from studio.client.ledger import Ended
from studio.domain import canonical
from studio.domain.edit import Edit
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId
from studio.domain.wire import routes
from studio.domain.wire.documents import DocumentState


def fetch_state(client: Caller, journal: Journal, item: ItemId) -> DocumentState:
    """The item as the node holds it, once the journal knows which of its Edits the node has already.

    An acknowledgement may have been lost with the studio that waited for it. Raises what the node answers.
    """
    kept, _, _ = journal.of(item)
    waiting = {each.operation for each in kept}
    state: DocumentState = client.call(routes.DOCUMENT, item=item)
    if waiting:
        after = min(each.base for each in kept)
        for revision in revisions_after(client, item, after):
            if revision.revision <= state.revision and revision.operation in waiting:
                journal.append(Ended(revision.operation))
    return state


def sound(edit: Edit) -> Edit:
    """`edit` as it will be read from the journal and by the node, or refused now rather than by them."""
    try:
        return canonical.decode(canonical.encode(edit), Edit)
    except AtelierError as error:
        raise AtelierError(
            "entity.malformed",
            "Nothing was changed: the tool made a value that cannot be kept.",
            detail=error.detail,
            hint="Do it again in another way, and report this.",
        ) from error
