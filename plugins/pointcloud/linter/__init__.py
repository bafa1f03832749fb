"""The sequence linter: what is hardly right about tracks over the frames of an item, and how to mend it.

It blocks nothing: what it finds waits in a queue, each finding with its frame and, where one is sensible, an
Edit. What explains several oddities at once (two tracks that were swapped) is said once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter import identity_checks, motion_checks, place_checks
from plugins.pointcloud.linter.drive import Counts, Drive, Grounds, drive_of
from plugins.pointcloud.linter.findings import Limits, Mend, SequenceFinding, Severity
from plugins.pointcloud.linter.seam import Ghost, ghosts, group_findings, seam_findings
from studio.domain.groups import GroupIndex
from studio.domain.ids import TrackId

if TYPE_CHECKING:
    from plugins.pointcloud.rig import Rig

__all__ = [
    "Counts",
    "Ghost",
    "Grounds",
    "Limits",
    "Mend",
    "SequenceFinding",
    "Severity",
    "check",
    "ghosts",
    "group_findings",
    "seam_findings",
]

_RANK = {"error": 0, "warning": 1, "note": 2}


def check(
    index: TrackIndex,
    limits: Limits = Limits(),
    *,
    groups: GroupIndex | None = None,
    counts: Counts | None = None,
    ground: Grounds | None = None,
    rig: Rig | None = None,
) -> list[SequenceFinding]:
    """All that is found in an item, the worst first, then by frame.

    Points, ground and cameras are looked at where `counts`, `ground` and `rig` are given. Cost: some numpy
    over every frame; what `counts` and `ground` take comes on top, once a frame each.
    """
    if not index.tracks:
        return []
    drive = drive_of(index, groups or GroupIndex(index.document), limits, counts, ground, rig)
    return sorted(_found(drive), key=lambda each: (_RANK[each.severity], each.frame, each.rule, each.track))


def _found(drive: Drive) -> Iterator[SequenceFinding]:
    swaps = list(identity_checks.swaps(drive))
    twice = [*identity_checks.doubled(drive), *identity_checks.same_identity(drive)]
    yield from (*swaps, *twice)
    yield from identity_checks.broken(drive)
    yield from identity_checks.gaps(drive)
    explained = frozenset(frozenset((each.track, *each.others)) for each in (*swaps, *twice))
    yield from identity_checks.overlaps(drive, explained)
    swapped_at: dict[TrackId, set[int]] = {}
    for each in swaps:
        for track in (each.track, *each.others):
            swapped_at.setdefault(track, set()).add(each.frame)
    for track in drive.tracks:
        frames = frozenset(swapped_at.get(track, ()))
        yield from motion_checks.impossible_motion(drive, track, frames)
        if not frames:  # after a swap, size and heading are those of another thing
            yield from motion_checks.size_drift(drive, track)
            yield from motion_checks.heading_flip(drive, track)
    yield from place_checks.no_points(drive)
    yield from place_checks.off_the_ground(drive)
    yield from place_checks.outside_all_pictures(drive)
