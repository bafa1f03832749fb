"""Average precision of cuboids: by how far they overlap in space, and by how near their middles are.

By overlap with COCO's 101 levels of recall, on the overlap of volumes (KITTI's, of turned boxes). By distance
as nuScenes has it: matches by the distance of the middles seen from above, precision and recall below a tenth
count for nothing, no envelope.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from plugins.judging import NOBODY, Ints, holds, mean_known, resampled_precision
from plugins.pointcloud.metrics.views import Side, View
from studio.domain.overlap import centre_distance, cuboid_iou
from studio.domain.space import Floats

DISTANCES_M = (0.5, 1.0, 2.0, 4.0)
LONG_M = 3.0  # what is as long is judged at 0.7, the rest at 0.5: cars, and people and cycles, at KITTI
STRICT, LENIENT = 0.7, 0.5
_LOWEST = 0.1  # recall and precision that count for nothing (nuScenes)


def overlaps_of(view: View) -> Floats:
    """(P, L) intersection over union of volumes."""
    return cuboid_iou(view.predictions.rows, view.labels.rows)


def precision_by_overlap(views: Sequence[View], classes: int, least: Floats | float = 0.5) -> Floats:
    """(C,) each; NaN where a class has no label. least: the overlap that counts as found, also (C,)."""
    whole = np.ones((1, 1), np.int64)
    return resampled_by_overlap(views, classes, whole, least, single=True)[:, 0]


def resampled_by_overlap(
    views: Sequence[View],
    classes: int,
    counts: NDArray[np.int64],
    least: Floats | float = 0.5,
    single: bool = False,
) -> Floats:
    """(C, B) in every resample. counts: (B, N), how often each holds each of the N items.

    With `single` all items count as one.
    """
    levels = np.broadcast_to(np.asarray(least, np.float64), (classes,))
    tables = [(overlaps_of(view), view) for view in views]
    out = np.full((classes, len(counts)), np.nan)
    for name in range(classes):
        labels = np.zeros(counts.shape[1])
        rows: list[Floats] = []
        for overlaps, view in tables:
            item = 0 if single else view.place
            mine, own = np.flatnonzero(view.predictions.classes == name), view.labels.classes == name
            labels[item] += np.count_nonzero(own)
            held = holds(
                overlaps[np.ix_(mine, own)],
                np.zeros(len(mine), np.int64),
                np.zeros(int(own.sum()), np.int64),
                float(levels[name]),
            )
            rows.append(_ranked(view.predictions.scores[mine], held, item))
        if labels.any():
            out[name] = resampled_precision(np.concatenate(rows), labels, counts)
    return out


def precision_by_distance(views: Sequence[View], classes: int) -> Floats:
    """(C, 4) at each of `DISTANCES_M`; NaN where a class has no label."""
    out = np.full((classes, len(DISTANCES_M)), np.nan)
    tables = [(-centre_distance(view.predictions.rows, view.labels.rows), view) for view in views]
    for name in range(classes):
        labels = sum(int(np.count_nonzero(view.labels.classes == name)) for view in views)
        for level, distance in enumerate(DISTANCES_M if labels else ()):
            rows = []
            for near, view in tables:
                mine, own = np.flatnonzero(view.predictions.classes == name), view.labels.classes == name
                some = np.zeros(len(mine), np.int64)
                held = holds(near[np.ix_(mine, own)], some, np.zeros(int(own.sum()), np.int64), -distance)
                rows.append(_ranked(view.predictions.scores[mine], held, 0))
            out[name, level] = _nuscenes(np.concatenate(rows), labels)
    return out


def strict_levels(views: Sequence[View], classes: int) -> Floats:
    """(C,) the overlap from which a class counts as found at KITTI: by how long its labels usually are."""
    lengths = np.concatenate([view.labels.rows[:, 3] for view in views]) if views else np.zeros(0)
    names = np.concatenate([view.labels.classes for view in views]) if views else np.zeros(0, np.int64)
    return np.array(
        [
            STRICT if (names == name).any() and np.median(lengths[names == name]) >= LONG_M else LENIENT
            for name in range(classes)
        ]
    )


def sliced_precision(
    views: Sequence[View], held: Sequence[Ints], classes: int, belongs: Callable[[Side], NDArray[np.bool_]]
) -> tuple[float, int, int]:
    """Mean average precision on a part of all cuboids; and how many labels and items that part has.

    held: of each view, the label that each prediction holds. A prediction that holds a label of another part,
    or none and itself belongs to another part, is no mistake of this one.
    """
    labels = np.zeros((classes, 1))
    items: set[int] = set()
    rows: list[list[Floats]] = [[] for _ in range(classes)]
    for view, holding in zip(views, held, strict=True):
        own, mine = belongs(view.labels), belongs(view.predictions)
        labels[:, 0] += np.bincount(view.labels.classes[own], minlength=classes)
        if own.any():
            items.add(view.place)
        nobody = holding == NOBODY
        counts = np.where(nobody, mine, own[holding]) if len(own) else mine
        for name in range(classes):
            some = counts & (view.predictions.classes == name)
            rows[name].append(_ranked(view.predictions.scores[some], holding[some], 0))
    whole = np.ones((1, 1), np.int64)
    found = [
        resampled_precision(np.concatenate(rows[name]), labels[name], whole)[0]
        for name in range(classes)
        if labels[name].any()
    ]
    return mean_known(np.array(found)), int(labels.sum()), len(items)


def _ranked(scores: Floats, held: Ints, item: int) -> Floats:
    return np.stack(
        [scores, (held != NOBODY).astype(np.float64), np.full(len(held), item, np.float64)], axis=1
    )


def _nuscenes(rows: Floats, labels: int) -> float:
    """Average precision as nuScenes' `calc_ap` has it."""
    if not len(rows) or not rows[:, 1].any():
        return 0.0
    hit = rows[np.argsort(-rows[:, 0], kind="stable"), 1]
    right = np.cumsum(hit)
    levels = np.linspace(0.0, 1.0, 101)
    precision = np.interp(levels, right / labels, right / np.arange(1, len(hit) + 1), right=0.0)
    above = precision[round(100 * _LOWEST) + 1 :] - _LOWEST
    return float(np.clip(above, 0.0, None).mean() / (1.0 - _LOWEST))
