"""Tasks: items given to somebody, in a stage, with a lease."""

from typing import Literal

from studio.domain.ids import ItemId, ProjectId, TaskId, UserId
from studio.domain.wire.documents import Lease
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.session import Message

Stage = Literal["label", "review", "accept"]
TaskState = Literal["open", "leased", "submitted", "in_review", "returned", "accepted", "skipped"]


class Task(Message, frozen=True):
    id: TaskId
    project: ProjectId
    item: ItemId
    item_name: str
    state: TaskState
    author: UserId | None = None  # who labels it: returned work goes back to them
    author_name: str = ""
    reviewer: UserId | None = None
    reviewer_name: str = ""
    unsure: bool = False
    note: str = ""  # why it was skipped or returned
    priority: int = 0
    attempts: int = 0
    changed_ns: int = 0


class Tasks(Message, frozen=True):
    tasks: tuple[Task, ...]
    total: int = 0


class TaskQuery(Message, frozen=True):
    states: tuple[TaskState, ...] = ()
    mine: bool = False
    offset: int = 0
    limit: int = 200


class NewTasks(Message, frozen=True):
    """One task for every item of `query` that has none open."""

    query: ItemQuery
    priority: int = 0


class TasksMade(Message, frozen=True):
    made: int


class PullNext(Message, frozen=True):
    """Give me what is most worth doing: returned work of mine, then by priority, oldest first."""

    stage: Stage = "label"


class Pulled(Message, frozen=True):
    """A task with its lease; neither where nothing waits."""

    task: Task | None = None
    lease: Lease | None = None


class TaskNote(Message, frozen=True):
    note: str = ""
    unsure: bool | None = None
