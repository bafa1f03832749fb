"""A cuboid around the points of one thing, of which a lidar has seen one or two sides."""

import math

import numpy as np
from msgspec import Struct

from studio.domain.space import Floats, turn, wrapped
from studio.domain.values import XYZ, Quaternion

SMALLEST_M = 0.1  # of a side
_ANGLES = 90  # that are tried in a quarter turn
_SAMPLE = 400  # points that decide the heading; more of them only cost time
_ENOUGH = 6  # points below which their shape says nothing about a heading
_NEAREST_M = 0.05  # to an edge; nearer counts the same
_STRAY = 0.03  # share of the points that may lie beyond an edge: a mirror, an aerial, something beside it
_WHOLE = 0.8  # share of the usual length that is seen of a side which ends there
_HINT_WEIGHT = 0.3
_UNSEEN = 0.3  # how much a side that lies along the line of sight says, beside one across it


class Fit(Struct, frozen=True):
    """A cuboid as it was found, ego frame, metres. points: how many it was fitted to."""

    centre: XYZ
    size: XYZ
    rotation: Quaternion
    points: int = 0


def fit_cuboid(
    points: Floats,
    *,
    yaw_hint: float | None = None,
    usual_size: XYZ | None = None,
    ground_z: float | None = None,
    sensor: XYZ = (0.0, 0.0, 0.0),
) -> Fit:
    """An upright cuboid around (N, 3) points, N at least 1, with its floor at `ground_z`.

    The heading is that of the two edges which most points lie near (Zhang et al. 2017, closeness). Sides
    that `sensor` cannot have seen to their end are completed to the usual size, away from it. Which way is
    ahead: the way of `yaw_hint`; without one, the long side's, as far as it shows, and forwards.
    """
    points = np.asarray(points, np.float64)
    quarter = _quarter(points, yaw_hint, sensor)
    yaw = _heading(points, quarter, yaw_hint, usual_size, sensor)
    axes = np.array([[math.cos(yaw), math.sin(yaw)], [-math.sin(yaw), math.cos(yaw)]])
    local = points[:, :2] @ axes.T
    eye = axes @ np.array(sensor[:2])
    low, high = bounds(local)
    view = local.mean(axis=0) - eye
    for side in (0, 1):
        usual = usual_size[side] if usual_size else 0.0
        along_view = abs(float(view[side])) / max(float(np.hypot(*view)), 1e-9)
        low[side], high[side] = _completed(low[side], high[side], eye[side], usual, along_view)
    middle = (low + high) / 2 @ axes
    top, floor = _top(points[:, 2]), float(points[:, 2].min()) if ground_z is None else ground_z
    height = max(top - floor, SMALLEST_M)
    if usual_size and height < _WHOLE * usual_size[2]:
        height = usual_size[2]
    size = (float(high[0] - low[0]), float(high[1] - low[1]), height)
    centre = (float(middle[0]), float(middle[1]), floor + height / 2)
    return Fit(centre, size, turn(yaw), len(points))


def _quarter(points: Floats, yaw_hint: float | None, sensor: XYZ) -> float:
    """The direction of an edge, radians, up to quarter turns."""
    xy = points[:, :2]
    if len(xy) < _ENOUGH:
        if yaw_hint is not None:
            return yaw_hint
        away = xy.mean(axis=0) - np.array(sensor[:2])
        return math.atan2(float(away[1]), float(away[0]))
    if len(xy) > _SAMPLE:
        xy = xy[:: len(xy) // _SAMPLE]
    angles = np.linspace(0.0, math.pi / 2, _ANGLES, endpoint=False)
    cos, sin = np.cos(angles)[:, None], np.sin(angles)[:, None]
    along = xy[:, 0] * cos + xy[:, 1] * sin  # (A, N)
    across = xy[:, 1] * cos - xy[:, 0] * sin
    score = (1 / np.maximum(np.minimum(_to_edge(along), _to_edge(across)), _NEAREST_M)).sum(axis=1)
    if yaw_hint is not None:
        score *= 1 + _HINT_WEIGHT * np.cos(4 * (angles - yaw_hint))
    return float(angles[np.argmax(score)])


def _to_edge(places: Floats) -> Floats:
    """(A, N) distances to the end of each row that the row's points lie nearer to as a whole."""
    stray = int(_STRAY * places.shape[1])
    ordered = np.partition(places, (stray, -1 - stray), axis=1)
    above = np.abs(places - ordered[:, stray, None])
    below = np.abs(ordered[:, -1 - stray, None] - places)
    nearer = (above**2).sum(axis=1) < (below**2).sum(axis=1)
    found: Floats = np.where(nearer[:, None], above, below)
    return found


def _heading(
    points: Floats, quarter: float, yaw_hint: float | None, usual_size: XYZ | None, sensor: XYZ
) -> float:
    """Which of the four ways along the edges is ahead."""
    ways = [wrapped(quarter + turns * math.pi / 2) for turns in range(4)]
    if yaw_hint is not None:
        return max(ways, key=lambda yaw: math.cos(yaw - yaw_hint))
    axes = np.array([[math.cos(quarter), math.sin(quarter)], [-math.sin(quarter), math.cos(quarter)]])
    low, high = bounds(points[:, :2] @ axes.T)
    first, second = (float(each) for each in high - low)
    if usual_size is None:
        is_along = first >= second
    else:
        view = axes @ (points[:, :2].mean(axis=0) - np.array(sensor[:2]))
        # what lies across the line of sight is seen from end to end; of what lies along it, who knows
        across = _UNSEEN + np.abs(view[::-1]) / max(float(np.hypot(*view)), 1e-9)
        length, width, _ = usual_size
        is_along = (
            _misfit(first, length) * across[0] + _misfit(second, width) * across[1]
            <= _misfit(first, width) * across[0] + _misfit(second, length) * across[1]
        )
    pair = ways[0::2] if is_along else ways[1::2]
    return max(pair, key=lambda yaw: (round(math.cos(yaw), 6), yaw))  # most traffic goes our way


def _misfit(seen: float, usual: float) -> float:
    """How badly what is seen of a side goes with the usual one: too long is worse than half hidden."""
    off = seen / max(usual, SMALLEST_M) - 1
    return 3 * off if off > 0 else -off


def bounds(local: Floats) -> tuple[Floats, Floats]:
    """Ends along both axes; where there are many points, without a mirror, an aerial or a stray one."""
    if len(local) < 50:
        return local.min(axis=0), local.max(axis=0)
    low, high = np.percentile(local, (0.5, 99.5), axis=0)
    return low, high


def _completed(low: float, high: float, eye: float, usual: float, along_view: float) -> tuple[float, float]:
    """Both ends of a side along its axis, as far as it goes usually, away from an eye at `eye`."""
    seen = high - low
    lacking = max(usual - seen, 0.0)
    if seen >= _WHOLE * usual:
        lacking *= along_view  # its end may be the end of what can be seen
    lacking = max(lacking, SMALLEST_M - seen)
    if eye < low:
        return low, high + lacking
    if eye > high:
        return low - lacking, high
    return low - lacking / 2, high + lacking / 2


def _top(z: Floats) -> float:
    return float(z.max() if len(z) < 50 else np.percentile(z, 99.5))
