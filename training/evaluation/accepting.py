"""Predictions that people accept: the Edit that makes them annotations."""

from collections.abc import Iterable

import numpy as np

from studio.domain.edit import Changes, Edit
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.geometry import iou_matrix
from studio.domain.ids import EntityId, StreamId
from studio.domain.wire.evaluation import Prediction

SAME_IOU = 0.5  # a box of the same class that stands at this overlap is the same thing
_Place = tuple[StreamId, int, str]  # stream, frame, class


def acceptance(
    prediction: Prediction, standing: Iterable[AnyEntity], threshold: float, ontology_version: int
) -> Edit:
    """The Edit that makes annotations of what scores `threshold` and does not stand there yet; may be empty.

    What is made keeps the prediction's ids, so accepting the same layer twice makes nothing twice, even
    where somebody has moved a box since.
    """
    held = {entity.id: entity for entity in standing}
    boxes = _boxes_by_place(held.values(), held)
    scores = dict(prediction.scores)
    seen = {entity.id: entity for entity in prediction.entities}
    changes: Changes = {}
    for shape in prediction.entities:
        if not isinstance(shape, Box) or scores.get(shape.id, 0.0) < threshold:
            continue
        track = seen.get(shape.track)
        if not isinstance(track, Track) or shape.id in held or track.id in held:
            continue
        place = (shape.stream, shape.frame, track.class_name)
        there = boxes.setdefault(place, [])
        if there and iou_matrix(np.array([shape.xyxy], float), np.array(there, float)).max() >= SAME_IOU:
            continue
        there.append(shape.xyxy)
        changes[track.id] = (None, track)
        changes[shape.id] = (None, shape)
    return Edit(
        "Accept predictions",
        changes,
        made_by=f"model:{prediction.model}",
        tool="accept",
        ontology_version=ontology_version,
    )


def shapes_in(edit: Edit) -> int:
    """How many shapes an acceptance makes."""
    return sum(isinstance(new, Box) for _, new in edit.changes.values())


def _boxes_by_place(
    entities: Iterable[AnyEntity], held: dict[EntityId, AnyEntity]
) -> dict[_Place, list[tuple[float, float, float, float]]]:
    found: dict[_Place, list[tuple[float, float, float, float]]] = {}
    for entity in entities:
        if isinstance(entity, Box):
            track = held.get(entity.track)
            if isinstance(track, Track):
                found.setdefault((entity.stream, entity.frame, track.class_name), []).append(entity.xyxy)
    return found
