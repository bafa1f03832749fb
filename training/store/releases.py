"""Releases: which model was asked to go where, what the gate said, who decided."""

from typing import Any

from sqlalchemy import Index, Table, select

from studio.domain import canonical
from studio.domain.ids import ModelId, ProjectId, ReleaseId, SuiteId, UserId
from studio.domain.wire.releases import GateResult, Release
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

releases = Table(
    "releases",
    metadata,
    id_column("id", primary_key=True),
    id_column("project"),
    id_column("model"),
    bytes_column("digest"),  # of the model's files: what was judged is what goes out
    text_column("model_name"),
    id_column("suite"),
    number_column("suite_version"),  # 0 until judged
    text_column("service"),
    id_column("state"),
    bytes_column("gate"),
    id_column("asked_by"),
    text_column("asked_by_name"),
    number_column("asked_ns"),
    id_column("decided_by"),
    text_column("decided_by_name"),
    number_column("decided_ns"),
    text_column("note"),
    text_column("error"),
    Index("ix_releases_by_project", "project", "asked_ns"),
)


def add(tx: Transaction, release: Release, asked_by: UserId, digest: bytes) -> None:
    """Write a new release."""
    row = {
        "id": release.id,
        "project": release.project,
        "model": release.model,
        "digest": digest,
        "model_name": release.model_name,
        "suite": release.suite,
        "suite_version": 0,
        "service": release.service,
        "state": release.state,
        "gate": b"",
        "asked_by": asked_by,
        "asked_by_name": release.asked_by,
        "asked_ns": release.asked_ns,
        "decided_by": "",
        "decided_by_name": "",
        "decided_ns": 0,
        "note": "",
        "error": "",
    }
    tx.execute(releases.insert(), row)


def judged(tx: Transaction, release: ReleaseId, gate: GateResult, suite_version: int) -> None:
    """Write what the gate said; from now on it waits for a person."""
    values = {"gate": canonical.encode(gate), "suite_version": suite_version, "state": "waiting", "error": ""}
    tx.execute(releases.update().where(releases.c.id == release).values(values))


def failed(tx: Transaction, release: ReleaseId, error: str) -> None:
    """Write why the gate could not judge."""
    tx.execute(releases.update().where(releases.c.id == release).values(state="failed", error=error))


def decided(
    tx: Transaction, release: ReleaseId, accepted: bool, by: UserId, name: str, note: str, time_ns: int
) -> bool:
    """Write a decision on a release that waits; says whether it did."""
    here = (releases.c.id == release) & (releases.c.state == "waiting")
    values = {
        "state": "accepted" if accepted else "refused",
        "decided_by": by,
        "decided_by_name": name,
        "decided_ns": time_ns,
        "note": note,
    }
    return tx.execute(releases.update().where(here).values(values)).rowcount > 0


def get(tx: Transaction, release: str) -> Release | None:
    """The release of this id."""
    row = tx.execute(select(releases).where(releases.c.id == release)).one_or_none()
    return None if row is None else _release(row)


def asked_by(tx: Transaction, release: ReleaseId) -> tuple[UserId, bytes]:
    """Who asked, and the digest of the model that was judged."""
    columns = (releases.c.asked_by, releases.c.digest)
    user, digest = tx.execute(select(*columns).where(releases.c.id == release)).one()
    return UserId(user), digest


def project_of(tx: Transaction, release: str) -> ProjectId | None:
    """The project of a release."""
    found = tx.execute(select(releases.c.project).where(releases.c.id == release)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def of_project(tx: Transaction, project: ProjectId) -> list[Release]:
    """A project's releases, the newest first."""
    chosen = select(releases).where(releases.c.project == project)
    ordered = chosen.order_by(releases.c.asked_ns.desc(), releases.c.id.desc())
    return [_release(row) for row in tx.execute(ordered)]


def accepted_models(tx: Transaction, project: ProjectId, service: str) -> set[ModelId]:
    """The models that were accepted for a service."""
    here = (releases.c.project == project) & (releases.c.service == service)
    chosen = select(releases.c.model).where(here, releases.c.state == "accepted")
    return {ModelId(model) for model in tx.execute(chosen).scalars()}


def tries(tx: Transaction, suite: SuiteId, service: str) -> int:
    """How many candidates were judged on a suite for a service."""
    here = (releases.c.suite == suite) & (releases.c.service == service) & (releases.c.suite_version > 0)
    return len(tx.execute(select(releases.c.model).where(here).distinct()).all())


def _release(row: Any) -> Release:
    return Release(
        id=ReleaseId(row.id),
        project=ProjectId(row.project),
        model=ModelId(row.model),
        model_name=row.model_name,
        suite=SuiteId(row.suite),
        service=row.service,
        state=row.state,
        gate=canonical.decode_lenient(row.gate, GateResult) if row.gate else None,
        asked_by=row.asked_by_name,
        asked_ns=row.asked_ns,
        decided_by=row.decided_by_name,
        decided_ns=row.decided_ns,
        note=row.note,
        error=row.error,
    )
