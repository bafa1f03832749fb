"""Train: runs at the left, a new one or the chosen one at the right."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from msgspec.structs import replace
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QPushButton, QSplitter, QStackedWidget, QVBoxLayout, QWidget

from studio.domain.contracts.command import Command
from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.domain.wire.jobs import Event
from studio.domain.wire.projects import ItemPage, ItemQuery, ProjectSummary
from studio.domain.wire.training import (
    NewRun,
    NewSnapshot,
    Run,
    RunLog,
    RunLogQuery,
    Runs,
    Snapshot,
    Snapshots,
    Templates,
)
from studio.pages.train.new_run import NewRunPanel
from studio.pages.train.run_list import RunList
from studio.pages.train.run_view import RunView
from studio.pages.train.saying import LIVE
from studio.shell.page import Desk, Page, Place
from widgets.empty_state import EmptyState

if TYPE_CHECKING:
    from studio.client import Client

ASKING = "Asking what can be trained …"
POLL_MS = 700  # while a run is live; between, events of the node tell what changed


class _All(NamedTuple):
    """What the page asks the node for at once."""

    runs: Runs
    snapshots: Snapshots
    templates: Templates
    summary: ProjectSummary
    items: ItemPage  # the first of those that would be learned from


class TrainPage(Page):
    """One-click training, and the history of what was trained."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.runs = RunList()
        self.runs.chosen.connect(self._chosen)
        self.new = QPushButton("New run")
        self.new.clicked.connect(lambda _checked=False: self.new_run())
        self.panel = NewRunPanel(desk.show_lineage)
        self.panel.wanted.connect(self._start)
        self.view = RunView(desk.show_lineage)
        self.view.asked.connect(self._ask)
        self.view.evaluate.connect(self._evaluate)
        self.nothing = EmptyState(ASKING)
        self.right = QStackedWidget()
        for each in (self.nothing, self.panel, self.view):
            self.right.addWidget(each)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(8, 8, 8, 8)
        column.addWidget(self.new)
        column.addWidget(self.runs, 1)
        self.split = QSplitter(Qt.Orientation.Horizontal)
        self.split.addWidget(left)
        self.split.addWidget(self.right)
        self.split.setStretchFactor(1, 1)
        self.split.setSizes([340, 900])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.split)
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._follow)
        self._wanted = ""  # run:ID, or model:ID for the run that made it
        self._project_shown = desk.project.id if desk.project is not None else ""
        desk.project_changed.connect(lambda _project: self._project_changed())

    def commands(self) -> Sequence[Command]:
        return (
            Command("train.new", "New run", TrainPage.new_run, ("N",), "Train", "train"),
            Command("train.start", "Train", TrainPage.start, ("Ctrl+Return",), "Train", "train"),
            Command(
                "train.pause",
                "Pause or resume",
                TrainPage.pause_or_resume,
                ("P",),
                "Train",
                "train",
                when=lambda page: page.view.run is not None,
            ),
            Command(
                "train.cancel",
                "Cancel the run",
                TrainPage.cancel,
                (),
                "Train",
                "train",
                when=lambda page: page.view.run is not None and page.view.run.state in LIVE,
            ),
            Command("train.refresh", "Refresh", TrainPage.refresh, ("F5",), "View", "train"),
        )

    def enter(self, place: Place) -> None:
        if place.query is not None:
            self.new_run()
            self.panel.choose_query(place.query, place.subject)
        elif place.subject:
            self._wanted = place.subject
        if self.right.currentWidget() is self.nothing:
            self.nothing.say(ASKING)  # what was said the last time may no longer be so
        self.refresh()
        self._poll.start()

    def leave(self) -> None:
        self._poll.stop()

    def take_event(self, event: Event) -> None:
        if event.kind in ("run", "model", "items") and self.isVisible():
            self.refresh()

    def reconnected(self) -> None:
        self.refresh()

    def new_run(self) -> None:
        """Show what a new run needs."""
        self.runs.clearSelection()
        self.right.setCurrentWidget(self.panel)
        self.panel.template.setFocus()

    def start(self) -> None:
        """Press the one button."""
        if self.right.currentWidget() is self.panel and self.panel.go.isEnabled():
            self.panel.start()

    def pause_or_resume(self) -> None:
        """Pause the run that is shown, or go on with it."""
        self.view.pause_or_resume()

    def cancel(self) -> None:
        """Stop the run that is shown; its last checkpoint stays."""
        self._ask("cancel")

    def refresh(self) -> None:
        """Ask the node for runs, snapshots and templates."""
        if self.desk.project is None or not self.desk.is_connected:
            return
        client, project = self.desk.client, self.desk.project.id
        first = replace(self.panel.query, limit=1)

        def fetch(_call: object) -> _All:
            return _All(
                client.call(routes.RUNS, project=project),
                client.call(routes.SNAPSHOTS, project=project),
                client.call(routes.TEMPLATES),
                client.call(routes.SUMMARY, project=project),
                client.call(routes.ITEMS, first, project=project),
            )

        self.calls.start("all", fetch, self._show)

    def _project_changed(self) -> None:
        key = self.desk.project.id if self.desk.project is not None else ""
        if key == self._project_shown:
            return
        self._project_shown = key
        self._wanted = ""
        self.calls.cancel("all")
        self.runs.show_runs(())
        self.view.forget()
        self.panel.forget()
        self.nothing.say(ASKING)
        self.right.setCurrentWidget(self.nothing)
        if self.isVisible():
            self.refresh()

    def _show(self, found: _All) -> None:
        runs, snapshots, templates, summary, items = found
        self.runs.show_runs(runs.runs)
        may_train = self.desk.may("scientist", "manager")
        self.panel.offer(templates.templates, snapshots.snapshots, items.total, may_train)
        if items.rows:
            self.panel.suit(items.rows[0].kind)
        self.view.know_templates({each.name: each.title for each in templates.templates})
        if self._wanted:
            self._show_wanted(runs.runs)
        elif (shown := self.view.run) is not None:
            for run in runs.runs:
                if run.id == shown.id:
                    self.view.show_run(run)
        if not runs.runs and not snapshots.snapshots and not any(each.shapes for each in summary.classes):
            self._say_nothing(summary)
        elif self.right.currentWidget() is self.nothing:
            self.right.setCurrentWidget(self.panel)

    def _show_wanted(self, runs: Sequence[Run]) -> None:
        kind, _, key = self._wanted.partition(":")
        self._wanted = ""
        for run in runs:
            if key == (run.model if kind == "model" else run.id):
                self.runs.select(run.id)

    def _say_nothing(self, summary: ProjectSummary) -> None:
        if summary.items:
            self.nothing.say(
                "Nothing to train on yet",
                "Training needs labelled items, and none of this project's has a label.",
                ("Label the first item", lambda: self.desk.go(Place("label", query=ItemQuery()))),
            )
        else:
            self.nothing.say(
                "This project is empty",
                "Bring pictures in first; their labels come along.",
                ("Import a folder …", lambda: self.desk.go(Place("data", subject="import"))),
            )
        self.right.setCurrentWidget(self.nothing)

    def _chosen(self, runs: list[Run]) -> None:
        if not runs:
            return
        self.view.show_run(runs[0])
        self.view.compare_with(runs[1] if len(runs) > 1 else None)
        self.right.setCurrentWidget(self.view)
        self._follow(also_ended=True)

    def _start(self, recipe: NewSnapshot | None, wanted: NewRun) -> None:
        if self.desk.project is None:
            return
        client, project = self.desk.client, self.desk.project.id
        self.panel.hold(True)

        def carry_out(_call: object) -> Run:
            if recipe is None:
                return client.call(routes.NEW_RUN, wanted, project=project)
            made: Snapshot = client.call(routes.NEW_SNAPSHOT, recipe, project=project)
            return client.call(routes.NEW_RUN, replace(wanted, snapshot=made.id), project=project)

        def failed(error: AtelierError) -> None:
            self.panel.hold(False)
            if self._project_shown == project:
                self.panel.show_trouble(str(error))
            else:
                self.desk.show_error(error)

        self.calls.start("start", carry_out, self._started, failed)

    def _started(self, run: Run) -> None:
        self.panel.hold(False)
        self.desk.say("Training has begun. It goes on when you leave this page, or the studio.")
        if run.project != self._project_shown:
            return
        self.panel.choose_query(ItemQuery())  # the next run starts from everything again
        self._wanted = f"run:{run.id}"
        self.refresh()

    def _follow(self, also_ended: bool = False) -> None:
        """Fetch what the shown runs logged since the last time."""
        if not self.desk.is_connected:
            return
        client = self.desk.client
        for run in self.view.shown_runs():
            if run.state not in LIVE and not also_ended and not self.view.is_behind(run):
                continue
            if self.calls.is_running(("log", run.id)):
                continue
            after = self.view.next_of(run)
            self.calls.start(("log", run.id), partial(_fetch_log, client, run, after), self._took_log)

    def _took_log(self, found: tuple[Run, RunLog]) -> None:
        run, log = found
        self.view.take_log(run, log)
        self.view.show_state(run)
        self.runs.update_run(run)

    def _ask(self, what: str) -> None:
        run = self.view.run
        if run is None:
            return
        route = {"pause": routes.PAUSE_RUN, "resume": routes.RESUME_RUN, "cancel": routes.CANCEL_RUN}[what]
        client = self.desk.client

        def answered(changed: Run) -> None:
            self.view.show_state(changed)
            self.runs.update_run(changed)

        self.calls.start((what, run.id), lambda _call: client.call(route, run=run.id), answered)

    def _evaluate(self) -> None:
        run = self.view.run
        if run is not None and run.model is not None:
            self.desk.go(Place("evaluate", subject=f"model:{run.model}"))


def _fetch_log(client: Client, run: Run, after: RunLogQuery, _call: object) -> tuple[Run, RunLog]:
    return client.call(routes.RUN, run=run.id), client.call(routes.RUN_LOG, after, run=run.id)
