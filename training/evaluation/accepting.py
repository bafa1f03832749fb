"""Predictions that people accept: the Edit that makes them annotations."""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from studio.domain.edit import Changes, Edit
from studio.domain.entities import AnyEntity, Box, Cuboid, Track
from studio.domain.geometry import iou_matrix
from studio.domain.ids import EntityId, StreamId
from studio.domain.overlap import ground_iou, rows_of
from studio.domain.wire.evaluation import Prediction

SAME_IOU = 0.5  # a shape of the same class that stands at this overlap is the same thing
_Place = tuple[StreamId, int, str]  # stream, frame, class
_Drawn = Box | Cuboid


def acceptance(
    prediction: Prediction, standing: Iterable[AnyEntity], threshold: float, ontology_version: int
) -> Edit:
    """The Edit that makes annotations of what scores `threshold` and does not stand there yet; may be empty.

    A track comes whole or not at all: by the mean score of its shapes, and where none of them lies on a shape
    of the same class. What is made keeps the prediction's ids, so accepting the same layer twice makes
    nothing twice, even where somebody has moved a box since.
    """
    held = {entity.id: entity for entity in standing}
    there = _Standing(held)
    scores = dict(prediction.scores)
    changes: Changes = {}
    for track, shapes in _by_track(prediction.entities):
        if _score(shapes, scores) < threshold or _stands(track, shapes, held, there):
            continue
        changes[track.id] = (None, track)
        for each in shapes:
            there.add(each, track.class_name)
            changes[each.id] = (None, each)
    return Edit(
        "Accept predictions",
        changes,
        made_by=f"model:{prediction.model}",
        tool="accept",
        ontology_version=ontology_version,
    )


def highest(prediction: Prediction, standing: Iterable[AnyEntity]) -> float | None:
    """The threshold up to which `acceptance` makes something; None where all that was found stands there."""
    held = {entity.id: entity for entity in standing}
    there = _Standing(held)
    scores = dict(prediction.scores)
    found = (
        _score(shapes, scores)
        for track, shapes in _by_track(prediction.entities)
        if not _stands(track, shapes, held, there)
    )
    return max(found, default=None)


def shapes_in(edit: Edit) -> int:
    """How many shapes an acceptance makes."""
    return sum(isinstance(new, _Drawn) for _, new in edit.changes.values())


class _Standing:
    """Boxes and cuboids by where they are and of what class."""

    def __init__(self, held: dict[EntityId, AnyEntity]) -> None:
        self._shapes: dict[_Place, list[_Drawn]] = {}
        for entity in held.values():
            if isinstance(entity, _Drawn) and isinstance(track := held.get(entity.track), Track):
                self.add(entity, track.class_name)

    def add(self, shape: _Drawn, class_name: str) -> None:
        self._shapes.setdefault((shape.stream, shape.frame, class_name), []).append(shape)

    def has(self, shape: _Drawn, class_name: str) -> bool:
        """Whether one lies there already; cuboids as they are seen from above."""
        near = self._shapes.get((shape.stream, shape.frame, class_name), ())
        if isinstance(shape, Box):
            boxes = [each.xyxy for each in near if isinstance(each, Box)]
            overlaps = iou_matrix(np.array([shape.xyxy], float), np.array(boxes, float).reshape(-1, 4))
        else:
            cuboids = [each for each in near if isinstance(each, Cuboid)]
            overlaps = ground_iou(rows_of([shape]), rows_of(cuboids))
        return bool(overlaps.max(initial=0.0) >= SAME_IOU)


def _score(shapes: Sequence[_Drawn], scores: Mapping[EntityId, float]) -> float:
    return sum(scores.get(each.id, 0.0) for each in shapes) / len(shapes)


def _stands(
    track: Track, shapes: Sequence[_Drawn], held: Mapping[EntityId, AnyEntity], there: _Standing
) -> bool:
    """Whether a track that was found is one that was accepted before, or lies on one that is there."""
    if track.id in held or any(each.id in held for each in shapes):
        return True
    return any(there.has(each, track.class_name) for each in shapes)


def _by_track(entities: Sequence[AnyEntity]) -> list[tuple[Track, list[_Drawn]]]:
    """Tracks in the order in which the first shape of each comes, with their shapes."""
    tracks = {each.id: each for each in entities if isinstance(each, Track)}
    shapes: dict[EntityId, list[_Drawn]] = {}
    for each in entities:
        if isinstance(each, _Drawn) and each.track in tracks:
            shapes.setdefault(each.track, []).append(each)
    return [(tracks[key], some) for key, some in shapes.items()]
