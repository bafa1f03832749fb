"""Taking a batch back: counted first, a job like others, exactly once whatever is killed, undone as one."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.edit import Edit, change, creation
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, ItemId, ProjectId, UserId, new_id
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.documents import BatchReverted, BatchReverting, RevertBatch, RevisionQuery
from studio.domain.wire.jobs import Job
from studio.domain.wire.projects import NewProject
from tests.training.running import running_node
from tests.training.uploading import wait_for
from tests.training.workspace import Workspace, a_box, add_items, furnish, session
from training.node import Node, assemble
from training.work import documents, erasure, projects, reading, reverting
from training.work.access import Session

OVER = ("done", "failed", "cancelled")


@pytest.fixture
def workspace(inside: Node) -> Workspace:
    made = furnish(inside, 3, ("ann",))
    inside.jobs.resume()
    return made


@pytest.fixture
def ann(workspace: Workspace) -> Session:
    return session(workspace.users["ann"], "Ann")


def append(node: Node, item: ItemId, edit: Edit, who: Session, batch: BatchId | None = None) -> None:
    with node.store.write() as tx:
        documents.append(node, tx, reading.live_item(tx, item), edit, who.user, batch=batch)


def over(node: Node, asked: BatchReverting, *states: str) -> Job:
    assert asked.job is not None
    until = time.monotonic() + 60
    while (job := node.jobs.get(asked.job)).state not in (states or OVER):
        assert time.monotonic() < until, job
        time.sleep(0.02)
    return job


def taken_back(node: Node, project: ProjectId, batch: BatchId, who: Session) -> BatchReverted:
    job = over(node, reverting.ask(node, project, RevertBatch(batch), who))
    assert job.state == "done", job
    return canonical.decode(job.result, BatchReverted)


def test_a_batch_is_taken_back_but_for_what_people_changed_since(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    batch, other = BatchId(new_id()), session(workspace.users["ann"])
    boxes = {}
    for item in workspace.items:
        for _ in range(2):
            track, box = a_box()
            append(inside, item, creation("Import", track, box, made_by="importer:coco"), ann, batch)
            boxes[item] = box
    first, second, third = workspace.items
    moved = replace(boxes[second], xyxy=(0.0, 0.0, 1.0, 1.0))
    append(inside, second, change("Move", (boxes[second], moved)), other)
    kept = a_box()
    append(inside, third, creation("Draw", *kept), other)
    counted = reverting.ask(inside, workspace.project, RevertBatch(batch, preview=True), ann)
    assert (counted.items, counted.edits, counted.edited_since, counted.job) == (3, 6, 2, None)
    assert len(reading.read(inside, first).entities) == 4
    done = taken_back(inside, workspace.project, batch, ann)
    assert (done.reverted, done.left, done.left_count) == (2, ((second, "Ann"),), 1)
    assert reading.read(inside, first).entities == ()
    assert len(reading.read(inside, second).entities) == 4
    assert set(reading.read(inside, third).entities) == set(kept)
    again = reading.revisions(inside, first, RevisionQuery()).revisions
    assert [each.undoes for each in again] == [None, None, again[1].operation, again[0].operation]
    assert {each.batch for each in again[2:]} == {done.batch}


def test_a_reversal_is_a_batch_and_undone_as_one(inside: Node, workspace: Workspace, ann: Session) -> None:
    batch = BatchId(new_id())
    for item in workspace.items:
        append(inside, item, creation("Import", *a_box()), ann, batch)
    before = [set(reading.read(inside, item).entities) for item in workspace.items]
    back = taken_back(inside, workspace.project, batch, ann)
    forth = taken_back(inside, workspace.project, back.batch, ann)
    assert (back.reverted, forth.reverted) == (3, 3)
    assert [set(reading.read(inside, item).entities) for item in workspace.items] == before


def test_a_batch_of_another_project_is_not_there(inside: Node, workspace: Workspace, ann: Session) -> None:
    batch = BatchId(new_id())
    append(inside, workspace.other_item, creation("Import", *a_box()), ann, batch)
    with pytest.raises(AtelierError) as missing:
        reverting.ask(inside, workspace.project, RevertBatch(batch), ann)
    assert missing.value.code == "access.missing"


def test_what_was_erased_is_passed_over(inside: Node, workspace: Workspace, ann: Session) -> None:
    batch = BatchId(new_id())
    for item in workspace.items:
        append(inside, item, creation("Import", *a_box()), ann, batch)
    erasure.erase_item(inside, workspace.items[1], ann)
    assert taken_back(inside, workspace.project, batch, ann).reverted == 2


def test_a_batch_that_is_being_taken_back_is_not_taken_back_twice_at_once(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    batch = BatchId(new_id())
    for item in add_items(inside, workspace.project, 60):
        append(inside, item, creation("Import", *a_box()), ann, batch)
    first = reverting.ask(inside, workspace.project, RevertBatch(batch), ann)
    with pytest.raises(AtelierError) as busy:
        reverting.ask(inside, workspace.project, RevertBatch(batch), ann)
    assert busy.value.code == "batch.busy"
    assert over(inside, first).state == "done"


def test_a_cancelled_reversal_keeps_what_it_did_and_that_can_be_undone(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    batch = BatchId(new_id())
    items = add_items(inside, workspace.project, 300)
    for item in items:
        append(inside, item, creation("Import", *a_box()), ann, batch)
    asked = reverting.ask(inside, workspace.project, RevertBatch(batch), ann)
    until = time.monotonic() + 60
    while not shapes_gone(inside, items[:1]):
        assert time.monotonic() < until
    assert asked.job is not None
    inside.jobs.cancel(asked.job, ann.user)
    assert over(inside, asked).state == "cancelled"
    gone = shapes_gone(inside, items)
    assert 0 < gone < 300
    assert asked.batch is not None
    assert taken_back(inside, workspace.project, asked.batch, ann).reverted == gone
    assert shapes_gone(inside, items) == 0


def shapes_gone(node: Node, items: list[ItemId]) -> int:
    """How many of `items` hold nothing."""
    return sum(not reading.read(node, item).entities for item in items)


@pytest.fixture
def many(tmp_path: Path) -> tuple[ProjectId, list[ItemId], BatchId]:
    """A workspace whose 400 items got two Edits each under one batch, before its node starts."""
    node = assemble(tmp_path / "w")
    who, batch = session(UserId(new_id()), "Founder"), BatchId(new_id())
    project = projects.create(node, NewProject("Cells", Ontology()), who).id
    items = add_items(node, project, 400)
    for item in items:
        for _ in range(2):
            append(node, item, creation("Import", *a_box()), who, batch)
    node.close()
    return project, items, batch


def test_a_killed_node_takes_the_rest_back_and_nothing_twice(
    tmp_path: Path, many: tuple[ProjectId, list[ItemId], BatchId]
) -> None:
    project, items, batch = many
    with running_node(tmp_path / "w") as node:
        owner = node.owner()
        asked = owner.call(routes.REVERT_BATCH, RevertBatch(batch), project=project)
        assert (asked.items, asked.edits) == (400, 800)
        while owner.call(routes.ITEM, item=items[20]).revision < 4:
            time.sleep(0.01)
        node.kill()
        node.start()
        owner = node.owner()
        job = wait_for(owner, owner.call(routes.JOB, job=asked.job))
        done = canonical.decode(job.result, BatchReverted)
        assert (job.state, done.reverted, done.left) == ("done", 400, ())
        assert (job.done, job.total) == (400, 400)
        found = [owner.call(routes.ITEM, item=item).revision for item in items]
        assert set(found) == {4}
        assert owner.call(routes.SUMMARY, project=project).classes == ()
