"""Cuboids from points: a box around what is seen, clicks, a box on a picture, and bringing one closer."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.fitting import (
    FACES,
    Face,
    Fit,
    drop_to_ground,
    fit_cuboid,
    fit_to_points,
    flip_heading,
    from_image_box,
    one_click,
    snap_face,
    three_clicks,
)
from studio.domain.cameras import box_on_picture, project
from studio.domain.entities import Calibration
from studio.domain.ids import StreamId
from studio.domain.space import Floats, Pose, corners, inward, outward, turn, within, wrapped, yaw_of
from studio.domain.values import XYZ
from tests.plugins.pointcloud.fitting.seen import (
    SENSOR,
    ground_around,
    overlap,
    seen_sides,
    without_under,
)
from tests.studio.domain.space_strategies import AHEAD, CAMERA, angles, floats, seeds

CAR: XYZ = (4.5, 1.8, 1.5)
FRONT = Calibration(
    CAMERA,
    StreamId("front"),
    "pinhole",
    (1600, 900),
    (1200.0, 0, 800, 0, 1200, 450, 0, 0, 1),
    translation=(1.5, 0, 1.5),
    rotation=AHEAD,
)
FISHEYE = replace(
    FRONT,
    model="kannala_brandt",
    intrinsics=(420.0, 0, 800, 0, 420, 450, 0, 0, 1),
    distortion=(0.02, -0.003, 0.0, 0.0),
)

cars = st.tuples(floats(6, 30), angles).map(
    lambda at: (at[0] * math.cos(at[1]), at[0] * math.sin(at[1]), 0.75)
)
faces = st.sampled_from(sorted(FACES))


def _off_axis(first: float, second: float) -> float:
    """Radians between two directions of a box's length."""
    return abs(wrapped(2 * (first - second))) / 2


