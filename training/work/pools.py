"""Pools: items gathered for a purpose, with a reason each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.domain.ids import ItemId, PoolId, ProjectId, UserId, new_id
from studio.domain.wire.evaluation import Pool, PoolItems
from training.store import items, pools
from training.store.engine import Transaction
from training.store.pools import Purpose
from training.work import audit
from training.work.access import Session, missing

if TYPE_CHECKING:
    from training.node import Node

NAMES: dict[Purpose, str] = {"bad_cases": "Bad cases", "online": "Latest online data"}


def of_project(node: Node, project: ProjectId) -> tuple[Pool, ...]:
    """A project's pools; those that every project has are made at the first look."""
    with node.store.read() as tx:
        found = pools.of_project(tx, project)
    if {pool.purpose for pool in found} >= NAMES.keys():
        return tuple(found)
    with node.store.write() as tx:
        for purpose in NAMES:
            ensure(node, tx, project, purpose)
        return tuple(pools.of_project(tx, project))


def ensure(node: Node, tx: Transaction, project: ProjectId, purpose: Purpose) -> Pool:
    """The project's own pool for `purpose`, made where there is none."""
    found = pools.by_name(tx, project, NAMES[purpose])
    if found is None:
        pool = PoolId(new_id())
        pools.add(tx, pool, project, NAMES[purpose], purpose, node.clock.now_ns())
        found = Pool(pool, project, NAMES[purpose], purpose, 0)
    return found


def add_items(node: Node, pool: str, asked: PoolItems, who: Session) -> Pool:
    """Put items of the pool's own project into it; those that are there keep their place."""
    with node.store.write() as tx:
        found = pools.get(tx, pool)
        if found is None:
            raise missing()
        for item in asked.items:
            if items.project_of(tx, item) != found.project:
                raise missing()
        put(node, tx, found.id, asked.items, asked.reason, who.user)
        grown = pools.get(tx, pool)
        assert grown is not None
        return grown


def put(
    node: Node, tx: Transaction, pool: PoolId, wanted: tuple[ItemId, ...], reason: str, user: UserId
) -> int:
    """As `add_items`, in a transaction of the caller's; says how many are new there."""
    sealers = node.keys.item_sealers(tx, wanted)
    rows = [
        (item, sealers[item].seal(reason.encode(), _aad(pool, item)) if reason else b"") for item in wanted
    ]
    fresh = pools.put_items(tx, pool, rows, node.clock.now_ns())
    audit.append(node, tx, user, "pool.add", f"{pool} {len(wanted)}")
    found = pools.get(tx, pool)
    assert found is not None
    tx.emit("items", found.project, subject=pool)
    return fresh


def _aad(pool: PoolId, item: ItemId) -> bytes:
    return f"pool {pool} {item}".encode()
