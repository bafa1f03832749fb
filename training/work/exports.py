"""The airlock: asking for labelled data to leave, deciding it, and the one function through which it goes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ProjectId, UserId, new_id
from studio.domain.wire.jobs import AirlockRequest, Decision, NewExport
from studio.domain.wire.routes import SCIENCE
from training.data.sealed_file import read_sealed
from training.store import airlock, snapshots, users
from training.store import audit as audit_rows
from training.store.airlock import StoredRequest, on_the_wire
from training.store.engine import Store, Transaction
from training.work import audit
from training.work.access import Session, missing, refused
from training.work.clock import Clock
from training.work.export_archive import export_file, export_key, write_archive, writer_of
from training.work.running_job import RunningJob

if TYPE_CHECKING:
    from training.node import Node


def leave(
    store: Store,
    clock: Clock,
    project: ProjectId | None,
    who: UserId,
    what: str,
    reason: str,
    digest: bytes,
    pieces: Iterator[bytes],
) -> Iterator[bytes]:
    """The one way out: whatever leaves the node passes here, with a reason, and is on record before it goes.

    The caller has checked the right. `project` is None for what is of all projects (a backup); `digest` is
    the SHA-256 of what leaves, where it is known. Raises `airlock.no_reason`.
    """
    if not reason.strip():
        raise _no_reason()
    with store.write() as tx:
        subject = " ".join(part for part in (project, what) if part)
        audit_rows.append(tx, who, "airlock.leave", subject[:500], digest, clock.now_ns())
    return pieces


def new_export(node: Node, project: ProjectId, asked: NewExport, who: Session) -> AirlockRequest:
    """Ask for labelled data to leave. Somebody else decides, unless nobody else is there.

    Raises `airlock.no_reason`, `export.unknown_format`, `access.missing`.
    """
    if not asked.reason.strip():
        raise _no_reason()
    writer = writer_of(asked.format)
    with node.store.write() as tx:
        name = "Everything that is labelled"
        if asked.snapshot is not None:
            snapshot = snapshots.get(tx, asked.snapshot)
            if snapshot is None or snapshot.project != project:
                raise missing()
            name = snapshot.name
        stored = StoredRequest(
            id=new_id(),
            project=project,
            what=f"{name}, {writer.title}" + (" with media" if asked.with_media else ""),
            asked=canonical.encode(asked),
            reason=asked.reason.strip(),
            asked_by=who.user,
            asked_name=who.name,
            asked_ns=node.clock.now_ns(),
            state="waiting",
        )
        airlock.add(tx, stored)
        audit.append(node, tx, who.user, "airlock.ask", stored.id, canonical.digest(stored.asked))
        if _is_alone(tx):
            # nobody else is there to look: allowed, and on record for whoever reads it later
            audit.append(node, tx, who.user, "airlock.alone", stored.id)
            _approve(node, tx, stored, who, "")
        tx.emit("project", project, subject=stored.id)
        return _known(tx, project, stored.id)


def decide(node: Node, project: ProjectId, request: str, decision: Decision, who: Session) -> AirlockRequest:
    """Let a request pass, or not. Raises `airlock.own_request`, `airlock.decided`."""
    with node.store.write() as tx:
        stored = _get(tx, project, request)
        if stored.state != "waiting":
            raise AtelierError(
                "airlock.decided",
                f"This request is {stored.state}; it was decided before.",
                hint="Refresh the list.",
            )
        if stored.asked_by == who.user and not _is_alone(tx):
            raise AtelierError(
                "airlock.own_request",
                "You asked for this, so somebody else decides it. Nothing was changed.",
                hint="Ask another reviewer of the project.",
            )
        if decision.approve:
            _approve(node, tx, stored, who, decision.note)
        else:
            _decided(tx, stored, "refused", who, decision.note)
        action = "airlock.approve" if decision.approve else "airlock.refuse"
        audit.append(node, tx, who.user, action, request, canonical.digest(decision))
        tx.emit("project", project, subject=request)
        return _known(tx, project, request)


def of_project(node: Node, project: ProjectId, who: Session) -> tuple[AirlockRequest, ...]:
    """A project's requests, newest first."""
    with node.store.read() as tx:
        return tuple(airlock.of_project(tx, project))


def fetch(node: Node, project: ProjectId, request: str, who: Session) -> tuple[int, Iterator[bytes]]:
    """The file of a request that passed, and its size. Only who asked for it may take it out.

    Raises `airlock.not_ready`, `access.refused`, `seal.broken`.
    """
    with node.store.read() as tx:
        stored = _get(tx, project, request)
        if stored.state != "done":
            raise AtelierError(
                "airlock.not_ready",
                "There is nothing to fetch yet: the request is not approved, or still being prepared.",
                hint="You are told when it is ready.",
            )
        if stored.asked_by != who.user or not who.roles_in(project) & SCIENCE:
            raise refused()
        key = export_key(node, tx, stored)
    pieces = read_sealed(export_file(node, stored.id), key, stored.id)
    what = f"export {stored.id}"
    left = leave(node.store, node.clock, project, who.user, what, stored.reason, stored.digest, pieces)
    return stored.size, left


def carry_out(job: RunningJob) -> bytes:
    """The job of kind `export`: write the archive that waits at the door."""
    node, request = job.node, msgspec.msgpack.decode(job.payload)["request"]
    assert job.project is not None
    with node.store.read() as tx:
        stored = _get(tx, job.project, request)
    made = write_archive(job, stored)
    with node.store.write() as tx:
        airlock.change(
            tx,
            stored.id,
            state="done",
            loss=canonical.encode(made.loss),
            key=made.sealed_key,
            size=made.size,
            digest=made.digest,
        )
        audit.append(node, tx, job.asked_by, "airlock.ready", stored.id, made.digest)
        tx.emit("project", job.project, subject=stored.id)
    return canonical.encode(made.loss)


def _approve(node: Node, tx: Transaction, stored: StoredRequest, who: Session, note: str) -> None:
    job = node.jobs.ask(
        tx,
        "export",
        f"Export {stored.what}"[:200],
        stored.project,
        stored.id,
        msgspec.msgpack.encode({"request": stored.id}),
        stored.asked_by,
        unit="items",
    )
    _decided(tx, stored, "approved", who, note)
    airlock.change(tx, stored.id, job=job)


def _decided(tx: Transaction, stored: StoredRequest, state: str, who: Session, note: str) -> None:
    airlock.change(tx, stored.id, state=state, decided_by=who.user, decided_name=who.name, note=note)


def _is_alone(tx: Transaction) -> bool:
    return sum(not person.disabled for person in users.everybody(tx)) <= 1


def _get(tx: Transaction, project: ProjectId, request: str) -> StoredRequest:
    stored = airlock.get(tx, project, request)
    if stored is None:
        raise missing()
    return stored


def _known(tx: Transaction, project: ProjectId, request: str) -> AirlockRequest:
    return on_the_wire(_get(tx, project, request))


def _no_reason() -> AtelierError:
    return AtelierError(
        "airlock.no_reason",
        "Nothing leaves without a reason.",
        hint="Say in a sentence what it is for; it is kept on record.",
    )
