"""The contact sheet of mistakes: ranked by confidence, judged by key, each a click away from Label."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from studio.domain.wire.evaluation import Evaluation, Match, MatchQuery, Outcome, VerdictKind
from studio.domain.wording import counted
from studio.pages.evaluate.match_source import MatchSource
from studio.pages.evaluate.saying import OUTCOMES, VERDICTS, cell_of
from studio.shell.page import Desk
from widgets.contact_sheet import ContactSheet
from widgets.filter_toggle import FilterToggle

ANY = "All classes"
JUDGED = (("All", None), ("Not judged", False), ("Judged", True))


class MatchSheet(QWidget):
    """`opened(Match)` to go to the object; `judged(list of Match, verdict)` when a verdict is given."""

    opened = Signal(object)
    judged = Signal(object, str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.source = MatchSource(desk, self)
        self.sheet = _Sheet(name="Mistakes")
        self.sheet.set_side(190)
        self.sheet.verdict.connect(self._verdict)
        self.sheet.opened.connect(self._open)
        self.sheet.rows_wanted.connect(self.source.want_rows)
        self.sheet.picture_wanted.connect(self.source.want_picture)
        self.source.total_changed.connect(self._total)
        self.source.rows_came.connect(self._rows)
        self.source.rows_failed.connect(self.sheet.rows_failed)
        self.source.picture_came.connect(self.sheet.set_picture)
        self.source.picture_failed.connect(self.sheet.picture_failed)
        self._evaluation: Evaluation | None = None
        self._cell: tuple[str, str] = ("", "")
        self.outcomes: dict[Outcome, FilterToggle] = {}
        for outcome, title in OUTCOMES.items():
            button = FilterToggle(title, outcome != "true_positive")
            button.toggled.connect(lambda _on: self._ask())
            self.outcomes[outcome] = button
        self.classes = QComboBox()
        self.classes.setAccessibleName("Class")
        self.classes.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.classes.currentIndexChanged.connect(lambda _index: self._ask())
        self.which = QComboBox()
        self.which.setAccessibleName("Judged or not")
        for title, value in JUDGED:
            self.which.addItem(title, value)
        self.which.currentIndexChanged.connect(lambda _index: self._ask())
        self.narrowed = QPushButton()
        self.narrowed.clicked.connect(lambda _checked=False: self.show_cell("", ""))
        self.narrowed.hide()
        self.count = QLabel()
        self.verdicts: dict[str, QPushButton] = {}
        for key, (_kind, title, help_) in VERDICTS.items():
            verdict = QPushButton(f"{key}  {title}")
            verdict.setAccessibleName(title)
            verdict.setToolTip(f"{help_} Key {key}.")
            verdict.clicked.connect(partial(self._verdict, key))
            self.verdicts[key] = verdict
        self.open = QPushButton("Open in Label")
        self.open.setToolTip("Go to this very object. Key Enter, or a double click.")
        self.open.clicked.connect(lambda _checked=False: self._open(""))
        self._lay_out()

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Look at the mistakes of another evaluation."""
        if self._evaluation is None or self._evaluation.id != evaluation.id:
            self.classes.blockSignals(True)
            self.classes.clear()
            self.classes.addItem(ANY, "")
            for each in evaluation.per_class:
                self.classes.addItem(each.class_name, each.class_name)
            self.classes.blockSignals(False)
            self._cell = ("", "")
            self.narrowed.hide()
        self._evaluation = evaluation
        share = dict(evaluation.outcomes)
        for outcome, button in self.outcomes.items():
            button.setText(f"{OUTCOMES[outcome]}  {share.get(outcome, 0):,}")
            button.updateGeometry()
        self._ask()

    def show_cell(self, labelled: str, predicted: str) -> None:
        """Only what was labelled so and predicted so: one cell of the confusion matrix."""
        self._cell = (labelled, predicted)
        self.narrowed.setVisible(bool(labelled or predicted))
        self.narrowed.setText(f"{labelled or 'nothing'} → {predicted or 'nothing'}  ✕")
        self.narrowed.setAccessibleName("Show all cells again")
        if labelled or predicted:
            for outcome, button in self.outcomes.items():
                button.blockSignals(True)
                button.setChecked(
                    outcome
                    == (
                        "false_positive"
                        if not labelled
                        else "false_negative"
                        if not predicted
                        else "true_positive"
                        if labelled == predicted
                        else "confusion"
                    )
                )
                button.blockSignals(False)
        self._ask()

    def selected(self) -> list[Match]:
        """The objects that are chosen."""
        keys = self.sheet.selected_keys()
        return [match for key in keys if (match := self.source.match(key)) is not None]

    def put(self, match: Match) -> None:
        """Another state of an object."""
        self.source.put(match)
        self.sheet.replace_cell(cell_of(match))

    def step(self) -> None:
        """Go on to the next object."""
        self.sheet.set_current(self.sheet.current_index + 1)

    def query(self) -> MatchQuery:
        """What the filters stand for."""
        chosen: tuple[Outcome, ...] = tuple(
            outcome for outcome, button in self.outcomes.items() if button.isChecked()
        )
        return MatchQuery(
            outcomes=chosen,
            class_name=self.classes.currentData() or "",
            judged=self.which.currentData(),
            labelled=self._cell[0],
            predicted=self._cell[1],
        )

    def _ask(self) -> None:
        if self._evaluation is not None:
            self.source.show(self._evaluation.id, self.query())

    def _total(self, total: int) -> None:
        self.sheet.set_total(total)
        self.count.setText(counted(total, "object"))

    def _rows(self, offset: int, matches: Sequence[Match]) -> None:
        self.sheet.set_rows(offset, [cell_of(match) for match in matches])
        if offset == 0 and matches and self.sheet.current_index < 0:
            self.sheet.set_current(0)

    def _verdict(self, key: str, _checked: bool = False) -> None:
        kind: VerdictKind = VERDICTS[key][0]
        if chosen := self.selected():
            self.judged.emit(chosen, kind)

    def _open(self, key: str) -> None:
        match = self.source.match(key) if key else next(iter(self.selected()), None)
        if match is not None:
            self.opened.emit(match)

    def _lay_out(self) -> None:
        filters = QHBoxLayout()
        for button in self.outcomes.values():
            filters.addWidget(button)
        filters.addWidget(self.classes)
        filters.addWidget(self.which)
        filters.addWidget(self.narrowed)
        filters.addStretch(1)
        filters.addWidget(self.count)
        judging = QHBoxLayout()
        for verdict in self.verdicts.values():
            judging.addWidget(verdict)
        judging.addStretch(1)
        judging.addWidget(self.open)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.addLayout(filters)
        column.addWidget(self.sheet, 1)
        column.addLayout(judging)


class _Sheet(ContactSheet):
    """A contact sheet whose digit keys are verdicts."""

    verdict = Signal(str)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        if plain and event.text() in VERDICTS:
            self.verdict.emit(event.text())
            return
        super().keyPressEvent(event)
