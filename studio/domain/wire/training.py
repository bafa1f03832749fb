"""Snapshots, templates, runs and models."""

from typing import Literal

from msgspec import Struct

from studio.domain.ids import JobId, ModelId, ProjectId, RunId, SnapshotId
from studio.domain.values import Value
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.session import Message

RunState = Literal[
    "queued", "running", "pausing", "paused", "cancelling", "done", "failed", "cancelled", "refused"
]


class NewSnapshot(Message, frozen=True):
    """A recipe. Splits are drawn by group key, so nothing of one group stands on two sides."""

    name: str
    query: ItemQuery = ItemQuery()
    validation_share: float = 0.2
    seed: int = 0
    fixed: tuple[tuple[str, str], ...] = ()  # (text in the item's name, split) taken before the draw
    leave_out_suites: bool = True  # a sealed suite's items are never trained on
    weight_of_machine_labels: float = 1.0  # in what is learned: of shapes that nobody has changed since
    share_of_machine_labels: float = 1.0  # of the items: most that may have no other labels than a machine's


class Snapshot(Message, frozen=True):
    id: SnapshotId
    project: ProjectId
    name: str
    digest: bytes
    ontology_version: int
    items: int
    splits: tuple[tuple[str, int], ...]
    classes: tuple[tuple[str, int], ...]
    created_ns: int
    author: str
    recipe: NewSnapshot
    erased: int = 0  # of its items, since it was made: they are left out wherever it is read


class Snapshots(Message, frozen=True):
    snapshots: tuple[Snapshot, ...]


class Template(Message, frozen=True):
    """A training template as people choose it; `parameters` is JSON Schema made from its Params."""

    name: str  # detect_boxes
    title: str
    description: str
    modality: str
    parameters: bytes
    algorithm: str  # name@version
    defaults: tuple[tuple[str, Value], ...] = ()


class Templates(Message, frozen=True):
    templates: tuple[Template, ...]


class NewRun(Message, frozen=True):
    template: str
    snapshot: SnapshotId
    name: str = ""
    parameters: tuple[tuple[str, Value], ...] = ()
    seed: int = 0


class Run(Message, frozen=True):
    id: RunId
    project: ProjectId
    name: str
    template: str
    algorithm: str
    snapshot: SnapshotId
    snapshot_name: str
    parameters: tuple[tuple[str, Value], ...]
    seed: int
    state: RunState
    attempt: int = 0
    epoch: int = 0
    epochs: int = 0
    eta_s: float | None = None
    metrics: tuple[tuple[str, float], ...] = ()  # the last value of each
    model: ModelId | None = None
    job: JobId | None = None
    created_ns: int = 0
    started_ns: int = 0
    ended_ns: int = 0
    author: str = ""
    environment: str = ""
    cpu_s: float = 0.0
    wall_s: float = 0.0
    error: str = ""
    hint: str = ""


class Runs(Message, frozen=True):
    runs: tuple[Run, ...]


class Point(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    """One logged value."""

    name: str
    step: int
    epoch: float
    value: float
    time_ns: int


class LogLine(Struct, frozen=True, array_like=True, forbid_unknown_fields=True):
    time_ns: int
    level: str
    text: str


class RunLog(Message, frozen=True):
    """What a run logged after the numbers given; ask again with the new ones."""

    points: tuple[Point, ...]
    lines: tuple[LogLine, ...]
    next_point: int
    next_line: int


class RunLogQuery(Message, frozen=True):
    after_point: int = 0
    after_line: int = 0


class Model(Message, frozen=True):
    id: ModelId
    project: ProjectId
    run: RunId
    name: str
    template: str
    classes: tuple[str, ...]
    metrics: tuple[tuple[str, float], ...]
    digest: bytes
    size: int  # bytes
    created_ns: int
    snapshot: SnapshotId
    in_service: bool = False


class Models(Message, frozen=True):
    models: tuple[Model, ...]
