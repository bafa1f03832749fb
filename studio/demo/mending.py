"""Which of a model's mistakes is a wrong label, and what mends it, judged by what is labelled there now."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Literal

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from studio.domain.entities import Box
from studio.domain.geometry import Rect, iou_matrix
from studio.domain.ids import ItemId
from studio.domain.wire.evaluation import Match

AT_MOST = 40  # so far down the sheet a person would still look
_SAME = 0.5  # IoU from which two boxes are of one thing
_BESIDE = 0.2  # IoU from which something labelled there makes a second box wrong
Spot = tuple[str, Rect, str]  # last part of an item's name, a box in pixels of its picture, its true class


class Mending(Struct, frozen=True):
    """One mistake that is to be mended; `number` is its place in the sheet."""

    number: int
    match: Match
    how: Literal["draw", "reclass"]
    class_name: str  # what the label should say


def mending(
    matches: Sequence[Match], boxes_of: Callable[[ItemId], Sequence[Box]], wrong: Collection[Spot]
) -> Mending | None:
    """The mistake to mend: one of the spots that are known to be `wrong`, else the most confident that the
    labels leave room for. A confusion gets the other class; a box is drawn only where none is.

    None where no mistake is a wrong label: what the model missed, and what it saw twice, is its own fault.
    """
    found: list[Mending] = []
    for number, match in enumerate(matches[:AT_MOST]):
        if match.predicted_xyxy is None:
            continue
        boxes = [
            each for each in boxes_of(match.item) if (each.stream, each.frame) == (match.stream, match.frame)
        ]
        if match.outcome == "confusion" and any(each.id == match.label for each in boxes):
            found.append(Mending(number, match, "reclass", match.predicted))
        elif match.outcome == "false_positive" and _overlap(match.predicted_xyxy, boxes) < _BESIDE:
            found.append(Mending(number, match, "draw", match.predicted))
    known = [replace(each, class_name=truth) for each in found if (truth := _truth(each.match, wrong))]
    return next(iter([*known, *found]), None)


def is_mended(mending: Mending, boxes: Sequence[Box], class_of: Callable[[Box], str]) -> bool:
    """Whether a box of the right class stands where the model saw something."""
    seen = mending.match.predicted_xyxy
    right = [each for each in boxes if class_of(each) == mending.class_name]
    return seen is not None and _overlap(seen, right) >= _SAME


def _truth(match: Match, wrong: Collection[Spot]) -> str:
    """The true class of what is known to be labelled wrongly here, or nothing."""
    name, seen = match.item_name.rpartition("/")[2], match.predicted_xyxy
    there = (class_name for page, xyxy, class_name in wrong if page == name and _iou(seen, [xyxy]) >= _SAME)
    return next(there, "")


def _overlap(xyxy: Rect, boxes: Sequence[Box]) -> float:
    return _iou(xyxy, [each.xyxy for each in boxes]) if boxes else 0.0


def _iou(xyxy: Rect | None, others: Sequence[Rect]) -> float:
    return float(iou_matrix(np.array([xyxy]), np.array(others)).max()) if xyxy is not None else 0.0
