"""How well single points are told apart: intersection over union by class."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.domain.geometry import Floats


class PointClasses(NamedTuple):
    """By class, NaN where neither labels nor predictions have it; and the mean over the others."""

    iou: Floats  # (C,)
    mean: float
    confusion: NDArray[np.int64]  # (C, C), rows: labelled, columns: predicted; the unlabelled are left out


def point_classes(
    clouds: Iterable[tuple[NDArray[np.generic], NDArray[np.generic]]],
    classes: int,
    unlabelled: Sequence[int] = (0,),
) -> PointClasses:
    """Over pairs of (N,) labelled and predicted classes, whole numbers below `classes`.

    As SemanticKITTI has it: points whose label is `unlabelled` are left out whatever was predicted of them,
    and those classes count for nothing.
    """
    counts = np.zeros((classes, classes), np.int64)
    for labelled, predicted in clouds:
        kept = ~np.isin(labelled, unlabelled)
        pairs = labelled[kept].astype(np.int64) * classes + predicted[kept].astype(np.int64)
        counts += np.bincount(pairs, minlength=classes * classes).reshape(classes, classes)
    right = counts.diagonal().astype(np.float64)
    whole = counts.sum(axis=0) + counts.sum(axis=1) - right
    iou = np.divide(right, whole, out=np.full(classes, np.nan), where=whole > 0)
    iou[list(unlabelled)] = np.nan
    known = iou[~np.isnan(iou)]
    return PointClasses(iou, float(known.mean()) if len(known) else 0.0, counts)
