"""One item that is open here: apply, undo, conflicts and drafts, in step with the node and the journal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Literal

from msgspec.structs import replace

from studio.client.caller import Caller, draft_of_save
from studio.client.document_state import sound
from studio.client.history import History, Step, is_mine
from studio.client.item_journal import ItemJournal
from studio.client.journal import Journal
from studio.client.line import Line
from studio.client.mailbox import Dispatch, Mailbox
from studio.client.replica import Conflict, Pending, Received, Replica
from studio.client.resolution import mine_as_a_copy, mine_on_theirs
from studio.client.work_state import Change, LineState, Work
from studio.domain.document import Document
from studio.domain.edit import PERSON, Edit
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, ItemId, OperationId, UserId
from studio.domain.wire.documents import DocumentState, Draft, Lease, Revision

Resolution = Literal["mine", "theirs", "both"]
_IN_THE_WAY = ("document.stale", "document.dangling")


class OpenDocument:
    """The confirmed Document plus one's own pending Edits.

    Everything of it belongs to one thread, the one that `Session.open`'s `dispatch` leads to; without a
    dispatch any thread may call it, and news come in between calls under its lock.
    """

    def __init__(
        self,
        client: Caller,
        journal: Journal,
        state: DocumentState,
        lease: Lease | None = None,
        dispatch: Dispatch | None = None,
        look_only: bool = False,
    ) -> None:
        """`state` is what the node holds, less what of the journal it may have: see `fetch_state`."""
        self.item: ItemId = state.item
        self.ontology_version = state.ontology_version
        self.read_only_reason = ""
        self._client = client
        self._mailbox = Mailbox(dispatch)
        self._journal = ItemJournal(journal, state.item, lambda: self._mailbox.post(self._work_changed))
        self._replica = Replica(state.entities, state.revision)
        self._history = History()
        self._node_drafts: tuple[Draft, ...] = ()
        self._connection: LineState = "online"
        self._on_change: list[Callable[[Change], None]] = []
        self._on_work: list[Callable[[], None]] = []
        if look_only or client.read_only:
            self.read_only_reason = "You look at this item without changing it."
        self._closed = False
        self._restore()
        self._line = Line(client, self.item, self, lease, not self.read_only, state.revision)
        self._line.start()

    @property
    def document(self) -> Document:
        """The item as it looks here; only `apply` changes it."""
        return self._replica.document

    @property
    def read_only(self) -> bool:
        """Whether Edits are refused; `read_only_reason` says why."""
        return bool(self.read_only_reason)

    @property
    def conflicts(self) -> tuple[Conflict, ...]:
        """One's own Edits that no longer stand, oldest first."""
        return tuple(self._replica.conflicts)

    @property
    def undo_titles(self) -> tuple[str, ...]:
        """What undo would take back, next first."""
        return self._history.undo_titles

    @property
    def redo_titles(self) -> tuple[str, ...]:
        """What redo would bring back, next first."""
        return self._history.redo_titles

    @property
    def work(self) -> Work:
        """How far one's own work on this item has come."""
        pending = self._replica.pending
        return Work(
            self._journal.count_kept(pending),
            len(pending),
            len(self._replica.conflicts),
            len(self.drafts),
            self._connection,
        )

    @property
    def drafts(self) -> tuple[Draft, ...]:
        """Unfinished gestures of earlier, and Edits that the node keeps as drafts; offered, never applied."""
        here = tuple(self._journal.earlier_drafts.values())
        mine = {p.operation for p in self._replica.pending}
        mine |= {p.operation for each in self._replica.conflicts for p in each.pending}
        return here + tuple(each for each in self._node_drafts if each.id not in mine)

    def apply(
        self, edit: Edit, batch: BatchId | None = None, blobs: Mapping[str, bytes] | None = None
    ) -> Edit:
        """Make an Edit: applied at once, then kept here, then saved. Returns it as applied.

        blobs: what its tiles name that the node has not, by SHA-256; kept, and sent, before the Edit is.
        Raises `document.*` and changes nothing then; `document.read_only` where nothing may be changed.
        """
        with self._mailbox.lock:
            if not edit:
                return edit
            return self._add(edit, None, batch, blobs or {}).fitted

    def undo(self) -> Edit | None:
        """Take back one's own latest Edit that stands; None where there is none.

        Raises `undo.in_the_way`, naming who changed the same thing since; nothing is changed then.
        """
        with self._mailbox.lock:
            return self._take_back(self._history.next_undo, "undo")

    def redo(self) -> Edit | None:
        """Bring back what was undone last; None where nothing was. Raises as `undo`."""
        with self._mailbox.lock:
            return self._take_back(self._history.next_redo, "redo")

    def resolve(self, conflict: OperationId, way: Resolution) -> Edit | None:
        """Decide a conflict: `mine` on top of theirs, `theirs` alone, or `both`, mine as a copy.

        The Edit that was made for it, or None. Raises `conflict.*`, and `document.*` where it does not stand;
        the conflict is still in the tray then.
        """
        with self._mailbox.lock:
            found = next((each for each in self._replica.conflicts if each.id == conflict), None)
            made: Edit | None = None
            if found is not None and way != "theirs":
                edit = (
                    mine_on_theirs(found.mine, self.document, self._replica.removed)
                    if way == "mine"
                    else mine_as_a_copy(found.mine, self.document)
                )
                made = self._add(edit, None, None).fitted if edit else None
            taken = self._replica.take_out(conflict)
            self._journal.end(each.operation for each in taken.pending)
            self._line.settled(each.operation for each in taken.pending)
            self._work_changed()
            return made

    def keep_draft(self, tool: str, title: str, state: bytes | None) -> None:
        """Journal how far an unfinished gesture is; None when it is over."""
        with self._mailbox.lock:
            self._journal.keep_draft(tool, title, state)

    def take_draft(self, draft: OperationId) -> Edit | None:
        """Make the Edit that a draft of the node holds; None where the draft is a gesture (resume that)."""
        with self._mailbox.lock:
            found = next((each for each in self._node_drafts if each.id == draft), None)
            save = draft_of_save(found) if found is not None else None
            if save is None:
                return None
            edit = mine_on_theirs(save.edit, self.document, self._replica.removed)
            made = self.apply(edit)
        self.drop_draft(draft)
        return made

    def drop_draft(self, draft: OperationId) -> None:
        """Forget a draft that was offered, here or at the node."""
        with self._mailbox.lock:
            if not self._journal.drop_draft(draft):
                self._node_drafts = tuple(each for each in self._node_drafts if each.id != draft)
                self._line.drop_draft(draft)
            self._work_changed()

    def listen(self, on_change: Callable[[Change], None]) -> Callable[[], None]:
        """Hear of every change of the document; the answer ends that."""
        self._on_change.append(on_change)
        return lambda: self._on_change.remove(on_change) if on_change in self._on_change else None

    def on_work(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Hear when `work`, `conflicts`, `drafts` or `read_only` may have changed; the answer ends that."""
        self._on_work.append(listener)
        return lambda: self._on_work.remove(listener) if listener in self._on_work else None

    def expect(self, revision: int) -> None:
        """An event says that this revision exists."""
        self._line.expect(revision)

    def look_again(self) -> None:
        """Events may have been missed, or the connection is back: ask the node what is new."""
        self._line.look_again()

    def nudge(self) -> None:
        """Try again now, should the line be waiting."""
        self._line.nudge()

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until the node has everything; whether it has. On the owning thread or on any other."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._mailbox.empty_here()
            if not self._replica.pending:
                return True
            if time.monotonic() > deadline:
                return False
            time.sleep(0.005)

    def close(self) -> None:
        """Nobody looks at it any more; what is pending goes on being sent, then the lease is given back."""
        with self._mailbox.lock:
            self._closed = True
            self._on_change.clear()
        self._line.close()

    def reopen(self) -> bool:
        """Go on with a closed item whose Edits were still being sent; False where that is over."""
        with self._mailbox.lock:
            if self._line.reopen():
                self._closed = False
            return not self._closed

    def stop(self) -> None:
        """End at once; what is pending is in the journal."""
        self._mailbox.is_closed = True
        self._line.stop()

    @property
    def has_ended(self) -> bool:
        """Whether it was closed and has nothing left to send."""
        return self._line.has_ended

    # what the line asks and brings, on the line's thread

    def head(self) -> Pending | None:
        """The Edit that is to be sent next."""
        with self._mailbox.lock:
            return self._replica.pending[0] if self._replica.pending else None

    def blob(self, name: str) -> bytes | None:
        """What an Edit of one's own names by this SHA-256, where the node may not have it yet."""
        return self._journal.blob(name)

    @property
    def revision(self) -> int:
        """The revision up to which the node's history is known here."""
        return self._replica.revision

    def revisions_came(self, revisions: list[Revision]) -> None:
        """Others, or we, have changed the item. Raises where the copy here has come apart."""
        user = self._user

        def work() -> None:
            try:
                self._took(self._replica.receive(revisions, user))
            except AtelierError:
                for each in self._replica.conflicts:
                    self._journal.set_aside(each)
                raise

        self._mailbox.hand_over(work)

    def document_came(self, state: DocumentState, saved: frozenset[OperationId]) -> None:
        """The whole item, because the copy here had come apart."""
        self._mailbox.hand_over(
            lambda: self._took(self._replica.start_over(state.entities, state.revision, saved))
        )

    def was_refused(self, operation: OperationId, error: AtelierError) -> None:
        """The node will never take this Edit."""
        self._mailbox.hand_over(lambda: self._took(self._replica.refuse(operation, error)))

    def may_not_edit(self, error: AtelierError) -> None:
        """No lease for us."""

        def work() -> None:
            self.read_only_reason = error.message
            self._work_changed()

        self._mailbox.hand_over(work)

    def history_came(self, revisions: list[Revision]) -> None:
        """The next part of what happened before the item was opened, oldest first."""
        user = self._user
        earlier = [Step(r.operation, r.edit, r.undoes) for r in revisions if is_mine(r, user)]

        def work() -> None:
            for each in revisions:
                if each.author != user:
                    for key in each.edit.changes:
                        self._replica.touched_by.setdefault(key, each.author_name)
            self._history.put_before(earlier)
            self._work_changed()

        self._mailbox.hand_over(work)

    def drafts_came(self, drafts: tuple[Draft, ...]) -> None:
        """What the node keeps for us."""

        def work() -> None:
            self._node_drafts = drafts
            self._work_changed()

        self._mailbox.hand_over(work)

    def connection_is(self, state: LineState) -> None:
        """Whether the node can be reached."""
        if state == self._connection:
            return

        def work() -> None:
            self._connection = state
            self._work_changed()

        self._mailbox.hand_over(work)

    @property
    def _user(self) -> UserId:
        return self._client.user.id if self._client.user is not None else UserId("")

    def _restore(self) -> None:
        received = self._replica.restore(self._journal.pending, self._journal.conflicts)
        for each in self._replica.pending:
            self._history.add(Step(each.operation, each.fitted, each.undoes))
        self._note(received)

    def _add(
        self,
        edit: Edit,
        undoes: OperationId | None,
        batch: BatchId | None,
        blobs: Mapping[str, bytes] = MappingProxyType({}),
    ) -> Pending:
        if self._closed:
            raise AtelierError("document.closed", "The item was closed here; nothing was changed.")
        if self.read_only:
            raise AtelierError(
                "document.read_only", f"Nothing was changed. {self.read_only_reason}", detail=self.item
            )
        if not edit.ontology_version:
            edit = replace(edit, ontology_version=self.ontology_version)
        pending = self._replica.add(sound(edit), undoes, batch)
        self._journal.keep(pending, blobs)
        if batch is None:
            self._history.add(Step(pending.operation, pending.fitted, undoes))
        self._line.nudge()
        self._changed(pending.fitted.changes, "me")
        self._work_changed()
        return pending

    def _take_back(self, step: Step | None, tool: str) -> Edit | None:
        if step is None:
            return None
        edit = replace(step.edit.inverse(), made_by=PERSON, tool=tool, active_s=0.0, ontology_version=0)
        try:
            return self._add(edit, step.operation, None).fitted
        except AtelierError as error:
            if error.code not in _IN_THE_WAY:
                raise
            names = (self._replica.touched_by.get(key, "") for key in step.edit.changes)
            who = next(filter(None, names), "Somebody")
            raise AtelierError(
                "undo.in_the_way",
                f"{who} has changed the same thing since, so “{step.edit.title}” was left as it is.",
                detail=error.detail,
                hint=f"Talk to {who}, or change it by hand." if who != "Somebody" else "Change it by hand.",
            ) from error

    def _took(self, received: Received) -> None:
        gone = {p.operation for each in received.set_aside for p in each.pending} | set(received.dropped)
        self._note(received)
        self._history.remove(frozenset(gone))
        if received.changed:
            now = {each.operation: each.fitted for each in self._replica.pending}
            self._history.refit(now.get)
            self._changed(received.changed, received.by or "me")
        self._work_changed()

    def _note(self, received: Received) -> None:
        self._journal.end((*received.saved, *received.dropped))
        for each in received.set_aside:
            self._journal.set_aside(each)

    def _changed(self, ids: Iterable[str], by: str) -> None:
        change = Change(frozenset(ids), by)  # type: ignore[arg-type]
        for listener in list(self._on_change):
            listener(change)

    def _work_changed(self) -> None:
        for listener in list(self._on_work):
            listener()
