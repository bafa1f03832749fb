"""What a click on a point gathers."""

import math

import numpy as np
import open3d
from hypothesis import given, settings

from plugins.pointcloud.fitting import cluster_at
from plugins.pointcloud.fitting.clusters import widest_gap
from studio.domain.space import Floats, turn, within
from tests.plugins.pointcloud.fitting.seen import SENSOR, ground_around, seen_sides, without_under
from tests.studio.domain.space_strategies import floats, seeds

CAR = (4.5, 1.8, 1.5)


def _row(gap: float, seed: int = 0) -> tuple[Floats, list[Floats]]:
    """Three cars beside each other with `gap` metres between them, on ground."""
    things, ground = [], ground_around((12, 0), seed)
    for place in (-1, 0, 1):
        car = ((12.0, place * (1.8 + gap), 0.8), CAR, 0.0)
        things.append(seen_sides(*car, seed=seed + place))
        ground = without_under(ground, *car)
    return ground, things


def _parked(gap: float, seed: int) -> tuple[Floats, Floats]:
    ground, things = _row(gap, seed)
    return np.concatenate([*things, ground]), things[1]


@given(floats(0.6, 3.0), seeds)
@settings(max_examples=30)
def test_a_click_gathers_one_car_of_a_row(gap: float, seed: int) -> None:
    points, middle = _parked(gap, seed)
    chosen = cluster_at(points, tuple(middle[0]), sensor=SENSOR, usual_size=CAR)  # type: ignore[arg-type]
    own = within(points[chosen], (12, 0, 0.8), CAR, turn(0), margin=0.1)
    assert own.all()
    standing = middle[middle[:, 2] > 0.3]
    assert len(chosen) > 0.9 * len(standing)


def test_no_ground_is_gathered() -> None:
    points, middle = _parked(1.0, 3)
    chosen = cluster_at(points, tuple(middle[5]), sensor=SENSOR, usual_size=CAR)  # type: ignore[arg-type]
    assert points[chosen, 2].min() > 0.15


def test_without_a_usual_size_what_is_joined_is_what_dbscan_joins() -> None:
    """Over the same gap, on points that are clear of the ground."""
    ground, things = _row(1.2, 7)
    points = np.concatenate([*things, ground])
    seed = things[2][3]
    chosen = cluster_at(points, tuple(seed), sensor=SENSOR)  # type: ignore[arg-type]
    standing = np.flatnonzero(points[:, 2] > 0.2)
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(points[standing]))
    gap = widest_gap(math.hypot(seed[0], seed[1]))
    labels = np.array(cloud.cluster_dbscan(eps=gap, min_points=1))
    theirs = standing[labels == labels[np.argmin(np.linalg.norm(points[standing] - seed, axis=1))]]
    assert len(np.setxor1d(chosen, theirs)) < 0.03 * len(theirs)


def test_a_lamp_post_over_a_car_stays_out() -> None:
    points, middle = _parked(1.5, 2)
    mast = np.column_stack([np.full(200, 12.0), np.zeros(200), np.linspace(1.6, 7, 200)])
    both = np.concatenate([points, mast])
    chosen = cluster_at(both, tuple(middle[0]), sensor=SENSOR, usual_size=CAR)  # type: ignore[arg-type]
    assert both[chosen, 2].max() < 2.5


def test_a_roof_behind_glass_belongs_to_its_car() -> None:
    """No point joins it to the boot, and both together are no larger than a car."""
    boot = seen_sides((13.2, 0, 0.55), (0.9, 1.8, 0.7), 0.0)
    roof = seen_sides((15.3, 0, 1.48), (1.4, 1.4, 0.04), 0.0)
    ground = without_under(ground_around((15, 0)), (15, 0, 0.5), CAR, 0.0)
    points = np.concatenate([boot, roof, ground])
    assert roof[:, 0].min() - boot[:, 0].max() > widest_gap(15.0) + 0.3
    for clicked in (boot[-1], roof[-1]):
        chosen = cluster_at(points, tuple(clicked), sensor=SENSOR, usual_size=CAR)  # type: ignore[arg-type]
        assert points[chosen, 0].min() < 12.9
        assert points[chosen, 0].max() > 15.9


def test_a_click_into_the_open_gathers_nothing() -> None:
    points, _ = _parked(1.0, 1)
    assert not len(cluster_at(points, (4.0, 0.0, 0.0), sensor=SENSOR, usual_size=CAR))
    assert not len(cluster_at(np.zeros((0, 3)), (0, 0, 0)))
    assert not len(cluster_at(points, (500.0, 0.0, 0.0)))
