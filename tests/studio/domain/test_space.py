"""Poses, rotations and cuboids in space."""

import math

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from studio.domain.entities import EgoPose
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import (
    CORNER_SIGNS,
    EDGES,
    NO_TURN,
    Pose,
    angles_of,
    as_matrix,
    as_pose,
    between,
    chained,
    corners,
    ego_pose,
    frame_near,
    frame_time,
    inverse,
    inward,
    joined,
    matrix_of,
    outward,
    quaternion_of,
    turn,
    undone,
    unit,
    within,
    wrapped,
    yaw_of,
)
from studio.domain.values import XYZ, Quaternion
from studio.domain.wire.projects import Stream
from tests.studio.domain.space_strategies import (
    angles,
    any_angles,
    edge_angles,
    floats,
    places,
    poses,
    rotations,
    scattered,
    seeds,
    sizes,
)

POSE = EntityId("00000001-0000-7000-8000-000000000001")


@given(any_angles, st.integers(-5, 5))
def test_whole_turns_do_not_change_an_angle(angle: float, turns: int) -> None:
    found = wrapped(angle + turns * 2 * math.pi)
    assert -math.pi < found <= math.pi
    assert math.cos(found - angle) == pytest.approx(1.0, abs=1e-12)


@given(st.sampled_from([math.pi, -math.pi, 3 * math.pi, -3 * math.pi]))
def test_half_a_turn_has_one_spelling(angle: float) -> None:
    assert wrapped(angle) == pytest.approx(math.pi)
    assert wrapped(angle) > 0


@given(rotations)
def test_a_rotation_comes_back_from_its_matrix(rotation: Quaternion) -> None:
    matrix = matrix_of(rotation)
    assert np.allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(1.0)
    assert np.allclose(matrix_of(quaternion_of(matrix)), matrix, atol=1e-12)


@given(any_angles, any_angles, any_angles)
def test_a_rotation_comes_back_from_its_angles(yaw: float, pitch: float, roll: float) -> None:
    matrix = matrix_of(turn(yaw, pitch, roll))
    # half of the digits are lost where the nose points straight up or down: asin is flat there
    assert np.allclose(matrix_of(turn(*angles_of(quaternion_of(matrix)))), matrix, atol=3e-6)


@given(any_angles, any_angles, any_angles)
def test_turn_is_roll_then_pitch_then_yaw(yaw: float, pitch: float, roll: float) -> None:
    steps = matrix_of(turn(yaw)) @ matrix_of(turn(0, pitch)) @ matrix_of(turn(0, 0, roll))
    assert np.allclose(matrix_of(turn(yaw, pitch, roll)), steps, atol=1e-12)


@given(any_angles)
def test_the_heading_is_where_the_turned_x_axis_points(yaw: float) -> None:
    ahead = outward(Pose((0, 0, 0), turn(yaw)), np.array([[1.0, 0.0, 0.0]]))[0]
    assert ahead == pytest.approx([math.cos(yaw), math.sin(yaw), 0.0], abs=1e-12)
    assert math.cos(yaw_of(turn(yaw)) - yaw) == pytest.approx(1.0, abs=1e-12)


@given(rotations, st.sampled_from([1e-300, 1e-160, 1e-9, 1.0, 1e9, 1e150, 1e300, -1.0, -1e200]))
def test_the_length_of_a_quaternion_does_not_matter(rotation: Quaternion, scale: float) -> None:
    x, y, z, w = (each * scale for each in rotation)
    found = unit((x, y, z, w))
    assert sum(each * each for each in found) == pytest.approx(1.0)
    assert found[3] >= 0
    assert np.allclose(matrix_of(found), matrix_of(rotation), atol=1e-9)


def test_no_quaternion_at_all_is_no_turn() -> None:
    assert unit((0.0, 0.0, 0.0, 0.0)) == NO_TURN


@given(rotations, seeds)
def test_a_mirrored_or_stretched_matrix_gives_a_proper_rotation(rotation: Quaternion, seed: int) -> None:
    stretched = matrix_of(rotation) * np.random.default_rng(seed).uniform(0.9, 1.1)
    assert np.allclose(matrix_of(quaternion_of(stretched)), matrix_of(rotation), atol=1e-12)
    mirrored = matrix_of(quaternion_of(matrix_of(rotation) @ np.diag([1.0, -1.0, 1.0])))
    assert np.linalg.det(mirrored) == pytest.approx(1.0)


