"""What of an item is hidden and what is locked. None of it is an Edit: it is how one person looks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from studio.domain.ids import EntityId


class LookedAt(Protocol):
    """What is asked of an editor's scene."""

    selection: frozenset[EntityId]
    hidden: frozenset[EntityId]
    locked: frozenset[EntityId]


class LookingBench(Protocol):
    """What is asked of an editor's bench; `on_select` shows anew."""

    on_select: Callable[[], None]

    @property
    def scene(self) -> LookedAt | None:
        """What is open; None between items."""

    def select(self, ids: frozenset[EntityId]) -> None: ...


class HideAndLock:
    """The two keys, and the ticks of the object list."""

    def __init__(self, bench: LookingBench) -> None:
        self._bench = bench

    def turn_hidden(self) -> bool:
        """Hide what is selected; with nothing selected show all again."""
        scene = self._bench.scene
        if scene is None or not (scene.selection or scene.hidden):
            return False
        scene.hidden = scene.hidden | scene.selection if scene.selection else frozenset()
        self._bench.select(frozenset())
        self._bench.on_select()
        return True

    def turn_locked(self) -> bool:
        """Lock what is selected, or unlock it where all of it is; with nothing selected unlock all."""
        scene = self._bench.scene
        if scene is None or not (scene.selection or scene.locked):
            return False
        if not scene.selection:
            scene.locked = frozenset()
        elif scene.selection <= scene.locked:
            scene.locked -= scene.selection
        else:
            scene.locked |= scene.selection
        self._bench.on_select()
        return True

    def tick(self, key: EntityId, field: str, on: bool) -> None:
        """A tick of the object list: whether something is shown, or whether it is locked."""
        scene = self._bench.scene
        if scene is None:
            return
        if field == "locked":
            scene.locked = scene.locked | {key} if on else scene.locked - {key}
        else:
            scene.hidden = scene.hidden - {key} if on else scene.hidden | {key}
            self._bench.select(scene.selection - scene.hidden)
        self._bench.on_select()
