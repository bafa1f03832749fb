"""The task of the open item: found, asked about, handed in; all in background calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId
from studio.domain.wire import routes
from studio.domain.wire.documents import Lease
from studio.domain.wire.people import Pulled, PullNext, Task, TaskNote, TaskQuery, TaskState
from studio.shell.calls import Call, Calls
from studio.shell.page import Desk

_OPEN: tuple[TaskState, ...] = ("leased", "returned", "submitted", "in_review", "open")


class Tasks:
    """What is known of the open item's task; `changed` hears of every change."""

    def __init__(self, desk: Desk, calls: Calls) -> None:
        self._desk = desk
        self._calls = calls
        self.task: Task | None = None
        self.changed: Callable[[Task | None], None] = lambda _task: None

    def take(self, task: Task | None) -> None:
        """This is the task now."""
        self.task = task
        self.changed(task)

    def forget(self) -> None:
        """No item is open."""
        for key in ("task", "task.act"):
            self._calls.cancel(key)
        self.take(None)

    def look_for(self, item: ItemId) -> None:
        """Find one's own task of `item`, as its author or its reviewer."""
        project, user = self._desk.project, self._desk.user
        if project is None or user is None:
            return
        client = self._desk.client
        query = TaskQuery(states=_OPEN, mine=True, limit=1000)

        def done(tasks: Any) -> None:
            found = next((task for task in tasks.tasks if task.item == item), None)
            if found is not None or self.task is None or self.task.item != item:
                self.take(found)

        self._calls.start("task", lambda _call: client.call(routes.TASKS, query, project=project.id), done)

    def refetch(self) -> None:
        """It changed on the node."""
        if self.task is not None:
            self.look_for(self.task.item)

    def may_submit(self) -> bool:
        """Whether the open item is a task of one's own that is being labelled."""
        return self._is_mine() and self.task is not None and self.task.state in ("leased", "returned")

    def may_take_back(self) -> bool:
        """Whether it was submitted by oneself and no reviewer has opened it."""
        return self._is_mine() and self.task is not None and self.task.state == "submitted"

    def pull(self, done: Callable[[Pulled], None]) -> None:
        """Ask for the next task."""
        if (project := self._desk.project) is not None:
            client = self._desk.client
            self._calls.start(
                "task.act", lambda _call: client.call(routes.PULL_NEXT, PullNext(), project=project.id), done
            )

    def submit(self, flush: Callable[[], bool], done: Callable[[Task], None]) -> None:
        """Hand in, after `flush` has brought everything to the node. Raises nothing: refusals are shown."""
        task = self.task
        if task is None:
            return
        client = self._desk.client

        def work(_call: Call) -> Task:
            if not flush():
                raise AtelierError(
                    "task.unsaved",
                    "The node does not have all of your work yet, so it was not submitted. It is kept here.",
                    hint="Submit it again once the status bar says Saved.",
                )
            return client.call(routes.SUBMIT_TASK, TaskNote(task.note, task.unsure), task=task.id)

        self._calls.start("task.act", work, lambda answer: self._answered(answer, done))

    def ask(self, route: routes.Route[TaskNote, Task], note: TaskNote, done: Callable[[Task], None]) -> None:
        """Ask one of the routes that take a note and give the task back."""
        if (task := self.task) is not None:
            client = self._desk.client
            self._calls.start(
                "task.act",
                lambda _call: client.call(route, note, task=task.id),
                lambda answer: self._answered(answer, done),
            )

    def take_back(self, done: Callable[[Lease | None], None]) -> None:
        """Go on with what was submitted; `done` gets the lease that goes with it."""
        if (task := self.task) is not None:
            client = self._desk.client

            def answered(pulled: Pulled) -> None:
                self.take(pulled.task)
                done(pulled.lease)

            self._calls.start(
                "task.act", lambda _call: client.call(routes.TAKE_BACK_TASK, task=task.id), answered
            )

    def _answered(self, task: Task, done: Callable[[Task], None]) -> None:
        self.take(task)
        done(task)

    def _is_mine(self) -> bool:
        return (
            self.task is not None and self._desk.user is not None and self.task.author == self._desk.user.id
        )
