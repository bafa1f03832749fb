"""The page of keys: everything that can be done, with its keys, searchable; made from the actions."""

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtGui import QKeySequence, QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLineEdit,
    QTreeView,
    QVBoxLayout,
    QWidget,
)

from studio.shell.actions import Actions


class KeyHelp(QDialog):
    """All commands by scope, with every key that they have."""

    def __init__(self, actions: Actions, titles: dict[str, str], parent: QWidget) -> None:
        """titles: what a scope is called, by scope."""
        super().__init__(parent)
        self.setWindowTitle("Keys")
        model = QStandardItemModel(0, 3, self)
        model.setHorizontalHeaderLabels(["Command", "Keys", "What it does"])
        groups: dict[str, QStandardItem] = {}
        for bound in actions.all():
            scope = bound.command.scope
            if scope not in groups:
                groups[scope] = QStandardItem(titles.get(scope, scope.capitalize()))
                model.appendRow([groups[scope], QStandardItem(), QStandardItem()])
            keys = ", ".join(
                QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText)
                for key in bound.command.keys
            )
            groups[scope].appendRow(
                [QStandardItem(bound.command.title), QStandardItem(keys), QStandardItem(bound.command.help)]
            )
        shown = QSortFilterProxyModel(self)
        shown.setSourceModel(model)
        shown.setRecursiveFilteringEnabled(True)
        shown.setFilterCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        shown.setFilterKeyColumn(-1)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search commands and keys")
        self.search.setAccessibleName("Search commands and keys")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(shown.setFilterFixedString)
        self.table = QTreeView()
        self.table.setAccessibleName("Commands and their keys")
        self.table.setModel(shown)
        self.table.setEditTriggers(QTreeView.EditTrigger.NoEditTriggers)
        self.table.setAlternatingRowColors(True)
        self.table.setUniformRowHeights(True)
        self.table.expandAll()
        self.table.header().setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        shown.layoutChanged.connect(self.table.expandAll)
        self.search.textChanged.connect(lambda _text: self.table.expandAll())
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(self.search)
        column.addWidget(self.table)
        column.addWidget(buttons)
        self.resize(820, 620)
