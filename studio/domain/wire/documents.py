"""Reading and saving annotations."""

from typing import Annotated

from msgspec import Meta, Struct

from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity
from studio.domain.ids import BatchId, EntityId, ItemId, JobId, OperationId, TaskId, UserId
from studio.domain.ontology import Finding
from studio.domain.wire.session import Message


class DocumentState(Message, frozen=True):
    item: ItemId
    revision: int
    ontology_version: int
    entities: tuple[AnyEntity, ...]


class SaveEdit(Struct, frozen=True, forbid_unknown_fields=True):
    """One Edit to be made durable. The same operation id again gets the same answer."""

    operation: OperationId
    base: int  # the revision that the studio saw
    fence: int  # of the lease that it holds
    ontology_version: int
    edit: Edit
    undoes: OperationId | None = None
    batch: BatchId | None = None


class Saved(Message, frozen=True):
    operation: OperationId
    revision: int
    edit: Edit  # as applied: fields that others changed in between are theirs


class Revision(Message, frozen=True):
    """One Edit in the history of an item, with what the node stamped."""

    item: ItemId
    revision: int
    operation: OperationId
    author: UserId
    author_name: str
    time_ns: int
    edit: Edit
    undoes: OperationId | None = None
    batch: BatchId | None = None


class Revisions(Message, frozen=True):
    revisions: tuple[Revision, ...]


class RevisionQuery(Message, frozen=True):
    after: int = 0
    entity: EntityId | None = None
    limit: int = 1000


class Lease(Message, frozen=True):
    """The right to edit one item for a while. `fence` only grows; an older one is dead."""

    item: ItemId
    fence: int
    seconds: float  # from now, on the receiver's monotonic clock
    task: TaskId | None = None


class Draft(Message, frozen=True):
    """An unfinished gesture, or an Edit whose lease had died: never lost, never applied by itself."""

    id: OperationId
    item: ItemId
    tool: str
    title: str
    time_ns: int
    state: Annotated[bytes, Meta(max_length=4_000_000)]  # the tool's own MessagePack, or a SaveEdit


class Drafts(Message, frozen=True):
    drafts: tuple[Draft, ...]


class Findings(Message, frozen=True):
    findings: tuple[Finding, ...]


class RevertBatch(Message, frozen=True):
    """Take back every Edit of a batch. A preview only counts."""

    batch: BatchId
    preview: bool = False


class BatchReverting(Message, frozen=True):
    """What a batch holds, and the job that takes it back; none in a preview."""

    items: int
    edits: int
    edited_since: int  # items: those where it was the same things will be left as they are
    batch: BatchId | None = None  # of what the job does: taking that back undoes it
    job: JobId | None = None


class BatchReverted(Message, frozen=True):
    """The job's result; `left` are the items where people have changed the same things since."""

    batch: BatchId
    reverted: int
    left: tuple[tuple[ItemId, str], ...]  # item and who changed it; the first 1,000
    left_count: int = 0
