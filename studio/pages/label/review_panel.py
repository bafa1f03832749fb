"""Review of a task beside its item: what the author changed, the history of one object, return or accept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from studio.domain.ids import EntityId, TaskId
from studio.domain.wire import routes
from studio.domain.wire.documents import Revision, RevisionQuery
from studio.domain.wire.people import Task, TaskNote
from studio.pages.label.opening import Opened
from studio.pages.label.saying import Difference, class_of, describe, field_changes, sentence, work_of
from studio.shell.calls import Call
from studio.shell.icons import icon
from studio.shell.page import Desk, Place

_KEY = Qt.ItemDataRole.UserRole
_PAGE = 1000
_ICONS = {"made": "add", "changed": "label", "removed": "trash"}
_WORDS = {"made": "Made", "changed": "Changed", "removed": "Removed"}


class ReviewPanel(QWidget):
    """`wanted` asks to be brought to the front."""

    wanted = Signal()

    def __init__(self, desk: Desk, go_to: Callable[[EntityId], None]) -> None:
        super().__init__()
        self._desk = desk
        self._calls = desk.calls_of(self)
        self._task_id: TaskId | None = None
        self._task: Task | None = None
        self._opened: Opened | None = None
        self._revisions: tuple[Revision, ...] = ()
        self.said = QLabel()
        self.said.setWordWrap(True)
        self.changes = QTreeWidget()
        self.changes.setAccessibleName("What the author changed")
        self.changes.setHeaderHidden(True)
        self.changes.setWordWrap(True)
        self.changes.itemActivated.connect(lambda row, _column: _go(row, go_to))
        self.changes.currentItemChanged.connect(lambda row, _before: _go(row, go_to))
        self.history_title = QLabel("History of the selected object")
        self.history = QTreeWidget()
        self.history.setAccessibleName("History of the selected object")
        self.history.setHeaderHidden(True)
        self.history.setWordWrap(True)
        self.note = QPlainTextEdit()
        self.note.setAccessibleName("Note to the author")
        self.note.setPlaceholderText("Note to the author; needed to return the work")
        self.note.setTabChangesFocus(True)
        self.note.setMaximumHeight(self.fontMetrics().lineSpacing() * 4)
        self.note.textChanged.connect(self._offer)
        self.back = QPushButton("Return to author")
        self.back.clicked.connect(lambda _checked=False: self._decide(routes.RETURN_TASK, "Returned."))
        self.accept = QPushButton("Accept")
        self.accept.clicked.connect(lambda _checked=False: self._decide(routes.ACCEPT_TASK, "Accepted."))
        buttons = QHBoxLayout()
        buttons.addWidget(self.back)
        buttons.addWidget(self.accept)
        column = QVBoxLayout(self)
        column.setContentsMargins(6, 6, 6, 6)
        column.addWidget(self.said)
        column.addWidget(self.changes, 3)
        column.addWidget(self.history_title)
        column.addWidget(self.history, 2)
        column.addWidget(self.note)
        column.addLayout(buttons)
        self._offer()

    def show_review(self, task: TaskId | None) -> None:
        """The item that is opened next is looked at for this task; None: it is just looked at."""
        self._task_id = task
        self._task = None
        self.note.clear()
        if task is not None:
            self.wanted.emit()
        self._offer()

    def show_task(self, task: Task | None) -> None:
        """What is known of the open item's task."""
        if task is not None and task.id == self._task_id:
            self._task = task
        self._offer()
        self._fill()

    def show_item(self, opened: Opened) -> None:
        """Fetch who changed what in this item."""
        self._opened = opened
        self._revisions = ()
        self.changes.clear()
        self.history.clear()
        if self._task_id is not None or self.isVisible():
            self._fetch()

    def show_selection(self, ids: frozenset[EntityId]) -> None:
        """Every revision that touched the selected object, by whom and when."""
        self.history.clear()
        if len(ids) != 1:
            return
        key = next(iter(ids))
        for revision in reversed([each for each in self._revisions if key in each.edit.changes]):
            when = time.strftime("%d %b %H:%M", time.localtime(revision.time_ns / 1e9))
            row = QTreeWidgetItem([f"{revision.edit.title} · {revision.author_name} · {when}"])
            row.addChild(QTreeWidgetItem([sentence(revision.edit.changes[key])]))
            self.history.addTopLevelItem(row)

    def _fetch(self) -> None:
        opened = self._opened
        if opened is None:
            return
        client, item = self._desk.client, opened.item.id

        def work(call: Call) -> tuple[Revision, ...]:
            found: list[Revision] = []
            while True:
                call.check()
                after = found[-1].revision if found else 0
                page = client.call(routes.REVISIONS, RevisionQuery(after, limit=_PAGE), item=item).revisions
                found += page
                if len(page) < _PAGE:
                    return tuple(found)

        def done(revisions: tuple[Revision, ...]) -> None:
            self._revisions = revisions
            self._fill()

        self._calls.start("revisions", work, done)

    def showEvent(self, event: Any) -> None:
        super().showEvent(event)
        if self._opened is not None and not self._revisions:
            self._fetch()

    def _fill(self) -> None:
        self.changes.clear()
        task, opened = self._task, self._opened
        if opened is None:
            return
        if task is None or task.author is None:
            self.said.setText("Select an object to see its history.")
            return
        found = work_of(task.author, self._revisions)
        entities = opened.document.document.entities
        shapes_of = {getattr(entity, "track", None): entity.id for entity in entities.values()}
        counts = dict.fromkeys(_WORDS, 0)
        for difference in sorted(found, key=lambda each: list(_WORDS).index(each.kind)):
            if row := self._row(difference, shapes_of, entities):
                self.changes.addTopLevelItem(row)
                counts[difference.kind] += 1
        parts = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count) or "nothing changed"
        self.said.setText(f"Work of {task.author_name}: {parts}.")

    def _row(
        self, difference: Difference, shapes_of: dict[Any, EntityId], entities: dict[EntityId, Any]
    ) -> QTreeWidgetItem | None:
        entity = difference.after or difference.before
        if entity is None:
            return None
        # a new track stands in the list by its shape: one line for what one gesture made
        if difference.kind != "changed" and difference.id in shapes_of:
            return None
        row = QTreeWidgetItem([f"{_WORDS[difference.kind]}: {describe(entity, class_of(entity, entities))}"])
        row.setIcon(0, icon(_ICONS[difference.kind]))
        row.setData(0, _KEY, shapes_of.get(difference.id, difference.id))
        if difference.kind == "changed" and difference.before is not None and difference.after is not None:
            for field, was, now in field_changes(difference.before, difference.after):
                row.addChild(QTreeWidgetItem([f"{field}: {was} → {now}"]))
            row.setExpanded(True)
        return row

    def _offer(self) -> None:
        deciding = self._task_id is not None
        for each in (self.note, self.back, self.accept):
            each.setVisible(deciding)
        self.back.setEnabled(deciding and bool(self.note.toPlainText().strip()))

    def _decide(self, route: routes.Route[TaskNote, Task], said: str) -> None:
        task = self._task_id
        if task is None:
            return
        client, note = self._desk.client, TaskNote(self.note.toPlainText().strip())

        def done(_task: Task) -> None:
            self._desk.notify(said, "good")
            self.show_review(None)
            self._desk.go(Place("review"))

        self._calls.start("decide", lambda _call: client.call(route, note, task=task), done)


def _go(row: QTreeWidgetItem | None, go_to: Callable[[EntityId], None]) -> None:
    key = row.data(0, _KEY) if row is not None else None
    if key:
        go_to(key)
