"""One item as this studio holds it: what the node confirmed, and one's own pending Edits on top.

No threads, files or network: what comes in is applied, what goes out is looked up, so that any interleaving
of people, delays and losses can be tried in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity, references
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, EntityId, OperationId, new_id
from studio.domain.wire.documents import Revision


class Pending(Struct):
    """An Edit of one's own that the node has not acknowledged yet."""

    operation: OperationId
    edit: Edit  # as made; it is sent like this, and the node fits it as we do
    fitted: Edit  # as applied here
    base: int  # the revision that was confirmed when it was made
    undoes: OperationId | None = None
    batch: BatchId | None = None


class Conflict(Struct, frozen=True):
    """Edits that no longer stand, in order: the first, and those built on it."""

    id: OperationId
    pending: tuple[Pending, ...]
    code: str
    message: str
    detail: str = ""
    author: str = ""  # whose change came first, as far as that is known

    @property
    def title(self) -> str:
        """What the tray shows."""
        return self.pending[0].edit.title

    @property
    def edits(self) -> tuple[Edit, ...]:
        """One's own version, step by step."""
        return tuple(each.edit for each in self.pending)

    @property
    def mine(self) -> Edit:
        """One's own version as one step; empty where the steps take each other back."""
        first, *later = self.edits
        for each in later:
            first = first.then(each)
        return first


class Received(Struct):
    """What coming to terms with the node did here."""

    changed: set[EntityId]  # entities that look different now
    by: str = ""  # who changed them, where it was somebody else
    saved: tuple[OperationId, ...] = ()  # one's own Edits that the node has
    set_aside: tuple[Conflict, ...] = ()  # new in the tray, or longer than before
    dropped: tuple[OperationId, ...] = ()  # took each other back; nothing is left to decide


