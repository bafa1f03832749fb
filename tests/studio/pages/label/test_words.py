"""Changes in words, and what somebody made of an item."""

from __future__ import annotations

from msgspec.structs import replace

from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Box, Remark, Track
from studio.domain.ids import EntityId, ItemId, OperationId, StreamId, UserId, new_id
from studio.domain.wire.documents import Revision
from studio.pages.label.saying import describe, field_changes, sentence, work_of

ANN, BOB = UserId("ann"), UserId("bob")


def track() -> Track:
    return Track(EntityId(new_id()), "car")


def box(of: Track) -> Box:
    return Box(EntityId(new_id()), of.id, StreamId("s"), 0, (10.0, 12.0, 130.0, 92.0))


def revision(number: int, author: UserId, edit: Edit) -> Revision:
    return Revision(ItemId("i"), number, OperationId(new_id()), author, author, 0, edit)


def test_a_box_is_described_by_class_size_and_place() -> None:
    assert describe(box(track()), "car") == "Box car, 120 × 80 at (10, 12)"


def test_a_resolved_remark_says_so() -> None:
    assert describe(Remark(EntityId(new_id()), "too wide", resolved=True)) == "Resolved remark: too wide"


def test_a_change_names_each_field_and_attribute_with_both_values() -> None:
    old = replace(track(), attributes=(("colour", "red"), ("parked", True)))
    new = replace(old, class_name="van", attributes=(("colour", "blue"), ("parked", True)))
    assert field_changes(old, new) == [("class name", "car", "van"), ("colour", "red", "blue")]
    assert sentence((old, new)) == "class name: car → van; colour: red → blue"


def test_what_is_made_or_removed_is_said_as_that() -> None:
    shape = box(track())
    assert sentence((None, shape)).startswith("made: Box")
    assert sentence((shape, None)).startswith("removed: Box")


def test_the_work_of_somebody_is_what_their_edits_changed_from_first_to_last() -> None:
    of = track()
    drawn = box(of)
    moved = replace(drawn, xyxy=(20.0, 12.0, 140.0, 92.0))
    renamed = replace(of, class_name="van")
    edits = [
        revision(1, ANN, creation("Draw box", of, drawn)),
        revision(2, ANN, change("Move", (drawn, moved))),
        revision(3, BOB, change("Class", (of, renamed))),
    ]
    found = {each.id: each for each in work_of(ANN, edits)}
    assert set(found) == {of.id, drawn.id}
    assert found[drawn.id].kind == "made"
    assert found[drawn.id].after == moved
    assert [(each.kind, each.id) for each in work_of(BOB, edits)] == [("changed", of.id)]


def test_what_was_made_and_taken_back_is_nobodys_work() -> None:
    of = track()
    made = creation("Draw", of)
    assert work_of(ANN, [revision(1, ANN, made), revision(2, ANN, made.inverse())]) == []


def test_imported_and_accepted_machine_labels_are_nobodys_work() -> None:
    edit = replace(creation("Import", track()), made_by="importer:pascal_voc")
    assert work_of(ANN, [revision(1, ANN, edit)]) == []
