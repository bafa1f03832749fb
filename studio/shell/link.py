"""The way to a node: starts or finds one of our own, or signs in on another; all in background calls."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from PySide6.QtCore import QObject, Signal

from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.shell.calls import Call, Calls

if TYPE_CHECKING:
    from studio.client import Client, OwnNode, Session
    from studio.node_process import Begun

LOG = logging.getLogger("atelier.studio")
_AT_WORK: frozenset[str] = frozenset(("queued", "running", "pausing", "cancelling"))
Dispatch = Callable[[Callable[[], None]], None]


class Credentials(Struct, frozen=True):
    """What somebody typed to sign in; `passphrase` opens the cache where there is no keyring."""

    subject: str
    password: str
    code: str = ""
    passphrase: str = ""


class Link(QObject):
    """Brings a Session about. Signals are emitted on the GUI thread."""

    said = Signal(str)  # what is being done
    opened = Signal(object)  # a Session
    wants_sign_in = Signal(object)  # the AtelierError that led to it, or None at first
    failed = Signal(object)  # an AtelierError

    def __init__(self, calls: Calls, dispatch: Dispatch, parent: QObject, begun: Begun | None = None) -> None:
        """`begun`: a node of our own that is on its way already."""
        super().__init__(parent)
        self._calls = calls
        self._dispatch = dispatch
        self._busy = False
        self._client: Client | None = None
        self._own: OwnNode | None = None
        self._begun = begun
        self._again: Session | None = None  # one that goes on after its person signed in again
        self.where = ""

    def open_own(self, folder: Path) -> None:
        """Find or start the node of our own on `folder`, or wait for the one that is on its way, and sign in
        there."""
        begun = self._begun
        self.where = str(folder)
        self.said.emit("Starting your node …")

        def work(call: Call) -> Any:
            # httpx and cryptography: a quarter of a second that the first paint need not wait for
            from studio.client import Client, OwnNode, Session

            own = OwnNode.start(folder, begun=begun)
            _note_use(own)
            call.check()
            client = Client.connect(own.address)
            client.own_sign_in(own.secret())
            return own, Session.open(client, own_node=own, dispatch=self._dispatch)

        def done(result: tuple[OwnNode, Session]) -> None:
            self._own, session = result
            self.opened.emit(session)

        def failed(error: AtelierError) -> None:
            self._begun = None  # the next try begins another
            self.failed.emit(error)

        self._calls.start("connect", work, done, failed)

    def open_other(self, address: str) -> None:
        """Shake hands with the node at `address`; `wants_sign_in` follows."""
        self.where = address
        self.said.emit(f"Connecting to {address} …")

        def work(_call: Call) -> Any:
            from studio.client import Client

            return Client.connect(address)

        def done(client: Client) -> None:
            self._client = client
            self.wants_sign_in.emit(None)

        self._calls.start("connect", work, done, self.failed.emit)

    def sign_in(self, credentials: Credentials) -> None:
        """Go on with what the person typed; a wrong word asks again."""
        client = self._client
        if client is None:
            return
        self.said.emit("Signing in …")

        again = self._again

        def work(_call: Call) -> Any:
            from studio.client import Session

            if again is not None:
                client.sign_in(credentials.subject, credentials.password, credentials.code)
                return again
            if client.user is None:
                client.sign_in(credentials.subject, credentials.password, credentials.code)
            return Session.open(client, dispatch=self._dispatch, passphrase=credentials.passphrase or None)

        def failed(error: AtelierError) -> None:
            if error.code.partition(".")[0] in ("session", "keyring"):
                self.wants_sign_in.emit(error)
            else:
                self.failed.emit(error)

        def done(session: Session) -> None:
            if self._again is None:
                self.opened.emit(session)
            self._again = None

        self._calls.start("connect", work, done, failed)

    def mend(self, session: Session, done: Callable[[], None]) -> None:
        """Start the node of our own again where it has ended, and sign in again where that has."""
        folder = Path(self.where)

        def work(_call: Call) -> Any:
            from studio.client import OwnNode

            own = OwnNode.start(folder)
            _note_use(own)
            try:
                session.client.call(routes.ME)
            except AtelierError as error:
                if not error.code.startswith("session."):
                    raise
                session.client.own_sign_in(own.secret())
            return own

        def mended(own: OwnNode) -> None:
            if own.started_here:
                self._own = own
            done()

        # it is tried again by whoever saw that the node is gone; the status bar says so meanwhile
        self._calls.start("mend", work, mended, lambda error: self.said.emit(str(error)))

    def sign_in_again(self, session: Session) -> None:
        """The session on somebody else's node has ended: ask, and go on in place."""
        self._client = session.client
        self._again = session
        self.wants_sign_in.emit(None)

    @property
    def is_own(self) -> bool:
        """Whether the node is one of our own."""
        return self._own is not None

    def stop_own(self) -> None:
        """Ask the node that this studio started to end; blocks until it has. Others are left running, but for
        one whose studio is gone without ending it and that no other studio uses.

        One that is still at something long (a training run, an import) goes on without a window, and the
        next studio finds it, and ends it in its turn.
        """
        if self._own is not None and self._ends_with_us(self._own) and not self._busy:
            from studio.client import node_users

            if self._own.stop():
                node_users.forget(self._own.folder)
        elif self._own is not None and not self._own.started_here:
            from studio.client import node_users

            node_users.leave(self._own.folder)
        elif self._own is None and self._begun is not None:
            self._begun.process.terminate()  # the window was closed before it answered
            self._begun.process.wait()

    def look_whether_busy(self, session: Session) -> None:
        """Ask before the session is closed whether the node is at something long; blocks shortly."""
        if self._own is None or not self._ends_with_us(self._own):
            return
        if session.work.connection != "online":
            self._busy = True  # what a node that does not answer is at, nobody knows
            return
        client = session.client
        try:
            for project in client.call(routes.PROJECTS).projects:
                jobs = client.call(routes.JOBS, project=project.id).jobs
                runs = client.call(routes.RUNS, project=project.id).runs
                states = {job.state for job in jobs} | {run.state for run in runs}
                self._busy = self._busy or bool(states & _AT_WORK)
        except AtelierError as error:
            LOG.warning("asking the node before closing: %s", error)
            self._busy = True

    @staticmethod
    def _ends_with_us(own: OwnNode) -> bool:
        from studio.client import node_users

        if own.started_here:
            return True
        return node_users.is_orphan(own.folder, own.pid) and not node_users.has_others(own.folder)


def _note_use(own: OwnNode) -> None:
    from studio.client import node_users

    try:
        node_users.enter(own.folder, own.pid if own.started_here else None)
    except OSError as error:
        LOG.warning("the workspace takes no note of this studio: %s", error)
