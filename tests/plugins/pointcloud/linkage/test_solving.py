"""A cuboid edited inside a camera's picture."""

import math

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.fitting import Fit
from plugins.pointcloud.linkage import (
    BODY,
    Grip,
    grip_place,
    move_grip,
    move_rect,
    seen_from,
    turn_to,
)
from studio.domain.cameras import box_on_picture, project
from studio.domain.entities import Calibration
from studio.domain.geometry import Rect
from studio.domain.ids import StreamId
from studio.domain.space import Floats, Pose, corners, inward, joined, outward, turn, wrapped, yaw_of
from studio.domain.values import XY
from tests.studio.domain.space_strategies import AHEAD, CAMERA, angles, floats

PINHOLE = Calibration(
    CAMERA,
    StreamId("front"),
    "pinhole",
    (1600, 900),
    (1200.0, 0, 800, 0, 1200, 450, 0, 0, 1),
    translation=(1.5, 0.0, 1.9),
    rotation=AHEAD,
)
BENT = replace(PINHOLE, model="brown_conrady", distortion=(-0.28, 0.08, 0.0006, -0.0004, -0.011))
FISHEYE = replace(
    PINHOLE,
    model="kannala_brandt",
    intrinsics=(420.0, 0, 800, 0, 420, 450, 0, 0, 1),
    distortion=(0.02, -0.003, 0.0, 0.0),
)

cameras = st.sampled_from([PINHOLE, BENT, FISHEYE])
grips = st.sampled_from([(i, j, k) for i in (-1, 0, 1) for j in (-1, 0, 1) for k in (-1, 0, 1)])
cuboids = st.builds(
    lambda away, aside, size, yaw: Fit((away, away * aside, size[2] / 2), size, turn(yaw)),
    floats(6, 25),
    floats(-0.35, 0.35),
    st.tuples(floats(2, 6), floats(1, 2.5), floats(1, 2.5)),
    angles,
)


def _pixel(cuboid: Fit, grip: Grip, camera: Calibration) -> XY:
    x, y = project(grip_place(cuboid, grip)[None], camera)[0]
    return float(x), float(y)


def _gap(first: Fit, second: Fit) -> float:
    """Metres between the corners that are furthest from each other."""
    held = [corners(each.centre, each.size, each.rotation) for each in (first, second)]
    return float(np.linalg.norm(held[0] - held[1], axis=1).max())


def _shows(cuboid: Fit, grip: Grip, camera: Calibration) -> float:
    """How many pixels a metre of the faces that meet in a grip moves it, at least."""
    own = outward(Pose((0, 0, 0), cuboid.rotation), np.eye(3))
    axes = [axis for axis in range(3) if grip[axis] and not (axis == 2 and all(grip))]
    here = grip_place(cuboid, grip)
    slopes = [
        (project((here + 1e-4 * own[axis])[None], camera) - project(here[None], camera))[0] / 1e-4
        for axis in axes
    ]
    return float(np.linalg.svd(np.array(slopes), compute_uv=False).min()) if slopes else 1e3


@given(cuboids, cameras, grips, floats(-25, 25), floats(-25, 25), st.booleans())
def test_an_edit_and_its_inverse_give_the_cuboid_back(
    cuboid: Fit, camera: Calibration, grip: Grip, dx: float, dy: float, keep_size: bool
) -> None:
    before = _pixel(cuboid, grip, camera)
    assume(_shows(cuboid, grip, camera) > 8)
    target = (before[0] + dx, before[1] + dy)
    edited, residual = move_grip(cuboid, camera, grip, target, keep_size=keep_size)
    assume(min(edited.size) > 0.2)
    assume(_shows(edited, grip, camera) > 8)
    if grip == BODY:
        # dragged over the horizon, it changes from keeping its height to keeping its distance
        flat = [(np.array(each.centre) - camera.translation) for each in (cuboid, edited)]
        assume(all(each[2] / np.linalg.norm(each) < -0.055 for each in flat))
    back, rest = move_grip(edited, camera, grip, before, keep_size=keep_size)
    assert _gap(back, cuboid) < 0.02
    assert rest < 0.1
    assert residual == pytest.approx(math.dist(_pixel(edited, grip, camera), target), abs=1e-3)


