"""Tasks: who labels and who reviews an item, as one table of states."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, TaskId, UserId, new_id
from studio.domain.wire.documents import Lease
from studio.domain.wire.people import (
    NewTasks,
    Pulled,
    PullNext,
    Task,
    TaskNote,
    TaskQuery,
    Tasks,
    TaskState,
)
from studio.domain.wire.projects import ItemState
from studio.domain.wire.routes import REVIEW
from training.store import item_search, leases, tasks, users
from training.store.engine import Transaction
from training.store.items import StoredItem
from training.store.tasks import StoredTask
from training.work import audit
from training.work import items as items_work
from training.work import leases as lease_work
from training.work.access import Session, missing, refused
from training.work.reading import findings_in, live_item

if TYPE_CHECKING:
    from training.node import Node

Act = Literal["pull", "submit", "skip", "take_back", "open_review", "return", "accept", "reopen"]
Role = Literal["anybody", "author", "reviewer", "node"]

# (state, act) -> (next state, who may). What is not here is refused
STEPS: dict[tuple[TaskState, Act], tuple[TaskState, Role]] = {
    ("open", "pull"): ("leased", "anybody"),
    ("returned", "pull"): ("leased", "author"),
    ("leased", "pull"): ("leased", "author"),
    ("leased", "submit"): ("submitted", "author"),
    ("leased", "skip"): ("skipped", "author"),
    ("submitted", "take_back"): ("leased", "author"),
    ("submitted", "open_review"): ("in_review", "anybody"),
    ("in_review", "open_review"): ("in_review", "reviewer"),
    ("in_review", "return"): ("returned", "reviewer"),
    ("in_review", "accept"): ("accepted", "reviewer"),
    ("accepted", "reopen"): ("submitted", "node"),
}
CLOSED: tuple[TaskState, ...] = ("accepted", "skipped")
ITEM_STATES: dict[TaskState, ItemState] = {
    "leased": "labelling",
    "submitted": "submitted",
    "in_review": "in_review",
    "returned": "returned",
    "accepted": "accepted",
    "skipped": "skipped",
}
_NOTE_LIMIT = 10_000


def make(node: Node, project: ProjectId, asked: NewTasks, who: Session) -> int:
    """One task for every item of the query that has none open; says how many were made."""
    with node.store.write() as tx:
        busy = tasks.items_with_open(tx, project, CLOSED)
        wanted = [item for item in item_search.matching(tx, project, asked.query) if item not in busy]
        make_for(node, tx, project, wanted, asked.priority)
        audit.append(node, tx, who.user, "task.make", f"{project} {len(wanted)}")
    return len(wanted)


def make_for(
    node: Node, tx: Transaction, project: ProjectId, wanted: list[ItemId], priority: int = 0
) -> None:
    """One open task for each of `wanted`, in their order."""
    now_ns = node.clock.now_ns()
    tasks.add(
        tx,
        [
            # a nanosecond apart: oldest first is then the order of the list
            StoredTask(
                id=TaskId(new_id()),
                project=project,
                item=item,
                state="open",
                author=None,
                reviewer=None,
                unsure=False,
                note=b"",
                priority=priority,
                attempts=0,
                made_ns=now_ns + index,
                changed_ns=now_ns,
            )
            for index, item in enumerate(wanted)
        ],
    )
    if wanted:
        tx.emit("task", project)


def page(node: Node, project: ProjectId, query: TaskQuery, who: Session) -> Tasks:
    """A window of a project's tasks, newest change first."""
    limit = min(max(query.limit, 0), 1000)
    with node.store.read() as tx:
        user = who.user if query.mine else None
        total, found = tasks.page(tx, project, query.states, user, max(query.offset, 0), limit)
        return Tasks(tuple(_several(node, tx, found)), total)


def pull_next(node: Node, project: ProjectId, asked: PullNext, who: Session) -> Pulled:
    """The task that is most worth doing, leased to who asks; neither where nothing waits.

    For review: by somebody who may review, and never work of their own unless they are alone.
    """
    with node.store.write() as tx:
        if asked.stage == "label":
            found = tasks.next_for(tx, project, who.user)
            return Pulled() if found is None else _take(node, tx, found, "pull", who)
        if not who.roles_in(project) & REVIEW:
            raise refused()
        found = tasks.next_review_for(tx, project, who.user, own_too=who.everything)
        return Pulled() if found is None else _take(node, tx, found, "open_review", who)


