"""Training runs: their state, their curves and their log."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, func, select

from studio.domain import canonical
from studio.domain.ids import ModelId, ProjectId, RunId, SnapshotId
from studio.domain.values import Value
from studio.domain.wire.training import Point, Run, RunState
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, real_column, text_column

LIVE: tuple[RunState, ...] = ("queued", "running", "pausing", "cancelling")

runs = Table(
    "runs",
    metadata,
    id_column("id", primary_key=True),
    id_column("project", index=True),
    text_column("name"),
    id_column("template"),
    text_column("algorithm"),
    id_column("snapshot", index=True),
    text_column("snapshot_name"),
    bytes_column("parameters"),  # canonical (name, value) pairs
    number_column("seed"),
    id_column("state", index=True),
    number_column("attempt"),
    number_column("epoch"),
    number_column("epochs"),
    number_column("eta_ms", nullable=True),
    bytes_column("metrics"),
    id_column("model", nullable=True),
    number_column("created_ns"),
    number_column("started_ns"),
    number_column("ended_ns"),
    id_column("author"),
    text_column("environment"),
    number_column("cpu_ms"),
    number_column("wall_ms"),
    text_column("error"),
    text_column("hint"),
    bytes_column("key"),  # of its shards, checkpoints and messages; sealed with the project's
)

points = Table(
    "run_points",
    metadata,
    id_column("run", primary_key=True),
    number_column("number", primary_key=True, autoincrement=False),
    text_column("name"),
    number_column("step"),
    real_column("epoch"),
    real_column("value"),
    number_column("time_ns"),
)

lines = Table(
    "run_lines",
    metadata,
    id_column("run", primary_key=True),
    number_column("number", primary_key=True, autoincrement=False),
    bytes_column("line"),  # sealed with the project's key: code may print what it trains on
)


def add(tx: Transaction, run: Run, key: bytes) -> None:
    """Keep a new run. `key` is sealed."""
    tx.execute(
        runs.insert(),
        {
            "id": run.id,
            "project": run.project,
            "name": run.name,
            "template": run.template,
            "algorithm": run.algorithm,
            "snapshot": run.snapshot,
            "snapshot_name": run.snapshot_name,
            "parameters": canonical.encode(run.parameters),
            "seed": run.seed,
            "state": run.state,
            "attempt": run.attempt,
            "epoch": run.epoch,
            "epochs": run.epochs,
            "eta_ms": None,
            "metrics": canonical.encode(run.metrics),
            "model": None,
            "created_ns": run.created_ns,
            "started_ns": 0,
            "ended_ns": 0,
            "author": run.author,
            "environment": run.environment,
            "cpu_ms": 0,
            "wall_ms": 0,
            "error": "",
            "hint": "",
            "key": key,
        },
    )


def get(tx: Transaction, run: RunId) -> Run | None:
    """A run as the wire says it."""
    row = tx.execute(select(runs).where(runs.c.id == run)).one_or_none()
    return None if row is None else _run(row)


def of_project(tx: Transaction, project: ProjectId, limit: int = 500) -> list[Run]:
    """A project's runs, newest first."""
    chosen = select(runs).where(runs.c.project == project)
    newest = chosen.order_by(runs.c.created_ns.desc(), runs.c.id.desc()).limit(limit)
    return [_run(row) for row in tx.execute(newest)]


def project_of(tx: Transaction, run: str) -> ProjectId | None:
    """Which project a run belongs to."""
    found = tx.execute(select(runs.c.project).where(runs.c.id == run)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def key_of(tx: Transaction, run: RunId) -> bytes:
    """The run's sealed key."""
    key: bytes = tx.execute(select(runs.c.key).where(runs.c.id == run)).scalar_one()
    return key


def live(tx: Transaction) -> list[tuple[RunId, RunState]]:
    """Runs that are not over and not paused, oldest first."""
    chosen = select(runs.c.id, runs.c.state).where(runs.c.state.in_(LIVE)).order_by(runs.c.created_ns)
    return [(RunId(row[0]), row[1]) for row in tx.execute(chosen)]


def change(tx: Transaction, run: RunId, when: Sequence[RunState], **values: Any) -> bool:
    """Set columns where the run's state is one of `when`; says whether it was."""
    if "metrics" in values:
        values["metrics"] = canonical.encode(values["metrics"])
    changed = tx.execute(runs.update().where((runs.c.id == run) & runs.c.state.in_(when)).values(**values))
    return changed.rowcount > 0


def spend(tx: Transaction, run: RunId, cpu_ms: int, wall_ms: int) -> None:
    """Add what an attempt used."""
    more = {"cpu_ms": runs.c.cpu_ms + cpu_ms, "wall_ms": runs.c.wall_ms + wall_ms}
    tx.execute(runs.update().where(runs.c.id == run).values(**more))


def add_log(tx: Transaction, run: RunId, new_points: Sequence[Point], sealed_lines: Sequence[bytes]) -> None:
    """Append to the run's curves and log."""
    if new_points:
        first = _count(tx, points, run)
        rows: list[dict[str, Any]] = [
            {
                "run": run,
                "number": first + index,
                "name": each.name,
                "step": each.step,
                "epoch": each.epoch,
                "value": each.value,
                "time_ns": each.time_ns,
            }
            for index, each in enumerate(new_points)
        ]
        tx.execute(points.insert(), rows)
    if sealed_lines:
        first = _count(tx, lines, run)
        tx.execute(
            lines.insert(),
            [{"run": run, "number": first + index, "line": each} for index, each in enumerate(sealed_lines)],
        )


def read_points(tx: Transaction, run: RunId, after: int, limit: int) -> list[Point]:
    """Points from number `after` on."""
    chosen = select(points).where((points.c.run == run) & (points.c.number >= after))
    found = tx.execute(chosen.order_by(points.c.number).limit(limit))
    return [Point(row.name, row.step, row.epoch, row.value, row.time_ns) for row in found]


def read_lines(tx: Transaction, run: RunId, after: int, limit: int) -> list[bytes]:
    """Sealed lines from number `after` on."""
    chosen = select(lines.c.line).where((lines.c.run == run) & (lines.c.number >= after))
    return [row[0] for row in tx.execute(chosen.order_by(lines.c.number).limit(limit))]


def _count(tx: Transaction, table: Table, run: RunId) -> int:
    last = tx.execute(select(func.max(table.c.number)).where(table.c.run == run)).scalar_one()
    return 0 if last is None else int(last) + 1


def _run(row: Any) -> Run:
    return Run(
        id=RunId(row.id),
        project=ProjectId(row.project),
        name=row.name,
        template=row.template,
        algorithm=row.algorithm,
        snapshot=SnapshotId(row.snapshot),
        snapshot_name=row.snapshot_name,
        parameters=canonical.decode_lenient(row.parameters, tuple[tuple[str, Value], ...]),
        seed=row.seed,
        state=row.state,
        attempt=row.attempt,
        epoch=row.epoch,
        epochs=row.epochs,
        eta_s=None if row.eta_ms is None else row.eta_ms / 1000,
        metrics=canonical.decode_lenient(row.metrics, tuple[tuple[str, float], ...]),
        model=None if row.model is None else ModelId(row.model),
        created_ns=row.created_ns,
        started_ns=row.started_ns,
        ended_ns=row.ended_ns,
        author=row.author,
        environment=row.environment,
        cpu_s=row.cpu_ms / 1000,
        wall_s=row.wall_ms / 1000,
        error=row.error,
        hint=row.hint,
    )
