"""A list of things to tick: the whole row is the target, not the small box alone."""

from __future__ import annotations

from PySide6.QtCore import QAbstractItemModel, QEvent, QModelIndex, QPersistentModelIndex, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QListWidget, QStyledItemDelegate, QStyleOptionViewItem

_Index = QModelIndex | QPersistentModelIndex


class TickList(QListWidget):
    """Click a row, or press Space on it; `itemChanged` tells. Nothing is ever selected besides."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        self.setItemDelegate(_WholeRow(self))


class _WholeRow(QStyledItemDelegate):
    def editorEvent(
        self, event: QEvent, model: QAbstractItemModel, option: QStyleOptionViewItem, index: _Index
    ) -> bool:
        if not index.flags() & Qt.ItemFlag.ItemIsUserCheckable:
            return False
        match event:
            case QMouseEvent() if event.button() == Qt.MouseButton.LeftButton:
                turns = event.type() == QEvent.Type.MouseButtonRelease
            case QKeyEvent():
                turns = event.key() in (Qt.Key.Key_Space, Qt.Key.Key_Select)
            case _:
                return False
        if turns:
            on = Qt.CheckState(index.data(Qt.ItemDataRole.CheckStateRole)) == Qt.CheckState.Checked
            model.setData(
                index,
                Qt.CheckState.Unchecked if on else Qt.CheckState.Checked,
                Qt.ItemDataRole.CheckStateRole,
            )
        return turns
