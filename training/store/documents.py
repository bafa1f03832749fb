"""Annotations: head rows, who points at whom, and the revisions. Payloads come and go sealed."""

from collections.abc import Iterable, Sequence

from msgspec import Struct
from sqlalchemy import Index, Table, UniqueConstraint, bindparam, case, func, select

from studio.domain.ids import BatchId, EntityId, ItemId, OperationId, ProjectId, UserId
from training.store.engine import Transaction
from training.store.items import items
from training.store.prepared import Prepared
from training.store.schema import bytes_column, id_column, metadata, number_column

_FEW = 8  # ids that are quicker asked for one by one: the text of an `IN` differs with their number
_AT_ONCE = 500  # ids in one statement; SQLite takes 32,766 and plans slower long before

heads = Table(
    "heads",
    metadata,
    id_column("item", primary_key=True),
    id_column("entity", primary_key=True),
    id_column("kind"),
    bytes_column("payload"),
)

links = Table(  # of head entities: `source` points at `target`
    "links",
    metadata,
    id_column("item", primary_key=True),
    id_column("source", primary_key=True),
    id_column("target", primary_key=True),
    # with `source`, or SQLite would rather read the whole primary key of a large item than look it up
    Index("ix_links_to_source", "item", "target", "source"),
)

revisions = Table(
    "revisions",
    metadata,
    id_column("item", primary_key=True),
    number_column("revision", primary_key=True, autoincrement=False),
    id_column("operation"),
    id_column("author"),
    number_column("time_ns"),
    number_column("base"),
    number_column("schema"),
    id_column("undoes", nullable=True),
    id_column("batch", nullable=True),
    bytes_column("payload"),
    UniqueConstraint("operation"),
    Index("ix_revisions_of_batch", "batch"),
)


class StoredRevision(Struct, frozen=True):
    """One Edit as it is stored: what the node stamped, and the sealed rest."""

    item: ItemId
    revision: int
    operation: OperationId
    author: UserId
    time_ns: int
    base: int
    schema: int
    undoes: OperationId | None
    batch: BatchId | None
    payload: bytes


class Head(Struct, frozen=True):
    """One entity as it stands now, sealed."""

    entity: EntityId
    kind: str
    payload: bytes


# made once: building a statement costs more than running it, and every save runs these
_BY_OPERATION = Prepared(select(revisions).where(revisions.c.operation == bindparam("operation")))
_INSERT_REVISION = Prepared(revisions.insert())
_HEADS = select(heads.c.entity, heads.c.kind, heads.c.payload).where(
    heads.c.item == bindparam("item"), heads.c.entity.in_(bindparam("some", expanding=True))
)
_HEAD = Prepared(
    select(heads.c.entity, heads.c.kind, heads.c.payload).where(
        heads.c.item == bindparam("item"), heads.c.entity == bindparam("entity")
    )
)
_INSERT_HEAD = Prepared(heads.insert())
_UPDATE_HEAD = Prepared(
    heads.update()
    .where(heads.c.item == bindparam("here"), heads.c.entity == bindparam("this"))
    .values(kind=bindparam("kind"), payload=bindparam("payload"))
)
_REFERRERS = select(links.c.target, links.c.source).where(
    links.c.item == bindparam("item"), links.c.target.in_(bindparam("some", expanding=True))
)
_REFERRERS_OF = Prepared(
    select(links.c.target, links.c.source).where(
        links.c.item == bindparam("item"), links.c.target == bindparam("target")
    )
)
_other = links.alias("other")
# conditions, no joins: SQLite would begin with every link or head of the item
_LINKS_BETWEEN = Prepared(
    select(links.c.source).where(
        links.c.item == bindparam("item"),
        links.c.target == bindparam("target"),
        select(1)
        .where(
            _other.c.item == links.c.item,
            _other.c.source == links.c.source,
            _other.c.target != links.c.target,
            select(1)
            .where(
                heads.c.item == _other.c.item,
                heads.c.entity == _other.c.target,
                heads.c.kind == bindparam("kind"),
            )
            .exists(),
        )
        .exists(),
    )
)
_INSERT_LINK = Prepared(links.insert())


def by_operation(tx: Transaction, operation: OperationId) -> StoredRevision | None:
    """The revision that this operation made."""
    row = tx.execute(_BY_OPERATION, {"operation": operation}).one_or_none()
    return None if row is None else StoredRevision(*row)


def of_item(tx: Transaction, item: ItemId, after: int, limit: int) -> list[StoredRevision]:
    """Revisions of an item after number `after`, in order."""
    wanted = select(revisions).where(revisions.c.item == item, revisions.c.revision > after)
    return [StoredRevision(*row) for row in tx.execute(wanted.order_by(revisions.c.revision).limit(limit))]


def size_of_batch(tx: Transaction, project: ProjectId, batch: BatchId) -> tuple[int, int, int]:
    """Of a batch in a project: items that are still there, Edits, and how many items were edited since."""
    newest = func.max(revisions.c.revision).label("newest")
    chosen = select(revisions.c.item, func.count().label("edits"), newest)
    held = chosen.where(revisions.c.batch == batch).group_by(revisions.c.item).subquery()
    since = func.sum(case((items.c.revision > held.c.newest, 1), else_=0))
    counted = select(func.count(), func.coalesce(func.sum(held.c.edits), 0), func.coalesce(since, 0))
    there = (items.c.project == project) & items.c.erased.is_(False)
    row = tx.execute(counted.select_from(held.join(items, items.c.id == held.c.item)).where(there)).one()
    return int(row[0]), int(row[1]), int(row[2])


