"""Walking from what was made to what it was made from, and back.

Some arrows are edges that were written when a thing was made; the others follow from what is stored anyhow:
which items a snapshot or a pool holds, which pool a recipe names, which evaluations a release came after.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from studio.domain.ids import ImportId, ItemId, PoolId, ProjectId, SnapshotId
from studio.domain.wire.jobs import Lineage, LineageNode
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.routes import REVIEW
from training.store import evaluations, item_search, items, pools, releases, snapshots, titles
from training.store import lineage as edges
from training.store.engine import Transaction
from training.work import suites
from training.work.access import Session, missing

if TYPE_CHECKING:
    from training.node import Node

MOST_ITEMS = 40  # that are named one by one; all of them are what their query finds

Arrow = tuple[str, str, int]  # kind, id, when


def link(node: Node, tx: Transaction, project: ProjectId, made: edges.Thing, from_: edges.Thing) -> None:
    """Remember that `made` was made from `from_`, each (kind, id); the same again changes nothing."""
    edges.add(tx, project, made, from_, node.clock.now_ns())


def of(node: Node, project: ProjectId, kind: str, key: str, who: Session) -> Lineage:
    """One step up and one step down from a thing. Raises `access.missing`, `suite.sealed`."""
    with node.store.read() as tx:
        here = _named(tx, project, kind, key)
        if kind == "item":
            suites.check_open(tx, ItemId(key), who)
        hides_sealed = not who.roles_in(project) & REVIEW
        up = [*edges.made_from(tx, project, (kind, key)), *_also_from(tx, project, kind, key)]
        down = [*edges.used_in(tx, project, (kind, key)), *_also_in(tx, project, kind, key)]
        return Lineage(
            here,
            (*_each(tx, project, up), *_items(tx, project, _made_of(kind, key), key, hides_sealed)),
            (*_each(tx, project, down), *_items(tx, project, _gives(kind, key), key, hides_sealed)),
        )


def _also_from(tx: Transaction, project: ProjectId, kind: str, key: str) -> Iterable[Arrow]:
    """What follows from the stored things themselves, a step up."""
    match kind:
        case "item":
            stored = items.get(tx, key)
            if stored is not None and stored.origin is not None:
                yield "import", stored.origin, stored.imported_ns
            for pool, _ in pools.of_item(tx, ItemId(key)):
                yield "pool", pool, 0
        case "snapshot":
            taken = snapshots.get(tx, SnapshotId(key))
            if taken is not None and taken.recipe.query.pool is not None:
                yield "pool", taken.recipe.query.pool, taken.created_ns
        case "release":
            release = releases.get(tx, key)
            if release is not None:
                yield "suite", release.suite, release.asked_ns
                for each in evaluations.of_model(tx, release.model):
                    if each.created_ns <= release.asked_ns:
                        yield "evaluation", each.id, each.created_ns


def _also_in(tx: Transaction, project: ProjectId, kind: str, key: str) -> Iterable[Arrow]:
    """The same arrows, a step down."""
    match kind:
        case "item":
            for snapshot in snapshots.holding(tx, ItemId(key)):
                yield "snapshot", snapshot, 0
        case "pool":
            for taken in snapshots.of_project(tx, project):
                if taken.recipe.query.pool == key:
                    yield "snapshot", taken.id, taken.created_ns
        case "evaluation":
            if (judged := evaluations.get(tx, key)) is not None:
                for release in releases.of_project(tx, project):
                    if release.model == judged.model and release.asked_ns >= judged.created_ns:
                        yield "release", release.id, release.asked_ns
        case "suite":
            for release in releases.of_project(tx, project):
                if release.suite == key:
                    yield "release", release.id, release.asked_ns


def _made_of(kind: str, key: str) -> ItemQuery | None:
    """The items that a thing was made from, as Data finds them."""
    return ItemQuery(snapshot=SnapshotId(key), limit=MOST_ITEMS) if kind == "snapshot" else None


def _gives(kind: str, key: str) -> ItemQuery | None:
    """The items that a thing gathers or brought in, as Data finds them."""
    match kind:
        case "pool":
            return ItemQuery(pool=PoolId(key), order="newest", limit=MOST_ITEMS)
        case "import":
            return ItemQuery(origin=ImportId(key), limit=MOST_ITEMS)
    return None


def _items(
    tx: Transaction, project: ProjectId, query: ItemQuery | None, holder: str, hides_sealed: bool
) -> list[LineageNode]:
    """All of them as one node, then the first by name. Sealed ones are shown to those alone who may open
    them, as in every list."""
    if query is None:
        return []
    total, found = item_search.page(tx, project, query, hides_sealed)
    if not total:
        return []
    count = "1 item" if total == 1 else f"{total:,} items"
    return [
        LineageNode("items", holder, count),
        *_each(tx, project, [("item", row.id, 0) for row in found]),
    ]


def _each(tx: Transaction, project: ProjectId, found: list[Arrow]) -> list[LineageNode]:
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
