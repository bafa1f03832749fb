"""Leases: the right to edit one item for a while, by a fence that only grows.

Free items are shared: everybody who works on one has a lease of their own. An item whose task is somebody's
is theirs alone. Time runs on the monotonic clock; after a restart of the node every lease starts anew.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, TaskId, UserId
from studio.domain.wire.documents import Lease
from training.store import items, leases, tasks
from training.store.engine import Transaction
from training.store.leases import StoredLease
from training.work import audit
from training.work.access import Session, missing
from training.work.clock import Clock

if TYPE_CHECKING:
    from training.node import Node

LASTS_S = 300.0


class Deadlines:
    """When each lease ends, in memory: the database knows no monotonic time."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._started_s = clock.monotonic_s()
        self._ends_s: dict[tuple[ItemId, UserId, int], float] = {}

    def extend(self, lease: StoredLease) -> None:
        """From now on it lasts its full time again."""
        now_s = self._clock.monotonic_s()
        with self._lock:
            self._ends_s[lease.item, lease.user, lease.fence] = now_s + LASTS_S
            if len(self._ends_s) > 100_000:
                self._ends_s = {key: end for key, end in self._ends_s.items() if end > now_s}

    def is_alive(self, lease: StoredLease) -> bool:
        """Whether it has not ended yet; one from before the node's start lasts from the start on."""
        with self._lock:
            end_s = self._ends_s.get((lease.item, lease.user, lease.fence))
        if end_s is None:
            end_s = self._started_s + LASTS_S
        return self._clock.monotonic_s() < end_s


def open_deadlines(node: Node) -> Deadlines:
    """The part of a node that knows when leases end."""
    return Deadlines(node.clock)


def take(node: Node, item: ItemId, who: Session, reviews: bool) -> Lease:
    """A lease on `item`: the one that `who` holds, for its full time again, or a new one.

    `reviews`: whether this person may review in the project. Raises `lease.held`, `access.missing`.
    """
    with node.store.write() as tx:
        return _take(node, tx, item, who, reviews)


def _take(node: Node, tx: Transaction, item: ItemId, who: Session, reviews: bool) -> Lease:
    if items.project_of(tx, item) is None:
        raise missing()
    held = leases.of_user(tx, item, who.user)
    if held is not None and node.deadlines.is_alive(held):
        node.deadlines.extend(held)
        return as_lease(held)
    task = tasks.of_item(tx, item)
    owner: UserId | None = None
    if task is not None:
        if task.state in ("leased", "returned"):
            owner = task.author
        elif task.state == "in_review":
            owner = task.reviewer
        elif task.state == "submitted" and not reviews:
            raise _held("It was submitted and waits for review.")
    if owner is not None and owner != who.user:
        raise _held("It is somebody's task.")
    lease = leases.put(tx, item, who.user, task.id if task and owner else None, owner is not None)
    audit.append(node, tx, who.user, "lease.take", item)
    tx.after_commit(node.deadlines.extend, lease)
    return as_lease(lease)


def give_exclusive(node: Node, tx: Transaction, item: ItemId, user: UserId, task: TaskId) -> Lease:
    """A lease for `user` alone; everybody else's on the item ends."""
    leases.drop(tx, item)
    lease = leases.put(tx, item, user, task, exclusive=True)
    tx.after_commit(node.deadlines.extend, lease)
    return as_lease(lease)


def end(node: Node, item: ItemId, who: Session) -> None:
    """Give a lease back."""
    with node.store.write() as tx:
        leases.drop(tx, item, who.user)
        audit.append(node, tx, who.user, "lease.end", item)


def check(node: Node, tx: Transaction, item: ItemId, fence: int, who: Session) -> bool:
    """Whether `fence` is of a lease on `item` that lives and is this person's; it then lasts longer."""
    held = leases.of_user(tx, item, who.user)
    if held is None or held.fence != fence or not node.deadlines.is_alive(held):
        return False
    tx.after_commit(node.deadlines.extend, held)
    return True


def as_lease(held: StoredLease) -> Lease:
    """A lease as it travels."""
    return Lease(held.item, held.fence, LASTS_S, held.task)


def _held(why: str) -> AtelierError:
    return AtelierError(
        "lease.held",
        f"You cannot edit this item now. {why}",
        hint="Look at it, or pull the next task.",
    )
