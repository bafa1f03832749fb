"""Finding a thing again by its points: small clouds laid over each other; Open3D is the second opinion."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.propagation import propagated
from plugins.pointcloud.registration import auto_fit_next, fitted_to, points_of, refining, registered
from studio.domain.document import Document
from studio.domain.space import Pose, inward, outward, turn, wrapped, yaw_of
from tests.bench.scripted_annotator import kitti
from tests.plugins.pointcloud.ground import CAR, STEP_NS, car, done, driving, in_ego, indexed, key


def shell(count=300, size=CAR, seen="two sides", noise=0.02, seed=1):
    """Points on a car's rear and left side and roof, as a lidar behind it would see them; box axes."""
    random = np.random.default_rng(seed)
    half = np.array(size) / 2
    points = random.uniform(-1, 1, (count, 3)) * half
    side = random.integers(0, 3 if seen == "two sides" else 1, count)
    points[side == 0, 1] = half[1]
    points[side == 1, 0] = -half[0]
    points[side == 2, 2] = half[2]
    return points + random.normal(0, noise, points.shape)


@settings(deadline=None)
@given(st.floats(-1.5, 1.5), st.floats(-0.6, 0.6), st.floats(-0.25, 0.25), st.integers(0, 5))
def test_a_shifted_and_turned_car_is_found_to_a_few_centimetres(forward, left, yaw, seed):
    pose = Pose((forward, left, 0.0), turn(yaw))
    goal = outward(pose, shell(seed=seed + 10))  # other points of the same car
    found = registered(shell(seed=seed), goal)
    assert math.dist((found.forward, found.left), (forward, left)) < 0.08
    assert abs(wrapped(found.yaw - yaw)) < math.radians(1.5)
    assert found.score > 0.8


@pytest.mark.parametrize("seed", range(4))
def test_open3d_agrees(seed):
    import open3d  # takes seconds to load

    registration = open3d.pipelines.registration
    random = np.random.default_rng(seed)
    forward, left, yaw = random.uniform([-0.5, -0.4, -0.15], [0.5, 0.4, 0.15]).tolist()
    model = shell(seed=seed)
    goal = outward(Pose((forward, left, 0.0), turn(yaw)), shell(seed=seed + 50))
    clouds = [open3d.geometry.PointCloud(open3d.utility.Vector3dVector(each)) for each in (model, goal)]
    result = registration.registration_icp(
        *clouds,
        0.5,
        np.eye(4),
        registration.TransformationEstimationPointToPoint(),
        registration.ICPConvergenceCriteria(max_iteration=200),
    )
    theirs = result.transformation
    ours = registered(model, goal)
    assert math.dist((ours.forward, ours.left), theirs[:2, 3]) < 0.08
    assert abs(wrapped(ours.yaw - math.atan2(theirs[1, 0], theirs[0, 0]))) < math.radians(2.0)
    # and we are no further from the truth
    error, their_error = (
        math.dist(each, (forward, left)) for each in ((ours.forward, ours.left), theirs[:2, 3])
    )
    assert error < their_error + 0.05


def test_a_side_that_tells_nothing_of_the_way_along_it_leaves_that_as_predicted():
    goal = outward(Pose((0.0, 0.3, 0.0), turn(0.0)), shell(seen="left", seed=2))
    found = registered(shell(seen="left", seed=1), goal)
    assert found.left == pytest.approx(0.3, abs=0.05)
    assert abs(found.forward) < 0.3


def test_nothing_is_found_where_there_is_nothing():
    guess = key(car(), 0)
    bare = fitted_to(guess, shell(), np.zeros((0, 3)))
    assert (bare.cuboid, bare.score) == (guess, 0.0)
    far = fitted_to(guess, shell(), shell() + 30.0)
    assert (far.cuboid, far.score) == (guess, 0.0)
    few = fitted_to(guess, shell()[:3], shell())
    assert (few.cuboid, few.score) == (guess, 0.0)


def test_points_of_a_box_are_those_in_it_above_the_ground_in_its_own_axes():
    cuboid = key(car(), 0, 10.0, 5.0, 0.7)
    inside = shell(noise=0.0)[:, :] * 0.99
    inside = inside[inside[:, 2] > -0.4]
    ground = np.array([[0.0, 0.0, -0.74], [1.0, 0.0, -0.7]])
    cloud = outward(Pose(cuboid.centre, cuboid.rotation), np.concatenate([inside, ground, [[3.0, 0.0, 0.0]]]))
    nowhere = np.array([[np.nan, 5.0, 0.0], [np.inf, 5.0, 0.0], [10.0, 5.0, np.nan]])
    assert points_of(cuboid, np.concatenate([cloud, nowhere])) == pytest.approx(inside)


