"""Which way a thing moves, by its points in a sweep beside: front and rear look alike to a fit. No Qt."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.fitting import Fit
from plugins.pointcloud.registration import Points, fitted_to, points_of
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.timeline import Timeline
from studio.domain.entities import Cuboid
from studio.domain.ids import ShapeId, StreamId, TrackId
from studio.domain.space import Floats, Pose, inward, joined, turn, yaw_of

MOVES_M = 0.25  # from one sweep to the next, from which it does move
ACROSS = 0.45  # radians off its axis, from which it does not go along it
SURE = 0.4  # share of its points that have to lie on those of the other sweep
POINTS = 150  # of it that are compared: the way it goes needs fewer than a place does


Refit = Callable[[float], Fit | None]  # the same fit again, with a heading (radians) that is known


def turned_as_it_moves(scene: SpaceScene, fit: Fit, refit: Refit) -> tuple[Placement, str]:
    """A fitted cuboid with its front where it goes to at the visible frame, and what to say of it.

    Where it goes across its own axis, it was taken for what stands crosswise (of a lorry from ahead a square
    is seen): it is fitted anew along its way.
    """
    at = Placement(fit.centre, fit.size, fit.rotation)
    if not fit.points:
        return at, "No points are in it: placed by the usual size of its class. Look at it from above."
    way = way_of(at, scene.frame, scene.index.timeline, scene.sweep_at)
    if way is None:
        return at, f"Fitted to {fit.points:,} points; J turns front to rear."
    if ACROSS < abs(way) < np.pi - ACROSS and (again := refit(yaw_of(at.rotation) + way)) is not None:
        fit = again
        at = Placement(fit.centre, fit.size, fit.rotation)
    elif abs(way) > np.pi / 2:
        at = replace(at, rotation=joined(at.rotation, turn(np.pi)))
    return at, f"Fitted to {fit.points:,} points; headed as it moves."


def way_of(at: Placement, frame: int, timeline: Timeline, sweeps: Points) -> float | None:
    """Where it goes, radians from its own front to the left; None where that cannot be told.

    So it is where no sweep beside is here, where it hardly moves, and where nobody knows how the car moved:
    beside one that drives, what is parked goes backwards. Some 20 ms.
    """
    here = sweeps(frame) if timeline.poses else None
    for by in (1, -1):
        there = sweeps(frame + by) if 0 <= frame + by < timeline.frames else None
        if here is None or there is None:
            continue
        moved = _moved(at, frame, by, timeline, here, there)
        if moved is not None and float(np.hypot(*moved)) >= MOVES_M:
            return float(np.arctan2(moved[1], moved[0]))
    return None


def _moved(
    at: Placement, frame: int, by: int, timeline: Timeline, here: Floats, there: Floats
) -> Floats | None:
    """(2,) metres that it goes ahead and to its left until the next sweep; None: its points do not tell."""
    own = points_of(_cuboid(at.centre, at, frame), here)
    own = own[:: max(1, len(own) // POINTS)]
    stood = timeline.into_ego(frame + by, timeline.into_world(frame, Pose(at.centre, at.rotation)))
    guess = replace(_cuboid(stood.translation, at, frame + by), rotation=stood.rotation)
    found = fitted_to(guess, own, there)
    if found.score < SURE:
        return None
    moved: Floats = inward(Pose(guess.centre, guess.rotation), np.array([found.cuboid.centre]))[0, :2] * by
    return moved


def _cuboid(centre: tuple[float, float, float], at: Placement, frame: int) -> Cuboid:
    """As the registration takes it; of no document."""
    return Cuboid(ShapeId(""), TrackId(""), StreamId(""), frame, centre, at.size, at.rotation)
