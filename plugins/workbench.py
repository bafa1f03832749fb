"""What the editors of all modalities do alike: the scene, the ways to act on it, commands, drafts. No Qt."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Generic, Protocol, TypeGuard, TypeVar

from studio.domain.contracts.command import Command
from studio.domain.contracts.editing import EditorHost
from studio.domain.edit import Edit
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId


class Selecting(Protocol):
    """What a scene of any modality has."""

    selection: frozenset[EntityId]


Held = TypeVar("Held", bound=Selecting)


class Workbench(Generic[Held]):
    """`scene` is None between items. `on_change` and `on_select` tell the editor to show what is new."""

    def __init__(self, host: EditorHost) -> None:
        self.host = host
        self.scene: Held | None = None
        self.read_only = False
        self.on_change: Callable[[frozenset[EntityId]], None] = lambda ids: None
        self.on_select: Callable[[], None] = lambda: None

    def apply(self, edit: Edit | None) -> bool:
        """Hand an Edit to the host; whether there was one and it stood."""
        return self.is_wanted(edit) and self.told(edit, self.host.apply(edit))

    def is_wanted(self, edit: Edit | None) -> TypeGuard[Edit]:
        """Whether there is anything to hand over; says so where the item is only read."""
        if not edit:
            return False
        if self.read_only:
            self.host.say("This item is open for reading only.")
            return False
        return True

    def told(self, edit: Edit, stood: bool) -> bool:
        """Have it shown where it stood; whether it did."""
        if stood:
            self.on_change(frozenset(edit.changes))
        return stood

    def select(self, ids: frozenset[EntityId]) -> None:
        """Select exactly these."""
        if self.scene is not None and ids != self.scene.selection:
            self.scene.selection = ids
            self.host.select(ids)
            self.on_select()


class Resuming(Protocol):
    """Whose gestures can be left unfinished."""

    def resume(self, tool: str, state: bytes) -> bool:
        """Go on with a draft. Raises `draft.unreadable`."""


class BenchedEditor(Generic[Held]):
    """The part of the Editor contract that needs no canvas; stands before QWidget among an editor's bases."""

    own_commands: tuple[Command, ...] = ()
    bench: Workbench[Held]
    gestures: Resuming
    _commands: Mapping[str, Callable[[], bool]]

    @property
    def scene(self) -> Held | None:
        """What is shown of the open item; None between items."""
        return self.bench.scene

    def actions(self) -> tuple[str, ...]:
        """Names of the editor's own commands."""
        return tuple(command.name for command in self.own_commands)

    def run(self, command: str) -> bool:
        """Carry out a command; whether it did anything."""
        act = self._commands.get(command)
        return act is not None and self.scene is not None and act()

    def resume_draft(self, tool: str, state: bytes) -> bool:
        """Go on with an unfinished gesture; whether that could be."""
        if self.scene is None or self.bench.read_only:
            return False
        try:
            return self.gestures.resume(tool, state)
        except AtelierError as error:
            self.bench.host.say(str(error))
            return False
