"""What something was made from, and what was made from it, walked a step at a time."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QGroupBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.domain.wire.jobs import Lineage, LineageNode
from studio.pages.train.saying import ago, moment

_NODE = Qt.ItemDataRole.UserRole


class LineageView(QGroupBox):
    """`walked(kind, id)` when a neighbour is entered: the next one to ask the node about."""

    walked = Signal(str, str)

    def __init__(self) -> None:
        super().__init__("Lineage")
        self.here = QLabel("Choose a release or a service, and press Lineage.")
        self.here.setTextFormat(Qt.TextFormat.PlainText)
        self.here.setWordWrap(True)
        self.here.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.made_from = _List("Made from")
        self.used_in = _List("Used in")
        row = QHBoxLayout(self)
        row.addWidget(_titled("Made from", self.made_from), 1)
        row.addWidget(self.here, 1)
        row.addWidget(_titled("Used in", self.used_in), 1)
        for each in (self.made_from, self.used_in):
            each.itemActivated.connect(self._walk)
            each.itemClicked.connect(self._walk)

    def show_lineage(self, lineage: Lineage) -> None:
        """Stand at `lineage.of`."""
        self.here.setText(words_of(lineage.of))
        self.here.setToolTip(moment(lineage.of.time_ns) if lineage.of.time_ns else "")
        self.made_from.show_nodes(lineage.made_from)
        self.used_in.show_nodes(lineage.used_in)

    def _walk(self, row: QListWidgetItem) -> None:
        node: LineageNode = row.data(_NODE)
        self.walked.emit(node.kind, node.id)


class _List(QListWidget):
    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setMaximumHeight(150)

    def show_nodes(self, nodes: tuple[LineageNode, ...]) -> None:
        self.clear()
        for node in nodes:
            row = QListWidgetItem(words_of(node))
            row.setData(_NODE, node)
            self.addItem(row)


def words_of(node: LineageNode) -> str:
    """A thing in the lineage, in words."""
    when = f", {ago(node.time_ns)}" if node.time_ns else ""
    return f"{node.kind.capitalize()}: {node.title or node.id[:8]}{when}"


def _titled(title: str, inside: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.addWidget(QLabel(title))
    column.addWidget(inside)
    return box
