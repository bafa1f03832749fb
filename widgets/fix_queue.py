"""A queue of findings: what is hardly right, each with the way to mend it; any number of rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QMenu,
    QPushButton,
    QTableView,
    QVBoxLayout,
    QWidget,
)

Index = QModelIndex | QPersistentModelIndex
Roles = Qt.ItemDataRole
SIGNS = {"error": ("●", "#e53935"), "warning": ("▲", "#f9a825"), "note": ("○", "#78909c")}


class FixRow(Struct, frozen=True):
    """One finding."""

    key: str
    place: str  # "frame 12"
    title: str  # of what it is about: "Car #2"
    words: str  # what goes on from there: "floats 0.4 m over the ground."
    severity: str = "warning"  # error, warning, note
    proposal: str = ""  # what mending would do; empty: nothing is proposed

    @property
    def sentence(self) -> str:
        return f"{self.title} {self.words}"


class FixModel(QAbstractTableModel):
    """Rows as they are given."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.rows: tuple[FixRow, ...] = ()

    def set_rows(self, rows: Sequence[FixRow]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else 3

    def data(self, index: Index, role: int = Roles.DisplayRole) -> Any:
        row = self.rows[index.row()]
        sign, color = SIGNS[row.severity]
        match role:
            case Roles.DisplayRole:
                return (sign, row.place, row.sentence)[index.column()]
            case Roles.ForegroundRole if index.column() == 0:
                return QColor(color)
            case Roles.ToolTipRole:
                return row.sentence + (f"\nMend: {row.proposal}" if row.proposal else "")
            case Roles.AccessibleTextRole:
                return f"{row.severity}, {row.place}, {row.sentence}"
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Roles.DisplayRole) -> Any:
        if role == Roles.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return ("", "Where", "What")[section]
        return None


class FixQueue(QWidget):
    """`opened(key)` asks to go there, `mend_wanted(key)` to carry out what is proposed, `ignored(key)` to
    leave it; `check_wanted` to look again."""

    opened = Signal(str)
    mend_wanted = Signal(str)
    ignored = Signal(str)
    check_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = FixModel(self)
        self.table = QTableView()
        self.table.setAccessibleName("Findings of the sequence")
        self.table.setModel(self.model)
        self.table.verticalHeader().hide()
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setShowGrid(False)
        self.table.setWordWrap(True)  # in rows of two lines; what is longer ends in an ellipsis
        self.table.verticalHeader().setDefaultSectionSize(2 * self.fontMetrics().lineSpacing() + 6)
        self.table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.table.customContextMenuRequested.connect(self._offer)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.Stretch)
        self.table.selectionModel().currentRowChanged.connect(lambda now, _before: self._moved(now))
        self.table.activated.connect(self._moved)
        self.words = QLabel("Not looked at yet")
        self.words.setWordWrap(True)
        self.mend = QPushButton("Mend")
        self.skip = QPushButton("Ignore")
        self.look = QPushButton("Check")
        self.look.setAccessibleName("Check the sequence")
        self.mend.clicked.connect(lambda: self._send(self.mend_wanted))
        self.skip.clicked.connect(lambda: self._send(self.ignored))
        self.look.clicked.connect(self.check_wanted)
        across = QHBoxLayout()
        for button in (self.look, self.mend, self.skip):
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)  # a click must not take the keys from the views
            across.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.words)
        layout.addWidget(self.table, 1)
        layout.addLayout(across)
        self.table.setMinimumHeight(6 * self.table.fontMetrics().height())
        self._show_buttons()

    def sizeHint(self) -> QSize:
        return QSize(240, 8 * self.fontMetrics().height())

    def set_rows(self, rows: Sequence[FixRow], words: str) -> None:
        """Other findings; the place in the queue is kept, so that mending goes on with the next."""
        at = self.table.currentIndex().row()
        blocked = self.table.selectionModel().blockSignals(True)
        self.model.set_rows(rows)
        if rows and at >= 0:
            self.table.selectRow(min(at, len(rows) - 1))
        self.table.selectionModel().blockSignals(blocked)
        self.words.setText(words)
        self._show_buttons()

    def current(self) -> FixRow | None:
        """The finding that is chosen."""
        at = self.table.currentIndex().row()
        return self.model.rows[at] if 0 <= at < len(self.model.rows) else None

    def _moved(self, index: Index) -> None:
        self._show_buttons()
        if index.isValid():
            self.opened.emit(self.model.rows[index.row()].key)

    def _send(self, signal: Any) -> None:
        if (row := self.current()) is not None:
            signal.emit(row.key)

    def _show_buttons(self) -> None:
        row = self.current()
        self.mend.setEnabled(row is not None and bool(row.proposal))
        self.mend.setToolTip(row.proposal if row is not None else "")
        self.skip.setEnabled(row is not None)

    def _offer(self, at: QPoint) -> None:
        row = self.current()
        if row is None:
            return
        menu = QMenu(self)
        if row.proposal:
            menu.addAction(row.proposal, lambda: self.mend_wanted.emit(row.key))
        menu.addAction("Ignore", lambda: self.ignored.emit(row.key))
        menu.exec(self.table.viewport().mapToGlobal(at))
