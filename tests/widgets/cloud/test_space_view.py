"""Cameras as values: projecting, orbiting, panning, zooming."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.domain.space import Pose, corners, outward, turn
from widgets.cloud.space_view import PLANES, SpaceView, flat_view, in_plane

WINDOW = (800.0, 600.0)
angles = st.floats(-3.1, 3.1)
places = st.tuples(*[st.floats(-80, 80)] * 3)
spots = st.tuples(st.floats(0, WINDOW[0]), st.floats(0, WINDOW[1]))
views = st.builds(
    SpaceView,
    window=st.just(WINDOW),
    centre=places,
    distance=st.floats(0.5, 500),
    yaw=angles,
    pitch=st.floats(-1.5, 1.5),
    flat=st.booleans(),
    base=st.builds(turn, angles, st.floats(-1, 1), st.floats(-1, 1)),
)
sides = st.sampled_from(["top", "side", "front"])


@given(views, spots, st.floats(1.1, 300))
def test_a_point_on_the_ray_of_a_screen_point_is_seen_there(view, xy, along):
    origin, direction = view.ray(xy)
    point = np.array(origin) + np.array(direction) * (along + view.near * 2)
    assert view.to_screen(point)[0, :2] == pytest.approx(xy, abs=1e-4)


@given(views, places)
def test_the_matrix_of_opengl_puts_a_point_where_the_screen_has_it(view, point):
    seen = view.to_screen(np.array([point]))[0]
    assume(not np.isnan(seen).any())
    x, y, z, w = view.clip_matrix() @ [*point, 1.0]
    assert ((x / w + 1) * WINDOW[0] / 2, (1 - y / w) * WINDOW[1] / 2) == pytest.approx(seen[:2], abs=1e-3)
    assert -1.0001 <= z / w <= 1.0


@given(views, places, st.tuples(st.floats(-200, 200), st.floats(-200, 200)))
def test_the_pivot_stays_where_it_is_while_the_camera_orbits(view, pivot, by):
    view = replace(view, pivot=pivot)
    before = view.to_screen(np.array([pivot]))[0]
    assume(not np.isnan(before).any() and before[2] > 0.1)
    assert view.orbited(by).to_screen(np.array([pivot]))[0] == pytest.approx(before, rel=1e-4, abs=1e-3)


@given(views, spots, st.floats(0.3, 3))
def test_a_zoom_keeps_what_is_under_the_cursor(view, xy, factor):
    held = view.plane_point(xy)
    new = view.zoomed(factor, xy)
    assert new.to_screen(np.array([held]))[0, :2] == pytest.approx(xy, abs=1e-3)
    assert new.distance == pytest.approx(min(max(view.distance / factor, 0.05), 50_000))


@given(views, spots, st.floats(1, 100), st.floats(0.5, 2))
def test_a_zoom_keeps_the_point_that_is_held(view, xy, along, factor):
    origin, direction = view.ray(xy)
    held = tuple(np.array(origin) + np.array(direction) * along)
    new = view.zoomed(factor, xy, held)
    assume(new.local(np.array(held))[2] > new.near)
    assert new.to_screen(np.array([held]))[0, :2] == pytest.approx(xy, abs=1e-2)


@given(views, spots, st.tuples(st.floats(-300, 300), st.floats(-300, 300)), st.floats(2, 100))
def test_a_point_that_is_held_follows_the_hand_in_a_pan(view, xy, by, along):
    origin, direction = view.ray(xy)
    held = tuple(np.array(origin) + np.array(direction) * (along + view.near))
    moved = view.panned(by, held).to_screen(np.array([held]))[0, :2]
    assert moved == pytest.approx((xy[0] + by[0], xy[1] + by[1]), abs=1e-2)


@given(views, places, st.tuples(*[st.floats(0.5, 60)] * 3))
def test_what_is_fitted_lies_in_the_window(view, low, size):
    high = tuple(a + b for a, b in zip(low, size, strict=True))
    ends = np.array([low, high])
    found = view.fitted(low, high).to_screen(ends[[[0, 0, 0], [1, 1, 1], [0, 1, 0]], [0, 1, 2]])
    assert not np.isnan(found).any()
    assert (found[:, :2] >= -1).all()
    assert (found[:, :2] <= np.array(WINDOW) + 1).all()


@given(views, st.lists(places, min_size=2, max_size=30))
@example(
    SpaceView(WINDOW, (0.0, 0.0, 0.0), 1.0, -1.0, 0.0, base=turn(0.0, -1.0, -1.0)),
    [(0.0, 1.0, 0.0), (-2.0, -1.0, 2.0)],
)
def test_points_are_fitted_as_close_as_can_be(view, points):
    held = np.array(points)
    assume((np.ptp(held, axis=0) > 1).all())
    found = view.fitted_to(held, 0.8)
    off = np.abs(found.to_screen(held)[:, :2] - np.array(WINDOW) / 2) / (np.array(WINDOW) / 2)
    assert off.max() <= 0.8 + 1e-6
    nearest = found.local(held)[:, 2].min()
    if found.distance > 0.5 and (found.flat or nearest > 1.5 * found.near):
        assert off.max() == pytest.approx(0.8)


@given(sides, st.builds(Pose, places, st.builds(turn, angles, angles, angles)), places, st.floats(0.2, 200))
def test_a_flat_view_shows_two_axes_of_its_frame(side, frame, own, distance):
    view = flat_view(side, frame, WINDOW, distance)
    point = outward(frame, np.array([own]))
    x, y, _ = view.to_screen(point)[0]
    right, up = (x - WINDOW[0] / 2) * view.scale, (WINDOW[1] / 2 - y) * view.scale
    expected = {"top": (-own[1], own[0]), "side": (own[0], own[2]), "front": (-own[1], own[2])}[side]
    assert (right, up) == pytest.approx(expected, abs=1e-6)
    assert in_plane(side, frame, tuple(point[0])) == pytest.approx([own[i] for i in PLANES[side]], abs=1e-6)


def test_a_segment_through_the_eye_is_cut_and_one_behind_it_is_left_out():
    view = SpaceView(WINDOW, (10.0, 0.0, 0.0), 10.0, 0.0, 0.0)  # stands at the origin and looks along x
    ends = view.segments_to_screen(np.array([[[5, 0, 0], [-5, 1, 0]], [[-1, 0, 0], [-2, 0, 0]]]))
    assert ends[0, 0] == pytest.approx((400, 300))
    assert np.isfinite(ends[0]).all()
    assert np.isnan(ends[1]).all()


def test_a_view_from_above_has_forward_up_and_left_on_the_left():
    box = corners((10.0, 5.0, 0.0), (4.0, 2.0, 2.0), turn(0.0))
    seen = flat_view("top", Pose(), WINDOW).to_screen(box)
    front_left, front_right, rear_right, _ = seen[:4]
    assert front_left[0] < front_right[0] < WINDOW[0] / 2
    assert front_right[1] < rear_right[1]


def test_the_camera_never_turns_over():
    view = SpaceView(WINDOW)
    for _ in range(100):
        view = view.orbited((30.0, 90.0))
    assert -math.pi / 2 < view.pitch < math.pi / 2


def test_a_place_out_of_sight_is_brought_into_it_and_one_in_sight_moves_nothing():
    view = SpaceView(WINDOW, (10.0, 0.0, 0.0), 10.0, 0.0, 0.0)
    assert view.containing((12.0, 1.0, 0.0)) is view
    for hidden in ((10.0, 40.0, 0.0), (-30.0, 0.0, 0.0)):
        assert view.containing(hidden).centre == hidden
