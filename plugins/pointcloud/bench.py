"""What lies on the point-cloud editor's bench: the open scene and the two ways to act on it. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from plugins.pointcloud.prediction_layer import PredictionLayer
from plugins.pointcloud.space_scene import SpaceScene
from plugins.workbench import Workbench
from studio.domain.contracts.editing import EditorHost
from studio.domain.edit import Edit

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})
Accompanied = tuple[Edit, Mapping[str, bytes], Callable[[bool], None]]
"""An Edit with what goes along with it, what that names, and who is told whether it stood."""


class SpaceBench(Workbench[SpaceScene]):
    """With the visible frame, which `on_frame` tells of, and what Edits bring along."""

    def __init__(self, host: EditorHost) -> None:
        super().__init__(host)
        self.predictions = PredictionLayer()
        self.accompany: Callable[[Edit], Accompanied] = lambda edit: (edit, NO_BLOBS, lambda stood: None)
        self.on_frame: Callable[[], None] = lambda: None

    def apply(self, edit: Edit | None, blobs: Mapping[str, bytes] = NO_BLOBS) -> bool:
        """Hand an Edit to the host; whether there was one and it stood. blobs: what its tiles name.

        What `accompany` adds to it is done and undone with it.
        """
        if not self.is_wanted(edit):
            return False
        edit, more, settle = self.accompany(edit)
        stood = self.host.apply(edit, {**blobs, **more})
        settle(stood)
        return self.told(edit, stood)

    def go_to(self, frame: int) -> bool:
        """Show another frame; whether it is another."""
        scene = self.scene
        if scene is None:
            return False
        before = scene.frame
        scene.go_to(frame)
        if scene.frame == before:
            return False
        self.on_frame()
        return True
