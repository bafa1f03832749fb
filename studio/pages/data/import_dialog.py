"""The import dialog: a folder is chosen or dropped, looked at, brought in, reported on."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtGui import QCloseEvent
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.archive import tree_of
from studio.domain.errors import AtelierError
from studio.domain.ids import JobId, ProjectId
from studio.domain.wire import routes
from studio.domain.wire.jobs import ImportReport, Job
from studio.pages.data.import_preview import ImportPreview, first_pictures
from studio.pages.data.import_report import ImportReportView
from studio.pages.data.importing import look_at, send, wait_for
from studio.shell.calls import Calls

if TYPE_CHECKING:
    from studio.client import Client


class ImportDialog(QDialog):
    """`imported` carries the ImportReport. Closing it stops what runs; nothing is lost."""

    imported = Signal(object)

    def __init__(
        self, client: Client, project: ProjectId, calls: Calls, *, may_adopt: bool, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle("Import a folder")
        self._client = client
        self._project = project
        self._calls = calls
        self.folder = QLineEdit()
        self.folder.setAccessibleName("Folder")
        self.folder.setPlaceholderText("Choose a folder or a zip archive, or drop it here")
        self.folder.editingFinished.connect(self._typed)
        self.browse = QPushButton("&Browse …")
        self.browse.setAutoDefault(False)  # Enter in the field looks at the folder, nothing else
        self.browse.clicked.connect(self._browse)
        self.browse_archive = QPushButton("&Zip archive …")
        self.browse_archive.setAutoDefault(False)
        self.browse_archive.clicked.connect(self._browse_archive)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the import")
        self.preview = ImportPreview()
        self._may_adopt = may_adopt
        self.report = ImportReportView()
        self.steps = QStackedWidget()
        self.waiting = QWidget()
        self.steps.addWidget(self.waiting)
        self.steps.addWidget(self.preview)
        self.steps.addWidget(self.report)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.start = QPushButton("Import")
        self.start.setDefault(True)
        self.start.clicked.connect(self._start)
        self.stop = QPushButton("Stop")
        self.stop.clicked.connect(self._stop)
        self.buttons.addButton(self.start, QDialogButtonBox.ButtonRole.ActionRole)
        self.go_on = QPushButton("Go on")
        self.go_on.clicked.connect(self._go_on)
        self.buttons.addButton(self.stop, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.addButton(self.go_on, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.close)
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        line.addWidget(self.browse)
        line.addWidget(self.browse_archive)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self.said)
        column.addWidget(self.progress)
        column.addWidget(self.steps, 1)
        column.addWidget(self.buttons)
        self._looked_at = ""
        self._place = Path()  # the archive in it, where the data lies in one
        self._job: JobId | None = None  # of the node, once everything was sent
        self._show(self.waiting, "Label files and their format are found by content.")
        letters = self.fontMetrics().averageCharWidth()
        self.resize(max(640, letters * 92), max(460, self.fontMetrics().lineSpacing() * 28))

    def look(self, folder: str) -> None:
        """Look at a folder and show what would come in."""
        self._job = None
        self.folder.setText(folder)
        self._looked_at = folder
        self._show(self.waiting, "Looking at the folder …", busy=True)
        path = Path(folder)

        def work(_call: object) -> Any:
            place, candidates = look_at(path)
            return place, candidates, first_pictures(tree_of(place), candidates)

        def done(found: Any) -> None:
            self._place, sniffed, pictures = found
            self.preview.show_found(sniffed, pictures)
            self.preview.advanced.setVisible(self._may_adopt and self._place.is_dir())
            self._show(self.preview, "This is what will come in.", ready=True)
            self.start.setFocus()

        self._calls.start("import", work, done, self._failed)

    def _typed(self) -> None:
        if (folder := self.folder.text().strip()) and folder != self._looked_at:
            self.look(folder)

    def _browse(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "Folder to import", self.folder.text())
        if folder:
            self.look(folder)

    def _browse_archive(self) -> None:
        path, _ = QFileDialog.getOpenFileName(
            self, "Archive to import", self.folder.text(), "Zip archives (*.zip)"
        )
        if path:
            self.look(path)

    def _start(self) -> None:
        preview, client, project = self.preview, self._client, self._project
        folder = self._place
        chosen, facts = preview.chosen(), preview.facts()
        adopt, tasks, clips = preview.wants_adoption(), preview.tasks.isChecked(), preview.clip_frames()
        self._show(self.waiting, "Reading the files …", running=True)
        self._calls.start(
            "import",
            lambda call: send(
                client,
                project,
                folder,
                chosen.format,
                facts,
                call,
                adopt=adopt,
                tasks=tasks,
                clip_frames=clips,
            ),
            self._sent,
            self._failed,
            self._progressed,
        )

    def _sent(self, job: JobId) -> None:
        self._job = job
        client = self._client
        self._show(self.waiting, self.said.text(), running=True)
        self._calls.start(
            "import", lambda call: wait_for(client, job, call), self._done, self._failed, self._progressed
        )

    def _go_on(self) -> None:
        if self._job is not None:
            self._ask("resume", routes.RESUME_JOB, self._job)

    def _stop(self) -> None:
        self._calls.cancel("import")
        job = self._job
        if job is None:
            self._show(self.preview, "Stopped. What was sent stays; Import goes on from there.", ready=True)
            return
        self._show(self.waiting, "Stopped. What came in stays; Go on brings in the rest.", stopped=True)
        self._ask("pause", routes.PAUSE_JOB, job)

    def _ask(self, name: str, route: routes.Route[Any, Job], job: JobId) -> None:
        """Ask something of the job, and show how it stands then: it may have ended meanwhile."""
        client = self._client

        def work(_call: object) -> Job:
            try:
                return client.call(route, job=job)
            except AtelierError as error:
                if error.code != "job.over":
                    raise
                return client.call(routes.JOB, job=job)

        def done(now: Job) -> None:
            if now.state not in ("pausing", "paused") and self._job == job:
                self._sent(job)

        self._calls.start(name, work, done, self._failed)

    def _progressed(self, share: float, text: str) -> None:
        self.progress.setRange(0, 1000)
        self.progress.setValue(round(share * 1000))
        self.said.setText(text)

    def _done(self, report: ImportReport) -> None:
        self._job = None  # there is nothing left to stop or to go on with
        self.report.show_report(report)
        self._show(self.report, "")
        self.imported.emit(report)

    def _failed(self, error: AtelierError) -> None:
        known = self.preview.format.count() > 0
        self._show(self.preview if known else self.waiting, str(error), ready=known)

    def _show(
        self,
        step: QWidget,
        text: str,
        *,
        busy: bool = False,
        running: bool = False,
        ready: bool = False,
        stopped: bool = False,
    ) -> None:
        self.steps.setCurrentWidget(step)
        self.said.setText(text)
        self.said.setVisible(bool(text))
        self.progress.setVisible(busy or running)
        self.progress.setRange(0, 0)
        self.folder.setEnabled(not running)
        self.browse.setEnabled(not running)
        self.browse_archive.setEnabled(not running)
        self.start.setVisible(not running and not stopped and step is not self.report)
        self.go_on.setVisible(stopped)
        self.start.setEnabled(ready)
        self.stop.setVisible(running)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._calls.cancel("import")
        super().closeEvent(event)