@given(
    cuboids, cameras, grips.filter(lambda grip: sum(map(abs, grip)) != 1), floats(-20, 20), floats(-20, 20)
)
def test_an_edge_a_corner_and_the_whole_come_to_where_the_hand_is(
    cuboid: Fit, camera: Calibration, grip: Grip, dx: float, dy: float
) -> None:
    x, y = _pixel(cuboid, grip, camera)
    assume(_shows(cuboid, grip, camera) > 12)
    edited, residual = move_grip(cuboid, camera, grip, (x + dx, y + dy))
    assume(min(edited.size) > 0.2)
    assert residual < 0.5
    assert _pixel(edited, grip, camera) == pytest.approx((x + dx, y + dy), abs=0.5)
    assert edited.rotation == cuboid.rotation


@given(
    cuboids, cameras, grips.filter(lambda grip: sum(map(abs, grip)) == 1), floats(-30, 30), floats(-30, 30)
)
def test_a_face_goes_along_its_axis_to_where_it_is_seen_nearest(
    cuboid: Fit, camera: Calibration, grip: Grip, dx: float, dy: float
) -> None:
    x, y = _pixel(cuboid, grip, camera)
    assume(_shows(cuboid, grip, camera) > 8)
    edited, residual = move_grip(cuboid, camera, grip, (x + dx, y + dy))
    assume(min(edited.size) > 0.2)
    own = inward(Pose(cuboid.centre, cuboid.rotation), corners(edited.centre, edited.size, edited.rotation))
    axis = int(np.flatnonzero(grip)[0])
    old = inward(Pose(cuboid.centre, cuboid.rotation), corners(cuboid.centre, cuboid.size, cuboid.rotation))
    moving = np.sign(old[:, axis]) == grip[axis]
    assert np.allclose(own[~moving], old[~moving], atol=1e-9)
    # no other place of that face is seen nearer to the hand
    place = grip_place(edited, grip)
    along = outward(Pose((0, 0, 0), cuboid.rotation), np.eye(3)[axis][None])[0]
    for step in (-0.05, 0.05):
        beside = project((place + step * along)[None], camera)[0]
        assert math.dist(beside, (x + dx, y + dy)) > residual - 0.01


@given(cuboids, cameras, floats(-40, 40), floats(-20, 20))
def test_a_corner_of_the_floor_stays_in_the_plane_of_the_floor(
    cuboid: Fit, camera: Calibration, dx: float, dy: float
) -> None:
    grip = (1, -1, -1)
    x, y = _pixel(cuboid, grip, camera)
    edited, _ = move_grip(cuboid, camera, grip, (x + dx, y + dy))
    assert edited.size[2] == pytest.approx(cuboid.size[2])
    assert edited.centre[2] == pytest.approx(cuboid.centre[2])


@given(cuboids, cameras, grips, floats(-30, 30), floats(-30, 30))
def test_with_its_size_kept_the_whole_moves(
    cuboid: Fit, camera: Calibration, grip: Grip, dx: float, dy: float
) -> None:
    x, y = _pixel(cuboid, grip, camera)
    edited, _ = move_grip(cuboid, camera, grip, (x + dx, y + dy), keep_size=True)
    assert edited.size == pytest.approx(cuboid.size)
    assert edited.rotation == cuboid.rotation


@given(cuboids, cameras, floats(-0.6, 0.6))
def test_turning_its_arrow_and_back_gives_the_heading_back(
    cuboid: Fit, camera: Calibration, angle: float
) -> None:
    def tip(held: Fit) -> XY:
        own = np.array([[held.size[0] / 2 + 1, 0.0, 0.0]])
        x, y = project(outward(Pose(held.centre, held.rotation), own), camera)[0]
        return float(x), float(y)

    def shows(held: Fit) -> float:
        return math.dist(tip(replace(held, rotation=joined(turn(1e-4), held.rotation))), tip(held)) / 1e-4

    wanted = replace(cuboid, rotation=joined(turn(angle), cuboid.rotation))
    middle = replace(cuboid, rotation=joined(turn(angle / 2), cuboid.rotation))
    # where the arrow points at the camera or away from it, two headings are seen at one place
    assume(min(shows(cuboid), shows(wanted), shows(middle)) > 60)
    edited, residual = turn_to(cuboid, camera, tip(wanted))
    assert residual < 0.01
    assert edited.size == cuboid.size
    assert edited.centre == pytest.approx(cuboid.centre)
    assert math.dist(tip(edited), tip(wanted)) < 0.01
    back, _ = turn_to(edited, camera, tip(cuboid))
    assert math.dist(tip(back), tip(cuboid)) < 0.01
    if abs(wrapped(yaw_of(edited.rotation) - yaw_of(wanted.rotation))) < 1e-3:
        assert abs(wrapped(yaw_of(back.rotation) - yaw_of(cuboid.rotation))) < 1e-3


