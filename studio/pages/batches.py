"""Batches: many Edits that were made at once (an import, accepted predictions), and taking one back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, ItemId, ProjectId
from studio.domain.wire import routes
from studio.domain.wire.documents import BatchReverted, BatchReverting, RevertBatch, RevisionQuery
from studio.domain.wire.jobs import Job
from studio.domain.wording import counted
from studio.shell.calls import Call
from studio.shell.moments import ago, moment
from studio.shell.page import Desk
from widgets.progress import ProgressRow

if TYPE_CHECKING:
    from studio.client import Client

_KINDS = ("import", "accept_predictions", "revert_batch")  # of jobs that make batches
_NAMED = 8  # people whose later changes were left


class BatchRow(Struct, frozen=True):
    """One batch, as the list shows it."""

    batch: BatchId
    title: str
    who: str
    time_ns: int


def batches_of_project(client: Client, project: ProjectId) -> list[BatchRow]:
    """What the project's jobs have made, newest first."""
    jobs = client.call(routes.JOBS, project=project).jobs
    over = (job for job in jobs if job.kind in _KINDS and job.state in ("done", "cancelled"))
    return [row for job in over if (row := _of_job(job)) is not None]


def batches_of_item(client: Client, item: ItemId) -> list[BatchRow]:
    """Those that an item's history names, newest first."""
    found: dict[BatchId, BatchRow] = {}
    after = 0
    while True:
        some = client.call(routes.REVISIONS, RevisionQuery(after=after), item=item).revisions
        for each in some:
            if each.batch is not None:
                row = BatchRow(each.batch, each.edit.title, each.author_name, each.time_ns)
                found.setdefault(each.batch, row)
        if not some:
            return list(reversed(found.values()))
        after = some[-1].revision


