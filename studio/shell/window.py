"""The main window: rail, pages, menus and status bar, put together. It decides nothing about annotations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, QObject, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QCloseEvent, QDesktopServices, QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QHBoxLayout, QMainWindow, QSizePolicy, QWidget

from studio.domain.contracts.command import Command
from studio.domain.wire.projects import Project
from studio.shell import faults
from studio.shell.actions import Actions
from studio.shell.app_commands import app_commands
from studio.shell.calls import Calls, Workers
from studio.shell.command_palette import CommandPalette
from studio.shell.headings import Heading
from studio.shell.icons import retint
from studio.shell.key_help import KeyHelp
from studio.shell.lineage import LineageDock
from studio.shell.notices import Notice, NoticeList, Notices
from studio.shell.page import Desk, PageInfo, Place, Tone
from studio.shell.page_stack import PageStack
from studio.shell.rail import Rail
from studio.shell.settings import Settings
from studio.shell.status import StatusBar
from studio.shell.theme import Theme, apply_text_size, apply_theme
from widgets.posting import Poster
from widgets.toast import ToastArea

_TEXT_SIZES = (80, 90, 100, 110, 125, 150, 175, 200)


class MainWindow(QMainWindow):
    """One window of the studio. `wants_connection` asks for another node; `closing` says that it goes."""

    wants_connection = Signal()
    closing = Signal()

    def __init__(
        self, application: QApplication, pages: Iterable[PageInfo], settings: Settings, log: Path
    ) -> None:
        super().__init__()
        self._application = application
        self._pages = tuple(pages)
        self._settings = settings
        self._log = log
        self.setWindowTitle("Atelier")
        self.setAcceptDrops(True)
        post = Poster(self).post
        self.workers = Workers(post)
        self.picture_workers = Workers(post, 3)
        self.notices = Notices(self)
        self.toasts = ToastArea(self)
        self.notices.added.connect(self._toast)
        self.actions_table = Actions(self, self.notices.add_error, faults.explain, self._say)
        self.desk = Desk(
            go=self.go,
            say=self._say,
            notify=self._notify,
            show_error=self.notices.add_error,
            make_calls=lambda owner: self._calls_of(owner, self.workers),
            make_picture_calls=lambda owner: self._calls_of(owner, self.picture_workers),
            offer=self._offer_commands,
            show_lineage=lambda kind, key: self.lineage.show_lineage(kind, key),
            settings=settings,
        )
        self.stack = PageStack(self._pages, self.desk, self.actions_table, faults.explain, self)
        self.rail = Rail(self._pages, lambda name: self.go(Place(name)), self)
        self.status = StatusBar(self._show_notices, self)
        self.setStatusBar(self.status)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.rail)
        row.addWidget(self.stack, 1)
        # a page wider than the screen is cut by the window: it must not push the window's edge off the screen
        self.stack.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.setCentralWidget(middle)
        self.lineage = LineageDock(self.desk)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.lineage)
        self.lineage.hide()  # until something's lineage is asked for
        self.actions_table.register(self._commands(), self)
        self.actions_table.fill(self.menuBar())
        self.stack.shown.connect(self._page_shown)
        self.notices.unread_changed.connect(self.status.show_unread)
        self.desk.project_changed.connect(lambda _project: self._offer_pages())
        self.desk.connected_changed.connect(lambda _connected: self._offer_pages())
        self._offer_pages()
        self.resize(self._first_size())
        self.restoreGeometry(settings.local_bytes("window/geometry"))

    def go(self, place: Place) -> None:
        """Show a page, if it is there for this person and, where it needs one, a project is open."""
        info = next(each for each in self._pages if each.name == place.page)
        if self._may_go(info):
            self.stack.go(place)
        elif info.needs_project and self.desk.project is None:
            self._say(f"Open a project first: {info.title} belongs to one.")
        else:
            self._say(f"{info.title} is not among what your roles in this project show.")

    def import_folder(self, folder: str = "") -> None:
        """Begin an import: into the open project, or, where none is, from the Home page."""
        target = "data" if self.desk.project is not None else "home"
        self.go(Place(target, subject="import", folder=folder))

    def _commands(self) -> list[Command]:
        return app_commands(
            self._pages,
            go=lambda name: self.go(Place(name)),
            may_go=self._may_go,
            show_palette=lambda: CommandPalette(self.actions_table, self).open(),
            show_keys=self._show_keys,
            show_notices=self._show_notices,
            show_log=lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._log))),
            import_folder=self.import_folder,
            may_import=self._may_import,
            set_theme=self.set_theme,
            text_size=self._step_text_size,
            full_screen=lambda: self.showNormal() if self.isFullScreen() else self.showFullScreen(),
            connect=self.wants_connection.emit,
            close=self.close,
        )

    def set_theme(self, theme: Theme) -> None:
        """Light, dark or as the system; kept for the person."""
        apply_theme(self._application, theme)
        retint(self)
        self._settings.keep("theme", theme)

    def _step_text_size(self, step: int) -> None:
        now = int(self._settings.get("text_size", "100"))
        near = min(range(len(_TEXT_SIZES)), key=lambda at: abs(_TEXT_SIZES[at] - now))
        size = _TEXT_SIZES[max(0, min(near + step, len(_TEXT_SIZES) - 1))] if step else 100
        apply_text_size(self._application, size)
        for heading in self.findChildren(Heading):
            heading.fit()
        self._settings.keep("text_size", str(size))

    def _show_keys(self) -> None:
        titles = {info.name: info.title for info in self._pages} | {"app": "Everywhere"}
        KeyHelp(self.actions_table, titles, self).show()

    def _show_notices(self) -> None:
        NoticeList(self.notices, self).show()

    def _say(self, text: str) -> None:
        self.status.showMessage(text, 8000)

    def _notify(self, text: str, tone: Tone, button: str, act: Callable[[], None] | None) -> None:
        self.notices.add(text, tone, button, act)

    def _calls_of(self, owner: QObject, workers: Workers) -> Calls:
        return Calls(owner, workers, self.notices.add_error, faults.explain)

    def _may_import(self) -> bool:
        # without a project one is made on the way
        return self.desk.is_connected and (self.desk.project is None or self.desk.may("manager"))

    def _offer_commands(self, commands: Sequence[Command], context: object, page: str) -> None:
        self.actions_table.register(commands, context, own_keys=True)
        for scope in {command.scope for command in commands}:
            self.actions_table.follow(scope, page)
        self.actions_table.fill(self.menuBar())

    def _may_go(self, info: PageInfo) -> bool:
        if info.needs_project and self.desk.project is None:
            return False
        return not info.roles or self.desk.may(*info.roles) or (self.desk.read_only and info.name == "label")

    def _toast(self, notice: Notice) -> None:
        action = (notice.button, notice.act) if notice.act is not None else None
        self.toasts.show_message(notice.text, notice.tone, action=action)

    def _offer_pages(self) -> None:
        project: Project | None = self.desk.project
        for info in self._pages:
            hidden = project is not None and bool(info.roles) and not self._may_go(info)
            self.rail.offer(info.name, shown=not hidden, enabled=self._may_go(info))
        self.setWindowTitle(f"{project.name} · Atelier" if project is not None else "Atelier")

    def _page_shown(self, name: str) -> None:
        self.rail.show_current(name)
        self.actions_table.fill(self.menuBar())

    def _first_size(self) -> QSize:
        room = self.screen().availableGeometry().size()
        return QSize(min(1440, int(room.width() * 0.92)), min(900, int(room.height() * 0.9)))

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if self._may_import() and _dropped_folder(event) is not None:
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        if (folder := _dropped_folder(event)) is not None:
            event.acceptProposedAction()
            self.import_folder(str(folder))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            retint(self)

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.stack.may_close():
            event.ignore()
            return
        self._settings.keep_local_bytes("window/geometry", self.saveGeometry())
        self._settings.flush()
        self.closing.emit()
        self.workers.close()
        self.picture_workers.close()
        super().closeEvent(event)


def _dropped_folder(event: QDropEvent) -> Path | None:
    """The one local folder or file that is dropped, or None. (A drag that enters is a kind of drop.)"""
    paths = [Path(url.toLocalFile()) for url in event.mimeData().urls() if url.isLocalFile()]
    return paths[0] if len(paths) == 1 else None
