"""The filter of what moves: exact on arcs, its derivative right, and surer the more it has seen."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.pointcloud.proposer import turning
from plugins.pointcloud.proposer.turning import State

speeds, rates, yaws = st.floats(-15, 15), st.floats(-1.5, 1.5), st.floats(-10, 10)


def state(yaw: float, speed: float, rate: float) -> State:
    return State(np.array([3.0, -2.0, yaw, speed, rate]), np.eye(5) * 0.1)


@given(yaws, speeds, rates, st.floats(0.01, 0.5))
def test_one_step_is_many_small_ones(yaw: float, speed: float, rate: float, seconds: float) -> None:
    ahead, _ = turning.foreseen(state(yaw, speed, rate), seconds)
    x, y, heading = 3.0, -2.0, yaw
    for _ in range(200):
        step = seconds / 200
        middle = heading + rate * step / 2
        x, y = x + speed * step * math.cos(middle), y + speed * step * math.sin(middle)
        heading += rate * step
    assert ahead.mean[:3] == pytest.approx([x, y, heading], abs=1e-4)


@given(yaws, speeds, rates, st.floats(0.01, 0.5))
def test_its_derivative_is_that_of_small_changes(
    yaw: float, speed: float, rate: float, seconds: float
) -> None:
    here = state(yaw, speed, rate)
    _, jacobian = turning.foreseen(here, seconds)
    step = 1e-5
    for column in range(5):
        moved = [
            turning.foreseen(here._replace(mean=here.mean + sign * step * np.eye(5)[column]), seconds)[0].mean
            for sign in (1, -1)
        ]
        assert (moved[0] - moved[1]) / (2 * step) == pytest.approx(jacobian[:, column], abs=1e-4)


@given(yaws, speeds, rates, st.integers(0, 99))
def test_what_is_thought_stays_symmetric_and_positive(
    yaw: float, speed: float, rate: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    held = turning.begun(0.0, 0.0, yaw, 0.2, 1.5)
    for _ in range(8):
        pushed = held.mean + np.array([0, 0, 0, speed / 8, rate / 8])
        ahead, _ = turning.foreseen(held._replace(mean=pushed), 0.1)
        seen = ahead.mean[:3] + rng.normal(0, 0.1, 3)
        held = turning.corrected(ahead, seen, np.array([0.2, 0.2, 0.1]))
        assert held.spread == pytest.approx(held.spread.T, abs=1e-9)
        assert np.linalg.eigvalsh(held.spread).min() > -1e-9
        assert np.diag(held.spread)[0] <= np.diag(ahead.spread)[0]


@pytest.mark.parametrize("yaw", [0.0, math.pi, -math.pi + 0.01])
def test_headings_beside_half_a_turn_are_near_each_other(yaw: float) -> None:
    held = turning.begun(0.0, 0.0, yaw, 0.2, 0.5)
    seen = np.array([0.0, 0.0, yaw + 0.1 - 2 * math.pi])
    assert turning.corrected(held, seen, np.array([0.2, 0.2, 0.01])).mean[2] == pytest.approx(
        yaw + 0.1, abs=1e-3
    )


def test_looking_back_is_nearer_to_the_truth_than_looking_ahead() -> None:
    """A car on a bend of 20 m, seen with 20 cm of noise: the smoother halves the filter's error."""
    rng = np.random.default_rng(4)
    times = np.arange(40) * 0.1
    truth = 20 * np.column_stack([np.sin(0.4 * times), 1 - np.cos(0.4 * times)])
    seen = truth + rng.normal(0, 0.2, truth.shape)
    held = State(np.array([*seen[0], 0.0, 8.0, 0.0]), np.diag([0.04, 0.04, 0.1, 4.0, 0.1]))
    steps = [turning.Step(held, held, np.eye(5))]
    for place in seen[1:]:
        ahead, jacobian = turning.foreseen(held, 0.1)
        held = turning.corrected(ahead, place, np.array([0.2, 0.2]))
        steps.append(turning.Step(ahead, held, jacobian))
    forwards = np.array([each.held.mean[:2] for each in steps])
    both = np.array([each.mean[:2] for each in turning.smoothed(steps)])
    errors = [float(np.sqrt(((each - truth) ** 2).sum(axis=1).mean())) for each in (seen, forwards, both)]
    assert errors[2] < 0.7 * errors[1] < 0.7 * errors[0]
    assert turning.smoothed(steps)[-1].mean == pytest.approx(steps[-1].held.mean)
