"""The objects of a picture as a list: swatch and title, whether each is shown and locked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from widgets.canvas.drawables import ShapeStyle
from widgets.swatch import SIDE, swatch

Index = QModelIndex | QPersistentModelIndex
Roles = Qt.ItemDataRole
TITLES = ("Object", "Show", "Lock")
# Made once: Qt asks for them for every row, and joining two flags in Python takes a microsecond.
TITLE_FLAGS = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
TICK_FLAGS = TITLE_FLAGS | Qt.ItemFlag.ItemIsUserCheckable


class ObjectRow(Struct, frozen=True):
    """One object."""

    key: str
    title: str
    style: ShapeStyle
    shown: bool = True
    locked: bool = False


class ObjectModel(QAbstractTableModel):
    """Rows as they are given; ticks are reported, not taken."""

    ticked = Signal(str, str, bool)  # key, "shown" or "locked", value

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[ObjectRow, ...] = ()
        self.at: dict[str, int] = {}

    def set_rows(self, rows: tuple[ObjectRow, ...]) -> None:
        if rows is self.rows:
            return
        if [row.key for row in rows] == [row.key for row in self.rows]:
            old, self.rows = self.rows, rows
            for number, (was, now) in enumerate(zip(old, rows, strict=True)):
                if was != now:
                    self.dataChanged.emit(self.index(number, 0), self.index(number, 2))
            return
        before = len(self.rows)
        if 0 < before < len(rows) and rows[:before] == self.rows:
            self.beginInsertRows(QModelIndex(), before, len(rows) - 1)
            self.rows = rows
            self.at.update({row.key: number for number, row in enumerate(rows[before:], before)})
            self.endInsertRows()
            return
        self.beginResetModel()
        self.rows = rows
        self.at = {row.key: number for number, row in enumerate(rows)}
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def flags(self, index: Index) -> Qt.ItemFlag:
        return TICK_FLAGS if index.column() else TITLE_FLAGS

    def data(self, index: Index, role: int = Roles.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if column == 0:
            match role:
                case Roles.DisplayRole | Roles.ToolTipRole:
                    return row.title
                case Roles.DecorationRole:
                    return swatch(row.style)
        elif role == Roles.CheckStateRole:
            on = row.shown if column == 1 else row.locked
            return Qt.CheckState.Checked if on else Qt.CheckState.Unchecked
        elif role in (Roles.AccessibleTextRole, Roles.ToolTipRole):
            return f"{'Show' if column == 1 else 'Lock'} {row.title}"
        return None

    def setData(self, index: Index, value: Any, role: int = Roles.EditRole) -> bool:
        if role != Roles.CheckStateRole or index.column() == 0:
            return False
        on = Qt.CheckState(value) == Qt.CheckState.Checked
        self.ticked.emit(self.rows[index.row()].key, "shown" if index.column() == 1 else "locked", on)
        return True

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Roles.DisplayRole) -> Any:
        if role == Roles.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return TITLES[section]
        return None


class ObjectList(QTableView):
    """Virtual: 10,000 rows cost what is seen of them (a tree would ask for each at every layout)."""

    selection_made = Signal(object)  # the keys a person selected, a frozenset
    ticked = Signal(str, str, bool)
    activated_key = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Objects")
        self.model_of_rows = ObjectModel(self)
        self.model_of_rows.ticked.connect(self.ticked)
        self.setModel(self.model_of_rows)
        self.setShowGrid(False)
        self.setTabKeyNavigation(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.verticalHeader().hide()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.setIconSize(QSize(SIDE, SIDE))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(40)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in (1, 2):
            header.setSectionResizeMode(column, QHeaderView.ResizeMode.Fixed)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self._follow_text_size()
        self.activated.connect(
            lambda index: self.activated_key.emit(self.model_of_rows.rows[index.row()].key)
        )
        self._quiet = False
        self.selectionModel().selectionChanged.connect(self._tell)

    def _follow_text_size(self) -> None:
        metrics = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(max(metrics.height(), SIDE) + 4)
        for column in (1, 2):
            self.horizontalHeader().resizeSection(column, metrics.horizontalAdvance("Show") + 22)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._follow_text_size()

    def set_rows(self, rows: Sequence[ObjectRow]) -> None:
        """Show these."""
        self._quiet = True
        self.model_of_rows.set_rows(tuple(rows))
        self._quiet = False

    def set_selection(self, keys: frozenset[str]) -> None:
        """Select rows and bring the first into sight; says nothing."""
        self._quiet = True
        chosen = QItemSelection()
        at = sorted(self.model_of_rows.at[key] for key in keys if key in self.model_of_rows.at)
        for number in at:
            chosen.select(self.model_of_rows.index(number, 0), self.model_of_rows.index(number, 2))
        self.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if at:
            self.executeDelayedItemsLayout()  # without it a row that has just come is beyond the end
            self.scrollTo(self.model_of_rows.index(at[0], 0))
        self._quiet = False

    def _tell(self) -> None:
        if not self._quiet:
            rows = self.model_of_rows.rows
            self.selection_made.emit(
                frozenset(rows[i.row()].key for i in self.selectionModel().selectedRows())
            )
