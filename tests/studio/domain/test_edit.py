"""What an Edit promises: all or nothing, undone exactly, merged by field."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation, rebase
from studio.domain.entities import REFERENCES, Box, Group, Member, Polygon, StreamId, Tag, Track, TrackId
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, GroupId, ShapeId, new_id
from tests.studio.domain.strategies import Maker, counted_id, documents, histories, refusal, replay


@given(histories())
def test_undoing_everything_gives_the_first_document_back(history: list[Edit]) -> None:
    document = replay(history)
    for edit in reversed(history):
        document.apply(edit.inverse())
    assert document == Document()


@given(documents(), st.data())
def test_apply_then_invert_is_the_identity(document: Document, data: Any) -> None:
    before = Document(document)
    edit = Maker(data.draw, 1000).edit(document)
    try:
        applied = document.apply(edit)
    except AtelierError:
        assert document == before
        return
    assert document.apply(applied.inverse()).changes == applied.inverse().changes
    assert document == before


@given(histories())
def test_steps_joined_are_the_same_as_steps_one_by_one(history: list[Edit]) -> None:
    joined = Edit("All", {})
    for edit in history:
        joined = joined.then(edit)
    at_once = Document()
    at_once.apply(joined)
    assert at_once == replay(history)
    assert all(old != new for old, new in joined.changes.values())


@given(documents(), st.data())
def test_disjoint_edits_whose_result_is_whole_commute(document: Document, data: Any) -> None:
    first, second = Maker(data.draw, 1000).edit(document), Maker(data.draw, 2000).edit(document)
    if not first.changes.keys().isdisjoint(second.changes):
        return
    results: list[Document | str] = []
    for pair in ((first, second), (second, first)):
        result = Document(document)
        try:
            for edit in pair:
                result.apply(edit)
        except AtelierError as error:
            results.append(error.code)
        else:
            results.append(result)
    assert results[0] == results[1]


@given(documents(), documents(), st.data())
def test_a_refused_edit_changes_nothing(document: Document, other: Document, data: Any) -> None:
    edit = Maker(data.draw, 1000).edit(other)  # made on another document: mostly stale here, or dangling
    held, looks = document.entities, _indices(document)
    code = refusal(document, edit)
    assert code in ("", "document.stale", "document.dangling")
    if code:
        assert document.entities == held
        assert _indices(document) == looks


@given(documents(), st.data())
def test_indices_are_what_they_are_when_rebuilt_from_nothing(document: Document, data: Any) -> None:
    maker = Maker(data.draw, 1000)
    for _ in range(3):
        try:
            document.apply(maker.edit(document))
        except AtelierError:
            continue
    assert _indices(document) == _indices(Document(document))


def _indices(document: Document) -> Any:
    places = {
        (getattr(s, "stream", None), getattr(s, "frame", None)) for s in document if hasattr(s, "track")
    }
    return (
        {key: set(document.referrers(key)) for key in document.entities},
        {
            (key, field): set(document.referrers(key, field))
            for key in document.entities
            for field in {field for fields in REFERENCES.values() for field in fields}
        },
        {place: {each.id for each in document.shapes_at(*place)} for place in places},
    )


def _track_and_box() -> tuple[Track, Box]:
    track = Track(TrackId(counted_id(1)), "car", attributes=(("colour", "red"), ("doors", 4)))
    return track, Box(ShapeId(counted_id(2)), track.id, StreamId("front"), 0, (1.0, 2.0, 3.0, 4.0))


def test_edits_of_different_fields_of_one_entity_merge() -> None:
    track, box = _track_and_box()
    document = Document([track, box])
    document.apply(change("Move", (box, replace(box, xyxy=(5.0, 6.0, 7.0, 8.0)))))
    document.apply(change("Raise", (box, replace(box, order="z"))))
    assert document.get(box.id) == replace(box, xyxy=(5.0, 6.0, 7.0, 8.0), order="z")


def test_edits_of_different_attributes_of_one_track_merge() -> None:
    track, box = _track_and_box()
    document = Document([track, box])
    document.apply(change("Paint", (track, replace(track, attributes=(("colour", "blue"), ("doors", 4))))))
    document.apply(change("Count", (track, replace(track, attributes=(("colour", "red"), ("doors", 5))))))
    document.apply(change("Name", (track, replace(track, name="first"))))
    assert document.get(track.id) == replace(
        track, attributes=(("colour", "blue"), ("doors", 5)), name="first"
    )


@pytest.mark.parametrize(
    ("field", "value"), [("attributes", (("colour", "green"), ("doors", 4))), ("name", "x")]
)
def test_two_edits_of_one_field_do_not_both_stand(field: str, value: Any) -> None:
    track, box = _track_and_box()
    document = Document([track, box])
    theirs = replace(track, attributes=(("colour", "blue"), ("doors", 4)), name="y")
    document.apply(change("Theirs", (track, theirs)))
    with pytest.raises(AtelierError) as refused:
        document.apply(change("Mine", (track, replace(track, **{field: value}))))
    assert refused.value.code == "document.stale"
    assert refused.value.detail.startswith(f"{track.id} {field}")
    assert document.get(track.id) == theirs


def test_setting_a_field_to_what_it_became_meanwhile_is_no_excuse_for_a_stale_one() -> None:
    track, box = _track_and_box()
    heads = {track.id: track, box.id: replace(box, order="b")}
    with pytest.raises(AtelierError):
        rebase(change("Raise", (box, replace(box, order="b"))), heads)


def test_an_entity_under_the_id_of_another_is_refused() -> None:
    track, box = _track_and_box()
    for edit in (Edit("Draw", {box.id: (None, track)}), Edit("Draw", {box.id: (None, None)})):
        with pytest.raises(AtelierError) as refused:
            Document().apply(edit)
        assert refused.value.code == "entity.malformed"


@pytest.mark.parametrize("bad", ["", "box-1", counted_id(1).upper().replace("0", "A"), counted_id(1) + "\n"])
def test_an_id_that_is_no_uuid7_is_refused(bad: str) -> None:
    with pytest.raises(AtelierError) as refused:
        Document([Tag(EntityId(bad), "rain")])
    assert refused.value.code == "entity.malformed"


@pytest.mark.parametrize("held", [(("b", 1), ("a", 2)), (("a", 1), ("a", 2))])
def test_attributes_out_of_order_or_doubled_are_refused(held: Any) -> None:
    with pytest.raises(AtelierError) as refused:
        Document([Tag(counted_id(1), "rain", attributes=held)])
    assert refused.value.code == "entity.malformed"


def test_one_more_member_of_a_group_of_100_000_is_less_than_a_kilobyte() -> None:
    group = Group(GroupId(counted_id(1)), "convoy")
    tracks = [Track(TrackId(counted_id(2 + n)), "car") for n in range(100_000)]
    members = [Member(counted_id(200_000 + n), group.id, t.id) for n, t in enumerate(tracks[:-1])]
    document = Document([group, *tracks, *members])
    edit = creation("Add to group", Member(EntityId(new_id()), group.id, tracks[-1].id, "truck"))
    document.apply(edit)
    assert len(document.referrers(group.id)) == 100_000
    assert len(canonical.encode(edit)) < 1000


def test_a_change_of_kind_stands_only_on_the_whole_entity() -> None:
    track, box = _track_and_box()
    document = Document([track, box])
    polygon = Polygon(box.id, track.id, box.stream, 0, ((1.0, 2.0), (3.0, 2.0), (3.0, 4.0)))
    reshape = change("Reshape", (box, polygon))
    document.apply(change("Move", (box, replace(box, order="k"))))
    with pytest.raises(AtelierError):
        document.apply(reshape)
    document.apply(change("Reshape", (replace(box, order="k"), polygon)))
    assert document.get(box.id) == polygon
