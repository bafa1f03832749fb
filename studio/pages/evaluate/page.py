"""Evaluate: figures at the top, curves and tables at one side, the mistakes themselves in the middle."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec import Struct
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QProgressBar,
    QPushButton,
    QSplitter,
    QStackedWidget,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.command import Command
from studio.domain.errors import AtelierError
from studio.domain.geometry import Rect
from studio.domain.ids import EvaluationId, ModelId, SnapshotId
from studio.domain.overlap import ground_corners, rows_of
from studio.domain.wire import routes
from studio.domain.wire.evaluation import (
    Evaluation,
    Evaluations,
    Match,
    NewEvaluation,
    NewVerdict,
    Pool,
    Pools,
    VerdictKind,
)
from studio.domain.wire.jobs import Event
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.training import Model, Models, Snapshot, Snapshots
from studio.pages.evaluate.comparison import ComparisonView
from studio.pages.evaluate.figures import Figures, FigureTable
from studio.pages.evaluate.saying import by_name, headline, in_order, verdict_title
from studio.pages.evaluate.sheet import MatchSheet
from studio.pages.train.saying import figure_of_metrics
from studio.shell.lineage import LineageButton
from studio.shell.moments import ago
from studio.shell.page import Desk, Page, Place
from widgets.choices import choice_box, fill_choices
from widgets.confusion_matrix import ConfusionMatrix
from widgets.empty_state import EmptyState
from widgets.plots import Curve, CurvePlot

if TYPE_CHECKING:
    from studio.client import Client

POLL_MS = 1000


class _All(Struct, frozen=True):
    """What the page chooses from, as one answer."""

    models: Models
    snapshots: Snapshots
    evaluations: Evaluations
    pools: Pools


class EvaluatePage(Page):
    """Sees exactly where a model is wrong."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._models: dict[str, Model] = {}
        self._snapshots: dict[str, Snapshot] = {}
        self._evaluations: dict[str, Evaluation] = {}
        self._pools: tuple[Pool, ...] = ()
        self._shown: Evaluation | None = None
        self._wanted = ""
        self.model = choice_box("Model")
        self.snapshot = choice_box("Snapshot")
        self.judge = QPushButton("Evaluate")
        self.judge.clicked.connect(lambda _checked=False: self.evaluate())
        self.evaluations = choice_box("Evaluation")
        self.evaluations.currentIndexChanged.connect(lambda _index: self._choose())
        self.compare = choice_box("Compare with")
        self.compare.currentIndexChanged.connect(lambda _index: self._compare())
        self.again = QPushButton("Snapshot with the corrections, and train again")
        self.again.clicked.connect(lambda _checked=False: self.train_again())
        self.lineage = LineageButton(desk.show_lineage)
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.said.setTextFormat(Qt.TextFormat.PlainText)
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setAccessibleName("Evaluation under way")
        self.figures = Figures()
        self.classes = FigureTable(
            "By class", ("Class", "AP@0.5", "AP", "Precision", "Recall", "Labels", "Predictions")
        )
        self.slices = FigureTable("By slice", ("Slice", "AP@0.5", "Labels", "Items"))
        self.matrix = ConfusionMatrix()
        self.sheet = MatchSheet(desk)
        self.sheet.opened.connect(self._open)
        self.sheet.judged.connect(self._judge)
        self.matrix.chosen.connect(self.sheet.show_cell)
        self.comparison = ComparisonView(desk)
        self.comparison.opened.connect(lambda match, of: desk.go(place_of(match, of)))
        self.tabs = QTabWidget()
        self.curves: CurvePlot | None = None
        self.nothing = EmptyState("No model to evaluate yet")
        self.whole = QStackedWidget()
        self._lay_out()
        self._poll = QTimer(self, interval=POLL_MS)
        self._poll.timeout.connect(self._follow)

    def commands(self) -> Sequence[Command]:
        return (
            Command(
                "evaluate.run", "Evaluate", EvaluatePage.evaluate, ("Ctrl+Return",), "Evaluate", "evaluate"
            ),
            Command(
                "evaluate.train_again",
                "Snapshot with the corrections, and train again",
                EvaluatePage.train_again,
                ("Ctrl+T",),
                "Evaluate",
                "evaluate",
            ),
            Command("evaluate.refresh", "Refresh", EvaluatePage.refresh, ("F5",), "View", "evaluate"),
        )

    def enter(self, place: Place) -> None:
        self._wanted = place.subject
        self.refresh()
        self._poll.start()

    def leave(self) -> None:
        self._poll.stop()

    def take_event(self, event: Event) -> None:
        if event.kind in ("model", "run", "job") and self.isVisible():
            self.refresh()

    def reconnected(self) -> None:
        self.refresh()

    def refresh(self) -> None:
        """Ask the node for models, snapshots and evaluations."""
        if self.desk.project is None or not self.desk.is_connected:
            return
        client, project = self.desk.client, self.desk.project.id

        def fetch(_call: object) -> _All:
            return _All(
                client.call(routes.MODELS, project=project),
                client.call(routes.SNAPSHOTS, project=project),
                client.call(routes.EVALUATIONS, project=project),
                client.call(routes.POOLS, project=project),
            )

        self.calls.start("all", fetch, self._show)

    def evaluate(self) -> None:
        """Judge the chosen model on the chosen snapshot's validation items."""
        model, snapshot = self.model.currentData(), self.snapshot.currentData()
        if not model or not snapshot or self.desk.project is None:
            return
        client, project = self.desk.client, self.desk.project.id
        wanted = NewEvaluation(model=ModelId(model), snapshot=SnapshotId(snapshot))
        self.judge.setEnabled(False)

        def failed(error: AtelierError) -> None:
            self.judge.setEnabled(True)
            self.desk.show_error(error)

        self.calls.start(
            "evaluate",
            lambda _call: client.call(routes.NEW_EVALUATION, wanted, project=project),
            self._begun,
            failed,
        )

    def train_again(self) -> None:
        """Go to Train with a snapshot of all items as they are now, corrections included."""
        count = len(self._snapshots) + 1
        self.desk.go(Place("train", query=ItemQuery(), subject=f"Snapshot {count}, corrected"))

    def _begun(self, evaluation: Evaluation) -> None:
        self.judge.setEnabled(True)
        self._wanted = evaluation.id
        self.refresh()

    def _show(self, found: _All) -> None:
        self._models = {each.id: each for each in found.models.models}
        self._snapshots = {each.id: each for each in found.snapshots.snapshots}
        self._evaluations = {each.id: each for each in found.evaluations.evaluations}
        self._pools = found.pools.pools
        if not self._models:
            self.nothing.say(
                "No model to evaluate yet",
                "Train one first: one button, a few minutes.",
                ("Go to Train", lambda: self.desk.go(Place("train"))),
            )
            self.whole.setCurrentWidget(self.nothing)
            return
        self.whole.setCurrentIndex(1)
        fill_choices(
            self.model,
            [
                (each.id, f"{each.name} · {figure_of_metrics(each.metrics)} · {ago(each.created_ns)}")
                for each in sorted(self._models.values(), key=lambda each: -each.created_ns)
            ],
        )
        fill_choices(
            self.snapshot,
            [
                (each.id, each.name)
                for each in sorted(self._snapshots.values(), key=lambda each: -each.created_ns)
            ],
        )
        listed = sorted(self._evaluations.values(), key=lambda each: -each.created_ns)
        fill_choices(self.evaluations, [(each.id, _name_of(each, self._snapshots)) for each in listed])
        self._follow_wanted(listed)
        self._choose()

    def _follow_wanted(self, listed: list[Evaluation]) -> None:
        """Show what was asked for: an evaluation, or a model's newest, which is made where there is none."""
        wanted, self._wanted = self._wanted, ""
        if wanted.startswith("model:"):
            model = wanted.removeprefix("model:")
            _select(self.model, model)
            if model in self._models:
                _select(self.snapshot, self._models[model].snapshot)
            of_model = [each for each in listed if each.model == model]
            if of_model:
                _select(self.evaluations, of_model[0].id)
            elif model in self._models:
                self.evaluate()
        elif wanted:
            _select(self.evaluations, wanted)

    def _choose(self) -> None:
        evaluation = self._evaluations.get(self.evaluations.currentData() or "")
        self.busy.setVisible(evaluation is not None and evaluation.state == "running")
        self._offer_lineage(evaluation)
        # never another evaluation's figures under this one's name
        for each in (self.figures, self.tabs, self.compare):
            each.setEnabled(evaluation is not None and evaluation.state == "done")
        if evaluation is None or evaluation.state != "done":
            self._shown = None
        if evaluation is None:
            self.said.setText("Choose a model and a snapshot, and press Evaluate.")
            return
        if evaluation.state == "failed":
            self.said.setText(f"This evaluation failed. {evaluation.error}")
            return
        if evaluation.state == "running":
            self.said.setText(
                "The model looks at every validation item now. This page shows it when it is done."
            )
            return
        is_new = self._shown is None or self._shown.id != evaluation.id
        if is_new or evaluation != self._shown:
            self._shown = evaluation
            self._show_evaluation(evaluation)
        self.said.setText(headline(evaluation))
        if is_new:
            self._offer_comparisons(evaluation)

    def _offer_lineage(self, evaluation: Evaluation | None) -> None:
        of_evaluation = (
            (
                ("This evaluation", "evaluation", evaluation.id),
                ("Its model", "model", evaluation.model),
                ("Its snapshot", "snapshot", evaluation.snapshot),
            )
            if evaluation is not None
            else ()
        )
        self.lineage.offer((*of_evaluation, *((pool.name, "pool", pool.id) for pool in self._pools)))

    def _show_evaluation(self, evaluation: Evaluation) -> None:
        self.said.setText(headline(evaluation))
        self.figures.show_evaluation(evaluation)
        self.classes.show_rows(
            [
                (e.class_name, e.ap50, e.ap, e.precision, e.recall, e.labels, e.predictions)
                for e in evaluation.per_class
            ]
        )
        self.slices.show_rows(
            [(e.name, e.ap50 if e.labels else None, e.labels, e.items) for e in evaluation.slices]
        )
        self.matrix.show_matrix(*in_order(evaluation.confusion_classes, evaluation.confusion))
        if self.curves is None:
            self.curves = CurvePlot("Precision over recall", "Recall", "Precision", (0.0, 1.0), (0.0, 1.0))
            self.tabs.insertTab(1, self.curves, "Precision and recall")
        self.sheet.show_evaluation(evaluation)
        client, key = self.desk.client, evaluation.id
        # a list of evaluations comes without their curves
        self.calls.start(
            "curves", lambda _call: client.call(routes.EVALUATION, evaluation=key), self._show_curves
        )

    def _show_curves(self, evaluation: Evaluation) -> None:
        if self.curves is not None and self._shown is not None and self._shown.id == evaluation.id:
            self.curves.show_curves(
                [
                    Curve(each.class_name, each.recall, each.precision)
                    for each in sorted(evaluation.curves, key=lambda each: by_name(each.class_name))
                ]
            )

    def _offer_comparisons(self, evaluation: Evaluation) -> None:
        same = [
            each
            for each in self._evaluations.values()
            if each.id != evaluation.id
            and each.state == "done"
            and (each.snapshot, each.split) == (evaluation.snapshot, evaluation.split)
        ]
        self.compare.blockSignals(True)
        self.compare.clear()
        self.compare.addItem("Compare with …", "")
        for each in sorted(same, key=lambda each: -each.created_ns):
            self.compare.addItem(_name_of(each, self._snapshots), each.id)
        self.compare.setEnabled(bool(same))
        self.compare.setToolTip(
            "" if same else "Evaluate a second model on the same snapshot to compare them object by object."
        )
        self.compare.blockSignals(False)
        self.tabs.setTabVisible(self.tabs.indexOf(self.comparison), False)

    def _compare(self) -> None:
        other = self.compare.currentData()
        if not other or self._shown is None:
            self.tabs.setTabVisible(self.tabs.indexOf(self.comparison), False)
            return
        self.comparison.compare(self._evaluations[other], self._shown)
        self.tabs.setTabVisible(self.tabs.indexOf(self.comparison), True)
        self.tabs.setCurrentWidget(self.comparison)

    def _follow(self) -> None:
        if any(each.state == "running" for each in self._evaluations.values()):
            self.refresh()

    def _judge(self, matches: list[Match], kind: VerdictKind) -> None:
        if self._shown is None:
            return
        client, key = self.desk.client, self._shown.id
        for match in matches:
            self.calls.start(
                ("verdict", match.id),
                partial(_verdict, client, key, match, NewVerdict(kind)),
                self.sheet.put,
            )
        if len(matches) == 1:
            self.sheet.step()
        if kind == "label_wrong":
            self.desk.notify(
                "The label is marked wrong and its item goes back to review.",
                "info",
                "Correct it now",
                partial(self._open, matches[0]),
            )
        else:
            self.desk.say(f"{verdict_title(kind)}: kept for {len(matches):,}.")

    def _open(self, match: Match) -> None:
        if self._shown is not None:
            self.desk.go(place_of(match, self._shown))

    def _lay_out(self) -> None:
        asking = QHBoxLayout()
        for title, box in (("New evaluation of", self.model), ("on", self.snapshot)):
            asking.addWidget(_label_of(box, title))
            asking.addWidget(box, 1)
        asking.addWidget(self.judge)
        choosing = QHBoxLayout()
        choosing.addWidget(_label_of(self.evaluations, "Shown"))
        choosing.addWidget(self.evaluations, 2)
        choosing.addWidget(self.compare, 1)
        choosing.addWidget(self.lineage)
        choosing.addWidget(self.again)
        tables = QSplitter(Qt.Orientation.Vertical)
        tables.addWidget(self.classes)
        tables.addWidget(self.slices)
        self.tabs.addTab(self.sheet, "Mistakes")
        self.tabs.addTab(self.matrix, "Confusion matrix")
        self.tabs.addTab(tables, "By class and slice")
        self.tabs.addTab(self.comparison, "Comparison")
        self.tabs.setTabVisible(self.tabs.indexOf(self.comparison), False)
        self.matrix.chosen.connect(lambda _labelled, _predicted: self.tabs.setCurrentWidget(self.sheet))
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 10, 12, 10)
        column.setSpacing(8)
        column.addLayout(asking)
        column.addLayout(choosing)
        column.addWidget(self.said)
        column.addWidget(self.busy)
        column.addWidget(self.figures)
        column.addWidget(self.tabs, 1)
        self.busy.hide()
        self.whole.addWidget(self.nothing)
        self.whole.addWidget(page)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.whole)


