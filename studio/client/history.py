"""Undo and redo of one's own Edits: which one is next, told from what each of them undoes.

An undo is an Edit that names the one it takes back; a redo names the undo. So the list can be made again
from the node's revisions and the journal, and nothing else need be kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from msgspec import Struct
from msgspec.structs import replace

from studio.domain.edit import Edit
from studio.domain.ids import OperationId
from studio.domain.wire.documents import Revision


class Step(Struct, frozen=True):
    """An Edit of one's own, as applied."""

    operation: OperationId
    edit: Edit
    undoes: OperationId | None = None


class History:
    """One's own steps on one item, oldest first, and the two lists that menus show."""

    def __init__(self, steps: Iterable[Step] = ()) -> None:
        self.steps: list[Step] = list(steps)
        self._done: list[Step] = []
        self._undone: list[Step] = []
        self._rebuild()

    @property
    def next_undo(self) -> Step | None:
        """The step that undo would take back."""
        return self._done[-1] if self._done else None

    @property
    def next_redo(self) -> Step | None:
        """The undo that redo would take back."""
        return self._undone[-1] if self._undone else None

    @property
    def undo_titles(self) -> tuple[str, ...]:
        """Titles of what can be undone, next first."""
        return tuple(step.edit.title for step in reversed(self._done))

    @property
    def redo_titles(self) -> tuple[str, ...]:
        """Titles of what can be redone, next first."""
        return tuple(step.edit.title for step in reversed(self._undone))

    def add(self, step: Step) -> None:
        """A new step; anything but an undo or a redo ends what could be redone."""
        self.steps.append(step)
        self._place(step)

    def put_before(self, earlier: Iterable[Step]) -> None:
        """Steps from before this studio was started; those known already are passed over."""
        known = {step.operation for step in self.steps}
        self.steps = [step for step in earlier if step.operation not in known] + self.steps
        self._rebuild()

    def remove(self, operations: frozenset[OperationId]) -> None:
        """Forget steps that do not stand (any more)."""
        if any(step.operation in operations for step in self.steps):
            self.steps = [step for step in self.steps if step.operation not in operations]
            self._rebuild()

    def refit(self, fitted: Callable[[OperationId], Edit | None]) -> None:
        """Take the Edits as they are applied now, where `fitted` knows better."""
        self.steps = [
            replace(step, edit=now) if (now := fitted(step.operation)) is not None else step
            for step in self.steps
        ]
        self._rebuild()

    def _rebuild(self) -> None:
        self._done, self._undone = [], []
        for step in self.steps:
            self._place(step)

    def _place(self, step: Step) -> None:
        if step.undoes is None:
            self._done.append(step)
            self._undone.clear()
            return
        for source, target in ((self._done, self._undone), (self._undone, self._done)):
            for index in range(len(source) - 1, -1, -1):
                if source[index].operation == step.undoes:
                    del source[index]
                    target.append(step)
                    return
        # what it undoes is not one's own or not known here: it is an Edit like any other
        self._done.append(step)


def is_mine(revision: Revision, user: str) -> bool:
    """Whether a revision belongs into the undo list of `user`: made by them, and not as part of a batch.

    A batch is undone as one; an import is a batch too.
    """
    return (
        revision.author == user
        and revision.batch is None
        and not revision.edit.made_by.startswith(("importer:", "rule:"))
    )
