"""Labels beside their pictures as they really are: what does not fit is counted, named, and nothing else."""

import pytest

from studio.domain.contracts.fitting import misfits
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.entities import AnyEntity, Box, Keypoints, Mask, Polygon, Polyline, RotatedBox, Track
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.wire.projects import Stream

IMAGE = StreamId("image")
TRACK = Track(EntityId(new_id()), "cell")
SIZE = {"a.png": (64, 48)}


def an_id() -> EntityId:
    return EntityId(new_id())


def item(*shapes: AnyEntity, said: tuple[int, int] = (0, 0), paths: tuple[str, ...] = ("a.png",)) -> ReadItem:
    stream = Stream(id=IMAGE, name="image", kind="image", width=said[0], height=said[1])
    return ReadItem(source="a.png", media=(MediaFile(stream, paths),), entities=(TRACK, *shapes))


def box(*xyxy: float, frame: int = 0) -> Box:
    left, top, right, bottom = xyxy
    return Box(an_id(), TRACK.id, IMAGE, frame, (left, top, right, bottom))


INSIDE: list[AnyEntity] = [
    box(0, 0, 64, 48),
    box(-1, -1, 65, 49),  # rounding of whole pixels
    Polygon(an_id(), TRACK.id, IMAGE, 0, ((0.0, 0.0), (64.0, 0.0), (30.0, 48.0))),
    Polyline(an_id(), TRACK.id, IMAGE, 0, ((5.0, 5.0), (5.0, 40.0))),
    RotatedBox(an_id(), TRACK.id, IMAGE, 0, (30.0, 20.0), (40.0, 10.0), 0.3),
    Keypoints(an_id(), TRACK.id, IMAGE, 0, (("nose", (5.0, 5.0), 2), ("tail", (900.0, 0.0), 0))),
    Mask(an_id(), TRACK.id, IMAGE, 0, (48, 64), b"1"),
]
OUTSIDE: list[AnyEntity] = [
    box(0, 0, 66, 48),
    box(64, 10, 65, 20),  # no part of it is on the picture
    box(-30, -30, -10, -10),
    Polygon(an_id(), TRACK.id, IMAGE, 0, ((0.0, 0.0), (70.0, 0.0), (30.0, 48.0))),
    Polyline(an_id(), TRACK.id, IMAGE, 0, ((5.0, 5.0), (5.0, 90.0))),
    RotatedBox(an_id(), TRACK.id, IMAGE, 0, (60.0, 20.0), (40.0, 10.0), 0.3),
    Keypoints(an_id(), TRACK.id, IMAGE, 0, (("nose", (5.0, 500.0), 2),)),
    Mask(an_id(), TRACK.id, IMAGE, 0, (64, 48), b"1"),
]


def test_shapes_within_their_picture_are_no_problem() -> None:
    assert misfits(item(*INSIDE, said=(64, 48)), SIZE) == []


@pytest.mark.parametrize("shape", OUTSIDE, ids=lambda shape: type(shape).__name__)
def test_a_shape_beyond_its_picture_is_named_with_its_file(shape: AnyEntity) -> None:
    (problem,) = misfits(item(*INSIDE, shape), SIZE)
    assert (problem.path, problem.code) == ("a.png", "import.outside")
    assert problem.message.startswith("1 of 8 shapes do not lie within the picture of 64 x 48 pixels")
    assert problem.hint


def test_many_of_one_picture_are_one_line_with_their_count() -> None:
    (problem,) = misfits(item(*INSIDE, *OUTSIDE), SIZE)
    assert problem.message.startswith("8 of 15 shapes")
    assert "the first at 0, 0, 66, 48" in problem.message


@pytest.mark.parametrize(
    ("said", "word"), [((640, 480), "scale the labels"), ((48, 64), "turned"), ((0, 0), "")]
)
def test_a_size_that_a_label_file_says_wrongly_is_reported(said: tuple[int, int], word: str) -> None:
    found = misfits(item(box(1, 1, 9, 9), said=said), SIZE)
    assert [problem.code for problem in found] == (["import.wrong_size"] if word else [])
    assert all(word in problem.hint for problem in found)


def test_frames_are_held_to_their_own_picture_and_a_video_to_its_one() -> None:
    sizes = {"0.png": (64, 48), "1.png": (640, 480)}
    shapes = (box(0, 0, 60, 40), box(0, 0, 600, 400, frame=1))
    assert misfits(item(*shapes, paths=("0.png", "1.png")), sizes) == []
    (problem,) = misfits(item(*shapes, paths=("1.png", "0.png")), sizes)
    assert problem.path == "0.png"
    assert len(misfits(item(box(0, 0, 90, 9, frame=7)), SIZE)) == 1


def test_where_the_picture_is_not_known_nothing_is_said() -> None:
    assert misfits(item(*OUTSIDE, said=(64, 48)), {}) == []
