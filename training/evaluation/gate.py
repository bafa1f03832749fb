"""The gate before a release: candidate against the model in service, on one sealed suite."""

from collections.abc import Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from studio.domain.contracts.training import Judged, Metric
from studio.domain.entities import AnyEntity, CoordinateSystem, EgoPose, Track
from studio.domain.errors import AtelierError
from studio.domain.wire.releases import GateResult

FEWEST_ITEMS = 8  # below this an aggregate tells of single items
FEWEST_LABELS = 8  # of a class, for the same reason
RESAMPLES = 2_000
_PER_CENT = (2.5, 97.5)
_FRAMES = (EgoPose, CoordinateSystem)  # in which shapes stand, whatever their class


def judged_classes(labels_by_class: dict[str, int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The classes with enough labels to be judged on a sealed suite, and those left out; sorted."""
    enough = tuple(sorted(name for name, count in labels_by_class.items() if count >= FEWEST_LABELS))
    few = tuple(sorted(name for name, count in labels_by_class.items() if 0 < count < FEWEST_LABELS))
    return enough, few


def check_large_enough(items: int, labels_by_class: dict[str, int]) -> None:
    """Raise `suite.too_small` where an aggregate over these would tell of single items."""
    if items < FEWEST_ITEMS:
        raise AtelierError(
            "suite.too_small",
            f"A suite needs at least {FEWEST_ITEMS} items, and these are {items}. Nothing was sealed.",
            hint="Choose more items: with fewer, its figures would tell of single ones.",
        )
    if not judged_classes(labels_by_class)[0]:
        raise AtelierError(
            "suite.too_small",
            f"A suite needs a class with at least {FEWEST_LABELS} labels, and none has. Nothing was sealed.",
            hint="Label more of these items first, or choose others.",
        )


def of_classes(item: Judged, classes: Sequence[str]) -> Judged:
    """`item` with the labels and predictions of `classes` alone."""
    return replace(item, labels=_kept(item.labels, classes), predictions=_kept(item.predictions, classes))


def judge(
    metric: Metric,
    candidate: Sequence[Judged],
    baseline: Sequence[Judged] | None,
    classes: Sequence[str],
    seed: int,
    resamples: int = RESAMPLES,
) -> GateResult:
    """The metric of both over the same items, with a 95 % interval of the difference.

    Paired bootstrap over items: every resample draws the same items for both, since items, not boxes, are
    what is independent. Without a baseline the interval is of the candidate's own figure. It passes where
    the candidate is at least as good. The same seed gives the same interval.
    """
    counts = _draws(len(candidate), resamples, seed)
    score = metric.score(candidate, classes)
    ours = metric.resampled_scores(candidate, classes, counts)
    if baseline is None:
        low, high = _interval(ours)
        passes = score > 0
        return GateResult(
            metric="map50",
            items=len(candidate),
            candidate=score,
            baseline=None,
            difference=score,
            low=low,
            high=high,
            passes=passes,
            sentence=_first_sentence(score, low, high, len(candidate)),
        )
    other = metric.score(baseline, classes)
    low, high = _interval(ours - metric.resampled_scores(baseline, classes, counts))
    return GateResult(
        metric="map50",
        items=len(candidate),
        candidate=score,
        baseline=other,
        difference=score - other,
        low=low,
        high=high,
        passes=score >= other,
        sentence=_sentence(score, other, low, high, len(candidate)),
    )


def _draws(items: int, resamples: int, seed: int) -> NDArray[np.int64]:
    """(resamples, items): how often each draws each item."""
    generator = np.random.default_rng(seed)
    return generator.multinomial(items, np.full(items, 1 / items), size=resamples).astype(np.int64)


def _kept(entities: Sequence[AnyEntity], classes: Sequence[str]) -> tuple[AnyEntity, ...]:
    tracks = {each.id for each in entities if isinstance(each, Track) and each.class_name in classes}
    return tuple(
        each for each in entities if isinstance(each, _FRAMES) or getattr(each, "track", each.id) in tracks
    )


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    low, high = np.percentile(values, _PER_CENT)
    return float(low), float(high)


def _first_sentence(score: float, low: float, high: float, items: int) -> str:
    if score <= 0:
        return f"The candidate finds nothing that is right on {items} sealed items."
    return (
        f"Nothing is in service yet to compare with. The candidate scores {score:.3f} on {items} sealed "
        f"items (95 % interval {low:.3f} to {high:.3f})."
    )


def _sentence(score: float, other: float, low: float, high: float, items: int) -> str:
    figures = (
        f"The candidate scores {score:.3f} and the model in service {other:.3f} on {items} sealed items: "
        f"{score - other:+.3f} (95 % interval {low:+.3f} to {high:+.3f})."
    )
    if low > 0:
        return f"{figures} It is better."
    if high < 0:
        return f"{figures} It is worse."
    return f"{figures} The interval holds zero, so the difference may be chance."