class BatchesDialog(QDialog):
    """A list of batches; of the chosen one, what it holds, and one button that takes it back."""

    def __init__(
        self,
        desk: Desk,
        title: str,
        look: Callable[[Client, ProjectId], Sequence[BatchRow]],
        parent: QWidget,
    ) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._desk = desk
        self._look = look
        self._calls = desk.calls_of(self)
        self._rows: Sequence[BatchRow] = ()
        self.table = QTableWidget(0, 3)
        self.table.setAccessibleName("Batches")
        self.table.setHorizontalHeaderLabels(["What was made at once", "By", "When"])
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.verticalHeader().hide()
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.table.itemSelectionChanged.connect(self._chosen)
        self.said = QLabel("Looking …")
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setAccessibleName("What taking it back would do")
        self.said.setMinimumHeight(4 * self.fontMetrics().lineSpacing())
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.progress = ProgressRow("Taking back")
        self.progress.cancelled.connect(self._cancel)
        self.progress.hide()
        self._job = ""  # that takes one back now
        self._outcome = ""  # of the last one, until another is chosen
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        self.back = QPushButton("Take it back")
        self.back.setEnabled(False)
        self.back.setAutoDefault(False)
        self.back.clicked.connect(lambda _checked=False: self._take_back())
        buttons.addButton(self.back, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.addWidget(self.table, 1)
        column.addWidget(self.said)
        column.addWidget(self.progress)
        column.addWidget(buttons)
        self.resize(90 * self.fontMetrics().averageCharWidth(), 24 * self.fontMetrics().lineSpacing())
        self.refresh()

    def refresh(self) -> None:
        """Ask again which batches there are."""
        client, project, look = self._desk.client, self._desk.project, self._look
        if project is not None:
            self._calls.start("list", lambda _call: look(client, project.id), self._show)

    def _show(self, rows: Sequence[BatchRow]) -> None:
        self._rows = rows
        self.table.blockSignals(True)
        self.table.setRowCount(len(rows))
        for number, row in enumerate(rows):
            for column, text in enumerate((row.title, row.who, ago(row.time_ns))):
                cell = QTableWidgetItem(text)
                cell.setToolTip(moment(row.time_ns) if column == 2 else text)
                self.table.setItem(number, column, cell)
        self.table.setColumnHidden(1, not any(row.who for row in rows))
        self.table.clearSelection()
        self.table.blockSignals(False)
        nothing = "Nothing was made at once here: no import with labels, no accepted predictions."
        self.said.setText(
            self._outcome or ("Choose one to see what taking it back would do." if rows else nothing)
        )

    def _chosen(self) -> None:
        self.back.setEnabled(False)
        row, project, client = self._row(), self._desk.project, self._desk.client
        if row is None or project is None or self._job:
            return
        self._outcome = ""
        self.said.setText("Counting …")
        self._calls.start(
            "count",
            lambda _call: client.call(routes.REVERT_BATCH, RevertBatch(row.batch, True), project=project.id),
            self._counted,
            self._empty,
        )

    def _counted(self, found: BatchReverting) -> None:
        held = f"{counted(found.edits, 'change')} in {counted(found.items, 'item')}"
        since = (
            f" Edited since: {counted(found.edited_since, 'item')}. Where somebody has changed the same "
            "things, an item is left as it is and who changed it is named."
            if found.edited_since
            else " Nobody has edited these since."
        )
        self.said.setText(
            f"It holds {held}.{since} What is taken back is a batch itself and can be put back."
        )
        self.back.setEnabled(self._desk.may(*routes.MANAGE))
        self.back.setToolTip("" if self.back.isEnabled() else "Managers of the project take batches back.")

    def _empty(self, error: AtelierError) -> None:
        self.said.setText(
            "It holds no change any more."
            if error.code == "access.missing"
            else f"{error.message} {error.hint}".strip()
        )

    def _take_back(self) -> None:
        row, project, client = self._row(), self._desk.project, self._desk.client
        if row is None or project is None:
            return
        self.back.setEnabled(False)
        self.table.setEnabled(False)
        self.progress.set_title(f"Taking back “{row.title}”")
        self.progress.show_progress(None)
        self.progress.show()

        def work(call: Call) -> BatchReverted | None:
            from studio.client import jobs

            asked = client.call(routes.REVERT_BATCH, RevertBatch(row.batch), project=project.id)
            assert asked.job is not None  # it is no preview
            self._job = asked.job
            for job in jobs.watch(client, asked.job):
                call.check(job.done / max(job.total, 1), f"{job.done:,} of {job.total:,} {job.unit}".rstrip())
                if job.state == "cancelled":
                    return None
            return msgspec.msgpack.decode(jobs.wait(client, asked.job).result, type=BatchReverted)

        self._calls.start("back", work, self._taken_back, self._failed, self.progress.show_progress)

    def _taken_back(self, done: BatchReverted | None) -> None:
        off = "Called off. What was taken back until then stays so."
        self._over(said_of(done) if done is not None else off)

    def _failed(self, error: AtelierError) -> None:
        self._over(f"{error.message} {error.hint}".strip())

    def _over(self, outcome: str) -> None:
        self._job, self._outcome = "", outcome
        self.said.setText(outcome)
        self.progress.hide()
        self.table.setEnabled(True)
        self.refresh()

    def _cancel(self) -> None:
        client, job = self._desk.client, self._job
        if job:
            self._calls.start(
                "cancel", lambda _call: client.call(routes.CANCEL_JOB, job=job), lambda _job: None
            )

    def _row(self) -> BatchRow | None:
        chosen = self.table.selectionModel().selectedRows()
        return self._rows[chosen[0].row()] if chosen else None


def said_of(done: BatchReverted) -> str:
    """What became of a batch that was taken back."""
    words = f"Taken back in {counted(done.reverted, 'item')}."
    if done.left_count:
        who = sorted({name for _, name in done.left})
        words += (
            f" Left as they are: {counted(done.left_count, 'item')}, where {', '.join(who[:_NAMED])} "
            "changed the same things since."
        )
    return words


def show_batches_of_project(desk: Desk, parent: QWidget) -> None:
    """The dialog over a page."""
    BatchesDialog(desk, "Batches of this project", batches_of_project, parent).open()


def show_batches_of_item(desk: Desk, item: ItemId, parent: QWidget) -> None:
    """The dialog over a page, with what an item's history names."""
    BatchesDialog(
        desk, "Batches of this item", lambda client, _project: batches_of_item(client, item), parent
    ).open()


def _of_job(job: Job) -> BatchRow | None:
    """A job's batch is called as what it makes; one that takes back says in its result what it made."""
    batch = job.subject
    if job.kind == "revert_batch":
        if not job.result:
            return None
        batch = msgspec.msgpack.decode(job.result, type=BatchReverted).batch
    return BatchRow(BatchId(batch), job.title, "", job.created_ns)
