"""Pools: items gathered for a purpose, each with why it is there."""

from collections.abc import Sequence
from typing import Literal

from sqlalchemy import Index, Table, UniqueConstraint, func, select

from studio.domain.ids import ItemId, PoolId, ProjectId
from studio.domain.wire.evaluation import Pool
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

Purpose = Literal["bad_cases", "online", "chosen"]

pools = Table(
    "pools",
    metadata,
    id_column("id", primary_key=True),
    id_column("project"),
    text_column("name"),
    id_column("purpose"),
    number_column("created_ns"),
    UniqueConstraint("project", "name"),
)

pool_items = Table(
    "pool_items",
    metadata,
    id_column("pool", primary_key=True),
    id_column("item", primary_key=True),
    number_column("added_ns"),
    bytes_column("reason"),  # sealed with the item's key; empty: none was given
    Index("ix_pool_items_by_item", "item"),
)


def add(
    tx: Transaction, pool: PoolId, project: ProjectId, name: str, purpose: Purpose, created_ns: int
) -> None:
    """Write a new pool."""
    row = {"id": pool, "project": project, "name": name, "purpose": purpose, "created_ns": created_ns}
    tx.execute(pools.insert(), row)


def get(tx: Transaction, pool: str) -> Pool | None:
    """The pool of this id."""
    found = _found(tx, pools.c.id == pool)
    return found[0] if found else None


def by_name(tx: Transaction, project: ProjectId, name: str) -> Pool | None:
    """A project's pool of this name."""
    found = _found(tx, (pools.c.project == project) & (pools.c.name == name))
    return found[0] if found else None


def of_project(tx: Transaction, project: ProjectId) -> list[Pool]:
    """A project's pools, by name."""
    return _found(tx, pools.c.project == project)


def project_of(tx: Transaction, pool: str) -> ProjectId | None:
    """The project of a pool."""
    found = tx.execute(select(pools.c.project).where(pools.c.id == pool)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def put_items(tx: Transaction, pool: PoolId, items: Sequence[tuple[ItemId, bytes]], added_ns: int) -> int:
    """Have `items` in the pool, each with its sealed reason; says how many were not there before.

    One that is there takes the new reason and keeps its time.
    """
    fresh = 0
    for item, reason in items:
        here = (pool_items.c.pool == pool) & (pool_items.c.item == item)
        changed = tx.execute(pool_items.update().where(here).values(reason=reason))
        if not changed.rowcount:
            row = {"pool": pool, "item": item, "added_ns": added_ns, "reason": reason}
            tx.execute(pool_items.insert(), row)
            fresh += 1
    return fresh


def take_out(tx: Transaction, pool: PoolId, item: ItemId) -> None:
    """Have `item` no longer in the pool."""
    tx.execute(pool_items.delete().where(pool_items.c.pool == pool, pool_items.c.item == item))


def of_item(tx: Transaction, item: ItemId) -> list[tuple[PoolId, bytes]]:
    """The pools that hold an item, with the sealed reasons."""
    chosen = select(pool_items.c.pool, pool_items.c.reason).where(pool_items.c.item == item)
    return [(PoolId(pool), reason) for pool, reason in tx.execute(chosen)]


def drop_item(tx: Transaction, item: ItemId) -> None:
    """Take an erased item out of every pool."""
    tx.execute(pool_items.delete().where(pool_items.c.item == item))


def _found(tx: Transaction, where: object) -> list[Pool]:
    count = (
        select(func.count()).select_from(pool_items).where(pool_items.c.pool == pools.c.id).scalar_subquery()
    )
    columns = (pools.c.id, pools.c.project, pools.c.name, pools.c.purpose, count)
    chosen = select(*columns).where(where).order_by(pools.c.name)  # type: ignore[arg-type]
    return [Pool(*row) for row in tx.execute(chosen)]
