"""A Kalman filter for what moves on the ground in the world: constant speed and turn rate.

The extended filter of the CTRV model (Schubert et al. 2008). States are x, y (metres), heading (radians),
speed along it (m/s) and turn rate (rad/s).
"""

import math
from typing import NamedTuple

import numpy as np

from studio.domain.space import Floats, wrapped

X, Y, YAW, SPEED, RATE = range(5)
_STRAIGHT = 1e-3  # radians of a half turn, below which its series is exact enough
_SPEED_CHANGE = 3.0  # m/s² and
_RATE_CHANGE = 0.6  # rad/s²: what the model does not foresee, one standard deviation
_FIRST_SPEED = 12.0  # m/s and
_FIRST_RATE = 0.2  # rad/s that something may have when it is seen for the first time


class State(NamedTuple):
    """What is thought, and how surely: mean (5,) and covariance (5, 5)."""

    mean: Floats
    spread: Floats


class Step(NamedTuple):
    """One step of the filter, as the smoother takes it back. `jacobian` leads from the state before."""

    foreseen: State
    held: State
    jacobian: Floats


def begun(x: float, y: float, yaw: float, place_sd: float, yaw_sd: float) -> State:
    """Of the first sight of something; how fast it is nobody knows."""
    deviations = np.array([place_sd, place_sd, yaw_sd, _FIRST_SPEED, _FIRST_RATE])
    return State(np.array([x, y, yaw, 0.0, 0.0]), np.diag(deviations**2))


def foreseen(state: State, seconds: float) -> tuple[State, Floats]:
    """The state after so many seconds, and the (5, 5) Jacobian of the way there."""
    x, y, yaw, speed, rate = state.mean.tolist()
    half = rate * seconds / 2  # of the turn: the chord of the arc points so far beside the heading
    share = math.sin(half) / half if abs(half) > _STRAIGHT else 1 - half * half / 6
    slope = (math.cos(half) - share) / half if abs(half) > _STRAIGHT else -half / 3
    cos, sin, way = math.cos(yaw + half), math.sin(yaw + half), speed * seconds
    mean = np.array([x + way * share * cos, y + way * share * sin, yaw + rate * seconds, speed, rate])
    jacobian = np.eye(5)
    jacobian[YAW, RATE] = seconds
    jacobian[X, YAW], jacobian[Y, YAW] = -way * share * sin, way * share * cos
    jacobian[X, SPEED], jacobian[Y, SPEED] = seconds * share * cos, seconds * share * sin
    jacobian[X, RATE] = way * seconds / 2 * (slope * cos - share * sin)
    jacobian[Y, RATE] = way * seconds / 2 * (slope * sin + share * cos)
    drift = seconds * seconds / 2
    pushed = np.zeros((5, 2))
    pushed[[X, Y, SPEED], 0] = drift * math.cos(yaw), drift * math.sin(yaw), seconds
    pushed[[YAW, RATE], 1] = drift, seconds
    pushed *= (_SPEED_CHANGE, _RATE_CHANGE)
    return State(mean, jacobian @ state.spread @ jacobian.T + pushed @ pushed.T), jacobian


def corrected(state: State, seen: Floats, deviations: Floats) -> State:
    """The state after a sight of x, y or, with a third number, of the heading as well.

    seen and deviations: (2,) or (3,).
    """
    count = len(seen)
    off = seen - state.mean[:count]
    if count > YAW:
        off[YAW] = wrapped(float(off[YAW]))
    expected = state.spread[:count, :count] + np.diag(deviations**2)
    gain = np.linalg.solve(expected, state.spread[:count]).T
    left = np.eye(5)
    left[:, :count] -= gain
    # Joseph's form keeps it symmetric and positive whatever the rounding
    spread = left @ state.spread @ left.T + (gain * deviations**2) @ gain.T
    return State(state.mean + gain @ off, spread)


def surprise(state: State, x: float, y: float, place_sd: float) -> float:
    """The square of how many standard deviations a sight is from what was foreseen."""
    off = np.array([x, y]) - state.mean[:2]
    expected = state.spread[:2, :2] + np.eye(2) * place_sd**2
    return float(off @ np.linalg.solve(expected, off))


def smoothed(steps: list[Step]) -> list[State]:
    """Every state in the light of all that was seen later (Rauch, Tung and Striebel)."""
    states = [each.held for each in steps]
    for number in range(len(steps) - 2, -1, -1):
        follows = steps[number + 1]
        held = states[number]
        gain = np.linalg.solve(follows.foreseen.spread, follows.jacobian @ held.spread).T
        off = states[number + 1].mean - follows.foreseen.mean
        off[YAW] = wrapped(float(off[YAW]))
        spread = held.spread + gain @ (states[number + 1].spread - follows.foreseen.spread) @ gain.T
        states[number] = State(held.mean + gain @ off, spread)
    return states
