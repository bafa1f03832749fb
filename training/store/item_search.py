"""Finding items by their summaries: every filter is an index, a window never reads the whole project."""

from sqlalchemy import Column, ColumnElement, Select, Table, func, select

from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire.projects import ItemQuery, ItemRow
from training.store import projects
from training.store.engine import Transaction
from training.store.items import item_classes, item_tags, items, rows
from training.store.schema import metadata

LARGEST_WINDOW = 1000
_COMMON = 10_000  # items; below this, gathering and sorting all of them is quicker than walking the list


def page(
    tx: Transaction, project: ProjectId, query: ItemQuery, hide_sealed: bool = False
) -> tuple[int, list[ItemRow]]:
    """How many items match, and the window of them that `query` asks for.

    `hide_sealed` leaves out what is in a sealed suite: a row tells of a single item.
    """
    conditions = _conditions(tx, project, query)
    sealed = metadata.tables["suite_items"]
    inside = select(sealed.c.item).where(sealed.c.project == project)
    hides = hide_sealed and tx.execute(inside.limit(1)).first() is not None
    if hides:
        conditions.append(items.c.id.not_in(inside))
    wanted = _ordered(select(items.c.id).where(*conditions), query)
    limit = min(max(query.limit, 0), LARGEST_WINDOW)
    window = wanted.offset(max(query.offset, 0)).limit(limit)
    ids = [ItemId(row.id) for row in tx.execute(window)]
    if hides:
        counted = select(func.count()).select_from(items).where(*conditions)
        return int(tx.execute(counted).scalar_one()), rows(tx, ids)
    return _total(tx, project, query), rows(tx, ids)


def matching(tx: Transaction, project: ProjectId, query: ItemQuery) -> list[ItemId]:
    """Every item that matches, in the query's order, whatever its window says."""
    wanted = _ordered(select(items.c.id).where(*_conditions(tx, project, query)), query)
    return [ItemId(row.id) for row in tx.execute(wanted)]


def _conditions(tx: Transaction, project: ProjectId, query: ItemQuery) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [items.c.project == project, items.c.erased.is_(False)]
    if query.text:
        # contains, with % and _ standing for themselves
        found.append(items.c.name_key.contains(query.text.casefold(), autoescape=True))
    if query.classes:
        having = projects.counts(tx, project, "class_items")
        is_common = sum(having.get(name, 0) for name in set(query.classes)) > _COMMON
        found.append(_has(item_classes, item_classes.c.class_name, project, query.classes, is_common))
    if query.tags:
        having = projects.counts(tx, project, "tag")
        is_common = sum(having.get(name, 0) for name in set(query.tags)) > _COMMON
        found.append(_has(item_tags, item_tags.c.tag, project, query.tags, is_common))
    if query.states:
        found.append(items.c.state.in_(query.states))
    if query.origin is not None:
        found.append(items.c.origin == query.origin)
    if query.sequence:
        found.append(items.c.sequence == query.sequence)
    if query.unsure is not None:
        found.append(items.c.unsure.is_(query.unsure))
    if query.pool is not None:
        pool_items = metadata.tables["pool_items"]
        found.append(items.c.id.in_(select(pool_items.c.item).where(pool_items.c.pool == query.pool)))
    if query.snapshot is not None:
        members = metadata.tables["snapshot_items"]
        taken = select(members.c.item).where(members.c.snapshot == query.snapshot)
        if query.split:
            taken = taken.where(members.c.split == query.split)
        found.append(items.c.id.in_(taken))
    elif query.split:
        found.append(items.c.split_hint == query.split)
    return found


def _has(
    table: Table, column: Column[str], project: ProjectId, names: tuple[str, ...], is_common: bool
) -> ColumnElement[bool]:
    """Items with a row of one of these names. Common: looked up item by item, in the order of the list, so
    that a window stops early; rare: gathered first, so that the list need not be walked to its end."""
    if is_common:
        return select(table.c.item).where(table.c.item == items.c.id, column.in_(names)).exists()
    return items.c.id.in_(select(table.c.item).where(table.c.project == project, column.in_(names)))


def _ordered(wanted: Select[tuple[str]], query: ItemQuery) -> Select[tuple[str]]:
    match query.order:
        case "name":
            return wanted.order_by(items.c.name_key, items.c.id)
        case "newest":
            return wanted.order_by(items.c.imported_ns.desc(), items.c.id.desc())
        case "shapes":
            return wanted.order_by(items.c.shapes.desc(), items.c.id.desc())
        case "state":
            return wanted.order_by(items.c.state, items.c.name_key, items.c.id)


def _total(tx: Transaction, project: ProjectId, query: ItemQuery) -> int:
    bare = ItemQuery(order=query.order, offset=query.offset, limit=query.limit)
    if query == bare:
        return sum(projects.counts(tx, project, "state").values())
    if query.states and _only(query, bare, "states"):
        counts = projects.counts(tx, project, "state")
        return sum(counts.get(state, 0) for state in set(query.states))
    if len(query.classes) == 1 and _only(query, bare, "classes"):
        return projects.counts(tx, project, "class_items").get(query.classes[0], 0)
    if len(query.tags) == 1 and _only(query, bare, "tags"):
        return projects.counts(tx, project, "tag").get(query.tags[0], 0)
    if query.unsure and _only(query, bare, "unsure"):
        return projects.counts(tx, project, "unsure").get("", 0)
    wanted = select(func.count()).select_from(items).where(*_conditions(tx, project, query))
    return int(tx.execute(wanted).scalar_one())


def _only(query: ItemQuery, bare: ItemQuery, name: str) -> bool:
    return all(
        each == name or getattr(query, each) == getattr(bare, each) for each in ItemQuery.__struct_fields__
    )
