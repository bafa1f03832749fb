"""Overlap of cuboids: properties, hand-counted cases, and a search by points."""

import math
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from studio.domain.entities import Cuboid
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.overlap import (
    centre_distance,
    cuboid_iou,
    ground_corners,
    ground_iou,
    ground_overlap,
    heading_error,
    near_pairs,
    overlap_in_pairs,
    rows_of,
)
from studio.domain.space import turn

place = st.floats(-4, 4)
side = st.floats(0.2, 6)
row = st.tuples(place, place, place, side, side, side, st.floats(-7, 7))


def rows(*given: tuple[float, ...]) -> np.ndarray:
    return np.array(given, np.float64).reshape(-1, 7)


@given(row)
def test_a_cuboid_overlaps_itself_wholly(one: tuple[float, ...]) -> None:
    assert cuboid_iou(rows(one), rows(one))[0, 0] == pytest.approx(1.0, abs=1e-9)


@given(row, row)
def test_overlap_is_the_same_both_ways(one: tuple[float, ...], two: tuple[float, ...]) -> None:
    both = ground_overlap(rows(one), rows(two))[0, 0], ground_overlap(rows(two), rows(one))[0, 0]
    assert both[0] == pytest.approx(both[1], abs=1e-8)
    assert 0 <= both[0] <= min(one[3] * one[4], two[3] * two[4]) + 1e-8


@given(row, row, place, place, place, st.floats(-4, 4))
def test_moving_and_turning_both_changes_nothing(
    one: tuple[float, ...], two: tuple[float, ...], x: float, y: float, z: float, yaw: float
) -> None:
    held = rows(one, two)
    moved = held.copy()
    cos, sin = math.cos(yaw), math.sin(yaw)
    moved[:, 0] = x + cos * held[:, 0] - sin * held[:, 1]
    moved[:, 1] = y + sin * held[:, 0] + cos * held[:, 1]
    moved[:, 2] += z
    moved[:, 6] += yaw
    assert cuboid_iou(moved[:1], moved[1:])[0, 0] == pytest.approx(
        cuboid_iou(held[:1], held[1:])[0, 0], abs=1e-8
    )


@given(row, st.floats(1e-4, 3))
def test_a_smaller_one_within_shares_its_own_area(one: tuple[float, ...], yaw: float) -> None:
    inner = np.array(one)
    inner[3:6] = min(one[3], one[4]) / 2 / math.sqrt(2), min(one[3], one[4]) / 2 / math.sqrt(2), one[5] / 3
    inner[6] += yaw
    assert ground_overlap(rows(one), inner[None])[0, 0] == pytest.approx(inner[3] * inner[4], rel=1e-9)
    assert cuboid_iou(rows(one), inner[None])[0, 0] == pytest.approx(
        float(inner[3:6].prod() / np.prod(one[3:6])), rel=1e-9
    )


@pytest.mark.parametrize(
    ("one", "two", "ground", "space"),
    [
        # half of one lies in the other: 2 of 6, and of that the upper half in height
        ((0, 0, 0, 4, 2, 2, 0), (2, 0, 0, 4, 2, 2, 0), 4 / 12, 4 / 12),
        ((0, 0, 0, 4, 2, 2, 0), (2, 0, 1, 4, 2, 2, 0), 4 / 12, 4 / 28),
        # a cross: 2 x 2 of 8 + 8 - 4
        ((0, 0, 0, 4, 2, 1, 0), (0, 0, 0, 4, 2, 1, math.pi / 2), 4 / 12, 4 / 12),
        # a square and itself turned by 45 degrees share a regular octagon: 8 (sqrt 2 - 1) of the square's 4
        ((0, 0, 0, 2, 2, 1, 0), (0, 0, 0, 2, 2, 1, math.pi / 4), 0.7071067811865476, 0.7071067811865476),
        ((0, 0, 0, 2, 2, 2, 0), (2, 0, 0, 2, 2, 2, 0), 0.0, 0.0),  # they touch
        ((0, 0, 0, 2, 2, 2, 0), (0, 0, 2, 2, 2, 2, 0), 1.0, 0.0),  # one stands on the other
        ((0, 0, 0, 0, 2, 2, 0), (0, 0, 0, 0, 2, 2, 0), 0.0, 0.0),  # nothing at all
    ],
)
def test_hand_counted_overlaps(
    one: tuple[float, ...], two: tuple[float, ...], ground: float, space: float
) -> None:
    assert ground_iou(rows(one), rows(two))[0, 0] == pytest.approx(ground, abs=1e-12)
    assert cuboid_iou(rows(one), rows(two))[0, 0] == pytest.approx(space, abs=1e-12)


