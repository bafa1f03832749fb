"""The ground is where it is, whatever stands on it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings

from plugins.pointcloud.fitting import clear_of_ground, ground_of, ground_under
from plugins.pointcloud.fitting.ground import CLEAR_M
from studio.domain.space import Floats
from tests.plugins.pointcloud.fitting.seen import ground_around, seen_sides, without_under
from tests.studio.domain.space_strategies import floats, seeds

CAR = (4.5, 1.8, 1.5)


@given(floats(-30, 30), floats(-30, 30), floats(-0.15, 0.15), floats(-0.15, 0.15), seeds)
@settings(max_examples=40)
def test_tilted_ground_is_found_under_a_car(
    x: float, y: float, along: float, across: float, seed: int
) -> None:
    level = x * along + y * across
    car = ((x, y, level + 0.75), CAR, 0.3)
    ground = without_under(ground_around((x, y), seed, (along, across)), *car)
    points = np.concatenate([ground, seen_sides(*car, seed=seed)])
    assert ground_under(points, (x, y)) == pytest.approx(level, abs=0.12)
    # between the corners of the grid as well
    assert ground_under(points, (x + 7.3, y - 4.1)) == pytest.approx(
        level + 7.3 * along - 4.1 * across, abs=0.1
    )


def _hills(x: Floats, y: Floats) -> Floats:
    return 3 * np.sin(x / 20) + 2 * np.cos(y / 15) + 0.05 * x


def test_hills_with_sixty_things_on_them_are_told_apart_from_the_things() -> None:
    rng = np.random.default_rng(4)
    away, around = rng.gamma(1.2, 15, 60_000), rng.uniform(-math.pi, math.pi, 60_000)
    points = np.column_stack([away * np.cos(around), away * np.sin(around), np.zeros(60_000)])
    points = points[(np.abs(points[:, :2]) < 80).all(axis=1)]
    points[:, 2] = _hills(points[:, 0], points[:, 1]) + rng.normal(0, 0.02, len(points))
    thing = np.zeros(len(points), bool)
    for place in rng.uniform(-40, 40, (60, 2)):
        covered = (np.abs(points[:, :2] - place) < [rng.uniform(1.5, 5), 1.1]).all(axis=1)
        heights = rng.uniform(0.6, 2.5, int(covered.sum()))
        points[covered, 2] = _hills(points[covered, 0], points[covered, 1]) + heights
        thing |= covered
    near = (np.abs(points[:, :2]) < 45).all(axis=1)
    found = clear_of_ground(points)
    assert found[near & thing].mean() > 0.97
    assert found[near & ~thing].mean() < 0.03


def test_stray_points_below_the_ground_do_not_pull_it_down() -> None:
    points = ground_around((0, 0))
    stray = np.column_stack([points[::40, :2], np.full(len(points[::40]), -4.0)])
    assert ground_under(np.concatenate([points, stray]), (0.0, 0.0)) == pytest.approx(0.0, abs=0.1)


def test_points_that_are_nowhere_are_no_ground() -> None:
    odd = np.array([[np.nan, 0, 0], [0, np.inf, 5], [1, 1, -np.inf]])
    assert ground_under(np.concatenate([ground_around((0, 0)), odd]), (0, 0)) == pytest.approx(0, abs=0.05)
    assert ground_under(odd, (0.0, 0.0)) == 0.0


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_few_points_are_ground_as_far_as_they_go(count: int) -> None:
    points = np.array([[1.0, 2.0, 0.5], [3.0, 2.0, 0.5], [1.0, 5.0, 0.5]])[:count]
    assert ground_under(points, (1.0, 2.0)) == pytest.approx(0.5 if count else 0.0, abs=0.01)


def test_a_kerb_or_a_sleeping_policeman_is_still_ground() -> None:
    points = ground_around((0, 0))
    points[points[:, 1] > 5, 2] += 0.12
    assert clear_of_ground(points).mean() < 0.01
    assert CLEAR_M == 0.2


def test_a_point_far_outside_does_not_coarsen_the_rest() -> None:
    points = np.concatenate([ground_around((0, 0), slope=(0.1, 0)), np.array([[90_000.0, 0, 0]])])
    assert ground_of(points).cell == 1.0
    assert ground_of(points).at(np.array([[10.0, 0.0]]))[0] == pytest.approx(1.0, abs=0.1)