def test_an_arrow_can_be_turned_right_round() -> None:
    cuboid = Fit((12.0, 1.0, 0.8), (4.5, 1.8, 1.6), turn(0.0))
    for yaw in np.linspace(-3, 3, 13):
        wanted = Fit(cuboid.centre, cuboid.size, turn(float(yaw)))
        tip = outward(Pose(wanted.centre, wanted.rotation), np.array([[3.25, 0.0, 0.0]]))
        x, y = project(tip, PINHOLE)[0]
        edited, residual = turn_to(cuboid, PINHOLE, (float(x), float(y)))
        assert residual < 0.05
        assert abs(wrapped(yaw_of(edited.rotation) - yaw)) < 0.02


def _rect(cuboid: Fit, camera: Calibration) -> Rect:
    box = box_on_picture(
        corners(cuboid.centre, cuboid.size, cuboid.rotation), replace(camera, size=(0, 0)), False
    )
    assert box is not None
    return box


@given(cuboids, cameras, floats(-1, 1), floats(-0.8, 0.8), floats(-0.2, 0.2))
def test_a_box_moved_to_where_the_cuboid_would_be_puts_it_there_and_back(
    cuboid: Fit, camera: Calibration, dx: float, dy: float, dz: float
) -> None:
    x, y, z = cuboid.centre
    wanted = replace(cuboid, centre=(x + dx, y + dy, z + dz))
    edited, residual = move_rect(cuboid, camera, _rect(wanted, camera), keep_size=True)
    assert residual < 0.1
    assert _gap(edited, wanted) < 0.1
    back, rest = move_rect(edited, camera, _rect(cuboid, camera), keep_size=True)
    assert rest < 0.1
    assert _gap(back, cuboid) < 0.1


@given(cuboids, cameras, floats(-12, 12), floats(-12, 12), floats(-12, 12), floats(-12, 12))
def test_any_reasonable_box_is_filled_once_the_size_is_free(
    cuboid: Fit, camera: Calibration, left: float, top: float, right: float, bottom: float
) -> None:
    before = _rect(cuboid, camera)
    share = min(before[2] - before[0], before[3] - before[1]) / 100
    moved = [side + by * share for side, by in zip(before, (left, top, right, bottom), strict=True)]
    edited, residual = move_rect(cuboid, camera, (moved[0], moved[1], moved[2], moved[3]))
    assert residual < 1.0
    assert np.abs(np.array(_rect(edited, camera)) - moved).max() < 1.0
    assert edited.rotation == cuboid.rotation
    # and with no more change than the picture asks for
    assert _gap(edited, cuboid) < 0.35 * math.dist(cuboid.centre, camera.translation)


def test_one_moved_side_changes_the_height_and_hardly_the_rest() -> None:
    cuboid = Fit((15.0, 2.0, 0.8), (4.5, 1.8, 1.6), turn(0.2))
    left, top, right, bottom = _rect(cuboid, PINHOLE)
    edited, residual = move_rect(cuboid, PINHOLE, (left, top - 20, right, bottom))
    assert residual < 0.5
    assert edited.size[2] > 1.7
    assert edited.size[0] == pytest.approx(4.5, abs=0.3)
    assert edited.size[1] == pytest.approx(1.8, abs=0.3)


def test_a_hand_beyond_the_horizon_or_the_lens_leaves_something_sensible() -> None:
    cuboid = Fit((10.0, 0.0, 0.8), (4.5, 1.8, 1.6), turn(0.3))
    for camera in (PINHOLE, BENT, FISHEYE):
        for target in ((800.0, -5000.0), (90_000.0, 450.0), (800.0, 450.0)):
            for grip in ((0, 0, 0), (1, 0, 0), (1, 1, -1), (1, 1, 1), (0, 1, 1)):
                edited, residual = move_grip(cuboid, camera, grip, target)
                assert np.isfinite([*edited.centre, *edited.size, residual]).all()
                assert min(edited.size) > 0.05
                assert math.dist(edited.centre, cuboid.centre) < 2000


def test_between_sweep_and_picture_the_car_has_moved_on() -> None:
    shift = Pose((-1.2, 0.1, 0.0), turn(-0.02))  # from the ego frame at the sweep to that at the picture
    there: Floats = np.array([[14.0, 2.0, 1.0], [9.0, -3.0, 0.5]])
    moved = seen_from(PINHOLE, shift)
    assert np.allclose(project(there, moved), project(outward(shift, there), PINHOLE))
