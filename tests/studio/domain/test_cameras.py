"""How a camera sees space; OpenCV is the oracle for points before it."""

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from studio.domain.cameras import (
    NEAR,
    box_on_picture,
    clipped_near,
    edges_on_picture,
    intrinsic_matrix,
    lifted,
    pose_of,
    project,
    project_from_camera,
    rays,
    rays_in_camera,
)
from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.space import CORNER_SIGNS, Floats, Pose, corners, inward, outward, turn
from studio.domain.values import XYZ, Quaternion
from tests.studio.domain.space_strategies import AHEAD, CAMERA, cameras, floats, rotations, seeds, sizes

HD = Calibration(
    CAMERA,
    StreamId("front"),
    "pinhole",
    (1920, 1080),
    (1000.0, 0, 960, 0, 1000, 540, 0, 0, 1),
    translation=(0, 0, 1.5),
    rotation=AHEAD,
)
FISHEYE = replace(
    HD,
    model="kannala_brandt",
    intrinsics=(400.0, 0, 960, 0, 400, 540, 0, 0, 1),
    distortion=(0.02, -0.003, 0.0, 0.0),
)
BARREL = replace(HD, model="brown_conrady", distortion=(-0.4, 0.05, 0.001, -0.001, 0.0))


def _directions(seed: int, widest: float, count: int = 60) -> Floats:
    """(count, 3) unit directions in camera axes, up to `widest` radians from the axis."""
    rng = np.random.default_rng(seed)
    away, around = rng.uniform(0, widest, count), rng.uniform(-math.pi, math.pi, count)
    return np.column_stack([np.sin(away) * np.cos(around), np.sin(away) * np.sin(around), np.cos(away)])


@given(cameras(), seeds, floats(0.2, 200))
def test_lifting_what_was_projected_returns_the_point(camera: Calibration, seed: int, depth: float) -> None:
    widest = math.radians(150 if camera.model == "kannala_brandt" else 70)
    local = _directions(seed, widest) * depth
    pixels = project_from_camera(local, camera)
    seen = ~np.isnan(pixels).any(axis=1)
    assert seen.any()
    back = lifted(pixels[seen], np.full(int(seen.sum()), depth), camera)
    # a lens that hardly grows any more at its edge makes a large angle of a pixel's last digits
    assert np.allclose(inward(pose_of(camera), back), local[seen], atol=2e-4 * depth)
    again = project(back, camera)
    assert np.allclose(again, pixels[seen], atol=1e-3)


