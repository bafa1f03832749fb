"""What the node's side of a plug-in offers: metrics, training templates, strategies, executors."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from msgspec import Struct
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
