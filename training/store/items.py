"""Items: what they are made of, and the summaries by which lists find them."""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct
from sqlalchemy import Index, Row, Table, UniqueConstraint, bindparam, func, select, text

from studio.domain.ids import ImportId, ItemId, ProjectId, StreamId
from studio.domain.wire.projects import ItemRow, ItemState, StreamKind
from training.store.engine import Transaction
from training.store.prepared import Prepared
from training.store.schema import (
    bytes_column,
    flag_column,
    id_column,
    metadata,
    number_column,
    text_column,
)

_AT_ONCE = 500  # ids in one statement

items = Table(
    "items",
    metadata,
    id_column("id", primary_key=True),
    id_column("project"),
    text_column("name"),
    text_column("name_key"),  # as lists sort and search it: folded, numbers by their value
    id_column("state"),
    number_column("revision"),
    number_column("ontology_version"),
    number_column("imported_ns"),
    number_column("entities"),
    number_column("shapes"),
    number_column("remarks"),  # open ones
    flag_column("unsure"),
    id_column("origin", nullable=True),
    text_column("group_key"),
    text_column("sequence"),
    id_column("split_hint"),  # train, val ...: what the import's own format said
    id_column("stream"),  # the first one
    id_column("kind"),
    number_column("width"),
    number_column("height"),
    bytes_column("payload"),  # sealed: streams and facts
    number_column("fence"),  # the last one given; it only grows
    flag_column("erased"),
    UniqueConstraint("origin", "name"),
    Index("ix_items_by_name", "project", "erased", "name_key", "id"),
    Index("ix_items_by_time", "project", "erased", "imported_ns", "id"),
    Index("ix_items_by_shapes", "project", "erased", "shapes", "id"),
    Index("ix_items_by_state", "project", "erased", "state", "name_key", "id"),
    Index("ix_items_by_unsure", "project", "erased", "unsure", "name_key", "id"),
    Index("ix_items_by_split", "project", "erased", "split_hint", "name_key", "id"),
)

item_classes = Table(
    "item_classes",
    metadata,
    id_column("item", primary_key=True),
    text_column("class_name", primary_key=True),
    id_column("project"),
    number_column("shapes"),
    Index("ix_item_classes_by_class", "project", "class_name", "item"),
)

item_tags = Table(
    "item_tags",
    metadata,
    id_column("item", primary_key=True),
    text_column("tag", primary_key=True),
    id_column("project"),
    number_column("count"),
    Index("ix_item_tags_by_tag", "project", "tag", "item"),
)


class StoredItem(Struct, frozen=True):
    """An item's row, by the names of its columns."""

    id: ItemId
    project: ProjectId
    name: str
    name_key: str
    state: ItemState
    revision: int
    ontology_version: int
    imported_ns: int
    entities: int
    shapes: int
    remarks: int
    unsure: bool
    origin: ImportId | None
    group_key: str
    sequence: str
    split_hint: str
    stream: StreamId
    kind: StreamKind
    width: int
    height: int
    payload: bytes
    fence: int
    erased: bool


_GET = Prepared(
    select(*(items.c[name] for name in StoredItem.__struct_fields__)).where(items.c.id == bindparam("item"))
)
_PROJECT_OF = Prepared(
    select(items.c.project).where(items.c.id == bindparam("item"), items.c.erased.is_(False))
)


def add(tx: Transaction, item: StoredItem) -> None:
    """Write a new item."""
    tx.execute(items.insert(), {name: getattr(item, name) for name in StoredItem.__struct_fields__})


def get(tx: Transaction, item: str) -> StoredItem | None:
    """The item of this id, erased or not."""
    row = tx.execute(_GET, {"item": item}).one_or_none()
    return None if row is None else StoredItem(*row)


def project_of(tx: Transaction, item: str) -> ProjectId | None:
    """The project of an item that is still there."""
    found = tx.execute(_PROJECT_OF, {"item": item}).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def by_source(tx: Transaction, origin: ImportId, names: Iterable[str]) -> dict[str, ItemId]:
    """The items that an import has already made of these source paths."""
    wanted = select(items.c.name, items.c.id).where(items.c.origin == origin, items.c.name.in_(list(names)))
    return {row.name: ItemId(row.id) for row in tx.execute(wanted)}


def several(tx: Transaction, ids: Sequence[ItemId]) -> list[StoredItem]:
    """Those of `ids` that are still there, in the order given."""
    found: dict[str, StoredItem] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = list(ids[start : start + _AT_ONCE])
        wanted = select(items).where(items.c.id.in_(some), items.c.erased.is_(False))
        found |= {row.id: _stored(row) for row in tx.execute(wanted)}
    return [found[key] for key in ids if key in found]


