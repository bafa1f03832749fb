"""What was made from what: edges between things of any kind, walked both ways."""

from sqlalchemy import Index, Table, select

from studio.domain.ids import ProjectId
from training.store.engine import Transaction
from training.store.schema import id_column, metadata, number_column

Thing = tuple[str, str]  # kind (snapshot, run, model ...) and id

edges = Table(
    "lineage",
    metadata,
    id_column("made_kind", primary_key=True),
    id_column("made", primary_key=True),
    id_column("from_kind", primary_key=True),
    id_column("made_from", primary_key=True),
    id_column("project", index=True),
    number_column("time_ns"),
    Index("ix_lineage_up", "from_kind", "made_from"),
)


def add(tx: Transaction, project: ProjectId, made: Thing, made_from: Thing, time_ns: int) -> None:
    """Add one edge; the same again changes nothing."""
    known = (
        (edges.c.made_kind == made[0])
        & (edges.c.made == made[1])
        & (edges.c.from_kind == made_from[0])
        & (edges.c.made_from == made_from[1])
    )
    if tx.execute(select(edges.c.time_ns).where(known)).first() is None:
        row = edges.insert().values(
            made_kind=made[0],
            made=made[1],
            from_kind=made_from[0],
            made_from=made_from[1],
            project=project,
            time_ns=time_ns,
        )
        tx.execute(row)


def made_from(tx: Transaction, project: ProjectId, of: Thing) -> list[tuple[str, str, int]]:
    """One step up: (kind, id, when), oldest first."""
    chosen = (edges.c.made_kind == of[0]) & (edges.c.made == of[1]) & (edges.c.project == project)
    found = select(edges.c.from_kind, edges.c.made_from, edges.c.time_ns).where(chosen)
    return [(kind, key, when) for kind, key, when in tx.execute(found.order_by(edges.c.time_ns))]


def used_in(tx: Transaction, project: ProjectId, of: Thing) -> list[tuple[str, str, int]]:
    """One step down: (kind, id, when), oldest first."""
    chosen = (edges.c.from_kind == of[0]) & (edges.c.made_from == of[1]) & (edges.c.project == project)
    found = select(edges.c.made_kind, edges.c.made, edges.c.time_ns).where(chosen)
    return [(kind, key, when) for kind, key, when in tx.execute(found.order_by(edges.c.time_ns))]
