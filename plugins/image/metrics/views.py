"""Boxes of labels and predictions as arrays, one view for each picture that is judged."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from studio.domain.contracts.training import Judged
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.geometry import Floats, clipped
from studio.domain.ids import EntityId, ItemId, StreamId

Ints = NDArray[np.int64]


class View(NamedTuple):
    """One frame of one stream: L labels and P predictions, the predictions by falling score.

    Boxes are (N, 4) xyxy in pixels of the full-size picture; classes index the list given to `views_of`.
    """

    place: int  # of the item among those judged
    item: ItemId
    item_name: str
    revision: int
    stream: StreamId
    frame: int
    pixels: float  # width times height; 0 where the size is not known
    label_ids: tuple[EntityId, ...]
    label_boxes: Floats
    label_classes: Ints
    predicted_boxes: Floats
    predicted_classes: Ints
    scores: Floats


def classes_of(items: Iterable[Judged], classes: Sequence[str]) -> tuple[str, ...]:
    """`classes` in their order, then every other class that labels or predictions name, sorted."""
    seen = {
        entity.class_name
        for item in items
        for entity in (*item.labels, *item.predictions)
        if isinstance(entity, Track)
    }
    known = tuple(dict.fromkeys(classes))
    return known + tuple(sorted(seen - set(known)))


def views_of(items: Iterable[Judged], classes: Sequence[str]) -> list[View]:
    """The views of `items`, at least one for each, since an item without any box counts as well.

    `classes` must hold every class that occurs (see `classes_of`).
    """
    place = {name: index for index, name in enumerate(classes)}
    return [view for index, item in enumerate(items) for view in _views(index, item, place)]


def _views(index: int, item: Judged, place: dict[str, int]) -> Iterable[View]:
    scores = dict(item.scores)
    labels = _by_frame(item.labels)
    predictions = _by_frame(item.predictions)
    label_class = _class_of_track(item.labels, place)
    predicted_class = _class_of_track(item.predictions, place)
    for where in sorted(labels.keys() | predictions.keys()) or [(StreamId(""), 0)]:
        drawn = _on_picture(labels.get(where, []), item)
        # a stable sort: equal scores keep the model's order, as COCO's merge sort does
        found = sorted(predictions.get(where, []), key=lambda box: -scores.get(box.id, 0.0))
        yield View(
            index,
            ItemId(item.item),
            item.name,
            item.revision,
            where[0],
            where[1],
            float(item.width * item.height),
            tuple(box.id for box in drawn),
            _boxes(drawn),
            np.array([label_class[box.track] for box in drawn], np.int64),
            _boxes(found),
            np.array([predicted_class[box.track] for box in found], np.int64),
            np.array([scores.get(box.id, 0.0) for box in found], np.float64),
        )


def _on_picture(labels: list[Box], item: Judged) -> list[Box]:
    """Labels as far as a model can see them; those wholly beyond the picture it cannot find at all."""
    if not (item.width and item.height):
        return labels
    seen: list[Box] = []
    for label in labels:
        inside = clipped(label.xyxy, item.width, item.height) if label.stream == item.stream else label.xyxy
        if inside == label.xyxy:
            seen.append(label)
        elif inside[0] < inside[2] and inside[1] < inside[3]:
            seen.append(replace(label, xyxy=inside))
    return seen


def _by_frame(entities: Iterable[AnyEntity]) -> dict[tuple[StreamId, int], list[Box]]:
    found: dict[tuple[StreamId, int], list[Box]] = {}
    for entity in entities:
        if isinstance(entity, Box):
            found.setdefault((entity.stream, entity.frame), []).append(entity)
    return found


def _class_of_track(entities: Iterable[AnyEntity], place: dict[str, int]) -> dict[EntityId, int]:
    return {entity.id: place[entity.class_name] for entity in entities if isinstance(entity, Track)}


def _boxes(boxes: Sequence[Box]) -> Floats:
    return np.array([box.xyxy for box in boxes], np.float64).reshape(-1, 4)