def class_counts(tx: Transaction, ids: Sequence[ItemId]) -> dict[str, int]:
    """Shapes by class over these items."""
    found: dict[str, int] = {}
    for start in range(0, len(ids), _AT_ONCE):
        some = list(ids[start : start + _AT_ONCE])
        wanted = select(item_classes.c.class_name, func.sum(item_classes.c.shapes))
        wanted = wanted.where(item_classes.c.item.in_(some)).group_by(item_classes.c.class_name)
        for name, count in tx.execute(wanted):
            found[name] = found.get(name, 0) + int(count)
    return found


def set_fields(tx: Transaction, item: ItemId, **values: object) -> None:
    """Change columns of one item."""
    tx.execute(_setting(tuple(values)), {"this": item, **values})


@lru_cache(maxsize=64)
def _setting(names: tuple[str, ...]) -> Prepared:
    changed = items.update().where(items.c.id == bindparam("this"))
    return Prepared(changed.values({name: bindparam(name) for name in names}))


def add_classes(
    tx: Transaction, project: ProjectId, item: ItemId, changes: Mapping[str, int]
) -> dict[str, int]:
    """Add to an item's shapes by class; returns the classes that it gained (+1) or has lost (-1)."""
    return _add_counts(tx, item_classes, "class_name", project, item, changes)


def add_tags(tx: Transaction, project: ProjectId, item: ItemId, changes: Mapping[str, int]) -> dict[str, int]:
    """Add to an item's tags; returns the tags that it gained (+1) or has lost (-1)."""
    return _add_counts(tx, item_tags, "tag", project, item, changes)


def drop_summary(tx: Transaction, item: ItemId) -> tuple[dict[str, int], dict[str, int]]:
    """Remove an item's counts by class and by tag; returns what they were."""
    found: list[dict[str, int]] = []
    for table, key, count in ((item_classes, "class_name", "shapes"), (item_tags, "tag", "count")):
        rows = tx.execute(select(table.c[key], table.c[count]).where(table.c.item == item))
        found.append({row[0]: row[1] for row in rows})
        tx.execute(table.delete().where(table.c.item == item))
    return found[0], found[1]


def rows(tx: Transaction, ids: list[ItemId]) -> list[ItemRow]:
    """The summaries of these items, in the order given; those that are gone are left out."""
    stored = {row.id: _stored(row) for row in tx.execute(select(items).where(items.c.id.in_(ids)))}
    classes: dict[str, list[tuple[str, int]]] = {}
    wanted = select(item_classes).where(item_classes.c.item.in_(ids)).order_by(item_classes.c.class_name)
    for row in tx.execute(wanted):
        classes.setdefault(row.item, []).append((row.class_name, row.shapes))
    tags: dict[str, list[str]] = {}
    for row in tx.execute(select(item_tags).where(item_tags.c.item.in_(ids)).order_by(item_tags.c.tag)):
        tags.setdefault(row.item, []).append(row.tag)
    return [
        ItemRow(
            id=each.id,
            name=each.name,
            state=each.state,
            revision=each.revision,
            shapes=each.shapes,
            classes=tuple(classes.get(each.id, ())),
            tags=tuple(tags.get(each.id, ())),
            width=each.width,
            height=each.height,
            stream=each.stream,
            kind=each.kind,
            remarks=each.remarks,
            unsure=each.unsure,
            accepted=each.state == "accepted",
            sequence=each.sequence,
        )
        for key in ids
        if (each := stored.get(key)) is not None
    ]


# as text, which is prepared once: every save runs it
_ADD_COUNT = {
    table.name: Prepared(
        text(
            f"INSERT INTO {table.name} (item, {key}, project, {count}) VALUES (:item, :name, :project, :by) "
            f"ON CONFLICT (item, {key}) DO UPDATE SET {count} = {table.name}.{count} + excluded.{count} "
            f"RETURNING {count}"
        )
    )
    for table, key, count in ((item_classes, "class_name", "shapes"), (item_tags, "tag", "count"))
}


def _stored(row: Row[tuple[object, ...]]) -> StoredItem:
    return StoredItem(**{name: row._mapping[name] for name in StoredItem.__struct_fields__})


def _add_counts(
    tx: Transaction,
    table: Table,
    key: str,
    project: ProjectId,
    item: ItemId,
    changes: Mapping[str, int],
) -> dict[str, int]:
    turned: dict[str, int] = {}
    for name, by in changes.items():
        if not by:
            continue
        given = {"item": item, "name": name, "project": project, "by": by}
        after = tx.execute(_ADD_COUNT[table.name], given).scalar_one()
        if after <= 0:
            tx.execute(table.delete().where((table.c.item == item) & (table.c[key] == name)))
            turned[name] = -1
        elif after == by:
            turned[name] = 1
    return turned
