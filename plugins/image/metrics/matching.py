"""Who sees whom: labels and predictions matched greedily by score, the outcomes, the confusion matrix."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.image.metrics.views import Ints, View
from studio.domain.geometry import Floats, Rect, iou_matrix
from studio.domain.ids import MatchId, new_id
from studio.domain.wire.evaluation import Match

NOBODY = -1


class Pairing(NamedTuple):
    """For P predictions by falling score: the label that each holds (or NOBODY), and its best overlap."""

    same_class: Ints  # the label of its own class that it found first
    best_iou: Floats  # with any label of any class


def pair(view: View, iou: float) -> Pairing:
    """Each prediction, the most certain first, takes the free label of its class that it overlaps most.

    As COCO does it; a prediction below `iou` with every free label takes none. What a prediction takes does
    not depend on less certain ones, so a threshold on the score only cuts the end off.
    """
    overlaps = iou_matrix(view.predicted_boxes, view.label_boxes)
    taken = np.full(len(view.scores), NOBODY, np.int64)
    if overlaps.size:
        own = np.where(view.predicted_classes[:, None] == view.label_classes[None, :], overlaps, -1.0)
        _take(own, iou, taken, range(len(taken)))
        return Pairing(taken, overlaps.max(axis=1))
    return Pairing(taken, np.zeros(len(taken)))


def best_threshold(hits: NDArray[np.bool_], scores: Floats, labels: int) -> float:
    """The score at and above which F1 over all predictions is best; 0.5 where nothing can be right.

    hits: (N,) whether each prediction holds a label; scores: (N,), in any order. Of equally good scores the
    highest.
    """
    if not labels or not hits.any():
        return 0.5
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    f1 = 2 * right / (np.arange(1, len(order) + 1) + labels)
    ranked = scores[order]
    # a threshold cannot part equal scores, so only the last of each run of them is a place to cut
    f1[:-1][ranked[:-1] == ranked[1:]] = -1.0
    return float(ranked[int(np.argmax(f1))])


def outcomes(
    view: View, pairing: Pairing, classes: Sequence[str], threshold: float, iou: float
) -> list[Match]:
    """What became of every label, and of every prediction at or above `threshold`.

    After the true positives, a prediction takes a free label of another class that it overlaps: a confusion.
    What is left is a false positive or a false negative.
    """
    kept = int(np.count_nonzero(view.scores >= threshold))
    own = pairing.same_class[:kept]
    overlaps = iou_matrix(view.predicted_boxes[:kept], view.label_boxes)
    other = np.full(kept, NOBODY, np.int64)
    free = overlaps.copy()
    free[:, own[own != NOBODY]] = -1.0
    _take(free, iou, other, np.flatnonzero(own == NOBODY).tolist())
    found: list[Match] = []
    for index in range(kept):
        if own[index] != NOBODY:
            label = int(own[index])
            found.append(_match(view, classes, "true_positive", index, label, overlaps[index, label]))
        elif other[index] != NOBODY:
            label = int(other[index])
            found.append(_match(view, classes, "confusion", index, label, overlaps[index, label]))
        else:
            found.append(_match(view, classes, "false_positive", index, None, pairing.best_iou[index]))
    held = {*own.tolist(), *other.tolist()}
    for label in range(len(view.label_boxes)):
        if label not in held:
            best = overlaps[:, label].max() if kept else 0.0
            found.append(_match(view, classes, "false_negative", None, label, best))
    return found


def confusion_matrix(matches: Iterable[Match], classes: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Rows: labelled, columns: predicted; the last of each is "nothing"."""
    place = {name: index for index, name in enumerate(classes)}
    nothing = len(classes)
    counts = np.zeros((nothing + 1, nothing + 1), np.int64)
    for match in matches:
        row = place[match.labelled] if match.label_xyxy is not None else nothing
        column = place[match.predicted] if match.predicted_xyxy is not None else nothing
        counts[row, column] += 1
    return tuple(tuple(int(count) for count in row) for row in counts)


def _take(overlaps: Floats, iou: float, taken: Ints, order: Iterable[int]) -> None:
    """Let the predictions in `order` take the best column of `overlaps` that nobody holds; fills `taken`."""
    free = overlaps.copy()
    for index in order:
        if not free.shape[1]:
            return
        best = int(np.argmax(free[index]))
        # COCO lets an overlap pass that misses the threshold by rounding
        if free[index, best] >= min(iou, 1 - 1e-10):
            taken[index] = best
            free[:, best] = -1.0


def _match(
    view: View, classes: Sequence[str], outcome: str, prediction: int | None, label: int | None, iou: float
) -> Match:
    return Match(
        id=MatchId(new_id()),
        item=view.item,
        item_name=view.item_name,
        stream=view.stream,
        frame=view.frame,
        outcome=outcome,  # type: ignore[arg-type]
        score=0.0 if prediction is None else float(view.scores[prediction]),
        iou=float(iou),
        label=None if label is None else view.label_ids[label],
        labelled="" if label is None else classes[int(view.label_classes[label])],
        predicted="" if prediction is None else classes[int(view.predicted_classes[prediction])],
        label_xyxy=None if label is None else _rect(view.label_boxes[label]),
        predicted_xyxy=None if prediction is None else _rect(view.predicted_boxes[prediction]),
        revision=view.revision,
    )


def _rect(row: Floats) -> Rect:
    left, top, right, bottom = (float(value) for value in row)
    return left, top, right, bottom