def _label_of(box: QWidget, text: str) -> QLabel:
    label = QLabel(text)
    label.setBuddy(box)
    return label


def _verdict(client: Client, key: EvaluationId, match: Match, verdict: NewVerdict, _call: object) -> Match:
    return client.call(routes.VERDICT, verdict, evaluation=key, match=match.id)


def place_of(match: Match, evaluation: Evaluation) -> Place:
    """The very object in Label, among what the judged model saw at the evaluation's threshold.

    A prediction below it is shown as well where it is the one that is opened; scores are shown, and chosen,
    in hundredths.
    """
    is_predicted = match.predicted_xyxy is not None or match.predicted_cuboid is not None
    least = min(evaluation.threshold, match.score) if is_predicted else evaluation.threshold
    return Place(
        "label",
        item=match.item,
        entity=match.label,
        stream=match.stream,
        frame=match.frame,
        xyxy=match.predicted_xyxy or match.label_xyxy or _from_above(match),
        model=evaluation.model,
        threshold=math.floor(least * 100) / 100,
    )


def _from_above(match: Match) -> Rect | None:
    """The metres of the ego frame that a cuboid takes up, as an editor of space is told a place."""
    placed = match.predicted_cuboid or match.label_cuboid
    if placed is None:
        return None
    ring = ground_corners(rows_of([placed]))[0]
    (left, top), (right, bottom) = ring.min(axis=0).tolist(), ring.max(axis=0).tolist()
    return left, top, right, bottom


def _name_of(evaluation: Evaluation, snapshots: dict[str, Snapshot]) -> str:
    snapshot = snapshots.get(evaluation.snapshot)
    where = f"{snapshot.name if snapshot else 'snapshot'} ({evaluation.split})"
    figure = figure_of_metrics(evaluation.metrics) or evaluation.state
    return f"{evaluation.model_name} on {where} · {figure} · {ago(evaluation.created_ns)}"


def _select(box: QComboBox, key: str) -> None:
    box.blockSignals(True)
    box.setCurrentIndex(max(0, box.findData(key)))
    box.blockSignals(False)
