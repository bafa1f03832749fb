"""Taking a batch back: previewed with counts, carried out by a job, and a batch itself, so undone as one."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from studio.domain import canonical
from studio.domain.edit import Edit
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, EntityId, ItemId, ProjectId, UserId, new_id
from studio.domain.wire.documents import BatchReverted, BatchReverting, RevertBatch
from training.data.sealing import Sealer
from training.store import documents as rows
from training.store import jobs as job_rows
from training.store import keys as key_rows
from training.store import users
from training.store.documents import StoredRevision
from training.store.engine import Transaction
from training.work import audit, documents
from training.work.access import Session, missing
from training.work.reading import live_item, opened
from training.work.running_job import RunningJob

if TYPE_CHECKING:
    from training.node import Node

_STEP_ITEMS = 256
_STEP_S = 2.0
_NAMED = 1000  # items that are left, in a result


class _Orders(Struct, frozen=True):
    """What the job is asked: the batch to take back, and the batch that this makes."""

    batch: BatchId
    back: BatchId


def ask(node: Node, project: ProjectId, asked: RevertBatch, who: Session) -> BatchReverting:
    """Count what a batch holds and what was edited since, and, but for a preview, have it taken back.

    Raises `access.missing`, `batch.busy` while a job still makes the batch or takes it back.
    """
    with node.store.read() as tx:
        counted = BatchReverting(*rows.size_of_batch(tx, project, asked.batch))
    if not counted.items:
        raise missing()
    if asked.preview:
        return counted
    back = BatchId(new_id())
    with node.store.write() as tx:
        if job_rows.is_live_about(tx, asked.batch):
            raise AtelierError(
                "batch.busy",
                "Nothing was taken back: a job is still at work on this batch.",
                hint="Wait until it has ended, or cancel it first.",
            )
        job = node.jobs.ask(
            tx,
            "revert_batch",
            f"Take back a batch of {counted.items:,} items",
            project,
            asked.batch,
            canonical.encode(_Orders(asked.batch, back)),
            who.user,
            unit="items",
        )
        audit.append(node, tx, who.user, "batch.revert", f"{asked.batch} {back}")
    return BatchReverting(counted.items, counted.edits, counted.edited_since, back, job)


def carry_out(job: RunningJob) -> bytes:
    """The job of kind `revert_batch`: every Edit of the batch, newest first, an item at a time.

    An item where somebody has changed the same things since is left as it is, and named with who did. What
    a cancelled job has taken back stays so, under the batch that it made.
    """
    orders = canonical.decode_lenient(job.payload, _Orders)
    assert job.project is not None
    with job.node.store.read() as tx:
        total, _, _ = rows.size_of_batch(tx, job.project, orders.batch)
    last, reverted = "", 0
    left: list[tuple[ItemId, UserId]] = []
    while True:
        # from item to item and not by number: what is erased meanwhile shifts nothing
        some = job.step(f"items after {last}", partial(_some_items, job, orders, last))
        reverted += some["reverted"]
        left += [(ItemId(item), UserId(user)) for item, user in some["left"]]
        if not some["last"]:
            break
        last = some["last"]
        job.progress(min(reverted + len(left), total), total, "Taking back")
    with job.node.store.read() as tx:
        names = users.names(tx, {user for _, user in left})
    said = tuple((item, names.get(user, user)) for item, user in left[:_NAMED])
    return canonical.encode(BatchReverted(orders.back, reverted, said, len(left)))


def _some_items(job: RunningJob, orders: _Orders, last: str) -> dict[str, Any]:
    """Take back some two seconds' worth of items after `last`. May run twice: what is back is known."""
    node, project = job.node, job.project
    assert project is not None
    until = time.monotonic() + _STEP_S
    with node.store.read() as tx:
        waiting = rows.items_of_batch(tx, project, orders.batch, last, _STEP_ITEMS)
    reverted, left, reached = 0, [], ""
    for item in waiting:

        def work(tx: Transaction, item: ItemId = item) -> tuple[bool, UserId | None]:
            return _revert_item(node, tx, item, orders, job.asked_by)

        done, in_the_way = node.store.grouped(work)
        reverted += done
        if in_the_way:
            left.append([item, in_the_way])
        reached = item
        if time.monotonic() > until or job.stop_wanted():
            break
    return {"reverted": reverted, "left": left, "last": reached}


def _revert_item(
    node: Node, tx: Transaction, item: ItemId, orders: _Orders, user: UserId
) -> tuple[bool, UserId | None]:
    """Whether the item is back to what it was, and otherwise whose change is in the way."""
    if key_rows.destroyed(tx, [item]):
        return False, None
    wanted = rows.revisions_of_batch(tx, item, orders.batch)
    sealer = node.keys.item_sealer(tx, item)
    history = rows.of_item(tx, item, min(wanted) - 1, 1_000_000)
    if any(each.batch == orders.back for each in history):
        return True, None
    point = tx.connection.begin_nested()
    mark = tx.mark()
    try:
        for one in reversed([each for each in history if each.revision in wanted]):
            inverse = opened(one, sealer).edit.inverse()
            documents.append(
                node,
                tx,
                live_item(tx, item),
                Edit("Revert batch", inverse.changes, tool="revert"),
                user,
                undoes=one.operation,
                batch=orders.back,
                sealer=sealer,
            )
    except AtelierError as error:
        if error.code not in ("document.stale", "document.dangling"):
            raise
        point.rollback()
        tx.forget_since(mark)
        return False, _who_came_after(history, wanted, sealer)
    point.commit()
    return True, None


def _who_came_after(history: list[StoredRevision], wanted: set[int], sealer: Sealer) -> UserId:
    touched: set[EntityId] = set()
    for each in history:
        if each.revision in wanted:
            touched.update(opened(each, sealer).edit.changes)
    later = [
        each
        for each in history
        if each.revision not in wanted and touched & set(opened(each, sealer).edit.changes)
    ]
    return (later or history)[-1].author
