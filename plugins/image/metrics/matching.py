"""Who sees whom: labels and predictions of boxes matched greedily by score, and the outcomes."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plugins.image.metrics.views import Ints, View
from plugins.judging import Fate, fates, holds
from studio.domain.geometry import Floats, Rect, iou_matrix
from studio.domain.ids import MatchId, new_id
from studio.domain.wire.evaluation import Match


class Pairing(NamedTuple):
    """Of the P predictions of a view with its L labels."""

    overlaps: Floats  # (P, L) intersection over union
    same_class: Ints  # (P,) the label of its own class that each found first, or NOBODY


def pair(view: View, iou: float) -> Pairing:
    """Labels by the predictions that hold them; see `plugins.judging.holds`."""
    overlaps = iou_matrix(view.predicted_boxes, view.label_boxes)
    return Pairing(overlaps, holds(overlaps, view.predicted_classes, view.label_classes, iou))


def outcomes(
    view: View, pairing: Pairing, classes: Sequence[str], threshold: float, iou: float
) -> list[Match]:
    """What became of every label, and of every prediction at or above `threshold`."""
    kept = int(np.count_nonzero(view.scores >= threshold))
    return [_match(view, classes, fate) for fate in fates(pairing.overlaps, pairing.same_class, kept, iou)]


def _match(view: View, classes: Sequence[str], fate: Fate) -> Match:
    prediction, label = fate.prediction, fate.label
    return Match(
        id=MatchId(new_id()),
        item=view.item,
        item_name=view.item_name,
        stream=view.stream,
        frame=view.frame,
        outcome=fate.outcome,
        score=0.0 if prediction is None else float(view.scores[prediction]),
        iou=fate.overlap,
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
