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


class HandIn(Message, frozen=True):
    """A studio's journal file as it lies on a disk: sealed to this node, which alone can read it."""

    journal: bytes
    reader: UserId | None = None  # who is offered what it holds; None: the person whose journal it is


class HandedIn(Message, frozen=True):
    """What became of a journal: nothing of it was applied."""

    owner: str
    reader: str
    edits: int  # that the node had not acknowledged, and unfinished gestures
    drafts: int  # that wait for the reader now; Edits that build on one another are one
    saved: int = 0  # Edits that the node had after all
    elsewhere: int = 0  # drafts that wait for somebody else since an earlier hand-in
    no_access: int = 0  # Edits of items that the reader may not edit
    gone: int = 0  # Edits of items that were erased or never were
    left: int = 0  # Edits that are too large or too many for drafts, or unsound
    is_whole: bool = True  # otherwise the file is damaged: what stood before the damage was taken
    items: tuple[tuple[ItemId, str], ...] = ()  # with a draft, and their names where the asker may see them


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
