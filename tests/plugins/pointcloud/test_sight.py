"""What detectors of cuboids are shown of a drive, and the tracks that become of what they find."""

import math

import numpy as np
import pytest

from plugins.pointcloud.cloud import HEAD, Cloud, prepared
from plugins.pointcloud.generator import Counts, Scene, generate
from plugins.pointcloud.generator.rig import LIDAR
from plugins.pointcloud.sight import MOST_POINTS, SweepSight
from studio.domain.contracts.training import Seen, Shown
from studio.domain.document import Document
from studio.domain.entities import AnyEntity, CoordinateSystem, Cuboid, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.overlap import cuboid_iou, rows_of
from studio.domain.space import turn, yaw_of
from studio.domain.wire.projects import Stream

FRAMES = 6
COUNTS = Counts(cars=4, vans=1, cyclists=1, lorries=0, pedestrians=3, poles=1, walls=1, bushes=1)


def renditions(clouds: list[Cloud]) -> dict[str, bytes]:
    """What is prepared of each frame, by frame and name."""
    held: dict[str, bytes] = {}
    for frame, cloud in enumerate(clouds):
        head, pieces = prepared(cloud)
        held[f"{frame} {HEAD}"] = head
        held |= {f"{frame} {HEAD}-{number}": piece for number, piece in enumerate(pieces)}
    return held


def shown(
    stream: Stream, clouds: list[Cloud], *entities: AnyEntity, weights: dict[EntityId, float] | None = None
) -> Shown:
    held = renditions(clouds)

    def rendition(of: StreamId, frame: int, name: str) -> bytes:
        if (key := f"{frame} {name}") not in held:
            raise AtelierError("media.missing", "It is not there.")
        assert of == stream.id
        return held[key]

    return Shown("drive", (stream,), entities, lambda *_: b"", rendition, weights or {})


@pytest.fixture(scope="module")
def scene() -> Scene:
    return generate(21, frames=FRAMES, counts=COUNTS, ego="turning", columns=300, picture_size=None)


def of_scene(scene: Scene, *left_out: type) -> Shown:
    kept = [each for each in scene.entities if not isinstance(each, left_out)]
    return shown(scene.streams[0], scene.clouds[LIDAR], *kept)


def points_of(data: bytes) -> np.ndarray:
    """As `atelier_run.points` reads them."""
    return np.frombuffer(data, "<i2").reshape(-1, 4) / (100, 100, 100, 32_767)


def test_every_frame_is_a_lesson_in_the_ego_frame_with_its_cuboids(scene: Scene) -> None:
    lessons = list(SweepSight().lessons(of_scene(scene)))
    assert [each.name for each in lessons] == [f"drive, frame {frame + 1}" for frame in range(FRAMES)]
    names = {track.id: track.class_name for track in scene.tracks}
    for frame, lesson in enumerate(lessons):
        own = scene.in_ego(LIDAR, frame)
        found = points_of(lesson.data)
        assert len(found) == len(own)
        order, other = np.lexsort(found[:, :3].round(1).T), np.lexsort(own.round(1).T)
        assert np.abs(found[order, :3].mean(0) - own[other].mean(0)).max() < 0.002
        cuboids = scene.cuboids(frame)
        assert sorted(name for name, _, _ in lesson.shapes) == sorted(names[each.track] for each in cuboids)
        rows = np.array([row for _, row, _ in lesson.shapes])
        assert (cuboid_iou(rows, rows_of(cuboids)).max(0) > 0.999).all()
        assert {weight for _, _, weight in lesson.shapes} == {1.0}


def test_views_are_what_lessons_are_and_come_in_parts(scene: Scene) -> None:
    item, sight = of_scene(scene), SweepSight()
    lessons = [each.data for each in sight.lessons(item)]
    parts = [*sight.views(item, 0, 2), *sight.views(item, 2, FRAMES)]
    assert parts == list(enumerate(lessons))


