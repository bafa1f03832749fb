"""A sequence as the linter's checks look at it: everything at all frames, as arrays."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from plugins.pointcloud.interpolation import Sweep, TrackIndex
from plugins.pointcloud.linter.findings import Limits
from plugins.pointcloud.motion import yaws
from studio.domain.groups import GroupIndex
from studio.domain.ids import TrackId
from studio.domain.space import Floats

if TYPE_CHECKING:
    from plugins.pointcloud.rig import Rig

# (frame, centres (N, 3), sizes (N, 3), rotations (N, 4)), ego frame -> (N,) points inside; None: no cloud
Counts = Callable[[int, Floats, Floats, Floats], NDArray[np.int64] | None]
# (frame, xy (N, 2)), ego frame -> (N,) heights of the ground, NaN where it is not known; None: nowhere
Grounds = Callable[[int, Floats], Floats | None]


class Drive(Struct, frozen=True, eq=False):
    """Axes of arrays are frame, then track. What is held after a last key frame counts as seen."""

    index: TrackIndex
    groups: GroupIndex
    limits: Limits
    world: Sweep
    ego: Sweep
    yaw: Floats  # (F, R), world
    counts: Counts | None = None
    ground: Grounds | None = None
    rig: Rig | None = None

    @property
    def clock_s(self) -> Floats:
        return self.index.timeline.clock_s

    @property
    def tracks(self) -> list[TrackId]:
        return self.world.tracks

    def other(self, track: TrackId, than: TrackId) -> str:
        """What a message about a track calls a second one: its name, or one of its class if it has none."""
        found = self.index.track(track)
        kind = found.class_name or "track"
        if found.class_name == self.index.track(than).class_name:
            article = "another"
        else:
            article = "an" if kind[0] in "aeiouAEIOU" else "a"
        return found.name or f"{article} {kind}"


def drive_of(
    index: TrackIndex,
    groups: GroupIndex,
    limits: Limits,
    counts: Counts | None,
    ground: Grounds | None,
    rig: Rig | None,
) -> Drive:
    """All of it in two sweeps."""
    world = index.sweep(world=True)
    yaw: Floats = yaws(np.moveaxis(world.rotations, -1, 0))
    return Drive(index, groups, limits, world, index.sweep(), yaw, counts, ground, rig)


def stretches(frames: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """The (first, last) of each run of true frames."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], frames, [False]]).astype(np.int8)))
    for first, stop in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield first, stop - 1
