"""What things are called, whatever their kind: for lineage, which names all of them."""

from sqlalchemy import Column, Table, select

from studio.domain import canonical
from studio.domain.ids import ProjectId
from studio.domain.wire.training import Snapshot
from training.store.engine import Transaction
from training.store.evaluations import evaluations
from training.store.imports import imports
from training.store.items import items
from training.store.models import models
from training.store.pools import pools
from training.store.releases import releases
from training.store.runs import runs
from training.store.services import services
from training.store.snapshots import snapshots
from training.store.suites import suites

# kind -> its table, where its title stands (an id is followed to its model), and when it was made
_TITLED: dict[str, tuple[Table, str, str]] = {
    "item": (items, "name", "imported_ns"),
    "run": (runs, "name", "created_ns"),
    "model": (models, "name", "created_ns"),
    "evaluation": (evaluations, "model", "created_ns"),
    "release": (releases, "model_name", "asked_ns"),
    "service": (services, "name", "created_ns"),
    "pool": (pools, "name", "created_ns"),
    "suite": (suites, "name", "created_ns"),
    "import": (imports, "format", "created_ns"),
}


def title_of(tx: Transaction, project: ProjectId, kind: str, key: str) -> tuple[str, int] | None:
    """What a thing of a project is called, and when it was made; None where there is no such thing."""
    if kind == "snapshot":
        chosen = (snapshots.c.id == key) & (snapshots.c.project == project)
        data = tx.execute(select(snapshots.c.payload).where(chosen)).scalar_one_or_none()
        if data is None:
            return None
        snapshot = canonical.decode_lenient(data, Snapshot)
        return snapshot.name, snapshot.created_ns
    if kind not in _TITLED:
        return None
    table, title, when = _TITLED[kind]
    columns: tuple[Column[str], Column[int]] = (table.c[title], table.c[when])
    row = tx.execute(select(*columns).where((table.c.id == key) & (table.c.project == project))).one_or_none()
    if row is None:
        return None
    if kind == "evaluation":
        model = title_of(tx, project, "model", row[0])
        return f"of {model[0] if model else 'a model'}", int(row[1])
    if kind == "run" and not row[0]:
        of = tx.execute(select(runs.c.template, runs.c.snapshot_name).where(runs.c.id == key)).one()
        return f"{of[0]} on {of[1]}", int(row[1])
    return str(row[0]), int(row[1])
