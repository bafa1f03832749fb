"""New cuboids from a click, from three, and from a box on a picture."""

import math

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.fitting.box import SMALLEST_M, Fit, fit_cuboid
from plugins.pointcloud.fitting.clusters import AROUND_M, cluster_at, nearby, reach_of
from plugins.pointcloud.fitting.ground import CLEAR_M, Ground, Points, ground_of
from studio.domain.cameras import lifted, project, rays
from studio.domain.entities import Calibration
from studio.domain.geometry import Rect
from studio.domain.space import Floats, turn, within
from studio.domain.values import XYZ

USUAL_HEIGHT_M = 1.6  # of what nobody knows the height of
_SLACK = 0.05  # of a box on a picture, by which its points may lie beside it
_DEPTH_STEP = 0.08  # of the logarithm of a depth: things nearer to each other than 8 % are looked at together
_DEPTH_DOUBT = 0.35  # how well the usual size tells the logarithm of a depth
_FURTHEST_M = 150.0


def one_click(
    points: Points,
    seed: XYZ,
    sensor: XYZ = (0.0, 0.0, 0.0),
    usual_size: XYZ | None = None,
    yaw_hint: float | None = None,
) -> Fit | None:
    """The cuboid of what stands at `seed`: ground taken away, a cluster grown, a box fitted.

    points: (N, 3), ego. None where nothing stands there. At most 50 ms in a sweep of 200,000 points.
    """
    near = nearby(points, seed, reach_of(usual_size) + AROUND_M)
    some = np.asarray(points[near], np.float64)
    ground = ground_of(some)
    standing = some[ground.above(some) > CLEAR_M]
    return _grown(standing, ground, seed, sensor, usual_size, yaw_hint)


def three_clicks(
    a: XYZ, b: XYZ, c: XYZ, *, points: Points | None = None, usual_size: XYZ | None = None
) -> Fit:
    """A cuboid with one long side from `a`, at the rear, to `b`, at the front, and the other through `c`.

    Floor and height are those of the `points` there, (N, 3); without any, the floor is at the lowest click
    and the height the usual one.
    """
    corner, along, across = np.array(a[:2]), np.array(b[:2]) - a[:2], np.array(c[:2]) - a[:2]
    length = max(float(np.hypot(*along)), SMALLEST_M)
    yaw = math.atan2(along[1], along[0])
    left = np.array([-math.sin(yaw), math.cos(yaw)])
    offset = float(across @ left)
    width = max(abs(offset), SMALLEST_M)
    middle = corner + along / 2 + left * math.copysign(width, offset) / 2
    height = usual_size[2] if usual_size else USUAL_HEIGHT_M
    floor, count = min(a[2], b[2], c[2]), 0
    place = (float(middle[0]), float(middle[1]), floor)
    some = np.zeros((0, 3))
    if points is not None:
        near = nearby(points, place, math.hypot(length, width) + AROUND_M)
        some = np.asarray(points[near], np.float64)
    if len(some):
        ground = ground_of(some)
        floor = float(ground.at(middle[None])[0])
        column = within(some, place, (length, width, 100.0), turn(yaw)) & (ground.above(some) > CLEAR_M)
        count = int(column.sum())
        if count:
            height = max(float(some[column, 2].max()) - floor, SMALLEST_M)
    return Fit((place[0], place[1], floor + height / 2), (length, width, height), turn(yaw), count)


def from_image_box(
    rect: Rect,
    camera: Calibration,
    points: Points,
    usual_size: XYZ | None = None,
    sensor: XYZ = (0.0, 0.0, 0.0),
    yaw_hint: float | None = None,
) -> Fit | None:
    """The cuboid of what a box on a picture shows: of the points in its frustum, the thing that fills it.

    points: (N, 3), ego, at the picture's moment. Which depth is meant is told by where most of the box is
    covered and by the usual size. Without points it stands where the usual size fills the box (`points` is
    0 then); None without points and usual size. Raises `calibration.broken`.
    """
    left, top, right, bottom = rect
    slack = _SLACK * max(right - left, bottom - top) + 1.0
    expected = _expected_depth(rect, camera, usual_size)
    points = np.asarray(points, np.float64)
    pixels = project(points, camera)
    with np.errstate(invalid="ignore"):
        inside = (np.abs(pixels[:, 0] - (left + right) / 2) <= (right - left) / 2 + slack) & (
            np.abs(pixels[:, 1] - (top + bottom) / 2) <= (bottom - top) / 2 + slack
        )
    depths = np.linalg.norm(points - np.array(camera.translation), axis=1)
    inside &= (depths < _FURTHEST_M) & (depths > SMALLEST_M)
    chosen = np.flatnonzero(inside)
    if len(chosen):
        ground = ground_of(points[_beside(points, points[chosen])])
        chosen = chosen[ground.above(points[chosen]) > CLEAR_M]
    if not len(chosen):
        return _unseen(rect, camera, expected, usual_size, yaw_hint)
    weights = _weights(pixels[chosen], depths[chosen], rect, expected)
    seed = points[chosen[_foremost(depths[chosen], weights)]]
    place = (float(seed[0]), float(seed[1]), float(seed[2]))
    return _grown(points[chosen], ground, place, sensor, usual_size, yaw_hint)


