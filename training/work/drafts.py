"""Drafts: kept for their author alone, never applied by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, OperationId, UserId
from studio.domain.wire.documents import Draft
from training.data.sealing import Sealer
from training.store import drafts as rows
from training.store.drafts import StoredDraft
from training.store.engine import Transaction
from training.work import audit
from training.work.access import Session, missing

if TYPE_CHECKING:
    from training.node import Node

MOST = 1000  # of one person on one item


def put(node: Node, draft: Draft, who: Session) -> None:
    """Keep a draft, in place of its earlier state. Raises `draft.too_many`, `access.missing`."""

    def work(tx: Transaction) -> None:
        keep(node, tx, who.user, draft, node.keys.item_sealer(tx, draft.item))
        audit.append(node, tx, who.user, "draft.keep", f"{draft.item} {draft.id}")

    node.store.grouped(work)


def keep(node: Node, tx: Transaction, user: UserId, draft: Draft, sealer: Sealer) -> None:
    """As `put`, for `user`, in the caller's transaction."""
    earlier = rows.get(tx, draft.id)
    if earlier is not None and (earlier.user != user or earlier.item != draft.item):
        raise missing()
    if earlier is None and rows.count_of(tx, draft.item, user) >= MOST:
        raise AtelierError(
            "draft.too_many",
            "There are too many drafts of yours on this item. This one is kept on your own machine alone.",
            hint="Open the item and decide on the drafts that wait there.",
        )
    payload = sealer.seal(canonical.encode(draft), _aad(draft.item, draft.id))
    rows.put(tx, StoredDraft(draft.id, draft.item, user, node.clock.now_ns(), payload))


def of(node: Node, item: ItemId, who: Session) -> tuple[Draft, ...]:
    """A person's drafts on an item, oldest first."""
    with node.store.read() as tx:
        sealer = node.keys.item_sealer(tx, item)
        return tuple(
            canonical.decode_lenient(sealer.open(each.payload, _aad(item, each.id)), Draft)
            for each in rows.of(tx, item, who.user)
        )


def drop(node: Node, item: ItemId, draft: OperationId, who: Session) -> None:
    """Forget a draft; one that is gone already is no error, since the answer may have been lost."""
    with node.store.write() as tx:
        rows.drop(tx, draft, item, who.user)
        audit.append(node, tx, who.user, "draft.drop", f"{item} {draft}")


def _aad(item: ItemId, draft: OperationId) -> bytes:
    return f"draft {item} {draft}".encode()
