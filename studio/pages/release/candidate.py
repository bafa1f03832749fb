"""The gate: which model, on which sealed suite, for which service; and the decision."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFormLayout,
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.ids import ModelId, SuiteId
from studio.domain.wire.jobs import Decision
from studio.domain.wire.releases import NewRelease, Release, Service, Suite
from studio.domain.wire.training import Model
from studio.pages.release.gate_bar import GateBar
from studio.pages.release.saying import RELEASE_STATES, release_line, suite_line
from studio.pages.train.saying import figure_of_metrics
from studio.shell.moments import ago
from widgets.choices import choice_box, fill_choices

_RELEASE = Qt.ItemDataRole.UserRole


class CandidatePanel(QWidget):
    """`wanted(NewRelease)`, `decided(release id, Decision)`, `seal()`, `lineage(release id)`."""

    wanted = Signal(object)
    decided = Signal(str, object)
    seal = Signal()
    lineage = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self._releases: dict[str, Release] = {}
        self._may_decide = False
        self._missing = ""  # why nothing can be measured at all
        self.model = choice_box("Candidate")
        self.suite = choice_box("Sealed suite")
        self.service = QLineEdit("detector")
        self.service.textEdited.connect(lambda _text: self._offer_to_ask())
        for box in (self.model, self.suite):
            box.currentIndexChanged.connect(lambda _index: self._offer_to_ask())
        self.service.setAccessibleName("Service")
        self.new_suite = QPushButton("Seal a suite …")
        self.new_suite.clicked.connect(lambda _checked=False: self.seal.emit())
        self.ask = QPushButton("Measure at the gate")
        self.ask.setAccessibleName("Measure at the gate")
        self.ask.setEnabled(False)  # until the node has said what there is
        self.ask.clicked.connect(lambda _checked=False: self.request())
        self.list = QListWidget()
        self.list.setAccessibleName("Releases")
        self.list.setAlternatingRowColors(True)
        self.list.currentItemChanged.connect(lambda _now, _before: self._show_chosen())
        self.said = _plain()
        self.busy = QProgressBar()
        self.busy.setRange(0, 0)
        self.busy.setAccessibleName("Measuring on the sealed suite")
        self.bar = GateBar()
        self.note = QLineEdit()
        self.note.setAccessibleName("Note on the decision")
        self.note.setPlaceholderText("Note, kept with the decision")
        self.accept = QPushButton("Accept")
        self.refuse = QPushButton("Refuse")
        self.accept.clicked.connect(lambda _checked=False: self._decide(True))
        self.refuse.clicked.connect(lambda _checked=False: self._decide(False))
        self.walk = QPushButton("Lineage")
        self.walk.clicked.connect(lambda _checked=False: self._walk())
        self.why_not = _plain()
        self._lay_out()
        self._show_chosen()

    def offer(
        self,
        models: Sequence[Model],
        suites: Sequence[Suite],
        services: Sequence[Service],
        may_ask: bool,
        may_seal: bool,
        may_decide: bool,
    ) -> None:
        """What can be chosen; what was chosen stays chosen."""
        self._may_decide = may_decide
        newest = sorted(models, key=lambda each: -each.created_ns)
        fill_choices(
            self.model,
            [
                (
                    each.id,
                    " · ".join(
                        part
                        for part in (
                            each.name,
                            figure_of_metrics(each.metrics),
                            "in service" if each.in_service else ago(each.created_ns),
                        )
                        if part
                    ),
                )
                for each in newest
            ],
        )
        fill_choices(self.suite, [(each.id, suite_line(each)) for each in suites])
        if services and not self.service.isModified():
            self.service.setText(services[0].name)
        self.new_suite.setEnabled(may_seal)
        self._missing = (
            "Train a model first."
            if not models
            else "Seal a suite first: items that no model has seen."
            if not suites
            else ""
            if may_ask
            else "Your role here does not ask for releases."
        )
        self._offer_to_ask()

    def show_releases(self, releases: Sequence[Release]) -> None:
        """The history, newest first; what is chosen stays chosen."""
        kept = self.chosen()
        self._releases = {each.id: each for each in releases}
        self.list.blockSignals(True)
        self.list.clear()
        for release in sorted(releases, key=lambda each: -each.asked_ns):
            row = QListWidgetItem(release_line(release))
            row.setData(_RELEASE, release.id)
            row.setToolTip(f"Asked by {release.asked_by}, {ago(release.asked_ns)}")
            self.list.addItem(row)
            if kept is not None and release.id == kept.id:
                self.list.setCurrentItem(row)
        if self.list.currentRow() < 0 and self.list.count():
            self.list.setCurrentRow(0)
        self.list.blockSignals(False)
        self._offer_to_ask()
        self._show_chosen()

    def chosen(self) -> Release | None:
        """The release that is looked at."""
        row = self.list.currentItem()
        return self._releases.get(row.data(_RELEASE)) if row is not None else None

    def choose_model(self, key: str) -> None:
        """A model that another page sent."""
        self.model.setCurrentIndex(max(0, self.model.findData(key)))

    def choose_suite(self, key: str) -> None:
        """A suite that is to be looked at."""
        self.suite.setCurrentIndex(max(0, self.suite.findData(key)))

    def choose(self, key: str) -> None:
        """A release that was just asked for."""
        for row in range(self.list.count()):
            if self.list.item(row).data(_RELEASE) == key:
                self.list.setCurrentRow(row)

    def request(self) -> None:
        """Say what is wanted."""
        if self.ask.isEnabled() and self.service.text().strip():
            self.ask.setEnabled(False)  # a second press would be a second look, and looks are counted
            self.wanted.emit(NewRelease(*self._asked()))

    def _asked(self) -> tuple[ModelId, SuiteId, str]:
        return self.model.currentData(), self.suite.currentData(), self.service.text().strip()

    def _offer_to_ask(self) -> None:
        """Open the gate, or say why it is closed."""
        measured = any(
            each.state == "evaluating" and (each.model, each.suite, each.service) == self._asked()
            for each in self._releases.values()
        )
        why_not = self._missing or ("This candidate is being measured now." if measured else "")
        self.ask.setEnabled(not why_not)
        self.ask.setToolTip(why_not)
        self.why_not.setText(why_not)
        self.why_not.setVisible(bool(why_not))

    def _show_chosen(self) -> None:
        release = self.chosen()
        self.busy.setVisible(release is not None and release.state == "evaluating")
        waiting = release is not None and release.state == "waiting"
        for each in (self.accept, self.refuse, self.note):
            each.setVisible(waiting)
            each.setEnabled(self._may_decide)
        self.accept.setToolTip("" if self._may_decide else "A person with the releaser role decides.")
        self.walk.setVisible(release is not None)
        self.bar.setVisible(release is not None and release.gate is not None)
        if release is None:
            self.said.setText("Nothing has been put before the gate yet.")
            return
        self.bar.show_gate(release.gate)
        words = [RELEASE_STATES[release.state] + "."]
        if release.gate is not None:
            words.append(release.gate.sentence)
        if release.decided_by:
            words.append(
                f"Decided by {release.decided_by}, {ago(release.decided_ns)}. {release.note}".strip()
            )
        if release.error:
            words.append(release.error)
        self.said.setText(" ".join(words))

    def _decide(self, approve: bool) -> None:
        release = self.chosen()
        if release is not None:
            self.decided.emit(release.id, Decision(approve, self.note.text().strip()))
            self.note.clear()

    def _walk(self) -> None:
        release = self.chosen()
        if release is not None:
            self.lineage.emit(release.id)

    def _lay_out(self) -> None:
        asking = QGroupBox("Candidate")
        form = QFormLayout(asking)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow("Model", self.model)
        suite = QHBoxLayout()
        suite.addWidget(self.suite, 1)
        suite.addWidget(self.new_suite)
        form.addRow("Sealed suite", suite)
        form.addRow("Service", self.service)
        form.addRow("", self.why_not)
        form.addRow("", self.ask)
        gate = QGroupBox("Gate")
        inside = QVBoxLayout(gate)
        inside.addWidget(self.list, 1)
        inside.addWidget(self.said)
        inside.addWidget(self.busy)
        inside.addWidget(self.bar)
        inside.addWidget(self.note)
        deciding = QHBoxLayout()
        deciding.addWidget(self.accept)
        deciding.addWidget(self.refuse)
        deciding.addStretch(1)
        deciding.addWidget(self.walk)
        inside.addLayout(deciding)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, 10, 6, 10)
        column.addWidget(asking)
        column.addWidget(gate, 1)


def _plain() -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
