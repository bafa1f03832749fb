"""The Label page: an editor in the middle, the item's task above it, its neighbours below, lists beside."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QStackedWidget, QVBoxLayout, QWidget

from studio.domain.contracts.command import Command
from studio.domain.contracts.editing import Editor
from studio.domain.entities import Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, ModelId
from studio.domain.wire import routes
from studio.domain.wire.documents import Draft, Lease
from studio.domain.wire.jobs import Event
from studio.domain.wire.people import Pulled, Task, TaskNote
from studio.domain.wire.projects import Item, ItemQuery
from studio.pages.batches import show_batches_of_item
from studio.pages.items import ItemSource
from studio.pages.label.accepted import AcceptedWork
from studio.pages.label.adding_classes import AddingClasses
from studio.pages.label.around import Around
from studio.pages.label.commands import label_commands
from studio.pages.label.editors import Editors
from studio.pages.label.host import Host
from studio.pages.label.opening import Opened, Opener
from studio.pages.label.panels import Panels
from studio.pages.label.strips import Strips
from studio.pages.label.task_bar import TaskBar
from studio.pages.label.tasks import Tasks
from studio.shell.icons import icon, set_icon
from studio.shell.page import Desk, Page, Place
from widgets.empty_state import EmptyState

_INPUT = (
    QEvent.Type.MouseMove,
    QEvent.Type.MouseButtonPress,
    QEvent.Type.KeyPress,
    QEvent.Type.Wheel,
    QEvent.Type.TabletMove,
)
_CHECK_MS = 250
_CHECK_LARGE_MS = 2000
_LARGE = 2000  # entities
_LEAST_SCORE = 0.3  # from which predictions are shown, where nobody asks for another
_BUTTONS_BEFORE = (
    ("item.previous", "previous"),
    ("item.next", "next"),
    ("edit.undo", "undo"),
    ("edit.redo", "redo"),
)
_BUTTONS_AFTER = (
    ("task.pull", "pull_next"),
    ("task.unsure", "help"),
    ("task.skip", "skip"),
    ("task.take_back", "return"),
    ("task.submit", "send"),
)


class LabelPage(Page):
    """Opens items one after the other: of a query, of a chosen few, or as tasks come."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._opener: Opener | None = None
        self._item: ItemId | None = None
        self._then: Place | None = None  # what to mark once the item is open
        self._model: ModelId | None = None  # whose predictions are shown; None: all
        self._least_score = _LEAST_SCORE
        self._stop_listening: Callable[[], object] = lambda: None
        self.host = Host(desk, desk.picture_calls_of(self), self)
        self.editor: Editor | None = None
        self.editors = Editors(self.host, self, self._editor_made)
        self.accepted = AcceptedWork(desk, self)
        self.host.may_change = self.accepted.may_change
        self.adding = AddingClasses(desk, self.calls, self, self.reopen)
        self.tasks = Tasks(desk, self.calls)
        self.tasks.changed = self._task_changed
        self.source = ItemSource(desk, self)
        self.around = Around(desk, self.source, lambda item: self.open_item(item), self)
        self.bar = TaskBar()
        self.around.moved = self.bar.show_item
        self.strips = Strips()
        self.middle = QStackedWidget()
        self.nothing = EmptyState("", parent=self)
        self.middle.addWidget(self.nothing)
        self.panels = Panels(self.host, self.middle, self._go_to, self._steps)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.bar)
        column.addWidget(self.strips)
        column.addWidget(self.panels, 1)
        column.addWidget(self.around.strip)
        self.host.selected.connect(self._selected)
        desk.connected_changed.connect(lambda _connected: self._connection_changed())
        desk.project_changed.connect(lambda _project: self._project_changed())
        self._findings = QTimer(self, singleShot=True)
        self._findings.timeout.connect(self._check)
        self._others: dict[str, float] = {}
        self._project_seen = desk.project.id if desk.project is not None else None
        self._connection_changed()
        self._show_nothing()

    # The page protocol

    def commands(self) -> Sequence[Command]:
        return (*label_commands(), *self.panels.commands())

    def take_actions(self, find: Callable[[str], QAction]) -> None:
        actions = []
        for names in (_BUTTONS_BEFORE, _BUTTONS_AFTER):
            made = []
            for name, symbol in names:
                action = find(name)
                set_icon(action, symbol)
                made.append(action)
            actions.append(made)
        self.bar.fill(actions[0], actions[1])
        self._offer_buttons()

    def enter(self, place: Place) -> None:
        project = self.desk.project
        if project is None or self._opener is None:
            return
        if place.item is not None or place.items or place.query is not None:
            self._model = place.model
            self._least_score = _LEAST_SCORE if place.threshold is None else place.threshold
        if place.items:
            self.source.show_chosen(project.id, place.items)
        elif place.query is not None or not self.source.known:
            self.source.show_query(project.id, place.query or ItemQuery())
        if place.item is not None:
            self._then = place
            self.open_item(place.item)
        elif place.items:
            self.open_item(place.items[0])
        elif place.query is not None:
            self.around.open_first()
        elif self._item is None:
            self._show_nothing()
        else:
            self._focus()
        self.panels.review.show_review(place.task if place.subject == "review" else None)

    def leave(self) -> None:
        self.panels.keep_layout(self.desk.settings)

    def take_event(self, event: Event) -> None:
        if event.kind == "task" and self.tasks.task is not None and event.subject == self.tasks.task.id:
            self.tasks.refetch()
        elif event.kind in ("item", "document") and event.item is not None:
            if self._opener is not None and event.item != self._item:
                self._opener.forget(event.item)
            if event.kind == "item":
                self.source.refresh_soon()
                if event.item == self._item:
                    self._refetch_item()
        elif event.kind == "items":
            self.source.refresh_soon()

    def reconnected(self) -> None:
        self.source.refresh()

    # Opening

    def open_item(self, item: ItemId, lease: Lease | None = None) -> None:
        """Close what is open and open this, under its task's lease where there is one."""
        opener, project = self._opener, self.desk.project
        if opener is None or project is None:
            return
        if item == self._item and self.host.opened is not None:
            self._show_predictions()
            self._mark()
            return
        self._close_item()
        self._item = item
        version = project.ontology_version
        self.calls.start(
            "open",
            lambda call: opener.open(item, version, call, lease),
            self._opened,
            partial(self._not_opened, item),
        )

    def reopen(self, lease: Lease | None = None) -> None:
        """Ask the node again for what is open; its task stays at hand."""
        task = self.tasks.task
        if (item := self._item) is not None:
            self._close_item()
            if self._opener is not None:
                self._opener.forget(item)
            self.open_item(item, lease)
            self.tasks.take(task)

    def step(self, by: int) -> None:
        """Open a neighbour in the film strip."""
        self.around.step(by)

    def can_step(self, by: int) -> bool:
        """Whether there is one."""
        return self.around.can_step(by)

    def show_lineage(self) -> None:
        """Where the open item came from, and what it is used in."""
        if self._item is not None:
            self.desk.show_lineage("item", self._item)

    def show_batches(self) -> None:
        """What was made in the open item together with others."""
        if self._item is not None:
            show_batches_of_item(self.desk, self._item, self)

    def is_open(self) -> bool:
        """Whether an item is open."""
        return self.host.opened is not None

    def _opened(self, opened: Opened) -> None:
        if opened.item.id != self._item or opened.document is None:
            return
        document = opened.document
        found = self.editors.editor_for(opened.item)
        if found is None:
            kind = opened.item.streams[0].kind if opened.item.streams else "nothing"
            self.nothing.say(
                "No editor is installed for this item",
                f"It holds {kind}. Its annotations are safe on the node.",
            )
            self.middle.setCurrentWidget(self.nothing)
            return
        _, self.editor = found
        self.host.opened = opened
        stops = (document.listen(self._document_changed), document.on_work(self._work_changed))
        self._stop_listening = lambda: [stop() for stop in stops]
        self.editor.open(opened.item, document.document, opened.ontology, document.read_only)
        self.middle.setCurrentWidget(self.editors.widget_of(self.editor))
        self._show_state(opened.item)
        self.around.show(opened.item)
        self._show_strips(opened)
        self._refresh_lists(frozenset(), everything=True)
        self.tasks.look_for(opened.item.id)
        self.panels.review.show_item(opened)
        self._show_predictions()
        self._mark()
        self._focus()

    def _not_opened(self, item: ItemId, error: AtelierError) -> None:
        if item == self._item:
            self._item = None
            self.nothing.say(
                "This item could not be opened", str(error), ("Try again", lambda: self.open_item(item))
            )
            self.middle.setCurrentWidget(self.nothing)

    def _close_item(self) -> None:
        self.host.settle()
        self._stop_listening()
        self._stop_listening = lambda: None
        opened = self.host.opened
        if self.editor is not None:
            self.editor.close_item()
        self.host.leave()
        self.strips.clear()
        self._others.clear()
        self.bar.show_others(())
        self.tasks.forget()
        self._item = None
        if opened is not None:
            opened.document.close()

    def _show_predictions(self) -> None:
        """Those of the model that is asked about, or of all, from the score that is asked for."""
        opened = self.host.opened
        if self.editor is not None and opened is not None:
            of_model = tuple(each for each in opened.predictions if self._model in (None, each.model))
            self.editor.set_predictions(of_model, self._least_score)

    def _mark(self) -> None:
        place, self._then = self._then, None
        if place is None or self.editor is None:
            return
        if place.entity is not None and self.host.opened is not None:
            entity = self.host.opened.document.document.get(place.entity)
            if entity is not None:
                self.editor.show_entity(place.entity)
            if entity is not None and not isinstance(entity, Track):
                return  # a track stands at many frames, so it is the frame that says where
        if place.xyxy is not None and place.stream is not None:
            self.editor.show_box(place.stream, place.frame, place.xyxy)

    def _refetch_item(self) -> None:
        client, item = self.desk.client, self._item
        if item is None:
            return

        def done(found: Item) -> None:
            if found.id == self._item:
                self._show_state(found)

        self.calls.start("item", lambda _call: client.call(routes.ITEM, item=item), done)

    def _show_state(self, item: Item) -> None:
        self.accepted.show(item.id, item.state)
        self.bar.show_state(item.state, self.accepted.words)

    # Editing

    def undo(self, steps: int = 1) -> None:
        """Take back so many of one's own steps; stops at one that no longer stands and says why."""
        self._steps(-steps)

    def redo(self, steps: int = 1) -> None:
        """Do again what was taken back."""
        self._steps(steps)

    def can_undo(self) -> bool:
        """Whether there is something of one's own to take back."""
        opened = self.host.opened
        return opened is not None and not opened.document.read_only and bool(opened.document.undo_titles)

    def can_redo(self) -> bool:
        """Whether something was taken back."""
        opened = self.host.opened
        return opened is not None and not opened.document.read_only and bool(opened.document.redo_titles)

    def _steps(self, steps: int) -> None:
        self.host.settle()
        opened = self.host.opened
        if opened is None or not self.accepted.may_change() or opened is not self.host.opened:
            return
        try:
            for _ in range(abs(steps)):
                done = opened.document.undo() if steps < 0 else opened.document.redo()
                if done is None:
                    break
                # what leaves the visible frame is gone to, so that nothing changes unseen
                if self.editor is not None and any(stream.frames > 1 for stream in opened.item.streams):
                    shown = next((key for key in done.changes if opened.document.document.get(key)), None)
                    if shown is not None:
                        self.editor.show_entity(shown)
        except AtelierError as error:
            self.desk.show_error(error)

    def _document_changed(self, change: object) -> None:
        ids: frozenset[EntityId] = change.ids  # type: ignore[attr-defined]
        by: str = change.by  # type: ignore[attr-defined]
        if self.editor is not None:
            self.editor.document_changed(ids)
        if by != "me":
            self._others[by] = time.monotonic()
            self.bar.show_others(sorted(self._others))
        self._refresh_lists(ids)

    def _refresh_lists(self, ids: frozenset[EntityId], *, everything: bool = False) -> None:
        opened = self.host.opened
        if opened is None:
            return
        self.panels.show_document(opened.document, ids, everything=everything)
        # checking a large document takes longer than a frame: it waits for a pause in the work
        self._findings.start(_CHECK_MS if len(opened.document.document) < _LARGE else _CHECK_LARGE_MS)

    def _work_changed(self) -> None:
        if (opened := self.host.opened) is not None:
            self.panels.show_conflicts(opened.document)

    def _check(self) -> None:
        if (opened := self.host.opened) is not None:
            self.panels.show_findings(opened)

    def _selected(self, ids: frozenset[EntityId]) -> None:
        if self.editor is not None:
            self.editor.set_selection(ids)
        self.panels.review.show_selection(ids)

    def _go_to(self, key: EntityId) -> None:
        if self.editor is not None and self.host.opened is not None:
            if self.host.opened.document.document.get(key) is not None:
                self.editor.show_entity(key)
                self._focus()
            else:
                self.desk.say("That object is not there any more.")

    # Tasks

    @property
    def task(self) -> Task | None:
        return self.tasks.task

    def may_submit(self) -> bool:
        """Whether the open item is a task that one may hand in."""
        return self.tasks.may_submit()

    def may_take_back(self) -> bool:
        """Whether it was submitted by oneself and no reviewer has opened it."""
        return self.tasks.may_take_back()

    def pull_next(self) -> None:
        """Get the next task and open its item."""

        def done(pulled: Pulled) -> None:
            if pulled.task is None:
                self.desk.say("No task is waiting for you.")
                if self._item is None:
                    self._show_nothing(no_task=True)
                return
            self.source.show_chosen(pulled.task.project, (pulled.task.item,))
            self.open_item(pulled.task.item, pulled.lease)
            self.tasks.take(pulled.task)

        self.tasks.pull(done)

    def submit(self, then_pull: bool = False) -> None:
        """Hand the work in, once everything is saved."""
        opened = self.host.opened
        if opened is None:
            return
        document = opened.document

        def done(_task: Task) -> None:
            self.desk.notify("Submitted for review.", "good")
            if then_pull:
                self.pull_next()
            else:
                self.reopen()

        self.tasks.submit(lambda: document.flush(20.0), done)

    def skip(self) -> None:
        """Put the task away with a reason."""
        reason, chosen = QInputDialog.getText(self, "Skip this task", "Why can it not be labelled?")
        if chosen and reason.strip():
            self.tasks.ask(routes.SKIP_TASK, TaskNote(reason.strip()), lambda _task: self.pull_next())

    def turn_unsure(self) -> None:
        """Mark or unmark the task as one that somebody should look at."""
        if (task := self.tasks.task) is not None:
            self.tasks.ask(routes.NOTE_TASK, TaskNote(task.note, not task.unsure), lambda _task: None)

    def take_back(self) -> None:
        """Go on with what was submitted."""
        self.tasks.take_back(self.reopen)

    def _task_changed(self, task: Task | None) -> None:
        self.bar.show_task(task)
        self._offer_buttons()
        self.panels.review.show_task(task)
        if task is not None and task.state == "returned" and task.note:
            self.strips.put("returned", f"Returned by {task.reviewer_name or 'a reviewer'}: {task.note}")

    def _offer_buttons(self) -> None:
        busy = self.tasks.may_submit()
        self.bar.offer(
            {
                "task.submit": busy,
                "task.skip": busy,
                "task.unsure": busy,
                "task.take_back": self.tasks.may_take_back(),
            }
        )

    # Around

    def _show_strips(self, opened: Opened) -> None:
        document = opened.document
        if document.read_only:
            reason = document.read_only_reason or "You may look at this item, and not change it."
            self.strips.put("read_only", reason)
        elif not opened.ontology.classes:
            text = "This project has no classes yet, so what you draw has no name."
            if self.adding.may():
                self.strips.put("classes", text, ("Add classes …", self.adding.ask))
            else:
                self.strips.put("classes", f"{text} A manager of the project can add some.")
        for draft in document.drafts:
            self.strips.put(
                f"draft.{draft.id}",
                f"You had not finished: {draft.title}.",
                ("Go on", partial(self._resume, draft)),
                ("Discard", partial(document.drop_draft, draft.id)),
            )

    def _resume(self, draft: Draft) -> None:
        opened = self.host.opened
        if self.editor is None or opened is None:
            return
        try:
            if opened.document.take_draft(draft.id) is not None:
                return  # it was an Edit whose lease had ended: now it is made
        except AtelierError as error:
            self.desk.show_error(error)
            return
        if self.editor.resume_draft(draft.tool, draft.state):
            opened.document.drop_draft(draft.id)
        else:
            self.desk.say("This editor cannot go on with that gesture; it is kept.")
        self._focus()

    def _show_nothing(self, *, no_task: bool = False) -> None:
        self.middle.setCurrentWidget(self.nothing)
        if self.desk.project is None:
            self.nothing.say("No project is open", "Choose one on the Home page.")
        elif no_task:
            text = "You can still open any item from the Data page."
            act = ("Go to Data", lambda: self.desk.go(Place("data")))
            self.nothing.say("No task is waiting for you", text, act, icon("check"))
        else:
            text = "Pull the next task, or choose an item below or on the Data page."
            self.nothing.say("Nothing is open", text, ("Pull next", self.pull_next), icon("label"))
        self.bar.show_item("", None, 0)
        self.bar.show_state("")
        self.bar.show_task(None)

    def _focus(self) -> None:
        if self.editor is not None and self.host.opened is not None:
            self.editors.widget_of(self.editor).setFocus()

    def _editor_made(self, widget: QWidget, commands: Sequence[Command], editor: Editor) -> None:
        self.middle.addWidget(widget)
        for each in (widget, *widget.findChildren(QWidget)):
            each.installEventFilter(self)  # counts the seconds that somebody is really at it
        self.desk.offer(commands, editor, "label")

    def _connection_changed(self) -> None:
        self._close_item()
        self._opener = None
        if self.desk.is_connected:
            from studio.client import ActivityClock

            self._opener = Opener(self.desk.session)
            self.host.clock = ActivityClock()
            self.around.opener = self._opener
        else:
            self._show_nothing()

    def _project_changed(self) -> None:
        project = self.desk.project.id if self.desk.project is not None else None
        if project != self._project_seen:
            self._project_seen = project
            self._close_item()
            self.source.clear()
            self._show_nothing()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in _INPUT and self.host.clock is not None:
            self.host.clock.touch()
        return super().eventFilter(watched, event)
