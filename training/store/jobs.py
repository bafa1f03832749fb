"""Job rows: the truth about everything long."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Table, select

from studio.domain.ids import JobId, ProjectId, UserId
from studio.domain.wire.jobs import Job, JobState
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

LIVE: tuple[JobState, ...] = ("queued", "running", "pausing", "cancelling")

jobs = Table(
    "jobs",
    metadata,
    id_column("id", primary_key=True),
    id_column("kind"),
    text_column("title"),
    id_column("state", index=True),
    id_column("project", nullable=True, index=True),
    id_column("subject"),
    id_column("asked_by"),
    number_column("attempt"),
    number_column(
        "starts"
    ),  # of this attempt since it last got on: what stops a node again and again is parked
    bytes_column("payload"),  # MessagePack, by kind; ids and settings, never content
    number_column("done"),
    number_column("total"),
    id_column("unit"),
    number_column("eta_ms", nullable=True),
    text_column("message"),
    number_column("created_ns"),
    number_column("changed_ns"),
    id_column("error_code"),
    text_column("error"),
    bytes_column("result"),
)


def add(
    tx: Transaction,
    job: Job,
    asked_by: UserId,
    payload: bytes,
    now_ns: int,
) -> None:
    """Keep a new job, queued."""
    row = jobs.insert().values(
        id=job.id,
        kind=job.kind,
        title=job.title,
        state=job.state,
        project=job.project,
        subject=job.subject,
        asked_by=asked_by,
        attempt=1,
        starts=0,
        payload=payload,
        done=0,
        total=0,
        unit=job.unit,
        eta_ms=None,
        message=job.message,
        created_ns=now_ns,
        changed_ns=now_ns,
        error_code="",
        error="",
        result=b"",
    )
    tx.execute(row)


def get(tx: Transaction, job: JobId) -> Job | None:
    """A job as the wire says it."""
    row = tx.execute(select(jobs).where(jobs.c.id == job)).one_or_none()
    return None if row is None else _job(row)


def orders(tx: Transaction, job: JobId) -> tuple[int, UserId, bytes] | None:
    """What carrying it out needs: attempt, who asked, payload."""
    columns = (jobs.c.attempt, jobs.c.asked_by, jobs.c.payload)
    row = tx.execute(select(*columns).where(jobs.c.id == job)).one_or_none()
    return None if row is None else (row[0], UserId(row[1]), row[2])


def starts(tx: Transaction, job: JobId) -> int:
    """How often this attempt was begun since it last got on."""
    return int(tx.execute(select(jobs.c.starts).where(jobs.c.id == job)).scalar_one())


def change(tx: Transaction, job: JobId, when: Sequence[JobState], **values: Any) -> bool:
    """Set columns where the job's state is one of `when`; says whether it was."""
    changed = tx.execute(jobs.update().where((jobs.c.id == job) & jobs.c.state.in_(when)).values(**values))
    return changed.rowcount > 0


def of_project(tx: Transaction, project: ProjectId, limit: int = 200) -> list[Job]:
    """A project's jobs, newest first."""
    chosen = (
        select(jobs).where(jobs.c.project == project).order_by(jobs.c.created_ns.desc(), jobs.c.id.desc())
    )
    return [_job(row) for row in tx.execute(chosen.limit(limit))]


def live(tx: Transaction) -> list[tuple[JobId, int, JobState]]:
    """Every job that is not over and not paused: id, attempt, state; oldest first."""
    chosen = select(jobs.c.id, jobs.c.attempt, jobs.c.state).where(jobs.c.state.in_(LIVE))
    return [(JobId(row[0]), row[1], row[2]) for row in tx.execute(chosen.order_by(jobs.c.created_ns))]


def is_live_about(tx: Transaction, subject: str) -> bool:
    """Whether a job on this subject is under way or waits its turn."""
    chosen = select(jobs.c.id).where(jobs.c.state.in_(LIVE), jobs.c.subject == subject)
    return tx.execute(chosen.limit(1)).first() is not None


def project_of(tx: Transaction, job: JobId) -> ProjectId | None:
    """Which project a job belongs to."""
    found = tx.execute(select(jobs.c.project).where(jobs.c.id == job)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def state_of(tx: Transaction, job: JobId) -> JobState | None:
    """A job's state alone."""
    state: JobState | None = tx.execute(select(jobs.c.state).where(jobs.c.id == job)).scalar_one_or_none()
    return state


def _job(row: Any) -> Job:
    return Job(
        id=JobId(row.id),
        kind=row.kind,
        title=row.title,
        state=row.state,
        project=None if row.project is None else ProjectId(row.project),
        subject=row.subject,
        done=row.done,
        total=row.total,
        unit=row.unit,
        eta_s=None if row.eta_ms is None else row.eta_ms / 1000,
        message=row.message,
        created_ns=row.created_ns,
        changed_ns=row.changed_ns,
        error_code=row.error_code,
        error=row.error,
        result=row.result,
    )
