"""Two evaluations of the same data, object by object."""

from collections.abc import Iterable, Sequence

import numpy as np

from studio.domain.geometry import Floats, iou_matrix
from studio.domain.ids import EntityId, ItemId, StreamId
from studio.domain.overlap import cuboid_iou, rows_of
from studio.domain.wire.evaluation import Comparison, Evaluation, Match

_SAME_IOU = 0.5
_MOST_SHOWN = 5_000  # of each kind; a message has its bounds

# a computed label is named by its track, which stands at many frames
_Label = tuple[ItemId, StreamId, int, EntityId]


def compare(
    first: Evaluation, second: Evaluation, first_matches: Sequence[Match], second_matches: Sequence[Match]
) -> Comparison:
    """What the second gains and loses against the first.

    A label is right where it was found as what it is. A false positive that only one of the two makes counts
    as well: the other is right there. Matches come from the side that explains the difference: gained ones
    show the mistake that is gone, or the label that is found now; the most certain first.
    """
    one, two = _by_label(first_matches), _by_label(second_matches)
    gained: list[Match] = []
    lost: list[Match] = []
    both_right = both_wrong = 0
    for label in one.keys() & two.keys():
        before, after = _is_right(one[label]), _is_right(two[label])
        if before and after:
            both_right += 1
        elif after:
            gained.append(two[label])
        elif before:
            lost.append(two[label])
        else:
            both_wrong += 1
    alone_one, alone_two, shared = _false_positives(first_matches, second_matches)
    return Comparison(
        first=first.id,
        second=second.id,
        metrics=_metrics(first, second),
        gained=_ranked([*gained, *alone_one]),
        lost=_ranked([*lost, *alone_two]),
        both_right=both_right,
        both_wrong=both_wrong + shared,
    )


def _metrics(first: Evaluation, second: Evaluation) -> tuple[tuple[str, float, float], ...]:
    after = dict(second.metrics)
    classes = {each.class_name: each.ap50 for each in second.per_class}
    overall = [(name, value, after[name]) for name, value in first.metrics if name in after]
    each_class = [
        (f"ap50 {each.class_name}", each.ap50, classes[each.class_name])
        for each in first.per_class
        if each.class_name in classes
    ]
    return (*overall, *each_class)


def _by_label(matches: Iterable[Match]) -> dict[_Label, Match]:
    return {
        (match.item, match.stream, match.frame, match.label): match
        for match in matches
        if match.label is not None
    }


def _is_right(match: Match) -> bool:
    return match.outcome == "true_positive"


def _false_positives(first: Sequence[Match], second: Sequence[Match]) -> tuple[list[Match], list[Match], int]:
    """Those of the first alone, of the second alone, and how many both make at the same place."""
    ours, theirs = _by_place(first), _by_place(second)
    alone_one: list[Match] = []
    alone_two: list[Match] = []
    shared = 0
    for place in ours.keys() | theirs.keys():
        left, right = ours.get(place, []), list(theirs.get(place, []))
        for match in left:
            overlaps = _overlaps(match, right)
            if len(overlaps) and overlaps.max() >= _SAME_IOU:
                right.pop(int(overlaps.argmax()))
                shared += 1
            else:
                alone_one.append(match)
        alone_two += right
    return alone_one, alone_two, shared


def _by_place(matches: Iterable[Match]) -> dict[tuple[str, str, int, str], list[Match]]:
    found: dict[tuple[str, str, int, str], list[Match]] = {}
    for match in matches:
        if match.outcome == "false_positive":
            found.setdefault((match.item, match.stream, match.frame, match.predicted), []).append(match)
    return found


def _overlaps(match: Match, others: Sequence[Match]) -> Floats:
    """(N,) how far what was predicted overlaps, in the picture or in space."""
    if match.predicted_cuboid is None:
        table = iou_matrix(_boxes([match]), _boxes(others))
    else:
        placed = [each.predicted_cuboid for each in others if each.predicted_cuboid is not None]
        table = cuboid_iou(rows_of([match.predicted_cuboid]), rows_of(placed))
    return table.ravel()


def _boxes(matches: Sequence[Match]) -> Floats:
    return np.array([match.predicted_xyxy for match in matches], np.float64).reshape(-1, 4)


def _ranked(matches: list[Match]) -> tuple[Match, ...]:
    return tuple(sorted(matches, key=lambda match: (-match.score, match.item, match.id))[:_MOST_SHOWN])
