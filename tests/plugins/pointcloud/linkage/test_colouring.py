"""Points over pictures by their depth, and in the colours of pictures."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.linkage import coloured, overlay
from studio.domain.cameras import lifted, project, rays
from studio.domain.entities import Calibration
from studio.domain.space import Floats
from tests.plugins.pointcloud.linkage.three_cameras import FRONT, LEFT, RIG
from tests.studio.domain.space_strategies import seeds

cameras = st.sampled_from(RIG)


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
