"""Judging ranked predictions against labels, whatever their geometry: who holds whom, curves, precision.

A modality brings the overlaps of its own shapes, as (P, L) numbers that grow the better a prediction fits a
label; predictions stand by falling score.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.domain.geometry import Floats
from studio.domain.wire.evaluation import ClassMetrics, Curve, Match, Outcome

Ints = NDArray[np.int64]
NOBODY = -1
_CURVE_POINTS = 200
_RECALLS = np.linspace(0.0, 1.0, 101)


class Fate(NamedTuple):
    """What became of one prediction, one label, or a pair of them, by their places."""

    outcome: Outcome
    prediction: int | None
    label: int | None
    overlap: float  # of the pair, or the best that there was


def holds(overlaps: Floats, predicted: Ints, labelled: Ints, least: float) -> Ints:
    """(P,) the label that each prediction holds, or NOBODY.

    Each prediction, the most certain first, takes the free label of its class that it overlaps most, as COCO
    does it; one below `least` with every free label takes none. What a prediction takes does not depend on
    less certain ones, so a threshold on the score only cuts the end off. predicted: (P,), labelled: (L,)
    classes.
    """
    taken = np.full(len(predicted), NOBODY, np.int64)
    if overlaps.size:
        own = np.where(predicted[:, None] == labelled[None, :], overlaps, -np.inf)
        _take(own, least, taken, range(len(taken)))
    return taken


def fates(overlaps: Floats, held: Ints, kept: int, least: float) -> list[Fate]:
    """What became of every label, and of the first `kept` predictions.

    After the true positives, a prediction takes a free label of another class that it overlaps: a confusion.
    What is left is a false positive or a false negative.
    """
    own = held[:kept]
    other = np.full(kept, NOBODY, np.int64)
    free = overlaps[:kept].copy()
    free[:, own[own != NOBODY]] = -np.inf
    _take(free, least, other, np.flatnonzero(own == NOBODY).tolist())
    found: list[Fate] = []
    for index in range(kept):
        if own[index] != NOBODY:
            label = int(own[index])
            found.append(Fate("true_positive", index, label, float(overlaps[index, label])))
        elif other[index] != NOBODY:
            label = int(other[index])
            found.append(Fate("confusion", index, label, float(overlaps[index, label])))
        else:
            found.append(Fate("false_positive", index, None, float(overlaps[index].max(initial=0.0))))
    taken = {*own.tolist(), *other.tolist()}
    for label in range(overlaps.shape[1]):
        if label not in taken:
            best = float(overlaps[:kept, label].max(initial=0.0))
            found.append(Fate("false_negative", None, label, best))
    return found


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


def confusion_matrix(matches: Iterable[Match], classes: Sequence[str]) -> tuple[tuple[int, ...], ...]:
    """Rows: labelled, columns: predicted; the last of each is "nothing"."""
    place = {name: index for index, name in enumerate(classes)}
    nothing = len(classes)
    counts = np.zeros((nothing + 1, nothing + 1), np.int64)
    for match in matches:
        row = nothing if match.outcome == "false_positive" else place[match.labelled]
        column = nothing if match.outcome == "false_negative" else place[match.predicted]
        counts[row, column] += 1
    return tuple(tuple(int(count) for count in row) for row in counts)


def class_metrics(name: str, ap50: float, ap: float, matches: Sequence[Match]) -> ClassMetrics:
    """The figures of one class, from outcomes at the threshold; a NaN is 0, since a message holds none."""
    labels = sum(match.labelled == name and match.outcome != "false_positive" for match in matches)
    predictions = sum(match.predicted == name and match.outcome != "false_negative" for match in matches)
    right = sum(match.labelled == name and match.outcome == "true_positive" for match in matches)
    return ClassMetrics(
        class_name=name,
        ap50=0.0 if np.isnan(ap50) else ap50,
        ap=0.0 if np.isnan(ap) else ap,
        precision=ratio(right, predictions),
        recall=ratio(right, labels),
        labels=labels,
        predictions=predictions,
    )


def curve(name: str, scores: Floats, hits: NDArray[np.bool_], labels: int) -> Curve | None:
    """Precision over recall of one class, thinned to points that a plot can show; None without labels."""
    if not labels or not len(scores):
        return None
    order = np.argsort(-scores, kind="stable")
    right = np.cumsum(hits[order])
    recall = right / labels
    precision = right / np.arange(1, len(order) + 1)
    kept = np.unique(np.linspace(0, len(order) - 1, min(len(order), _CURVE_POINTS)).round().astype(int))
    return Curve(
        name,
        tuple(float(value) for value in recall[kept]),
        tuple(float(value) for value in precision[kept]),
        tuple(float(value) for value in scores[order][kept]),
    )


def resampled_precision(rows: Floats, labels: Floats, counts: NDArray[np.int64]) -> Floats:
    """(B,) average precision of one class in every resample; NaN for one without any label of it.

    By COCO's 101 levels of recall. rows: (D, 3) score, whether it holds a label, index of its item; labels:
    (N,) of each item; counts: (B, N), how often each resample holds each of the N items. What a prediction
    matches depends on its own item alone, so a resample only weighs it: one cumulative sum over the ranked
    predictions, a few ms for a thousand.
    """
    positives = counts @ labels
    out = np.where(positives > 0, 0.0, np.nan)
    if not len(rows):
        return out
    rows = rows[np.argsort(-rows[:, 0], kind="stable")]
    hit, item = rows[:, 1], rows[:, 2].astype(np.int64)
    step = max(1, 4_000_000 // len(rows))  # 32 MB of float64 at a time
    for start in range(0, len(counts), step):
        weights = counts[start : start + step, item].astype(np.float64)
        right = np.cumsum(weights * hit, axis=1)
        shown = np.cumsum(weights, axis=1)
        precision = np.divide(right, shown, out=np.zeros_like(right), where=shown > 0)
        envelope = np.maximum.accumulate(precision[:, ::-1], axis=1)[:, ::-1]
        for row in range(len(weights)):
            total = positives[start + row]
            if total:
                at = np.searchsorted(right[row] / total, _RECALLS, side="left")
                reached = at[at < len(hit)]
                out[start + row] = envelope[row, reached].sum() / len(_RECALLS)
    return out


def mean_known(values: Floats) -> float:
    """The mean of those that are no NaN, 0 where all are."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if len(known) else 0.0


def mean_known_rows(table: Floats) -> Floats:
    """(C, B) -> (B,): `mean_known` of every column."""
    known = ~np.isnan(table)
    out: Floats = np.where(known, table, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    return out


def ratio(part: int, whole: int) -> float:
    """0 where there is no whole."""
    return part / whole if whole else 0.0


def _take(overlaps: Floats, least: float, taken: Ints, order: Iterable[int]) -> None:
    """Let the predictions in `order` take the best column of `overlaps` that nobody holds; fills `taken`."""
    free = overlaps.copy()
    for index in order:
        if not free.shape[1]:
            return
        best = int(np.argmax(free[index]))
        # COCO lets an overlap pass that misses the threshold by rounding
        if free[index, best] >= min(least, 1 - 1e-10):
            taken[index] = best
            free[:, best] = -np.inf
