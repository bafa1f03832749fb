"""Between key frames: through them exactly, in the world, in time, and in step with the document."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.interpolation import STATES, Interpolated, TrackIndex, key_frames
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import change, creation
from studio.domain.entities import Cuboid
from studio.domain.space import Pose, between, chained, ego_pose, inverse, turn, unit, wrapped, yaw_of
from tests.plugins.pointcloud.ground import (
    CAR,
    FRONT,
    LIDAR,
    STEP_NS,
    car,
    driving,
    in_ego,
    indexed,
    key,
    streams,
)

metres = st.floats(-60, 60, allow_nan=False)
angles = st.floats(-math.pi, math.pi, allow_nan=False)
places = st.tuples(metres, metres, st.floats(-2, 2), angles, st.floats(-0.4, 0.4), st.floats(-0.4, 0.4))
rides = st.sampled_from([[], driving(20), driving(20, 15.0, -0.6), driving(20, 0.0, 1.0)])


def _key(track, frame, place):
    x, y, z, yaw, pitch, roll = place
    return replace(key(track, frame), centre=(x, y, z), rotation=turn(yaw, pitch, roll))


@given(st.dictionaries(st.integers(0, 19), places, min_size=1, max_size=6), rides)
def test_a_track_passes_through_its_key_frames_exactly(given_places, poses):
    track = car()
    keys = [_key(track, frame, place) for frame, place in given_places.items()]
    index = indexed([track, *keys, *poses])
    for cuboid in keys:
        assert index.cuboid_at(track.id, cuboid.frame) == cuboid
        placed = index.cuboids_at(cuboid.frame)
        assert placed.centres[0].tolist() == list(cuboid.centre)
        assert np.allclose(np.abs(placed.rotations[0] @ np.array(cuboid.rotation)), 1.0, atol=1e-12)


@given(st.dictionaries(st.integers(0, 19), places, min_size=2, max_size=6))
def test_near_a_key_frame_it_is_near_it(given_places):
    """It arrives where it is going: an interpolation that only touches its keys would leap beside them."""
    track = car()
    keys = [_key(track, frame, place) for frame, place in sorted(given_places.items())]
    fine = [round(n * 1e7) for n in range(381)]
    spread = [replace(each, frame=each.frame * 20) for each in keys]
    lines = streams(times_ns=fine)
    index = TrackIndex(Document([track, *spread]), lines)
    first, last = spread[0].frame, spread[-1].frame
    centres = index.sweep(first, last + 1).centres[:, 0]
    longest = max(math.dist(a.centre, b.centre) / (b.frame - a.frame) for a, b in pairwise(spread))
    # an arc of at most 165 degrees is at most 1.5 times its chord; the mix with the chord bends a little more
    assert np.linalg.norm(np.diff(centres, axis=0), axis=1).max() <= longest * 2.2 + 1e-9


@given(angles, angles)
def test_the_heading_turns_the_short_way_over_half_a_turn(first, second):
    track = car()
    keys = [key(track, 0, yaw=first), key(track, 10, yaw=second)]
    index = indexed([track, *keys])
    turned = wrapped(second - first)
    for frame in range(11):
        found = yaw_of(index.cuboid_at(track.id, frame).rotation)
        # half a turn is as short one way as the other
        expected = [first + turned * frame / 10] + (
            [first - turned * frame / 10] if abs(turned) > 3.1415 else []
        )
        assert min(abs(wrapped(found - each)) for each in expected) < 1e-6


@given(metres, metres, angles, rides)
def test_a_parked_car_stands_still_in_the_world_while_the_ego_drives(x, y, yaw, poses):
    track = car()
    parked = key(track, 0, x, y, yaw)
    keys = [in_ego(poses, frame, replace(parked, frame=frame, id=key(track, frame).id)) for frame in (0, 13)]
    index = indexed([track, *keys, *poses])
    for frame in range(20):  # held after the last key frame too
        placed = index.cuboids_at(frame, world=True)
        assert np.allclose(placed.centres[0], parked.centre, atol=1e-9)
        assert abs(wrapped(yaw_of(tuple(placed.rotations[0].tolist())) - yaw)) < 1e-9
        seen = index.cuboid_at(track.id, frame)
        back = chained(ego_pose(poses, frame * STEP_NS), Pose(seen.centre, seen.rotation))
        assert np.allclose(back.translation, parked.centre, atol=1e-9)


@pytest.mark.parametrize("backwards", [False, True])
def test_what_turns_as_it_drives_follows_an_arc(backwards):
    track, radius, rate = car(), 12.0, 0.8

    def on_arc(frame):
        yaw = rate * frame * 0.1
        heading = yaw + math.pi if backwards else yaw
        return key(track, frame, radius * math.sin(yaw), radius * (1 - math.cos(yaw)), heading)

    index = indexed([track, on_arc(0), on_arc(10), on_arc(19)])
    for frame in range(20):
        found, truth = index.cuboid_at(track.id, frame), on_arc(frame)
        assert math.dist(found.centre, truth.centre) < 1e-9
        assert abs(wrapped(yaw_of(found.rotation) - yaw_of(truth.rotation))) < 1e-9


def test_what_turns_without_driving_along_goes_straight():
    track = car("pedestrian")
    index = indexed([track, key(track, 0, yaw=math.pi / 2), key(track, 10, x=4.0, yaw=math.pi / 2 + 1.0)])
    for frame in range(11):
        x, y, _ = index.cuboid_at(track.id, frame).centre
        assert (x, y) == pytest.approx((0.4 * frame, 0.0), abs=1e-9)


def test_motion_is_even_in_time_not_in_frames():
    track = car()
    index = TrackIndex(
        Document([track, key(track, 0), key(track, 3, x=10.0)]), streams(times_ns=[0, 100, 700, 1000])
    )
    assert [index.cuboid_at(track.id, frame).centre[0] for frame in range(4)] == pytest.approx([0, 1, 7, 10])


@pytest.mark.parametrize("times", [[0, 300, 200, 600], [5, 5, 5, 5]])
def test_times_that_do_not_grow_are_taken_as_even(times):
    track = car()
    index = TrackIndex(Document([track, key(track, 0), key(track, 3, x=9.0)]), streams(times_ns=times))
    assert [index.cuboid_at(track.id, frame).centre[0] for frame in range(4)] == pytest.approx([0, 3, 6, 9])


def test_nanoseconds_since_1970_lose_no_precision():
    start = 1_700_000_000_123_456_789
    track = car()
    index = TrackIndex(
        Document([track, key(track, 0), key(track, 2, x=1.0)]),
        streams(times_ns=[start, start + 50, start + 100]),
    )
    assert index.cuboid_at(track.id, 1).centre[0] == pytest.approx(0.5, abs=1e-12)


def test_nothing_is_seen_before_the_first_key_frame_and_after_an_end():
    track = car()
    keys = [key(track, 2), key(track, 5, ends_here=True), key(track, 9), key(track, 12)]
    index = indexed([track, *keys])
    seen = [frame for frame in range(20) if index.cuboid_at(track.id, frame) is not None]
    assert seen == [2, 3, 4, 5, *range(9, 20)]
    assert index.runs(track.id) == [(2, 6), (9, 20)]
    assert index.sweep().seen[:, 0].tolist() == [frame in seen for frame in range(20)]
    assert [len(index.cuboids_at(frame).tracks) for frame in (1, 6, 7)] == [0, 0, 0]


def test_after_its_last_key_frame_a_track_is_held_and_says_so():
    track = car()
    index = indexed([track, key(track, 0), replace(key(track, 4, x=2.0), made="auto"), key(track, 8, x=9.0)])
    states = [STATES[state] for state in index.sweep().states[:, 0]]
    assert states == ["hand", *["between"] * 3, "auto", *["between"] * 3, "hand", *["held"] * 11]
    found = index.cuboid_at(track.id, 15)
    assert isinstance(found, Interpolated)
    assert (found.centre[0], found.after) == (9.0, None)


def test_sizes_change_only_where_key_frames_say_so():
    track = car()
    index = indexed([track, key(track, 0), key(track, 4), key(track, 8, size=(4.9, 1.8, 1.7))])
    assert index.cuboid_at(track.id, 2).size == CAR
    assert index.cuboid_at(track.id, 6).size == pytest.approx((4.7, 1.8, 1.6))


def test_of_two_key_frames_at_one_frame_the_later_made_counts():
    track = car()
    first = key(track, 3, x=1.0)
    second = key(track, 3, x=2.0)
    earlier, later = sorted((first, second), key=lambda each: each.id)
    index = indexed([track, later, earlier])
    assert index.cuboid_at(track.id, 3) == later
    assert key_frames(index.document, track.id, LIDAR) == [later]


def test_shapes_on_other_streams_are_no_key_frames():
    track = car()
    index = indexed([track, key(track, 0), replace(key(track, 5, x=50.0), stream=FRONT)])
    assert index.cuboid_at(track.id, 5).centre[0] == 0.0


def test_a_cuboid_beyond_the_last_frame_is_left_out():
    track = car()
    index = indexed([track, key(track, 25)])
    assert index.tracks == []
    assert index.sweep().seen.shape == (20, 0)


def test_the_key_frames_around_a_frame():
    track = car()
    keys = [key(track, frame) for frame in (2, 5, 9)]
    index = indexed([track, *keys])
    assert index.neighbours(track.id, 5) == (keys[0], keys[2])
    assert index.neighbours(track.id, 6) == (keys[1], keys[2])
    assert index.neighbours(track.id, 1) == (None, keys[0])
    assert (index.key_frame(track.id, 5), index.key_frame(track.id, 6)) == (keys[1], None)


def test_an_item_without_streams_has_no_frames():
    track = car()
    index = TrackIndex(Document([track, key(track, 0)]), [])
    assert (index.timeline.frames, index.tracks, index.cuboids_at(0).tracks) == (0, [], [])


@given(st.lists(st.tuples(places, places), min_size=1, max_size=4), rides)
def test_all_at_once_is_what_each_is_alone(pairs, poses):
    entities = list(poses)
    tracks = []
    for number, (first, second) in enumerate(pairs):
        track = car()
        tracks.append(track)
        entities += [track, _key(track, number, first), _key(track, 10 + number, second)]
    index = indexed(entities)
    sweep = index.sweep(1, 18)
    for frame in range(1, 18):
        placed = index.cuboids_at(frame)
        for row, track in enumerate(index.tracks):
            alone = index.cuboid_at(track, frame)
            assert (alone is not None) == bool(sweep.seen[frame - 1, row])
            if alone is None:
                assert track not in placed.tracks
                continue
            at = placed.tracks.index(track)
            for found in (sweep.centres[frame - 1, row], placed.centres[at]):
                assert np.allclose(found, alone.centre, atol=1e-9)
            for turned in (sweep.rotations[frame - 1, row], placed.rotations[at]):
                assert abs(abs(turned @ np.array(unit(alone.rotation))) - 1) < 1e-12


@given(places, places, st.integers(1, 9))
def test_the_rotation_is_the_slerp_of_the_space_module(first, second, frame):
    track = car()
    a, b = _key(track, 0, first), _key(track, 10, second)
    found = indexed([track, a, b]).cuboid_at(track.id, frame).rotation
    expected = between(a.rotation, b.rotation, frame / 10)
    if abs(np.dot(unit(a.rotation), unit(b.rotation))) > 1e-6:  # half a turn: either way round
        assert abs(abs(np.dot(found, expected)) - 1) < 1e-9


steps = st.lists(
    st.tuples(
        st.sampled_from(("track", "key", "key", "move", "end", "leave", "remove", "drop", "drive", "many")),
        st.integers(0, 30),
        st.integers(0, 22),
        places,
    ),
    max_size=20,
)


@given(steps)
def test_an_index_kept_in_step_equals_one_made_anew(given_steps):
    document = Document([car()])
    index = TrackIndex(document, streams())
    for what, number, frame, place in given_steps:
        tracks = [each for each in document if each.__struct_config__.tag == "track"]
        cuboids = [each for each in document if isinstance(each, Cuboid)]
        chosen = cuboids[number % len(cuboids)] if cuboids else None
        match what:
            case "track":
                edit = creation("Draw", car())
            case "key" if tracks:
                edit = creation("Key", _key(tracks[number % len(tracks)], frame, place))
            case "many":
                more = [car() for _ in range(50)]
                edit = creation("Import", *more, *(_key(each, frame, place) for each in more))
            case "drive":
                poses = [each for each in document if each.__struct_config__.tag == "ego_pose"]
                if poses:
                    edit = change("Mend", (poses[0], replace(poses[0], translation=(place[0], 0.0, 0.0))))
                else:
                    edit = creation("Drive", *driving(3))
            case _ if chosen is None:
                continue
            case "move":
                edit = change("Move", (chosen, replace(chosen, centre=place[:3])))
            case "end":
                edit = change("End", (chosen, replace(chosen, ends_here=not chosen.ends_here)))
            case "leave":
                edit = change("Leave", (chosen, replace(chosen, frame=frame)))
            case "drop":
                edit = deletion("Delete", document, [chosen.track])
            case _:
                edit = deletion("Delete", document, [chosen.id])
        document.apply(edit)
        index.refresh(edit.changes)
        _assert_same(index, TrackIndex(document, streams()))


def _assert_same(kept, anew):
    assert {track: kept.key_frames(track) for track in kept.tracks} == {
        track: anew.key_frames(track) for track in anew.tracks
    }
    first, second = kept.sweep(), anew.sweep()
    order = [first.tracks.index(track) for track in second.tracks]
    assert (first.seen[:, order] == second.seen).all()
    for name in ("states", "centres", "sizes", "rotations"):
        ours, theirs = getattr(first, name)[:, order], getattr(second, name)
        assert np.allclose(ours[second.seen], theirs[second.seen], atol=1e-12, rtol=0), name


def test_refresh_says_which_tracks_lie_elsewhere():
    first, second = car(), car()
    moved = key(first, 0)
    index = indexed([first, second, moved, key(second, 0), *driving(20)])
    edit = change("Move", (moved, replace(moved, centre=(1.0, 2.0, 3.0))))
    index.document.apply(edit)
    assert index.refresh(edit.changes) == {first.id}
    pose = next(iter(index.timeline.poses))
    edit = change("Mend", (pose, replace(pose, translation=(1.0, 0.0, 0.0))))
    index.document.apply(edit)
    assert index.refresh(edit.changes) == {first.id, second.id}
    assert inverse(index.timeline.pose(0)).translation == pytest.approx((-1.0, 0.0, 0.0))


def test_a_camera_frame_belongs_to_the_nearest_frame_of_the_reference_stream():
    index = TrackIndex(Document(), streams(4, camera_shift_ns=70_000_000))
    assert [index.timeline.reference_frame(FRONT, frame) for frame in range(4)] == [1, 2, 3, 3]
    assert index.timeline.reference_frame(LIDAR, 2) == 2
    assert (index.timeline.time_ns(3), index.timeline.end_ns(3)) == (3 * STEP_NS, 4 * STEP_NS)
