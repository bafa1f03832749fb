"""Accepting predictions: what becomes an annotation and what stands there already."""

from studio.domain.document import Document
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.ids import EntityId, ItemId, ModelId, StreamId, new_id
from studio.domain.wire.evaluation import Prediction
from training.evaluation.accepting import acceptance, shapes_in
from training.evaluation.layers import MOST_SHAPES, layer_of

Rect = tuple[float, float, float, float]


def drawn(class_name: str, xyxy: Rect) -> list[AnyEntity]:
    """A box that a person drew."""
    track = Track(EntityId(new_id()), class_name)
    return [track, Box(EntityId(new_id()), track.id, StreamId("s"), 0, xyxy)]


def layer(*found: tuple[str, float, Rect]) -> Prediction:
    """What a model found."""
    return layer_of(ItemId(new_id()), ModelId(new_id()), StreamId("s"), found, 0)


def test_what_scores_enough_becomes_tracks_with_boxes_made_by_the_model() -> None:
    seen = layer(("cell", 0.9, (0, 0, 10, 10)), ("cell", 0.4, (50, 0, 60, 10)))
    edit = acceptance(seen, (), 0.5, 3)
    assert shapes_in(edit) == 1
    assert (edit.made_by, edit.ontology_version) == (f"model:{seen.model}", 3)
    document = Document()
    document.apply(edit)
    assert [each.xyxy for each in document if isinstance(each, Box)] == [(0, 0, 10, 10)]


def test_a_box_that_stands_there_is_not_made_twice() -> None:
    standing = drawn("cell", (0, 0, 10, 10))
    seen = layer(("cell", 0.9, (0, 0, 10, 12)), ("dust", 0.9, (0, 0, 10, 12)), ("cell", 0.9, (8, 0, 18, 10)))
    classes = [
        new.class_name
        for _, new in acceptance(seen, standing, 0.5, 0).changes.values()
        if isinstance(new, Track)
    ]
    assert sorted(classes) == ["cell", "dust"]


def test_accepting_twice_makes_nothing_twice_even_after_somebody_moved_a_box() -> None:
    seen = layer(("cell", 0.9, (0, 0, 10, 10)))
    document = Document()
    document.apply(acceptance(seen, (), 0.5, 0))
    track, box = (each for each in document)
    assert isinstance(box, Box)
    moved = [track, Box(box.id, box.track, box.stream, 0, (100, 100, 110, 110))]
    assert not acceptance(seen, moved, 0.5, 0)


def test_two_predictions_of_one_thing_become_one_box() -> None:
    edit = acceptance(layer(("cell", 0.9, (0, 0, 10, 10)), ("cell", 0.8, (0, 0, 10, 11))), (), 0.5, 0)
    assert shapes_in(edit) == 1


def test_a_layer_holds_the_most_certain_and_no_more_than_its_bound() -> None:
    found = [("cell", index / 2000, (0.0, 0.0, 1.0, 1.0)) for index in range(MOST_SHAPES + 5)]
    seen = layer_of(ItemId(new_id()), ModelId(new_id()), StreamId("s"), found, 0)
    assert len(seen.scores) == MOST_SHAPES
    assert seen.scores[0][1] == max(score for _, score, _ in found)
