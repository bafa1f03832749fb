"""Tasks: the table of states, enumerated; and what two people do with it, on both databases."""

import itertools
from typing import get_args

import pytest
from msgspec.structs import replace

from studio.domain.edit import creation
from studio.domain.entities import Group, Member
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, TaskId, new_id
from studio.domain.ontology import ClassType, RoleType
from studio.domain.values import attributes
from studio.domain.wire.people import NewTasks, PullNext, TaskNote, TaskQuery, TaskState
from studio.domain.wire.projects import ItemQuery
from tests.training.workspace import Workspace, a_box, draw, furnish, session
from training.node import Node
from training.store import tasks as rows
from training.store.tasks import StoredTask
from training.work import documents, leases, projects, reading, tasks
from training.work.access import Session
from training.work.tasks import ITEM_STATES, STEPS, Act

LABEL, REVIEW = PullNext("label"), PullNext("review")


class Place:
    def __init__(self, node: Node) -> None:
        self.node = node
        self.workspace: Workspace = furnish(node, 4, ("ann", "bob", "rita"))
        self.project = self.workspace.project
        project = self.project
        self.ann, self.bob = (self._session(name, frozenset(("annotator",))) for name in ("ann", "bob"))
        self.rita = self._session("rita", frozenset(("reviewer",)))
        self.made = tasks.make(node, project, NewTasks(ItemQuery()), self.rita)

    def _session(self, name: str, roles: frozenset[str]) -> Session:
        held = {self.workspace.project: roles}
        return Session(self.workspace.users[name], name, False, b"", 2**62, held)  # type: ignore[arg-type]

    def pull(self, who: Session, stage: PullNext = LABEL) -> tuple[TaskId, ItemId, int]:
        pulled = tasks.pull_next(self.node, self.project, stage, who)
        assert pulled.task is not None
        assert pulled.lease is not None
        return pulled.task.id, pulled.task.item, pulled.lease.fence

    def item_state(self, item: ItemId) -> str:
        with self.node.store.read() as tx:
            return reading.live_item(tx, item).state


@pytest.fixture
def place(inside: Node) -> Place:
    return Place(inside)


def code_of(call: object, *arguments: object) -> str:
    with pytest.raises(AtelierError) as refused:
        call(*arguments)  # type: ignore[operator]
    return refused.value.code


def test_every_step_that_is_not_in_the_table_is_refused(place: Place) -> None:
    states, acts = get_args(TaskState), get_args(Act)
    task = StoredTask(
        TaskId(new_id()), place.project, place.workspace.items[0], "open", None, None, False, b"", 0, 0, 0, 0
    )
    for state, act in itertools.product(states, acts):
        from msgspec.structs import replace

        here = replace(task, state=state, author=place.ann.user, reviewer=place.rita.user)
        for who in (place.ann, place.bob, place.rita):
            step = STEPS.get((state, act))
            if step is None:
                assert code_of(tasks._step, here, act, who) == "task.wrong_state"
            elif (step[1] == "author" and who is not place.ann) or (
                step[1] == "reviewer" and who is not place.rita
            ):
                assert code_of(tasks._step, here, act, who) == "task.somebody_elses"
            else:
                assert tasks._step(here, act, who) == step[0]


def test_every_state_can_be_reached_and_says_what_the_item_is() -> None:
    reached = {"open"} | {state for state, _ in STEPS.values()}
    assert reached == set(get_args(TaskState))
    assert set(ITEM_STATES) == set(get_args(TaskState)) - {"open"}


def test_two_people_never_get_the_same_task(place: Place) -> None:
    pulled = [place.pull(who)[0] for who in (place.ann, place.bob)]
    assert len(set(pulled)) == 2
    assert place.pull(place.ann)[0] == pulled[0], "what one has begun goes on before anything new"


def test_the_oldest_of_the_highest_priority_comes_first(place: Place) -> None:
    with place.node.store.write() as tx:
        _, found = rows.page(tx, place.project, (), None, 0, 10)
        urgent = next(each for each in found if each.item == place.workspace.items[2])
        rows.set_fields(tx, urgent.id, priority=5)
    order = []
    for _ in range(4):
        task, item, _ = place.pull(place.ann)
        order.append(item)
        tasks.skip(place.node, task, TaskNote("enough"), place.ann)
    items = place.workspace.items
    assert order == [items[2], items[0], items[1], items[3]]
    assert tasks.pull_next(place.node, place.project, LABEL, place.ann).task is None


def test_the_walk_of_annotator_and_reviewer(place: Place) -> None:
    node = place.node
    task, item, fence = place.pull(place.ann)
    documents.save_edit(node, item, draw(fence=fence), place.ann)
    assert tasks.note(node, task, TaskNote("a cell?", unsure=True), place.ann).unsure
    assert tasks.submit(node, task, TaskNote("done"), place.ann).state == "submitted"
    assert place.item_state(item) == "submitted"

    back = tasks.take_back(node, task, place.ann)
    assert back.lease is not None
    assert back.lease.fence > fence
    tasks.submit(node, task, TaskNote(), place.ann)

    reviewed, _, _ = place.pull(place.rita, REVIEW)
    assert reviewed == task
    assert code_of(tasks.take_back, node, task, place.ann) == "task.wrong_state"
    returned = tasks.give_back(node, task, TaskNote("one is missing"), place.rita)
    assert (returned.state, returned.note) == ("returned", "one is missing")

    again, _, _ = place.pull(place.ann)
    assert again == task, "returned work of mine comes first"
    tasks.submit(node, task, TaskNote(), place.ann)
    place.pull(place.rita, REVIEW)
    accepted = tasks.accept(node, task, TaskNote(), place.rita)
    assert (accepted.state, accepted.attempts) == ("accepted", 2)
    assert place.item_state(item) == "accepted"


