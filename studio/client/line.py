"""The line from one open item to the node: a thread that takes the lease, sends, and fetches what others did.

It knows nothing of documents: what is to be sent it asks for, what came in it hands over. One Edit is under
way at a time; until the node has answered it for good, exactly the same message is sent again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

from studio.client.caller import PAGE, Caller, revisions_after
from studio.client.problems import is_unreachable, wants_sign_in
from studio.client.receiver import Receiver
from studio.client.replica import Pending
from studio.client.retry import pauses
from studio.domain.edit import Edit, new_blobs
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, OperationId, UserId
from studio.domain.wire import routes
from studio.domain.wire.documents import Lease, Revision, RevisionQuery, SaveEdit

PUTTERS = 6  # of what one Edit names: of a large stroke 150 pieces
FAULTS = 3  # a node that makes a mistake of its own over one Edit is asked so often
_LOG = logging.getLogger("atelier.client")


class Line:
    """Sends and fetches for one item until it is closed and nothing is left to send."""

    def __init__(
        self,
        client: Caller,
        item: ItemId,
        receiver: Receiver,
        lease: Lease | None,
        may_edit: bool,
        opened_at: int,
    ) -> None:
        """`opened_at` is the revision up to which the history is yet to be read."""
        self.item = item
        self._client = client
        self._receiver = receiver
        self._wake = threading.Condition()
        self._news = False  # something changed since the line last looked
        self._closing = False
        self._stopped = False
        self._ended = False
        self._may_edit = may_edit
        self._lease = lease
        self._lease_until = time.monotonic() + lease.seconds if lease else 0.0
        self._wanted = 0  # a revision that is known to exist
        self._sending: SaveEdit | None = None
        self._faults = 0
        self._kept_at_node: set[OperationId] = set()  # as drafts, because they came with a dead lease
        self._drafts_left: list[OperationId] = []  # for the node to forget
        self._lost = False
        self._put: set[str] = set()  # by SHA-256, what the node was sent of what Edits name
        self._history_at: int | None = 0 if may_edit else None
        self._opened_at = opened_at
        self._drafts_due = may_edit
        self._end_listening = client.on_session(lambda _: self.nudge())
        self._thread = threading.Thread(target=self._run, name=f"line-{item[-6:]}", daemon=True)

    def start(self) -> None:
        """Begin; the receiver must be ready."""
        self._thread.start()

    def nudge(self) -> None:
        """There may be something to do: an Edit, a connection that is back, a sign-in."""
        with self._wake:
            self._news = True
            self._wake.notify_all()

    def expect(self, revision: int) -> None:
        """This revision exists (an event said so)."""
        with self._wake:
            self._wanted = max(self._wanted, revision)
        self.nudge()

    def look_again(self) -> None:
        """Something may have been missed: ask for what is new."""
        self.expect(self._receiver.revision + 1)

    def close(self) -> None:
        """Send what is left, give the lease back, and end."""
        with self._wake:
            self._closing = True
        self.nudge()

    def reopen(self) -> bool:
        """Take `close` back; False where the line has ended meanwhile."""
        with self._wake:
            if self._ended or self._stopped:
                return False
            self._closing = False
        self.nudge()
        return True

    def settled(self, operations: Iterable[OperationId]) -> None:
        """These are saved or decided: where the node keeps a late one as a draft, it may forget it."""
        for each in operations:
            if each in self._kept_at_node:
                self._kept_at_node.discard(each)
                self.drop_draft(each)

    def drop_draft(self, draft: OperationId) -> None:
        """Have the node forget a draft."""
        self._drafts_left.append(draft)
        self.nudge()

    def stop(self, timeout_s: float = 5.0) -> None:
        """End now; what is left is in the journal."""
        with self._wake:
            self._stopped = True
        self.nudge()
        self._end_listening()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)

    def is_stopped(self) -> bool:
        """Whether it was told to end at once."""
        return self._stopped

    @property
    def has_ended(self) -> bool:
        """Whether a closed line has sent everything and is gone."""
        return self._ended or not self._thread.is_alive()

    def _run(self) -> None:
        waits: Iterator[float] = pauses()
        while not self.is_stopped():
            with self._wake:
                self._news = False
            try:
                idle = not self._step()
                self._receiver.connection_is("online")
                waits = pauses()
            except AtelierError as error:
                if self.is_stopped():
                    return
                if wants_sign_in(error):
                    self._receiver.connection_is("sign_in")
                    self._wait(None)
                    continue
                if error.code.startswith("access."):
                    self._is_over(error)
                    continue
                if not is_unreachable(error):
                    _LOG.warning("item %s: %s %s", self.item, error.code, error.detail)
                self._receiver.connection_is("offline")
                self._wait(next(waits))
                continue
            if idle:
                if self._has_to_end():
                    self._end_lease()
                    return
                self._wait(self._until_renewal())

    def _wait(self, seconds: float | None) -> None:
        with self._wake:
            self._wake.wait_for(lambda: self._news or self._stopped, seconds)

    def _until_renewal(self) -> float | None:
        return max(self._renewal() - time.monotonic(), 0.0) if self._may_edit else None

    def _renewal(self) -> float:
        """When the lease is to be taken again, on the monotonic clock: at half its time, or at once."""
        return 0.0 if self._lease is None else self._lease_until - self._lease.seconds / 2

    def _step(self) -> bool:
        """Do the one thing that is most due; False where there is nothing."""
        head = self._receiver.head()
        if self._wanted > self._receiver.revision:
            self._fetch()
        elif self._may_edit and not self._closing and time.monotonic() >= self._renewal():
            self._take_lease()
        elif head is not None and not self._may_edit:
            self._receiver.was_refused(head.operation, _read_only())
        elif head is not None and self._lease is None:
            self._take_lease()
        elif head is not None:
            self._send(head)
        elif self._drafts_left:
            draft = self._drafts_left[0]
            self._client.call(routes.DROP_DRAFT, item=self.item, draft=draft)
            self._drafts_left.remove(draft)
        elif self._closing:
            return False
        elif self._drafts_due:
            self._drafts_due = False
            self._receiver.drafts_came(self._client.call(routes.DRAFTS, item=self.item).drafts)
        elif self._history_at is not None:
            self._read_history(self._history_at)
        else:
            return False
        return True

    def _take_lease(self) -> None:
        try:
            lease = self._client.call(routes.LEASE, item=self.item)
        except AtelierError as error:
            if is_unreachable(error) or wants_sign_in(error) or error.code == "node.fault":
                raise
            self._may_edit = False
            self._lease = None
            self._receiver.may_not_edit(error)
            return
        self._lease = lease
        self._lease_until = time.monotonic() + lease.seconds

    def _has_to_end(self) -> bool:
        with self._wake:
            self._ended = self._closing and not self._news
            return self._ended

    def _is_over(self, error: AtelierError) -> None:
        """The item was erased, or is not ours to see any more: what is pending goes to the tray."""
        self._may_edit, self._drafts_due, self._history_at, self._lease = False, False, None, None
        self._drafts_left.clear()
        with self._wake:
            self._wanted = 0
        self._receiver.may_not_edit(error)

    def _end_lease(self) -> None:
        self._end_listening()
        if self._lease is None:
            return
        try:
            self._client.call(routes.END_LEASE, item=self.item)
        except AtelierError as error:  # it runs out by itself
            _LOG.info("lease of %s not given back: %s", self.item, error.code)

    def _fetch(self) -> None:
        """Hand over every revision after the confirmed one; the whole document where that does not fit."""
        while True:
            after = self._receiver.revision
            page = self._client.call(
                routes.REVISIONS, RevisionQuery(after=after, limit=PAGE), item=self.item
            ).revisions
            try:
                if page:
                    self._receiver.revisions_came(list(page))
            except AtelierError as error:
                _LOG.warning("item %s came apart (%s): fetched whole", self.item, error.code)
                self._start_over()
            if len(page) < PAGE:
                # nothing newer is there: what an event promised is not to be had
                with self._wake:
                    if self._wanted > self._receiver.revision:
                        self._wanted = 0
                return

    def _start_over(self) -> None:
        head = self._receiver.head()
        state = self._client.call(routes.DOCUMENT, item=self.item)
        after = min(head.base, state.revision) if head else state.revision
        saved = frozenset(
            each.operation
            for each in revisions_after(self._client, self.item, after)
            if each.revision <= state.revision
        )
        self._receiver.document_came(state, saved)

    def _send(self, head: Pending) -> None:
        assert self._lease is not None
        if self._sending is None or self._sending.operation != head.operation:
            self._sending = SaveEdit(
                head.operation,
                head.base,
                self._lease.fence,
                head.edit.ontology_version,
                head.edit,
                head.undoes,
                head.batch,
            )
            self._faults = 0
        try:
            self._put_blobs(head.edit)
            if self.is_stopped():
                return
            saved = self._client.call(routes.SAVE_EDIT, self._sending, item=self.item)
        except AtelierError as error:
            self._not_saved(head, error)
            return
        self._sending, self._lost = None, False
        self.settled((head.operation,))
        if saved.revision == self._receiver.revision + 1:
            user = self._client.user
            self._receiver.revisions_came(
                [
                    Revision(
                        self.item,
                        saved.revision,
                        saved.operation,
                        user.id if user else UserId(""),
                        user.name if user else "",
                        0,
                        saved.edit,
                        head.undoes,
                        head.batch,
                    )
                ]
            )
            return
        self._fetch()
        if self._is_head(head):  # the node has it, and what we hold does not say so
            self._start_over()
        if self._is_head(head):
            self._receiver.was_refused(head.operation, _not_found(saved.revision))

    def _put_blobs(self, edit: Edit) -> None:
        """Send what `edit` names and is kept here; what is not, the node has, or says that it has not."""
        names = [name for name in new_blobs(edit) if name not in self._put]
        if not names:
            return
        with ThreadPoolExecutor(PUTTERS, "put") as several:  # which share the node's commits
            for name, was_put in zip(names, several.map(self._put_blob, names), strict=True):
                if was_put:
                    self._put.add(name)

    def _put_blob(self, name: str) -> bool:
        content = self._receiver.blob(name)
        if content is None or self.is_stopped():
            return False
        self._client.raw(routes.PUT_BLOB, content, item=self.item, blob=name)
        return True

    def _not_saved(self, head: Pending, error: AtelierError) -> None:
        if is_unreachable(error) or wants_sign_in(error):
            raise error
        if error.code == "node.fault" and self._faults < FAULTS:
            self._faults += 1
            raise error
        forgotten = error.code == "blob.unsent" and not self._put.isdisjoint(new_blobs(head.edit))
        if forgotten and self._faults < FAULTS:  # it was sent too long ago, and is kept there no longer
            self._faults += 1
            self._put.clear()
            return
        if error.code == "lease.lost" and not self._lost:
            # the node keeps it as a draft; with a new lease it is sent again, and the draft goes
            self._lost = True
            self._lease = None
            self._sending = None
            self._kept_at_node.add(head.operation)
            return
        self._sending, self._lost = None, False
        before = self._receiver.revision
        self._fetch()
        if not self._is_head(head):
            return
        if error.code in ("document.stale", "document.dangling") and self._receiver.revision == before:
            self._start_over()  # here it stands and there it does not: the two documents differ
            if not self._is_head(head):
                return
        if error.code not in ("document.stale", "document.dangling") or self._receiver.revision == before:
            self._receiver.was_refused(head.operation, error)

    def _is_head(self, head: Pending) -> bool:
        now = self._receiver.head()
        return now is not None and now.operation == head.operation

    def _read_history(self, after: int) -> None:
        page = list(
            self._client.call(
                routes.REVISIONS, RevisionQuery(after=after, limit=PAGE), item=self.item
            ).revisions
        )
        known = [each for each in page if each.revision <= self._opened_at]
        is_last = len(page) < PAGE or len(known) < len(page)
        self._receiver.history_came(known)
        self._history_at = None if is_last else page[-1].revision


def _not_found(revision: int) -> AtelierError:
    return AtelierError(
        "node.answer",
        "The node says that it has this change, and its history does not show it.",
        detail=f"revision {revision}",
        hint="Look at the item as it is now before you keep yours.",
    )


def _read_only() -> AtelierError:
    return AtelierError(
        "document.read_only",
        "You may look at this item and not change it. Your change is kept in the conflict tray.",
        hint="Ask for the item, or for another role.",
    )
