"""Walking from what was made to what it was made from, and back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire.jobs import Lineage, LineageNode
from training.store import items, snapshots, titles
from training.store import lineage as edges
from training.store.engine import Transaction
from training.work.access import missing

if TYPE_CHECKING:
    from training.node import Node


def link(node: Node, tx: Transaction, project: ProjectId, made: edges.Thing, from_: edges.Thing) -> None:
    """Remember that `made` was made from `from_`, each (kind, id); the same again changes nothing."""
    edges.add(tx, project, made, from_, node.clock.now_ns())


def of(node: Node, project: ProjectId, kind: str, key: str) -> Lineage:
    """One step up and one step down from a thing. Raises `access.missing`."""
    with node.store.read() as tx:
        up = edges.made_from(tx, project, (kind, key))
        down = edges.used_in(tx, project, (kind, key))
        if kind == "item":
            # an item's own edges stand in its row and in the snapshots that hold it
            stored = items.get(tx, key)
            if stored is not None and stored.origin is not None:
                up.append(("import", stored.origin, stored.imported_ns))
            down += [("snapshot", each, 0) for each in snapshots.holding(tx, ItemId(key))]
        return Lineage(
            _named(tx, project, kind, key),
            tuple(_each(tx, project, up)),
            tuple(_each(tx, project, down)),
        )


def _each(tx: Transaction, project: ProjectId, found: list[tuple[str, str, int]]) -> list[LineageNode]:
    return [
        _node(kind, key, title)
        for kind, key, _ in found
        if (title := titles.title_of(tx, project, kind, key)) is not None
    ]


def _named(tx: Transaction, project: ProjectId, kind: str, key: str) -> LineageNode:
    title = titles.title_of(tx, project, kind, key)
    if title is None:
        raise missing()
    return _node(kind, key, title)


def _node(kind: str, key: str, title: tuple[str, int]) -> LineageNode:
    return LineageNode(kind, key, title[0], title[1])
