"""From what was found in each sweep to what is followed through all of them, in the world."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plugins.pointcloud.proposer import turning
from plugins.pointcloud.proposer.guessing import Sizes
from plugins.pointcloud.proposer.sweeps import Found
from plugins.pointcloud.proposer.turning import State
from studio.domain.space import Floats, wrapped

_PLACE_SD, _PLACE_SHARE = 0.03, 0.03  # metres that a fitted middle is off, and that for each metre of length
_YAW_SD = 0.15  # radians that a fitted heading is off
_NO_YAW_SD = 1.5
_ROUND = 1.3  # times as long as wide, below which a shape says nothing about a heading
_GATE = 16.0  # square of the standard deviations within which something may be the same
_NEAREST_M = 4.0  # likewise in metres
_OTHER_CLASS = 10.0  # what another class costs beside a surprise
_PATIENCE_S = 0.7  # for which something that is not seen is waited for
_WALKS_MS, _SLIDES_MS = 3.0, 12.0  # of a person, and of what slides past a car that turns
_FIRM = 0.2  # score from which on a proposal may begin a track


class Sight(NamedTuple):
    """One find of one track. `row` is in the world: (7,) centre, size, yaw."""

    frame: int
    row: Floats
    kind: int
    score: float
    points: int


class _Open:
    """A track that may go on."""

    def __init__(self, sight: Sight, time_s: float, strays_ms: float) -> None:
        self.sights = [sight]
        self.strays_ms = strays_ms  # how fast it may go otherwise than it looks
        self.time_s = time_s  # of the last sight
        self.state = _first_state(sight)

    def at(self, time_s: float) -> State:
        seconds = time_s - self.time_s
        ahead, _ = turning.foreseen(self.state, seconds)
        if len(self.sights) > 1:
            return ahead
        # it may have gone any way, and the filter only knows ahead and back
        spread = ahead.spread.copy()
        spread[[turning.X, turning.Y], [turning.X, turning.Y]] += (self.strays_ms * seconds) ** 2
        return State(ahead.mean, spread)

    def take(self, sight: Sight, time_s: float, has_yaw: bool) -> None:
        if len(self.sights) == 1:
            self.state = set_off(self.state, self.sights[0], sight, time_s - self.time_s, has_yaw)
        state = self.at(time_s)
        seen, deviations = measured(state, sight.row, has_yaw)
        self.state = turning.corrected(state, seen, deviations)
        self.time_s = time_s
        self.sights.append(sight)


def followed(
    frames: Sequence[Found], times_s: Floats, sizes: Sizes, is_world: bool = True, firm: float = _FIRM
) -> list[list[Sight]]:
    """Tracks, each by its sights in order of time. Rows of `frames` are in the world.

    Finds and open tracks are paired at each frame with the least sum of surprises (Hungarian method). Where
    nobody knows how the ego car moved (not `is_world`), things slide past it sideways, so what they look like
    says nothing about their way. firm: the score from which on a find may begin a track.
    """
    running: list[_Open] = []
    ended: list[_Open] = []
    for frame, (found, time_s) in enumerate(zip(frames, times_s.tolist(), strict=True)):
        still = [each for each in running if time_s - each.time_s <= _PATIENCE_S]
        ended += [each for each in running if time_s - each.time_s > _PATIENCE_S]
        running = still
        sights = [
            Sight(frame, row, int(kind), float(score), int(points))
            for row, kind, score, points in zip(*found, strict=True)
        ]
        free = set(range(len(sights)))
        for track, number in _paired(running, sights, time_s):
            running[track].take(sights[number], time_s, is_world and is_long(sights[number].kind, sizes))
            free.discard(number)
        running += [
            _Open(sights[number], time_s, _strays_ms(sights[number].kind, sizes, is_world))
            for number in sorted(free)
            if sights[number].score >= firm
        ]
    return [each.sights for each in (*ended, *running)]


def is_long(kind: int, sizes: Sizes) -> bool:
    """Whether a class's shape says which way it is headed, up to half a turn."""
    return bool(sizes.usual[kind, 0] >= _ROUND * sizes.usual[kind, 1])


def _strays_ms(kind: int, sizes: Sizes, is_world: bool) -> float:
    if not is_world:
        return _SLIDES_MS
    return 0.0 if is_long(kind, sizes) else _WALKS_MS


