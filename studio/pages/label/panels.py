"""The docks around the editor: findings, remarks, history, conflicts, review; each stays where it was put."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from studio.domain.contracts.command import Command
from studio.domain.edit import change, creation
from studio.domain.entities import Remark, Shape
from studio.domain.ids import EntityId, new_id
from studio.domain.ontology import findings
from studio.pages.label.conflict_tray import Choice, ConflictTray
from studio.pages.label.host import Host
from studio.pages.label.lists import FindingList, RemarkList, UndoList
from studio.pages.label.opening import Opened
from studio.pages.label.review_panel import ReviewPanel
from studio.shell.settings import Settings

if TYPE_CHECKING:
    from studio.client import OpenDocument

_VERSION = 1  # of the layout; another one starts afresh
_SETTING = "label/docks"


class Panels(QMainWindow):
    """The editor in the middle, docks around it that can be moved, torn off, closed and brought back."""

    def __init__(
        self,
        host: Host,
        middle: QWidget,
        go_to: Callable[[EntityId], None],
        steps: Callable[[int], None],
    ) -> None:
        """steps: undo (below zero) or redo so many."""
        super().__init__()
        self.setWindowFlags(Qt.WindowType.Widget)
        self.setDockNestingEnabled(True)
        self.setDockOptions(
            QMainWindow.DockOption.AllowNestedDocks
            | QMainWindow.DockOption.AllowTabbedDocks
            | QMainWindow.DockOption.GroupedDragging
        )
        self.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self.setCentralWidget(middle)
        self._host = host
        self._docks: dict[str, QDockWidget] = {}
        self.findings = FindingList(go_to)
        self.remarks = RemarkList(go_to, self._add_remark, self._resolve_remark)
        self.history = UndoList(lambda count: steps(-count), steps)
        self.conflicts = ConflictTray(self._resolve_conflict)
        self.review = ReviewPanel(host.desk, go_to)
        self._add("findings", "Findings", self.findings)
        self._add("remarks", "Remarks", self.remarks)
        self._add("history", "History", self.history)
        self._add("conflicts", "Conflicts", self.conflicts)
        self._add("review", "Review", self.review)
        self._docks["conflicts"].hide()
        self._docks["review"].hide()
        self._docks["findings"].raise_()
        self.review.wanted.connect(lambda: self.bring("review"))
        self.restoreState(host.desk.settings.local_bytes(_SETTING), _VERSION)

    def commands(self) -> tuple[Command, ...]:
        """One to show or hide each dock."""
        return tuple(
            Command(
                f"label.dock.{name}",
                f"Panel: {dock.windowTitle()}",
                partial(self._turn_for, name),
                menu="View",
                scope="label",
                help=f"Show or hide the panel {dock.windowTitle()}",
            )
            for name, dock in self._docks.items()
        )

    def bring(self, name: str) -> None:
        """Show a dock in front of those it shares a place with."""
        self._docks[name].show()
        self._docks[name].raise_()

    def turn(self, name: str) -> None:
        """Show a dock, or hide it where it is in sight."""
        dock = self._docks[name]
        if dock.isVisible() and not dock.visibleRegion().isEmpty():
            dock.hide()
        else:
            self.bring(name)

    def _turn_for(self, name: str, _page: object) -> None:
        self.turn(name)

    def keep_layout(self, settings: Settings) -> None:
        """Remember where the docks are."""
        settings.keep_local_bytes(_SETTING, self.saveState(_VERSION))

    def show_document(
        self, document: OpenDocument, ids: frozenset[EntityId], *, everything: bool = False
    ) -> None:
        """The document has moved on by these entities."""
        self.history.show_steps(document.undo_titles, document.redo_titles)
        held = document.document
        known = {remark.id for remark in self.remarks.remarks}
        if everything or ids & known or any(isinstance(held.get(key), Remark) for key in ids):
            self.remarks.show_remarks(each for each in held if isinstance(each, Remark))
        self.show_conflicts(document)

    def show_conflicts(self, document: OpenDocument) -> None:
        """The tray, brought to the front when there is something new in it."""
        conflicts = document.conflicts
        if self.conflicts.shown != tuple(each.id for each in conflicts):
            self.conflicts.show_conflicts(conflicts, document.document.get)
            if conflicts:
                self.bring("conflicts")

    def show_findings(self, opened: Opened) -> None:
        """Check the document against the labelling template."""
        self.findings.show_findings(findings(opened.document.document, opened.ontology))

    def _add(self, name: str, title: str, widget: QWidget) -> None:
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock.{name}")
        dock.setAccessibleName(title)
        dock.setWidget(widget)
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, dock)
        if self._docks:
            self.tabifyDockWidget(next(iter(self._docks.values())), dock)
        self._docks[name] = dock

    def _add_remark(self, text: str) -> None:
        opened = self._host.opened
        if opened is None:
            return
        on = next(iter(self._host.selection), None)
        entity = opened.document.document.get(on) if on is not None else None
        stream, frame = None, None
        if isinstance(entity, Shape):
            stream, frame = entity.stream, getattr(entity, "frame", None)
        remark = Remark(EntityId(new_id()), text, on if entity is not None else None, stream, frame)
        self._host.apply(creation("Remark", remark, tool="remark"))

    def _resolve_remark(self, key: EntityId, resolved: bool) -> None:
        opened = self._host.opened
        remark = opened.document.document.get(key) if opened is not None else None
        if isinstance(remark, Remark):
            title = "Resolve remark" if resolved else "Open remark again"
            self._host.apply(change(title, (remark, replace(remark, resolved=resolved)), tool="remark"))

    def _resolve_conflict(self, key: str, choice: Choice) -> None:
        if self._host.opened is not None:
            self._host.resolve(key, choice)
            self.show_conflicts(self._host.opened.document)
