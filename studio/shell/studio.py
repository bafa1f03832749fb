"""One run of the studio: brings the node and the window together, and takes them apart again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QDialog, QInputDialog

from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.jobs import Event
from studio.domain.wire.projects import Project, Projects
from studio.domain.wire.session import UserInfo
from studio.shell.calls import Calls
from studio.shell.link import Link
from studio.shell.page import Place
from studio.shell.settings import Settings
from studio.shell.sign_in import SignInDialog
from studio.shell.window import MainWindow
from widgets.posting import Poster

if TYPE_CHECKING:
    from studio.client import Session
    from studio.node_process import Begun

_SETTLE_MS = 1500  # after the first page was filled, for pictures that still arrive


class Studio(QObject):
    """Starts with `begin` once the window is up. `settled` follows when the first page has been filled."""

    settled = Signal()

    def __init__(
        self,
        window: MainWindow,
        settings: Settings,
        workspace: Path,
        address: str,
        begun: Begun | None = None,
    ) -> None:
        """`begun`: the own node, where it is on its way already."""
        super().__init__(window)
        self._window = window
        self._desk = window.desk
        self._settings = settings
        self._workspace = workspace
        self._address = address
        settings.keep_local("workspace", str(workspace))
        self.first_page = ""
        self._poster = Poster(self)
        self._calls: Calls = window.desk.calls_of(self)
        self._link = Link(self._calls, self._poster.post, self, begun)
        self._link.said.connect(window.status.show_node)
        self._link.opened.connect(self._opened)
        self._link.failed.connect(self._failed)
        self._link.wants_sign_in.connect(self._ask_sign_in)
        window.wants_connection.connect(self._ask_address)
        self._session: Session | None = None
        self._refresh = QTimer(self, singleShot=True, interval=400)
        self._refresh.timeout.connect(self._refresh_project)
        self._work = QTimer(self, singleShot=True, interval=30)  # many Edits in a row are one update
        self._work.timeout.connect(self._show_work)
        self._mend = QTimer(self, singleShot=True, interval=2000)
        self._mend.timeout.connect(self._mend_connection)
        self._asking = False
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._settle.timeout.connect(self.settled)
        self._desk.project_changed.connect(self._remember_project)

    def begin(self) -> None:
        """Show the Home page and connect, in the background."""
        self._window.go(Place("home"))
        if self._address:
            self._link.open_other(self._address)
        else:
            self._link.open_own(self._workspace)

    def end(self) -> None:
        """Close the session and the node that was started for this window."""
        if self._session is not None:
            self._link.look_whether_busy(self._session)
        self._leave()
        self._link.stop_own()

    def _opened(self, session: Session) -> None:
        self._leave()
        self._session = session
        session.events.listen(self._take_event)
        session.on_work(lambda _work: self._work.start())
        self._settings.follow(session.setting, session.keep_setting)
        self._desk.set_session(session)
        user = self._desk.user
        self._window.status.show_person(user.name if user is not None else "")
        self._window.status.show_node(
            "Own node" if self._link.is_own else "Connected", f"Connected: {self._link.where}"
        )
        for warning in session.warnings:
            self._desk.notify(warning, "warning")
        self._show_work()
        self._calls.start(
            "projects", lambda _call: session.client.call(routes.PROJECTS), self._choose_project
        )

    def _choose_project(self, projects: Projects) -> None:
        last = self._settings.local(self._project_setting())
        known = {project.id: project for project in projects.projects}
        project = next((known[key] for key in known if key == last), None)
        if project is not None:
            self._desk.set_project(project)
        self._window.stack.reconnected()
        if self.first_page:
            self._window.go(Place(self.first_page))
        self._settle.start()

    def _failed(self, error: AtelierError) -> None:
        self._window.status.show_node("Not connected", str(error))
        again = self._link.open_other if self._address else self._link.open_own
        target = self._address or self._workspace
        self._desk.notify(str(error), "error", "Try again", lambda: again(target))  # type: ignore[arg-type]

    def _ask_address(self) -> None:
        address, chosen = QInputDialog.getText(
            self._window,
            "Connect to a node",
            "Address of the node:",
            text=self._settings.local("node/address"),
        )
        if chosen and address.strip():
            self._address = address.strip()
            self._link.open_other(self._address)

    def _ask_sign_in(self, problem: AtelierError | None) -> None:
        dialog = SignInDialog(self._link.where, problem, self._settings.local("node/subject"), self._window)
        self._asking = True
        accepted = dialog.exec() == QDialog.DialogCode.Accepted
        self._asking = False
        if accepted:
            credentials = dialog.credentials()
            self._settings.keep_local("node/address", self._link.where)
            self._settings.keep_local("node/subject", credentials.subject)
            self._link.sign_in(credentials)
        else:
            self._window.status.show_node("Not signed in")

    def _take_event(self, event: object) -> None:
        if not isinstance(
            event, Event
        ):  # a gap: something was missed, so everything shown is asked for again
            self._refresh.start()
            self._window.stack.reconnected()
            return
        project = self._desk.project
        if event.kind in ("project", "items") and project is not None and event.project == project.id:
            self._refresh.start()
        if event.project is None or project is None or event.project == project.id or event.kind == "project":
            self._window.stack.take_event(event)

    def _refresh_project(self) -> None:
        project = self._desk.project
        if project is None or self._session is None:
            return
        client = self._session.client

        def done(fresh: Project) -> None:
            if self._desk.project is not None and fresh.id == self._desk.project.id != "":
                self._desk.set_project(fresh)

        self._calls.start("project", lambda _call: client.call(routes.PROJECT, project=project.id), done)
        self._calls.start("me", lambda _call: client.call(routes.ME), self._show_user)

    def _show_user(self, user: UserInfo) -> None:
        if user != self._desk.user:
            self._desk.set_user(user)

    def _remember_project(self, project: Project | None) -> None:
        if project is not None:
            self._settings.keep_local(self._project_setting(), project.id)

    def _project_setting(self) -> str:
        # a node's own id, since the same folder or address may get another node one day
        node = self._session.client.handshake.node if self._session is not None else "none"
        return f"nodes/{node}/project"

    def _show_work(self) -> None:
        if self._session is not None:
            work = self._session.work
            reachable = work.connection == "online"
            self._window.status.show_work(work.kept, work.unsaved, work.conflicts, reachable=reachable)
            if not reachable:
                said = "Signed out" if work.connection == "sign_in" else "Node does not answer"
                self._window.status.show_node(said, "Your work is kept here and sent later.")
                self._mend.start()
            else:
                self._window.status.show_node(
                    "Own node" if self._link.is_own else "Connected", self._link.where
                )

    def _mend_connection(self) -> None:
        session = self._session
        if session is None or session.work.connection == "online":
            return
        if self._link.is_own:
            if not self._calls.is_running("mend"):
                self._link.mend(session, self._show_work)
            self._mend.start()
        elif session.work.connection == "sign_in" and not self._asking:
            self._link.sign_in_again(session)

    def _leave(self) -> None:
        if self._session is not None:
            self._settings.follow(None, None)
            self._desk.set_session(None)
            self._session.close()
            self._session.client.close()
            self._session = None
