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

from studio.domain.errors import AtelierError
from studio.domain.ids import ProjectId
from studio.domain.wire.jobs import ImportReport
from studio.pages.data.import_preview import ImportPreview, first_pictures
from studio.pages.data.import_report import ImportReportView
from studio.pages.data.importing import bring_in, look_at
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
        self.folder.setPlaceholderText("Choose a folder, or drop it here")
        self.folder.editingFinished.connect(self._typed)
        self.browse = QPushButton("&Browse …")
        self.browse.clicked.connect(self._browse)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.progress = QProgressBar()
        self.progress.setAccessibleName("Progress of the import")
        self.preview = ImportPreview()
        self.preview.advanced.setVisible(may_adopt)
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
        self.buttons.addButton(self.stop, QDialogButtonBox.ButtonRole.ActionRole)
        self.buttons.rejected.connect(self.close)
        line = QHBoxLayout()
        line.addWidget(self.folder, 1)
        line.addWidget(self.browse)
        column = QVBoxLayout(self)
        column.addLayout(line)
        column.addWidget(self.said)
        column.addWidget(self.progress)
        column.addWidget(self.steps, 1)
        column.addWidget(self.buttons)
        self._looked_at = ""
        self._show(self.waiting, "Label files and their format are found by content.")
        letters = self.fontMetrics().averageCharWidth()
        self.resize(max(640, letters * 92), max(460, self.fontMetrics().lineSpacing() * 28))

    def look(self, folder: str) -> None:
        """Look at a folder and show what would come in."""
        self.folder.setText(folder)
        self._looked_at = folder
        self._show(self.waiting, "Looking at the folder …", busy=True)
        path = Path(folder)

        def work(_call: object) -> Any:
            return look_at(path), first_pictures(path)

        def done(found: Any) -> None:
            sniffed, pictures = found
            self.preview.show_found(sniffed, pictures)
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

    def _start(self) -> None:
        preview, client, project = self.preview, self._client, self._project
        folder = Path(self._looked_at)
        chosen, facts = preview.chosen(), preview.facts()
        adopt, tasks = preview.wants_adoption(), preview.tasks.isChecked()
        self._show(self.waiting, "Reading the files …", running=True)
        self._calls.start(
            "import",
            lambda call: bring_in(
                client, project, folder, chosen.format, facts, call, adopt=adopt, tasks=tasks
            ),
            self._done,
            self._failed,
            self._progressed,
        )

    def _stop(self) -> None:
        self._calls.cancel("import")
        self._show(
            self.preview,
            "Stopped. What was sent stays; importing the same folder again goes on from there.",
            ready=True,
        )

    def _progressed(self, share: float, text: str) -> None:
        self.progress.setRange(0, 1000)
        self.progress.setValue(round(share * 1000))
        self.said.setText(text)

    def _done(self, report: ImportReport) -> None:
        self.report.show_report(report)
        self._show(self.report, "")
        self.imported.emit(report)

    def _failed(self, error: AtelierError) -> None:
        known = self.preview.format.count() > 0
        self._show(self.preview if known else self.waiting, str(error), ready=known)

    def _show(
        self, step: QWidget, text: str, *, busy: bool = False, running: bool = False, ready: bool = False
    ) -> None:
        self.steps.setCurrentWidget(step)
        self.said.setText(text)
        self.said.setVisible(bool(text))
        self.progress.setVisible(busy or running)
        self.progress.setRange(0, 0)
        self.folder.setEnabled(not running)
        self.browse.setEnabled(not running)
        self.start.setVisible(not running and step is not self.report)
        self.start.setEnabled(ready)
        self.stop.setVisible(running)

    def closeEvent(self, event: QCloseEvent) -> None:
        self._calls.cancel("import")
        super().closeEvent(event)
