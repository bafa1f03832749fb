"""What a format carries of an item beyond the model; sealed, and read only when the item is exported."""

from sqlalchemy import Table, select

from studio.domain.ids import ItemId
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata

item_sidecars = Table(
    "item_sidecars",
    metadata,
    id_column("item", primary_key=True),
    bytes_column("payload"),
)


def put(tx: Transaction, item: ItemId, payload: bytes) -> None:
    """Keep the sidecar of a new item."""
    tx.execute(item_sidecars.insert(), {"item": item, "payload": payload})


def get(tx: Transaction, item: ItemId) -> bytes | None:
    """The sealed sidecar of an item, or None where its format carried nothing."""
    wanted = select(item_sidecars.c.payload).where(item_sidecars.c.item == item)
    return tx.execute(wanted).scalar_one_or_none()


def drop_item(tx: Transaction, item: ItemId) -> None:
    """Remove what was carried of an item that is erased."""
    tx.execute(item_sidecars.delete().where(item_sidecars.c.item == item))
