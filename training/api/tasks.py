"""Routes of tasks."""

from studio.domain.ids import ProjectId, TaskId
from studio.domain.wire.people import NewTasks, Pulled, PullNext, Task, TaskNote, TaskQuery, Tasks, TasksMade
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler, Resolver
from training.store import tasks as rows
from training.work import tasks


def _project(call: Call[object]) -> ProjectId:
    return ProjectId(call.ids["project"])


def _task(call: Call[object]) -> TaskId:
    return TaskId(call.ids["task"])


def page(call: Call[TaskQuery]) -> Tasks:
    """A window of a project's tasks."""
    return tasks.page(call.node, _project(call), call.body, call.who)


def new_tasks(call: Call[NewTasks]) -> TasksMade:
    """Make tasks for items."""
    return TasksMade(tasks.make(call.node, _project(call), call.body, call.who))


def pull_next(call: Call[PullNext]) -> Pulled:
    """What is most worth doing."""
    return tasks.pull_next(call.node, _project(call), call.body, call.who)


def note(call: Call[TaskNote]) -> Task:
    """Keep a note."""
    return tasks.note(call.node, _task(call), call.body, call.who)


def submit(call: Call[TaskNote]) -> Task:
    """Hand work to review."""
    return tasks.submit(call.node, _task(call), call.body, call.who)


def skip(call: Call[TaskNote]) -> Task:
    """Put a task away."""
    return tasks.skip(call.node, _task(call), call.body, call.who)


def take_back(call: Call[Empty]) -> Pulled:
    """Go on with what was submitted."""
    return tasks.take_back(call.node, _task(call), call.who)


def open_review(call: Call[Empty]) -> Pulled:
    """Look at submitted work."""
    return tasks.open_review(call.node, _task(call), call.who)


def give_back(call: Call[TaskNote]) -> Task:
    """Return work to its author."""
    return tasks.give_back(call.node, _task(call), call.body, call.who)


def accept(call: Call[TaskNote]) -> Task:
    """Accept an item."""
    return tasks.accept(call.node, _task(call), call.body, call.who)


HANDLERS: dict[str, Handler] = {
    "tasks": page,
    "new_tasks": new_tasks,
    "pull_next": pull_next,
    "note_task": note,
    "submit_task": submit,
    "skip_task": skip,
    "take_back_task": take_back,
    "open_review": open_review,
    "return_task": give_back,
    "accept_task": accept,
}
PROJECT_OF: dict[str, Resolver] = {"task": rows.project_of}
