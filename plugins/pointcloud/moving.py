"""Which way a thing moves, by its points in a sweep beside: front and rear look alike to a fit. No Qt."""

from __future__ import annotations

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.fitting import Fit
from plugins.pointcloud.registration import Points, fitted_to, points_of
from plugins.pointcloud.space_scene import Placement, SpaceScene
from plugins.pointcloud.timeline import Timeline
from studio.domain.entities import Cuboid
from studio.domain.ids import ShapeId, StreamId, TrackId
from studio.domain.space import Floats, Pose, inward, joined, turn

MOVES_M = 0.25  # along its axis from one sweep to the next, from which it does move
SURE = 0.4  # share of its points that have to lie on those of the other sweep
POINTS = 150  # of it that are compared: the way it goes needs fewer than a place does


def headed_as_it_moves(
    at: Placement, frame: int, timeline: Timeline, sweeps: Points
) -> tuple[Placement, bool]:
    """The cuboid with its front where it goes to, and whether that could be told.

    It stays as it is where no sweep beside is here, where it hardly moves, and where nobody knows how the car
    moved: beside one that drives, what is parked goes backwards. Some 20 ms.
    """
    here = sweeps(frame) if timeline.poses else None
    for by in (1, -1):
        there = sweeps(frame + by) if 0 <= frame + by < timeline.frames else None
        if here is None or there is None:
            continue
        forward = _moved_ahead(at, frame, by, timeline, here, there)
        if forward is not None and abs(forward) >= MOVES_M:
            if forward > 0:
                return at, True
            return replace(at, rotation=joined(at.rotation, turn(np.pi))), True
    return at, False


def turned_as_it_moves(scene: SpaceScene, fit: Fit) -> tuple[Placement, str]:
    """A fitted cuboid with its front where it goes to at the visible frame, and what to say of it."""
    at = Placement(fit.centre, fit.size, fit.rotation)
    if not fit.points:
        return at, "No points are in it: placed by the usual size of its class. Look at it from above."
    headed, is_told = headed_as_it_moves(at, scene.frame, scene.index.timeline, scene.sweep_at)
    how = "headed as it moves" if is_told else "J turns front to rear"
    return headed, f"Fitted to {fit.points:,} points; {how}."


def _moved_ahead(
    at: Placement, frame: int, by: int, timeline: Timeline, here: Floats, there: Floats
) -> float | None:
    """How far it goes along its axis from one sweep to the next, metres; None: its points do not tell."""
    own = points_of(_cuboid(at.centre, at, frame), here)
    own = own[:: max(1, len(own) // POINTS)]
    stood = timeline.into_ego(frame + by, timeline.into_world(frame, Pose(at.centre, at.rotation)))
    guess = replace(_cuboid(stood.translation, at, frame + by), rotation=stood.rotation)
    found = fitted_to(guess, own, there)
    if found.score < SURE:
        return None
    moved = inward(Pose(guess.centre, guess.rotation), np.array([found.cuboid.centre]))[0]
    return float(moved[0]) * by


def _cuboid(centre: tuple[float, float, float], at: Placement, frame: int) -> Cuboid:
    """As the registration takes it; of no document."""
    return Cuboid(ShapeId(""), TrackId(""), StreamId(""), frame, centre, at.size, at.rotation)
