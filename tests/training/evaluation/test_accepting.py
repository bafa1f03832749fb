"""Accepting predictions: what becomes an annotation and what stands there already."""

from plugins.image.sight import MOST_SHAPES, PictureSight
from studio.domain.contracts.training import Shown
from studio.domain.document import Document
from studio.domain.entities import AnyEntity, Box, Cuboid, Track
from studio.domain.ids import EntityId, ItemId, ModelId, StreamId, new_id
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.projects import Stream
from training.evaluation.accepting import acceptance, highest, shapes_in

Rect = tuple[float, float, float, float]


def drawn(class_name: str, xyxy: Rect) -> list[AnyEntity]:
    """A box that a person drew."""
    track = Track(EntityId(new_id()), class_name)
    return [track, Box(EntityId(new_id()), track.id, StreamId("s"), 0, xyxy)]


def no_files(*_: object) -> bytes:
    """Of an item whose files nobody wants."""
    raise AssertionError


def layer(*found: tuple[str, float, Rect]) -> Prediction:
    """What a model found."""
    item = Shown("p", (Stream(StreamId("s"), "picture", "image"),), (), no_files, no_files)
    seen = PictureSight().layer(item, [(0, found)])
    return Prediction(ItemId(new_id()), ModelId(new_id()), seen.entities, seen.scores)


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
    seen = layer(*found)
    assert len(seen.scores) == MOST_SHAPES
    assert seen.scores[0][1] == max(score for _, score, _ in found)


def cuboids(track: Track, *places: tuple[int, float]) -> list[AnyEntity]:
    """A track that stands at x in some frames."""
    made: list[AnyEntity] = [track]
    for frame, x in places:
        place = (x, 0.0, 0.8)
        made.append(
            Cuboid(
                EntityId(new_id()),
                track.id,
                StreamId("lidar"),
                frame,
                place,
                (4.5, 1.8, 1.5),
                (0.0, 0.0, 0.0, 1.0),
            )
        )
    return made


def seen_cuboids(*tracks: tuple[float, list[AnyEntity]]) -> Prediction:
    """A layer of whole tracks, each with one score for all of its cuboids."""
    entities = tuple(each for _, some in tracks for each in some)
    scores = tuple((each.id, score) for score, some in tracks for each in some if isinstance(each, Cuboid))
    return Prediction(ItemId(new_id()), ModelId(new_id()), entities, scores)


def car() -> Track:
    return Track(EntityId(new_id()), "car")


def test_a_track_of_cuboids_comes_whole() -> None:
    sure, unsure = cuboids(car(), (0, 10.0), (1, 11.0)), cuboids(car(), (0, 30.0), (1, 31.0))
    edit = acceptance(seen_cuboids((0.9, sure), (0.3, unsure)), (), 0.5, 0)
    assert shapes_in(edit) == 2
    document = Document()
    document.apply(edit)
    assert {each.id for each in document} == {each.id for each in sure}


def test_a_track_is_taken_by_the_mean_of_its_scores() -> None:
    own = cuboids(car(), (0, 10.0), (1, 11.0))
    half = seen_cuboids((0.9, own))
    mixed = Prediction(half.item, half.model, half.entities, ((own[1].id, 0.9), (own[2].id, 0.3)))
    assert shapes_in(acceptance(mixed, (), 0.6, 0)) == 2
    assert shapes_in(acceptance(mixed, (), 0.61, 0)) == 0


def test_a_track_that_lies_on_a_labelled_one_at_any_frame_is_that_one() -> None:
    standing = cuboids(car(), (1, 11.0))
    on_it, beside = cuboids(car(), (0, 10.0), (1, 11.4)), cuboids(car(), (0, 40.0), (1, 41.0))
    edit = acceptance(seen_cuboids((0.9, on_it), (0.9, beside)), standing, 0.5, 0)
    assert set(edit.changes) == {each.id for each in beside}


def test_another_class_at_the_same_place_is_another_thing() -> None:
    standing = cuboids(Track(EntityId(new_id()), "van"), (0, 10.0))
    assert shapes_in(acceptance(seen_cuboids((0.9, cuboids(car(), (0, 10.0)))), standing, 0.5, 0)) == 1


def test_the_highest_score_is_that_of_what_does_not_stand_there_yet() -> None:
    standing = drawn("cell", (0, 0, 10, 10))
    seen = layer(
        ("cell", 0.9, (0, 0, 10, 11)), ("cell", 0.3, (50, 0, 60, 10)), ("cell", 0.4, (50, 0, 60, 11))
    )
    top = highest(seen, standing)
    assert top == 0.4
    assert acceptance(seen, standing, top, 0)
    assert not acceptance(seen, standing, top + 0.001, 0)
    assert highest(layer(("cell", 0.9, (0, 0, 10, 11))), standing) is None
