"""A confusion matrix: rows are what was labelled, columns what was predicted; a cell can be chosen."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableWidget, QTableWidgetItem, QWidget

NOTHING = "nothing"


class ConfusionMatrix(QTableWidget):
    """`chosen(labelled, predicted)` when a cell is clicked; the last row and column are "nothing"."""

    chosen = Signal(str, str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Confusion matrix")
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.horizontalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        self.setCornerButtonEnabled(False)
        self._names: tuple[str, ...] = ()
        self._counts: tuple[tuple[int, ...], ...] = ()
        self.cellClicked.connect(self._choose)
        self.cellActivated.connect(self._choose)

    def show_matrix(self, classes: Sequence[str], counts: Sequence[Sequence[int]]) -> None:
        """counts[labelled][predicted]; the diagonal is right, everything else is a mistake.

        `counts` has one row and one column more than there are classes: for nothing.
        """
        self._names = (*classes, "")
        self._counts = tuple(tuple(row) for row in counts)
        titles = [name or NOTHING for name in self._names]
        self.setRowCount(len(titles))
        self.setColumnCount(len(titles))
        self.setVerticalHeaderLabels([f"{name}  →" for name in titles])
        self.setHorizontalHeaderLabels(titles)
        for row, values in enumerate(self._counts):
            for column, count in enumerate(values):
                item = QTableWidgetItem(f"{count:,}" if count else "·")
                item.setTextAlignment(Qt.AlignmentFlag.AlignCenter)
                said = f"{titles[row]} predicted as {titles[column]}: {count:,}"
                item.setToolTip(said)
                item.setData(Qt.ItemDataRole.AccessibleTextRole, said)
                self.setItem(row, column, item)
        self._shade()

    def _shade(self) -> None:
        base = self.palette().color(QPalette.ColorRole.Base)
        text = self.palette().color(QPalette.ColorRole.Text)
        for row, values in enumerate(self._counts):
            total = sum(values) or 1
            for column, count in enumerate(values):
                tint = QColor("#2e9d4a") if row == column else QColor("#d9480f")
                item = self.item(row, column)
                if item is not None:
                    item.setBackground(_mixed(base, tint, 0.65 * (count / total) ** 0.5))
                    item.setForeground(text)

    def _choose(self, row: int, column: int) -> None:
        if row < len(self._names) and column < len(self._names):
            self.chosen.emit(self._names[row], self._names[column])

    def sizeHint(self) -> QSize:
        return QSize(420, 260)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            self._shade()


def _mixed(base: QColor, tint: QColor, share: float) -> QColor:
    return QColor.fromRgbF(
        base.redF() * (1 - share) + tint.redF() * share,
        base.greenF() * (1 - share) + tint.greenF() * share,
        base.blueF() * (1 - share) + tint.blueF() * share,
    )
