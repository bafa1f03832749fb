"""Projects, their ontology, their items, and what an item is made of."""

from typing import Literal

from msgspec import Struct

from studio.domain.ids import ImportId, ItemId, PoolId, ProjectId, SnapshotId, StreamId
from studio.domain.ontology import Ontology
from studio.domain.values import Nanoseconds
from studio.domain.wire.session import Message

ItemState = Literal["new", "labelling", "submitted", "in_review", "returned", "accepted", "skipped"]
StreamKind = Literal["image", "video", "points", "audio", "text"]


class Project(Message, frozen=True):
    id: ProjectId
    name: str
    ontology_version: int
    created_ns: int
    items: int = 0
    accepted: int = 0
    description: str = ""


class NewProject(Message, frozen=True):
    name: str
    ontology: Ontology
    description: str = ""


class Projects(Message, frozen=True):
    projects: tuple[Project, ...]


class AssetFacts(Message, frozen=True):
    """Where an item comes from and what may be done with it."""

    source: str = ""
    subject: str = ""
    owner: str = ""
    purpose: str = ""
    sensitivity: Literal["open", "internal", "confidential", "restricted"] = "internal"
    retention_days: int = 0  # 0: until erased


class Stream(Struct, frozen=True, forbid_unknown_fields=True):
    """One sensor's or channel's data in an item; immutable after import."""

    id: StreamId
    name: str
    kind: StreamKind
    frames: int = 1
    width: int = 0  # pixels, of images and video
    height: int = 0
    points: int = 0
    rate_hz: float = 0.0
    duration_ns: int = 0
    characters: int = 0
    media_type: str = ""
    levels: int = 0  # of the image pyramid: tiles of 256 px at 1/2**level; 0: the picture itself is small
    times_ns: tuple[Nanoseconds, ...] = ()  # of each frame, on the item's clock; empty: by `rate_hz`, or one


class Item(Message, frozen=True):
    id: ItemId
    project: ProjectId
    name: str  # the source path: data, never a path of ours
    state: ItemState
    revision: int
    ontology_version: int
    streams: tuple[Stream, ...]
    facts: AssetFacts = AssetFacts()
    origin: ImportId | None = None
    group_key: str = ""  # items of one group never stand on both sides of a split
    sequence: str = ""
    imported_ns: int = 0


class ItemRow(Message, frozen=True):
    """An item's summary, as lists and contact sheets need it."""

    id: ItemId
    name: str
    state: ItemState
    revision: int
    shapes: int
    classes: tuple[tuple[str, int], ...]
    tags: tuple[str, ...]
    width: int = 0
    height: int = 0
    stream: StreamId = StreamId("")  # the first one
    kind: StreamKind = "image"
    remarks: int = 0  # open ones
    unsure: bool = False
    accepted: bool = False
    sequence: str = ""


class ItemQuery(Message, frozen=True):
    """Which items, and which window of them. Empty means any; texts match part of the name, any case."""

    text: str = ""
    classes: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    states: tuple[ItemState, ...] = ()
    pool: PoolId | None = None
    snapshot: SnapshotId | None = None
    split: str = ""
    origin: ImportId | None = None
    sequence: str = ""  # its whole name; its items follow each other by name
    unsure: bool | None = None
    order: Literal["name", "newest", "shapes", "state"] = "name"
    offset: int = 0
    limit: int = 200  # at most 1,000


class ItemPage(Message, frozen=True):
    total: int
    offset: int
    rows: tuple[ItemRow, ...]


class ClassCount(Message, frozen=True):
    class_name: str
    shapes: int
    items: int


class ProjectSummary(Message, frozen=True):
    """What filters and charts need: counts over all items."""

    items: int
    states: tuple[tuple[str, int], ...]
    classes: tuple[ClassCount, ...]
    tags: tuple[tuple[str, int], ...]
    unsure: int = 0
    remarks: int = 0


class OntologyVersion(Message, frozen=True):
    ontology: Ontology