@given(cameras(), seeds)
def test_projecting_what_was_lifted_returns_the_pixel(camera: Calibration, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.uniform((0, 0), camera.size, (60, 2))
    directions = rays(pixels, camera)
    held = ~np.isnan(directions).any(axis=1)
    assert held.any()
    assert np.allclose(np.linalg.norm(directions[held], axis=1), 1.0)
    points = np.array(camera.translation) + directions[held] * rng.uniform(1, 50, (int(held.sum()), 1))
    assert np.allclose(project(points, camera), pixels[held], atol=1e-4)


def test_a_fisheye_sees_what_lies_beside_and_behind_it() -> None:
    for degrees in (89.9, 90.0, 90.1, 110.0, 140.0):
        angle = math.radians(degrees)
        local = np.array([[math.sin(angle), 0.0, math.cos(angle)]]) * 7.0
        pixels = project_from_camera(local, FISHEYE)
        bent = angle + 0.02 * angle**3 - 0.003 * angle**5
        assert pixels[0] == pytest.approx([960 + 400 * bent, 540])
        assert rays_in_camera(pixels, FISHEYE)[0] * 7 == pytest.approx(local[0], abs=1e-9)


@given(cameras(("pinhole", "brown_conrady")), seeds)
def test_pixels_agree_with_opencv(camera: Calibration, seed: int) -> None:
    local = _directions(seed, math.radians(50)) * 12
    # OpenCV counts from the centre of the first pixel, we from its corner
    matrix = intrinsic_matrix(camera) - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    skew, matrix[0, 1] = matrix[0, 1], 0.0
    theirs = cv2.projectPoints(local, np.zeros(3), np.zeros(3), matrix, np.array(camera.distortion))[0][:, 0]
    theirs[:, 0] += skew * (theirs[:, 1] - matrix[1, 2]) / matrix[1, 1]
    ours = project_from_camera(local, camera)
    seen = ~np.isnan(ours).any(axis=1)
    assert seen.any()
    assert np.allclose(ours[seen], theirs[seen] + 0.5, atol=1e-6)


@given(cameras(("kannala_brandt",)), seeds)
def test_fisheye_pixels_agree_with_opencv(camera: Calibration, seed: int) -> None:
    camera = replace(
        camera, intrinsics=tuple(0.0 if i == 1 else each for i, each in enumerate(camera.intrinsics))
    )
    local = _directions(seed, math.radians(85)) * 12
    matrix = intrinsic_matrix(camera) - np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    theirs = cv2.fisheye.projectPoints(
        local[:, None], np.zeros(3), np.zeros(3), matrix, np.array(camera.distortion)
    )[0][:, 0]
    assert np.allclose(project_from_camera(local, camera), theirs + 0.5, atol=1e-6)


def test_the_first_pixels_outer_corner_is_the_origin() -> None:
    """A principal point of (960, 540) is the middle of 1920 x 1080 pixels, whose centres end in half."""
    ahead = project(np.array([[10.0, 0.0, 1.5]]), HD)[0]
    assert ahead == pytest.approx([960.0, 540.0])
    left_and_up = project(np.array([[10.0, 1.0, 2.5]]), HD)[0]
    assert left_and_up == pytest.approx([860.0, 440.0])


def test_what_lies_behind_a_camera_has_no_pixel() -> None:
    behind = np.array([[-10.0, 0, 1.5], [0, 0, 1.5], [0.0, 5, 1.5], [np.nan, 0, 0]])
    assert np.isnan(project(behind, HD)).all()
    assert np.isnan(project(behind, BARREL)).all()


def test_a_bent_lens_shows_nothing_twice() -> None:
    """Beyond the angle at which the polynomial turns round, its formula leads back into the picture."""
    aside = np.array([[1.0, 3.0, 1.5]])
    assert np.isnan(project(aside, BARREL)).all()
    radii = np.linspace(0, 5, 2000)
    straight = replace(BARREL, distortion=(-0.4, 0.05))
    pixels = project_from_camera(np.column_stack([radii, radii * 0, np.ones(2000)]), straight)[:, 0]
    seen = pixels[~np.isnan(pixels)]
    assert len(seen) > 100
    assert (np.diff(seen) > 0).all()
    backwards = replace(FISHEYE, distortion=(-0.2, 0.0, 0.0, 0.0))
    aside = project_from_camera(np.array([[1.0, 0.0, 0.05], [1.0, 0.0, -0.5]]), backwards)
    assert np.isnan(aside).any(axis=1).tolist() == [True, True]


def test_a_pixel_that_no_ray_leads_to_has_no_direction() -> None:
    far = np.array([[50_000.0, 540.0], [960.0, 540.0]])
    for camera in (BARREL, replace(FISHEYE, distortion=(-0.2, 0.0, 0.0, 0.0))):
        found = rays(far, camera)
        assert np.isnan(found[0]).all()
        assert found[1] == pytest.approx([1, 0, 0])


def test_nothing_to_project_is_nothing() -> None:
    for camera in (HD, BARREL, FISHEYE):
        assert project(np.zeros((0, 3)), camera).shape == (0, 2)
        assert rays(np.zeros((0, 2)), camera).shape == (0, 3)


@pytest.mark.parametrize("numbers", [(), (0.0,) * 9, (1.0, 2.0), (0.0, 0, 1, 0, 1, 1, 0, 0, 1)])
def test_a_calibration_that_is_no_projection_is_refused(numbers: tuple[float, ...]) -> None:
    with pytest.raises(AtelierError) as refused:
        project(np.zeros((1, 3)), replace(HD, intrinsics=numbers))
    assert refused.value.code == "calibration.broken"


def test_four_numbers_are_focal_lengths_and_the_principal_point() -> None:
    four = replace(HD, intrinsics=(1000.0, 1000.0, 960.0, 540.0))
    assert np.array_equal(project(np.array([[10.0, 2, 1]]), four), project(np.array([[10.0, 2, 1]]), HD))


@given(st.lists(st.tuples(*[floats(-5, 5)] * 6), min_size=1, max_size=20), floats(0.01, 1))
def test_segments_are_cut_at_the_near_plane(lines: list[tuple[float, ...]], near: float) -> None:
    segments = np.array(lines).reshape(-1, 2, 3)
    cut = clipped_near(segments, near)
    for before, after in zip(segments, cut, strict=True):
        if (before[:, 2] < near).all():
            assert np.isnan(after).all()
            continue
        assert (after[:, 2] >= near - 1e-12).all()
        along = before[1] - before[0]
        for end, kept in zip(before, after, strict=True):
            if end[2] >= near:
                assert (kept == end).all()
            else:
                assert kept[2] == pytest.approx(near)
                assert np.allclose(np.cross(kept - before[0], along), 0, atol=1e-9)


@given(cameras(), st.tuples(floats(-3, 30), floats(-10, 10), floats(-2, 2)), sizes, rotations)
def test_edges_end_where_their_corners_are_projected(
    camera: Calibration, centre: XYZ, size: XYZ, rotation: Quaternion
) -> None:
    camera = replace(camera, translation=(0.0, 0.0, 0.0), rotation=AHEAD)
    held = corners(centre, size, rotation)
    lines = edges_on_picture(np.stack([held, held]), camera)
    assert lines.shape == (2, 12, 2, 2)
    assert np.array_equal(lines[0], lines[1], equal_nan=True)
    pixels = project(held, camera)
    deep = inward(pose_of(camera), held)[:, 2] >= NEAR
    for (first, second), line in zip(_pairs(), lines[0], strict=True):
        for corner, end in ((first, line[0]), (second, line[1])):
            if deep[corner] and not np.isnan(line).any():
                assert np.allclose(end, pixels[corner], atol=1e-6)


def _pairs() -> list[tuple[int, int]]:
    signs = CORNER_SIGNS
    found = [(i, j) for i in range(8) for j in range(i + 1, 8) if np.abs(signs[i] - signs[j]).sum() == 2]
    bottom, top = [(0, 1), (1, 2), (2, 3), (3, 0)], [(4, 5), (5, 6), (6, 7), (7, 4)]
    assert {tuple(sorted(pair)) for pair in (*bottom, *top, (0, 4), (1, 5), (2, 6), (3, 7))} == set(found)
    return [*bottom, *top, (0, 4), (1, 5), (2, 6), (3, 7)]


@given(cameras(), st.tuples(floats(4, 30), floats(-10, 10), floats(-2, 2)), sizes, rotations)
def test_an_edge_in_pieces_follows_the_lens(
    camera: Calibration, centre: XYZ, size: XYZ, rotation: Quaternion
) -> None:
    camera = replace(camera, translation=(0.0, 0.0, 0.0), rotation=AHEAD)
    held = corners(centre, size, rotation)
    pieces = edges_on_picture(held[None], camera, pieces=5)
    assert pieces.shape == (1, 60, 2, 2)
    first, second = held[0], held[1]
    on_the_edge = first + np.linspace(0, 1, 6)[:, None] * (second - first)
    expected = project(on_the_edge, camera)
    deep = inward(pose_of(camera), on_the_edge)[:, 2] >= NEAR
    for i in range(5):
        if deep[i] and deep[i + 1] and not np.isnan(expected[i : i + 2]).any():
            assert np.allclose(pieces[0, i], expected[i : i + 2], atol=1e-6)


def _surface(centre: XYZ, size: XYZ, rotation: Quaternion, steps: int = 60) -> Floats:
    """Points all over the faces of a cuboid."""
    grid = np.linspace(-1, 1, steps)
    a, b = (each.ravel() for each in np.meshgrid(grid, grid))
    ones = np.ones_like(a)
    faces = [np.column_stack([sign * ones, a, b]) for sign in (-1, 1)]
    faces += [face[:, order] for face in faces for order in ((1, 0, 2), (1, 2, 0))]
    return outward(Pose(centre, rotation), np.concatenate(faces) * (np.array(size) / 2))


@given(
    st.sampled_from([HD, BARREL, FISHEYE]),
    st.tuples(floats(3, 30), floats(-12, 12), floats(-2, 4)),
    st.tuples(floats(0.5, 6), floats(0.5, 3), floats(0.5, 3)),
    floats(-math.pi, math.pi),
)
def test_the_box_on_the_picture_holds_what_is_seen_of_the_cuboid(
    camera: Calibration, centre: XYZ, size: XYZ, yaw: float
) -> None:
    """Against thousands of points on the faces, amodal and clipped."""
    held = corners(centre, size, turn(yaw))
    pixels = project(_surface(centre, size, turn(yaw)), camera)
    assume(inward(pose_of(camera), held)[:, 2].min() > NEAR)
    assume(not np.isnan(pixels).any())  # all of it is before the lens
    bounds = np.array([*pixels.min(axis=0), *pixels.max(axis=0)])
    about = 0.01 * (bounds[2:] - bounds[:2]).max() + 0.5
    inside = pixels[((pixels >= 0) & (pixels <= camera.size)).all(axis=1)]
    whole, clip = box_on_picture(held, camera, clip=False), box_on_picture(held, camera)
    assert (whole is None) == (clip is None)
    if whole is None or clip is None:
        assert not len(inside)
        return
    assert np.abs(whole - bounds).max() < about
    if len(inside) > 2000:  # so many that they lie dense, and show how tight the box is
        seen = np.array([*inside.min(axis=0), *inside.max(axis=0)])
        assert np.abs(clip - seen).max() < 5 * about
    for low in (0, 1):
        assert not len(inside) or clip[low] <= inside[:, low].min() + about
        assert not len(inside) or clip[low + 2] >= inside[:, low].max() - about


@given(st.tuples(floats(-3, 5), floats(-5, 5), floats(-2, 4)), floats(-math.pi, math.pi))
def test_beside_the_camera_the_box_is_of_what_lies_before_it(centre: XYZ, yaw: float) -> None:
    size = (4.0, 2.0, 1.5)
    held = corners(centre, size, turn(yaw))
    surface = _surface(centre, size, turn(yaw))
    before = project(surface[inward(pose_of(HD), surface)[:, 2] > NEAR], HD)
    inside = before[((before >= 0) & (before <= HD.size)).all(axis=1)]
    clip = box_on_picture(held, HD)
    if len(inside):
        assert clip is not None
        assert (np.array(clip[:2]) <= inside.min(axis=0) + 1e-6).all()
        assert (np.array(clip[2:]) >= inside.max(axis=0) - 1e-6).all()


def test_a_cuboid_that_a_corner_of_the_picture_cuts_is_boxed_by_what_is_left_of_it() -> None:
    """The clipped box of a slanting edge is smaller than the box of all of it, clipped."""
    held = corners((10.0, 9.1, 6.4), (15.6, 0.01, 0.01), turn(-math.pi / 2, -math.pi / 4))
    assert box_on_picture(held, HD, clip=False) == pytest.approx((-500, -500, 600, 600), abs=5)
    assert box_on_picture(held, HD) == pytest.approx((0, 0, 100, 100), abs=5)


def test_what_is_beside_the_picture_has_no_box() -> None:
    assert box_on_picture(corners((5.0, 20.0, 1.0), (4, 2, 1.5), turn()), HD) is None
    assert box_on_picture(corners((-15.0, 0.0, 1.0), (4, 2, 1.5), turn()), HD) is None
