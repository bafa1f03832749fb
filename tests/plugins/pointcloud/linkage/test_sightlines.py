"""Lines of sight between cameras, the best camera, boxes that people pinned, and colours of points."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.linkage import (
    best_camera,
    coloured,
    frustum_in,
    image_box,
    overlay,
    ray_in,
)
from studio.domain.cameras import box_on_picture, lifted, project, rays
from studio.domain.entities import Box, Calibration
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.space import Floats, corners, joined, turn
from studio.domain.values import XYZ
from tests.studio.domain.space_strategies import AHEAD, CAMERA, floats, seeds

FRONT = Calibration(
    CAMERA,
    StreamId("front"),
    "pinhole",
    (1600, 900),
    (1200.0, 0, 800, 0, 1200, 450, 0, 0, 1),
    translation=(1.5, 0.0, 1.6),
    rotation=AHEAD,
)
LEFT = replace(
    FRONT,
    model="brown_conrady",
    distortion=(-0.28, 0.08, 0.0006, -0.0004, -0.011),
    intrinsics=(900.0, 0, 800, 0, 900, 450, 0, 0, 1),
    translation=(1.2, 0.5, 1.6),
    rotation=joined(turn(math.radians(40)), AHEAD),
)
REAR = replace(
    FRONT,
    model="kannala_brandt",
    intrinsics=(420.0, 0, 800, 0, 420, 450, 0, 0, 1),
    distortion=(0.02, -0.003, 0.0, 0.0),
    translation=(-0.5, 0.0, 1.4),
    rotation=joined(turn(math.pi), AHEAD),
)
RIG = (FRONT, LEFT, REAR)
CAR: XYZ = (4.5, 1.8, 1.5)
cameras = st.sampled_from(RIG)


def _to_lines(point: Floats, lines: list[Floats]) -> float:
    """Pixels from a point to the nearest of the lines."""
    best = math.inf
    for line in lines:
        start, along = line[:-1], np.diff(line, axis=0)
        share = np.clip(
            ((point - start) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1e-12), 0, 1
        )
        best = min(best, float(np.linalg.norm(start + share[:, None] * along - point, axis=1).min()))
    return best


@given(cameras, cameras, floats(0, 1600), floats(0, 900), floats(1.5, 100))
def test_what_is_on_a_ray_is_seen_on_its_line(
    camera: Calibration, other: Calibration, x: float, y: float, depth: float
) -> None:
    point = lifted(np.array([[x, y]]), np.array([depth]), camera)
    seen = project(point, other)[0]
    if camera is other or np.isnan(seen).any() or not ((seen > 0) & (seen < other.size)).all():
        return
    if math.dist(point[0], other.translation) > 1.5:  # nearer than that a line turns faster than its steps
        assert _to_lines(seen, ray_in((x, y), camera, other)) < 2.0


@given(cameras, cameras, floats(0, 1600), floats(0, 900))
def test_lines_are_whole_numbers_on_and_just_beside_the_picture(
    camera: Calibration, other: Calibration, x: float, y: float
) -> None:
    for line in ray_in((x, y), camera, other) + frustum_in((x, y, x + 80, y + 60), camera, other):
        assert line.shape[1] == 2
        assert len(line) >= 2
        assert np.isfinite(line).all()
        assert ((line > -0.5 * np.array(other.size)) & (line < 1.5 * np.array(other.size))).all()


def test_a_line_under_a_lens_is_bent() -> None:
    line = max(ray_in((400.0, 800.0), FRONT, LEFT), key=len)
    chord = line[-1] - line[0]
    off = np.abs((line - line[0]) @ np.array([-chord[1], chord[0]])) / np.linalg.norm(chord)
    assert off.max() > 3.0


def test_a_frustum_holds_what_the_box_shows() -> None:
    centre = (14.0, 4.0, 0.75)
    held = corners(centre, CAR, turn(0.3))
    rect = box_on_picture(held, FRONT)
    assert rect is not None
    lines = frustum_in(rect, FRONT, LEFT)
    low, high = np.concatenate(lines).min(axis=0), np.concatenate(lines).max(axis=0)
    seen = project(held, LEFT)
    assert ((seen > low - 2) & (seen < high + 2)).all()


def test_the_camera_that_sees_all_of_a_cuboid_nearest_its_middle_is_the_best() -> None:
    for place, best in (((12.0, 0.5, 0.7), 0), ((8.0, 7.5, 0.7), 1), ((-10.0, 0.0, 0.7), 2)):
        assert best_camera(corners(place, CAR, turn(0.2)), RIG) == best
    # half out of the one, wholly on the other
    assert best_camera(corners((8.0, 5.5, 0.7), CAR, turn(0.0)), RIG) == 1
    assert best_camera(corners((2.0, -30.0, 0.7), CAR, turn(0.0)), RIG[:2]) is None
    assert best_camera(corners((10.0, 0.0, 0.7), CAR, turn(0.0)), ()) is None


def _pinned(xyxy: tuple[float, float, float, float]) -> Box:
    return Box(ShapeId(new_id()), TrackId(EntityId(new_id())), StreamId("front"), 0, xyxy)


def test_a_pinned_box_is_told_by_how_far_it_is_from_the_computed_one() -> None:
    held = corners((6.0, 3.6, 0.7), CAR, turn(0.1))  # cut by the edge of the picture
    found = image_box(held, FRONT)
    assert found is not None
    assert found.residual_px is None
    assert found.clipped[0] == 0.0 > found.amodal[0]
    left, top, right, bottom = found.clipped
    pinned = image_box(held, FRONT, _pinned((left, top + 7, right - 3, bottom)))
    assert pinned is not None
    assert pinned.pinned == (left, top + 7, right - 3, bottom)
    assert pinned.residual_px == pytest.approx(7.0)
    amodal = image_box(held, FRONT, _pinned(found.amodal))
    assert amodal is not None
    assert amodal.residual_px == 0.0
    assert image_box(corners((-9.0, 0, 0), CAR, turn()), FRONT) is None


@given(cameras, seeds)
def test_an_overlay_is_what_projects_onto_the_picture_the_farthest_first(
    camera: Calibration, seed: int
) -> None:
    points = np.random.default_rng(seed).uniform((-40, -40, -2), (40, 40, 4), (300, 3))
    laid = overlay(points, camera)
    pixels = project(points, camera)
    with np.errstate(invalid="ignore"):
        on = ((pixels >= 0) & (pixels < camera.size)).all(axis=1)
    assert np.array_equal(np.sort(laid.places), np.flatnonzero(on))
    assert np.allclose(laid.pixels, pixels[laid.places])
    assert np.allclose(laid.depths, np.linalg.norm(points[laid.places] - camera.translation, axis=1))
    assert (np.diff(laid.depths) <= 0).all()


def _wall(away: float, wide: float, step: float = 0.05) -> Floats:
    """Points of an upright wall across the way ahead."""
    y, z = np.meshgrid(np.arange(-wide, wide, step), np.arange(0.2, 3.0, step))
    return np.column_stack([np.full(y.size, away), y.ravel(), z.ravel()])


def test_what_stands_behind_a_wall_is_hidden_and_has_no_colour() -> None:
    near, far = _wall(8.0, 2.0), _wall(20.0, 4.0)
    points = np.concatenate([near, far])
    shown = overlay(points, FRONT, hide=True).places
    on = overlay(points, FRONT).places
    assert (on < len(near)).sum() == (shown < len(near)).sum()
    behind = np.abs(far[:, 1]) < 3.5
    assert not np.isin(np.flatnonzero(behind) + len(near), shown).any()
    red = np.zeros((900, 1600, 3), np.uint8)
    red[..., 0] = 200
    colours, seen = coloured(points, [(FRONT, red)])
    assert seen[: len(near)].mean() > 0.95
    assert (colours[: len(near)][seen[: len(near)]] == (200, 0, 0)).all()
    assert not seen[len(near) :][behind].any()
    assert (colours[~seen] == 0).all()


def test_points_take_the_colour_of_the_pixel_they_fall_on_at_any_size_of_the_picture() -> None:
    points = np.array([[10.0, 1.0, 1.0], [10.0, -1.0, 1.0], [10.0, 1.0, 2.4], [-10.0, 0.0, 1.0]])
    for divided in (1, 2, 4):
        picture = np.zeros((900 // divided, 1600 // divided, 3), np.uint8)
        picture[:, : 800 // divided] = (255, 0, 0)
        picture[: 450 // divided, :, 1] = 255
        colours, seen = coloured(points, [(FRONT, picture)])
        assert seen.tolist() == [True, True, True, False]
        assert colours.tolist() == [[255, 0, 0], [0, 0, 0], [255, 255, 0], [0, 0, 0]]


def test_the_picture_that_has_a_point_nearest_to_its_middle_gives_the_colour() -> None:
    point = lifted(np.array([[800.0, 450.0]]), np.array([12.0]), LEFT)
    pictures = [
        (camera, np.full((900, 1600, 3), shade, np.uint8)) for camera, shade in ((FRONT, 10), (LEFT, 20))
    ]
    assert not np.isnan(project(point, FRONT)).any()
    for order in (pictures, pictures[::-1]):
        assert coloured(point, order)[0].tolist() == [[20, 20, 20]]
    assert np.allclose(rays(np.array([[800.0, 450.0]]), LEFT)[0] * 12 + LEFT.translation, point)


def test_no_points_have_no_colours() -> None:
    colours, seen = coloured(np.zeros((0, 3)), [(FRONT, np.zeros((9, 16, 3), np.uint8))])
    assert colours.shape == (0, 3)
    assert seen.shape == (0,)
