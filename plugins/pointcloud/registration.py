"""Finding a thing again by its points: two small clouds laid over each other on the ground plane."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from plugins.pointcloud.interpolation import Interpolated, TrackIndex
from plugins.pointcloud.propagation import Refine, predicted
from studio.domain.entities import Cuboid
from studio.domain.ids import TrackId
from studio.domain.space import Floats, Pose, as_xyz, inward, joined, outward, turn

MOST = 400  # points of a cloud that are compared
LEAST = 8  # points without which nothing is found
GROUND_M = 0.2  # the lowest part of a box, where the ground's points are
REACH_M = 1.5  # how far around a predicted box its points are looked for, to the sides and (twice) ahead
CLOSE_M = 0.2  # points this near to each other are the same place
STARTS_M = (0.0, 0.8, -0.8, 1.8, -1.8)  # along the heading: a prediction is most often wrong by its speed
_ROUNDS = 25
_ALONG = 0.05  # what a match says along its surface, where across it says 1
_PRIOR = 0.005  # of a match: what an unseen side does not tell is left as predicted
_FAR = 0.1  # of the score, that a metre from the prediction has to be worth
_NEIGHBOURS = 10  # that make a surface

if TYPE_CHECKING:
    from scipy.spatial import cKDTree

Points = Callable[[int], Floats | None]  # (N, 3) of a frame, ego frame; None: not there yet


class Registration(NamedTuple):
    """How far a box moves in its own axes so that its points lie on others."""

    forward: float  # metres
    left: float
    yaw: float  # radians
    score: float  # share of the points that come to lie on others, 0 to 1
    residual_m: float  # mean distance of those


class Fitted(NamedTuple):
    """A cuboid and how well the points say so: `score` 0 is the bare prediction."""

    cuboid: Cuboid
    score: float
    residual_m: float


def auto_fit_next(
    index: TrackIndex, track: TrackId, frame: int, points: Points, by: int = 1
) -> Fitted | None:
    """The track at a neighbouring frame: predicted by its motion, then by its points of this frame.

    None where the track is not seen here or there is no such frame. Some 30 ms.
    """
    shown, target = index.cuboid_at(track, frame), frame + by
    if shown is None or not 0 <= target < index.timeline.frames:
        return None
    guess = predicted(index, track, frame, target)
    here = points(frame)
    assert guess is not None  # it is seen
    if here is None:
        return Fitted(guess, 0.0, 0.0)
    return fitted_to(guess, points_of(shown, here), points(target))


def refining(
    index: TrackIndex, track: TrackId, frame: int, points: Points, least: float = 0.5
) -> Refine | None:
    """What `propagated` takes to fit each frame: the points of the track as they were at `frame`, and those
    of each frame found since. Finds nothing below a score of `least`. None where nothing can be fitted.
    """
    shown, here = index.cuboid_at(track, frame), points(frame)
    if shown is None or here is None or len(model := points_of(shown, here)) < LEAST:
        return None

    def refine(at: int, guess: Cuboid) -> Cuboid | None:
        nonlocal model
        there = points(at)
        found = fitted_to(guess, model, there)
        if there is None or found.score < least:
            return None
        # its other sides come into sight as it moves on
        model = _thinned(np.concatenate([model, points_of(found.cuboid, there)]), 2 * MOST)
        return found.cuboid

    return refine


def fitted_to(guess: Cuboid, model: Floats, points: Floats | None) -> Fitted:
    """A predicted cuboid moved so that its points, (M, 3) in its own axes, lie on those of the frame."""
    if points is None:
        return Fitted(guess, 0.0, 0.0)
    near = _around(guess, points)
    found = registered(model, near) if min(len(near), len(model)) >= LEAST else None
    if found is None:
        return Fitted(guess, 0.0, 0.0)
    centre = outward(Pose(guess.centre, guess.rotation), np.array([[found.forward, found.left, 0.0]]))[0]
    moved = replace(guess, centre=as_xyz(centre), rotation=joined(guess.rotation, turn(found.yaw)))
    return Fitted(moved, found.score, found.residual_m)


def points_of(cuboid: Cuboid | Interpolated, points: Floats) -> Floats:
    """(M, 3) points in a cuboid and above the ground in it, in its own axes, from its centre."""
    near = _rough(cuboid, points, 0.0)
    own = inward(Pose(cuboid.centre, cuboid.rotation), near)
    half = np.array(cuboid.size) / 2
    inside = np.all(np.abs(own) <= half, axis=1) & (own[:, 2] > GROUND_M - half[2])
    return _thinned(own[inside], MOST)


def registered(model: Floats, points: Floats) -> Registration:
    """Lay `model` over `points`, both (N, 3) in the axes of the box, turning about z.

    ICP on nearest neighbours, from several starts along x; the reach shrinks from a metre to `CLOSE_M`. A
    match counts across the surface at its point and hardly along it: two sweeps never hit the same places,
    and plain point to point stays where it began by a hand's breadth (tried: 0.15 m and 4 degrees). A weak
    pull towards no motion decides what the points leave open.
    """
    from scipy.spatial import cKDTree  # takes a fifth of a second to load

    tree = cKDTree(points)
    goals = _Goals(points, _weights(points, tree), tree)
    found = [_from_start(model, goals, start) for start in STARTS_M]
    # along a long side many places fit nearly as well: the one nearer to the prediction is the likelier
    return max(found, key=lambda each: each.score - _FAR * abs(each.forward))


class _Goals(NamedTuple):
    points: Floats
    weights: Floats  # (N, 2, 2)
    tree: cKDTree


def _weights(points: Floats, tree: cKDTree) -> Floats:
    """(N, 2, 2): how much a gap counts at each point, in x and y: wholly along the surface's normal."""
    _, nearest = tree.query(points, k=min(_NEIGHBOURS, len(points)))
    around = points[nearest] - points[nearest].mean(axis=1, keepdims=True)
    spread, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
    normals = axes[:, :2, 0]  # of the least spread; the z part tells nothing of x and y
    flat = 1 - np.clip(3 * spread[:, 0] / np.maximum(spread[:, 1], 1e-12), 0, 1)  # 0: no surface, but a tuft
    across = flat[:, None, None] * normals[:, :, None] * normals[:, None, :]
    found: Floats = (1 - _ALONG) * across + (_ALONG + (1 - _ALONG) * 0.3 * (1 - flat))[
        :, None, None
    ] * np.eye(2)
    return found