def _scene(centre: XYZ, size: XYZ, yaw: float, seed: int, slope: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """A thing, seen from the sensor, on the ground."""
    ground = without_under(ground_around(centre[:2], seed, slope), centre, size, yaw)
    return np.concatenate([seen_sides(centre, size, yaw, seed), ground])


@given(cars, angles, seeds)
def test_the_edges_that_are_seen_tell_the_heading(centre: XYZ, yaw: float, seed: int) -> None:
    fit = fit_cuboid(seen_sides(centre, CAR, yaw, seed), usual_size=CAR, ground_z=0.0, sensor=SENSOR)
    assert _off_axis(yaw_of(fit.rotation), yaw) < math.radians(4)
    assert overlap((centre, CAR, turn(yaw)), (fit.centre, fit.size, fit.rotation)) > 0.85


@given(cars, angles, angles, seeds)
def test_turning_the_world_turns_the_fit(centre: XYZ, yaw: float, turned: float, seed: int) -> None:
    points = seen_sides(centre, CAR, yaw, seed)
    pose = Pose((0.0, 0.0, 0.0), turn(turned))
    first = fit_cuboid(points, usual_size=CAR, ground_z=0.0, sensor=SENSOR)
    second = fit_cuboid(outward(pose, points), usual_size=CAR, ground_z=0.0, sensor=SENSOR)
    assert np.linalg.norm(outward(pose, np.array([first.centre]))[0] - second.centre) < 0.4
    assert _off_axis(yaw_of(first.rotation) + turned, yaw_of(second.rotation)) < math.radians(4)


@given(cars, angles, angles, seeds)
def test_a_hint_says_which_way_is_ahead(centre: XYZ, yaw: float, off: float, seed: int) -> None:
    hint = wrapped(yaw + off / 6)  # up to half of a quarter turn beside the truth, less a little
    assume(abs(off / 6) < 0.5)
    fit = fit_cuboid(
        seen_sides(centre, CAR, yaw, seed), yaw_hint=hint, usual_size=CAR, ground_z=0.0, sensor=SENSOR
    )
    assert abs(wrapped(yaw_of(fit.rotation) - yaw)) < math.radians(4)


def test_what_is_hidden_is_completed_away_from_the_sensor() -> None:
    rear = seen_sides((20, 0, 0.75), CAR, 0.0)
    rear = rear[rear[:, 0] < 17.8]
    fit = fit_cuboid(rear, usual_size=CAR, ground_z=0.0, sensor=SENSOR)
    assert fit.size == pytest.approx(CAR, abs=0.1)
    assert fit.centre == pytest.approx((20, 0, 0.75), abs=0.1)
    assert abs(yaw_of(fit.rotation)) < 0.05


def test_without_a_usual_size_the_box_is_around_what_is_seen() -> None:
    points = seen_sides((10, 5, 0.75), CAR, 0.4)
    fit = fit_cuboid(points)
    assert within(points, fit.centre, fit.size, fit.rotation, margin=0.15).all()
    assert fit.points == len(points)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
def test_a_handful_of_points_is_given_the_usual_size(count: int) -> None:
    points = np.array([[10.0, 1, 0.5], [10.2, 1, 0.6], [10, 1.1, 0.7], [10.1, 1, 0.9], [10, 0.9, 0.4]])[
        :count
    ]
    fit = fit_cuboid(points, usual_size=CAR, ground_z=0.0, sensor=SENSOR)
    assert fit.size == pytest.approx(CAR)
    assert np.isfinite([*fit.centre, *fit.rotation]).all()
    hinted = fit_cuboid(points, yaw_hint=2.0, usual_size=CAR, sensor=SENSOR)
    assert yaw_of(hinted.rotation) == pytest.approx(2.0)
    assert min(fit_cuboid(points).size) > 0


@given(cars, angles, seeds, floats(-0.08, 0.08), floats(-0.08, 0.08))
@settings(max_examples=60)
def test_one_click_draws_the_car_that_was_clicked(
    centre: XYZ, yaw: float, seed: int, along: float, across: float
) -> None:
    level = centre[0] * along + centre[1] * across
    centre = (centre[0], centre[1], level + 0.75)
    points = _scene(centre, CAR, yaw, seed, (along, across))
    clicked = points[seed % 30]
    assume(clicked[2] > level + 0.5)
    fit = one_click(points, tuple(clicked), SENSOR, CAR)  # type: ignore[arg-type]
    assert fit is not None
    assert overlap((centre, CAR, turn(yaw)), (fit.centre, fit.size, fit.rotation)) > 0.7
    assert _off_axis(yaw_of(fit.rotation), yaw) < math.radians(6)


def test_one_click_takes_the_points_as_the_canvas_holds_them() -> None:
    points = _scene((12, 3, 0.75), CAR, 0.5, 1)
    odd = np.array([[np.nan, 1, 1], [np.inf, 0, 0], [12, 3, -np.inf]])
    held = np.concatenate([points, odd]).astype(np.float32)
    plain = one_click(points, (11.0, 2.0, 1.0), SENSOR, CAR)
    fit = one_click(held, (11.0, 2.0, 1.0), SENSOR, CAR)
    assert plain is not None
    assert fit is not None
    assert fit.centre == pytest.approx(plain.centre, abs=0.02)


def test_a_click_on_nothing_draws_nothing() -> None:
    points = _scene((12, 3, 0.75), CAR, 0.5, 1)
    assert one_click(points, (20.0, -8.0, 0.0), SENSOR, CAR) is None
    assert one_click(np.zeros((0, 3)), (0.0, 0.0, 0.0)) is None
    assert one_click(ground_around((0, 0)), (0.0, 0.0, 0.0), SENSOR, CAR) is None


@given(cars, st.tuples(floats(1, 12), floats(0.5, 3), floats(0.6, 3)), angles, st.booleans())
def test_three_clicks_on_corners_give_the_cuboid_back(
    place: XYZ, size: XYZ, yaw: float, on_the_left: bool
) -> None:
    centre = (place[0], place[1], size[2] / 2)
    front_left, front_right, rear_right, rear_left = corners(centre, size, turn(yaw))[:4]
    a, b, c = (rear_left, front_left, front_right) if on_the_left else (rear_right, front_right, rear_left)
    ground = without_under(ground_around(centre[:2]), centre, size, yaw)
    top = outward(Pose(centre, turn(yaw)), np.array([[0.1, 0.1, size[2] / 2]]))
    fit = three_clicks(tuple(a), tuple(b), tuple(c), points=np.concatenate([ground, top]))
    assert fit.size == pytest.approx(size, abs=0.15)
    assert fit.centre == pytest.approx(centre, abs=0.1)
    assert abs(wrapped(yaw_of(fit.rotation) - yaw)) < 1e-6
    bare = three_clicks(tuple(a), tuple(b), tuple(c), usual_size=size)
    assert bare.size == pytest.approx(size)
    assert bare.centre == pytest.approx(centre)


@given(st.sampled_from([FRONT, FISHEYE]), floats(8, 30), floats(-0.35, 0.35), angles, seeds)
@settings(max_examples=40)
def test_a_box_on_a_picture_gives_the_car_in_it(
    camera: Calibration, away: float, aside: float, yaw: float, seed: int
) -> None:
    centre = (away, away * aside, 0.75)
    behind = (away + 14.0, (away + 14.0) * aside, 1.5)
    rect = box_on_picture(corners(centre, CAR, turn(yaw)), camera)
    assert rect is not None
    van = seen_sides(behind, (6, 2.2, 3.0), 0.3, seed, per_m2=6)
    shown = project(van, camera)
    hidden = ((shown > rect[:2]) & (shown < rect[2:])).all(axis=1) & (np.arange(len(van)) % 6 > 0)
    points = np.concatenate([_scene(centre, CAR, yaw, seed), van[~hidden]])
    fit = from_image_box(rect, camera, points, CAR, SENSOR)
    assert fit is not None
    assert overlap((centre, CAR, turn(yaw)), (fit.centre, fit.size, fit.rotation)) > 0.6


def test_a_box_on_a_picture_means_the_far_car_where_the_far_car_fills_it() -> None:
    near, far = (10.0, 2.6, 0.75), (28.0, 3.0, 0.75)
    points = np.concatenate(
        [seen_sides(near, CAR, 0.0), seen_sides(far, CAR, 0.0, 5), ground_around((20, 2))]
    )
    for centre in (near, far):
        rect = box_on_picture(corners(centre, CAR, turn(0.0)), FRONT)
        assert rect is not None
        fit = from_image_box(rect, FRONT, points, CAR, SENSOR)
        assert fit is not None
        assert fit.centre == pytest.approx(centre, abs=0.7)


@given(st.sampled_from([FRONT, FISHEYE]), floats(10, 60), floats(-0.3, 0.3))
def test_without_points_a_box_on_a_picture_is_filled_by_the_usual_size(
    camera: Calibration, away: float, aside: float
) -> None:
    centre = (away, away * aside, 0.75)
    rect = box_on_picture(corners(centre, CAR, turn(math.atan(aside))), camera)
    assert rect is not None
    fit = from_image_box(rect, camera, np.zeros((0, 3)), CAR)
    assert fit is not None
    assert fit.points == 0
    assert fit.size == CAR
    assert math.dist(fit.centre, centre) < 0.15 * away
    assert from_image_box(rect, camera, np.zeros((0, 3))) is None


def _moved(fit: Fit, seed: int, by: float) -> Fit:
    """A cuboid a little off: moved and resized."""
    rng = np.random.default_rng(seed)
    centre, size = (
        np.array(fit.centre) + rng.uniform(-by, by, 3),
        np.array(fit.size) + rng.uniform(-by, by, 3),
    )
    return replace(fit, centre=tuple(centre.tolist()), size=tuple(size.tolist()))


@given(cars, angles, seeds)
@settings(max_examples=40)
def test_fitting_brings_the_sides_to_the_points_and_again_changes_nothing(
    centre: XYZ, yaw: float, seed: int
) -> None:
    points = _scene(centre, CAR, yaw, seed)
    loose = _moved(Fit(centre, CAR, turn(yaw)), seed, 0.25)
    fit = fit_to_points(loose, points)
    own = inward(Pose(centre, turn(yaw)), corners(fit.centre, fit.size, fit.rotation))
    eye = inward(Pose(centre, turn(yaw)), np.array([SENSOR]))[0]
    for axis in (0, 1):
        if eye[axis] > CAR[axis] / 2:
            assert own[:, axis].max() == pytest.approx(CAR[axis] / 2, abs=0.1)
        elif eye[axis] < -CAR[axis] / 2:
            assert own[:, axis].min() == pytest.approx(-CAR[axis] / 2, abs=0.1)
    assert own[:, 2].max() == pytest.approx(0.75, abs=0.1)
    assert own[:, 2].min() == pytest.approx(-0.75, abs=0.12)
    assert fit.rotation == loose.rotation
    again = fit_to_points(fit, points)
    assert again.centre == pytest.approx(fit.centre, abs=0.05)
    assert again.size == pytest.approx(fit.size, abs=0.1)


@given(faces, cars, angles, seeds)
@settings(max_examples=60)
def test_snapping_moves_one_face_and_leaves_the_other_five(
    face: Face, centre: XYZ, yaw: float, seed: int
) -> None:
    points = _scene(centre, CAR, yaw, seed)
    loose = _moved(Fit(centre, CAR, turn(yaw)), seed, 0.35)
    axis, sign = FACES[face]
    before = inward(Pose(loose.centre, loose.rotation), corners(loose.centre, loose.size, loose.rotation))
    snapped = snap_face(loose, points, face)
    after = inward(
        Pose(loose.centre, loose.rotation), corners(snapped.centre, snapped.size, snapped.rotation)
    )
    moving = np.sign(before[:, axis]) == sign
    assert np.allclose(after[~moving], before[~moving], atol=1e-9)
    others = [each for each in range(3) if each != axis]
    assert np.allclose(after[:, others], before[:, others], atol=1e-9)
    own = inward(Pose(centre, turn(yaw)), np.array([SENSOR]))[0]
    truth = inward(Pose(centre, turn(yaw)), corners(snapped.centre, snapped.size, snapped.rotation))
    faces_us = own[axis] * sign > CAR[axis] / 2 + 2.0
    if faces_us or face in ("top", "bottom"):
        edge = truth[:, axis].max() if sign > 0 else truth[:, axis].min()
        assert edge == pytest.approx(sign * CAR[axis] / 2, abs=0.15)


@given(cars, angles, floats(-2, 2), floats(-0.1, 0.1))
@settings(max_examples=40)
def test_dropping_puts_the_floor_on_the_ground(centre: XYZ, yaw: float, above: float, slope: float) -> None:
    level = centre[0] * slope
    floating = Fit((centre[0], centre[1], level + 0.75 + above), CAR, turn(yaw))
    dropped = drop_to_ground(floating, _scene((centre[0], centre[1], level + 0.75), CAR, yaw, 1, (slope, 0)))
    assert dropped.centre[2] == pytest.approx(level + 0.75, abs=0.1)
    assert replace(dropped, centre=floating.centre) == floating


@given(cars, angles)
def test_flipping_twice_is_nothing_and_once_keeps_the_place(centre: XYZ, yaw: float) -> None:
    fit = Fit(centre, CAR, turn(yaw))
    once = flip_heading(fit)
    assert abs(wrapped(yaw_of(once.rotation) - yaw)) == pytest.approx(math.pi)
    assert overlap((centre, CAR, turn(yaw)), (once.centre, once.size, once.rotation)) == pytest.approx(1.0)
    assert math.cos(yaw_of(flip_heading(once).rotation) - yaw) == pytest.approx(1.0)


def test_without_points_nothing_is_brought_closer() -> None:
    fit = Fit((1.0, 2.0, 3.0), CAR, turn(0.3))
    nothing = np.zeros((0, 3))
    assert fit_to_points(fit, nothing) == fit
    assert drop_to_ground(fit, nothing) == fit
    for face in FACES:
        assert snap_face(fit, nothing, face) == fit
