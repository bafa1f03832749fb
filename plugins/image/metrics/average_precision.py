"""Average precision of boxes: by COCO's own rules, and for thousands of resamples of the items at once."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.image.metrics.matching import pair
from plugins.image.metrics.views import View
from plugins.judging import NOBODY, mean_known_rows, resampled_precision
from studio.domain.geometry import Floats, areas

# COCO counts 100 a picture; a page of text or a smear of cells holds more, and none is to be lost
MOST_PREDICTIONS = 1_000
# COCO's 32 and 96 pixels squared, as shares of the 640 x 480 pictures that they were chosen for
SMALL, LARGE = 32**2 / (640 * 480), 96**2 / (640 * 480)
_NORMAL_PIXELS = 1_000_000.0  # the area that every picture is scaled to, so that sizes are shares of it
_EVERYTHING = 1e10


class AveragePrecision(NamedTuple):
    """(C,) each; NaN where a class has no label. Sizes are small, medium, large: (3, C) at IoU 0.5."""

    ap50: Floats
    ap: Floats  # mean over IoU 0.50 to 0.95
    by_size: Floats


def average_precision(views: Sequence[View], classes: int) -> AveragePrecision:
    """Of every class by faster-coco-eval. A box's size counts as its share of the picture's area."""
    from faster_coco_eval import COCO, COCOeval_faster  # a third of a second, which no start-up has to spare

    if not classes or not any(len(view.label_boxes) for view in views):
        none = np.full(classes, np.nan)
        return AveragePrecision(none, none, np.full((3, classes), np.nan))
    labels, predictions = _as_coco(views)
    pictures = [{"id": index + 1, "width": 1000, "height": 1000} for index in range(len(views))]
    categories = [{"id": index + 1, "name": str(index)} for index in range(classes)]
    truth = COCO({"images": pictures, "annotations": labels, "categories": categories})
    small, large = SMALL * _NORMAL_PIXELS, LARGE * _NORMAL_PIXELS
    ranges = {"small": [0, small], "medium": [small, large], "large": [large, _EVERYTHING]}
    evaluation = COCOeval_faster(truth, truth.loadRes(predictions), "bbox", ranges=ranges)
    evaluation.params.maxDets = [1, 10, MOST_PREDICTIONS]
    evaluation.params.areaRng[0] = [0, _EVERYTHING]
    evaluation.evaluate()
    evaluation.accumulate()
    # (IoU, recall, class, size, most predictions); -1 where there is no label
    precision: NDArray[Any] = np.asarray(evaluation.eval["precision"])[..., -1]
    precision = np.where(precision < 0, np.nan, precision)
    by_size = precision[0].mean(axis=0).T  # (size, class)
    return AveragePrecision(by_size[0], precision[..., 0].mean(axis=(0, 1)), by_size[1:])


def resampled_map50(views: Sequence[View], classes: int, counts: NDArray[np.int64]) -> Floats:
    """mAP at IoU 0.5 of every resample; the same as judging the resampled items one by one, but once.

    counts: (B, N), how often each resample holds each of the N items. Returns (B,).
    """
    items = counts.shape[1]
    labels = np.zeros((classes, items))
    hits: list[list[Floats]] = [[] for _ in range(classes)]
    for view in views:
        paired = pair(view, 0.5)
        labels[:, view.place] += np.bincount(view.label_classes, minlength=classes)
        for name in range(classes):
            own = np.flatnonzero(view.predicted_classes == name)[:MOST_PREDICTIONS]
            rows = (view.scores[own], paired.same_class[own] != NOBODY, np.full(len(own), view.place))
            hits[name].append(np.stack(rows, axis=1).astype(np.float64))
    found = [
        resampled_precision(np.concatenate(hits[name]), labels[name], counts)
        for name in range(classes)
        if labels[name].any()
    ]
    return mean_known_rows(np.stack(found)) if found else np.zeros(len(counts))


def _as_coco(views: Sequence[View]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    labels: list[dict[str, Any]] = []
    predictions: list[dict[str, Any]] = []
    for index, view in enumerate(views):
        scale = (_NORMAL_PIXELS / view.pixels) ** 0.5 if view.pixels else (_NORMAL_PIXELS / 640 / 480) ** 0.5
        boxes = view.label_boxes * scale
        for box, name, area in zip(boxes, view.label_classes, areas(boxes), strict=True):
            labels.append(
                {
                    "id": len(labels) + 1,  # 0 would count as unmatched
                    "image_id": index + 1,
                    "category_id": int(name) + 1,
                    "bbox": _xywh(box),
                    "area": float(area),
                    "iscrowd": 0,
                }
            )
        for box, name, score in zip(
            view.predicted_boxes * scale, view.predicted_classes, view.scores, strict=True
        ):
            predictions.append(
                {
                    "image_id": index + 1,
                    "category_id": int(name) + 1,
                    "bbox": _xywh(box),
                    "score": float(score),
                    "segmentation": [],  # spares it the making of four corners for each
                }
            )
    return labels, predictions


def _xywh(box: Floats) -> list[float]:
    left, top, right, bottom = (float(value) for value in box)
    return [left, top, max(right - left, 0.0), max(bottom - top, 0.0)]
