"""What lies on the editor's bench: the open scene and the two ways to act on it. No Qt."""

from __future__ import annotations

from collections.abc import Callable

from plugins.image.prediction_layer import PredictionLayer
from plugins.image.scene import Scene
from studio.domain.contracts.editing import EditorHost
from studio.domain.edit import Edit
from studio.domain.ids import EntityId


class Bench:
    """`scene` is None between items. `on_change` and `on_select` tell the editor to show what is new."""

    def __init__(self, host: EditorHost) -> None:
        self.host = host
        self.scene: Scene | None = None
        self.read_only = False
        self.predictions = PredictionLayer()
        self.on_change: Callable[[frozenset[EntityId]], None] = lambda ids: None
        self.on_select: Callable[[], None] = lambda: None

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
        """Select exactly these shapes."""
        if self.scene is not None and ids != self.scene.selection:
            self.scene.selection = ids
            self.host.select(ids)
            self.on_select()
