"""Drafts: unfinished gestures and Edits whose lease had died. Payloads come and go sealed."""

from msgspec import Struct
from sqlalchemy import Index, Table, select

from studio.domain.ids import ItemId, OperationId, UserId
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column

drafts = Table(
    "drafts",
    metadata,
    id_column("id", primary_key=True),
    id_column("item"),
    id_column("user"),
    number_column("time_ns"),
    bytes_column("payload"),
    Index("ix_drafts_of", "item", "user"),
)


class StoredDraft(Struct, frozen=True):
    """One draft, sealed."""

    id: OperationId
    item: ItemId
    user: UserId
    time_ns: int
    payload: bytes


def put(tx: Transaction, draft: StoredDraft) -> None:
    """Write a draft, in place of its earlier state."""
    tx.execute(drafts.delete().where(drafts.c.id == draft.id, drafts.c.user == draft.user))
    tx.execute(drafts.insert(), {name: getattr(draft, name) for name in StoredDraft.__struct_fields__})


def get(tx: Transaction, draft: OperationId) -> StoredDraft | None:
    """The draft of this id."""
    row = tx.execute(select(drafts).where(drafts.c.id == draft)).one_or_none()
    return None if row is None else StoredDraft(*row)


def of(tx: Transaction, item: ItemId, user: UserId) -> list[StoredDraft]:
    """A person's drafts on an item, oldest first."""
    wanted = select(drafts).where(drafts.c.item == item, drafts.c.user == user)
    return [StoredDraft(*row) for row in tx.execute(wanted.order_by(drafts.c.time_ns, drafts.c.id))]


def count_of(tx: Transaction, item: ItemId, user: UserId) -> int:
    """How many drafts a person keeps on an item."""
    return len(tx.execute(select(drafts.c.id).where(drafts.c.item == item, drafts.c.user == user)).all())


def drop(tx: Transaction, draft: OperationId, item: ItemId, user: UserId) -> None:
    """Remove one of a person's drafts."""
    tx.execute(drafts.delete().where(drafts.c.id == draft, drafts.c.item == item, drafts.c.user == user))


def drop_item(tx: Transaction, item: ItemId) -> None:
    """Remove the drafts on an item that is erased."""
    tx.execute(drafts.delete().where(drafts.c.item == item))
