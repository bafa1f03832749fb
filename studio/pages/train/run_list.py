"""The history of runs; two can be chosen to lay their curves over each other."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeWidget, QTreeWidgetItem

from studio.domain.wire.training import Run
from studio.pages.train.saying import LIVE, STATES, figure_of, title_of
from studio.shell.moments import ago, moment

_RUN = Qt.ItemDataRole.UserRole


class RunList(QTreeWidget):
    """Runs, newest first. `chosen` carries the Runs that are selected, the current one first."""

    chosen = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Runs")
        self.setHeaderLabels(["Run", "State", "When"])
        self.setRootIsDecorated(False)
        self.setUniformRowHeights(True)
        self.setAlternatingRowColors(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            self.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(False)
        self.setTextElideMode(Qt.TextElideMode.ElideRight)
        self.itemSelectionChanged.connect(self._say)
        self._runs: dict[str, QTreeWidgetItem] = {}

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Fill the list; what is selected stays selected."""
        kept = {run.id for run in self.selected()}
        self.blockSignals(True)
        self.clear()
        self._runs = {}
        for run in sorted(runs, key=lambda each: -each.created_ns):
            row = QTreeWidgetItem()
            self._fill(row, run)
            self.addTopLevelItem(row)
            self._runs[run.id] = row
            row.setSelected(run.id in kept)
        self.blockSignals(False)

    def update_run(self, run: Run) -> None:
        """Another state of a run that is listed."""
        if row := self._runs.get(run.id):
            self._fill(row, run)

    def select(self, key: str) -> None:
        """Choose one run, as a click would."""
        if row := self._runs.get(key):
            self.setCurrentItem(row)

    def selected(self) -> list[Run]:
        """The runs that are selected, the current one first."""
        found: list[Run] = [row.data(0, _RUN) for row in self.selectedItems()]
        current = self.currentItem()
        if current is not None:
            found.sort(key=lambda run: run.id != current.data(0, _RUN).id)
        return found

    def _fill(self, row: QTreeWidgetItem, run: Run) -> None:
        row.setData(0, _RUN, run)
        row.setText(0, title_of(run))
        row.setText(1, figure_of(run) if run.state == "done" else STATES[run.state])
        row.setText(2, ago(run.created_ns))
        for column in range(3):
            row.setToolTip(
                column, f"{title_of(run)}\n{STATES[run.state]}\nby {run.author}, {moment(run.created_ns)}"
            )
            font = row.font(column)
            font.setBold(run.state in LIVE)
            row.setFont(column, font)

    def _say(self) -> None:
        self.chosen.emit(self.selected())
