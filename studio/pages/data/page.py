"""The Data page: every item of the project as a contact sheet or table, with filters and layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QPoint, QSize, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QInputDialog,
    QLabel,
    QMenu,
    QMessageBox,
    QSizePolicy,
    QStackedWidget,
    QToolBar,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from studio.domain.contracts.command import Command
from studio.domain.ids import ItemId
from studio.domain.wire import routes
from studio.domain.wire.jobs import Event, ImportReport
from studio.domain.wire.people import NewTasks, TasksMade
from studio.domain.wire.projects import ItemQuery, ItemRow, ProjectSummary
from studio.domain.wire.releases import NewSuite, Suite
from studio.domain.wire.session import Role
from studio.pages.data.commands import data_commands
from studio.pages.data.export_dialog import ExportDialog
from studio.pages.data.filters import Filters
from studio.pages.data.import_dialog import ImportDialog
from studio.pages.data.import_report import sentence
from studio.pages.data.overlay import Layer, Overlay
from studio.pages.data.predictions_dialog import PredictionsDialog
from studio.pages.items import ItemSource
from studio.pages.sheet import COLUMNS, NUMBERS, cell_of, line_of
from studio.shell.calls import Call
from studio.shell.icons import icon, set_icon
from studio.shell.page import Desk, Page, Place
from widgets.contact_sheet import ContactSheet
from widgets.empty_state import EmptyState
from widgets.item_table import ItemTable

_LAYERS: tuple[tuple[Layer, str], ...] = (
    ("none", "Pictures only"),
    ("labels", "With labels"),
    ("predictions", "With predictions"),
)


class DataPage(Page):
    """Filters at the left, items at the right; what is done applies to what is shown or selected."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._project_seen = ""
        self._by_role: list[tuple[QAction, tuple[Role, ...]]] = []
        self.source = ItemSource(desk, self)
        self.overlay = Overlay(desk, self)
        self.filters = Filters(desk.show_lineage)
        self.sheet = ContactSheet(name="Items as pictures")
        self.table = ItemTable(COLUMNS, NUMBERS, name="Items as a table")
        self.empty = EmptyState("")
        self.views = QStackedWidget()
        for each in (self.sheet, self.table, self.empty):
            self.views.addWidget(each)
        for column, letters in ((0, 34), (3, 34), (5, 10), (6, 14)):
            self.table.setColumnWidth(column, letters * self.fontMetrics().averageCharWidth())
        self._as_table = desk.settings.get("data/view", "sheet") == "table"
        self.count = QLabel()
        self.count.setAccessibleName("How many items are shown")
        self.layer = QComboBox()
        self.layer.setAccessibleName("Layer over the pictures")
        for value, title in _LAYERS:
            self.layer.addItem(title, value)
        self.layer.currentIndexChanged.connect(lambda _index: self._show_layer())
        self.bar = QToolBar()
        self._wire()
        self._lay_out()
        self._summary = QTimer(self, singleShot=True, interval=500)
        self._summary.timeout.connect(self._fetch_summary)
        desk.project_changed.connect(lambda _project: self._project_changed())

    # The page protocol

    def commands(self) -> Sequence[Command]:
        return data_commands()

    def take_actions(self, find: Callable[[str], QAction]) -> None:
        managers: tuple[Role, ...] = ("manager",)
        science: tuple[Role, ...] = ("scientist", "manager")
        for name, symbol, title, roles in (
            ("file.import", "import", "Import", managers),
            ("data.tasks", "flag", "Make tasks", managers),
            ("data.snapshot", "history", "Snapshot", science),
            ("data.export", "export", "Export", science),
        ):
            action = find(name)
            set_icon(action, symbol)
            action.setIconText(title)
            self.bar.addAction(action)
            self.bar.widgetForAction(action).setAccessibleName(action.text().rstrip(" …"))
            self._by_role.append((action, roles))
        self._turn = _tool_button("table", "Show as table", self.turn_view)
        self.bar.addWidget(self._turn)
        self._menu = [find(name) for name in ("data.open", "data.sequence", "data.lineage", "data.erase")]
        self._show_view()

    def enter(self, place: Place) -> None:
        project = self.desk.project
        if project is None:
            return
        for action, roles in self._by_role:
            action.setVisible(self.desk.may(*roles))  # nobody is offered what the node would refuse
        if place.query is not None:
            self.filters.show_query(place.query)
            self._name_held()
        if place.query is not None or self._project_seen != project.id or not self.source.known:
            self._project_seen = project.id
            self._show_query(self.filters.query())
        self._fetch_summary()
        if place.subject == "import":
            self.import_folder(place.folder)
        else:
            (self.table if self._as_table else self.sheet).setFocus()

    def leave(self) -> None:
        for action, _ in self._by_role:
            action.setVisible(True)  # the import is the window's own: from Home it makes a new project

    def take_event(self, event: Event) -> None:
        if event.kind in ("item", "document", "items", "project"):
            if event.item is not None:
                self.overlay.forget(event.item)
            else:
                self.overlay.forget_all()
            self.source.refresh_soon()
            if self.isVisible():
                self._summary.start()

    def reconnected(self) -> None:
        if self.desk.project is not None and self._project_seen:
            self.source.refresh()

    # What can be done

    def chosen(self) -> list[ItemId]:
        """The selected items, in order."""
        view = self.table if self._as_table else self.sheet
        return [ItemId(key) for key in view.selected_keys()]

    def import_folder(self, folder: str = "") -> None:
        """Open the import dialog, on a folder where one is given."""
        project = self.desk.project
        if project is None:
            return
        dialog = ImportDialog(
            self.desk.client,
            project.id,
            self.desk.calls_of(self),
            may_adopt=self.desk.may("manager"),
            parent=self,
        )
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.imported.connect(self._imported)
        dialog.open()
        if folder:
            dialog.look(folder)

    def open_chosen(self) -> None:
        """Label the selected items; one alone keeps its neighbours in the film strip."""
        chosen = self.chosen()
        if len(chosen) == 1:
            self._open(chosen[0])
        elif chosen:
            self.desk.go(Place("label", items=tuple(chosen)))

    def sequence_chosen(self) -> str:
        """The sequence of the first selected item, empty for none."""
        row = self.source.row(chosen[0]) if (chosen := self.chosen()) else None
        return row.sequence if row is not None else ""

    def show_sequence(self) -> None:
        """All items of that sequence, by name: one after the other."""
        if name := self.sequence_chosen():
            self.filters.show_query(ItemQuery(sequence=name))
            self._show_query(self.filters.query())

    def make_tasks(self) -> None:
        """One task for every item that is shown and has none."""
        project, query = self.desk.project, self.source.query
        if project is None or not self._sure(
            "Make tasks", f"Make a labelling task of each of the {self.source.total:,} items shown?"
        ):
            return
        client = self.desk.client

        def done(made: TasksMade) -> None:
            self.desk.notify(
                f"{made.made:,} tasks were made.", "good", "Label", lambda: self.desk.go(Place("label"))
            )

        self.calls.start(
            "tasks", lambda _call: client.call(routes.NEW_TASKS, NewTasks(query), project=project.id), done
        )

    def snapshot(self) -> None:
        """Go on to Train with what is shown."""
        self.desk.go(Place("train", query=self.source.query))

    def predict(self) -> None:
        """Have a model look at what is shown, and accept what it finds."""
        dialog = PredictionsDialog(self.desk, self.source.query, self.source.total, self)
        dialog.changed.connect(self.refresh)
        dialog.open()

    def seal(self) -> None:
        """Seal what is shown as a suite."""
        project, query = self.desk.project, self.source.query
        if project is None:
            return
        name, chosen = QInputDialog.getText(
            self,
            "Seal a suite",
            f"The {self.source.total:,} items shown will answer only with aggregates, and nothing will be\n"
            "trained on them. Name of the suite:",
        )
        if not chosen or not name.strip():
            return
        client = self.desk.client

        def done(suite: Suite) -> None:
            self.desk.notify(f"Sealed {suite.items:,} items as “{suite.name}”.", "good")

        self.calls.start(
            "suite",
            lambda _call: client.call(routes.NEW_SUITE, NewSuite(name.strip(), query), project=project.id),
            done,
        )

    def export(self) -> None:
        """Ask to take data out."""
        if (project := self.desk.project) is not None:
            dialog = ExportDialog(self.desk, project.id, self)
            dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            dialog.open()

    def erase(self) -> None:
        """Destroy the selected items for ever, after asking."""
        chosen = self.chosen()
        count = "this item" if len(chosen) == 1 else f"these {len(chosen):,} items"
        if not chosen or not self._sure(
            "Erase",
            f"Erase {count}?\n\nThe keys are destroyed: pictures and labels cannot be brought back, not "
            "even from a backup. Snapshots that hold them will say so.",
            warn=True,
        ):
            return
        client = self.desk.client

        def work(call: Call) -> int:
            for number, item in enumerate(chosen):
                call.check(number / len(chosen))
                client.call(routes.ERASE_ITEM, item=item)
            return len(chosen)

        def done(erased: int) -> None:
            self.desk.notify(f"{erased:,} erased.", "good")
            self._show_query(self.source.query)
            self._fetch_summary()

        self.calls.start("erase", work, done)

    def show_lineage(self) -> None:
        """Of the selected item; with none, of the snapshot, pool or import that is shown."""
        chosen = self.chosen()
        thing = ("item", chosen[0]) if chosen else self.filters.held()
        if thing is not None:
            self.desk.show_lineage(*thing)

    def turn_view(self) -> None:
        """Contact sheet or table."""
        self._as_table = not self._as_table
        self.desk.settings.keep("data/view", "table" if self._as_table else "sheet")
        self._show_view()

    def next_layer(self) -> None:
        """Nothing, labels, predictions, and round again."""
        self.layer.setCurrentIndex((self.layer.currentIndex() + 1) % self.layer.count())

    def refresh(self) -> None:
        """Ask the node for everything again."""
        self.overlay.forget_all()
        self._show_query(self.filters.query())
        self._fetch_summary()

    # Inside

    def _show_query(self, query: ItemQuery) -> None:
        if (project := self.desk.project) is not None:
            self.source.show_query(project.id, query)

    def _total_changed(self, total: int) -> None:
        self.sheet.set_total(total)
        self.table.set_total(total)
        project = self.desk.project
        of = f" of {project.items:,}" if project is not None and project.items > total else ""
        self.count.setText("1 item" + of if total == 1 else f"{total:,}{of} items")
        self._show_view()

    def _rows_came(self, offset: int, rows: tuple[ItemRow, ...]) -> None:
        self.sheet.set_rows(offset, [cell_of(row, self.overlay.boxes(row.id)) for row in rows])
        self.table.set_rows(offset, [line_of(row) for row in rows])
        for row in rows:
            self.overlay.want(row.id)

    def _boxes_came(self, item: str, boxes: object) -> None:
        row = self.source.row(ItemId(item))
        if row is not None:
            self.sheet.replace_cell(cell_of(row, boxes))  # type: ignore[arg-type]

    def _show_layer(self) -> None:
        self.overlay.show(self.layer.currentData())
        self.source.refresh()

    def _show_view(self) -> None:
        project = self.desk.project
        if self.source.total or not self.source.known:
            self.views.setCurrentWidget(self.table if self._as_table else self.sheet)
        elif project is not None and project.items:
            self.empty.say(
                "Nothing fits these filters", "", ("Clear filters", self.filters.clear), icon("filter")
            )
            self.views.setCurrentWidget(self.empty)
        else:
            self.empty.say(
                "This project is empty",
                "Drop a folder of pictures here. Labels beside them are found by content.",
                ("Import a folder …", self.import_folder),
                icon("image"),
            )
            self.views.setCurrentWidget(self.empty)
        self.layer.setEnabled(not self._as_table)
        if hasattr(self, "_turn"):
            set_icon(self._turn, "data" if self._as_table else "table")
            title = "Show as contact sheet" if self._as_table else "Show as table"
            self._turn.setToolTip(f"{title} (Ctrl+T)")
            self._turn.setAccessibleName(title)

    def _fetch_summary(self) -> None:
        project = self.desk.project
        if project is None or not self.desk.is_connected:
            return
        client = self.desk.client

        def done(summary: ProjectSummary) -> None:
            self.filters.show_summary(summary)

        self.calls.start("summary", lambda _call: client.call(routes.SUMMARY, project=project.id), done)

    def _name_held(self) -> None:
        """Say which snapshot or pool is shown, by its name."""
        held, project = self.filters.held(), self.desk.project
        if held is None or project is None or not self.desk.is_connected:
            return
        kind, key = held
        client = self.desk.client

        def names(_call: object) -> dict[str, str]:
            if kind == "pool":
                return {pool.id: pool.name for pool in client.call(routes.POOLS, project=project.id).pools}
            found = client.call(routes.SNAPSHOTS, project=project.id).snapshots if kind == "snapshot" else ()
            return {snapshot.id: snapshot.name for snapshot in found}

        def done(found: dict[str, str]) -> None:
            if self.filters.held() == held:
                self.filters.name_held(found.get(key, ""))

        # a name is an aid: who may not list snapshots reads "a snapshot"
        self.calls.start("held", names, done, lambda _error: None)

    def _project_changed(self) -> None:
        project = self.desk.project
        if project is None or project.id != self._project_seen:
            self._project_seen = ""
            self.filters.show_query(ItemQuery())
            self.overlay.forget_all()
            self.source.clear()
            if project is not None and self.isVisible():
                self.enter(Place("data"))

    def _imported(self, report: ImportReport) -> None:
        self.desk.notify(sentence(report), "good" if not report.problems else "warning")
        self.refresh()

    def _open(self, item: str) -> None:
        self.desk.go(Place("label", item=ItemId(item), query=self.source.query))

    def _show_menu(self, view: QWidget, at: QPoint) -> None:
        menu = QMenu(self)
        menu.addActions(self._menu)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(view.mapToGlobal(at))

    def _sure(self, title: str, text: str, *, warn: bool = False) -> bool:
        box = QMessageBox(
            QMessageBox.Icon.Warning if warn else QMessageBox.Icon.Question,
            title,
            text,
            QMessageBox.StandardButton.Cancel,
            self,
        )
        yes = box.addButton(title, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel if warn else yes)
        box.exec()
        return box.clickedButton() is yes

    def _wire(self) -> None:
        source = self.source
        self.filters.changed.connect(self._show_query)
        source.total_changed.connect(self._total_changed)
        source.rows_came.connect(self._rows_came)
        source.picture_came.connect(self.sheet.set_picture)
        source.picture_failed.connect(self.sheet.picture_failed)
        self.overlay.came.connect(self._boxes_came)
        self.sheet.picture_wanted.connect(source.want_picture)
        for view in (self.sheet, self.table):
            view.rows_wanted.connect(source.want_rows)
            view.opened.connect(self._open)
            source.rows_failed.connect(view.rows_failed)
            view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
            view.customContextMenuRequested.connect(lambda at, view=view: self._show_menu(view, at))

    def _lay_out(self) -> None:
        self.bar.setIconSize(QSize(18, 18))
        self.bar.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.bar.setContentsMargins(8, 3, 8, 3)
        space = QWidget()
        space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        for each in (self.count, space, self.layer):
            self.bar.addWidget(each)
        right = QWidget()
        column = QVBoxLayout(right)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.views, 1)
        outer = QHBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.setSpacing(0)
        outer.addWidget(self.filters)
        outer.addWidget(right, 1)


def _tool_button(symbol: str, title: str, act: Callable[[], None]) -> QToolButton:
    button = QToolButton()
    button.setAutoRaise(True)
    button.setIconSize(QSize(18, 18))
    button.setAccessibleName(title)
    set_icon(button, symbol)
    button.clicked.connect(lambda _checked=False: act())
    return button
