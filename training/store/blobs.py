"""Which blobs belong to which item, and as what; their keys are sealed with the item's."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Index, Table, func, select, text, update

from studio.domain.ids import BlobName, ItemId, ProjectId
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

_AT_ONCE = 500
_WAITS = text("waiting_ns > 0")

item_blobs = Table(
    "item_blobs",
    metadata,
    id_column("item", primary_key=True),
    text_column("place", primary_key=True),  # see training/data/media.py
    id_column("project"),
    id_column("blob", index=True),
    number_column("size"),
    text_column("media_type"),
    bytes_column("key"),  # sealed with the item's key; of adopted media: the sealed path
    id_column("root"),  # which allow-listed folder adopted media lie under; empty: a blob of ours
    # when a person put it; 0 once an Edit or a draft names it, and of what the item itself consists of
    number_column("waiting_ns", server_default="0"),
    Index("ix_item_blobs_waiting", "waiting_ns", sqlite_where=_WAITS, postgresql_where=_WAITS),
)


class BlobRow(Struct, frozen=True):
    """One blob in one item."""

    item: ItemId
    place: str
    project: ProjectId
    blob: BlobName
    size: int
    media_type: str
    key: bytes
    root: str = ""
    waiting_ns: int = 0


def add(tx: Transaction, rows: Sequence[BlobRow]) -> None:
    """Keep `rows` of places that are free."""
    if rows:
        names = BlobRow.__struct_fields__
        tx.execute(item_blobs.insert(), [{name: getattr(row, name) for name in names} for row in rows])


def put(tx: Transaction, row: BlobRow) -> None:
    """Keep one row; the same place again takes the new one."""
    tx.execute(item_blobs.delete().where((item_blobs.c.item == row.item) & (item_blobs.c.place == row.place)))
    add(tx, [row])


def get(tx: Transaction, item: ItemId, place: str) -> BlobRow | None:
    """The blob at `place` of `item`."""
    chosen = select(item_blobs).where((item_blobs.c.item == item) & (item_blobs.c.place == place))
    row = tx.execute(chosen).one_or_none()
    return None if row is None else BlobRow(**row._mapping)


def missing_of(tx: Transaction, item: ItemId, places: Sequence[str]) -> set[str]:
    """Which of `places` hold nothing in `item`."""
    found: set[str] = set()
    for start in range(0, len(places), _AT_ONCE):
        some = item_blobs.c.place.in_(places[start : start + _AT_ONCE])
        found |= set(
            tx.execute(select(item_blobs.c.place).where((item_blobs.c.item == item) & some)).scalars()
        )
    return set(places) - found


def were_named(tx: Transaction, item: ItemId, places: Sequence[str]) -> None:
    """What lies at `places` is named by something now, and waits no longer."""
    for start in range(0, len(places), _AT_ONCE):
        some = item_blobs.c.place.in_(places[start : start + _AT_ONCE])
        waits = (item_blobs.c.item == item) & some & (item_blobs.c.waiting_ns > 0)
        tx.execute(update(item_blobs).where(waits).values(waiting_ns=0))


def bytes_waiting(tx: Transaction, item: ItemId) -> int:
    """How much of `item` was put and is named by nothing yet."""
    waits = (item_blobs.c.item == item) & (item_blobs.c.waiting_ns > 0)
    return int(tx.execute(select(func.coalesce(func.sum(item_blobs.c.size), 0)).where(waits)).scalar_one())


def drop_waiting(tx: Transaction, before_ns: int) -> list[tuple[ProjectId, BlobName]]:
    """Forget what was put before a time and never named; returns those that nobody else uses."""
    waits = (item_blobs.c.waiting_ns > 0) & (item_blobs.c.waiting_ns < before_ns)
    rows = [BlobRow(**row._mapping) for row in tx.execute(select(item_blobs).where(waits))]
    tx.execute(item_blobs.delete().where(waits))
    return _alone(tx, rows)


def of_item(tx: Transaction, item: ItemId) -> list[BlobRow]:
    """Every blob of `item`, by place."""
    chosen = select(item_blobs).where(item_blobs.c.item == item).order_by(item_blobs.c.place)
    return [BlobRow(**row._mapping) for row in tx.execute(chosen)]


def names_of_items(tx: Transaction, items: Sequence[ItemId]) -> dict[ItemId, tuple[BlobName, ...]]:
    """The names of each item's original media, by place; they stand for the content."""
    found: dict[ItemId, list[BlobName]] = {item: [] for item in items}
    for start in range(0, len(items), _AT_ONCE):
        some = items[start : start + _AT_ONCE]
        chosen = select(item_blobs.c.item, item_blobs.c.place, item_blobs.c.blob)
        chosen = chosen.where(item_blobs.c.item.in_(some)).order_by(item_blobs.c.item, item_blobs.c.place)
        for item, place, blob in tx.execute(chosen):
            if place.startswith("original/"):
                found[ItemId(item)].append(BlobName(blob))
    return {item: tuple(names) for item, names in found.items()}


def drop_item(tx: Transaction, item: ItemId) -> list[tuple[ProjectId, BlobName]]:
    """Forget every blob of `item`; returns those that nobody else in their project uses."""
    rows = of_item(tx, item)
    tx.execute(item_blobs.delete().where(item_blobs.c.item == item))
    return _alone(tx, rows)


def _alone(tx: Transaction, rows: Sequence[BlobRow]) -> list[tuple[ProjectId, BlobName]]:
    """Those of the forgotten `rows` that nobody else in their project uses."""
    alone: list[tuple[ProjectId, BlobName]] = []
    for row in rows:
        others = (item_blobs.c.blob == row.blob) & (item_blobs.c.project == row.project)
        if not row.root and tx.execute(select(item_blobs.c.item).where(others).limit(1)).first() is None:
            alone.append((row.project, row.blob))
    return alone


def in_use(tx: Transaction) -> list[tuple[ProjectId, BlobName]]:
    """Every blob that any item uses, once; adopted media are none of ours."""
    columns = (item_blobs.c.project, item_blobs.c.blob)
    chosen = select(*columns).where(item_blobs.c.root == "").distinct().order_by(*columns)
    return [(ProjectId(project), BlobName(blob)) for project, blob in tx.execute(chosen)]
