"""Who is who: swapped, doubled and broken tracks, gaps, and boxes in one another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from plugins.pointcloud.linter.drive import Drive
from plugins.pointcloud.linter.findings import Mend, SequenceFinding
from plugins.pointcloud.propagation import carried_on
from plugins.pointcloud.track_changes import gap_closed
from plugins.pointcloud.track_joins import merged, swapped
from plugins.pointcloud.track_parts import solid_runs
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Edit, change
from studio.domain.entities import Cuboid, Track
from studio.domain.ids import EntityId, TrackId
from studio.domain.overlap import near_pairs, overlap_in_pairs
from studio.domain.space import Floats

_NEARER = 0.5  # of the way off: so much nearer two tracks have to be to each other's motion than to their own


class _Meeting(NamedTuple):
    """Two tracks whose boxes share space at a frame."""

    first: int  # rows
    second: int
    shared: float  # of the smaller one's volume
    union: float  # intersection over union


def swaps(drive: Drive) -> Iterator[SequenceFinding]:
    """Two tracks that each go on where the other was heading."""
    world, limits = drive.world, drive.limits
    for frame in range(2, len(world.seen)):
        rows = np.flatnonzero(world.seen[frame - 2 : frame + 1].all(axis=0))
        if len(rows) < 2:
            continue
        here, goal = world.centres[frame, rows, :2], _heading_for(drive, frame, rows)
        own = np.linalg.norm(here - goal, axis=1)
        off = np.flatnonzero(own > limits.jump_m)
        if len(off) < 2:
            continue
        across = np.linalg.norm(here[off][None, :] - goal[off][:, None], axis=2)  # [a, b]: b from a's goal
        for a in range(len(off)):
            for b in range(a + 1, len(off)):
                stay = own[off[a]] + own[off[b]]
                if across[a, b] + across[b, a] < _NEARER * stay:
                    first, second = drive.tracks[rows[off[a]]], drive.tracks[rows[off[b]]]
                    yield SequenceFinding(
                        "identity.switch",
                        first,
                        frame,
                        frame,
                        f"changes places with {drive.other(second, first)} here.",
                        "error",
                        (second,),
                        "Swap the two tracks from here on",
                        _swap(first, second, frame),
                    )


def broken(drive: Drive) -> Iterator[SequenceFinding]:
    """A track that ends where another of its class begins to go on as it did."""
    index, limits, clock = drive.index, drive.limits, drive.clock_s
    ends = {track: solid_runs(index, track)[-1][1] - 1 for track in drive.tracks}
    starts = {track: index.runs(track)[0][0] for track in drive.tracks}
    final = index.timeline.frames - 1
    for track, end in ends.items():
        if end == final or index.is_seen(track, final):
            continue  # it lasts, or is held: where it goes on nobody has said
        for other, start in starts.items():
            if other == track or not 0 < clock[start] - clock[end] <= limits.broken_within_s:
                continue
            if index.track(other).class_name == index.track(track).class_name and _goes_on(
                drive, track, end, other, start
            ):
                yield SequenceFinding(
                    "identity.broken",
                    track,
                    end,
                    start,
                    "ends, and another begins just where it would be.",
                    others=(other,),
                    proposal="Merge the two tracks",
                    mend=_joining(track, other),
                )


def doubled(drive: Drive) -> Iterator[SequenceFinding]:
    """Two cuboids of one track at one frame."""
    for track in drive.tracks:
        held: dict[int, list[Cuboid]] = {}
        for key in drive.index.document.referrers(track, "track"):
            shape = drive.index.document.get(key)
            if isinstance(shape, Cuboid) and shape.stream == drive.index.timeline.stream:
                held.setdefault(shape.frame, []).append(shape)
        for frame, cuboids in sorted(held.items()):
            if len(cuboids) > 1:
                older = sorted(each.id for each in cuboids)[:-1]
                yield SequenceFinding(
                    "cuboid.twice",
                    track,
                    frame,
                    frame,
                    f"has {len(cuboids)} cuboids here; the last made is shown.",
                    "error",
                    proposal="Delete the older ones",
                    mend=_deleting(older),
                )


def same_identity(drive: Drive) -> Iterator[SequenceFinding]:
    """Two tracks of one identity that are seen at the same time."""
    by_identity: dict[str, list[int]] = {}
    for row, track in enumerate(drive.tracks):
        if identity := drive.index.track(track).identity:
            by_identity.setdefault(identity, []).append(row)
    for rows in by_identity.values():
        for at, row in enumerate(rows):
            for other in rows[at + 1 :]:
                both = np.flatnonzero(drive.world.seen[:, row] & drive.world.seen[:, other])
                if len(both):
                    yield _twice(drive, drive.tracks[row], drive.tracks[other], int(both[0]), int(both[-1]))


def gaps(drive: Drive) -> Iterator[SequenceFinding]:
    """Short stretches in which a track is not seen, though before and after."""
    limits, clock = drive.limits, drive.clock_s
    for track in drive.tracks:
        runs = drive.index.runs(track)
        for (_, stop), (start, _) in pairwise(runs):
            if start - stop <= limits.gap_frames and clock[start] - clock[stop - 1] <= limits.gap_s:
                missed = "one frame" if start - stop == 1 else f"{start - stop} frames"
                yield SequenceFinding(
                    "track.gap",
                    track,
                    stop,
                    start - 1,
                    f"is not seen for {missed}.",
                    "note",
                    proposal="Close the gap",
                    mend=_closing(track, stop),
                )


def overlaps(drive: Drive, explained: frozenset[frozenset[TrackId]]) -> Iterator[SequenceFinding]:
    """Boxes in one another, but for those of one group. `explained`: pairs that were found otherwise."""
    met: dict[tuple[int, int], list[tuple[int, _Meeting]]] = {}
    for frame in range(len(drive.world.seen)):
        for each in _meetings(drive, frame):
            met.setdefault((each.first, each.second), []).append((frame, each))
    for (row, other), held in met.items():
        first, second = drive.tracks[row], drive.tracks[other]
        if frozenset((first, second)) in explained:
            continue
        start = 0
        for at in range(1, len(held) + 1):
            if at == len(held) or held[at][0] != held[at - 1][0] + 1:
                yield _overlap(drive, first, second, held[start:at])
                start = at


def _heading_for(drive: Drive, frame: int, rows: NDArray[np.intp]) -> Floats:
    """(N, 2) where the motion over the two frames before leads at a frame, in the world."""
    a, b = drive.world.centres[frame - 2, rows, :2], drive.world.centres[frame - 1, rows, :2]
    clock = drive.clock_s
    goal: Floats = b + (b - a) * (clock[frame] - clock[frame - 1]) / (clock[frame - 1] - clock[frame - 2])
    return goal


def _goes_on(drive: Drive, track: TrackId, end: int, other: TrackId, start: int) -> bool:
    index, limits = drive.index, drive.limits
    last, begins = index.cuboid_at(track, end), index.cuboid_at(other, start)
    earlier = index.cuboid_at(track, max(end - 3, index.runs(track)[-1][0]))
    assert last is not None  # its last seen frame
    assert begins is not None
    there = carried_on(index.timeline, earlier or last, last, start)
    return (
        float(np.linalg.norm(np.subtract(there.centre, begins.centre)[:2])) <= limits.broken_m
        and float(np.max(np.abs(np.array(last.size) / np.maximum(begins.size, 1e-9) - 1))) <= 0.3
    )


def _meetings(drive: Drive, frame: int) -> Iterator[_Meeting]:
    rows = np.flatnonzero(drive.world.seen[frame])
    centres, sizes = drive.world.centres[frame, rows], drive.world.sizes[frame, rows]
    boxes = np.concatenate([centres, sizes, drive.yaw[frame, rows, None]], axis=1)
    own, other = near_pairs(boxes)
    own, other = np.minimum(own, other), np.maximum(own, other)
    half = sizes[:, 2] / 2
    low = np.maximum((centres[:, 2] - half)[own], (centres[:, 2] - half)[other])
    high = np.minimum((centres[:, 2] + half)[own], (centres[:, 2] + half)[other])
    shared = overlap_in_pairs(boxes, boxes, own, other) * np.clip(high - low, 0.0, None)
    volume = np.maximum(sizes.prod(axis=1), 1e-9)
    of_smaller = shared / np.minimum(volume[own], volume[other])
    union = shared / (volume[own] + volume[other] - shared)
    for at in np.flatnonzero(of_smaller > drive.limits.overlap).tolist():
        first, second = int(rows[own[at]]), int(rows[other[at]])
        if not _grouped(drive, drive.tracks[first], drive.tracks[second], frame):
            yield _Meeting(first, second, float(of_smaller[at]), float(union[at]))


def _grouped(drive: Drive, first: TrackId, second: TrackId, frame: int) -> bool:
    """Whether the two are in one group then: riders sit on cycles, trailers hang on tractors."""
    time_ns = drive.index.timeline.time_ns(frame)
    groups = {each.group for each in drive.groups.memberships(first, time_ns)}
    return bool(groups) and any(each.group in groups for each in drive.groups.memberships(second, time_ns))


def _overlap(
    drive: Drive, first: TrackId, second: TrackId, held: list[tuple[int, _Meeting]]
) -> SequenceFinding:
    most = max(each.shared for _, each in held)
    is_same = (
        float(np.median([each.union for _, each in held])) > drive.limits.same
        and drive.index.track(first).class_name == drive.index.track(second).class_name
    )
    said = "stands where another does" if is_same else f"is {most:.0%} inside {drive.other(second, first)}"
    return SequenceFinding(
        "boxes.overlap",
        first,
        held[0][0],
        held[-1][0],
        f"{said}.",
        others=(second,),
        proposal="Merge the two tracks" if is_same else "",
        mend=_joining(*_longer_first(drive, first, second)) if is_same else None,
    )


def _twice(drive: Drive, first: TrackId, second: TrackId, frame: int, until: int) -> SequenceFinding:
    index = drive.index
    a, b = index.cuboid_at(first, frame), index.cuboid_at(second, frame)
    assert a is not None  # both are seen
    assert b is not None
    near = float(np.linalg.norm(np.subtract(a.centre, b.centre)[:2])) < max(a.size[1], b.size[1]) / 2
    long, short = _longer_first(drive, first, second)
    return SequenceFinding(
        "identity.twice",
        first,
        frame,
        until,
        f"has the identity of {drive.other(second, first)} at the same time.",
        "error",
        (second,),
        "Merge the two tracks" if near else "Take the identity from the shorter one",
        _joining(long, short) if near else _nameless(short),
    )


def _longer_first(drive: Drive, first: TrackId, second: TrackId) -> tuple[TrackId, TrackId]:
    seen = {
        track: sum(stop - start for start, stop in solid_runs(drive.index, track))
        for track in (first, second)
    }
    return (first, second) if seen[first] >= seen[second] else (second, first)


def _swap(first: TrackId, second: TrackId, frame: int) -> Mend:
    return lambda index: swapped(index, first, second, frame)


def _joining(kept: TrackId, gone: TrackId) -> Mend:
    return lambda index: merged(index, kept, gone)


def _closing(track: TrackId, frame: int) -> Mend:
    return lambda index: gap_closed(index, track, frame)


def _deleting(cuboids: list[EntityId]) -> Mend:
    return lambda index: deletion("Delete older cuboids", index.document, cuboids, tool="linter") or None


def _nameless(track: TrackId) -> Mend:
    return lambda index: without_identity(index.document, track)


def without_identity(document: Document, track: TrackId) -> Edit | None:
    """The track is a thing of its own in this item."""
    old = document.get(track)
    if not isinstance(old, Track):
        return None
    return change("Take identity away", (old, replace(old, identity="")), tool="linter") or None