def measured(state: State, row: Floats, has_yaw: bool) -> tuple[Floats, Floats]:
    """What a find says of a state, and how surely; of a heading and its opposite the nearer one counts."""
    place_sd = _place_sd(row)
    if not has_yaw:
        return row[:2].copy(), np.array([place_sd, place_sd])
    off = wrapped(float(row[6] - state.mean[turning.YAW]))
    yaw = row[6] + math.pi if abs(off) > math.pi / 2 else row[6]
    return np.array([row[0], row[1], yaw]), np.array([place_sd, place_sd, _YAW_SD])


def smoothed(sights: Sequence[Sight], times_s: Floats, has_yaw: bool) -> Floats:
    """(N, 5) states at the sights of one track, each in the light of all others."""
    first, *later = sights
    state = _first_state(first)
    steps = [turning.Step(state, state, np.eye(5))]
    for before, sight in zip(sights, later, strict=False):
        seconds = float(times_s[sight.frame] - times_s[before.frame])
        if before is first:
            # where it was headed at first is known from where it went
            state = set_off(state, first, sight, seconds, has_yaw)
            steps = [turning.Step(state, state, np.eye(5))]
        ahead, jacobian = turning.foreseen(state, seconds)
        seen, deviations = measured(ahead, sight.row, has_yaw)
        state = turning.corrected(ahead, seen, deviations)
        steps.append(turning.Step(ahead, state, jacobian))
    return np.array([each.mean for each in turning.smoothed(steps)])


def _place_sd(row: Floats) -> float:
    return _PLACE_SD + _PLACE_SHARE * float(row[3])


def _first_state(sight: Sight) -> State:
    x, y, yaw = sight.row[[0, 1, 6]].tolist()
    return turning.begun(x, y, yaw, _place_sd(sight.row), _NO_YAW_SD)


def set_off(state: State, first: Sight, second: Sight, seconds: float, has_yaw: bool) -> State:
    """A heading and a speed from the first two sights: the filter cannot tell them from none at all."""
    way = second.row[:2] - first.row[:2]
    length = float(np.hypot(*way))
    mean, spread = state.mean.copy(), state.spread.copy()
    yaw = float(second.row[6])
    along = math.atan2(float(way[1]), float(way[0]))
    if has_yaw:
        if math.cos(along - yaw) < 0:
            yaw += math.pi
        speed, deviation = length * abs(math.cos(along - yaw)) / seconds, 0.3
    else:
        yaw, speed, deviation = along, length / seconds, 0.8
    mean[turning.YAW], mean[turning.SPEED] = yaw, speed
    spread[turning.YAW], spread[:, turning.YAW] = 0.0, 0.0
    spread[turning.YAW, turning.YAW] = deviation**2
    spread[turning.SPEED], spread[:, turning.SPEED] = 0.0, 0.0
    spread[turning.SPEED, turning.SPEED] = (1.5 * _place_sd(second.row) / seconds) ** 2
    return State(mean, spread)


def _paired(running: Sequence[_Open], sights: Sequence[Sight], time_s: float) -> list[tuple[int, int]]:
    from scipy.optimize import linear_sum_assignment  # half a second, which no start-up has to spare

    if not running or not sights:
        return []
    cost = np.full((len(running), len(sights)), np.inf)
    for number, track in enumerate(running):
        state = track.at(time_s)
        last = track.sights[-1]
        for other, sight in enumerate(sights):
            gap = float(np.hypot(*(sight.row[:2] - state.mean[:2])))
            if gap < _NEAREST_M:
                off = turning.surprise(state, float(sight.row[0]), float(sight.row[1]), _place_sd(sight.row))
                if off < _GATE:
                    cost[number, other] = off + gap + _OTHER_CLASS * (sight.kind != last.kind)
    allowed = np.isfinite(cost)
    rows, columns = linear_sum_assignment(np.where(allowed, cost, 1e6))
    return [
        (int(row), int(column)) for row, column in zip(rows, columns, strict=True) if allowed[row, column]
    ]


def as_world(found: Found, x: float, y: float, yaw: float) -> Found:
    """Finds of the ego frame, turned by its heading and moved to its place; heights stay the ego frame's."""
    rows = found.rows.copy()
    cos, sin = math.cos(yaw), math.sin(yaw)
    rows[:, 0] = x + cos * found.rows[:, 0] - sin * found.rows[:, 1]
    rows[:, 1] = y + sin * found.rows[:, 0] + cos * found.rows[:, 1]
    rows[:, 6] += yaw
    return found._replace(rows=rows)
