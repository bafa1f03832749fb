"""Batches, drafts and histories, on both databases."""

import pytest
from msgspec.structs import replace

from studio.domain.edit import Edit, creation
from studio.domain.entities import Polygon
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, EntityId, ItemId, OperationId, new_id
from studio.domain.wire.documents import Draft, RevisionQuery
from studio.domain.wire.projects import Stream
from tests.training.workspace import STREAM, Workspace, a_box, add_items, draw, furnish, session
from training.node import Node
from training.store import documents as rows
from training.store import sidecars
from training.work import documents, drafts, erasure, items, reading
from training.work.access import Session


@pytest.fixture
def workspace(inside: Node) -> Workspace:
    return furnish(inside, 3, ("ann",))


@pytest.fixture
def ann(workspace: Workspace) -> Session:
    return session(workspace.users["ann"], "Ann")


def append(node: Node, item: ItemId, edit: Edit, who: Session, batch: BatchId | None = None) -> None:
    with node.store.write() as tx:
        documents.append(node, tx, reading.live_item(tx, item), edit, who.user, batch=batch)


def test_a_draft_is_its_authors_alone_and_takes_the_place_of_its_earlier_state(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item, other = workspace.items[0], session(workspace.users["ann"])
    draft = Draft(OperationId(new_id()), item, "polygon", "Draw polygon", 1, b"\x90")
    drafts.put(inside, draft, ann)
    later = replace(draft, state=b"\x91\x01")
    drafts.put(inside, later, ann)
    assert drafts.of(inside, item, ann) == (later,)
    stranger = replace(other, user=workspace.project)
    assert drafts.of(inside, item, stranger) == ()
    with pytest.raises(AtelierError) as missing:
        drafts.put(inside, later, stranger)
    assert missing.value.code == "access.missing"
    drafts.drop(inside, item, draft.id, stranger)
    assert drafts.of(inside, item, ann) == (later,)
    for _ in range(2):
        drafts.drop(inside, item, draft.id, ann)
    assert drafts.of(inside, item, ann) == ()


def test_payloads_lie_sealed_in_the_tables(inside: Node, workspace: Workspace, ann: Session) -> None:
    track, box = a_box()
    track = replace(track, name="A NAME THAT NOBODY MAY READ")
    append(inside, workspace.items[0], creation("A TITLE", track, box), ann)
    with inside.store.read() as tx:
        held = [each.payload for each in rows.all_heads(tx, workspace.items[0])]
        held += [each.payload for each in rows.of_item(tx, workspace.items[0], 0, 10)]
    assert len(held) == 3
    assert not any(b"NAME" in each or b"TITLE" in each or b"box" in each for each in held)


def test_a_row_that_was_moved_to_another_item_does_not_open(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    first, second, _ = workspace.items
    append(inside, first, creation("Draw", *a_box()), ann)
    with inside.store.write() as tx:
        tx.execute(rows.heads.update().values(item=second))
    with pytest.raises(AtelierError) as broken:
        reading.read(inside, second)
    assert broken.value.code == "seal.broken"


def test_an_erased_item_is_gone_from_lists_and_its_annotations_cannot_be_read(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item = add_items(inside, workspace.other, 1)[0]
    append(inside, item, creation("Draw", *a_box()), ann)
    erasure.erase_item(inside, item, ann)
    with pytest.raises(AtelierError) as missing:
        reading.read(inside, item)
    assert missing.value.code == "access.missing"
    with inside.store.read() as tx:
        assert rows.all_heads(tx, item) == []
        assert [each.payload for each in rows.of_item(tx, item, 0, 10)] == [b""]


def test_what_a_format_carried_of_an_item_is_sealed_with_it_and_erased_with_it(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    carried = items.Carried(b'{"metadata": {"annotator": "Ada"}}', (EntityId(new_id()),))
    picture = (Stream(STREAM, "camera", "image"),)
    with inside.store.write() as tx:
        item = items.create(inside, tx, workspace.project, "scene.json", picture, carried=carried).id
        sealed = sidecars.get(tx, item)
        assert sealed is not None
        assert b"Ada" not in sealed
        assert items.carried_of(tx, item, inside.keys.item_sealer(tx, item)) == carried
    erasure.erase_item(inside, item, ann)
    with inside.store.read() as tx:
        assert sidecars.get(tx, item) is None


def test_the_history_is_given_in_pages(inside: Node, workspace: Workspace, ann: Session) -> None:
    item = workspace.items[0]
    for _ in range(7):
        append(inside, item, creation("Draw", *a_box()), ann)
    pages = []
    after = 0
    while found := reading.revisions(inside, item, RevisionQuery(after, limit=3)).revisions:
        pages.append([each.revision for each in found])
        after = found[-1].revision
    assert pages == [[1, 2, 3], [4, 5, 6], [7]]


def test_an_edit_too_large_for_a_draft_stays_on_the_persons_machine(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item = workspace.items[0]
    track, _ = a_box()
    outline = tuple((float(number), 0.5) for number in range(250_000))
    large = draw(track, Polygon(EntityId(new_id()), track.id, STREAM, 0, outline), fence=99)
    for asked, kept in ((large, 0), (draw(fence=99), 1)):
        with pytest.raises(AtelierError) as lost:
            documents.save_edit(inside, item, asked, ann)
        assert lost.value.code == "lease.lost"
        assert len(drafts.of(inside, item, ann)) == kept
