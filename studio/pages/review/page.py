"""The Review page: submitted tasks in a table; one is opened in Label, beside what its author changed."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from PySide6.QtCore import QSize, Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QStackedWidget, QToolButton, QVBoxLayout

from studio.domain.contracts.command import Command
from studio.domain.ids import TaskId
from studio.domain.wire import routes
from studio.domain.wire.jobs import Event
from studio.domain.wire.people import Pulled, Task, TaskQuery, Tasks, TaskState
from studio.domain.wording import counted
from studio.shell.icons import icon, set_icon
from studio.shell.page import Desk, Page, Place
from widgets.empty_state import EmptyState
from widgets.item_table import ItemTable, TableRow

_COLUMNS = ("Item", "State", "Author", "Reviewer", "Note", "Changed")
_TITLES: dict[TaskState, str] = {
    "open": "Open",
    "leased": "Being labelled",
    "submitted": "Submitted",
    "in_review": "In review",
    "returned": "Returned",
    "accepted": "Accepted",
    "skipped": "Skipped",
}
_SHOWN: tuple[tuple[str, tuple[TaskState, ...]], ...] = (
    ("To be reviewed", ("submitted", "in_review")),
    ("Returned", ("returned",)),
    ("Accepted", ("accepted",)),
    ("Skipped", ("skipped",)),
    ("All tasks", ()),
)


class ReviewPage(Page):
    """The queue of submitted work, oldest first."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._tasks: dict[TaskId, Task] = {}
        self.states = QComboBox()
        self.states.setAccessibleName("Which tasks")
        for title, states in _SHOWN:
            self.states.addItem(title, states)
        self.states.currentIndexChanged.connect(lambda _index: self.refresh())
        self.count = QLabel()
        self.count.setAccessibleName("How many tasks")
        self.table = ItemTable(_COLUMNS, name="Tasks")
        for column, letters in ((0, 44), (1, 14), (2, 18), (3, 18), (4, 40)):
            self.table.setColumnWidth(column, letters * self.fontMetrics().averageCharWidth())
        self.table.opened.connect(lambda key: self.open_task(TaskId(key)))
        self.table.rows_wanted.connect(self._fetch)
        self.empty = EmptyState(
            "Nothing waits for a review", "Submitted work of annotators shows here.", icon=icon("review")
        )
        self.views = QStackedWidget()
        self.views.addWidget(self.table)
        self.views.addWidget(self.empty)
        self.bar = QHBoxLayout()
        self.bar.setContentsMargins(8, 5, 8, 5)
        self.bar.setSpacing(8)
        self.bar.addWidget(self.states)
        self.bar.addWidget(self.count)
        self.bar.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addLayout(self.bar)
        column.addWidget(self.views, 1)
        self._again = QTimer(self, singleShot=True, interval=400)
        self._again.timeout.connect(self.refresh)

    def commands(self) -> Sequence[Command]:
        def some(page: ReviewPage) -> bool:
            return bool(page.table.selected_keys())

        return (
            Command(
                "review.open", "Open review", ReviewPage.open_chosen, ("Ctrl+Return",), "Task", "review",
                "Look at the selected task in Label, with what its author changed", some,
            ),
            Command(
                "review.next", "Review the oldest", ReviewPage.open_oldest, ("Ctrl+P",), "Task", "review",
                "Open the task that has waited longest",
            ),
            Command("review.refresh", "Refresh", ReviewPage.refresh, ("F5",), "View", "review"),
        )  # fmt: skip

    def take_actions(self, find: Callable[[str], QAction]) -> None:
        for name, symbol in (("review.next", "pull_next"), ("review.open", "review")):
            action = find(name)
            set_icon(action, symbol)
            button = QToolButton()
            button.setDefaultAction(action)
            button.setAccessibleName(action.text())
            button.setIconSize(QSize(18, 18))
            button.setAutoRaise(True)
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
            self.bar.addWidget(button)

    def enter(self, place: Place) -> None:
        self.refresh()
        self.table.setFocus()

    def take_event(self, event: Event) -> None:
        if event.kind in ("task", "items") and self.isVisible() and not self._again.isActive():
            self._again.start()

    def reconnected(self) -> None:
        if self.isVisible():
            self.refresh()

    def refresh(self) -> None:
        """Ask the node for the queue again."""
        self._fetch(0, 200, fresh=True)

    def open_chosen(self) -> None:
        """Open the review of the selected task."""
        if chosen := self.table.selected_keys():
            self.open_task(TaskId(chosen[0]))

    def open_oldest(self) -> None:
        """Open the review of the submitted task that has waited longest."""
        waiting = [task for task in self._tasks.values() if task.state == "submitted"]
        if waiting:
            self.open_task(min(waiting, key=lambda task: task.changed_ns).id)
        else:
            self.desk.say("Nothing waits for a review.")

    def open_task(self, key: TaskId) -> None:
        """Open a task's item in Label; submitted work is in review from then on."""
        task = self._tasks.get(key)
        if task is None:
            return
        if task.state not in ("submitted", "in_review"):
            self.desk.go(Place("label", item=task.item, items=(task.item,)))
            return
        client = self.desk.client

        def done(_pulled: Pulled) -> None:
            self.desk.go(Place("label", item=task.item, items=(task.item,), task=key, subject="review"))

        self.calls.start(("open", key), lambda _call: client.call(routes.OPEN_REVIEW, task=key), done)

    def _fetch(self, offset: int, count: int, *, fresh: bool = False) -> None:
        project = self.desk.project
        if project is None or not self.desk.is_connected:
            return
        client = self.desk.client
        query = TaskQuery(states=self.states.currentData(), offset=offset, limit=count)

        def done(tasks: Tasks) -> None:
            if fresh:
                self._tasks.clear()
                self.table.set_total(tasks.total)
                self.count.setText(counted(tasks.total, "task"))
                self.views.setCurrentWidget(self.table if tasks.total else self.empty)
            for task in tasks.tasks:
                self._tasks[task.id] = task
            self.table.set_rows(offset, [_line(task) for task in tasks.tasks])
            if fresh and tasks.tasks:
                self.table.set_current(0)

        self.calls.start(
            ("tasks", offset), lambda _call: client.call(routes.TASKS, query, project=project.id), done
        )


def _line(task: Task) -> TableRow:
    when = time.strftime("%d %b %H:%M", time.localtime(task.changed_ns / 1e9)) if task.changed_ns else ""
    state = _TITLES[task.state] + (", unsure" if task.unsure else "")
    return TableRow(task.id, (task.item_name, state, task.author_name, task.reviewer_name, task.note, when))
