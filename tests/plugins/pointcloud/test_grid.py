"""The index of points by cells against looking at all of them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.fitting import Fit
from plugins.pointcloud.grid import PointGrid
from studio.domain.space import turn, within
from tests.studio.domain.space_strategies import floats, places, rotations, seeds, sizes

cuboids = st.builds(Fit, places.map(lambda at: (at[0] / 4, at[1] / 4, at[2] / 8)), sizes, rotations)


@given(cuboids, seeds, floats(0, 1.5), st.sampled_from([0.3, 1.0, 7.0]))
def test_the_grid_finds_what_the_slow_way_finds(cuboid: Fit, seed: int, margin: float, cell_m: float) -> None:
    points = np.random.default_rng(seed).uniform((-30, -30, -4), (30, 30, 4), (3000, 3)).astype(np.float32)
    grid = PointGrid(points, cell_m)
    slowly = np.flatnonzero(within(points, cuboid.centre, cuboid.size, cuboid.rotation, margin))
    assert np.array_equal(np.sort(grid.points_in(cuboid, margin)), slowly)
    own = within(points, cuboid.centre, cuboid.size, cuboid.rotation).sum()
    assert grid.count_in([cuboid]).tolist() == [own]


def test_points_on_the_borders_of_cells_are_found_once() -> None:
    side = np.arange(-3.0, 4.0)
    points = np.array([[x, y, 0.0] for x in side for y in side])
    grid = PointGrid(points)
    counts = grid.count_in([Fit((0, 0, 0), (2, 2, 2), turn()), Fit((0, 0, 0), (6, 6, 1), turn())])
    assert counts.tolist() == [9, 49]


def test_what_is_nowhere_or_far_away_does_no_harm() -> None:
    odd = [[np.nan, 0, 0], [np.inf, 1, 1], [0, 0, -np.inf], [4e6, -4e6, 0], [1, 1, 0]]
    grid = PointGrid(np.array(odd))
    assert len(grid) == 2
    assert grid.points_in(Fit((1, 1, 0), (1, 1, 1), turn())).tolist() == [4]
    assert grid.points_in(Fit((4e6, -4e6, 0), (1, 1, 1), turn())).tolist() == [3]


@pytest.mark.parametrize("count", [0, 1])
def test_an_empty_cloud_has_no_points_in_anything(count: int) -> None:
    grid = PointGrid(np.zeros((0, 3), np.float32))
    assert grid.count_in([Fit((0, 0, 0), (1, 1, 1), turn())] * count).tolist() == [0] * count
