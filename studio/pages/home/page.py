"""The first page: recent projects, and the ways to get one."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QFileDialog,
    QGridLayout,
    QLabel,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.command import Command
from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.jobs import Event
from studio.domain.wire.projects import NewProject, Project, Projects
from studio.pages.home.new_project import NewProjectDialog
from studio.pages.home.project_list import ProjectList
from studio.pages.home.sample import DIGITS, DRIVE, Sample, open_sample
from studio.pages.home.start_button import StartButton
from studio.pages.security.journals import kept_here, name_of
from studio.shell.headings import Heading
from studio.shell.page import Desk, Page, Place
from widgets.progress import ProgressRow

if TYPE_CHECKING:
    from studio.client.left_journals import LeftJournal

_WIDTH = 140  # letters
_SAMPLES = ("sample", "drive")
_TELLING = 0.04  # share from which the time that is gone tells that which is left


class HomePage(Page):
    """Recent projects at the left; new one, sample, import and other node at the right."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._middle = QWidget()
        self.list = ProjectList()
        self.list.chosen.connect(self._open)
        self.nothing = QLabel()
        self.nothing.setWordWrap(True)
        self.nothing.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignLeft)
        self.shown = QStackedWidget()
        self.shown.addWidget(self.nothing)
        self.shown.addWidget(self.list)
        self.progress = ProgressRow("Sample")
        self.progress.cancelled.connect(self._cancel_sample)
        self.progress.hide()
        self._begun_s = 0.0  # when the sample was asked for, on the monotonic clock
        self.buttons = {
            name: StartButton(icon, title, text, act)
            for name, icon, title, text, act in (
                ("new", "add", "New project", "Name it, then bring data in", self.new_project),
                (
                    "sample",
                    "sample",
                    "Sample pictures",
                    "Handwritten digits, made on this machine",
                    self.sample,
                ),
                (
                    "drive",
                    "sample",
                    "Sample drive",
                    "Point clouds and cameras, made on this machine",
                    self.sample_drive,
                ),
                (
                    "import",
                    "folder",
                    "Import a folder …",
                    "Or drop it anywhere in this window",
                    self.import_folder,
                ),
            )
        }
        self._lay_out()
        desk.connected_changed.connect(lambda _connected: self._fetch())
        desk.connected_changed.connect(self._look_for_left_work)
        desk.project_changed.connect(lambda _project: self._fetch())
        self._say_waiting()

    def commands(self) -> Sequence[Command]:
        return (
            Command("home.new", "New project …", HomePage.new_project, ("Ctrl+N",), "File", "home"),
            Command("home.sample", "Open the sample pictures", HomePage.sample, (), "File", "home"),
            Command("home.sample_drive", "Open the sample drive", HomePage.sample_drive, (), "File", "home"),
            Command("home.refresh", "Refresh", HomePage._fetch, ("F5",), "View", "home"),
        )

    def enter(self, place: Place) -> None:
        self._fetch()
        if place.subject == "import":
            self.import_folder(place.folder)
        else:
            self.list.setFocus()

    def take_event(self, event: Event) -> None:
        if event.kind == "project":
            self._fetch()

    def reconnected(self) -> None:
        self._fetch()

    def new_project(self, folder: str = "") -> None:
        """Ask for a name and classes and make a project; then go on to bring `folder` in."""
        dialog = NewProjectDialog(Path(folder).name if folder else "", self)
        if dialog.exec() == QDialog.DialogCode.Accepted:
            self._make(dialog.project(), folder)

    def import_folder(self, folder: str = "") -> None:
        """Bring a folder in: into a new project, since none is open."""
        chosen = folder or QFileDialog.getExistingDirectory(self, "Folder to import")
        if not chosen:
            return
        if self.desk.project is not None:
            self.desk.go(Place("data", subject="import", folder=chosen))
        else:
            self.new_project(chosen)

    def sample(self) -> None:
        """Make the project of digits, or open the one that is there."""
        self._open_sample(DIGITS)

    def sample_drive(self) -> None:
        """Make the project of a drive, or open the one that is there."""
        self._open_sample(DRIVE)

    def _open_sample(self, sample: Sample) -> None:
        client = self.desk.client
        self._begun_s = time.monotonic()
        self.progress.set_title(sample.name)
        self.progress.show_progress(None)
        self.progress.show()

        def failed(error: AtelierError) -> None:
            self._end_sample()
            self.desk.show_error(error)

        self.calls.start(
            "sample",
            lambda call: open_sample(client, sample, call),
            self._sample_ready,
            failed,
            self._progressed,
        )
        self._enable_buttons()

    def _make(self, wanted: NewProject, folder: str) -> None:
        client = self.desk.client

        def made(project: Project) -> None:
            self.desk.set_project(project)
            self.desk.go(Place("data", subject="import" if folder else "", folder=folder))

        self.calls.start("make", lambda _call: client.call(routes.NEW_PROJECT, wanted), made)

    def _sample_ready(self, project: Project) -> None:
        self._end_sample()
        if self.isVisible():
            self._open(project)
        else:  # whoever went on to something else is not called away
            self.desk.notify(f"{project.name} is there.", "good", "Open", lambda: self._open(project))

    def _progressed(self, share: float, text: str) -> None:
        gone_s = time.monotonic() - self._begun_s
        eta_s = gone_s * (1 - share) / share if share >= _TELLING else None
        self.progress.show_progress(share, text, eta_s)

    def _cancel_sample(self) -> None:
        self.calls.cancel("sample")
        self._end_sample()

    def _end_sample(self) -> None:
        self.progress.hide()
        self._enable_buttons()

    def _enable_buttons(self) -> None:
        """All but on a node that is only read from; a second sample waits until the first is there."""
        free = self.desk.is_connected and not self.desk.read_only
        for name, button in self.buttons.items():
            button.setEnabled(free and (name not in _SAMPLES or not self.calls.is_running("sample")))

    def _open(self, project: Project) -> None:
        self.desk.set_project(project)
        self.desk.go(Place("data"))

    def _fetch(self) -> None:
        if not self.desk.is_connected:
            self._say_waiting()
            return
        client = self.desk.client
        self.calls.start("projects", lambda _call: client.call(routes.PROJECTS), self._show)

    def _show(self, projects: Projects) -> None:
        known = sorted(projects.projects, key=lambda each: each.created_ns, reverse=True)
        if (current := self.desk.project) is not None:
            known.sort(key=lambda each: each.id != current.id)
        self.list.show_projects(known)
        self.shown.setCurrentWidget(self.list if known else self.nothing)
        self.nothing.setText(
            "There is no project yet.\n\nOpen the sample pictures to see the whole loop in a few minutes, "
            "or drop a folder of pictures or point clouds into this window."
        )
        self._enable_buttons()
        if known and self.isVisible() and not isinstance(self.focusWidget(), QAbstractButton):
            self.list.setFocus()

    def _look_for_left_work(self, connected: bool) -> None:
        """Remind of work of one's own that lies on this machine and is not sent."""
        if not connected or self.desk.user is None:
            return
        session, node, user = self.desk.session, self.desk.client.handshake.node, self.desk.user.id

        def found(left: Sequence[LeftJournal]) -> None:
            kept = kept_here(self.desk)
            mine = [each for each in left if (each.node, each.user) == (node, user)]
            if any(name_of(each) not in kept for each in mine):
                text = "Work of yours lies on this machine that could not be sent."
                look = Place("security", subject="journals")
                self.desk.notify(text, "warning", "Look at it", lambda: self.desk.go(look))

        self.calls.start("left work", lambda _call: session.left_journals(), found)

    def _say_waiting(self) -> None:
        self.nothing.setText("Your node is starting …")
        self.shown.setCurrentWidget(self.nothing)
        self._enable_buttons()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        self._middle.setMaximumWidth(_WIDTH * self.fontMetrics().averageCharWidth())

    def _lay_out(self) -> None:
        title = Heading("Atelier", 2.2)
        under = QLabel("Label data, train models, see where they are wrong, release better ones.")
        under.setWordWrap(True)
        recent = Heading("Projects")
        start = Heading("Start")
        right = QVBoxLayout()
        right.setSpacing(8)
        for button in self.buttons.values():
            right.addWidget(button)
        right.addSpacing(12)
        right.addWidget(self.progress)
        right.addStretch(1)
        middle = self._middle
        grid = QGridLayout(middle)
        grid.setContentsMargins(32, 36, 32, 16)
        grid.setHorizontalSpacing(40)
        grid.setVerticalSpacing(10)
        grid.addWidget(title, 0, 0, 1, 2)
        grid.addWidget(under, 1, 0, 1, 2)
        grid.setRowMinimumHeight(2, 18)
        grid.addWidget(recent, 3, 0)
        grid.addWidget(start, 3, 1)
        grid.addWidget(self.shown, 4, 0)
        grid.addLayout(right, 4, 1)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        grid.setRowStretch(4, 1)
        outer = QGridLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(middle, 0, 1)
        outer.setColumnStretch(0, 1)
        outer.setColumnStretch(1, 1000)
        outer.setColumnStretch(2, 1)
        self._fit()
