"""What models and the proposer say of the visible frame, over the labels: shown from a score on. No Qt."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from plugins.pointcloud.space_scene import SpaceScene
from studio.domain.edit import Edit, creation
from studio.domain.entities import AnyEntity, Cuboid, Track
from studio.domain.ids import EntityId
from studio.domain.wire.evaluation import Prediction


class Predicted(Struct, frozen=True):
    """One cuboid of a prediction on the visible frame."""

    cuboid: Cuboid
    class_name: str
    score: float
    prediction: Prediction


class PredictionLayer:
    """Immutable predictions and the threshold from which they are shown."""

    def __init__(self) -> None:
        self.threshold = 0.5
        self._predictions: tuple[Prediction, ...] = ()
        self._proposed: Prediction | None = None  # by geometry, on this machine

    @property
    def is_empty(self) -> bool:
        return not self._predictions and self._proposed is None

    def set(self, predictions: tuple[Prediction, ...], threshold: float) -> None:
        """What models say of another item, or anew."""
        self._predictions, self.threshold = predictions, threshold

    def set_proposed(self, proposed: Prediction | None) -> None:
        """What geometry proposes; None forgets it."""
        self._proposed = proposed

    @property
    def _all(self) -> tuple[Prediction, ...]:
        return self._predictions if self._proposed is None else (*self._predictions, self._proposed)

    def shown(self, scene: SpaceScene) -> list[Predicted]:
        """Those of the frame at or above the threshold that were not accepted, the surest first."""
        found = []
        for prediction in self._all:
            classes = {each.id: each.class_name for each in prediction.entities if isinstance(each, Track)}
            scores = dict(prediction.scores)
            for each in prediction.entities:
                if (
                    isinstance(each, Cuboid)
                    and (each.stream, each.frame) == (scene.stream, scene.frame)
                    and each.id not in scene.document
                    and (score := scores.get(each.id, 0.0)) >= self.threshold
                ):
                    found.append(Predicted(each, classes.get(each.track, ""), score, prediction))
        return sorted(found, key=lambda each: -each.score)

    def accepted(self, scene: SpaceScene, some: list[Predicted], whole: bool = False) -> Edit | None:
        """The Edit that takes these over: with the prediction's own ids, so that none comes in twice.

        whole: with all that was predicted of their tracks, in every frame and at any score.
        """
        made: dict[EntityId, AnyEntity] = {}
        for each in some:
            track = each.cuboid.track
            for entity in each.prediction.entities if whole else ():
                if isinstance(entity, Cuboid) and entity.track == track and entity.id not in scene.document:
                    made[entity.id] = _as_made(entity)
            if track not in scene.document:
                made[track] = next(entity for entity in each.prediction.entities if entity.id == track)
            made[each.cuboid.id] = _as_made(each.cuboid)
        if not made:
            return None
        count = sum(isinstance(each, Cuboid) for each in made.values())
        title = "Accept prediction" if count == 1 else f"Accept {count} predictions"
        model = some[0].prediction.model
        made_by = f"rule:{model}" if some[0].prediction is self._proposed else f"model:{model}"
        return creation(title, *made.values(), tool="accept", made_by=made_by[:200])


def _as_made(cuboid: Cuboid) -> Cuboid:
    return cuboid if cuboid.made == "auto" else replace(cuboid, made="model")
