"""What people put for the Edit that names it: refused where it did not come, and gone where no Edit came."""

import hashlib

import pytest
from msgspec.structs import replace

from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Tile
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, OperationId, new_id
from studio.domain.wire.documents import Saved, SaveEdit
from tests.training.workspace import STREAM, Workspace, furnish, session
from training.data import media as places
from training.node import Node
from training.store import blobs as rows
from training.work import documents, drafts, erasure, leases, media
from training.work.access import Session


@pytest.fixture
def workspace(inside: Node) -> Workspace:
    return furnish(inside, 2, ("ann",))


@pytest.fixture
def ann(workspace: Workspace) -> Session:
    return session(workspace.users["ann"], "Ann")


def named(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def a_tile(content: bytes) -> Tile:
    return Tile(EntityId(new_id()), None, STREAM, 0, (0, 0), named(content))


def put(node: Node, item: ItemId, content: bytes, who: Session) -> None:
    media.put(node, item, named(content), content, who)


def save(node: Node, item: ItemId, edit: Edit, who: Session, fence: int | None = None) -> Saved:
    held = leases.take(node, item, who, False).fence if fence is None else fence
    return documents.save_edit(node, item, SaveEdit(OperationId(new_id()), 0, held, 1, edit), who)


def files(node: Node) -> int:
    return sum(each.is_file() for each in (node.folder / "blobs").rglob("*"))


def waiting(node: Node, item: ItemId) -> int:
    with node.store.read() as tx:
        return rows.bytes_waiting(tx, item)


def later(node: Node, by_ns: int) -> None:
    now = node.clock.now_ns() + by_ns

    class Later:
        def now_ns(self) -> int:
            return now

    node.clock = Later()  # type: ignore[assignment]


def test_a_tile_whose_content_did_not_come_is_refused_and_nothing_is_stored(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item, tile = workspace.items[0], a_tile(b"painted")
    with pytest.raises(AtelierError) as refused:
        save(inside, item, creation("Paint", tile), ann)
    assert refused.value.code == "blob.unsent"
    put(inside, workspace.items[1], b"painted", ann)  # of another item: not of this one
    with pytest.raises(AtelierError):
        save(inside, item, creation("Paint", tile), ann)
    put(inside, item, b"painted", ann)
    assert save(inside, item, creation("Paint", tile), ann).revision == 1


def test_an_edit_that_leaves_a_tile_as_it_is_needs_nothing_sent(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item, tile = workspace.items[0], a_tile(b"one")
    put(inside, item, b"one", ann)
    save(inside, item, creation("Paint", tile), ann)
    put(inside, item, b"two", ann)
    painted = replace(tile, blob=named(b"two"))
    save(inside, item, change("Paint", (tile, painted)), ann)
    save(inside, item, change("Paint", (tile, painted)).inverse(), ann)  # the earlier one is still there
    save(inside, item, change("Move", (tile, replace(tile, frame=1))), ann)
    assert waiting(inside, item) == 0


def test_what_no_edit_came_for_goes_at_a_start_after_a_month(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item, other = workspace.items
    before = files(inside)
    for content in (b"named", b"orphan", b"shared"):
        put(inside, item, content, ann)
    put(inside, other, b"shared", ann)
    save(inside, item, creation("Paint", a_tile(b"named")), ann)
    save(inside, other, creation("Paint", a_tile(b"shared")), ann)
    media.drop_unnamed(inside)
    assert waiting(inside, item) == len(b"orphanshared")
    later(inside, media.WAITS_NS + 1)
    media.drop_unnamed(inside)
    assert (waiting(inside, item), files(inside)) == (0, before + 2)
    for owner, content in ((item, b"named"), (other, b"shared")):
        source = media.find(inside, owner, places.put_by_people(named(content)), ann)
        assert inside.media.read(source) == content


def test_what_a_late_edit_names_is_kept_with_its_draft(
    inside: Node, workspace: Workspace, ann: Session
) -> None:
    item = workspace.items[0]
    put(inside, item, b"late", ann)
    with pytest.raises(AtelierError) as lost:
        save(inside, item, creation("Paint", a_tile(b"late")), ann, fence=77)
    assert (lost.value.code, len(drafts.of(inside, item, ann))) == ("lease.lost", 1)
    assert waiting(inside, item) == 0


def test_too_much_that_is_never_named_is_refused(
    inside: Node, workspace: Workspace, ann: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media, "MOST_WAITING", 10)
    item = workspace.items[0]
    put(inside, item, b"1234567", ann)
    put(inside, item, b"1234567", ann)  # the same again is nothing new
    with pytest.raises(AtelierError) as refused:
        put(inside, item, b"89abc", ann)
    assert refused.value.code == "blob.too_many"
    save(inside, item, creation("Paint", a_tile(b"1234567")), ann)
    put(inside, item, b"89abc", ann)


def test_erasing_an_item_takes_what_was_put_with_it(inside: Node, workspace: Workspace, ann: Session) -> None:
    item, other = workspace.items
    before = files(inside)
    for owner, content in ((item, b"named"), (item, b"waiting"), (item, b"shared"), (other, b"shared")):
        put(inside, owner, content, ann)
    save(inside, item, creation("Paint", a_tile(b"named")), ann)
    erasure.erase_item(inside, item, ann)
    assert files(inside) == before + 1
    source = media.find(inside, other, places.put_by_people(named(b"shared")), ann)
    assert inside.media.read(source) == b"shared"
    with pytest.raises(AtelierError):
        put(inside, item, b"late", ann)
