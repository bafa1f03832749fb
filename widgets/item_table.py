"""A table of any length: rows are asked for as they come into sight."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from PySide6.QtCore import (
    QAbstractTableModel,
    QEvent,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from widgets.row_window import RowWindow

Index = QModelIndex | QPersistentModelIndex


class TableRow(Struct, frozen=True):
    """One row: its key, and a text for each column."""

    key: str
    texts: tuple[str, ...]


class RowModel(QAbstractTableModel):
    """Rows that are here; the others are blank until they come."""

    rows_wanted = Signal(int, int)

    def __init__(self, columns: Sequence[str], numbers: frozenset[int], parent: QWidget) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._numbers = numbers
        self._rows: RowWindow[TableRow] = RowWindow()
        self._needed: set[int] = set()
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(30)
        self._rest.timeout.connect(self._ask)

    def set_total(self, total: int) -> None:
        self.beginResetModel()
        self._rows.reset(total)
        self.endResetModel()

    def set_rows(self, offset: int, rows: Sequence[TableRow]) -> None:
        self._rows.put(offset, rows)
        if rows:
            last = self.index(offset + len(rows) - 1, len(self._columns) - 1)
            self.dataChanged.emit(self.index(offset, 0), last)

    def rows_failed(self, offset: int) -> None:
        self._rows.failed(offset)

    def row_at(self, index: int) -> TableRow | None:
        return self._rows.row(index)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else self._rows.total

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if role == Qt.ItemDataRole.TextAlignmentRole and index.column() in self._numbers:
            return int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        if role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        row = self._rows.row(index.row())
        if row is None:
            self._needed.add(index.row())
            self._rest.start()
            return "…" if index.column() == 0 and role == Qt.ItemDataRole.DisplayRole else None
        return row.texts[index.column()] if index.column() < len(row.texts) else ""

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section] if orientation == Qt.Orientation.Horizontal else f"{section + 1:,}"
        return None

    def _ask(self) -> None:
        needed, self._needed = self._needed, set()
        if needed:
            for offset, count in self._rows.missing(min(needed), max(needed)):
                self.rows_wanted.emit(offset, count)


class ItemTable(QTableView):
    """`rows_wanted(offset, count)` is answered by `set_rows`; Enter or a double click opens."""

    rows_wanted = Signal(int, int)
    selection_changed = Signal()
    opened = Signal(str)  # key

    def __init__(
        self,
        columns: Sequence[str],
        numbers: frozenset[int] = frozenset(),
        parent: QWidget | None = None,
        name: str = "Table",
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.rows = RowModel(columns, numbers, self)
        self.rows.rows_wanted.connect(self.rows_wanted)
        self.setModel(self.rows)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setAlternatingRowColors(True)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)  # or 100,000 are measured
        self.verticalHeader().hide()
        self.horizontalHeader().setStretchLastSection(True)
        self.horizontalHeader().setHighlightSections(False)
        self._follow_text_size()
        self.activated.connect(self._open)
        self.selectionModel().selectionChanged.connect(self._tell)

    def _follow_text_size(self) -> None:
        metrics = self.fontMetrics()
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 10)
        for column in range(self.rows.columnCount()):
            self.setColumnWidth(column, metrics.averageCharWidth() * (30 if column == 0 else 15))

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._follow_text_size()

    def set_total(self, total: int) -> None:
        """Another list, of `total` rows."""
        self.rows.set_total(total)
        self.selection_changed.emit()

    def set_rows(self, offset: int, rows: Sequence[TableRow]) -> None:
        """Rows from `offset` on, as they came."""
        self.rows.set_rows(offset, rows)

    def rows_failed(self, offset: int) -> None:
        """Rows did not come; they are asked for again when they are next in sight."""
        self.rows.rows_failed(offset)

    def selected_indices(self) -> list[int]:
        """The chosen rows by index."""
        return sorted({index.row() for index in self.selectionModel().selectedRows()})

    def selected_keys(self) -> list[str]:
        """The keys of the chosen rows that are loaded."""
        rows = (self.rows.row_at(index) for index in self.selected_indices())
        return [row.key for row in rows if row is not None]

    def set_current(self, index: int) -> None:
        """Choose one row and bring it into sight."""
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(self.rows.index(index, 0), flags)

    def _open(self, index: QModelIndex) -> None:
        if (row := self.rows.row_at(index.row())) is not None:
            self.opened.emit(row.key)

    def _tell(self) -> None:
        self.selection_changed.emit()
