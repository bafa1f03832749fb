"""Wrapped keys of projects and items. Nothing here can be opened without the root key."""

from collections.abc import Sequence

from sqlalchemy import Table, bindparam, select

from studio.domain.ids import ItemId, ProjectId
from training.store.engine import Transaction
from training.store.prepared import Prepared
from training.store.schema import bytes_column, id_column, metadata, number_column

_AT_ONCE = 500  # below SQLite's bound on variables of one statement

project_keys = Table(
    "project_keys", metadata, id_column("project", primary_key=True), bytes_column("wrapped")
)

item_keys = Table(
    "item_keys",
    metadata,
    id_column("item", primary_key=True),
    id_column("project", index=True),
    bytes_column("wrapped", nullable=True),  # null: destroyed, and this row is the tombstone
    number_column("destroyed_ns", nullable=True),
)


def put_project(tx: Transaction, project: ProjectId, wrapped: bytes) -> None:
    """Keep the wrapped key of a new project."""
    tx.execute(project_keys.insert().values(project=project, wrapped=wrapped))


def project(tx: Transaction, project: ProjectId) -> bytes | None:
    """A project's wrapped key."""
    found = tx.execute(select(project_keys.c.wrapped).where(project_keys.c.project == project))
    return found.scalar_one_or_none()


def put_item(tx: Transaction, item: ItemId, project: ProjectId, wrapped: bytes) -> None:
    """Keep the wrapped key of a new item."""
    tx.execute(item_keys.insert().values(item=item, project=project, wrapped=wrapped))


# made once: every save and every row of a list needs it
_ITEMS = (
    select(item_keys.c.item, item_keys.c.project, item_keys.c.wrapped, project_keys.c.wrapped)
    .select_from(item_keys.join(project_keys, item_keys.c.project == project_keys.c.project))
    .where(item_keys.c.item.in_(bindparam("some", expanding=True)))
)
_ITEM = Prepared(
    select(item_keys.c.item, item_keys.c.project, item_keys.c.wrapped, project_keys.c.wrapped)
    .select_from(item_keys.join(project_keys, item_keys.c.project == project_keys.c.project))
    .where(item_keys.c.item == bindparam("item"))
)


def items(tx: Transaction, items: Sequence[ItemId]) -> dict[ItemId, tuple[ProjectId, bytes | None, bytes]]:
    """For those that exist: project, wrapped key (None: destroyed), and the project's wrapped key."""
    found: dict[ItemId, tuple[ProjectId, bytes | None, bytes]] = {}
    for start in range(0, len(items), _AT_ONCE):
        some = items[start : start + _AT_ONCE]
        rows = (
            tx.execute(_ITEM, {"item": some[0]}) if len(some) == 1 else tx.execute(_ITEMS, {"some": [*some]})
        )
        for item, of_project, wrapped, project_wrapped in rows:
            found[ItemId(item)] = (ProjectId(of_project), wrapped, project_wrapped)
    return found


def destroy_item(tx: Transaction, item: ItemId, time_ns: int) -> None:
    """Overwrite an item's wrapped key; the row stays as a tombstone."""
    tx.execute(item_keys.update().where(item_keys.c.item == item).values(wrapped=None, destroyed_ns=time_ns))


def destroyed(tx: Transaction, items: Sequence[ItemId]) -> set[ItemId]:
    """Which of `items` were erased."""
    found: set[ItemId] = set()
    for start in range(0, len(items), _AT_ONCE):
        some = items[start : start + _AT_ONCE]
        chosen = item_keys.c.item.in_(some) & item_keys.c.destroyed_ns.is_not(None)
        found |= set(tx.execute(select(item_keys.c.item).where(chosen)).scalars())
    return found


def erased_in(tx: Transaction, project: ProjectId) -> list[tuple[ItemId, int]]:
    """Every tombstone of a project: item and when."""
    chosen = (item_keys.c.project == project) & item_keys.c.destroyed_ns.is_not(None)
    rows = tx.execute(select(item_keys.c.item, item_keys.c.destroyed_ns).where(chosen))
    return [(ItemId(item), when) for item, when in rows]
