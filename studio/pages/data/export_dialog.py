"""Taking labelled data out: the one door, with a reason, a format that says what it loses, and a decision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.formats import Format
from studio.domain.contracts.plugin import installed_plugins, load_parts
from studio.domain.errors import AtelierError
from studio.domain.ids import ProjectId
from studio.domain.wire import routes
from studio.domain.wire.jobs import AirlockRequest, AirlockRequests, NewExport
from studio.domain.wire.training import Snapshots
from studio.domain.wording import counted
from studio.shell.page import Desk

_POLL_MS = 1500
STATES = {
    "waiting": "waits for a reviewer's decision",
    "approved": "was approved and is being written",
    "refused": "was refused",
    "done": "is ready to be fetched",
}


class ExportDialog(QDialog):
    """Ask, wait for the decision, fetch the file."""

    def __init__(self, desk: Desk, project: ProjectId, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Export labelled data")
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._project = project
        self._request: AirlockRequest | None = None
        self.format = QComboBox()
        self.format.setAccessibleName("Format")
        for made in writable_formats():
            how = (
                "holds everything"
                if made.fidelity == "lossless"
                else "leaves some things out, and says which"
            )
            self.format.addItem(f"{made.title}: {how}", made.name)
        self.snapshot = QComboBox()
        self.snapshot.setAccessibleName("What")
        self.snapshot.addItem("All items as they are now", None)
        self.media = QCheckBox("With the pictures")
        self.reason = QLineEdit()
        self.reason.setAccessibleName("Reason")
        self.reason.setPlaceholderText("stands in the audit log, e.g. delivery to the customer")
        self.said = QLabel(
            "Whatever leaves the node goes through the airlock: it is asked for, decided and recorded."
        )
        self.said.setWordWrap(True)
        self.loss = QPlainTextEdit()
        self.loss.setReadOnly(True)
        self.loss.setAccessibleName("What the format could not hold")
        self.loss.hide()
        form = QFormLayout()
        form.addRow("&What", self.snapshot)
        form.addRow("&Format", self.format)
        form.addRow("", self.media)
        form.addRow("&Reason", self.reason)
        self.ask = QPushButton("Ask for the export")
        self.ask.setDefault(True)
        self.ask.clicked.connect(self._ask)
        self.fetch = QPushButton("Save the file …")
        self.fetch.clicked.connect(self._fetch)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.addButton(self.ask, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.fetch, QDialogButtonBox.ButtonRole.ActionRole)
        self.fetch.hide()  # after it was put in: the box shows what it is given
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.said)
        column.addLayout(form)
        column.addWidget(self.loss)
        column.addWidget(buttons)
        self.reason.setFocus()
        self.reason.textChanged.connect(lambda text: self.ask.setEnabled(bool(text.strip())))
        self.ask.setEnabled(False)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 76)
        self._poll = QTimer(self, singleShot=True, interval=_POLL_MS)
        self._poll.timeout.connect(self._look)
        client = desk.client
        self._calls.start(
            "snapshots",
            lambda _call: client.call(routes.SNAPSHOTS, project=project),
            self._show_snapshots,
            lambda _error: (
                None
            ),  # without the right to see snapshots the whole project can still be asked for
        )

    def _show_snapshots(self, snapshots: Snapshots) -> None:
        for each in snapshots.snapshots:
            self.snapshot.addItem(f"Snapshot {each.name}, {counted(each.items, 'item')}", each.id)

    def _ask(self) -> None:
        client, project = self._desk.client, self._project
        wanted = NewExport(
            self.format.currentData(),
            self.reason.text().strip(),
            self.snapshot.currentData(),
            self.media.isChecked(),
        )
        self.ask.setEnabled(False)
        self._calls.start(
            "ask",
            lambda _call: client.call(routes.NEW_EXPORT, wanted, project=project),
            self._show,
            self._refused,
        )

    def _refused(self, error: AtelierError) -> None:
        self.said.setText(str(error))
        self.ask.setEnabled(True)

    def _show(self, request: AirlockRequest) -> None:
        self._request = request
        self.said.setText(f"Your request for “{request.what}” {STATES[request.state]}.")
        self.loss.setPlainText("\n".join(request.loss))
        self.loss.setVisible(bool(request.loss))
        self.fetch.setVisible(request.state == "done")
        self.ask.setVisible(request.state == "refused")
        if request.state in ("waiting", "approved"):
            self._poll.start()

    def _look(self) -> None:
        client, project, request = self._desk.client, self._project, self._request
        if request is None:
            return

        def done(found: AirlockRequests) -> None:
            for each in found.requests:
                if each.id == request.id:
                    self._show(each)

        self._calls.start(
            "look", lambda _call: client.call(routes.AIRLOCK, project=project), done, self._refused
        )

    def _fetch(self) -> None:
        if self._request is not None:
            save_export(self._desk, self._calls, self._request, self)


def save_export(desk: Desk, calls: Any, request: AirlockRequest, parent: QWidget) -> None:
    """Ask where to put the file of a request that is done, and fetch it there."""
    name, _ = QFileDialog.getSaveFileName(
        parent, "Save the export", f"{request.what or 'export'}.zip".replace("/", "-")
    )
    if not name:
        return
    client, target = desk.client, Path(name)

    def work(_call: object) -> Path:
        part = target.with_name(target.name + ".part")
        try:
            with part.open("wb") as file:
                client.download(routes.FETCH_EXPORT, file, project=request.project, request=request.id)
            part.replace(target)
        except OSError as error:
            part.unlink(missing_ok=True)
            raise AtelierError(
                "export.not_written",
                f"The file could not be written to {target.name!r}.",
                detail=str(error.strerror),
                hint="Choose another folder, or make room on the disk; the export can be fetched again.",
            ) from error
        return target

    calls.start("fetch", work, lambda path: desk.notify(f"Saved as {path.name}.", "good"))


def writable_formats() -> list[Format]:
    """Every installed format that can be written, each once."""
    found: dict[str, Format] = {}
    for plugin in installed_plugins():
        for part in load_parts(plugin.formats):
            made: Format = part() if isinstance(part, type) else part
            if made.can_write:
                found.setdefault(made.name, made)
    return list(found.values())
