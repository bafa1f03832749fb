"""What something was made from and what was made from it, walked a step at a time, beside any page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QDockWidget,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QMenu,
    QPushButton,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.ids import ImportId, ItemId, PoolId, SnapshotId
from studio.domain.wire import routes
from studio.domain.wire.jobs import Lineage, LineageNode
from studio.domain.wire.projects import ItemQuery
from studio.shell.elided import Elided
from studio.shell.icons import icon, set_icon
from studio.shell.moments import ago, moment
from studio.shell.page import Desk, Place

_NODE = Qt.ItemDataRole.UserRole
_ICONS = {
    "snapshot": "history",
    "run": "train",
    "model": "star",
    "evaluation": "evaluate",
    "release": "release",
    "service": "connection",
    "pool": "flag",
    "suite": "lock",
    "item": "image",
    "items": "data",
    "import": "import",
}
Thing = tuple[str, str]  # kind and id


class LineageDock(QDockWidget):
    """Stays beside the pages while they change: who clicks on a neighbour is taken to it, and walks on."""

    def __init__(self, desk: Desk) -> None:
        super().__init__("Lineage")
        self.setObjectName("dock.lineage")
        self.setAccessibleName("Lineage")
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._project = ""
        self._behind: list[Thing] = []  # where one came from
        self._here: LineageNode | None = None
        self.back = QPushButton("Back")
        set_icon(self.back, "previous")
        self.back.setToolTip("To where you came from")
        self.back.clicked.connect(lambda _checked=False: self._go_back())
        self.show_here = QPushButton("Show it")
        self.show_here.setToolTip("Go to its page")
        self.show_here.clicked.connect(lambda _checked=False: self._go_to(self._here))
        self.view = LineageView((self.back, self.show_here))
        self.view.walked.connect(self._walk)
        self.setWidget(self.view)
        desk.project_changed.connect(lambda _project: self._project_changed())

    def show_lineage(self, kind: str, key: str) -> None:
        """Stand at a thing; a new walk begins there."""
        self._behind.clear()
        self.show()
        self.raise_()
        self._fetch(kind, key)

    def _walk(self, node: LineageNode) -> None:
        """On to a neighbour, and to the page that shows it."""
        here = self._here
        self._go_to(node)
        if node.kind != "items" and here is not None:
            self._behind.append((here.kind, here.id))
            self._fetch(node.kind, node.id)

    def _go_back(self) -> None:
        if self._behind:
            self._fetch(*self._behind.pop(), go=True)

    def _go_to(self, node: LineageNode | None) -> None:
        if node is not None and self._here is not None:
            self._desk.go(place_of(node, self._here))

    def _fetch(self, kind: str, key: str, go: bool = False) -> None:
        project = self._desk.project
        if project is None or not self._desk.is_connected:
            return
        client = self._desk.client
        self._project = project.id
        self._calls.start(
            "lineage",
            lambda _call: client.call(routes.LINEAGE, project=project.id, kind=kind, id=key),
            partial(self._show, go),
        )

    def _show(self, go: bool, lineage: Lineage) -> None:
        self._here = lineage.of
        self.back.setEnabled(bool(self._behind))
        self.view.show_lineage(lineage)
        if go:
            self._go_to(lineage.of)

    def _project_changed(self) -> None:
        project = self._desk.project
        if project is None or project.id != self._project:
            self._calls.cancel_all()
            self.hide()


class LineageView(QWidget):
    """`walked(LineageNode)` when a neighbour is chosen. `buttons` stand below what one is at."""

    walked = Signal(object)

    def __init__(self, buttons: Sequence[QPushButton] = ()) -> None:
        super().__init__()
        self.kind = QLabel()
        self.title = Elided()
        self.title.setAccessibleName("Standing at")
        font = self.title.font()
        font.setBold(True)
        self.title.setFont(font)
        self.when = QLabel()
        for label in (self.kind, self.title, self.when):
            label.setTextFormat(Qt.TextFormat.PlainText)
        self.made_from = _Neighbours("Made from")
        self.used_in = _Neighbours("Used in")
        here = QVBoxLayout()
        here.addStretch(1)
        for label in (self.kind, self.title, self.when):
            here.addWidget(label)
        across = QHBoxLayout()
        for button in buttons:
            across.addWidget(button)
        across.addStretch(1)
        here.addSpacing(6)
        here.addLayout(across)
        here.addStretch(1)
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 4, 10, 8)
        row.setSpacing(14)
        row.addWidget(_titled("Made from", self.made_from), 3)
        row.addLayout(here, 2)
        row.addWidget(_titled("Used in", self.used_in), 3)
        for each in (self.made_from, self.used_in):
            each.chosen.connect(self.walked)

    def sizeHint(self) -> QSize:
        return QSize(900, self.fontMetrics().height() * 10)

    def show_lineage(self, lineage: Lineage) -> None:
        """Stand at `lineage.of`."""
        of = lineage.of
        self.kind.setText(of.kind.capitalize())
        self.title.setText(of.title or of.id[:8])
        self.title.setToolTip(of.title)
        self.when.setText(ago(of.time_ns) if of.time_ns else "")
        self.when.setToolTip(moment(of.time_ns) if of.time_ns else "")
        self.made_from.show_nodes(lineage.made_from)
        self.used_in.show_nodes(lineage.used_in)


class LineageButton(QToolButton):
    """Opens the lineage of one thing, or of one of several from a menu."""

    def __init__(self, walk: Callable[[str, str], None]) -> None:
        super().__init__()
        self._walk = walk
        self._things: tuple[tuple[str, str, str], ...] = ()
        self.setText("Lineage")
        self.setAccessibleName("Lineage")
        self.setToolTip("What it was made from, and what was made from it")
        self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        set_icon(self, "lineage")
        self.clicked.connect(lambda _checked=False: self._open())
        self.offer(())

    def offer(self, things: Sequence[tuple[str, str, str]]) -> None:
        """(title, kind, id) of what may be asked for; the same again leaves an open menu alone."""
        if (offered := tuple(things)) == self._things and self.menu() is not None:
            return
        self._things = offered
        self.setEnabled(bool(offered))
        if (before := self.menu()) is not None:
            before.deleteLater()
        menu = QMenu(self)
        for title, kind, key in offered:
            menu.addAction(icon(_ICONS[kind]), title).triggered.connect(
                lambda _checked=False, kind=kind, key=key: self._walk(kind, key)
            )
        several = len(offered) > 1
        self.setMenu(menu if several else None)  # type: ignore[arg-type]  # None takes it away
        self.setPopupMode(self.ToolButtonPopupMode.InstantPopup)

    def _open(self) -> None:
        if len(self._things) == 1:
            self._walk(*self._things[0][1:])


def place_of(node: LineageNode, at: LineageNode) -> Place:
    """Where a thing is shown, for somebody who stands at `at`."""
    key = node.id
    match node.kind:
        case "items":
            return place_of(at, at)
        case "item":
            return Place("label", item=ItemId(key))
        case "snapshot":
            return Place("data", query=ItemQuery(snapshot=SnapshotId(key)))
        case "pool":
            return Place("data", query=ItemQuery(pool=PoolId(key)))
        case "import":
            return Place("data", query=ItemQuery(origin=ImportId(key)))
        case "run" | "model":
            return Place("train", subject=f"{node.kind}:{key}")
        case "evaluation":
            return Place("evaluate", subject=key)
        case _:  # release, service, suite
            return Place("release", subject=f"{node.kind}:{key}")


def words_of(node: LineageNode) -> str:
    """A thing in the lineage, in words."""
    if node.kind == "items":
        return f"All {node.title}" if node.title[:2] != "1 " else node.title
    when = f", {ago(node.time_ns)}" if node.time_ns else ""
    title, kind = node.title or node.id[:8], node.kind.capitalize()
    # "Snapshot 3" says by itself what it is
    return (title if title.startswith(kind) else f"{kind}: {title}") + when


class _Neighbours(QListWidget):
    """A click, or Enter, chooses; the second click of a double click does not walk a step further."""

    chosen = Signal(object)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(self._choose)
        self._shown: tuple[LineageNode, ...] = ()

    def show_nodes(self, nodes: tuple[LineageNode, ...]) -> None:
        self._shown = nodes
        self.clear()
        for node in nodes:
            row = QListWidgetItem(icon(_ICONS.get(node.kind, "history")), words_of(node))
            row.setData(_NODE, node)
            row.setToolTip(words_of(node) + (f"\n{moment(node.time_ns)}" if node.time_ns else ""))
            self.addItem(row)
        if not nodes:
            row = QListWidgetItem("Nothing")
            row.setFlags(Qt.ItemFlag.NoItemFlags)
            self.addItem(row)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and self._shown:
            self.show_nodes(self._shown)  # icons are tinted when they are made

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentItem() is not None:
            self._choose(self.currentItem())
            return
        super().keyPressEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        event.accept()

    def _choose(self, row: QListWidgetItem) -> None:
        if row.data(_NODE) is not None:
            self.chosen.emit(row.data(_NODE))


def _titled(title: str, inside: QWidget) -> QWidget:
    box = QWidget()
    column = QVBoxLayout(box)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(2)
    label = QLabel(title)
    label.setBuddy(inside)
    column.addWidget(label)
    column.addWidget(inside)
    return box