def note(node: Node, task: TaskId, said: TaskNote, who: Session) -> Task:
    """Keep a note, and whether somebody is unsure, on a task of one's own or that one reviews."""
    with node.store.write() as tx:
        stored = _get(tx, task)
        if who.user not in (stored.author, stored.reviewer):
            raise refused()
        stored = _noted(node, tx, stored, said, stored.note if not said.note else None)
        audit.append(node, tx, who.user, "task.note", task)
        tx.emit("task", stored.project, stored.item, task)
        return _one(node, tx, stored)


def submit(node: Node, task: TaskId, said: TaskNote, who: Session) -> Task:
    """Hand one's work to review. Raises `task.findings` where a rule that blocks is broken."""
    with node.store.write() as tx:
        stored = _get(tx, task)
        _step(stored, "submit", who)
        blocking = [each for each in findings_in(node, tx, stored.item) if each.blocks]
        if blocking:
            raise AtelierError(
                "task.findings",
                f"Not submitted: {len(blocking)} thing(s) are still to mend. Your work is saved. "
                f"{blocking[0].message}",
                detail=", ".join(f"{each.rule} {each.entity}" for each in blocking[:50]),
                hint="The findings list leads to each of them.",
            )
        stored = _noted(node, tx, stored, said, None)
        stored = _move(node, tx, stored, "submit", who)
        leases.drop(tx, stored.item)
        return _one(node, tx, stored)


def skip(node: Node, task: TaskId, said: TaskNote, who: Session) -> Task:
    """Put a task away for a reason. Raises `task.reason_missing`."""
    with node.store.write() as tx:
        stored = _get(tx, task)
        _check_reason(said, "skip it")
        stored = _noted(node, tx, stored, said, None)
        stored = _move(node, tx, stored, "skip", who)
        leases.drop(tx, stored.item)
        return _one(node, tx, stored)


def take_back(node: Node, task: TaskId, who: Session) -> Pulled:
    """Go on with what one submitted, until a reviewer has opened it."""
    with node.store.write() as tx:
        return _take(node, tx, _get(tx, task), "take_back", who)


def open_review(node: Node, task: TaskId, who: Session) -> Pulled:
    """Look at submitted work; from now on its author cannot take it back."""
    with node.store.write() as tx:
        stored = _get(tx, task)
        if stored.author == who.user and not who.everything:
            raise AtelierError(
                "task.own_work",
                "You labelled this yourself, so somebody else reviews it.",
                hint="Pull the next one.",
            )
        return _take(node, tx, stored, "open_review", who)


def give_back(node: Node, task: TaskId, said: TaskNote, who: Session) -> Task:
    """Return work to its author, with what is to be mended. Raises `task.reason_missing`."""
    with node.store.write() as tx:
        stored = _get(tx, task)
        _check_reason(said, "return it")
        stored = _noted(node, tx, stored, said, None)
        stored = _move(node, tx, stored, "return", who)
        leases.drop(tx, stored.item)
        return _one(node, tx, stored)


def accept(node: Node, task: TaskId, said: TaskNote, who: Session) -> Task:
    """Accept an item: its annotations are what snapshots are made of."""
    with node.store.write() as tx:
        stored = _get(tx, task)
        stored = _noted(node, tx, stored, said, None)
        stored = _move(node, tx, stored, "accept", who)
        leases.drop(tx, stored.item)
        return _one(node, tx, stored)


def item_was_edited(node: Node, tx: Transaction, stored: StoredItem, who: Session) -> None:
    """What somebody's save does to the state: new work begins; an accepted item goes back to review,
    unless who edits it may accept it."""
    if stored.state == "new":
        items_work.set_state(tx, live_item(tx, stored.id), "labelling")
    elif stored.state == "accepted" and not who.roles_in(stored.project) & REVIEW:
        reopen(node, tx, stored.id, who.user)


def reopen(node: Node, tx: Transaction, item: ItemId, user: UserId, why: str = "") -> None:
    """Send an accepted item back to review: somebody edited it, or a verdict says that its label is wrong.

    `why` becomes the task's note. An item that was accepted without a task gets one.
    """
    stored = live_item(tx, item)
    if stored.state != "accepted":
        return
    task = tasks.of_item(tx, item)
    if task is None or task.state != "accepted":
        make_for(node, tx, stored.project, [item])
        items_work.set_state(tx, stored, "new" if stored.entities == 0 else "labelling")
        task = tasks.of_item(tx, item)
        assert task is not None
    else:
        state, _ = STEPS["accepted", "reopen"]
        tasks.set_fields(tx, task.id, state=state, changed_ns=node.clock.now_ns())
        items_work.set_state(tx, stored, "submitted")
    if why:
        _noted(node, tx, task, TaskNote(why), None)
    audit.append(node, tx, user, "task.reopen", task.id)
    tx.emit("task", stored.project, item, task.id)


