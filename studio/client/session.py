"""A person's place at a node: journal, cache, events, and the items that are open."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import partial
from pathlib import Path

from studio.client.cache import Cache
from studio.client.client import Client
from studio.client.device_key import device_key
from studio.client.document_state import fetch_state
from studio.client.events import Events, Gap
from studio.client.files import make_private
from studio.client.journal import Journal
from studio.client.left_journals import LeftJournal, left_journals
from studio.client.mailbox import Dispatch
from studio.client.media import MediaRequest, MediaStore, Prefetch
from studio.client.open_document import OpenDocument
from studio.client.own_node import OwnNode
from studio.client.problems import is_unreachable
from studio.client.revival import Revival
from studio.client.sealing import derived, name_for
from studio.client.sequences import beside
from studio.client.settings import PersonSettings
from studio.client.witness import witness
from studio.client.work_state import LineState, Work
from studio.domain import canonical
from studio.domain.contracts.editing import Neighbour
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, UserId
from studio.domain.wire import routes
from studio.domain.wire.documents import DocumentState, Lease
from studio.domain.wire.jobs import Event
from studio.domain.wire.projects import Item
from studio.domain.wire.session import UserInfo
from studio.folders import state_folder

AHEAD = 8  # documents that are held for the next items
_LOG = logging.getLogger("atelier.client")


class Session:
    """Everything that a signed-in studio holds; close it, and what is unsent stays in the journal."""

    @classmethod
    def open(
        cls,
        client: Client,
        folder: Path | None = None,
        own_node: OwnNode | bool = False,
        dispatch: Dispatch | None = None,
        passphrase: str | None = None,
    ) -> Session:
        """The place of whoever is signed in on `client`.

        With an `OwnNode` in `own_node`, a node that was killed is started again, and a session that ended is
        begun again, by itself. What an earlier studio left unsent goes on being sent by itself. Raises
        `session.missing` where nobody is signed in, `keyring.missing`, `keyring.wrong_passphrase`, and
        `studio.no_place` where journal and cache cannot be kept.
        """
        if client.user is None:
            raise AtelierError("session.missing", "Nobody is signed in.", hint="Sign in first.")
        place = folder or state_folder()
        try:
            return cls(client, client.user, place, own_node, dispatch, passphrase)
        except OSError as error:
            raise AtelierError(
                "studio.no_place",
                f"The studio cannot keep your work on this machine: {error.strerror or error}.",
                detail=str(error.filename or place),
                hint="Make room on the disk, or look whether you may write to the folder.",
            ) from error

    def __init__(
        self,
        client: Client,
        user: UserInfo,
        folder: Path,
        own_node: OwnNode | bool,
        dispatch: Dispatch | None,
        passphrase: str | None,
    ) -> None:
        self.client = client
        self.user: UserId = user.id
        node = client.handshake.node
        self._revival = Revival(client, own_node) if isinstance(own_node, OwnNode) else None
        kept = device_key(bool(own_node), passphrase)
        self.keeper = kept.keeper
        self._left_journals = partial(left_journals, folder, partial(derived, kept.key, "journal"))
        place = make_private(folder) / name_for(kept.key, "place", node, user.id)
        self._dispatch: Dispatch = dispatch or (lambda call: call())
        self._given_dispatch = dispatch
        self._lock = threading.Lock()
        self._open: dict[ItemId, OpenDocument] = {}
        self._opening: dict[ItemId, threading.Lock] = {}
        self._ahead: OrderedDict[ItemId, DocumentState] = OrderedDict()
        self._on_work: list[Callable[[Work], None]] = []
        self._closed = False
        self.journal = Journal(
            place / "journal", derived(kept.key, "journal", node), node, user.id, client.handshake.public_key
        )
        self.journal.on_trouble = lambda: self._dispatch(self._work_changed)
        self.cache = Cache(place / "cache", derived(kept.key, "cache", node, user.id))
        self._media = MediaStore(client, self.cache)
        self.journal.blobs.on_dropped = lambda kept: self.cache.put(
            kept.content, "blob", kept.item, kept.name
        )
        self.prefetch = Prefetch(self._media)
        self._settings = PersonSettings(client)
        troubles = [*self.journal.warnings, *_witnessed(client, place / "witness")]
        self.warnings: tuple[str, ...] = (*filter(None, (kept.warning,)), *map(str, troubles))
        self.events = Events(client, client.on_session, self._dispatch)
        self.events.on_state = self._connection_changed
        self.events.listen(self._heard)
        self.events.start()
        threading.Thread(target=self._resume, name="resume", daemon=True).start()

    @property
    def is_closed(self) -> bool:
        """Whether it was left."""
        return self._closed

    @property
    def documents(self) -> tuple[OpenDocument, ...]:
        """The items that are open, or still have something to send."""
        with self._lock:
            return tuple(self._open.values())

    @property
    def work(self) -> Work:
        """How far the work on all items has come, those included that wait for a node to be opened."""
        total = Work(connection=self.events.state)
        shown: set[ItemId] = set()
        for each in self.documents:
            total = total.plus(each.work)
            shown.add(each.item)
        for item in self.journal.items() - shown:
            pending, aside, drafts = self.journal.of(item)
            conflicts = len({note.conflict for note, _ in aside})
            total = total.plus(Work(len(pending), len(pending), conflicts, len(drafts)))
        return total

    def left_journals(self) -> list[LeftJournal]:
        """Journals on this machine that no studio sends, newest first. Blocks: it reads them all."""
        return self._left_journals()

    def open_document(self, item: str, lease: Lease | None = None, look_only: bool = False) -> OpenDocument:
        """An item, open for work; the same object as long as it is open. Blocks: not for a GUI thread.

        Without the node, what was seen of it last is opened. Raises what the node answers, and `node.gone`
        where it was never seen.
        """
        key = ItemId(item)
        with self._lock:
            opening = self._opening.setdefault(key, threading.Lock())
        with opening:
            with self._lock:
                held = self._open.get(key)
            if held is not None and held.reopen():
                return held
            state = self._state_of(key)
            made = OpenDocument(
                self.client,
                self.journal,
                state,
                lease,
                self._given_dispatch,
                look_only or self.client.read_only,
            )
            made.on_work(self._work_changed)
            with self._lock:
                self._open[key] = made
            made.look_again()  # what was fetched ahead may be a moment old
            return made

    def fetch_ahead(self, item: str) -> None:
        """Have the document of an item here before it is opened. Blocks. Raises what the node answers."""
        key = ItemId(item)
        with self._lock:
            known = key in self._open or key in self._ahead
        if known or any(self.journal.of(key)):
            return
        state = self._state_of(key)
        with self._lock:
            self._ahead[key] = state
            while len(self._ahead) > AHEAD:
                self._ahead.popitem(last=False)

    def beside(self, item: Item, by: int) -> Neighbour | None:
        """As `sequences.beside`: the item after (1) or before (-1) this one in its sequence. Blocks."""
        return beside(self.client, item, by)

    def media(self, item: str, stream: str, frame: int, rendition: str) -> bytes:
        """One rendition of one frame, from here or from the node. Blocks. Raises what the node answers."""
        return self._media.get(MediaRequest(item, stream, frame, rendition))

    def blob(self, item: str, name: str) -> bytes:
        """What a tile of an item names by its SHA-256, from here or from the node. Blocks.

        Raises what the node answers: `media.missing` where it holds no such thing.
        """
        if len(name) != 64 or set(name) - set("0123456789abcdef"):
            raise AtelierError("media.missing", "What these labels name is no file.", detail=name[:80])
        held = self.journal.blob(ItemId(item), name) or self.cache.get("blob", item, name)
        if held is None:
            held = self.client.raw(routes.GET_BLOB, item=item, blob=name)
            self.cache.put(held, "blob", item, name)
        return held

    def on_work(self, listener: Callable[[Work], None]) -> Callable[[], None]:
        """Hear when `work` may have changed; the answer ends that."""
        self._on_work.append(listener)
        return lambda: self._on_work.remove(listener) if listener in self._on_work else None

    def setting(self, name: str, default: str = "") -> str:
        """A text that follows the person; never blocks."""
        return self._settings.get(name, default)

    def keep_setting(self, name: str, value: str) -> None:
        """Keep a text that follows the person; it reaches the node soon."""
        self._settings.keep(name, value)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything is saved; on the thread that owns the documents."""
        return not [each for each in self.documents if not each.flush(timeout_s)]

    def close(self, flush_s: float = 1.0) -> None:
        """Leave. What the node does not get within `flush_s` is in the journal and sent next time."""
        self._closed = True
        if self._revival is not None:
            self._revival.close()
        self.events.close()
        self.prefetch.close()
        for each in self.documents:
            each.close()
        if self.events.state == "online":
            self.flush(flush_s)
        for each in self.documents:
            each.stop()
        self.journal.close()
        self._settings.close()
        self.cache.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _state_of(self, item: ItemId) -> DocumentState:
        with self._lock:
            ahead = self._ahead.pop(item, None)
        if ahead is not None and not any(self.journal.of(item)):
            return ahead
        try:
            state = fetch_state(self.client, self.journal, item)
        except AtelierError as error:
            seen = self.cache.get("document", item) if is_unreachable(error) else None
            if seen is None:
                raise
            state = canonical.decode_lenient(seen, DocumentState)
            kept, _, _ = self.journal.of(item)
            if any(each.base < state.revision for each in kept):
                raise  # whether the copy holds them already only the node can say
            return state
        self.cache.put(canonical.encode(state), "document", item)
        return state

    def _heard(self, news: Event | Gap) -> None:
        if isinstance(news, Gap):
            with self._lock:
                self._ahead.clear()
            for each in self.documents:
                each.look_again()
        elif news.kind == "document" and news.item is not None:
            with self._lock:
                found = self._open.get(news.item)
                self._ahead.pop(news.item, None)
            if found is not None:
                found.expect(news.revision)

    def _connection_changed(self, state: LineState) -> None:
        if state == "online":
            for each in self.documents:
                each.look_again()
            threading.Thread(target=self._resume, name="resume", daemon=True).start()
        if self._revival is not None:
            self._revival.connection_is(state)
        self._work_changed()

    def _resume(self) -> None:
        """Send what earlier studios left, item by item, without anybody opening it."""
        for item in sorted(self.journal.items()):
            with self._lock:
                known = item in self._open
            pending, _, _ = self.journal.of(item)
            if known or not pending or self._closed:
                continue
            try:
                self.open_document(item).close()
            except AtelierError as error:
                _LOG.warning("item %s waits: %s", item, error.code)
                if is_unreachable(error):
                    return  # the next connection tries again

    def _work_changed(self) -> None:
        with self._lock:
            ended = [key for key, each in self._open.items() if each.has_ended]
            for key in ended:
                del self._open[key]
        if self._closed:
            return
        work = self.work
        for listener in list(self._on_work):
            listener(work)


def _witnessed(client: Client, path: Path) -> list[AtelierError]:
    try:
        now = client.call(routes.CHECKPOINT)
    except AtelierError as error:
        _LOG.warning("no checkpoint of the audit log: %s", error.code)
        return []
    wrong = witness(path, now, client.handshake.audit_key)
    return [wrong] if wrong is not None else []
