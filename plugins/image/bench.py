"""What lies on the editor's bench: the open scene and the two ways to act on it. No Qt."""

from __future__ import annotations

from plugins.image.prediction_layer import PredictionLayer
from plugins.image.scene import Scene
from plugins.workbench import Workbench
from studio.domain.contracts.editing import EditorHost


class Bench(Workbench[Scene]):
    """With the predictions over the picture."""

    def __init__(self, host: EditorHost) -> None:
        super().__init__(host)
        self.predictions = PredictionLayer()
