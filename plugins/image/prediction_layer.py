"""What models say of the visible frame, over the labels: shown from a score on. No Qt."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from plugins.image import changes
from plugins.image.scene import Scene
from plugins.image.shape_geometry import bounds_of
from studio.domain.edit import Edit
from studio.domain.entities import FrameShape, Track
from studio.domain.geometry import Rect, topmost_at
from studio.domain.ids import EntityId
from studio.domain.wire.evaluation import Prediction
from widgets.canvas.drawables import Drawables, ShapeStyle


class Predicted(Struct, frozen=True):
    """One shape of a prediction on the visible frame."""

    key: EntityId
    class_name: str
    score: float
    bounds: Rect
    prediction: Prediction


class PredictionLayer:
    """Immutable predictions and the threshold from which they are shown."""

    def __init__(self) -> None:
        self.threshold = 0.5
        self._predictions: tuple[Prediction, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not self._predictions

    def set(self, predictions: tuple[Prediction, ...], threshold: float) -> None:
        self._predictions, self.threshold = predictions, threshold

    def shown(self, scene: Scene) -> list[Predicted]:
        """Those at or above the threshold that were not accepted, the surest first."""
        found = []
        for prediction in self._predictions:
            classes = {e.id: e.class_name for e in prediction.entities if isinstance(e, Track)}
            scores = dict(prediction.scores)
            for shape in prediction.entities:
                if (
                    not isinstance(shape, FrameShape)
                    or shape.stream != scene.stream
                    or shape.id in scene.document
                ):
                    continue
                bounds, score = bounds_of(shape), scores.get(shape.id, 0.0)
                if bounds is not None and score >= self.threshold and shape.frame == scene.frame:
                    name = classes.get(shape.track, "")
                    found.append(Predicted(shape.id, name, score, bounds, prediction))
        return sorted(found, key=lambda each: -each.score)

    def drawn(self, scene: Scene) -> Drawables:
        """As the canvas paints them: dashed, with their score."""
        shown = self.shown(scene)
        names = sorted({each.class_name for each in shown})
        styles = []
        for name in names:
            style = scene.style_of_class(name)
            styles.append(ShapeStyle(style.color, style.dash, style.letter, "prediction"))
        return Drawables(
            tuple(each.key for each in shown),
            np.array([each.bounds for each in shown], float).reshape(-1, 4),
            np.array([names.index(each.class_name) for each in shown], np.int32),
            tuple(styles),
            texts={number: f"{each.score:.2f}" for number, each in enumerate(shown)},
        )

    def accepted_one(self, scene: Scene, at: tuple[float, float] | None) -> Edit | None:
        """The Edit that takes over the smallest prediction at a place; without a place, the surest one."""
        shown = self.shown(scene)
        if at is not None and shown:
            index = topmost_at(np.array([each.bounds for each in shown]), *at)
            shown = [shown[index]] if index is not None else []
        if not shown:
            return None
        return changes.accepted(scene, shown[0].prediction, [shown[0].key])

    def accepted_all(self, scene: Scene) -> list[Edit]:
        """One Edit for each model whose predictions are shown, since an Edit is made by one."""
        edits = []
        for prediction in self._predictions:
            keys = [each.key for each in self.shown(scene) if each.prediction is prediction]
            if (edit := changes.accepted(scene, prediction, keys)) is not None:
                edits.append(edit)
        return edits
