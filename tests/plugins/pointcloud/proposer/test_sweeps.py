"""What stands in one sweep: parted, recognised by size, boxed; and nothing where there is nothing."""

import math

import numpy as np
import pytest

from plugins.pointcloud.generator import ONTOLOGY, Counts, generate, solids
from plugins.pointcloud.generator.ground import Ground
from plugins.pointcloud.generator.rays import cast
from plugins.pointcloud.generator.rig import lidars, shots
from plugins.pointcloud.generator.solids import Body
from plugins.pointcloud.proposer.guessing import best_of, fits, fits_upwards, sizes_of, spans_of
from plugins.pointcloud.proposer.sweeps import Found, found_in
from studio.domain.overlap import ground_iou, rows_of
from studio.domain.space import Pose, turn

SIZES = sizes_of({each.name: each.size_m for each in ONTOLOGY.classes if each.size_m})
SENSOR = (0.0, 0.0, 1.9)


def sweep(*placed: tuple[Body, float, float, float]) -> np.ndarray:
    """(N, 3) of bodies at x, y, yaw on flat ground, without noise."""
    lidar = lidars(900)[0]
    rays = shots(lidar)
    poses = [Pose((x, y, 0.0), turn(yaw)) for _, x, y, yaw in placed]
    met = cast(rays, Pose(SENSOR), [body for body, *_ in placed], poses, Ground())
    seen = np.isfinite(met.reach) & (met.reach < 90)
    points = rays.directions[:, seen] * met.reach[seen]
    return points.T.astype(np.float64) + np.array(SENSOR)


def named(found: Found, score: float = 0.2) -> list[str]:
    return sorted(SIZES.names[kind] for kind in found.kinds[found.scores >= score])


CAR = solids.car((4.5, 1.85, 1.55), (200, 0, 0))
PERSON = solids.pedestrian((0.6, 0.65, 1.75), (0, 0, 200))


@pytest.mark.parametrize("yaw", [0.0, 0.6, 1.2, math.pi / 2])
@pytest.mark.parametrize(("x", "y"), [(8.0, 3.0), (-14.0, 6.0), (20.0, -9.0), (30.0, 2.0)])
def test_a_car_is_found_where_it_stands(x: float, y: float, yaw: float) -> None:
    found = found_in(sweep((CAR, x, y, yaw)), SIZES, SENSOR)
    label = np.array([[x, y, 0.775, 4.5, 1.85, 1.55, yaw]])
    best = int(ground_iou(found.rows, label)[:, 0].argmax())
    assert ground_iou(found.rows, label)[best, 0] >= 0.6
    assert SIZES.names[found.kinds[best]] in ("car", "van")


def test_a_person_beside_a_car_is_a_thing_of_its_own() -> None:
    found = found_in(sweep((CAR, 12.0, 4.0, 0.0), (PERSON, 12.0, 2.2, 0.0)), SIZES, SENSOR)
    assert named(found) == ["car", "pedestrian"]


def test_a_lamp_post_makes_no_lorry_of_the_car_beside_it() -> None:
    found = found_in(sweep((CAR, 26.0, 6.0, 0.0), (solids.pole(0.1, 6.0), 23.6, 4.8, 0.0)), SIZES, SENSOR)
    assert named(found) == ["car"]


def test_who_sits_on_a_bicycle_is_proposed_above_it() -> None:
    bicycle = solids.bicycle((1.8, 0.6, 1.1), (200, 0, 0))
    rider = solids.rider((0.8, 0.6, 1.45), (0, 0, 200))
    found = found_in(sweep((bicycle, 9.0, 3.0, 0.5), (rider, 9.0, 3.0, 0.5)), SIZES, SENSOR)
    assert named(found) == ["bicycle", "rider"]
    by_name = {SIZES.names[kind]: row for kind, row in zip(found.kinds, found.rows, strict=True)}
    assert by_name["rider"][2] - by_name["rider"][5] / 2 > 0.2  # hovers
    assert by_name["bicycle"][2] == pytest.approx(by_name["bicycle"][5] / 2, abs=0.15)


