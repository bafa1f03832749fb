"""References stay whole, groups have no circle, and what hangs on a thing goes with it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.domain import document as document_module
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import (
    REFERENCES,
    Box,
    Group,
    Mask,
    Member,
    Relation,
    Remark,
    Shape,
    StreamId,
    Tag,
    Tile,
    Track,
    TrackId,
    references,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, GroupId, ShapeId
from tests.studio.domain.strategies import Maker, counted_id, documents, histories, refusal, replay


def _is_whole(document: Document) -> bool:
    return all(
        isinstance(document.get(target), REFERENCES[type(entity)][field])
        for entity in document
        for field, target in references(entity)
    )


def _nesting_has_no_circle(document: Document) -> bool:
    above: dict[str, set[str]] = {}
    for each in document:
        if isinstance(each, Member) and isinstance(document.get(each.entity), Group):
            above.setdefault(each.entity, set()).add(each.group)

    def reaches(start: str, here: str, seen: set[str]) -> bool:
        return any(
            up == start or (up not in seen and reaches(start, up, seen | {up})) for up in above.get(here, ())
        )

    return not any(reaches(group, group, set()) for group in above)


@given(histories())
def test_no_reference_dangles_and_no_group_is_inside_itself(history: list[Edit]) -> None:
    document = Document()
    for edit in history:
        document.apply(edit)
        assert _is_whole(document)
        assert _nesting_has_no_circle(document)


@given(documents(), st.data())
def test_an_edit_made_on_another_state_never_leaves_a_reference_to_nothing(
    document: Document, data: Any
) -> None:
    maker = Maker(data.draw, 1000)
    edits = [maker.edit(document) for _ in range(3)]
    for edit in edits:  # each was made on the first state, not on the one that it meets
        refusal(document, edit)
        assert _is_whole(document)
        assert _nesting_has_no_circle(document)


@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_circle_of_groups_is_refused_however_long(length: int) -> None:
    groups = [Group(GroupId(counted_id(n)), "g") for n in range(length)]
    members = [Member(counted_id(100 + n), groups[n].id, groups[n + 1].id) for n in range(length - 1)]
    document = Document([*groups, *members])
    closing = Member(counted_id(200), groups[-1].id, groups[0].id)
    assert refusal(document, creation("Nest", closing)) == "document.dangling"
    assert refusal(Document(), creation("Nest", *groups, *members, closing)) == "document.dangling"


def test_two_moves_that_make_a_circle_only_together_do_not_both_stand() -> None:
    first, second = Group(GroupId(counted_id(1)), "g"), Group(GroupId(counted_id(2)), "g")
    document = Document([first, second])
    document.apply(creation("Nest", Member(counted_id(3), first.id, second.id)))
    assert (
        refusal(document, creation("Nest", Member(counted_id(4), second.id, first.id))) == "document.dangling"
    )


def test_a_group_in_two_groups_is_no_circle() -> None:
    groups = [Group(GroupId(counted_id(n)), "g") for n in range(4)]
    pairs = [(0, 1), (0, 2), (1, 3), (2, 3)]
    members = [Member(counted_id(50 + i), groups[a].id, groups[b].id) for i, (a, b) in enumerate(pairs)]
    assert len(Document([*groups, *members])) == 8


def test_changing_the_kind_of_what_others_point_at_is_refused() -> None:
    track = Track(TrackId(counted_id(1)), "car")
    box = Box(ShapeId(counted_id(2)), track.id, StreamId("s"), 0, (0.0, 0.0, 1.0, 1.0))
    document = Document([track, box])
    tag = Tag(track.id, "rain")
    assert refusal(document, change("Turn", (track, tag))) == "document.dangling"


@given(documents(), st.data())
def test_deletion_takes_what_hangs_on_it_and_always_stands(document: Document, data: Any) -> None:
    if not len(document):
        return
    before = Document(document)
    chosen = data.draw(st.lists(st.sampled_from(sorted(document.entities)), min_size=1, max_size=3))
    remarks = {each.id for each in document if isinstance(each, Remark)} - set(chosen)
    edit = deletion("Delete", document, chosen)
    document.apply(edit)
    assert _is_whole(document)
    assert not set(chosen) & set(document.entities)
    assert remarks <= set(document.entities), "what people said stays"
    for track in (each for each in before if isinstance(each, Track)):
        had = any(isinstance(before.get(key), Shape) for key in before.referrers(track.id))
        has = any(isinstance(document.get(key), Shape) for key in document.referrers(track.id))
        if track.id in document and track.id not in chosen:
            assert has or not had, "a track whose last shape went is gone"


def test_a_removed_mask_takes_its_tiles_and_members_but_leaves_the_group() -> None:
    track = Track(TrackId(counted_id(1)), "road")
    mask = Mask(ShapeId(counted_id(2)), track.id, StreamId("s"), 0, (512, 1024))
    tiles = [Tile(counted_id(10 + n), mask.id, StreamId("s"), 0, (n, 0), "blob") for n in range(2)]
    group = Group(GroupId(counted_id(3)), "g")
    member = Member(counted_id(4), group.id, track.id)
    relation = Relation(counted_id(5), "touches", track.id, group.id)
    remark = Remark(counted_id(6), "is this road?", on=mask.id)
    document = Document([track, mask, *tiles, group, member, relation, remark])
    document.apply(deletion("Delete", document, [mask.id]))
    assert set(document.entities) == {group.id, remark.id}
    assert document.get(remark.id) == replace(remark, on=None)


def test_a_relation_of_a_thing_to_itself_can_be_made_and_removed() -> None:
    track = Track(TrackId(counted_id(1)), "car")
    loop = Relation(counted_id(2), "same", track.id, track.id)
    document = Document([track, loop])
    document.apply(deletion("Delete", document, [loop.id]))
    assert document == Document([track])
    assert document.referrers(track.id) == ()


def test_a_document_has_room_for_so_many_and_not_one_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document_module, "LARGEST_DOCUMENT", 3)
    document = Document([Tag(counted_id(n), "t") for n in range(3)])
    assert refusal(document, creation("Tag", Tag(counted_id(9), "t"))) == "document.too_large"
    swap = Edit(
        "Swap",
        {counted_id(0): (document.get(counted_id(0)), None), counted_id(9): (None, Tag(counted_id(9), "t"))},
    )
    assert refusal(document, swap) == ""


def test_shapes_are_found_by_stream_and_frame_in_the_order_they_were_made() -> None:
    track = Track(TrackId(counted_id(1)), "car")
    boxes = [
        Box(ShapeId(counted_id(10 + n)), track.id, StreamId("s"), n % 2, (0.0, 0.0, 1.0, 1.0))
        for n in range(4)
    ]
    document = Document([track, *boxes])
    assert document.shapes_at(StreamId("s"), 0) == [boxes[0], boxes[2]]
    document.apply(change("Later", (boxes[0], replace(boxes[0], frame=1))))
    assert [each.id for each in document.shapes_at(StreamId("s"), 0)] == [boxes[2].id]
    assert [each.id for each in document.shapes_at(StreamId("s"), 1)] == [
        boxes[1].id,
        boxes[3].id,
        boxes[0].id,
    ]
    assert document.shapes_at(StreamId("s"), None) == []


@given(histories())
def test_what_is_of_a_kind_is_what_a_walk_over_everything_finds(history) -> None:
    document = Document()
    for edit in (*history, *(each.inverse() for each in reversed(history))):
        document.apply(edit)
        for kind in {type(each) for each in document} | {Tag, Track}:
            assert document.of_kind(kind) == [each for each in document if type(each) is kind]


def test_the_entities_of_a_document_cannot_be_changed_behind_its_back() -> None:
    document = replay([creation("Tag", Tag(counted_id(1), "t"))])
    document.entities.clear()
    assert len(document) == 1
    with pytest.raises(TypeError):
        hash(document)
    with pytest.raises(AtelierError):
        document.apply(Edit("None", {EntityId(counted_id(5)): (None, None)}))


def test_a_track_that_gets_other_shapes_in_the_same_step_outlives_its_last_one() -> None:
    track = Track(TrackId(counted_id(1)), "car")
    box = Box(ShapeId(counted_id(2)), track.id, StreamId("s"), 0, (0.0, 0.0, 1.0, 1.0))
    document = Document([track, box])
    assert set(deletion("Delete", document, [box.id]).changes) == {track.id, box.id}
    assert set(deletion("Delete", document, [box.id], keep=(track.id,)).changes) == {box.id}
