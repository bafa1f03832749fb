"""Predictions, evaluations, the false-positive sheet, verdicts and pools."""

from typing import Literal

from msgspec import Struct

from studio.domain.entities import AnyEntity
from studio.domain.ids import (
    BatchId,
    EntityId,
    EvaluationId,
    ItemId,
    JobId,
    MatchId,
    ModelId,
    PoolId,
    ProjectId,
    SnapshotId,
    StreamId,
)
from studio.domain.values import XYZ, Quaternion
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.session import Message

Outcome = Literal["true_positive", "false_positive", "false_negative", "confusion"]
VerdictKind = Literal["label_wrong", "model_wrong", "ambiguous", "ontology_gap"]


class NewEvaluation(Message, frozen=True):
    model: ModelId
    snapshot: SnapshotId
    split: str = "validation"
    iou: float = 0.5


class ClassMetrics(Struct, frozen=True, forbid_unknown_fields=True):
    class_name: str
    ap50: float
    ap: float  # boxes: mean over IoU 0.50 to 0.95 (COCO); cuboids: over centre distances (nuScenes)
    precision: float  # at the evaluation's score threshold
    recall: float
    labels: int
    predictions: int


class Slice(Struct, frozen=True, forbid_unknown_fields=True):
    """The same figures on a part of the data: small, medium, large boxes; crowded items; and so on."""

    name: str
    items: int
    labels: int
    ap50: float


class Curve(Struct, frozen=True, forbid_unknown_fields=True):
    """Precision over recall, with the score at each point."""

    class_name: str
    recall: tuple[float, ...]
    precision: tuple[float, ...]
    score: tuple[float, ...]


class Evaluation(Message, frozen=True):
    id: EvaluationId
    project: ProjectId
    model: ModelId
    model_name: str
    snapshot: SnapshotId
    split: str
    iou: float
    state: Literal["running", "done", "failed"]
    items: int = 0
    threshold: float = 0.5  # the score that gives the best F1 on this data
    metrics: tuple[tuple[str, float], ...] = ()  # map50, precision, recall, f1, and what each metric adds
    per_class: tuple[ClassMetrics, ...] = ()
    slices: tuple[Slice, ...] = ()
    curves: tuple[Curve, ...] = ()
    confusion_classes: tuple[str, ...] = ()  # the last row and column are "nothing"
    confusion: tuple[tuple[int, ...], ...] = ()  # rows: labelled, columns: predicted
    outcomes: tuple[tuple[str, int], ...] = ()
    created_ns: int = 0
    job: JobId | None = None
    error: str = ""


class Evaluations(Message, frozen=True):
    evaluations: tuple[Evaluation, ...]


class Placement(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a cuboid stands, in metres in the ego frame at its frame."""

    centre: XYZ
    size: XYZ  # length, width, height
    rotation: Quaternion


class Match(Struct, frozen=True, forbid_unknown_fields=True):
    """One object as label and prediction see it: as boxes, in pixels of the full-size picture, or cuboids.

    `label` is the shape, or, where that is computed between key frames, its track.
    """

    id: MatchId
    item: ItemId
    item_name: str
    stream: StreamId
    frame: int
    outcome: Outcome
    score: float  # of the prediction; 0 for a false negative
    iou: float
    label: EntityId | None = None
    labelled: str = ""
    predicted: str = ""
    label_xyxy: tuple[float, float, float, float] | None = None
    predicted_xyxy: tuple[float, float, float, float] | None = None
    verdict: VerdictKind | None = None
    verdict_note: str = ""
    revision: int = 0  # of the item when it was evaluated
    width: int = 0  # of the picture, pixels
    height: int = 0
    corrected: bool = False  # the item has changed since
    label_cuboid: Placement | None = None
    predicted_cuboid: Placement | None = None


class MatchQuery(Message, frozen=True):
    outcomes: tuple[Outcome, ...] = ()
    class_name: str = ""
    judged: bool | None = None
    item: ItemId | None = None
    labelled: str = ""  # a cell of the confusion matrix
    predicted: str = ""
    offset: int = 0
    limit: int = 200


class Matches(Message, frozen=True):
    total: int
    matches: tuple[Match, ...]


class NewVerdict(Message, frozen=True):
    verdict: VerdictKind
    note: str = ""


class Comparison(Message, frozen=True):
    """Two evaluations of the same snapshot and split, object by object."""

    first: EvaluationId
    second: EvaluationId
    metrics: tuple[tuple[str, float, float], ...]
    gained: tuple[Match, ...]  # right in the second alone
    lost: tuple[Match, ...]  # right in the first alone
    both_right: int
    both_wrong: int


class CompareWith(Message, frozen=True):
    other: EvaluationId


class PredictItems(Message, frozen=True):
    """Make a prediction layer of `model` on these items."""

    model: ModelId
    query: ItemQuery = ItemQuery()


class Looked(Message, frozen=True):
    """The result of a job that predicts."""

    items: int  # of which a layer was made; those that have one already are not looked at again


class Prediction(Struct, frozen=True, forbid_unknown_fields=True):
    """A model's entities on one item, with a score for each shape. Immutable; shown over the document."""

    item: ItemId
    model: ModelId
    entities: tuple[AnyEntity, ...]
    scores: tuple[tuple[EntityId, float], ...]
    made_ns: int = 0


class Predictions(Message, frozen=True):
    predictions: tuple[Prediction, ...]


class AcceptPredictions(Message, frozen=True):
    """Make Edits of predictions at or above `threshold`, one per item, under one batch."""

    model: ModelId
    query: ItemQuery = ItemQuery()
    threshold: float = 0.5
    preview: bool = True  # count only
    leave_accepted: bool = True  # items that are accepted stay as they are; otherwise they are reopened


class Accepted(Message, frozen=True):
    """What would become labels, or, as the job's result, what became labels."""

    items: int
    shapes: int
    batch: BatchId | None = None
    job: JobId | None = None
    # counted beforehand
    accepted_items: int = 0  # that something is found on; left or reopened, as was asked
    highest: float | None = None  # where no item is counted: the highest score of what does not stand there


class Pool(Message, frozen=True):
    """Items gathered for a purpose: bad cases, the latest online data."""

    id: PoolId
    project: ProjectId
    name: str
    purpose: Literal["bad_cases", "online", "chosen"]
    items: int


class Pools(Message, frozen=True):
    pools: tuple[Pool, ...]


class PoolItems(Message, frozen=True):
    items: tuple[ItemId, ...]
    reason: str = ""