def test_a_tractor_and_its_trailer_are_two() -> None:
    front = solids.tractor((6.0, 2.5, 3.4), (200, 0, 0))
    rear = solids.trailer((12.0, 2.5, 3.8), (210, 210, 210))
    found = found_in(sweep((front, 22.0, 6.0, 0.0), (rear, 15.4, 6.0, 0.0)), SIZES, SENSOR)
    labels = np.array([[22.0, 6.0, 1.7, 6.0, 2.5, 3.4, 0.0], [15.4, 6.0, 1.9, 12.0, 2.5, 3.8, 0.0]])
    assert ground_iou(found.rows, labels).max(axis=0).min() >= 0.5
    assert {"tractor", "trailer"} <= set(named(found, 0.1))


def test_ground_alone_and_nothing_at_all_are_nothing() -> None:
    assert not len(found_in(sweep(), SIZES, SENSOR).rows)
    assert not len(found_in(np.zeros((0, 3)), SIZES).rows)
    assert not len(found_in(sweep((CAR, 9, 3, 0)), sizes_of({}), SENSOR).rows)
    assert found_in(np.zeros((0, 3)), SIZES).rows.shape == (0, 7)


def test_broken_points_cost_nothing_but_themselves() -> None:
    points = sweep((CAR, 9.0, 3.0, 0.3))
    broken = np.vstack([points, [[np.nan, 0, 0], [np.inf, 1, 1], [0, 0, -np.inf], [1e9, 0, 0]]])
    whole, rest = found_in(points, SIZES, SENSOR), found_in(broken, SIZES, SENSOR)
    assert np.array_equal(whole.rows, rest.rows)


def test_where_the_sweep_stands_does_not_matter() -> None:
    points = sweep((CAR, 9.0, 3.0, 0.3), (PERSON, 6.0, -4.0, 0.0))
    moved = found_in(points + np.array([100.0, -50.0, 20.0]), SIZES, (100.0, -50.0, 21.9))
    here = found_in(points, SIZES, SENSOR)
    assert named(moved) == named(here)
    assert moved.rows[:, :2] == pytest.approx(here.rows[:, :2] + np.array([100.0, -50.0]), abs=0.3)


def test_most_of_what_a_scene_shows_is_found() -> None:
    scene = generate(31, frames=1, counts=Counts(cars=10, bushes=0), slope=0.03, picture_size=None)
    found = found_in(scene.in_ego(scene.streams[0].id, 0), SIZES, (1.2, 0.0, 1.9))
    hits = scene.hits[scene.streams[0].id][0]
    place = {track.id: number for number, track in enumerate(scene.tracks)}
    seen = [each for each in scene.cuboids(0) if np.count_nonzero(hits == place[each.track]) >= 50]
    assert len(seen) >= 8
    assert (ground_iou(found.rows, rows_of(seen)).max(axis=0) >= 0.5).mean() >= 0.75


def test_a_side_along_the_line_of_sight_may_be_hidden_and_one_across_it_may_not() -> None:
    rear = np.array([[10.0, -0.9], [10.0, 0.9], [10.3, 0.0]])
    points = np.column_stack([rear, [1.0, 1.0, 1.0]])
    seen = spans_of(points, np.array([0])).of(np.array([0]))
    car = SIZES.names.index("car")
    from_behind = fits(seen, 0.0, SIZES)[car]
    from_beside = fits(seen, math.pi / 2, SIZES)[car]
    assert from_behind > 0.7 > 0.2 > from_beside


def test_what_reaches_higher_than_the_lidar_looks_is_judged_up_to_there() -> None:
    trailer = SIZES.names.index("trailer")
    assert fits_upwards(2.3, 2.4, SIZES)[trailer] > 0.9
    assert fits_upwards(2.3, 9.0, SIZES)[trailer] < 0.5
    assert best_of(np.array([0.1, 0.7, 0.3])).kind == 1