def _take(node: Node, tx: Transaction, stored: StoredTask, act: Act, who: Session) -> Pulled:
    moved = _move(node, tx, stored, act, who)
    lease: Lease = lease_work.give_exclusive(node, tx, stored.item, who.user, stored.id)
    return Pulled(_one(node, tx, moved), lease)


def _move(node: Node, tx: Transaction, stored: StoredTask, act: Act, who: Session) -> StoredTask:
    state = _step(stored, act, who)
    moved = replace(stored, state=state, changed_ns=node.clock.now_ns())
    if act == "pull" and stored.state != "leased":
        moved = replace(moved, author=who.user, attempts=stored.attempts + 1)
    elif act == "open_review":
        moved = replace(moved, reviewer=who.user)
    tasks.set_fields(
        tx,
        stored.id,
        state=moved.state,
        author=moved.author,
        reviewer=moved.reviewer,
        attempts=moved.attempts,
        changed_ns=moved.changed_ns,
    )
    items_work.set_state(tx, live_item(tx, stored.item), ITEM_STATES[state])
    audit.append(node, tx, who.user, f"task.{act}", stored.id)
    tx.emit("task", stored.project, stored.item, stored.id)
    return moved


def _step(stored: StoredTask, act: Act, who: Session) -> TaskState:
    step = STEPS.get((stored.state, act))
    if step is None:
        raise AtelierError(
            "task.wrong_state",
            f"That is not possible now: the task is {stored.state.replace('_', ' ')}.",
            detail=f"{act} in {stored.state}",
            hint="Refresh the list of tasks.",
        )
    state, role = step
    if (role == "author" and stored.author != who.user) or (
        role == "reviewer" and stored.reviewer != who.user
    ):
        raise AtelierError(
            "task.somebody_elses",
            "This task is somebody else's. Nothing was changed.",
            hint="Pull the next one.",
        )
    return state


def _get(tx: Transaction, task: TaskId) -> StoredTask:
    stored = tasks.get(tx, task)
    if stored is None:
        raise missing()
    return stored


def _check_reason(said: TaskNote, what: str) -> None:
    if not said.note.strip():
        raise AtelierError(
            "task.reason_missing",
            f"Say why you {what}; nothing was changed.",
            hint="One sentence is enough.",
        )


def _noted(node: Node, tx: Transaction, stored: StoredTask, said: TaskNote, kept: bytes | None) -> StoredTask:
    if len(said.note) > _NOTE_LIMIT:
        raise AtelierError("task.note_too_long", f"A note has at most {_NOTE_LIMIT:,} characters.")
    sealed = kept
    if sealed is None:
        sealer = node.keys.item_sealer(tx, stored.item)
        sealed = sealer.seal(said.note.encode(), _aad(stored.id)) if said.note else b""
    unsure = stored.unsure if said.unsure is None else said.unsure
    tasks.set_fields(tx, stored.id, note=sealed, unsure=unsure)
    items_work.set_unsure(tx, live_item(tx, stored.item), unsure)
    return replace(stored, note=sealed, unsure=unsure)


def _one(node: Node, tx: Transaction, stored: StoredTask) -> Task:
    return _several(node, tx, [stored])[0]


def _several(node: Node, tx: Transaction, found: list[StoredTask]) -> list[Task]:
    names = users.names(
        tx, {user for each in found for user in (each.author, each.reviewer) if user is not None}
    )
    called = tasks.item_names(tx, [each.item for each in found])
    sealers = node.keys.item_sealers(tx, [each.item for each in found if each.note])
    return [
        Task(
            id=each.id,
            project=each.project,
            item=each.item,
            item_name=called.get(each.item, ""),
            state=each.state,
            author=each.author,
            author_name=names.get(each.author, "") if each.author else "",
            reviewer=each.reviewer,
            reviewer_name=names.get(each.reviewer, "") if each.reviewer else "",
            unsure=each.unsure,
            note=sealers[each.item].open(each.note, _aad(each.id)).decode() if each.note else "",
            priority=each.priority,
            attempts=each.attempts,
            changed_ns=each.changed_ns,
        )
        for each in found
    ]


def _aad(task: TaskId) -> bytes:
    return f"task {task}".encode()