def _from_start(model: Floats, goals: _Goals, start: float) -> Registration:
    points, tree = goals.points, goals.tree
    motion = np.array([start, 0.0, 0.0])
    for turn_of in range(_ROUNDS):
        reach = max(CLOSE_M, 1.0 * 0.85**turn_of)
        placed = _moved(model, motion)
        distance, nearest = tree.query(placed, distance_upper_bound=reach)
        matched = np.isfinite(distance)
        if matched.sum() < LEAST:
            return Registration(*_three(motion), 0.0, 0.0)
        at = nearest[matched]
        step = _step(placed[matched], points[at], goals.weights[at], motion)
        motion = motion + step
        if reach == CLOSE_M and np.abs(step).max() < 1e-4:
            break
    distance, _ = tree.query(_moved(model, motion), distance_upper_bound=CLOSE_M)
    matched = np.isfinite(distance)
    residual = float(distance[matched].mean()) if matched.any() else 0.0
    return Registration(*_three(motion), float(matched.mean()), residual)


def _three(motion: Floats) -> tuple[float, float, float]:
    forward, left, yaw = motion.tolist()
    return forward, left, yaw


def _step(placed: Floats, goals: Floats, weights: Floats, motion: Floats) -> Floats:
    """The (x, y, yaw) that brings points to their goals in the least squares, pulled weakly to no motion."""
    count = len(placed)
    turns = np.zeros((count, 2, 3))  # of x and y, by each of the three
    turns[:, 0, 0] = turns[:, 1, 1] = 1.0
    turns[:, 0, 2], turns[:, 1, 2] = motion[1] - placed[:, 1], placed[:, 0] - motion[0]
    weighed = np.einsum("nij,nik->njk", turns, weights)
    normal = np.einsum("nij,njk->ik", weighed, turns)
    right = np.einsum("nij,nj->i", weighed, goals[:, :2] - placed[:, :2])
    pull = _PRIOR * count * np.array([1.0, 1.0, 4.0])  # a radian weighs as two metres
    step: Floats = np.linalg.solve(normal + np.diag(pull), right - pull * motion)
    return step


def _moved(points: Floats, motion: Floats) -> Floats:
    x, y, yaw = motion.tolist()
    c, s = np.cos(yaw), np.sin(yaw)
    out: Floats = points.copy()
    out[:, 0] = c * points[:, 0] - s * points[:, 1] + x
    out[:, 1] = s * points[:, 0] + c * points[:, 1] + y
    return out


def _around(cuboid: Cuboid, points: Floats) -> Floats:
    """(M, 3) points in and around a cuboid, above the ground in it, in its own axes."""
    own = inward(Pose(cuboid.centre, cuboid.rotation), _rough(cuboid, points, 2 * REACH_M))
    half = np.array(cuboid.size) / 2
    reach = half + np.array([2 * REACH_M, REACH_M, 0.3])
    inside: NDArray[np.bool_] = np.all(np.abs(own) <= reach, axis=1) & (own[:, 2] > GROUND_M - half[2])
    return _thinned(own[inside], 4 * MOST)


def _rough(cuboid: Cuboid | Interpolated, points: Floats, margin: float) -> Floats:
    """The points in a cube about the cuboid: most of a sweep is gone before anything is turned."""
    reach = float(np.linalg.norm(cuboid.size)) / 2 + margin
    near = np.abs(points[:, 0] - cuboid.centre[0]) <= reach
    near &= np.abs(points[:, 1] - cuboid.centre[1]) <= reach
    return np.asarray(points[near], np.float64)


def _thinned(points: Floats, most: int) -> Floats:
    """At most so many of the points, evenly."""
    if len(points) <= most:
        return points
    return points[np.linspace(0, len(points) - 1, most).astype(np.intp)]
