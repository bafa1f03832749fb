"""What the Evaluate page says of figures, outcomes and verdicts. No Qt."""

import re
from collections.abc import Sequence
from typing import get_args

from studio.domain.wire.evaluation import Evaluation, Match, Outcome, VerdictKind
from studio.domain.wording import counted
from widgets.sheet_cells import Badge, SheetBox, SheetCell, crop_around

OUTCOMES: dict[Outcome, str] = {
    "false_positive": "False positives",
    "false_negative": "False negatives",
    "confusion": "Confusions",
    "true_positive": "Right",
}
# key -> (verdict, what it is called, what it means)
VERDICTS: dict[str, tuple[VerdictKind, str, str]] = {
    "1": ("label_wrong", "Label wrong", "The label is to be corrected; the item goes back to review."),
    "2": ("model_wrong", "Model wrong", "The label is right; the item joins the bad cases."),
    "3": ("ambiguous", "Ambiguous", "People could disagree here; the item joins the bad cases."),
    "4": ("ontology_gap", "Ontology gap", "The labelling template has no good answer for this."),
}
LABEL_COLOR = "#2e9d4a"
PREDICTED_COLOR = "#e0641e"
FIGURES = (
    ("map50", "mAP@0.5", "Mean over the classes of the average precision at an overlap (IoU) of 0.5"),
    ("map", "mAP@0.5:0.95", "Mean over the classes and over IoU 0.50 to 0.95 (COCO)"),
    ("map_distance", "mAP by distance", "The same by 0.5, 1, 2 and 4 m between the middles (nuScenes)"),
    (
        "map_strict",
        "mAP, strict",
        "The same at the overlaps of KITTI: 0.7 for what is 3 m or longer, else 0.5",
    ),
    ("precision", "Precision", "Share of the predictions at the threshold that are right"),
    ("recall", "Recall", "Share of the labels that are found at the threshold"),
    ("f1", "F1", "Harmonic mean of precision and recall"),
    ("mota", "MOTA", "Tracks: 1 less misses, false positives and switches, over all labels (CLEAR MOT)"),
    ("idf1", "IDF1", "Tracks: F1 of frames that are followed under one identity"),
    ("hota", "HOTA", "Tracks: how well they are found and held together, in one figure"),
)
OF_BOXES = ("map50", "map", "precision", "recall", "f1")


def by_name(name: str) -> list[tuple[int, str]]:
    """For sorting names as people do: numbers in them by their value."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts]


def in_order(
    classes: Sequence[str], counts: Sequence[Sequence[int]]
) -> tuple[tuple[str, ...], tuple[tuple[int, ...], ...]]:
    """A confusion matrix with its classes by name; "nothing" stays the last row and column."""
    if not counts:
        return tuple(classes), ()
    places = [*sorted(range(len(classes)), key=lambda at: by_name(classes[at])), len(classes)]
    rows = tuple(tuple(counts[row][column] for column in places) for row in places)
    return tuple(classes[at] for at in places[:-1]), rows


def verdict_title(kind: VerdictKind) -> str:
    """What a verdict is called."""
    return next(title for each, title, _ in VERDICTS.values() if each == kind)


def kinds_of_verdict() -> tuple[str, ...]:
    """Every verdict that there is."""
    return get_args(VerdictKind)


def sentence(match: Match) -> str:
    """What happened to one object."""
    match match.outcome:
        case "false_positive":
            return f"{match.predicted}, where nothing is labelled"
        case "false_negative":
            return f"{match.labelled} was not found"
        case "confusion":
            return f"{match.labelled} taken for {match.predicted}"
        case _:
            return match.labelled


def cell_of(match: Match) -> SheetCell:
    """One object as the sheet shows it: a crop with the label (solid) and the prediction (dashed)."""
    boxes: list[SheetBox] = []
    if match.label_xyxy is not None:
        boxes.append(SheetBox(match.label_xyxy, LABEL_COLOR))
    if match.predicted_xyxy is not None:
        boxes.append(SheetBox(match.predicted_xyxy, PREDICTED_COLOR, "dash"))
    badges: list[Badge] = []
    if match.outcome != "false_negative":
        badges.append(Badge(f"{match.score:.2f}", "neutral"))
    if match.verdict is not None:
        badges.append(
            Badge(verdict_title(match.verdict), "good" if match.verdict == "model_wrong" else "accent")
        )
    if match.corrected:
        badges.append(Badge("corrected since", "warning"))
    place = match.predicted_xyxy or match.label_xyxy
    size = (match.width, match.height)
    return SheetCell(
        key=match.id,
        caption=sentence(match),
        detail=_where(match),
        badges=tuple(badges),
        size=size,
        boxes=tuple(boxes),
        crop=crop_around(place, size) if place is not None and all(size) else None,
        thumbnail=picture_name(match),
        is_sentence=True,
    )


def picture_name(match: Match) -> str:
    """What a cell's picture is asked for by: all boxes of one picture share it, a cuboid has its own."""
    name = f"{match.item} {match.stream} {match.frame}"
    return f"{name} {match.id}" if is_cuboid(match) else name


def is_cuboid(match: Match) -> bool:
    """Whether it stands in space and lies on no picture."""
    return match.label_cuboid is not None or match.predicted_cuboid is not None


def _where(match: Match) -> str:
    name = match.item_name.rpartition("/")[2]
    return f"{name}, frame {match.frame + 1:,}" if is_cuboid(match) else name


def headline(evaluation: Evaluation) -> str:
    """What was judged, and on what."""
    share = dict(evaluation.outcomes)
    wrong = sum(count for name, count in share.items() if name != "true_positive")
    labels = sum(each.labels for each in evaluation.per_class)
    items = counted(evaluation.items, f"{evaluation.split} item")
    return (
        f"{evaluation.model_name} on {items} with {counted(labels, 'label')}, "
        f"IoU {evaluation.iou:g}, score from {evaluation.threshold:.2f}: {counted(wrong, 'thing')} to look at"
    )