def test_an_annotators_edit_of_an_accepted_item_sends_it_back_to_review(place: Place) -> None:
    node = place.node
    task, item, _ = place.pull(place.ann)
    tasks.submit(node, task, TaskNote(), place.ann)
    place.pull(place.rita, REVIEW)
    tasks.accept(node, task, TaskNote(), place.rita)
    fence = leases.take(node, item, place.rita, True).fence
    documents.save_edit(node, item, draw(fence=fence), place.rita)
    assert place.item_state(item) == "accepted", "who may accept may also mend"
    fence = leases.take(node, item, place.bob, False).fence
    documents.save_edit(node, item, draw(fence=fence), place.bob)
    assert place.item_state(item) == "submitted"
    assert place.pull(place.rita, REVIEW)[0] == task


def test_what_the_template_forbids_blocks_submit_and_not_the_save(place: Place) -> None:
    task, item, fence = place.pull(place.ann)
    track, box = a_box("no such class")
    documents.save_edit(place.node, item, draw(track, box, fence=fence), place.ann)
    assert code_of(tasks.submit, place.node, task, TaskNote(), place.ann) == "task.findings"
    wrong, other = a_box("cell")
    wrong = replace(wrong, attributes=attributes(stage="ancient"))
    edit = creation("Draw", wrong, other)
    save = draw(wrong, other, fence=fence)
    assert save.edit.changes == edit.changes
    documents.save_edit(place.node, item, save, place.ann)
    rules = {each.rule for each in reading.item_findings(place.node, item)}
    assert rules == {"class.unknown", "attribute.wrong"}


def test_a_group_without_the_member_that_its_type_needs_blocks_submit(place: Place) -> None:
    truck = ClassType("truck", roles=(RoleType("tractor", minimum=1, maximum=1),))
    owner = session(place.workspace.users["rita"])
    held = projects.ontology(place.node, place.project, None)
    projects.new_ontology(place.node, place.project, replace(held, groups=(truck,)), owner)
    task, item, fence = place.pull(place.ann)
    track, box = a_box("cell")
    group = Group(EntityId(new_id()), "truck")
    documents.save_edit(place.node, item, draw(track, box, group, fence=fence), place.ann)
    assert code_of(tasks.submit, place.node, task, TaskNote(), place.ann) == "task.findings"
    assert [each.rule for each in reading.item_findings(place.node, item)] == ["group.role_missing"]
    member = Member(EntityId(new_id()), group.id, track.id, "tractor")
    documents.save_edit(place.node, item, draw(member, fence=fence), place.ann)
    tasks.submit(place.node, task, TaskNote(), place.ann)


def test_a_skip_and_a_return_need_a_reason(place: Place) -> None:
    task, _, _ = place.pull(place.ann)
    assert code_of(tasks.skip, place.node, task, TaskNote("  "), place.ann) == "task.reason_missing"
    tasks.submit(place.node, task, TaskNote(), place.ann)
    place.pull(place.rita, REVIEW)
    assert code_of(tasks.give_back, place.node, task, TaskNote(), place.rita) == "task.reason_missing"


def test_nobody_reviews_their_own_work(place: Place) -> None:
    both = Session(
        place.rita.user, "rita", False, b"", 2**62, {place.project: frozenset(("annotator", "reviewer"))}
    )
    task, _, _ = place.pull(both)
    tasks.submit(place.node, task, TaskNote(), both)
    assert tasks.pull_next(place.node, place.project, REVIEW, both).task is None
    assert code_of(tasks.open_review, place.node, task, both) == "task.own_work"


def test_a_pulled_task_ends_the_leases_of_others_on_its_item(place: Place) -> None:
    node = place.node
    first = place.workspace.items[0]
    bobs = leases.take(node, first, place.bob, False).fence
    _, item, anns = place.pull(place.ann)
    assert item == first
    assert anns > bobs
    assert code_of(documents.save_edit, node, item, draw(fence=bobs), place.bob) == "lease.lost"
    assert code_of(leases.take, node, item, place.bob, False) == "lease.held"


def test_only_the_people_of_a_task_see_it_under_mine(place: Place) -> None:
    task, _, _ = place.pull(place.ann)
    mine = TaskQuery(mine=True)
    assert [each.id for each in tasks.page(place.node, place.project, mine, place.ann).tasks] == [task]
    assert tasks.page(place.node, place.project, mine, place.bob).total == 0
    assert tasks.page(place.node, place.project, TaskQuery(states=("open",)), place.bob).total == 3
