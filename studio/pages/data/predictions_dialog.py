"""Have a model look at the items that are shown, and accept what it found from a score on."""

from __future__ import annotations

import math
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QDoubleSpinBox,
    QFormLayout,
    QLabel,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.evaluation import Accepted, AcceptPredictions, Looked, PredictItems
from studio.domain.wire.jobs import Job
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.training import Models
from studio.domain.wording import counted
from studio.pages.train.saying import figure_of_metrics
from studio.shell.calls import Call
from studio.shell.moments import ago
from studio.shell.page import Desk
from widgets.progress import ProgressRow

_SETTLED_MS = 300  # after the last turn of the score, before it is counted


class PredictionsDialog(QDialog):
    """One model, the items that the filters show, a score. `changed`: there is more to see of them."""

    changed = Signal()

    def __init__(self, desk: Desk, query: ItemQuery, items: int, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("Predictions of a model")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._desk, self._query, self._items = desk, query, items
        self._calls = desk.calls_of(self)
        self._job = ""  # that is under way
        self._outcome = ""  # of the last job, said until something else is asked for
        self.model = QComboBox()
        self.model.setAccessibleName("Model")
        self.model.currentIndexChanged.connect(lambda _index: self._ask_anew())
        self.score = QDoubleSpinBox()
        self.score.setRange(0.0, 1.0)
        self.score.setSingleStep(0.05)
        self.score.setValue(0.5)
        self.score.setAccessibleName("Accept from a score of")
        self.score.valueChanged.connect(lambda _value: self._ask_anew())
        self.leave = QCheckBox("Leave accepted items as they are")
        self.leave.setChecked(True)
        self.leave.toggled.connect(lambda _on: self._ask_anew())
        self.said = QLabel("Looking for models …")
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.said.setAccessibleName("What would be accepted")
        self.said.setMinimumHeight(5 * self.fontMetrics().lineSpacing())
        self.said.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.progress = ProgressRow("Predictions")
        self.progress.cancelled.connect(self._cancel)
        self.progress.hide()
        self.look = QPushButton(f"Look at {counted(items, 'item')}")
        self.look.clicked.connect(lambda _checked=False: self._look())
        self.accept_all = QPushButton("Accept")
        self.accept_all.clicked.connect(lambda _checked=False: self._accept())
        for button in (self.look, self.accept_all):
            button.setAutoDefault(False)
            button.setEnabled(False)
        self._settle = QTimer(self, singleShot=True, interval=_SETTLED_MS)
        self._settle.timeout.connect(self._count)
        self._lay_out()
        client, project = desk.client, desk.project
        if project is not None:
            self._calls.start(
                "models", lambda _call: client.call(routes.MODELS, project=project.id), self._show
            )

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.addRow("Model", self.model)
        form.addRow("Accept from a score of", self.score)
        form.addRow("", self.leave)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.addButton(self.look, QDialogButtonBox.ButtonRole.ActionRole)
        buttons.addButton(self.accept_all, QDialogButtonBox.ButtonRole.ActionRole)
        column = QVBoxLayout(self)
        column.addLayout(form)
        column.addWidget(self.said)
        column.addWidget(self.progress)
        column.addWidget(buttons)
        self.resize(72 * self.fontMetrics().averageCharWidth(), self.sizeHint().height())

    def _show(self, found: Models) -> None:
        for each in sorted(found.models, key=lambda model: -model.created_ns):
            words = (each.name, figure_of_metrics(each.metrics), ago(each.created_ns))
            self.model.addItem(" · ".join(word for word in words if word), each.id)
        if not found.models:
            self.said.setText("There is no model yet. Train makes one of labelled items.")

    def _ask_anew(self) -> None:
        self._outcome = ""
        self._count_soon()

    def _say(self, words: str) -> None:
        self.said.setText(f"{self._outcome} {words}".strip())

    def _count_soon(self) -> None:
        self.look.setEnabled(self.model.count() > 0 and not self._job)
        self.accept_all.setEnabled(False)
        if self.model.count() and not self._job:
            self._settle.start()

    def _count(self) -> None:
        asked = self._asked(preview=True)
        client, project = self._desk.client, self._desk.project
        if asked is None or project is None:
            return
        if not self._desk.may(*routes.MANAGE):
            self._say("In Label each prediction can be accepted; all at once managers accept them.")
            return
        self._calls.start(
            "count",
            lambda _call: client.call(routes.ACCEPT_PREDICTIONS, asked, project=project.id),
            lambda found: self._counted(found, asked),
            self._nothing,
        )

    def _counted(self, found: Accepted, asked: AcceptPredictions) -> None:
        if self._settle.isActive():  # something else is asked for by now
            return
        self.accept_all.setEnabled(bool(found.items) and not self._job)
        self._say(_preview(found, leaves=asked.leave_accepted))

    def _nothing(self, error: AtelierError) -> None:
        is_unseen = error.code == "prediction.no_items"
        self._say(
            "The model has looked at none of these items yet."
            if is_unseen
            else f"{error.message} {error.hint}"
        )

    def _look(self) -> None:
        model, client, project = self.model.currentData(), self._desk.client, self._desk.project
        if not model or project is None:
            return
        asked = PredictItems(model, self._query)
        self._run(
            f"Looking at {counted(self._items, 'item')}",
            lambda: client.call(routes.PREDICT_ITEMS, asked, project=project.id).id,
            _looked,
        )

    def _accept(self) -> None:
        asked, client, project = self._asked(preview=False), self._desk.client, self._desk.project
        if asked is None or project is None:
            return

        def begin() -> str:
            return client.call(routes.ACCEPT_PREDICTIONS, asked, project=project.id).job or ""

        self._run("Accepting", begin, _came_in)

    def _asked(self, *, preview: bool) -> AcceptPredictions | None:
        model = self.model.currentData()
        if not model:
            return None
        return AcceptPredictions(model, self._query, self.score.value(), preview, self.leave.isChecked())

    def _run(self, title: str, begin: Callable[[], str], told: Callable[[bytes], str]) -> None:
        """Start a job and watch it; `told` says its result, and what is left is counted when it is over."""
        client = self._desk.client
        self.look.setEnabled(False)
        self.accept_all.setEnabled(False)
        for each in (self.model, self.score, self.leave):
            each.setEnabled(False)
        self._outcome = ""
        self.progress.set_title(title)
        self.progress.show_progress(None)
        self.progress.show()

        def work(call: Call) -> Job | None:
            from studio.client import jobs

            job = begin()
            if not job:
                return None
            self._job = job
            for now in jobs.watch(client, job):
                words = f"{now.done:,} of {now.total:,} {now.unit}".rstrip() if now.total else ""
                call.check(now.done / max(now.total, 1), words)
                if now.state == "cancelled":
                    return now
            return jobs.wait(client, job)

        def over(job: Job | None) -> None:
            if job is not None and job.state == "done":
                self._outcome = told(job.result)
            self._over()

        self._calls.start("job", work, over, self._failed, self.progress.show_progress)

    def _failed(self, error: AtelierError) -> None:
        self._over()
        self._settle.stop()
        self.said.setText(f"{error.message} {error.hint}".strip())

    def _over(self) -> None:
        self._job = ""
        self.progress.hide()
        for each in (self.model, self.score, self.leave):
            each.setEnabled(True)
        self._count_soon()
        self.changed.emit()

    def _cancel(self) -> None:
        client, job = self._desk.client, self._job
        if job:
            self._calls.start(
                "cancel", lambda _call: client.call(routes.CANCEL_JOB, job=job), lambda _job: None
            )


def _preview(found: Accepted, *, leaves: bool) -> str:
    """What accepting would do, and what becomes of items that are accepted."""
    if not found.items:
        return _nothing_new(found)
    words = (
        f"{counted(found.shapes, 'shape')} in {counted(found.items, 'item')} would become labels. What "
        "stands there already is not made twice. It is one batch, and can be taken back as one."
    )
    accepted = found.accepted_items
    if accepted and leaves:
        return f"{words} {_left(accepted)}"
    if accepted:
        return (
            f"{words} {accepted:,} of these items {_are(accepted)} accepted and would be reopened; taking "
            "the batch back does not accept them again."
        )
    return words


def _nothing_new(found: Accepted) -> str:
    words = "Nothing scores as much that does not stand there already."
    if found.accepted_items:
        words = f"Nothing else scores as much. {_left(found.accepted_items)}"
    if found.highest is not None:
        # rounded down: from the score that is said on, something is accepted
        return f"{words} The highest score of the rest is {math.floor(found.highest * 100 + 1e-6) / 100:.2f}."
    return words


def _left(accepted: int) -> str:
    """Of accepted items in which something is found."""
    return (
        f"{counted(accepted, 'accepted item')} where something scores as much {_are(accepted)} left as "
        f"{'it is' if accepted == 1 else 'they are'}."
    )


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def _looked(result: bytes) -> str:
    """What came of a job that predicts."""
    items = canonical.decode_lenient(result, Looked).items
    if items:
        return f"The model has looked at {counted(items, 'item')}."
    return "Nothing was left to look at of what the model can read."


def _came_in(result: bytes) -> str:
    """What came of a job that accepts."""
    made = canonical.decode_lenient(result, Accepted)
    return f"{counted(made.shapes, 'shape')} came into {counted(made.items, 'item')}."
