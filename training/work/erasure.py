"""Erasing an item for good: its key is destroyed, and a tombstone stays that snapshots and runs report."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ids import BlobName, ItemId, ProjectId, UserId
from training.store import (
    blobs,
    documents,
    drafts,
    evaluations,
    leases,
    pools,
    predictions,
    sidecars,
    snapshots,
    tasks,
)
from training.store.engine import Transaction
from training.work import audit, items
from training.work.access import Session
from training.work.reading import live_item

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.erasure")


def erase_item(node: Node, item: ItemId, who: Session) -> None:
    """Erase an item everywhere on this node, also from what was prepared and predicted of it.

    Copies that left the node before are listed in the audit log; models trained on it show how many of
    their snapshot's items were erased. Raises `access.missing`.
    """
    with node.store.write() as tx:
        in_snapshots = snapshots.holding(tx, item)
        erase_in(node, tx, item, who.user)
        for snapshot in in_snapshots:
            audit.append(node, tx, who.user, "snapshot.lost_item", f"{snapshot} {item}")


def erase_in(node: Node, tx: Transaction, item: ItemId, user: UserId) -> None:
    """As `erase_item`, in a transaction of the caller's."""
    stored = live_item(tx, item)
    node.keys.destroy_item(tx, item, node.clock.now_ns())
    alone = blobs.drop_item(tx, item)
    documents.drop(tx, item)
    drafts.drop_item(tx, item)
    sidecars.drop_item(tx, item)
    predictions.drop_item(tx, item)
    evaluations.drop_item(tx, item)
    pools.drop_item(tx, item)
    leases.drop(tx, item)
    task = tasks.of_item(tx, item)
    if task is not None:
        tasks.set_fields(tx, task.id, state="skipped", note=b"", changed_ns=node.clock.now_ns())
    items.forget(tx, stored)
    audit.append(node, tx, user, "item.erase", item)
    for project, name in alone:
        tx.after_commit(_delete, node, project, name)


def _delete(node: Node, project: ProjectId, name: BlobName) -> None:
    try:
        node.blobs.delete(project, name)
    except (AtelierError, OSError):
        # without its key it is noise; the sweep of the next backup names what is left over
        LOG.exception("blob %s was not deleted", name)
