"""Requests at the one door: what should leave, why, and who decided."""

from typing import Any

from msgspec import Struct
from sqlalchemy import Table, select

from studio.domain import canonical
from studio.domain.ids import JobId, ProjectId, UserId
from studio.domain.wire.jobs import AirlockRequest, NewExport
from training.store.engine import Transaction
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

requests = Table(
    "airlock_requests",
    metadata,
    id_column("id", primary_key=True),
    id_column("project", index=True),
    text_column("what"),
    bytes_column("asked"),  # the NewExport
    text_column("reason"),
    id_column("asked_by"),
    text_column("asked_name"),
    number_column("asked_ns"),
    id_column("state"),
    id_column("decided_by"),
    text_column("decided_name"),
    text_column("note"),
    id_column("job", nullable=True),
    bytes_column("loss"),  # canonical tuple of sentences
    bytes_column("key"),  # of the file that waits at the door, sealed with the project's; empty: none yet
    number_column("size"),
    bytes_column("digest"),  # SHA-256 of the file
)


class StoredRequest(Struct, frozen=True):
    """One request, by the names of its columns."""

    id: str
    project: ProjectId
    what: str
    asked: bytes
    reason: str
    asked_by: UserId
    asked_name: str
    asked_ns: int
    state: str
    decided_by: str = ""
    decided_name: str = ""
    note: str = ""
    job: JobId | None = None
    loss: bytes = canonical.encode(())
    key: bytes = b""
    size: int = 0
    digest: bytes = b""

    @property
    def export(self) -> NewExport:
        """What was asked for."""
        return canonical.decode_lenient(self.asked, NewExport)


def add(tx: Transaction, request: StoredRequest) -> None:
    """Write a new request."""
    tx.execute(requests.insert(), {name: getattr(request, name) for name in StoredRequest.__struct_fields__})


def get(tx: Transaction, project: ProjectId, request: str) -> StoredRequest | None:
    """A request of this project."""
    chosen = (requests.c.id == request) & (requests.c.project == project)
    row = tx.execute(select(requests).where(chosen)).one_or_none()
    return None if row is None else StoredRequest(**row._mapping)


def change(tx: Transaction, request: str, **values: Any) -> None:
    """Set columns of one request."""
    tx.execute(requests.update().where(requests.c.id == request).values(**values))


def of_project(tx: Transaction, project: ProjectId, limit: int = 500) -> list[AirlockRequest]:
    """A project's requests, newest first."""
    chosen = select(requests).where(requests.c.project == project)
    ordered = chosen.order_by(requests.c.asked_ns.desc(), requests.c.id.desc()).limit(limit)
    return [on_the_wire(StoredRequest(**row._mapping)) for row in tx.execute(ordered)]


def on_the_wire(stored: StoredRequest) -> AirlockRequest:
    """A request as studios see it."""
    return AirlockRequest(
        id=stored.id,
        project=stored.project,
        what=stored.what,
        reason=stored.reason,
        asked_by=stored.asked_name,
        asked_ns=stored.asked_ns,
        state=stored.state,  # type: ignore[arg-type]
        decided_by=stored.decided_name,
        job=stored.job,
        loss=canonical.decode_lenient(stored.loss, tuple[str, ...]),
    )
