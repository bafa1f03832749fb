"""The Edits that keys and menus make."""

import pytest

from plugins.image import changes
from studio.domain.entities import Remark, Track
from studio.domain.ids import ItemId, ModelId, new_id
from studio.domain.ontology import findings
from studio.domain.wire.evaluation import Prediction
from tests.plugins.image.ground import ONTOLOGY, STREAM, box_at, box_of, created, keys_of, scene_with


def apply(scene, edit):
    scene.document.apply(edit)
    scene.refresh(edit.changes)
    return edit


@pytest.fixture
def scene():
    made = scene_with((20, 20, 40, 40), (60, 50, 90, 70))
    made.selection = frozenset(keys_of(made)[:1])
    return made


def test_deleting_a_shape_takes_its_empty_track_with_it_and_leaves_locked_ones(scene):
    scene.selection, scene.locked = frozenset(keys_of(scene)), frozenset(keys_of(scene)[1:])
    edit = apply(scene, changes.deleted(scene))
    assert [type(e).__name__ for e in scene.document] == ["Track", "Box"]
    assert edit.title == "Delete Car"
    assert scene.selection == set(keys_of(scene))


def test_nudging_stops_at_the_edge_and_makes_no_edit_there(scene):
    apply(scene, changes.nudged(scene, -50, 1))
    assert box_at(scene, 0).xyxy == (0, 21, 20, 41)
    assert changes.nudged(scene, -50, 0) is None


def test_resizing_by_keys_keeps_a_pixel_and_the_picture(scene):
    apply(scene, changes.resized_by(scene, -50, 100))
    assert box_at(scene, 0).xyxy == (20, 20, 21, 80)


def test_what_was_copied_is_pasted_as_one_edit_and_cut_to_a_smaller_picture(scene):
    scene.selection = frozenset(keys_of(scene))
    held = changes.copied(scene)
    other = scene_with()
    other.size = (70.0, 60.0)
    apply(other, changes.pasted(other, held))
    assert [box_at(other, n).xyxy for n in (0, 1)] == [(20, 20, 40, 40), (60, 50, 70, 60)]
    assert not {e.id for e in other.document} & {e.id for e in scene.document}


def test_duplicates_lie_aside_with_tracks_of_their_own(scene):
    edit = apply(scene, changes.duplicated(scene))
    assert box_at(scene, 2).xyxy == (32, 32, 52, 52)
    assert len([e for e in created([edit]) if isinstance(e, Track)]) == 1


def test_another_class_keeps_only_the_attributes_that_it_asks_for(scene):
    apply(scene, changes.answered(scene, "color", "blue"))
    apply(scene, changes.reclassed(scene, "person"))
    track = scene.document.get(box_at(scene, 0).track)
    assert (track.class_name, track.attributes) == ("person", ())
    apply(scene, changes.reclassed(scene, "car"))
    assert scene.document.get(track.id).attributes == (("color", "red"),)
    assert not [f for f in findings(scene.document, ONTOLOGY) if f.rule == "attribute.wrong"]


def test_an_attribute_of_each_frame_goes_to_the_shape_and_others_to_the_track(scene):
    apply(scene, changes.answered(scene, "occluded", True))
    apply(scene, changes.answered(scene, "color", "blue"))
    assert box_at(scene, 0).attributes == (("occluded", True),)
    assert scene.document.get(box_at(scene, 0).track).attributes == (("color", "blue"),)


def test_front_and_back_change_the_order_of_painting(scene):
    first, second = keys_of(scene)
    apply(scene, changes.restacked(scene, front=True))
    assert keys_of(scene) == [second, first]
    apply(scene, changes.restacked(scene, front=False))
    assert keys_of(scene) == [first, second]


def test_a_remark_is_pinned_to_the_one_selected_object_or_to_a_place(scene):
    (remark,) = created([apply(scene, changes.remarked(scene, "Is this one car?", None))])
    assert isinstance(remark, Remark)
    assert (remark.on, remark.frame, remark.at) == (keys_of(scene)[0], 0, (20, 20))
    scene.selection = frozenset()
    (place,) = created([apply(scene, changes.remarked(scene, "Glare", (5, 6)))])
    assert (place.on, place.at) == (None, (5, 6))
    assert [mark.text for mark in scene.marks()] == ["Is this one car?", "Glare"]


def test_accepting_a_prediction_says_which_model_made_it_and_accepts_nothing_twice(scene):
    track, box = box_of((1, 2, 3, 4), "person")
    prediction = Prediction(ItemId(new_id()), ModelId("m-1"), (track, box), ((box.id, 0.9),))
    edit = apply(scene, changes.accepted(scene, prediction, [box.id]))
    assert (edit.made_by, edit.title) == ("model:m-1", "Accept prediction")
    assert created([edit]) == [track, box]
    assert changes.accepted(scene, prediction, [box.id]) is None


@pytest.mark.parametrize(
    "make",
    [
        changes.deleted,
        changes.duplicated,
        lambda s: changes.nudged(s, 1, 1),
        lambda s: changes.restacked(s, True),
    ],
)
def test_without_a_selection_there_is_no_edit(scene, make):
    scene.selection = frozenset()
    assert make(scene) is None
    assert box_at(scene, 0).stream == STREAM
