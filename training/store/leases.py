"""Leases: who may edit an item, by a number that only grows."""

from msgspec import Struct
from sqlalchemy import Table, bindparam, select

from studio.domain.ids import ItemId, TaskId, UserId
from training.store.engine import Transaction
from training.store.items import items
from training.store.prepared import Prepared
from training.store.schema import flag_column, id_column, metadata, number_column

leases = Table(
    "leases",
    metadata,
    id_column("item", primary_key=True),
    id_column("user", primary_key=True),
    number_column("fence"),
    id_column("task", nullable=True),
    flag_column("exclusive"),
)


class StoredLease(Struct, frozen=True):
    """One person's lease on one item."""

    item: ItemId
    user: UserId
    fence: int
    task: TaskId | None
    exclusive: bool


_OF_USER = Prepared(
    select(leases).where(leases.c.item == bindparam("item"), leases.c.user == bindparam("user"))
)


def of_item(tx: Transaction, item: ItemId) -> list[StoredLease]:
    """Every lease on an item, dead ones that nobody has replaced included."""
    return [StoredLease(*row) for row in tx.execute(select(leases).where(leases.c.item == item))]


def of_user(tx: Transaction, item: ItemId, user: UserId) -> StoredLease | None:
    """This person's lease on an item."""
    row = tx.execute(_OF_USER, {"item": item, "user": user}).one_or_none()
    return None if row is None else StoredLease(*row)


def put(tx: Transaction, item: ItemId, user: UserId, task: TaskId | None, exclusive: bool) -> StoredLease:
    """Give a new lease with the item's next fence; the person's own earlier one on it dies."""
    grown = items.update().where(items.c.id == item).values(fence=items.c.fence + 1)
    fence = int(tx.execute(grown.returning(items.c.fence)).scalar_one())
    lease = StoredLease(item, user, fence, task, exclusive)
    drop(tx, item, user)
    tx.execute(leases.insert(), {name: getattr(lease, name) for name in StoredLease.__struct_fields__})
    return lease


def drop(tx: Transaction, item: ItemId, user: UserId | None = None) -> None:
    """End one person's lease on an item, or everybody's."""
    here = leases.c.item == item
    if user is not None:
        here = here & (leases.c.user == user)
    tx.execute(leases.delete().where(here))


def drop_all_of(tx: Transaction, user: UserId) -> None:
    """End every lease of a person who may not edit any more."""
    tx.execute(leases.delete().where(leases.c.user == user))
