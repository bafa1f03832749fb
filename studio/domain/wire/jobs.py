"""Imports, exports through the airlock, durable jobs and events."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from studio.domain.ids import ImportId, ItemId, JobId, ProjectId, SnapshotId
from studio.domain.wire.projects import AssetFacts
from studio.domain.wire.session import Message

JobState = Literal["queued", "running", "pausing", "paused", "cancelling", "done", "failed", "cancelled"]
CHUNK_BYTES = 4 * 1024 * 1024  # of an upload


class Job(Message, frozen=True):
    """Something long, with its truth in the node's own row."""

    id: JobId
    kind: str  # import, export, train, evaluate, predict, backup ...
    title: str
    state: JobState
    project: ProjectId | None = None
    subject: str = ""  # id of what it makes
    done: int = 0
    total: int = 0
    unit: str = ""
    eta_s: float | None = None
    message: str = ""
    created_ns: int = 0
    changed_ns: int = 0
    error_code: str = ""
    error: str = ""
    result: bytes = b""  # MessagePack, by kind


class Jobs(Message, frozen=True):
    jobs: tuple[Job, ...]


class SourceFile(Struct, frozen=True, forbid_unknown_fields=True):
    """One file of an import: its path within the folder ("/" between parts) and its chunks' SHA-256."""

    path: str
    size: int
    chunks: tuple[bytes, ...] = ()


class NewImport(Message, frozen=True):
    """Ask to bring in a folder. With `adopt`, media stay where they lie under an allow-listed root."""

    name: str
    format: str
    files: tuple[SourceFile, ...] = ()
    adopt: str = ""
    facts: AssetFacts = AssetFacts()
    import_id: ImportId | None = None  # of an earlier try: goes on with it
    make_tasks: bool = False
    clip_frames: Annotated[int, Meta(ge=0)] = 0  # of a clip, into which longer items are cut; 0: none is


class ImportState(Message, frozen=True):
    id: ImportId
    missing: tuple[bytes, ...]  # chunks that the node still needs
    job: Job | None = None


class ImportProblem(Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that did not come in as it was: what, where, how to mend it."""

    path: str
    code: str
    message: str
    hint: str = ""


class ImportReport(Message, frozen=True):
    items: int
    shapes: int
    skipped: int
    problems: tuple[ImportProblem, ...]  # the first 1,000
    problem_count: int = 0
    new_classes: tuple[str, ...] = ()


class NewExport(Message, frozen=True):
    """A request to take labelled data out, through the airlock: format, and why."""

    format: str
    reason: str
    snapshot: SnapshotId | None = None
    with_media: bool = False


class AirlockRequest(Message, frozen=True):
    id: str
    project: ProjectId
    what: str
    reason: str
    asked_by: str
    asked_ns: int
    state: Literal["waiting", "approved", "refused", "done"]
    decided_by: str = ""
    job: JobId | None = None
    loss: tuple[str, ...] = ()


class AirlockRequests(Message, frozen=True):
    requests: tuple[AirlockRequest, ...]


class Decision(Message, frozen=True):
    approve: bool
    note: str = ""


EventKind = Literal["document", "item", "items", "task", "job", "run", "model", "service", "project", "log"]


class Event(Message, frozen=True):
    """Something changed. Numbers come from one persistent counter; a gap means refetch."""

    number: int
    kind: EventKind
    project: ProjectId | None = None
    item: ItemId | None = None
    subject: str = ""
    revision: int = 0


class LineageNode(Struct, frozen=True, forbid_unknown_fields=True):
    kind: str  # snapshot, run, model, evaluation, release, service, pool, suite, item, import
    id: str  # of kind "items", all items of the thing that is stood at: its own
    title: str
    time_ns: int = 0


class Lineage(Message, frozen=True):
    """What something was made from (one step up) and what was made from it (one step down)."""

    of: LineageNode
    made_from: tuple[LineageNode, ...]
    used_in: tuple[LineageNode, ...]
