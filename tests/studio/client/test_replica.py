"""Two studios and a node, in any order of edits, delays, losses and repeats: they end alike."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.client.replica import Replica
from studio.client.resolution import mine_as_a_copy, mine_on_theirs
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import AnyEntity, Box, StreamId, Tag, Track, TrackId
from studio.domain.errors import AtelierError
from studio.domain.ids import ShapeId
from studio.domain.wire.documents import SaveEdit
from studio.domain.wire.session import UserInfo
from tests.studio.client.memory_node import MemoryItem, MemoryNode
from tests.studio.domain.strategies import Maker, counted_id, documents


class Studio:
    """A replica and its line to the node: what was sent may be lost on the way, or its answer."""

    def __init__(self, item: MemoryItem, user: UserInfo, maker: Maker) -> None:
        self.item, self.user, self.maker = item, user, maker
        self.replica = Replica(tuple(item.document), item.revision)

    def edit(self) -> None:
        try:
            self.replica.add(self.maker.edit(self.replica.document))
        except AtelierError:
            return

    def undo(self) -> None:
        if self.replica.pending:
            last = self.replica.pending[-1]
            self.replica.add(last.fitted.inverse(), undoes=last.operation)

    def send(self, answer_is_lost: bool = False) -> None:
        if not self.replica.pending:
            return
        head = self.replica.pending[0]
        save = SaveEdit(head.operation, head.base, self.item.fence, 1, head.edit, head.undoes)
        try:
            self.item.save(save, self.user)
        except AtelierError as error:
            if answer_is_lost:
                return
            self.fetch()
            if any(each.operation == head.operation for each in self.replica.pending):
                self.replica.refuse(head.operation, error)
            return
        if not answer_is_lost:
            self.fetch()

    def fetch(self) -> None:
        self.replica.receive(self.item.revisions[self.replica.revision :], self.user.id)

    def settle(self) -> None:
        self.fetch()
        for _ in range(len(self.replica.pending)):
            self.send()
        assert not self.replica.pending, "each Edit is saved or set aside at its turn"


STEPS = st.sampled_from(("edit", "edit", "edit", "undo", "send", "send", "lost", "again", "fetch"))


@settings(max_examples=120)
@given(documents(4), st.data())
def test_two_studios_and_the_node_converge(start: Document, data: Any) -> None:
    node = MemoryNode()
    item = node.item("item", start)
    people = [node.client(name).user for name in ("ann", "bob")]
    studios = [Studio(item, who, Maker(data.draw, 1000 * (n + 1))) for n, who in enumerate(people) if who]
    for who, step in data.draw(st.lists(st.tuples(st.integers(0, 1), STEPS), max_size=14)):
        studio = studios[who]
        match step:
            case "edit":
                studio.edit()
            case "undo":
                studio.undo()
            case "send":
                studio.send()
            case "lost":
                studio.send(answer_is_lost=True)
            case "again":
                studio.send(answer_is_lost=True)
                studio.send()
            case "fetch":
                studio.fetch()
    for studio in (*studios, *studios):
        studio.settle()
    for studio in studios:
        assert studio.replica.document == item.document
        assert studio.replica.revision == item.revision
    operations = [each.operation for each in item.revisions]
    assert len(operations) == len(set(operations)), "an Edit was made twice"
    for studio in studios:
        aside = {p.operation for c in studio.replica.conflicts for p in c.pending}
        assert aside.isdisjoint(operations), "an Edit stands and is in the tray as well"


def _scene() -> tuple[Track, Box, Replica]:
    track = Track(TrackId(counted_id(1)), "car")
    box = Box(ShapeId(counted_id(2)), track.id, StreamId("front"), 0, (1.0, 2.0, 3.0, 4.0))
    return track, box, Replica((track, box), 0)


def _theirs(replica: Replica, edit: Edit) -> Any:
    node = MemoryNode()
    item = node.item("item", tuple(replica.document))
    bob = node.client("bob").user
    assert bob is not None
    while item.revision < replica.revision:
        item.revisions.append(item.revisions[0])
    item.save(SaveEdit(counted_id(900 + replica.revision), 0, 1, 1, edit), bob)  # type: ignore[arg-type]
    return [replace(item.revisions[-1], revision=replica.revision + 1)]


def _after_a_conflict(theirs: Edit, *mine: Edit) -> tuple[Replica, Any]:
    _, _, replica = _scene()
    news = _theirs(replica, theirs)
    for edit in mine:
        replica.add(edit)
    return replica, replica.receive(news, "user-ann")


def test_a_change_that_no_longer_stands_goes_to_the_tray_with_those_built_on_it() -> None:
    _, box, _ = _scene()
    moved = replace(box, xyxy=(9.0, 9.0, 12.0, 12.0))
    replica, received = _after_a_conflict(
        change("Move theirs", (box, replace(box, xyxy=(5.0, 5.0, 8.0, 8.0)))),
        change("Move", (box, moved)),
        creation("Tag", Tag(counted_id(50), "rain")),
        change("Move on", (moved, replace(moved, xyxy=(10.0, 9.0, 13.0, 12.0)))),
    )
    assert [c.title for c in replica.conflicts] == ["Move"]
    assert [e.title for e in replica.conflicts[0].edits] == ["Move", "Move on"]
    assert replica.conflicts[0].author == "Bob"
    assert [p.edit.title for p in replica.pending] == ["Tag"]
    assert received.by == "Bob"
    assert box.id in received.changed


def test_an_edit_and_its_undo_that_both_fail_leave_nothing_to_decide() -> None:
    _, box, _ = _scene()
    there = change("Move", (box, replace(box, xyxy=(9.0, 9.0, 12.0, 12.0))))
    replica, received = _after_a_conflict(
        change("Move theirs", (box, replace(box, xyxy=(5.0, 5.0, 8.0, 8.0)))), there, there.inverse()
    )
    assert replica.conflicts == []
    assert len(received.dropped) == 2


@pytest.mark.parametrize("theirs_removes_it", [False, True])
def test_mine_goes_on_top_of_theirs(theirs_removes_it: bool) -> None:
    track, box, _ = _scene()
    mine = replace(box, xyxy=(9.0, 9.0, 12.0, 12.0))
    theirs = (
        deletion("Delete", Document([track, box]), [box.id])
        if theirs_removes_it
        else change("Move", (box, replace(box, xyxy=(5.0, 5.0, 8.0, 8.0), order="theirs")))
    )
    replica, _ = _after_a_conflict(theirs, change("Move", (box, mine)))
    conflict = replica.take_out(replica.conflicts[0].id)
    replica.add(mine_on_theirs(conflict.mine, replica.document, replica.removed))
    expected: AnyEntity = mine if theirs_removes_it else replace(mine, order="theirs")
    assert replica.document.get(box.id) == expected
    assert replica.document.get(track.id) == track


def test_both_keeps_theirs_and_adds_mine_with_a_track_of_its_own() -> None:
    _, box, _ = _scene()
    theirs = replace(box, xyxy=(5.0, 5.0, 8.0, 8.0))
    replica, _ = _after_a_conflict(
        change("Move", (box, theirs)), change("Move", (box, replace(box, xyxy=(9.0, 9.0, 12.0, 12.0))))
    )
    conflict = replica.take_out(replica.conflicts[0].id)
    replica.add(mine_as_a_copy(conflict.mine, replica.document))
    boxes = [each for each in replica.document if isinstance(each, Box)]
    assert replica.document.get(box.id) == theirs
    assert [each.xyxy for each in boxes] == [(5.0, 5.0, 8.0, 8.0), (9.0, 9.0, 12.0, 12.0)]
    assert len({each.track for each in boxes}) == 2


def test_a_change_of_a_tracks_class_cannot_be_kept_beside_theirs() -> None:
    track, _, _ = _scene()
    replica, _ = _after_a_conflict(
        change("Class", (track, replace(track, class_name="bus"))),
        change("Class", (track, replace(track, class_name="van"))),
    )
    with pytest.raises(AtelierError) as refused:
        mine_as_a_copy(replica.conflicts[0].mine, replica.document)
    assert refused.value.code == "conflict.no_copy"
    with pytest.raises(AtelierError) as unknown:
        replica.take_out(counted_id(77))  # type: ignore[arg-type]
    assert unknown.value.code == "conflict.unknown"


@given(documents(4), documents(4), st.data())
def test_starting_over_gives_the_nodes_document_with_mine_on_top(
    held: Document, theirs: Document, data: Any
) -> None:
    replica = Replica(tuple(held), 3)
    maker = Maker(data.draw, 5000)
    for _ in range(2):
        try:
            replica.add(maker.edit(replica.document))
        except AtelierError:
            continue
    saved = frozenset(p.operation for p in replica.pending[:1])
    document = replica.document
    received = replica.start_over(tuple(theirs), 9, saved)
    assert set(received.saved) == saved
    assert replica.document is document, "whoever looks at the document goes on looking at it"
    for pending in reversed(replica.pending):
        replica.document.apply(pending.fitted.inverse())
    assert replica.document == theirs
