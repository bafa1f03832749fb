"""What lies on the point-cloud editor's bench: the open scene and the two ways to act on it. No Qt."""

from __future__ import annotations

from collections.abc import Callable

from plugins.pointcloud.prediction_layer import PredictionLayer
from plugins.pointcloud.space_scene import SpaceScene
from studio.domain.contracts.editing import EditorHost
from studio.domain.edit import Edit
from studio.domain.ids import EntityId


class SpaceBench:
    """`scene` is None between items. `on_change`, `on_select`, `on_frame` tell the editor what to show."""

    def __init__(self, host: EditorHost) -> None:
        self.host = host
        self.scene: SpaceScene | None = None
        self.read_only = False
        self.predictions = PredictionLayer()
        self.on_change: Callable[[frozenset[EntityId]], None] = lambda ids: None
        self.on_select: Callable[[], None] = lambda: None
        self.on_frame: Callable[[], None] = lambda: None

    def apply(self, edit: Edit | None) -> bool:
        """Hand an Edit to the host; whether there was one and it stood."""
        if not edit:
            return False
        if self.read_only:
            self.host.say("This item is open for reading only.")
            return False
        if not self.host.apply(edit):
            return False
        self.on_change(frozenset(edit.changes))
        return True

    def select(self, ids: frozenset[EntityId]) -> None:
        """Select exactly these tracks."""
        if self.scene is not None and ids != self.scene.selection:
            self.scene.selection = ids
            self.host.select(ids)
            self.on_select()

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
