"""How well tracks are followed: MOTA, IDF1 and HOTA, as their authors define them.

CLEAR MOT: Bernardin and Stiefelhagen 2008. Identities: Ristani et al. 2016. HOTA: Luiten et al. 2020. Where
the papers leave something open (which of equal matches is kept), what TrackEval does holds.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.judging import Ints
from studio.domain.geometry import Floats

SIMILAR = 0.5  # from which on a prediction may stand for a label, for MOTA and IDF1
ALPHAS = np.arange(0.05, 0.99, 0.05)  # as HOTA averages over
_EPS = float(np.finfo(np.float64).eps)


class TrackFrame(NamedTuple):
    """One frame. labels (L,) and predictions (P,) are numbers of tracks from 0, each once in a frame.

    similarity: (L, P), 0 to 1; 0 where the two may not stand for each other.
    """

    labels: Ints
    predictions: Ints
    similarity: Floats


class Clear(NamedTuple):
    """CLEAR MOT. `mota` is at most 1 and may be negative; `motp` is the mean similarity of what matches."""

    mota: float
    motp: float
    matches: int
    misses: int
    false_positives: int
    switches: int


class Hota(NamedTuple):
    """Means over all levels of similarity: of detection and association, and of their geometric mean."""

    hota: float
    detection: float
    association: float
    localisation: float


Drive = Sequence[TrackFrame]  # the frames of one item; tracks are numbered within it


def clear(drives: Sequence[Drive], similar: float = SIMILAR) -> Clear:
    """MOTA and what it is made of. A label keeps the prediction that it had while that still fits."""
    parts = [_clear(drive, similar) for drive in drives]
    matches, misses, false_positives, switches, total = (sum(each) for each in zip(*parts, strict=True))
    labels = matches + misses
    mota = (matches - false_positives - switches) / labels if labels else 0.0
    return Clear(
        mota, total / max(matches, 1), int(matches), int(misses), int(false_positives), int(switches)
    )


def identity_f1(drives: Sequence[Drive], similar: float = SIMILAR) -> float:
    """F1 of frames in which a label is followed by the one prediction that follows it best overall."""
    right = whole = 0.0
    for drive in drives:
        together, of_label, of_prediction = _tables(drive, lambda frame: frame.similarity >= similar - _EPS)
        rows, columns = _assigned(together)
        right += float(together[rows, columns].sum())
        whole += float(of_label.sum() + of_prediction.sum())
    return 2 * right / max(whole, 1.0)


def hota(drives: Sequence[Drive]) -> Hota:
    """Higher order tracking accuracy, over similarities of 0.05 to 0.95."""
    true, near, shares = np.zeros((3, len(ALPHAS)))
    seen = 0
    for drive in drives:
        of_true, of_near, of_shares, of_seen = _hota(drive)
        true, near, shares, seen = true + of_true, near + of_near, shares + of_shares, seen + of_seen
    detection = true / np.maximum(seen - true, 1)
    association = shares / np.maximum(true, 1)
    localisation = np.maximum(near, 1e-10) / np.maximum(true, 1e-10)
    return Hota(
        float(np.sqrt(detection * association).mean()),
        float(detection.mean()),
        float(association.mean()),
        float(localisation.mean()),
    )


def _clear(drive: Drive, similar: float) -> tuple[int, int, int, int, float]:
    """Matches, misses, false positives, switches, and the sum of what matches are alike."""
    held = np.full(_count(each.labels for each in drive), -1, np.int64)  # the last each label ever had
    before = held.copy()  # in the frame before
    matches = misses = false_positives = switches = 0
    total = 0.0
    for frame in drive:
        kept = before[frame.labels][:, None] == frame.predictions[None, :]
        score = np.where(frame.similarity >= similar - _EPS, 1000.0 * kept + frame.similarity, 0.0)
        rows, columns = _assigned(score)
        labels, predictions = frame.labels[rows], frame.predictions[columns]
        was = held[labels]
        switches += int(np.count_nonzero((was >= 0) & (was != predictions)))
        held[labels] = predictions
        before[:] = -1
        before[labels] = predictions
        matches += len(rows)
        misses += len(frame.labels) - len(rows)
        false_positives += len(frame.predictions) - len(rows)
        total += float(frame.similarity[rows, columns].sum())
    return matches, misses, false_positives, switches, total


def _hota(drive: Drive) -> tuple[Floats, Floats, Floats, int]:
    """By level: true detections, their similarities, their shares of their tracks; and all that is seen."""
    together, of_label, of_prediction = _tables(drive, lambda frame: _shared_out(frame.similarity))
    both = of_label[:, None] + of_prediction[None, :]
    aligned = together / np.maximum(both - together, _EPS)
    pairs: list[tuple[Ints, Ints, Floats]] = []
    for frame in drive:
        rows, columns = _assigned(aligned[np.ix_(frame.labels, frame.predictions)] * frame.similarity)
        pairs.append((frame.labels[rows], frame.predictions[columns], frame.similarity[rows, columns]))
    labels, predictions, similarity = (
        np.concatenate([pair[part] for pair in pairs]) if pairs else np.zeros(0, np.int64)
        for part in range(3)
    )
    true, near, shares = np.zeros((3, len(ALPHAS)))
    for level, alpha in enumerate(ALPHAS):
        fits = similarity >= alpha - _EPS
        matched = np.zeros(both.shape)
        np.add.at(matched, (labels[fits], predictions[fits]), 1)
        true[level], near[level] = np.count_nonzero(fits), similarity[fits].sum()
        shares[level] = (matched * matched / np.maximum(both - matched, 1)).sum()
    return true, near, shares, int(of_label.sum() + of_prediction.sum())


def _tables(
    drive: Drive, weight: Callable[[TrackFrame], Floats | NDArray[np.bool_]]
) -> tuple[Floats, Floats, Floats]:
    """(T, R) how much each label and prediction go together, and in how many frames each of them is."""
    shape = _count(each.labels for each in drive), _count(each.predictions for each in drive)
    together = np.zeros(shape)
    of_label, of_prediction = np.zeros(shape[0]), np.zeros(shape[1])
    for frame in drive:
        together[np.ix_(frame.labels, frame.predictions)] += weight(frame)
        of_label[frame.labels] += 1
        of_prediction[frame.predictions] += 1
    return together, of_label, of_prediction


def _shared_out(similarity: Floats) -> Floats:
    """Each similarity over all that its label and its prediction have in the frame."""
    whole = similarity.sum(axis=0)[None, :] + similarity.sum(axis=1)[:, None] - similarity
    out: Floats = np.zeros_like(similarity)
    np.divide(similarity, whole, out=out, where=whole > _EPS)
    return out


def _assigned(score: Floats) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The pairs of rows and columns with the largest sum; those of score 0 are none."""
    from scipy.optimize import linear_sum_assignment  # half a second, which no start-up has to spare

    rows, columns = linear_sum_assignment(-score)
    fits = score[rows, columns] > _EPS
    return rows[fits], columns[fits]


def _count(numbers: Iterable[Ints]) -> int:
    return max((int(some.max()) for some in numbers if len(some)), default=-1) + 1
