"""Asking for an import, and sending what it is made of. Bringing it in is a job: see `importing`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from studio.domain import canonical
from studio.domain.contracts.formats import Budget
from studio.domain.contracts.tree import FolderTree
from studio.domain.errors import AtelierError
from studio.domain.ids import ImportId, JobId, ProjectId, is_id, new_id
from studio.domain.wire.jobs import ImportState, Job, NewImport
from training.data.sealing import KEY_BYTES
from training.data.staging import Staging, check_files
from training.data.worker import find_format
from training.store import imports as rows
from training.store import jobs as job_rows
from training.store.engine import Transaction
from training.store.imports import StoredImport
from training.work import audit
from training.work.access import Session, missing
from training.work.running_job import RunningJob

if TYPE_CHECKING:
    from training.node import Node


class OpenedImport(Struct, frozen=True):
    """An import as it was asked for, unsealed."""

    id: ImportId
    project: ProjectId
    request: NewImport
    staging: Staging
    staging_key: bytes
    job: JobId | None


def new_import(node: Node, project: ProjectId, request: NewImport, who: Session) -> ImportState:
    """Register an import, or go on with an earlier one; says which chunks the node still needs.

    Raises `import.bad_path`, `import.bad_file`, `import.unknown_format`, `import.not_allowed`,
    `import.too_many_files`, `import.running`.
    """
    if request.import_id is not None and not is_id(request.import_id):
        raise AtelierError("import.bad_id", "An import's id is not a UUIDv7.", detail=request.import_id[:80])
    if len(request.files) > Budget().files:
        raise AtelierError(
            "import.too_many_files", "The folder holds too many files.", hint="Import it in parts."
        )
    check_files(request.files)
    find_format(request.format)
    if request.adopt:
        FolderTree(node.roots.place_of(request.adopt)[1])
    one = request.import_id or ImportId(new_id())
    with node.store.write() as tx:
        earlier = rows.get(tx, one)
        if earlier is not None and earlier.project != project:
            raise missing()
        sealer = node.keys.project_sealer(tx, project)
        key = os.urandom(KEY_BYTES)
        if earlier is not None:
            if _live(tx, earlier) is not None:
                raise AtelierError(
                    "import.running",
                    "This import is already under way.",
                    hint="Wait for it, or cancel it first.",
                )
            key = sealer.open(earlier.staging_key, _aad("staging", one))
        stored = StoredImport(
            id=one,
            project=project,
            asked_by=who.user,
            format=request.format,
            job=None,
            created_ns=node.clock.now_ns(),
            payload=sealer.seal(canonical.encode(request), _aad("request", one)),
            staging_key=sealer.seal(key, _aad("staging", one)),
        )
        chunks = [chunk for file in request.files for chunk in file.chunks]
        rows.put(tx, stored, (chunk.hex() for chunk in chunks))
        audit.append(node, tx, who.user, "import.new", one, canonical.digest((key, request)))
    staging = Staging(node.folder / "staging", one, key)
    return ImportState(one, _missing(staging, request))


def put_chunk(node: Node, one: ImportId, chunk: str, data: bytes) -> None:
    """Keep a chunk of an import. Raises `import.wrong_chunk`, `import.unknown_chunk`, `node.disk_full`."""
    with node.store.read() as tx:
        if not rows.names_chunk(tx, one, chunk):
            raise AtelierError(
                "import.unknown_chunk",
                "A part of the upload was refused: the import does not name it.",
                detail=chunk[:80],
                hint="Start the import again.",
            )
        opened = open_import(node, tx, one, with_files=False)
    opened.staging.put(bytes.fromhex(chunk), data)


def start_import(node: Node, one: ImportId, who: Session) -> ImportState:
    """Bring in what was sent; the same import again goes on with what is left.

    Its answer still names chunks that are missing, and has no job, where not everything was sent.
    """
    with node.store.write() as tx:
        opened = open_import(node, tx, one)
        if lacking := _missing(opened.staging, opened.request):
            return ImportState(one, lacking)
        if opened.job is not None and (job := job_rows.get(tx, opened.job)) is not None:
            if job.state in job_rows.LIVE:
                return ImportState(one, (), job)
        job_id = node.jobs.ask(
            tx,
            "import",
            f"Import {opened.request.name}"[:200],
            opened.project,
            one,
            msgspec.msgpack.encode({"import": one}),
            who.user,
            unit="items",
        )
        rows.set_job(tx, one, job_id)
        audit.append(node, tx, who.user, "import.start", one)
        asked = job_rows.get(tx, job_id)
    return ImportState(one, (), asked)


def open_import(node: Node, tx: Transaction, one: ImportId, *, with_files: bool = True) -> OpenedImport:
    """An import with its chunks. `with_files` decodes the request, which costs by the number of files."""
    stored = rows.get(tx, one)
    if stored is None:
        raise missing()
    sealer = node.keys.project_sealer(tx, stored.project)
    request = NewImport("", stored.format)
    if with_files:
        data = sealer.open(stored.payload, _aad("request", one))
        request = canonical.decode_lenient(data, NewImport)
    key = sealer.open(stored.staging_key, _aad("staging", one))
    staging = Staging(node.folder / "staging", one, key)
    return OpenedImport(one, stored.project, request, staging, key, stored.job)


def carry_out(job: RunningJob) -> bytes:
    """The job of kind `import`."""
    from training.work.importing import bring_in

    return bring_in(job, ImportId(msgspec.msgpack.decode(job.payload)["import"]))


def _missing(staging: Staging, request: NewImport) -> tuple[bytes, ...]:
    if request.adopt:
        return ()
    wanted = dict.fromkeys(chunk for file in request.files for chunk in file.chunks)
    return tuple(chunk for chunk in wanted if not staging.has(chunk))


def _live(tx: Transaction, stored: StoredImport) -> Job | None:
    job = None if stored.job is None else job_rows.get(tx, stored.job)
    return job if job is not None and job.state in job_rows.LIVE else None


def _aad(what: str, one: ImportId) -> bytes:
    return f"import {what} {one}".encode()