def _grown(
    points: Floats,
    ground: Ground,
    seed: XYZ,
    sensor: XYZ,
    usual_size: XYZ | None,
    yaw_hint: float | None,
) -> Fit | None:
    """Of (N, 3) points that are clear of the ground."""
    chosen = cluster_at(points, seed, sensor=sensor, usual_size=usual_size, ground=ground)
    if not len(chosen):
        return None
    floor = float(ground.at(points[chosen, :2].mean(axis=0)[None])[0])
    fit = fit_cuboid(points[chosen], yaw_hint=yaw_hint, usual_size=usual_size, ground_z=floor, sensor=sensor)
    if usual_size is None:
        return fit
    # parts that a window or a pillar in the way has cut off lie in the completed box
    inside = within(points, fit.centre, fit.size, fit.rotation)
    inside[chosen] = True
    floor = float(ground.at(np.array([fit.centre[:2]]))[0])
    return fit_cuboid(points[inside], yaw_hint=yaw_hint, usual_size=usual_size, ground_z=floor, sensor=sensor)


def _beside(points: Floats, some: Floats) -> NDArray[np.bool_]:
    """(N,) which points lie in the rectangle of ground that `some` span, and a little around it."""
    low, high = some[:, :2].min(axis=0) - AROUND_M, some[:, :2].max(axis=0) + AROUND_M
    found: NDArray[np.bool_] = ((points[:, :2] >= low) & (points[:, :2] <= high)).all(axis=1)
    return found


def _expected_depth(rect: Rect, camera: Calibration, usual_size: XYZ | None) -> float | None:
    """How far away something of the usual size is that fills a box; None where its height is cut off."""
    left, top, right, bottom = rect
    height = camera.size[1]
    if usual_size is None or top <= 1 or (height and bottom >= height - 1):
        return None
    middle = (left + right) / 2
    ends = rays(np.array([[middle, top], [middle, bottom]]), camera)
    angle = math.acos(min(max(float(ends[0] @ ends[1]), -1.0), 1.0))
    return usual_size[2] / (2 * math.tan(angle / 2)) if angle > 1e-4 else None


def _weights(pixels: Floats, depths: Floats, rect: Rect, expected: float | None) -> Floats:
    """(N,) how much of the box each point stands for, and how likely at its depth."""
    left, top, right, bottom = rect
    half = np.maximum([(right - left) / 2, (bottom - top) / 2], 1.0)
    off = (pixels - [(left + right) / 2, (top + bottom) / 2]) / half
    weights = np.exp(-2 * (off**2).sum(axis=1)) * depths**2  # points thin out by the square
    if expected is not None:
        weights *= np.exp(-((np.log(depths / expected) / _DEPTH_DOUBT) ** 2) / 2)
    found: Floats = weights
    return found


def _foremost(depths: Floats, weights: Floats) -> int:
    """The weightiest point at the depth that has most weight."""
    steps = np.floor(np.log(depths) / _DEPTH_STEP).astype(np.intp)
    steps -= steps.min()
    held = np.bincount(steps, weights)
    around = held + 0.5 * (np.append(held[1:], 0.0) + np.insert(held[:-1], 0, 0.0))
    best = np.abs(steps - int(np.argmax(around))) <= 1
    return int(np.argmax(np.where(best, weights, -1.0)))


def _unseen(
    rect: Rect,
    camera: Calibration,
    depth: float | None,
    usual_size: XYZ | None,
    yaw_hint: float | None,
) -> Fit | None:
    if usual_size is None or depth is None:
        return None
    left, top, right, bottom = rect
    middle = np.array([[(left + right) / 2, (top + bottom) / 2]])
    away = rays(middle, camera)[0]
    if np.isnan(away).any():
        return None
    x, y, z = (float(each) for each in lifted(middle, np.array([depth + usual_size[0] / 2]), camera)[0])
    yaw = math.atan2(away[1], away[0]) if yaw_hint is None else yaw_hint
    return Fit((x, y, z), usual_size, turn(yaw))