def stream_of(frames: int) -> Stream:
    return Stream(LIDAR, "lidar", "points", frames, times_ns=tuple(1_000 + n * 10**8 for n in range(frames)))


def a_cloud(count: int = 50, seed: int = 0) -> Cloud:
    rng = np.random.default_rng(seed)
    return Cloud(rng.uniform(-20, 20, (count, 3)).astype(np.float32))


def key_frames(class_name: str, *places: tuple[int, float, bool]) -> list[AnyEntity]:
    """A track with a key frame at each (frame, x), which may be the last of a run."""
    track = Track(TrackId(new_id()), class_name)
    return [
        track,
        *(
            Cuboid(
                ShapeId(new_id()),
                track.id,
                LIDAR,
                frame,
                (x, 0.0, 0.0),
                (4.0, 2.0, 1.5),
                turn(0.1),
                ends_here=ends,
            )
            for frame, x, ends in places
        ),
    ]


def test_cuboids_between_key_frames_are_learned_and_what_nobody_labelled_is_not() -> None:
    made = key_frames("car", (2, 0.0, False), (6, 4.0, True))
    item = shown(stream_of(10), [a_cloud() for _ in range(10)], *made)
    lessons = list(SweepSight().lessons(item))
    assert [each.name for each in lessons] == [f"drive, frame {frame + 1}" for frame in range(2, 7)]
    assert [each.shapes[0][1][0] for each in lessons] == pytest.approx([0, 1, 2, 3, 4], abs=1e-6)
    assert lessons[0].shapes[0][1][3:] == pytest.approx((4.0, 2.0, 1.5, 0.1))


def test_a_computed_cuboid_counts_as_little_as_the_key_frames_that_it_comes_from() -> None:
    made = key_frames("car", (0, 0.0, False), (2, 2.0, False), (4, 4.0, True))
    item = shown(stream_of(5), [a_cloud() for _ in range(5)], *made, weights={made[1].id: 0.25})
    assert [each.shapes[0][2] for each in SweepSight().lessons(item)] == [0.25, 0.25, 1.0, 1.0, 1.0]


def test_an_item_without_cuboids_has_no_lessons_but_views() -> None:
    item = shown(stream_of(2), [a_cloud(), a_cloud()])
    assert list(SweepSight().lessons(item)) == []
    assert len(list(SweepSight().views(item, 0, 2))) == 2


def test_frames_without_points_are_left_out_and_an_item_without_any_is_told() -> None:
    made = key_frames("car", (0, 0.0, False), (2, 2.0, True))
    item = shown(stream_of(3), [a_cloud()], *made)
    assert [frame for frame, _ in SweepSight().views(item, 0, 3)] == [0]
    assert len(list(SweepSight().lessons(item))) == 1
    with pytest.raises(AtelierError) as caught:
        list(SweepSight().views(shown(stream_of(3), [], *made), 0, 3))
    assert caught.value.code == "media.missing"


def test_points_are_turned_by_the_sensor_bounded_in_number_and_without_those_too_far() -> None:
    far = Cloud(np.array([[1.0, 0.0, 0.0], [5_000.0, 0.0, 0.0]], np.float32))
    placed = CoordinateSystem(EntityId(new_id()), str(LIDAR), "ego", (1.0, 2.0, 3.0), turn(math.pi / 2))
    (view,) = SweepSight().views(shown(stream_of(1), [far], placed), 0, 1)
    assert points_of(view[1])[:, :3].tolist() == [pytest.approx([1.0, 3.0, 3.0], abs=0.006)]
    (view,) = SweepSight().views(shown(stream_of(1), [a_cloud(MOST_POINTS + 500)]), 0, 1)
    assert len(points_of(view[1])) == MOST_POINTS
    (view,) = SweepSight().views(shown(stream_of(1), [a_cloud(0)]), 0, 1)
    assert view[1] == b""


