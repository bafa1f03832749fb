"""Where things are at a time: paths on the ground, driven in legs, towed behind another, or kept still."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from studio.domain.space import Floats

STEP_S = 0.02  # between the rows of a path; a car at 15 m/s on a bend of 20 m strays 0.5 mm between two

Leg = tuple[float, float, float]  # for so many seconds, at metres per second, turning by radians per second


class Path(NamedTuple):
    """(T, 3) x, y and yaw every `STEP_S` from time 0, in the world; yaw is not wrapped."""

    rows: Floats

    def at(self, time_s: float) -> tuple[float, float, float]:
        """x, y, yaw at a time, straight between rows; the first or last row outside of them."""
        place = min(max(time_s / STEP_S, 0.0), len(self.rows) - 1.0)
        before = min(int(place), len(self.rows) - 2)
        x, y, yaw = self.rows[before] + (place - before) * (self.rows[before + 1] - self.rows[before])
        return float(x), float(y), float(yaw)

    def through(self, time_s: float, x: float, y: float, yaw: float) -> "Path":
        """The same path, moved and turned so that it is there at that time."""
        was_x, was_y, was_yaw = self.at(time_s)
        turned = yaw - was_yaw
        away = self.rows[:, :2] - (was_x, was_y)
        cos, sin = math.cos(turned), math.sin(turned)
        places = away @ np.array([[cos, sin], [-sin, cos]]) + (x, y)
        return Path(np.column_stack([places, self.rows[:, 2] + turned]))

    def beside(self, ahead: float, left: float) -> "Path":
        """The path of a point that keeps its place beside this one, with the same heading."""
        x, y, yaw = self.rows.T
        return Path(
            np.column_stack(
                [
                    x + ahead * np.cos(yaw) - left * np.sin(yaw),
                    y + ahead * np.sin(yaw) + left * np.cos(yaw),
                    yaw,
                ]
            )
        )


def rows_for(seconds: float) -> int:
    """How many rows a path of so many seconds has."""
    return max(2, math.ceil(seconds / STEP_S) + 1)


def standing(x: float, y: float, yaw: float, seconds: float) -> Path:
    """A path that goes nowhere."""
    return Path(np.tile([x, y, yaw], (rows_for(seconds), 1)).astype(np.float64))


def driven(x: float, y: float, yaw: float, legs: Sequence[Leg], seconds: float) -> Path:
    """Arcs from a start; the last leg goes on to the end."""
    count = rows_for(seconds)
    times = np.arange(count) * STEP_S
    ends = np.cumsum([each[0] for each in legs])
    leg = np.minimum(np.searchsorted(ends, times, side="right"), len(legs) - 1)
    speed = np.array([each[1] for each in legs])[leg]
    turning = np.array([each[2] for each in legs])[leg]
    yaws = yaw + np.concatenate([[0.0], np.cumsum(turning[:-1] * STEP_S)])
    middle = yaws[:-1] + turning[:-1] * STEP_S / 2
    chord = speed[:-1] * STEP_S * np.sinc(turning[:-1] * STEP_S / (2 * math.pi))
    along = np.column_stack([chord * np.cos(middle), chord * np.sin(middle)])
    places = np.array([x, y]) + np.concatenate([np.zeros((1, 2)), np.cumsum(along, axis=0)])
    return Path(np.column_stack([places, yaws]))


def towed(leader: Path, hitch_m: float, drawbar_m: float) -> Path:
    """What is pulled by a hitch `hitch_m` behind the leader's middle, its own middle `drawbar_m` behind that.

    The usual one-axle trailer: its heading turns towards the hitch by the hitch's sideways speed over the
    drawbar. It starts in line with the leader.
    """
    hitch = leader.beside(-hitch_m, 0.0).rows
    yaws = np.empty(len(hitch))
    yaws[0] = hitch[0, 2]
    for row in range(1, len(hitch)):
        moved = hitch[row, :2] - hitch[row - 1, :2]
        yaw = yaws[row - 1]
        yaws[row] = yaw + (moved[1] * math.cos(yaw) - moved[0] * math.sin(yaw)) / drawbar_m
    x = hitch[:, 0] - drawbar_m * np.cos(yaws)
    y = hitch[:, 1] - drawbar_m * np.sin(yaws)
    return Path(np.column_stack([x, y, yaws]))
