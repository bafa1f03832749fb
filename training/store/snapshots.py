"""Snapshots: what was frozen, and the recipe by which it was found."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import Index, Table, func, select

from studio.domain import canonical
from studio.domain.ids import ItemId, ProjectId, SnapshotId
from studio.domain.wire.training import Snapshot
from training.store.engine import Transaction
from training.store.keys import item_keys
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

snapshots = Table(
    "snapshots",
    metadata,
    id_column("id", primary_key=True),
    id_column("project", index=True),
    number_column("created_ns"),
    bytes_column("payload"),  # the Snapshot itself
)

snapshot_items = Table(
    "snapshot_items",
    metadata,
    id_column("snapshot", primary_key=True),
    id_column("item", primary_key=True),
    number_column("revision"),
    id_column("split"),
    text_column("group_key"),
    bytes_column("media"),  # SHA-256 over the names of its media
    Index("ix_snapshot_items_by_split", "snapshot", "split", "item"),
)


class Frozen(Struct, frozen=True, array_like=True):
    """One item of a snapshot. What the digest is taken over, in this order."""

    item: ItemId
    revision: int
    media: bytes
    split: str
    group_key: str


def add(tx: Transaction, snapshot: Snapshot, frozen: Sequence[Frozen]) -> None:
    """Write a snapshot with its items."""
    row = {
        "id": snapshot.id,
        "project": snapshot.project,
        "created_ns": snapshot.created_ns,
        "payload": canonical.encode(snapshot),
    }
    tx.execute(snapshots.insert(), row)
    names = Frozen.__struct_fields__
    rows = [{"snapshot": snapshot.id, **{name: getattr(each, name) for name in names}} for each in frozen]
    if rows:
        tx.execute(snapshot_items.insert(), rows)


def get(tx: Transaction, snapshot: SnapshotId) -> Snapshot | None:
    """The snapshot of this id, with how many of its items were erased since."""
    data = tx.execute(select(snapshots.c.payload).where(snapshots.c.id == snapshot)).scalar_one_or_none()
    return None if data is None else _opened(tx, data)


def of_project(tx: Transaction, project: ProjectId) -> list[Snapshot]:
    """A project's snapshots, newest first."""
    chosen = select(snapshots.c.payload).where(snapshots.c.project == project)
    ordered = chosen.order_by(snapshots.c.created_ns.desc(), snapshots.c.id.desc())
    return [_opened(tx, data) for data in tx.execute(ordered).scalars()]


def project_of(tx: Transaction, snapshot: str) -> ProjectId | None:
    """Which project a snapshot belongs to."""
    found = tx.execute(select(snapshots.c.project).where(snapshots.c.id == snapshot)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def frozen(tx: Transaction, snapshot: SnapshotId, split: str = "") -> list[Frozen]:
    """The items of a snapshot (of one split), sorted by id; erased ones are still among them."""
    columns = [snapshot_items.c[name] for name in Frozen.__struct_fields__]
    chosen = select(*columns).where(snapshot_items.c.snapshot == snapshot)
    if split:
        chosen = chosen.where(snapshot_items.c.split == split)
    return [Frozen(*row) for row in tx.execute(chosen.order_by(snapshot_items.c.item))]


def holding(tx: Transaction, item: ItemId) -> list[SnapshotId]:
    """The snapshots that an item is in."""
    chosen = select(snapshot_items.c.snapshot).where(snapshot_items.c.item == item)
    return [SnapshotId(each) for each in tx.execute(chosen).scalars()]


def _opened(tx: Transaction, data: bytes) -> Snapshot:
    snapshot = canonical.decode_lenient(data, Snapshot)
    gone = snapshot_items.join(item_keys, snapshot_items.c.item == item_keys.c.item)
    chosen = (snapshot_items.c.snapshot == snapshot.id) & item_keys.c.destroyed_ns.is_not(None)
    erased = tx.execute(select(func.count()).select_from(gone).where(chosen)).scalar_one()
    return replace(snapshot, erased=int(erased))
