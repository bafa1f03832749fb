"""How far work has come: on this disk (*kept here*), at the node (*saved*), or waiting for a decision."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from studio.domain.ids import EntityId

LineState = Literal["online", "offline", "sign_in"]
_RANK: dict[LineState, int] = {"online": 0, "offline": 1, "sign_in": 2}


class Work(Struct, frozen=True):
    """`kept` of the `unsaved` Edits are on this disk; with 0 unsaved everything is *saved*."""

    kept: int = 0
    unsaved: int = 0
    conflicts: int = 0
    drafts: int = 0
    connection: LineState = "online"

    @property
    def is_saved(self) -> bool:
        """Whether the node has everything."""
        return self.unsaved == 0

    def plus(self, other: Work) -> Work:
        """Both together; the worse connection counts."""
        return Work(
            self.kept + other.kept,
            self.unsaved + other.unsaved,
            self.conflicts + other.conflicts,
            self.drafts + other.drafts,
            max(self.connection, other.connection, key=_RANK.__getitem__),
        )


class Change(Struct, frozen=True):
    """Entities that were made, changed or removed, and by whom: `"me"`, or somebody else's name."""

    ids: frozenset[EntityId]
    by: str = "me"