POSES = driving(20, speed=6.0, yaw_rate=-0.3)


def _drive(rate=0.4, speed=9.0, frames=range(20), stop=20):
    """A track on an arc, its true cuboids, and sweeps of it with ground and a wall beside."""
    track = car()

    def truth(frame):
        yaw, radius = rate * frame * 0.1, speed / rate
        place = key(track, frame, 12 + radius * math.sin(yaw), 4 + radius * (1 - math.cos(yaw)), yaw)
        return in_ego(POSES, frame, place)

    def points(frame):
        cuboid = truth(frame)
        parts = [outward(Pose(cuboid.centre, cuboid.rotation), shell(seed=frame))] if frame < stop else []
        random = np.random.default_rng(frame)
        ground = random.uniform([-40, -40, -0.02], [40, 40, 0.02], (4000, 3))
        wall = random.uniform([-40, 9, 0], [40, 9.1, 3], (2000, 3))
        world = np.concatenate([ground, wall])
        ego = POSES[frame]
        parts.append(inward(Pose(ego.translation, ego.rotation), world))
        return np.concatenate(parts).astype(np.float32)

    return track, truth, points


def test_the_next_frame_is_fitted_to_the_points_of_this_one():
    track, truth, points = _drive()
    index = indexed([*POSES, track, truth(0), truth(3)])
    found = auto_fit_next(index, track.id, 3, points)
    assert math.dist(found.cuboid.centre, truth(4).centre) < 0.1
    assert abs(wrapped(yaw_of(found.cuboid.rotation) - yaw_of(truth(4).rotation))) < math.radians(2)
    assert found.score > 0.8
    back = auto_fit_next(index, track.id, 3, points, by=-1)
    assert math.dist(back.cuboid.centre, truth(2).centre) < 0.1


def test_a_first_key_frame_of_a_moving_car_is_found_without_knowing_its_speed():
    track, truth, points = _drive(speed=14.0)
    index = indexed([*POSES, track, truth(0)])
    found = auto_fit_next(index, track.id, 0, points)
    assert math.dist(found.cuboid.centre, truth(1).centre) < 0.15


def test_it_is_none_where_nothing_can_be_asked():
    track, truth, points = _drive()
    index = indexed([*POSES, track, truth(5)])
    assert auto_fit_next(index, track.id, 3, points) is None
    assert auto_fit_next(index, track.id, 19, points) is None
    assert auto_fit_next(index, track.id, 5, lambda frame: None).score == 0.0
    assert refining(index, track.id, 3, points) is None
    assert refining(index, track.id, 5, lambda frame: None) is None


def test_propagating_with_points_follows_a_car_and_stops_where_it_has_gone():
    track, truth, points = _drive(stop=16)
    index = indexed([*POSES, track, truth(0)])
    done(index, propagated(index, track.id, 0, 19, refining(index, track.id, 0, points)))
    found = index.key_frames(track.id)
    assert [each.frame for each in found] == list(range(16))
    assert {each.made for each in found[1:]} == {"auto"}
    assert max(math.dist(each.centre, truth(each.frame).centre) for each in found) < 0.25
    assert index.timeline.time_ns(15) == 15 * STEP_NS


def test_the_cars_of_a_real_drive_are_found_again_in_the_next_sweep(shared_data):
    drive, folder = kitti(), shared_data / "drive_kitti_tracking0000_lidar" / "velodyne" / "0000"
    cuboids = [each for _, truth in drive.tracks for each in truth.values()]
    tracks = [track for track, _ in drive.tracks]
    index = TrackIndex(Document([*drive.poses, *tracks, *cuboids]), drive.streams)

    def points(frame):
        file = folder / f"{frame + 96:06d}.bin"
        return np.fromfile(file, np.float32).reshape(-1, 4)[:, :3] if file.exists() else None

    off = []
    for track, truth in drive.tracks:
        for frame in range(4, 15):  # with a sweep here and there
            if frame in truth and frame + 1 in truth:
                found = auto_fit_next(index, track.id, frame, points)
                off.append(math.dist(found.cuboid.centre[:2], truth[frame + 1].centre[:2]))
    assert len(off) == 35
    assert np.mean(off) < 0.06
    assert max(off) < 0.3
