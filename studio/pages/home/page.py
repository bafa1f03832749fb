"""The first page: recent projects, and the ways to get one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QDialog,
    QFileDialog,
    QGridLayout,
    QLabel,
    QProgressBar,
    QPushButton,
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
from studio.shell.headings import Heading
from studio.shell.page import Desk, Page, Place

_WIDTH = 140  # letters


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
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the sample")
        self.progress.setRange(0, 1000)
        self.doing = QLabel()
        self.cancel = QPushButton("Cancel")
        self.cancel.clicked.connect(self._cancel_sample)
        self._show_progress(False)
        self.buttons = {
            name: StartButton(icon, title, text, act)
            for name, icon, title, text, act in (
                ("new", "add", "New project", "Name it, then bring data in", self.new_project),
                (
                    "sample",
                    "sample",
                    "Open the sample",
                    "Handwritten digits, made on this machine",
                    self.sample,
                ),
                (
                    "drive",
                    "sample",
                    "Open the sample drive",
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
        desk.project_changed.connect(lambda _project: self._fetch())
        self._say_waiting()

    def commands(self) -> Sequence[Command]:
        return (
            Command("home.new", "New project …", HomePage.new_project, ("Ctrl+N",), "File", "home"),
            Command("home.sample", "Open the sample", HomePage.sample, (), "File", "home"),
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
        self._show_progress(True)

        def failed(error: AtelierError) -> None:
            self._show_progress(False)
            self.desk.show_error(error)

        self.calls.start(
            "sample",
            lambda call: open_sample(client, sample, call),
            self._sample_ready,
            failed,
            self._progressed,
        )

    def _make(self, wanted: NewProject, folder: str) -> None:
        client = self.desk.client

        def made(project: Project) -> None:
            self.desk.set_project(project)
            self.desk.go(Place("data", subject="import" if folder else "", folder=folder))

        self.calls.start("make", lambda _call: client.call(routes.NEW_PROJECT, wanted), made)

    def _sample_ready(self, project: Project) -> None:
        self._show_progress(False)
        self._open(project)

    def _progressed(self, share: float, text: str) -> None:
        self.progress.setValue(round(share * 1000))
        self.doing.setText(text)

    def _cancel_sample(self) -> None:
        self.calls.cancel("sample")
        self._show_progress(False)

    def _show_progress(self, shown: bool) -> None:
        self.progress.setValue(0)
        for each in (self.progress, self.doing, self.cancel):
            each.setVisible(shown)

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
            "There is no project yet.\n\nOpen the sample to see the whole loop in a few minutes, "
            "or drop a folder of pictures or point clouds into this window."
        )
        for button in self.buttons.values():
            button.setEnabled(not self.desk.read_only)
        if known and self.isVisible() and not isinstance(self.focusWidget(), QAbstractButton):
            self.list.setFocus()

    def _say_waiting(self) -> None:
        self.nothing.setText("Your node is starting …")
        self.shown.setCurrentWidget(self.nothing)
        for button in self.buttons.values():
            button.setEnabled(False)

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
        right.addWidget(self.doing)
        right.addWidget(self.progress)
        right.addWidget(self.cancel, 0, Qt.AlignmentFlag.AlignLeft)
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
