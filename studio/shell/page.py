"""What a page is: the protocol between the window and the pages, and the few things a page is handed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from msgspec import Struct
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QWidget

from studio.domain.contracts.command import Command
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, ModelId, ProjectId, StreamId, TaskId
from studio.domain.wire.jobs import Event
from studio.domain.wire.projects import ItemQuery, Project
from studio.domain.wire.session import Role, UserInfo
from studio.shell.calls import Calls

if TYPE_CHECKING:  # the client brings httpx, which must not be loaded before the first paint
    from studio.client import Client, Session
    from studio.shell.settings import Settings

Tone = Literal["info", "good", "warning", "error"]


class PageInfo(Struct, frozen=True):
    """A page as the navigation rail lists it; `part` is loaded on the first visit."""

    name: str  # also the scope of its commands
    title: str
    icon: str  # of resources/icons
    part: str  # import string of a Page class, made with (desk)
    key: str  # goes there
    needs_project: bool = True
    roles: frozenset[Role] = frozenset()  # who sees it; empty: everybody


class Place(Struct, frozen=True):
    """Somewhere in the studio that one can go to: a page, and what to show there."""

    page: str
    project: ProjectId | None = None  # None: the one that is open
    item: ItemId | None = None
    items: tuple[ItemId, ...] = ()  # a chosen few, in the order of the film strip
    query: ItemQuery | None = None  # or all of these
    entity: EntityId | None = None  # to be marked
    stream: StreamId | None = None  # with `frame` and `xyxy`: a spot where no entity may be
    frame: int = 0
    xyxy: tuple[float, float, float, float] | None = None
    model: ModelId | None = None  # whose predictions are shown; None: everybody's
    threshold: float | None = None  # from which score they are shown; None: the page's usual one
    task: TaskId | None = None
    folder: str = ""  # to be brought in
    subject: str = ""  # id of a snapshot, run, evaluation, release ... by page


class Desk(QObject):
    """What every page is handed. It holds no page and no window: ways to go, to ask and to say.

    `project_changed` carries a Project or None, `event_came` an Event of the node, `connected_changed`
    whether the node answers; all on the GUI thread.
    """

    project_changed = Signal(object)
    event_came = Signal(object)
    connected_changed = Signal(bool)

    def __init__(
        self,
        *,
        go: Callable[[Place], None],
        say: Callable[[str], None],
        notify: Callable[[str, Tone, str, Callable[[], None] | None], None],
        show_error: Callable[[AtelierError], None],
        make_calls: Callable[[QObject], Calls],
        make_picture_calls: Callable[[QObject], Calls],
        offer: Callable[[Sequence[Command], object, str], None],
        show_lineage: Callable[[str, str], None],
        settings: Settings,
    ) -> None:
        """`offer(commands, context, page)` lists an editor's own commands in menus and palette of a page;
        `show_lineage(kind, id)` opens the lineage of a thing beside whatever page is shown."""
        super().__init__()
        self.offer = offer
        self.show_lineage = show_lineage
        self.go = go
        self.say = say
        self._notify = notify
        self.show_error = show_error
        self.calls_of = make_calls
        # on threads of their own: a sheet full of pictures must not hold up a save or a search
        self.picture_calls_of = make_picture_calls
        self.settings = settings
        self.project: Project | None = None
        self.user: UserInfo | None = None
        self.read_only = False
        self._session: Session | None = None

    @property
    def session(self) -> Session:
        """The workplace on the node: client, journal, cache, events. Raises `node.gone` without one."""
        if self._session is None:
            raise AtelierError(
                "node.gone",
                "The studio is not connected to a node yet.",
                hint="Wait until the status bar says connected, or choose a node on the Home page.",
            )
        return self._session

    @property
    def client(self) -> Client:
        """The node, to be asked from background calls only. Raises `node.gone` where there is none."""
        return self.session.client

    @property
    def is_connected(self) -> bool:
        return self._session is not None

    def set_session(self, session: Session | None) -> None:
        """Work on this node, as the person who is signed in there, from now on."""
        self._session = session
        self.user = session.client.user if session is not None else None
        self.read_only = session is not None and session.client.read_only
        self.connected_changed.emit(session is not None)

    def set_user(self, user: UserInfo) -> None:
        """The same person, whose roles have changed."""
        self.user = user
        self.project_changed.emit(self.project)

    def set_project(self, project: Project | None) -> None:
        """Make `project` the one that is open; also called when its figures have changed."""
        self.project = project
        self.project_changed.emit(project)

    def notify(
        self,
        text: str,
        tone: Tone = "info",
        button: str = "",
        act: Callable[[], None] | None = None,
    ) -> None:
        """Show a short notification that is also kept in the list; `button` names what `act` does."""
        self._notify(text, tone, button, act)

    def may(self, *roles: Role) -> bool:
        """Whether the person has one of `roles` here, for showing or hiding; the node decides."""
        if self.user is None or self.read_only:
            return False
        if self.user.admin:
            return True
        if self.project is None:
            return False
        held = dict(self.user.roles).get(self.project.id, ())
        return any(role in held for role in roles)


class Page(QWidget):
    """One page. It is made on the first visit, entered and left many times, and never deleted while open.

    `self.desk` is what it was handed, `self.calls` its background calls. Subclasses override what they need.
    """

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.calls = desk.calls_of(self)

    def commands(self) -> Sequence[Command]:
        """What can be done here; `run` and `when` are called with the page. Asked once."""
        return ()

    def take_actions(self, find: Callable[[str], QAction]) -> None:
        """The QActions of the commands, by name, for buttons and tool bars. Called once, after `commands`."""

    def enter(self, place: Place) -> None:
        """The page is shown, or asked to show something else. `desk.project` is the open one."""

    def leave(self) -> None:
        """Another page takes its place."""

    def take_event(self, event: Event) -> None:
        """Something of the open project changed on the node; called whether or not the page is shown."""

    def reconnected(self) -> None:
        """The node answers again, or events were missed: what is shown must be fetched afresh."""

    def may_close(self) -> bool:
        """Whether the window may close now; False where the page asked something and was told to stay."""
        return True