@given(rotations, rotations)
def test_joined_is_the_product_of_the_matrices(first: Quaternion, second: Quaternion) -> None:
    assert np.allclose(matrix_of(joined(first, second)), matrix_of(first) @ matrix_of(second), atol=1e-12)
    assert np.allclose(matrix_of(joined(first, undone(first))), np.eye(3), atol=1e-12)


@given(rotations, rotations, floats(0, 1))
def test_between_turns_at_an_even_rate_the_short_way(
    first: Quaternion, second: Quaternion, share: float
) -> None:
    whole = _angle(first, second)
    assert _angle(first, between(first, second, share)) == pytest.approx(share * whole, abs=1e-6)
    assert _angle(between(first, second, share), second) == pytest.approx((1 - share) * whole, abs=1e-6)


@given(floats(0.05, 1.5), floats(0.01, 0.99), angles)
def test_between_crosses_the_seam_at_half_a_turn(apart: float, share: float, about: float) -> None:
    start = math.pi - apart / 2  # the seam lies between start and start + apart
    yaw = yaw_of(between(turn(start), turn(wrapped(start + apart)), share))
    assert math.cos(yaw - (start + share * apart)) == pytest.approx(1.0, abs=1e-9)
    # and wherever the two stand, the same turn from either
    moved = yaw_of(between(turn(start + about), turn(start + apart + about), share))
    assert math.cos(moved - yaw - about) == pytest.approx(1.0, abs=1e-9)


def _angle(first: Quaternion, second: Quaternion) -> float:
    """Radians from one rotation to the other; precise where they are near, as acos is not."""
    gap = joined(undone(first), second)
    return 2 * math.atan2(math.hypot(*gap[:3]), abs(gap[3]))


@given(poses, seeds)
def test_inward_takes_outward_back(pose: Pose, seed: int) -> None:
    points = scattered(seed, 20)
    assert np.allclose(inward(pose, outward(pose, points)), points, atol=1e-9)
    assert np.allclose(outward(inverse(pose), points), inward(pose, points), atol=1e-9)


@given(poses, poses, poses, seeds)
def test_poses_chain_like_their_matrices(first: Pose, second: Pose, third: Pose, seed: int) -> None:
    points = scattered(seed, 5)
    both = chained(first, second)
    assert np.allclose(as_matrix(both), as_matrix(first) @ as_matrix(second), atol=1e-9)
    assert np.allclose(outward(both, points), outward(first, outward(second, points)), atol=1e-9)
    left, right = chained(both, third), chained(first, chained(second, third))
    assert np.allclose(as_matrix(left), as_matrix(right), atol=1e-9)


@given(poses)
def test_a_pose_and_its_inverse_lead_nowhere(pose: Pose) -> None:
    assert np.allclose(as_matrix(chained(pose, inverse(pose))), np.eye(4), atol=1e-9)
    assert np.allclose(as_matrix(chained(inverse(pose), pose)), np.eye(4), atol=1e-9)
    assert np.allclose(as_matrix(inverse(pose)), np.linalg.inv(as_matrix(pose)), atol=1e-9)
    assert np.allclose(as_matrix(as_pose(as_matrix(pose))), as_matrix(pose), atol=1e-9)


@given(places, sizes, rotations)
def test_a_cuboid_has_eight_corners_and_twelve_edges_of_its_size(
    centre: XYZ, size: XYZ, rotation: Quaternion
) -> None:
    found = corners(centre, size, rotation)
    assert np.allclose(found.mean(axis=0), centre, atol=1e-9)
    lengths = np.linalg.norm(found[EDGES[:, 0]] - found[EDGES[:, 1]], axis=1)
    assert np.allclose(np.sort(lengths), np.sort(np.repeat(size, 4)), atol=1e-9)
    front_left, rear_left = found[0], found[3]
    assert np.allclose(front_left - rear_left, size[0] * matrix_of(rotation)[:, 0], atol=1e-9)