def found_in(scene: Scene, frame: int, score: float = 0.8) -> list[Seen]:
    """What a perfect model finds, from the surest on."""
    names = {track.id: track.class_name for track in scene.tracks}
    cuboids = scene.cuboids(frame)
    return [
        (names[each.track], score - place / 1000, tuple(row))
        for place, (each, row) in enumerate(zip(cuboids, rows_of(cuboids).tolist(), strict=True))
    ]


def test_what_is_found_again_is_one_track_of_one_size_in_the_world(scene: Scene) -> None:
    seen = [(frame, found_in(scene, frame)) for frame in range(FRAMES)]
    layer = SweepSight().layer(of_scene(scene, Track, Cuboid), seen)
    Document(layer.entities)
    tracks = [each for each in layer.entities if isinstance(each, Track)]
    cuboids = [each for each in layer.entities if isinstance(each, Cuboid)]
    assert len(tracks) == len({each.track for each in scene.cuboids(0)} | {t.id for t in scene.tracks})
    assert {each.id for each in cuboids} == set(dict(layer.scores))
    for track in tracks:
        own = [each for each in cuboids if each.track == track.id]
        assert len({each.size for each in own}) == 1
        assert [each.frame for each in own] == sorted({each.frame for each in own})
        assert [each.ends_here for each in own] == [False] * (len(own) - 1) + [True]
        assert {each.made for each in own} == {"model"}
    for frame in range(FRAMES):
        there = rows_of([each for each in cuboids if each.frame == frame])
        assert (cuboid_iou(there, rows_of(scene.cuboids(frame))).max(0) > 0.95).all()


def test_a_front_that_is_seen_at_the_rear_once_is_turned_back(scene: Scene) -> None:
    seen = [(frame, found_in(scene, frame)) for frame in range(FRAMES)]
    name, score, row = seen[3][1][0]
    seen[3][1][0] = (name, score, (*row[:6], row[6] + math.pi))
    layer = SweepSight().layer(of_scene(scene, Track, Cuboid), seen)
    cuboids = [each for each in layer.entities if isinstance(each, Cuboid) and each.frame == 3]
    nearest = min(cuboids, key=lambda each: math.dist(each.centre[:2], row[:2]))
    assert math.cos(yaw_of(nearest.rotation) - row[6]) > 0.99


def test_what_was_hardly_seen_is_a_track_of_one_cuboid_with_its_own_score() -> None:
    item = shown(stream_of(3), [a_cloud()] * 3)
    row = (5.0, 1.0, 0.0, 4.0, 2.0, 1.5, 0.3)
    layer = SweepSight().layer(
        item, [(0, [("car", 0.05, row)]), (1, [("car", 0.06, row), ("car", 0.06, row)])]
    )
    assert sorted(score for _, score in layer.scores) == pytest.approx([0.05, 0.06, 0.06])
    assert sum(isinstance(each, Track) for each in layer.entities) == 3
    assert SweepSight().layer(item, []) == ((), ())


def test_what_is_surely_seen_in_other_sweeps_is_surer_here() -> None:
    item = shown(stream_of(3), [a_cloud()] * 3)
    row = (5.0, 1.0, 0.0, 4.0, 2.0, 1.5, 0.3)
    seen = [(frame, [("car", score, row)]) for frame, score in enumerate((0.9, 0.3, 0.9))]
    scores = [score for _, score in SweepSight().layer(item, seen).scores]
    assert scores == pytest.approx([math.sqrt(0.9 * 0.7), math.sqrt(0.3 * 0.7), math.sqrt(0.9 * 0.7)])


def test_the_surest_class_of_a_track_is_its_class() -> None:
    item = shown(stream_of(4), [a_cloud()] * 4)
    row = (5.0, 1.0, 0.0, 4.0, 2.0, 1.5, 0.3)
    seen = [(frame, [("van" if frame == 1 else "car", 0.6, row)]) for frame in range(4)]
    layer = SweepSight().layer(item, seen)
    assert [each.class_name for each in layer.entities if isinstance(each, Track)] == ["car"]
