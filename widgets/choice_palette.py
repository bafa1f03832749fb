"""A searchable list of choices, each with its swatch and the key that chooses it."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from PySide6.QtCore import QEvent, QObject, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QHeaderView,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from widgets.canvas.drawables import ShapeStyle
from widgets.swatch import SIDE, swatch

NAME = Qt.ItemDataRole.UserRole


class Choice(Struct, frozen=True):
    """One choice; `key` is shown beside it."""

    name: str
    title: str
    key: str = ""
    style: ShapeStyle | None = None
    depth: int = 0
    help: str = ""


class ChoicePalette(QWidget):
    """`chosen(name)` when a person picks one. Typing narrows the list, Enter takes its first."""

    chosen = Signal(str)

    def __init__(self, name: str, nothing: str = "", parent: QWidget | None = None) -> None:
        """nothing: what is said where there is no choice."""
        super().__init__(parent)
        self.search = QLineEdit()
        self.search.setPlaceholderText("Search …")
        self.search.setAccessibleName(f"Search in {name}")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(self._narrow)
        self.search.returnPressed.connect(self._take_first)
        self.search.installEventFilter(self)
        self.tree = QTreeWidget()
        self.tree.setAccessibleName(name)
        self.tree.setColumnCount(2)
        self.tree.setHeaderHidden(True)
        self.tree.setRootIsDecorated(False)
        self.tree.setUniformRowHeights(True)
        self.tree.setIconSize(QSize(SIDE, SIDE))
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.ResizeToContents)
        self.tree.itemClicked.connect(self._take)
        self.tree.itemActivated.connect(self._take)
        self.none = QLabel(nothing)
        self.none.setWordWrap(True)
        self.none.setVisible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.search)
        layout.addWidget(self.none)
        layout.addWidget(self.tree)
        self._items: dict[str, QTreeWidgetItem] = {}

    def set_choices(self, choices: Sequence[Choice]) -> None:
        """Offer these, in this order."""
        self.none.setVisible(not choices)
        self.search.setVisible(bool(choices))
        self.tree.setVisible(bool(choices))
        self.tree.clear()
        self._items = {}
        for choice in choices:
            item = QTreeWidgetItem(["    " * choice.depth + choice.title, choice.key])
            item.setData(0, NAME, choice.name)
            item.setToolTip(0, choice.help or choice.title)
            item.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            item.setData(
                0,
                Qt.ItemDataRole.AccessibleTextRole,
                f"{choice.title}, key {choice.key}" if choice.key else choice.title,
            )
            if choice.style is not None:
                item.setIcon(0, swatch(choice.style))
            self.tree.addTopLevelItem(item)
            self._items[choice.name] = item
        self.search.setVisible(len(choices) > 7)
        self._narrow(self.search.text())

    def set_current(self, name: str) -> None:
        """Mark a choice; says nothing."""
        if name in self._items:
            self.tree.setCurrentItem(self._items[name])
        else:
            self.tree.clearSelection()

    def current(self) -> str:
        item = self.tree.currentItem()
        return str(item.data(0, NAME)) if item is not None else ""

    def _take(self, item: QTreeWidgetItem) -> None:
        self.chosen.emit(item.data(0, NAME))

    def _take_first(self) -> None:
        shown = [item for item in self._items.values() if not item.isHidden()]
        if shown:
            self.tree.setCurrentItem(shown[0])
            self._take(shown[0])
            self.search.clear()

    def _narrow(self, text: str) -> None:
        for item in self._items.values():
            item.setHidden(text.strip().lower() not in item.text(0).lower())

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Down:
                self.tree.setFocus()
                return True
            if event.key() == Qt.Key.Key_Escape:
                self.search.clear()
                return True
        return super().eventFilter(watched, event)