class Replica:
    """The confirmed Document plus pending Edits, and the tray of those that no longer stand."""

    def __init__(self, entities: Iterable[AnyEntity], revision: int) -> None:
        """Raises as `Document` does."""
        self.document = Document(entities)
        self.revision = revision
        self.pending: list[Pending] = []
        self.conflicts: list[Conflict] = []
        self.removed: dict[EntityId, AnyEntity] = {}  # by others, so that *mine* can bring a track back
        self.touched_by: dict[EntityId, str] = {}  # who else changed an entity last

    def add(
        self,
        edit: Edit,
        undoes: OperationId | None = None,
        batch: BatchId | None = None,
        operation: OperationId | None = None,
    ) -> Pending:
        """Apply an Edit of one's own and queue it. Raises `document.*`; nothing is changed then."""
        fitted = self.document.apply(edit)
        made = operation or OperationId(new_id())
        pending = Pending(made, edit, fitted, self.revision, undoes, batch)
        self.pending.append(pending)
        return pending

    def restore(self, kept: Sequence[Pending], conflicts: Sequence[Conflict]) -> Received:
        """Put what the journal kept on top again; what does not stand any more goes to the tray."""
        self.conflicts.extend(conflicts)
        received = Received(set())
        self._replay(list(kept), received, kept=True)
        received.changed = {key for each in self.pending for key in each.fitted.changes}
        return received

    def receive(self, revisions: Sequence[Revision], mine: str = "") -> Received:
        """Come to terms with revisions of the node, in order; those known already are passed over.

        `mine` is one's own user id. Raises `document.*` where a revision does not fit what was confirmed: the
        copy has come apart from the node's, and `start_over` is due.
        """
        news = [each for each in revisions if each.revision > self.revision]
        received = Received(set())
        while news and self._is_next(news[0]):  # usual: the node took our own Edit exactly as we did
            self.revision = news.pop(0).revision
            received.saved += (self.pending.pop(0).operation,)
        if not news:
            return received
        before: dict[EntityId, AnyEntity | None] = {}
        waiting = self._take_back(before)
        try:
            for each in news:
                self._note(before, each.edit)
                self.document.apply(each.edit)
                self.revision = each.revision
                received.saved += tuple(p.operation for p in waiting if p.operation == each.operation)
                waiting = [p for p in waiting if p.operation != each.operation]
                if each.author != mine:
                    self._remember(each)
                    received.by = each.author_name
        finally:
            self._replay(waiting, received, before)
        received.changed = {key for key, old in before.items() if self.document.get(key) != old}
        return received

    def start_over(
        self, entities: Iterable[AnyEntity], revision: int, saved: frozenset[OperationId]
    ) -> Received:
        """Take the node's whole document instead of ours, pending Edits on top; `saved` are those it has."""
        before: dict[EntityId, AnyEntity | None] = {}
        waiting = self._take_back(before)
        received = Received(set(), saved=tuple(p.operation for p in waiting if p.operation in saved))
        held, given = self.document.entities, {each.id: each for each in entities}
        whole = Edit(
            "Start over",
            {
                key: (held.get(key), given.get(key))
                for key in held.keys() | given.keys()
                if held.get(key) != given.get(key)
            },
        )
        self._note(before, whole)
        self.document.apply(whole)
        self.revision = revision
        self._replay([p for p in waiting if p.operation not in saved], received, before)
        received.changed = {key for key, old in before.items() if self.document.get(key) != old}
        return received

    def refuse(self, operation: OperationId, error: AtelierError) -> Received:
        """The node will not take this Edit: into the tray with it, and with those built on it."""
        received = Received(set())
        before: dict[EntityId, AnyEntity | None] = {}
        waiting = self._take_back(before)
        refused = [each for each in waiting if each.operation == operation]
        ahead = waiting[: waiting.index(refused[0])] if refused else waiting
        behind = waiting[len(ahead) + len(refused) :]
        self._replay(ahead, received, before)
        for each in refused:
            self._set_aside(each, error, received)
        self._replay(behind, received, before, kept=True)
        received.changed = {key for key, old in before.items() if self.document.get(key) != old}
        return received

    def take_out(self, conflict: OperationId) -> Conflict:
        """Take a conflict out of the tray. Raises `conflict.unknown`."""
        for index, each in enumerate(self.conflicts):
            if each.id == conflict:
                return self.conflicts.pop(index)
        raise AtelierError(
            "conflict.unknown", "This conflict is resolved already.", hint="Look at the item as it is now."
        )

    def _is_next(self, revision: Revision) -> bool:
        return bool(
            self.pending
            and self.pending[0].operation == revision.operation
            and self.pending[0].fitted.changes == revision.edit.changes
        )

    def _take_back(self, before: dict[EntityId, AnyEntity | None]) -> list[Pending]:
        waiting, self.pending = self.pending, []
        for each in waiting:
            self._note(before, each.fitted)
        for each in reversed(waiting):
            self.document.apply(each.fitted.inverse())
        return waiting

    def _note(self, before: dict[EntityId, AnyEntity | None], edit: Edit) -> None:
        for key in edit.changes:
            before.setdefault(key, self.document.get(key))

    def _remember(self, revision: Revision) -> None:
        for key, (old, new) in revision.edit.changes.items():
            self.touched_by[key] = revision.author_name
            if new is None and old is not None:
                self.removed[key] = old

    def _replay(
        self,
        waiting: list[Pending],
        received: Received,
        before: dict[EntityId, AnyEntity | None] | None = None,
        kept: bool = False,
    ) -> None:
        """Apply `waiting` in order; `kept` goes on behind what is pending already."""
        if not kept:
            self.pending = []
        for each in waiting:
            if before is not None:
                self._note(before, each.edit)
            try:
                each.fitted = self.document.apply(each.edit)
                self.pending.append(each)
            except AtelierError as error:
                self._set_aside(each, error, received)
        self._drop_empty(received)

    def _set_aside(self, pending: Pending, error: AtelierError, received: Received) -> None:
        for index, held in enumerate(self.conflicts):
            if _is_built_on(pending.edit, held):
                longer = Conflict(
                    held.id, (*held.pending, pending), held.code, held.message, held.detail, held.author
                )
                self.conflicts[index] = longer
                received.set_aside = (*(c for c in received.set_aside if c.id != held.id), longer)
                return
        author = next((self.touched_by[k] for k in named_by(pending.edit) if k in self.touched_by), "")
        made = Conflict(pending.operation, (pending,), error.code, error.message, error.detail, author)
        self.conflicts.append(made)
        received.set_aside += (made,)

    def _drop_empty(self, received: Received) -> None:
        """An Edit and its undo that were both set aside leave nothing to decide."""
        for conflict in received.set_aside:
            if conflict in self.conflicts and not conflict.mine:
                self.conflicts.remove(conflict)
                received.set_aside = tuple(c for c in received.set_aside if c.id != conflict.id)
                received.dropped += tuple(each.operation for each in conflict.pending)


def named_by(edit: Edit) -> set[EntityId]:
    """The entities that an Edit changes, and those that its results point at."""
    found = set(edit.changes)
    for _, new in edit.changes.values():
        if new is not None:
            found.update(target for _, target in references(new))
    return found


def _is_built_on(edit: Edit, conflict: Conflict) -> bool:
    changed = {key for each in conflict.pending for key in each.edit.changes}
    return not changed.isdisjoint(named_by(edit))
