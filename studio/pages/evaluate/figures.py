"""The key figures of an evaluation, with the split that they were measured on; beside another one's."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.domain.wire.evaluation import Evaluation
from studio.pages.evaluate.saying import FIGURES, OF_BOXES, by_name


class Figures(QWidget):
    """A tile for each figure that the shown evaluation has; before there is one, those of boxes."""

    def __init__(self) -> None:
        super().__init__()
        self._values: dict[str, QLabel] = {}
        self._tiles: dict[str, QFrame] = {}
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(8)
        for name, title, help_ in FIGURES:
            tile = QFrame()
            tile.setFrameShape(QFrame.Shape.StyledPanel)
            tile.setToolTip(help_)
            value = QLabel("–")
            font = value.font()
            font.setPointSizeF(font.pointSizeF() * 1.6)
            font.setBold(True)
            value.setFont(font)
            value.setAccessibleName(title)
            under = QLabel(title)
            column = QVBoxLayout(tile)
            column.setContentsMargins(12, 6, 12, 6)
            column.addWidget(value, 0, Qt.AlignmentFlag.AlignCenter)
            column.addWidget(under, 0, Qt.AlignmentFlag.AlignCenter)
            row.addWidget(tile, 1)
            self._values[name] = value
            self._tiles[name] = tile
            tile.setVisible(name in OF_BOXES)

    def show_evaluation(self, evaluation: Evaluation) -> None:
        """Fill the tiles."""
        held = dict(evaluation.metrics)
        for name, tile in self._tiles.items():
            tile.setVisible(name in (held or OF_BOXES))
        for name, label in self._values.items():
            label.setText(f"{held[name]:.3f}" if name in held else "–")
            label.setAccessibleDescription(label.text())


class FigureTable(QTreeWidget):
    """Figures by class and by slice, each with its n; a column can be sorted by."""

    def __init__(self, name: str, titles: tuple[str, ...]) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setHeaderLabels(list(titles))
        self.setRootIsDecorated(False)
        self.setAlternatingRowColors(True)
        self.setSortingEnabled(True)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for column in range(1, len(titles)):
            self.header().setSectionResizeMode(column, QHeaderView.ResizeMode.ResizeToContents)
        self.header().setStretchLastSection(False)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)

    def show_rows(self, rows: list[tuple[str | float | int | None, ...]]) -> None:
        """One row for each tuple; numbers are sorted as numbers, and None says that there is no figure."""
        self.setSortingEnabled(False)
        self.clear()
        for values in rows:
            row = _Row()
            for column, value in enumerate(values):
                row.setText(column, _text_of(value))
                row.setData(column, Qt.ItemDataRole.UserRole, value)
                if not isinstance(value, str):
                    row.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            self.addTopLevelItem(row)
        self.setSortingEnabled(True)


def _text_of(value: str | float | int | None) -> str:
    match value:
        case None:
            return "–"
        case float():
            return f"{value:.3f}"
        case int():
            return f"{value:,}"
        case _:
            return value


class _Row(QTreeWidgetItem):
    def __lt__(self, other: QTreeWidgetItem) -> bool:
        tree = self.treeWidget()
        column = tree.sortColumn() if tree is not None else 0
        mine, theirs = (each.data(column, Qt.ItemDataRole.UserRole) for each in (self, other))
        if isinstance(mine, str) or isinstance(theirs, str):
            return by_name(str(mine)) < by_name(str(theirs))
        return bool((-1 if mine is None else mine) < (-1 if theirs is None else theirs))
