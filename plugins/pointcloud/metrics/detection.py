"""The metric of cuboids: precision by overlap and by distance, slices, tracks, and every single outcome."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from plugins.judging import (
    NOBODY,
    Fate,
    Ints,
    best_threshold,
    class_metrics,
    confusion_matrix,
    curve,
    fates,
    holds,
    mean_known,
    mean_known_rows,
    ratio,
)
from plugins.pointcloud.metrics.precision import (
    overlaps_of,
    precision_by_distance,
    precision_by_overlap,
    resampled_by_overlap,
    sliced_precision,
    strict_levels,
)
from plugins.pointcloud.metrics.tracking import TrackFrame, clear, hota, identity_f1
from plugins.pointcloud.metrics.views import Side, View, views_of
from studio.domain.contracts.training import Judged, Judgement
from studio.domain.entities import Track
from studio.domain.ids import MatchId, new_id
from studio.domain.space import Floats
from studio.domain.wire.evaluation import Curve, Match, Slice

SCORE_IOU = 0.5  # at which gates compare
BY_DISTANCE_M = ((0.0, 20.0), (20.0, 40.0), (40.0, np.inf))
BY_POINTS = ((0, 1), (1, 11), (11, 51), (51, np.inf))


class CuboidDetection:
    """Labels and predictions of cuboids at every frame of the reference stream."""

    name = "cuboid_detection"
    modality = "pointcloud"

    def judge(self, items: Iterable[Judged], classes: Sequence[str], iou: float) -> Judgement:
        """Everything that an evaluation shows.

        `iou` is the overlap of volumes from which a prediction counts as having found a label, for outcomes,
        curves and slices. A class's `ap50` is at an overlap of 0.5, its `ap` the mean over distances of the
        middles of 0.5, 1, 2 and 4 m. Tracks are judged where a predicted one has more than one frame. Matches
        come with the most certain first.
        """
        judged = list(items)
        names = _classes_of(judged, classes)
        views = views_of(judged, names, count_points=True)
        overlaps = [overlaps_of(view) for view in views]
        held = [
            holds(table, view.predictions.classes, view.labels.classes, iou)
            for table, view in zip(overlaps, views, strict=True)
        ]
        hits = _joined([each != NOBODY for each in held]).astype(bool)
        scores = _joined([view.predictions.scores for view in views])
        labels = sum(len(view.labels.rows) for view in views)
        threshold = best_threshold(hits, scores, labels)
        matches = _matches(views, overlaps, held, names, threshold, iou)
        by_overlap = precision_by_overlap(views, len(names))
        by_distance = precision_by_distance(views, len(names)).mean(axis=1)
        strict = precision_by_overlap(views, len(names), strict_levels(views, len(names)))
        right = sum(match.outcome == "true_positive" for match in matches)
        shown = int(np.count_nonzero(scores >= threshold))
        return Judgement(
            threshold=threshold,
            metrics=(
                ("map50", mean_known(by_overlap)),
                ("map_distance", mean_known(by_distance)),
                ("map_strict", mean_known(strict)),
                ("precision", ratio(right, shown)),
                ("recall", ratio(right, labels)),
                ("f1", ratio(2 * right, shown + labels)),
                *_of_tracks(views, overlaps, threshold),
            ),
            per_class=tuple(
                class_metrics(name, float(overlap), float(distance), matches)
                for name, overlap, distance in zip(names, by_overlap, by_distance, strict=True)
            ),
            slices=_slices(views, held, len(names)),
            curves=tuple(
                drawn
                for index, name in enumerate(names)
                if (drawn := _curve(name, index, views, held)) is not None
            ),
            confusion_classes=names,
            confusion=confusion_matrix(matches, names),
            matches=tuple(matches),
        )

    def score(self, items: Sequence[Judged], classes: Sequence[str]) -> float:
        """Mean average precision at an overlap of volumes of 0.5, over the classes that have labels."""
        names = _classes_of(items, classes)
        return mean_known(precision_by_overlap(views_of(items, names), len(names), SCORE_IOU))

    def resampled_scores(
        self, items: Sequence[Judged], classes: Sequence[str], counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """`score` of every resample. counts: (B, N), how often each holds each item. Returns (B,)."""
        names = _classes_of(items, classes)
        return mean_known_rows(resampled_by_overlap(views_of(items, names), len(names), counts, SCORE_IOU))


CUBOID_DETECTION = CuboidDetection()


def _classes_of(items: Iterable[Judged], classes: Sequence[str]) -> tuple[str, ...]:
    """`classes` in their order, then every other class that labels or predictions name, sorted."""
    seen = {
        entity.class_name
        for item in items
        for entity in (*item.labels, *item.predictions)
        if isinstance(entity, Track)
    }
    known = tuple(dict.fromkeys(classes))
    return known + tuple(sorted(seen - set(known)))


def _matches(
    views: Sequence[View],
    overlaps: Sequence[Floats],
    held: Sequence[Ints],
    names: Sequence[str],
    threshold: float,
    iou: float,
) -> list[Match]:
    found = [
        _match(view, names, fate)
        for view, table, holding in zip(views, overlaps, held, strict=True)
        for fate in fates(table, holding, int(np.count_nonzero(view.predictions.scores >= threshold)), iou)
    ]
    return sorted(found, key=lambda match: -match.score)


def _match(view: View, names: Sequence[str], fate: Fate) -> Match:
    prediction, label = fate.prediction, fate.label
    return Match(
        id=MatchId(new_id()),
        item=view.item,
        item_name=view.item_name,
        stream=view.stream,
        frame=view.frame,
        outcome=fate.outcome,
        score=0.0 if prediction is None else float(view.predictions.scores[prediction]),
        iou=fate.overlap,
        label=None if label is None else view.labels.ids[label],
        labelled="" if label is None else names[int(view.labels.classes[label])],
        predicted="" if prediction is None else names[int(view.predictions.classes[prediction])],
        label_cuboid=None if label is None else view.labels.placements[label],
        predicted_cuboid=None if prediction is None else view.predictions.placements[prediction],
        revision=view.revision,
    )


def _curve(name: str, index: int, views: Sequence[View], held: Sequence[Ints]) -> Curve | None:
    own = [view.predictions.classes == index for view in views]
    return curve(
        name,
        _joined([view.predictions.scores[mine] for view, mine in zip(views, own, strict=True)]),
        _joined([each[mine] != NOBODY for each, mine in zip(held, own, strict=True)]).astype(bool),
        sum(int(np.count_nonzero(view.labels.classes == index)) for view in views),
    )


def _slices(views: Sequence[View], held: Sequence[Ints], classes: int) -> tuple[Slice, ...]:
    """By distance from the ego frame, and by how many points a cuboid holds where those are known."""
    found: list[Slice] = []
    for low, high in BY_DISTANCE_M:

        def is_near(side: Side, low: float = low, high: float = high) -> NDArray[np.bool_]:
            away = np.hypot(side.rows[:, 0], side.rows[:, 1])
            near: NDArray[np.bool_] = (away >= low) & (away < high)
            return near

        name = f"{low:g} m and further" if high == np.inf else f"{low:g} to {high:g} m"
        precision, labels, items = sliced_precision(views, held, classes, is_near)
        found.append(Slice(name, items, labels, precision))
    if not any((view.labels.points >= 0).any() for view in views):
        return tuple(found)
    for low, high in BY_POINTS:

        def has_points(side: Side, low: float = low, high: float = high) -> NDArray[np.bool_]:
            within: NDArray[np.bool_] = (side.points >= low) & (side.points < high)
            return within

        name = f"{low:g} points and more" if high == np.inf else f"{low:g} to {high - 1:g} points"
        precision, labels, items = sliced_precision(views, held, classes, has_points)
        found.append(Slice("no point" if high == 1 else name, items, labels, precision))
    return tuple(found)


def _of_tracks(
    views: Sequence[View], overlaps: Sequence[Floats], threshold: float
) -> tuple[tuple[str, float], ...]:
    """Figures of tracks, of predictions at the threshold; none where predictions follow nothing."""
    drives: dict[int, list[TrackFrame]] = {}
    follows = False
    last: dict[tuple[int, int], int] = {}
    for view, table in zip(views, overlaps, strict=True):
        shown = int(np.count_nonzero(view.predictions.scores >= threshold))
        same = view.predictions.classes[:shown, None] == view.labels.classes[None, :]
        tracks = view.predictions.tracks[:shown]
        for track in tracks.tolist():
            follows |= last.setdefault((view.place, track), view.frame) != view.frame
        # of a track that stands twice in a frame only the more certain one can be followed
        _, once = np.unique(tracks, return_index=True)
        similarity = np.where(same, table[:shown], 0.0)[once].T
        drives.setdefault(view.place, []).append(TrackFrame(view.labels.tracks, tracks[once], similarity))
    if not follows:
        return ()
    followed = list(drives.values())
    return (
        ("mota", clear(followed).mota),
        ("idf1", identity_f1(followed)),
        ("hota", hota(followed).hota),
    )


def _joined(parts: Sequence[NDArray[np.generic]]) -> Floats:
    return np.concatenate(parts).astype(np.float64) if parts else np.zeros(0)
