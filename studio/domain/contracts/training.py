"""What the node's side of a plug-in offers: metrics, training templates, strategies, executors."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Annotated, Any, NamedTuple, Protocol

import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from studio.domain.entities import AnyEntity
from studio.domain.ids import EntityId, StreamId
from studio.domain.wire.evaluation import ClassMetrics, Curve, Match, Slice
from studio.domain.wire.projects import Stream


class TrainingTemplate(Struct, frozen=True):
    """A readable recipe: module with `Params`, `train(run, params)` and `load(folder)`; run in a sandbox.

    `module` imports only `atelier_run` and libraries, and is never imported by the node itself:
    `parameters` is the JSON Schema of its `Params`, made by the plug-in's own import in a worker.
    """

    name: str
    title: str
    description: str
    modality: str
    module: str
    version: int


class Shown(Struct, frozen=True):
    """One item as models learn from it and look at it.

    `original` gives a frame's own file, `rendition` what was prepared of a frame, by its name; both raise
    `media.*`, `blob.missing`, `seal.broken`. `weights` are those of the shapes that count less than others.
    """

    name: str
    streams: tuple[Stream, ...]
    entities: tuple[AnyEntity, ...]
    original: Callable[[StreamId, int], bytes]
    rendition: Callable[[StreamId, int, str], bytes]
    weights: Mapping[EntityId, float] = {}


Seen = tuple[str, float, tuple[float, ...]]  # class, score, and the shape in its modality's numbers


class Lesson(NamedTuple):
    """One labelled view of an item: a picture, a sweep.

    `data` and the numbers of a shape are what the modality's templates read; the last is what it counts.
    """

    name: str
    data: bytes
    shapes: tuple[tuple[str, tuple[float, ...], float], ...]


class Layer(NamedTuple):
    """What a model sees of an item, as entities; a score for each of its shapes."""

    entities: tuple[AnyEntity, ...]
    scores: tuple[tuple[EntityId, float], ...]


class Described(Struct, frozen=True, forbid_unknown_fields=True):
    """`model.json`: what one needs to know of a model beside its weights. A modality adds its own fields."""

    kind: Annotated[str, Meta(min_length=1, max_length=64)]  # box_detector
    classes: tuple[Annotated[str, Meta(min_length=1, max_length=512)], ...]
    threshold: Annotated[float, Meta(ge=0, le=1)]  # that gave the best F1 on validation


class Sight(Protocol):
    """What a modality's models see of an item, and what becomes of what they say.

    Light enough for the node itself: native decoders are the templates', in their closed environment.
    """

    kinds: tuple[str, ...]  # of an item's first stream
    shape: str  # what the numbers of a shape are, as the command line names them
    described: type[Described]  # what `model.json` of its models must be

    def lessons(self, item: Shown) -> Iterator[Lesson]:
        """What is learned from an item. Raises what `Shown` raises, where nothing of it can be read."""

    def views(self, item: Shown, first: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """(frame, data) of what a model looks at in the frames [first, stop) of the first stream.

        Written as `lessons` write it; raises as these do.
        """

    def layer(self, item: Shown, seen: Sequence[tuple[int, Sequence[Seen]]]) -> Layer:
        """What was found in each view, by its frame, as entities on the item."""


class Judged(Struct, frozen=True):
    """One item, as people labelled it and as a model sees it. The size is that of `stream`, its first one.

    `rendition` gives what was prepared of a frame of a stream, by its name, to a metric that looks at the
    data themselves (how many points a cuboid holds); it raises `media.*`. None where there is none.
    """

    item: str
    name: str
    labels: tuple[AnyEntity, ...]
    predictions: tuple[AnyEntity, ...]
    scores: tuple[tuple[EntityId, float], ...]
    revision: int = 0
    width: int = 0
    height: int = 0
    stream: StreamId = StreamId("")
    streams: tuple[Stream, ...] = ()
    rendition: Callable[[StreamId, int, str], bytes] | None = None


class Judgement(Struct, frozen=True):
    """What a metric finds over all items."""

    threshold: float
    metrics: tuple[tuple[str, float], ...]
    per_class: tuple[ClassMetrics, ...]
    slices: tuple[Slice, ...]
    curves: tuple[Curve, ...]
    confusion_classes: tuple[str, ...]
    confusion: tuple[tuple[int, ...], ...]
    matches: tuple[Match, ...]


class Metric(Protocol):
    """Compares labels and predictions of one modality and task."""

    name: str
    modality: str

    def judge(self, items: Iterable[Judged], classes: Sequence[str], iou: float) -> Judgement: ...

    def score(self, items: Sequence[Judged], classes: Sequence[str]) -> float:
        """The one figure that gates look at (mAP@0.5 for detection)."""

    def resampled_scores(
        self, items: Sequence[Judged], classes: Sequence[str], counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """`score` of every resample. counts: (B, N), how often each holds each item. Returns (B,)."""


class Predictor(Protocol):
    """A trained model as services and predictions use it."""

    classes: tuple[str, ...]

    def predict(
        self, pictures: Sequence[Any]
    ) -> list[list[tuple[str, float, tuple[float, float, float, float]]]]:
        """For each picture ((H, W, 3) uint8 RGB): (class, score, xyxy in its pixels)."""


class Strategy(Protocol):
    """What to label next."""

    name: str
    title: str

    def rank(self, items: Sequence[Judged]) -> list[tuple[str, float]]:
        """(item, worth) with the most worth labelling first."""


class Executor(Protocol):
    """Where a run is carried out: a sandboxed process here; a container or a cluster elsewhere."""

    name: str

    def start(
        self, command: Sequence[str], descriptors: dict[str, int], on_exit: Callable[[int], None]
    ) -> Any: ...
