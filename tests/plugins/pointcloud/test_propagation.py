"""Carrying a track on by its motion, with and without something that fits it to the frame."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.propagation import extended, predicted, propagated, propagation
from studio.domain.space import Pose, turn, wrapped, yaw_of
from tests.plugins.pointcloud.ground import car, done, driving, in_ego, indexed, key, ways

POSES = driving(20)


def on_arc(track, frame, rate=0.5, speed=8.0, **given):
    """A car that turns at a constant rate, in the world."""
    yaw, radius = rate * frame * 0.1, speed / rate
    return key(track, frame, radius * math.sin(yaw), radius * (1 - math.cos(yaw)), yaw, **given)


@given(
    st.floats(-1, 1).filter(lambda r: abs(r) > 0.05), st.integers(1, 8), st.sampled_from([0, 3, 7, 17, 19])
)
def test_a_prediction_carries_speed_and_turn_rate_on(rate, apart, target):
    track = car()
    keys = [in_ego(POSES, f, on_arc(track, f, rate)) for f in (8, 8 + apart)]
    index = indexed([*POSES, track, *keys])
    base = 8 + apart if target > 8 else 8
    found = predicted(index, track.id, base, target)
    truth = in_ego(POSES, target, on_arc(track, target, rate))
    assert math.dist(found.centre, truth.centre) < 1e-6
    assert abs(wrapped(yaw_of(found.rotation) - yaw_of(truth.rotation))) < 1e-6
    assert (found.made, found.frame, found.ends_here) == ("auto", target, False)


def test_a_track_that_has_just_begun_is_predicted_where_it_stands_in_the_world():
    track = car()
    index = indexed([*POSES, track, in_ego(POSES, 4, key(track, 4, 10, 2, 0.3))])
    ahead = predicted(index, track.id, 4, 9)
    at = index.timeline.into_world(9, Pose(ahead.centre, ahead.rotation))
    assert at.translation == pytest.approx((10, 2, 0.75))
    assert predicted(index, track.id, 2, 9) is None


def test_without_points_one_key_frame_at_the_far_end_carries_the_motion_on():
    track = car()
    index = indexed([track, on_arc(track, 0), on_arc(track, 5)])
    plan = propagation(index, track.id, 5, 6)
    assert plan == (tuple(range(6, 12)), (11,), ())
    edit = done(index, propagated(index, track.id, 5, 6))
    assert edit.title == "Propagate over 6 frames"
    assert [(k.frame, k.made) for k in index.key_frames(track.id)] == [(0, "hand"), (5, "hand"), (11, "auto")]
    for frame in range(12):
        assert math.dist(index.cuboid_at(track.id, frame).centre, on_arc(track, frame).centre) < 1e-6


def test_backwards_it_is_the_same_motion_before_the_first_key_frame():
    track = car()
    index = indexed([track, on_arc(track, 10), on_arc(track, 15)])
    assert propagation(index, track.id, 10, -4) == ((9, 8, 7, 6), (6,), ())
    done(index, propagated(index, track.id, 10, -4))
    for frame in range(6, 16):
        assert math.dist(index.cuboid_at(track.id, frame).centre, on_arc(track, frame).centre) < 1e-6
    assert index.cuboid_at(track.id, 5) is None


def test_it_stops_at_the_ends_of_the_item_and_before_the_next_key_frame():
    track = car()
    index = indexed([track, on_arc(track, 0), on_arc(track, 4, ends_here=True), key(track, 9, 3, 3)])
    assert propagation(index, track.id, 4, 10) == ((5, 6, 7, 8), (8,), (9,))
    assert propagation(index, track.id, 0, -10) == ((), (), ())
    before = ways(index)[track.id]
    done(index, propagated(index, track.id, 4, 10))
    after = ways(index)[track.id]
    assert set(after) == set(range(20))
    assert {f: after[f] for f in before} == before  # no key frame was changed
    other = car()
    index = indexed([other, on_arc(other, 18)])
    assert propagation(index, other.id, 18, 10).covered == (19,)


def test_an_end_moves_along():
    track = car()
    index = indexed([track, on_arc(track, 0), on_arc(track, 4, ends_here=True)])
    done(index, propagated(index, track.id, 4, 3))
    assert index.runs(track.id) == [(0, 8)]


def test_what_is_computed_already_stays_so():
    track = car()
    index = indexed([track, on_arc(track, 0), on_arc(track, 10)])
    assert propagated(index, track.id, 3, 4) is None
    assert (
        propagated(index, track.id, 15, 40) is not None
    )  # held: its motion takes the place of standing still
    assert propagated(index, car().id, 3, 4) is None


def test_with_something_that_fits_every_frame_without_a_key_frame_gets_one():
    track = car()
    index = indexed([track, on_arc(track, 0), on_arc(track, 4, ends_here=True), key(track, 8, 3, 3, 1.0)])
    asked = []

    def refine(frame, cuboid):
        asked.append((frame, cuboid))
        return replace(cuboid, centre=(cuboid.centre[0], cuboid.centre[1] + 0.1, 0.75), made="model")

    assert propagation(index, track.id, 4, 6, fitted=True) == ((5, 6, 7, 8, 9, 10), (5, 6, 7, 9, 10), (8,))
    edit = done(index, propagated(index, track.id, 4, 6, refine))
    assert edit.title == "Propagate over 5 frames"
    assert [k.frame for k in index.key_frames(track.id)] == [0, 4, 5, 6, 7, 8, 9, 10]
    assert {k.made for k in index.key_frames(track.id)} == {"hand", "auto"}
    assert index.runs(track.id) == [(0, 20)]
    # each prediction goes on from the fits before it
    assert [frame for frame, _ in asked] == [5, 6, 7, 9, 10]
    assert math.dist(asked[0][1].centre, on_arc(track, 5).centre) < 1e-6
    assert asked[1][1].centre[1] > on_arc(track, 6).centre[1] + 0.1


def test_it_ends_where_nothing_fits_any_more():
    track = car()
    index = indexed([track, on_arc(track, 0), on_arc(track, 4, ends_here=True)])
    done(index, propagated(index, track.id, 4, 6, lambda frame, guess: guess if frame < 7 else None))
    assert index.runs(track.id) == [(0, 7)]
    assert propagated(index, track.id, 6, 6, lambda frame, guess: None) is None


def test_between_key_frames_what_is_fitted_starts_from_what_is_computed():
    track = car()
    index = indexed([track, key(track, 0), key(track, 4, x=2.0), key(track, 10, x=20.0)])
    asked = {}
    propagated(index, track.id, 4, 3, lambda frame, guess: asked.setdefault(frame, guess))
    assert [asked[f].centre[0] for f in (5, 6, 7)] == pytest.approx([5, 8, 11])


def test_a_track_is_extended_to_a_frame_on_either_side_of_it():
    track = car()
    keys = [on_arc(track, 5), on_arc(track, 10, ends_here=True), key(track, 17, 40, 40)]
    index = indexed([track, *keys])
    assert extended(index, track.id, 7) is None
    done(index, extended(index, track.id, 13))
    assert index.runs(track.id) == [(5, 14), (17, 20)]
    done(index, extended(index, track.id, 16))
    assert index.runs(track.id) == [(5, 20)]
    done(index, extended(index, track.id, 2))
    assert index.runs(track.id) == [(2, 20)]
    for frame in range(2, 14):
        assert math.dist(index.cuboid_at(track.id, frame).centre, on_arc(track, frame).centre) < 1e-6
    assert extended(index, car().id, 3) is None


def test_a_turn_of_the_ego_is_not_taken_for_the_tracks():
    track = car()
    keys = [in_ego(POSES, f, key(track, f, 1.0 * f, 5.0, math.pi / 7)) for f in (0, 5)]
    index = indexed([*POSES, track, *keys])
    found = predicted(index, track.id, 5, 15)
    at = index.timeline.into_world(15, Pose(found.centre, found.rotation))
    assert at.translation == pytest.approx((15.0, 5.0, 0.75), abs=1e-6)
    assert at.rotation == pytest.approx(turn(math.pi / 7), abs=1e-9)
