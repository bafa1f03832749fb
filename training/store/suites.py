"""Sealed suites: which items are judged and never shown, and every look that was taken."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Index, Table, bindparam, func, select

from studio.domain.ids import ItemId, ModelId, ProjectId, SuiteId, UserId
from studio.domain.wire.releases import Suite
from training.store.engine import Transaction
from training.store.items import item_classes, items
from training.store.prepared import Prepared
from training.store.schema import id_column, metadata, number_column, text_column

suites = Table(
    "suites",
    metadata,
    id_column("id", primary_key=True),
    id_column("project", index=True),
    text_column("name"),
    number_column("version"),
    number_column("created_ns"),
)

suite_items = Table(
    "suite_items",
    metadata,
    id_column("suite", primary_key=True),
    id_column("item", primary_key=True),
    id_column("project", index=True),
    number_column("revision"),  # of the item in the suite's present version
    Index("ix_suite_items_by_item", "item"),
)

suite_looks = Table(
    "suite_looks",
    metadata,
    id_column("suite", primary_key=True),
    number_column("number", primary_key=True, autoincrement=False),
    number_column("version"),
    id_column("model"),
    id_column("user"),
    number_column("time_ns"),
)


def add(tx: Transaction, suite: Suite, members: Sequence[tuple[ItemId, int]]) -> None:
    """Write a new suite of (item, revision)."""
    row = {
        "id": suite.id,
        "project": suite.project,
        "name": suite.name,
        "version": suite.version,
        "created_ns": suite.created_ns,
    }
    tx.execute(suites.insert(), row)
    rows = [
        {"suite": suite.id, "item": item, "project": suite.project, "revision": revision}
        for item, revision in members
    ]
    tx.execute(suite_items.insert(), rows)


def get(tx: Transaction, suite: str) -> Suite | None:
    """The suite of this id."""
    found = _found(tx, suites.c.id == suite)
    return found[0] if found else None


def of_project(tx: Transaction, project: ProjectId) -> list[Suite]:
    """A project's suites, the newest first."""
    return _found(tx, suites.c.project == project)


def members(tx: Transaction, suite: SuiteId) -> list[tuple[ItemId, int]]:
    """(item, revision) of what still exists, by item; the revision is the one of the suite's version."""
    joined = suite_items.join(items, items.c.id == suite_items.c.item)
    chosen = select(suite_items.c.item, suite_items.c.revision).select_from(joined)
    chosen = chosen.where(suite_items.c.suite == suite, items.c.erased.is_(False))
    return [(ItemId(item), revision) for item, revision in tx.execute(chosen.order_by(suite_items.c.item))]


def items_of_project(tx: Transaction, project: ProjectId) -> set[ItemId]:
    """Every item of any suite of a project."""
    chosen = select(suite_items.c.item).where(suite_items.c.project == project)
    return {ItemId(item) for item in tx.execute(chosen).scalars()}


# every request that names an item asks it
_HOLDS = Prepared(select(suite_items.c.suite).where(suite_items.c.item == bindparam("item")).limit(1))


def holds(tx: Transaction, item: ItemId) -> bool:
    """Whether an item is in any suite."""
    return tx.execute(_HOLDS, {"item": item}).one_or_none() is not None


def changed_members(tx: Transaction, suite: SuiteId) -> list[tuple[ItemId, int]]:
    """The items that were corrected since the suite's version, with their revisions now."""
    joined = suite_items.join(items, items.c.id == suite_items.c.item)
    chosen = select(items.c.id, items.c.revision).select_from(joined)
    chosen = chosen.where(suite_items.c.suite == suite, items.c.revision != suite_items.c.revision)
    return [(ItemId(item), revision) for item, revision in tx.execute(chosen)]


def next_version(tx: Transaction, suite: SuiteId, changed: Sequence[tuple[ItemId, int]]) -> int:
    """Take the corrected items in, as the next version; returns its number."""
    for item, revision in changed:
        here = (suite_items.c.suite == suite) & (suite_items.c.item == item)
        tx.execute(suite_items.update().where(here).values(revision=revision))
    grown = suites.update().where(suites.c.id == suite).values(version=suites.c.version + 1)
    return int(tx.execute(grown.returning(suites.c.version)).scalar_one())


def add_look(
    tx: Transaction, suite: SuiteId, version: int, model: ModelId, user: UserId, time_ns: int
) -> None:
    """Count one look of one model at the suite."""
    last = tx.execute(select(func.max(suite_looks.c.number)).where(suite_looks.c.suite == suite)).scalar_one()
    row = {
        "suite": suite,
        "number": (last or 0) + 1,
        "version": version,
        "model": model,
        "user": user,
        "time_ns": time_ns,
    }
    tx.execute(suite_looks.insert(), row)


def labels_by_class(tx: Transaction, chosen: Sequence[ItemId]) -> dict[str, int]:
    """How many shapes of each class these items hold."""
    counts: dict[str, int] = {}
    for start in range(0, len(chosen), 500):
        some = chosen[start : start + 500]
        found = select(item_classes.c.class_name, func.sum(item_classes.c.shapes))
        found = found.where(item_classes.c.item.in_(some)).group_by(item_classes.c.class_name)
        for name, count in tx.execute(found):
            counts[name] = counts.get(name, 0) + int(count)
    return counts


def _found(tx: Transaction, where: Any) -> list[Suite]:
    def count(table: Table) -> Any:
        return select(func.count()).select_from(table).where(table.c.suite == suites.c.id).scalar_subquery()

    columns = (suites.c.id, suites.c.project, suites.c.name, suites.c.version)
    chosen = select(*columns, count(suite_items), count(suite_looks), suites.c.created_ns).where(where)
    return [Suite(*row) for row in tx.execute(chosen.order_by(suites.c.created_ns.desc()))]
