"""What lies on the point-cloud editor's bench: the open scene and the two ways to act on it. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from plugins.pointcloud.prediction_layer import PredictionLayer
from plugins.pointcloud.space_scene import SpaceScene
from studio.domain.contracts.editing import EditorHost
from studio.domain.edit import Edit
from studio.domain.ids import EntityId

NO_BLOBS: Mapping[str, bytes] = MappingProxyType({})
Accompanied = tuple[Edit, Mapping[str, bytes], Callable[[bool], None]]
"""An Edit with what goes along with it, what that names, and who is told whether it stood."""


class SpaceBench:
    """`scene` is None between items. `on_change`, `on_select`, `on_frame` tell the editor what to show."""

    def __init__(self, host: EditorHost) -> None:
        self.host = host
        self.scene: SpaceScene | None = None
        self.read_only = False
        self.predictions = PredictionLayer()
        self.accompany: Callable[[Edit], Accompanied] = lambda edit: (edit, NO_BLOBS, lambda stood: None)
        self.on_change: Callable[[frozenset[EntityId]], None] = lambda ids: None
        self.on_select: Callable[[], None] = lambda: None
        self.on_frame: Callable[[], None] = lambda: None

    def apply(self, edit: Edit | None, blobs: Mapping[str, bytes] = NO_BLOBS) -> bool:
        """Hand an Edit to the host; whether there was one and it stood. blobs: what its tiles name.

        What `accompany` adds to it is done and undone with it.
        """
        if not edit:
            return False
        if self.read_only:
            self.host.say("This item is open for reading only.")
            return False
        edit, more, told = self.accompany(edit)
        stood = self.host.apply(edit, {**blobs, **more})
        told(stood)
        if not stood:
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
