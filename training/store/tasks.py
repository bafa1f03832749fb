"""Tasks: items given to somebody, in a stage. An item has at most one that is not closed."""

from collections.abc import Sequence

from msgspec import Struct
from sqlalchemy import Index, Row, Select, Table, func, or_, select

from studio.domain.ids import ItemId, ProjectId, TaskId, UserId
from studio.domain.wire.people import TaskState
from training.store.engine import Transaction
from training.store.items import items
from training.store.schema import (
    bytes_column,
    flag_column,
    id_column,
    metadata,
    number_column,
)

tasks = Table(
    "tasks",
    metadata,
    id_column("id", primary_key=True),
    id_column("project"),
    id_column("item", index=True),
    id_column("state"),
    id_column("author", nullable=True),
    id_column("reviewer", nullable=True),
    flag_column("unsure"),
    bytes_column("note"),  # sealed; empty: none
    number_column("priority"),
    number_column("attempts"),
    number_column("made_ns"),
    number_column("changed_ns"),
    Index("ix_tasks_waiting", "project", "state", "priority", "made_ns"),
)


class StoredTask(Struct, frozen=True):
    """One task, by the names of its columns."""

    id: TaskId
    project: ProjectId
    item: ItemId
    state: TaskState
    author: UserId | None
    reviewer: UserId | None
    unsure: bool
    note: bytes
    priority: int
    attempts: int
    made_ns: int
    changed_ns: int


def add(tx: Transaction, made: Sequence[StoredTask]) -> None:
    """Write new tasks."""
    if made:
        names = StoredTask.__struct_fields__
        tx.execute(tasks.insert(), [{name: getattr(each, name) for name in names} for each in made])


def get(tx: Transaction, task: str) -> StoredTask | None:
    """The task of this id."""
    return _one(tx, select(tasks).where(tasks.c.id == task))


def project_of(tx: Transaction, task: str) -> ProjectId | None:
    """The project of a task."""
    found = tx.execute(select(tasks.c.project).where(tasks.c.id == task)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def of_item(tx: Transaction, item: ItemId) -> StoredTask | None:
    """The newest task of an item, closed or not."""
    wanted = select(tasks).where(tasks.c.item == item)
    return _one(tx, wanted.order_by(tasks.c.made_ns.desc(), tasks.c.id.desc()).limit(1))


def set_fields(tx: Transaction, task: TaskId, **values: object) -> None:
    """Change columns of one task."""
    tx.execute(tasks.update().where(tasks.c.id == task).values(**values))


def next_for(tx: Transaction, project: ProjectId, user: UserId) -> StoredTask | None:
    """What this person should label next: returned work of theirs, then by priority, oldest first."""
    mine = select(tasks).where(
        tasks.c.project == project, tasks.c.state.in_(("returned", "leased")), tasks.c.author == user
    )
    order = (tasks.c.priority.desc(), tasks.c.made_ns, tasks.c.id)
    # what was pulled and is still leased goes on before anything new; returned work comes first of all
    found = _one(tx, mine.order_by(tasks.c.state.desc(), *order).limit(1))
    if found is not None:
        return found
    free = select(tasks).where(
        tasks.c.project == project,
        tasks.c.state == "open",
        or_(tasks.c.author.is_(None), tasks.c.author == user),
    )
    return _one(tx, free.order_by(*order).limit(1))


def next_review_for(tx: Transaction, project: ProjectId, user: UserId, own_too: bool) -> StoredTask | None:
    """What this person should review next: what they have open, then oldest first; work of their own only
    with `own_too`."""
    order = (tasks.c.priority.desc(), tasks.c.changed_ns, tasks.c.id)
    here = tasks.c.project == project
    begun = select(tasks).where(here, tasks.c.state == "in_review", tasks.c.reviewer == user)
    waiting = select(tasks).where(here, tasks.c.state == "submitted")
    if not own_too:
        waiting = waiting.where(tasks.c.author.is_distinct_from(user))
    return _one(tx, begun.order_by(*order).limit(1)) or _one(tx, waiting.order_by(*order).limit(1))


def page(
    tx: Transaction,
    project: ProjectId,
    states: Sequence[TaskState],
    user: UserId | None,
    offset: int,
    limit: int,
) -> tuple[int, list[StoredTask]]:
    """Tasks in these states (empty: any), of this person as author or reviewer, newest change first."""
    here = [tasks.c.project == project]
    if states:
        here.append(tasks.c.state.in_(list(states)))
    if user is not None:
        here.append(or_(tasks.c.author == user, tasks.c.reviewer == user))
    total = int(tx.execute(select(func.count()).select_from(tasks).where(*here)).scalar_one())
    wanted = select(tasks).where(*here).order_by(tasks.c.changed_ns.desc(), tasks.c.id)
    return total, [_stored(row) for row in tx.execute(wanted.offset(offset).limit(limit))]


def items_with_open(tx: Transaction, project: ProjectId, closed: Sequence[TaskState]) -> set[ItemId]:
    """The items that have a task which is not closed."""
    wanted = select(tasks.c.item).where(tasks.c.project == project, tasks.c.state.not_in(list(closed)))
    return {ItemId(row.item) for row in tx.execute(wanted)}


def item_names(tx: Transaction, ids: Sequence[ItemId]) -> dict[ItemId, str]:
    """What these items are called."""
    wanted = select(items.c.id, items.c.name).where(items.c.id.in_(list(ids)))
    return {ItemId(row.id): row.name for row in tx.execute(wanted)}


def _one(tx: Transaction, wanted: Select[tuple[object, ...]]) -> StoredTask | None:
    row = tx.execute(wanted).one_or_none()
    return None if row is None else _stored(row)


def _stored(row: Row[tuple[object, ...]]) -> StoredTask:
    return StoredTask(**{name: row._mapping[name] for name in StoredTask.__struct_fields__})