def test_it_agrees_with_counting_points() -> None:
    rng = np.random.default_rng(0)
    first, second = (
        np.column_stack(
            [rng.uniform(-2, 2, (25, 3)), rng.uniform(1, 5, (25, 3)), rng.uniform(-math.pi, math.pi, 25)]
        )
        for _ in range(2)
    )
    steps = np.arange(-6, 6, 0.05) + 0.025
    tried = np.stack(np.meshgrid(steps, steps), axis=-1).reshape(-1, 2)
    inside = [_holds(one, tried) for one in (first, second)]
    counted = (inside[0][:, None] & inside[1][None]).mean(axis=2) * 144
    assert np.abs(ground_overlap(first, second) - counted).max() < 0.12  # the rim's cells


def _holds(rows: np.ndarray, points: np.ndarray) -> np.ndarray:
    """(N, P) by the sides of the corners' edges."""
    corners = ground_corners(rows)
    edges = np.roll(corners, -1, axis=1) - corners
    away = points[None, None] - corners[:, :, None]
    left = edges[:, :, None, 0] * away[..., 1] - edges[:, :, None, 1] * away[..., 0] >= 0
    held: np.ndarray = left.all(axis=1)
    return held


def test_the_side_edges_of_a_heading_count() -> None:
    one, two = rows((1, 2, 0, 4, 2, 1, 3.0)), rows((4, 6, 9, 4, 2, 1, -3.0))
    assert centre_distance(one, two)[0, 0] == pytest.approx(5.0)
    assert heading_error(one, two)[0, 0] == pytest.approx(2 * math.pi - 6.0)


def test_cuboids_become_rows() -> None:
    cuboid = Cuboid(
        EntityId(new_id()),
        EntityId(new_id()),
        StreamId("lidar"),
        3,
        (1.0, 2.0, 3.0),
        (4.0, 5.0, 6.0),
        turn(0.7),
    )
    assert rows_of([cuboid])[0] == pytest.approx([1, 2, 3, 4, 5, 6, 0.7])
    assert rows_of([]).shape == (0, 7)


def test_two_hundred_by_two_hundred_crowded_pairs_are_quick() -> None:
    rng = np.random.default_rng(3)
    crowd = np.column_stack(
        [rng.uniform(-10, 10, (200, 3)), rng.uniform(1, 6, (200, 3)), rng.uniform(-3, 3, 200)]
    )
    started = time.process_time()
    assert cuboid_iou(crowd, crowd).diagonal() == pytest.approx(np.ones(200))
    assert time.process_time() - started < 10  # 0.1 s where nothing else runs


@given(st.lists(row, max_size=12))
def test_the_near_pairs_are_all_that_overlap_each_once(held: list[tuple[float, ...]]) -> None:
    boxes = rows(*held)
    own, other = near_pairs(boxes)
    pairs = [frozenset(pair) for pair in zip(own.tolist(), other.tolist(), strict=True)]
    assert len(pairs) == len(set(pairs))
    assert all(len(pair) == 2 for pair in pairs)
    whole = ground_overlap(boxes, boxes)
    found = overlap_in_pairs(boxes, boxes, own, other)
    assert np.allclose(found, whole[own, other], atol=1e-9)
    for a, b in np.argwhere(np.triu(whole > 1e-9, 1)).tolist():
        assert frozenset((a, b)) in pairs