def items_of_batch(
    tx: Transaction, project: ProjectId, batch: BatchId, after: str, limit: int
) -> list[ItemId]:
    """The items of a batch in a project that are still there, by id, those behind `after`."""
    there = (items.c.project == project) & items.c.erased.is_(False) & (revisions.c.item > after)
    wanted = select(revisions.c.item).join(items, items.c.id == revisions.c.item).distinct()
    ordered = wanted.where(there, revisions.c.batch == batch).order_by(revisions.c.item).limit(limit)
    return [ItemId(item) for item in tx.execute(ordered).scalars()]


def revisions_of_batch(tx: Transaction, item: ItemId, batch: BatchId) -> set[int]:
    """The numbers of an item's revisions that belong to a batch."""
    wanted = select(revisions.c.revision).where(revisions.c.item == item, revisions.c.batch == batch)
    return set(tx.execute(wanted).scalars())


def append(tx: Transaction, revision: StoredRevision) -> None:
    """Write the next revision of an item."""
    names = StoredRevision.__struct_fields__
    tx.execute(_INSERT_REVISION, {name: getattr(revision, name) for name in names})


def get_heads(tx: Transaction, item: ItemId, entities: Iterable[EntityId]) -> list[Head]:
    """The entities of these ids, where they exist."""
    wanted = list(entities)
    found: list[Head] = []
    if len(wanted) <= _FEW:
        for entity in wanted:
            found += [Head(*row) for row in tx.execute(_HEAD, {"item": item, "entity": entity})]
        return found
    for some in _batched(wanted):
        found += [Head(*row) for row in tx.execute(_HEADS, {"item": item, "some": list(some)})]
    return found


def all_heads(tx: Transaction, item: ItemId) -> list[Head]:
    """Every entity of an item, by id."""
    wanted = select(heads.c.entity, heads.c.kind, heads.c.payload).where(heads.c.item == item)
    return [Head(*row) for row in tx.execute(wanted.order_by(heads.c.entity))]


def referrers(tx: Transaction, item: ItemId, targets: Iterable[EntityId]) -> dict[EntityId, list[EntityId]]:
    """Who points at each of `targets`; those that nobody points at are left out."""
    wanted = list(targets)
    found: dict[EntityId, list[EntityId]] = {}
    if len(wanted) <= _FEW:
        for entity in wanted:
            for target, source in tx.execute(_REFERRERS_OF, {"item": item, "target": entity}):
                found.setdefault(EntityId(target), []).append(EntityId(source))
        return found
    for some in _batched(wanted):
        for row in tx.execute(_REFERRERS, {"item": item, "some": list(some)}):
            found.setdefault(EntityId(row.target), []).append(EntityId(row.source))
    return found


def links_between(tx: Transaction, item: ItemId, target: EntityId, kind: str) -> list[EntityId]:
    """Who points at `target` and at another entity, which is of this kind."""
    given = {"item": item, "target": target, "kind": kind}
    return [EntityId(source) for (source,) in tx.execute(_LINKS_BETWEEN, given)]


def put_heads(
    tx: Transaction,
    item: ItemId,
    removed: Sequence[EntityId],
    made: Sequence[Head],
    changed: Sequence[Head],
    unlinked: Sequence[EntityId],
    linked: Sequence[tuple[EntityId, EntityId]],
) -> None:
    """Bring the head rows to what an Edit leaves.

    `unlinked`: entities whose references are dropped, `linked`: (source, target) pairs that are then made.
    """
    for some in _batched(removed):
        tx.execute(heads.delete().where(heads.c.item == item, heads.c.entity.in_(some)))
    for some in _batched(unlinked):
        tx.execute(links.delete().where(links.c.item == item, links.c.source.in_(some)))
    if made:
        tx.execute(
            _INSERT_HEAD,
            [
                {"item": item, "entity": each.entity, "kind": each.kind, "payload": each.payload}
                for each in made
            ],
        )
    if changed:
        tx.execute(
            _UPDATE_HEAD,
            [
                {"here": item, "this": each.entity, "kind": each.kind, "payload": each.payload}
                for each in changed
            ],
        )
    if linked:
        rows = [{"item": item, "source": source, "target": target} for source, target in linked]
        tx.execute(_INSERT_LINK, rows)


def drop(tx: Transaction, item: ItemId) -> None:
    """Remove every head, link and sealed revision payload of an item that is erased."""
    tx.execute(heads.delete().where(heads.c.item == item))
    tx.execute(links.delete().where(links.c.item == item))
    tx.execute(revisions.update().where(revisions.c.item == item).values(payload=b""))


def _batched(ids: Sequence[EntityId]) -> Iterable[Sequence[EntityId]]:
    return (ids[at : at + _AT_ONCE] for at in range(0, len(ids), _AT_ONCE))
