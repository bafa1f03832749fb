"""Groups and what is in them as a tree; branches are asked for when they are opened, some rows at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from msgspec import Struct
from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView, QWidget

Index = QModelIndex | QPersistentModelIndex
Roles = Qt.ItemDataRole
AT_ONCE = 500  # rows of a branch that are made before somebody scrolls on


class GroupRow(Struct, frozen=True):
    """A group, or a member of one."""

    key: str  # of the group, or of the membership
    title: str
    detail: str = ""  # how many members, or the role
    target: str = ""  # what a member is; empty for a group at the top
    opens: bool = False  # whether there is something in it
    color: str = ""  # in which it is drawn, where that is its own


class _Node:
    """A row that was asked for, with those below it as far as they were."""

    def __init__(self, row: GroupRow, parent: _Node | None, place: int) -> None:
        self.row = row
        self.parent = parent
        self.place = place
        self.below: list[_Node] = []
        self.rows: Sequence[GroupRow] | None = None  # of all below; None: not asked for yet

    @property
    def is_waiting(self) -> bool:
        """Whether there are rows below that were not made yet."""
        return self.rows is not None and len(self.below) < len(self.rows)


class LazyRows(Sequence[GroupRow]):
    """Rows that are made when they are looked at: most of many never are."""

    def __init__(self, things: Sequence[Any], row: Callable[[Any], GroupRow]) -> None:
        self._things = things
        self._row = row

    def __len__(self) -> int:
        return len(self._things)

    @overload
    def __getitem__(self, place: int) -> GroupRow: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[GroupRow]: ...

    def __getitem__(self, place: int | slice) -> GroupRow | Sequence[GroupRow]:
        if isinstance(place, slice):
            return [self._row(each) for each in self._things[place]]
        return self._row(self._things[place])


class GroupModel(QAbstractItemModel):
    """Rows by way of `children(key of a group)`; `key` is the group that a row stands for."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._root = _Node(GroupRow("", ""), None, 0)
        self._root.rows = ()
        self._children: Callable[[str], Sequence[GroupRow]] = lambda key: ()

    def set_rows(self, roots: Sequence[GroupRow], children: Callable[[str], Sequence[GroupRow]]) -> None:
        self.beginResetModel()
        self._children = children
        self._root = _Node(GroupRow("", ""), None, 0)
        self._root.rows = roots
        self.endResetModel()

    def row_at(self, index: Index) -> GroupRow | None:
        return self._node(index).row if index.isValid() else None

    def _node(self, index: Index) -> _Node:
        found: Any = index.internalPointer() if index.isValid() else None
        return found if isinstance(found, _Node) else self._root

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:
        node = self._node(parent)
        if 0 <= row < len(node.below) and 0 <= column < 2:
            return self.createIndex(row, column, node.below[row])
        return QModelIndex()

    def parent(self, index: Index = QModelIndex()) -> QModelIndex:  # type: ignore[override]  # Qt has two of them
        above = self._node(index).parent
        if above is None or above is self._root:
            return QModelIndex()
        return self.createIndex(above.place, 0, above)

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return len(self._node(parent).below)

    def columnCount(self, parent: Index = QModelIndex()) -> int:
        return 2

    def hasChildren(self, parent: Index = QModelIndex()) -> bool:
        node = self._node(parent)
        return bool(node.rows) if node is self._root else node.row.opens

    def canFetchMore(self, parent: Index) -> bool:
        node = self._node(parent)
        return node.row.opens if node.rows is None else node.is_waiting

    def fetchMore(self, parent: Index) -> None:
        node = self._node(parent)
        if node.rows is None:
            node.rows = self._children(node.row.target or node.row.key)
        first = len(node.below)
        some = node.rows[first : first + AT_ONCE]
        if some:
            at = parent if isinstance(parent, QModelIndex) else QModelIndex(parent)
            self.beginInsertRows(at, first, first + len(some) - 1)
            node.below += [_Node(row, node, first + number) for number, row in enumerate(some)]
            self.endInsertRows()

    def data(self, index: Index, role: int = Roles.DisplayRole) -> Any:
        if not index.isValid():
            return None
        row = self._node(index).row
        if role == Roles.DisplayRole:
            return row.detail if index.column() else row.title
        if role == Roles.DecorationRole and row.color and not index.column():
            return QColor(row.color)
        if role == Roles.AccessibleTextRole:
            return ", ".join(part for part in (row.title, row.detail) if part)
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Roles.DisplayRole) -> Any:
        if role == Roles.DisplayRole and orientation == Qt.Orientation.Horizontal:
            return ("Group", "Members")[section]
        return None


class GroupTree(QTreeView):
    """Reports what is chosen: `chosen` carries the rows."""

    chosen = Signal(object)  # list of GroupRow

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Groups")
        self.setUniformRowHeights(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setModel(GroupModel(self))
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Interactive)
        header.resizeSection(1, 12 * self.fontMetrics().averageCharWidth())
        self.selectionModel().selectionChanged.connect(lambda _on, _off: self.chosen.emit(self.rows()))

    def sizeHint(self) -> QSize:
        return QSize(240, 5 * self.fontMetrics().height())

    def set_rows(self, roots: Sequence[GroupRow], children: Callable[[str], Sequence[GroupRow]]) -> None:
        """Other groups; what was open and chosen is so again, where it is still there."""
        opened = {row.key for index in self._all() if self.isExpanded(index) and (row := self._row(index))}
        chosen = {row.key for row in self.rows()}
        blocked = self.selectionModel().blockSignals(True)
        self._model().set_rows(roots, children)
        self._model().fetchMore(QModelIndex())
        for index in self._all():
            if (row := self._row(index)) is None:
                continue
            if row.key in opened:
                self._model().fetchMore(index)
                self.setExpanded(index, True)
            if row.key in chosen:
                flags = self.selectionModel().SelectionFlag
                self.selectionModel().select(index, flags.Select | flags.Rows)
        self.selectionModel().blockSignals(blocked)

    def choose_none(self) -> None:
        """Nothing is chosen any more; nobody is told."""
        blocked = self.selectionModel().blockSignals(True)
        self.clearSelection()
        self.selectionModel().blockSignals(blocked)
        self.viewport().update()

    def rows(self) -> list[GroupRow]:
        """What is chosen."""
        found = [self._row(index) for index in self.selectionModel().selectedRows()]
        return [row for row in found if row is not None]

    def _model(self) -> GroupModel:
        model = self.model()
        assert isinstance(model, GroupModel)
        return model

    def _row(self, index: Index) -> GroupRow | None:
        return self._model().row_at(index)

    def _all(self) -> list[QModelIndex]:
        """The rows that were made so far at the top and one level below."""
        model = self._model()
        tops = [model.index(number, 0) for number in range(model.rowCount())]
        return tops + [model.index(number, 0, top) for top in tops for number in range(model.rowCount(top))]