@given(places, sizes, rotations, seeds, floats(0, 1))
def test_within_agrees_with_looking_at_each_point(
    centre: XYZ, size: XYZ, rotation: Quaternion, seed: int, margin: float
) -> None:
    rng = np.random.default_rng(seed)
    points = outward(Pose(centre, rotation), rng.uniform(-1, 1, (200, 3)) * size)
    axes = matrix_of(rotation)
    slowly = [
        all(
            abs(sum((point[k] - centre[k]) * axes[k, axis] for k in range(3))) <= size[axis] / 2 + margin
            for axis in range(3)
        )
        for point in points
    ]
    assert within(points, centre, size, rotation, margin).tolist() == slowly


def test_points_that_are_nowhere_lie_in_no_cuboid() -> None:
    points = np.array([[np.nan, 0, 0], [np.inf, 0, 0], [0, -np.inf, 0], [0, 0, 0.0]])
    assert within(points, (0, 0, 0), (1, 1, 1), turn(0.3)).tolist() == [False, False, False, True]


def test_the_corners_of_a_cuboid_lie_within_it() -> None:
    assert within(CORNER_SIGNS / 2, (0, 0, 0), (1, 1, 1), NO_TURN).all()


def _drive(*moments: tuple[int, XYZ, Quaternion]) -> list[EgoPose]:
    return [EgoPose(POSE, time, place, rotation) for time, place, rotation in moments]


def test_without_ego_poses_the_ego_frame_is_the_world() -> None:
    assert ego_pose([], 5) == Pose()


@given(places, rotations, places, rotations, floats(0, 1))
# nanoseconds since 1970 are beyond what a float can tell apart
@example((0.0, 0.0, 0.0), NO_TURN, (10.0, 0.0, 0.0), turn(1.0), 0.5)
def test_between_two_ego_poses_the_car_moves_evenly(
    first: XYZ, first_turn: Quaternion, second: XYZ, second_turn: Quaternion, share: float
) -> None:
    start, length = 1_532_402_927_647_951_000, 100_000_000
    drive = _drive((start, first, first_turn), (start + length, second, second_turn))
    time = start + round(share * length)
    found = ego_pose(drive, time)
    share = (time - start) / length
    expected = np.array(first) + share * (np.array(second) - np.array(first))
    assert np.allclose(found.translation, expected, atol=1e-9)
    assert np.allclose(
        matrix_of(found.rotation), matrix_of(between(first_turn, second_turn, share)), atol=1e-9
    )


@given(st.lists(st.integers(-100, 100), min_size=1, max_size=6).map(sorted), st.integers(-120, 120))
def test_outside_of_the_ego_poses_the_nearest_holds_and_on_one_it_is_that_one(
    times: list[int], asked: int
) -> None:
    # two poses may carry one time: a log that was joined from pieces
    drive = _drive(*((time, (float(time), 0.0, 0.0), NO_TURN) for time in times))
    expected = min(max(asked, times[0]), times[-1])
    assert ego_pose(drive, asked).translation[0] == pytest.approx(expected)


@given(
    st.lists(st.integers(0, 10**18), min_size=1, max_size=8, unique=True).map(sorted), st.integers(0, 10**18)
)
def test_the_nearest_frame_is_the_nearest_in_time(times: list[int], asked: int) -> None:
    stream = Stream(StreamId("lidar"), "lidar", "points", frames=len(times), times_ns=tuple(times))
    found = frame_near(stream, asked)
    assert abs(times[found] - asked) == min(abs(time - asked) for time in times)
    assert all(frame_near(stream, frame_time(stream, frame)) == frame for frame in range(len(times)))


@given(st.integers(1, 1000), st.sampled_from([0.0, 10.0, 12.5, 29.97]))
def test_frames_without_times_are_evenly_spaced(frames: int, rate: float) -> None:
    stream = Stream(StreamId("lidar"), "lidar", "points", frames=frames, rate_hz=rate)
    assert frame_near(stream, frame_time(stream, frames - 1)) == frames - 1
    assert frame_near(stream, frame_time(stream, frames + 3)) == frames - 1


@given(edge_angles, edge_angles)
def test_the_heading_of_a_steep_nose_is_finite(yaw: float, pitch: float) -> None:
    assert all(math.isfinite(each) for each in angles_of(turn(yaw, pitch, 0.1)))
