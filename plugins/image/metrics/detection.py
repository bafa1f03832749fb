"""The metric of box detection: average precision, curves, slices, confusions and every single outcome."""

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from plugins.image.metrics.average_precision import (
    LARGE,
    SMALL,
    average_precision,
    resampled_map50,
)
from plugins.image.metrics.matching import Pairing, outcomes, pair
from plugins.image.metrics.views import Ints, View, classes_of, views_of
from plugins.judging import (
    NOBODY,
    best_threshold,
    class_metrics,
    confusion_matrix,
    curve,
    mean_known,
    ratio,
)
from studio.domain.contracts.training import Judged, Judgement
from studio.domain.geometry import Floats, areas, iou_matrix
from studio.domain.wire.evaluation import Curve, Slice

CROWDED_IOU = 0.2  # labels of one picture that overlap each other so far make it a crowded one


class BoxDetection:
    """Labels and predictions of axis-aligned boxes."""

    name = "box_detection"
    modality = "image"

    def judge(self, items: Iterable[Judged], classes: Sequence[str], iou: float) -> Judgement:
        """Everything that an evaluation shows.

        `iou` is the overlap from which a prediction counts as having found a label, for outcomes and curves;
        average precision is COCO's, at 0.50 and over 0.50 to 0.95. Matches come with the most certain first.
        A class that only predictions name has false positives and no average precision.
        """
        judged = list(items)
        names = classes_of(judged, classes)
        views = views_of(judged, names)
        pairings = [pair(view, iou) for view in views]
        hits = _any_held([paired.same_class for paired in pairings])
        scores = _joined([view.scores for view in views])
        labels = sum(len(view.label_boxes) for view in views)
        threshold = best_threshold(hits, scores, labels)
        matches = [
            match
            for view, paired in zip(views, pairings, strict=True)
            for match in outcomes(view, paired, names, threshold, iou)
        ]
        matches.sort(key=lambda match: -match.score)
        precisions = average_precision(views, len(names))
        per_class = tuple(
            class_metrics(name, float(ap50), float(ap), matches)
            for name, ap50, ap in zip(names, precisions.ap50, precisions.ap, strict=True)
        )
        right = sum(match.outcome == "true_positive" for match in matches)
        shown = int(np.count_nonzero(scores >= threshold))
        return Judgement(
            threshold=threshold,
            metrics=(
                ("map50", mean_known(precisions.ap50)),
                ("map", mean_known(precisions.ap)),
                ("precision", ratio(right, shown)),
                ("recall", ratio(right, labels)),
                ("f1", ratio(2 * right, shown + labels)),
            ),
            per_class=per_class,
            slices=_slices(views, len(names), precisions.by_size),
            curves=tuple(
                drawn
                for index, name in enumerate(names)
                if (drawn := _curve(name, index, views, pairings)) is not None
            ),
            confusion_classes=names,
            confusion=confusion_matrix(matches, names),
            matches=tuple(matches),
        )

    def score(self, items: Sequence[Judged], classes: Sequence[str]) -> float:
        """mAP at IoU 0.5, over the classes that have labels."""
        names = classes_of(items, classes)
        return mean_known(average_precision(views_of(items, names), len(names)).ap50)

    def resampled_scores(
        self, items: Sequence[Judged], classes: Sequence[str], counts: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        """`score` of every resample. counts: (B, N), how often each holds each item. Returns (B,)."""
        names = classes_of(items, classes)
        return resampled_map50(views_of(items, names), len(names), counts)


BOX_DETECTION = BoxDetection()


def _curve(name: str, index: int, views: Sequence[View], pairings: Sequence[Pairing]) -> Curve | None:
    own = [view.predicted_classes == index for view in views]
    return curve(
        name,
        _joined([view.scores[mine] for view, mine in zip(views, own, strict=True)]),
        _any_held([paired.same_class[mine] for paired, mine in zip(pairings, own, strict=True)]),
        sum(int(np.count_nonzero(view.label_classes == index)) for view in views),
    )


def _slices(views: Sequence[View], classes: int, by_size: Floats) -> tuple[Slice, ...]:
    bounds = ((0.0, SMALL), (SMALL, LARGE), (LARGE, np.inf))
    found: list[Slice] = []
    for name, (low, high), precision in zip(("small", "medium", "large"), bounds, by_size, strict=True):
        inside = [_boxes_between(view, low, high) for view in views]
        items = len({view.place for view, count in zip(views, inside, strict=True) if count})
        found.append(Slice(f"{name} boxes", items, sum(inside), mean_known(precision)))
    crowded = {view.place for view in views if _is_crowded(view)}
    for name, part in (
        ("crowded items", [view for view in views if view.place in crowded]),
        ("items without overlap", [view for view in views if view.place not in crowded]),
    ):
        labels = sum(len(view.label_boxes) for view in part)
        items = len({view.place for view in part})
        found.append(Slice(name, items, labels, mean_known(average_precision(part, classes).ap50)))
    return tuple(found)


def _boxes_between(view: View, low: float, high: float) -> int:
    shares = areas(view.label_boxes) / (view.pixels or 640 * 480)
    return int(np.count_nonzero((shares >= low) & (shares < high)))


def _is_crowded(view: View) -> bool:
    if len(view.label_boxes) < 2:
        return False
    overlaps = iou_matrix(view.label_boxes, view.label_boxes)
    np.fill_diagonal(overlaps, 0.0)
    return bool(overlaps.max() >= CROWDED_IOU)


def _joined(parts: Sequence[Floats]) -> Floats:
    return np.concatenate(parts) if parts else np.zeros(0)


def _any_held(parts: Sequence[Ints]) -> NDArray[np.bool_]:
    return np.concatenate(parts) != NOBODY if parts else np.zeros(0, np.bool_)
