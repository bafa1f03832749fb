"""What of a sweep stands still: the points beside the cuboids that go somewhere in the world. No Qt."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.space_scene import Placement, placement_of
from studio.domain.ids import TrackId
from studio.domain.space import Floats, within

FAR_M = 1.0  # that a track gets in the world, from which on it counts as moving
BESIDE_M = 0.3  # around a cuboid: wheels and mirrors stand out


def movers(index: TrackIndex) -> frozenset[TrackId]:
    """The tracks that do not stay where they are."""
    sweep = index.sweep(world=True)
    found = []
    for row, track in enumerate(sweep.tracks):
        places = sweep.centres[sweep.seen[:, row], row, :2]
        if len(places) and float(np.ptp(places, axis=0).max()) > FAR_M:
            found.append(TrackId(track))
    return frozenset(found)


def moving_at(index: TrackIndex, tracks: Iterable[TrackId], frame: int) -> list[Placement]:
    """Where they are at a frame, in the ego frame then."""
    found = (index.cuboid_at(track, frame) for track in sorted(tracks))
    return [placement_of(each) for each in found if each is not None]


def is_still(points: Floats, moving: Iterable[Placement]) -> NDArray[np.bool_]:
    """(N,) which of the (N, 3) points lie in none of the cuboids that move."""
    still = np.ones(len(points), np.bool_)
    for at in moving:
        reach = float(np.linalg.norm(at.size)) / 2 + BESIDE_M
        x, y, _ = at.centre
        near = np.flatnonzero((np.abs(points[:, 0] - x) <= reach) & (np.abs(points[:, 1] - y) <= reach))
        still[near[within(points[near], at.centre, at.size, at.rotation, BESIDE_M)]] = False
    return still
