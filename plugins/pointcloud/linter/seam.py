"""Over the seam between two items of one sequence: what goes on must go on where it was, as what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter.findings import Limits, Mend, SequenceFinding, Severity
from plugins.pointcloud.seam_changes import (
    Clip,
    Edge,
    edges,
    ends_of,
    joined_as_before,
    lost_groups,
    seconds_between,
)
from plugins.pointcloud.track_changes import resized
from studio.domain.edit import Edit, change
from studio.domain.entities import identity_of
from studio.domain.ids import EntityId, TrackId
from studio.domain.space import Pose, as_xyz
from studio.domain.values import XYZ, Quaternion


class Ghost(Struct, frozen=True):
    """A cuboid of the neighbouring item, drawn faintly: where it stood, in the ego frame that asks for it."""

    track: TrackId  # in the neighbour
    identity: str
    class_name: str
    frame: int  # of the neighbour
    centre: XYZ
    size: XYZ
    rotation: Quaternion


def ghosts(
    neighbour: TrackIndex, into: TrackIndex, frame: int, last: int = 3, *, from_end: bool = True
) -> list[Ghost]:
    """The last frames of the item before (or the first of the one after), in the ego frame at `frame`.

    The nearest frame first. Both items' ego poses stand in one world.
    """
    count = neighbour.timeline.frames
    frames = range(count - 1, max(count - 1 - last, -1), -1) if from_end else range(min(last, count))
    found = []
    for each in frames:
        placed = neighbour.cuboids_at(each, world=True)
        for row, key in enumerate(placed.tracks):
            track = neighbour.track(key)
            x, y, z, w = placed.rotations[row].tolist()
            pose = into.timeline.into_ego(frame, Pose(as_xyz(placed.centres[row]), (x, y, z, w)))
            found.append(
                Ghost(
                    key,
                    identity_of(track),
                    track.class_name,
                    each,
                    pose.translation,
                    as_xyz(placed.sizes[row]),
                    pose.rotation,
                )
            )
    return found


def seam_findings(
    before: TrackIndex, after: TrackIndex, limits: Limits = Limits(), gap_s: float | None = None
) -> list[SequenceFinding]:
    """What does not go on over the seam, as findings of the second item.

    gap_s: seconds from the last frame of one to the first of the other; None: by their clocks where the
    second starts after the first ends, otherwise one frame's time. Ego poses stand in one world.
    """
    gap = seconds_between(before, after) if gap_s is None else gap_s
    if not before.timeline.frames or not after.timeline.frames or gap > limits.seam_s:
        return []
    ends = ends_of(before)
    starts = edges(after, 0)
    by_identity = {identity_of(each.track): each for each in ends}
    found: list[SequenceFinding] = []
    for start in starts:
        end = by_identity.get(identity_of(start.track))
        if end is not None:
            found += _differences(start, end, limits, gap)
    found += _strangers(starts, ends, by_identity, limits, gap)
    return found


def group_findings(before: Clip, after: Clip, limits: Limits = Limits()) -> list[SequenceFinding]:
    """Tracks that go on from the clip before outside of a group that they end in there."""
    if not before.index.timeline.frames or seconds_between(before.index, after.index) > limits.seam_s:
        return []
    found = []
    for group, tracks, lacking in lost_groups(after, before):
        name = f"{group.class_name} {group.name!r}" if group.name else group.class_name or "group"
        together = f", with {len(tracks) - 1} more," if len(tracks) > 1 else ""
        message = f"belongs{together} to the {name} in the clip before, and not here."
        mend = _grouping(after, before, lacking)
        proposal = "Group as in the clip before"
        found.append(_finding("seam.group", tracks[0], message, proposal, mend, others=tuple(tracks[1:])))
    return found


def with_identity(index: TrackIndex, track: TrackId, identity: str) -> Edit | None:
    """The track is the thing of this identity, as in the neighbouring items."""
    old = index.track(track)
    return change("Set identity", (old, replace(old, identity=identity)), tool="linter") or None


def _differences(start: Edge, end: Edge, limits: Limits, gap: float) -> Iterator[SequenceFinding]:
    track = start.track.id
    off = float(np.linalg.norm((end.after(gap) - np.array(start.places[-1]))[:2]))
    if off > limits.seam_m:
        yield _finding(
            "seam.jump",
            track,
            f"is {off:.1f} m from where it was heading in the clip before.",
            "Take its identity away",
            lambda index: with_identity(index, track, ""),
            "error",
        )
    if start.track.class_name != end.track.class_name:
        wanted = end.track.class_name
        yield _finding(
            "seam.class",
            track,
            f"is a {wanted} in the clip before.",
            f"Make it a {wanted} in all frames",
            lambda index: _reclassed(index, track, wanted),
        )
    share = np.abs(np.array(start.size) - end.size)
    if np.any(share > np.maximum(np.array(end.size) * limits.size_drift, limits.size_drift_m)):
        size = end.size
        yield _finding(
            "seam.size",
            track,
            "has another size than in the clip before.",
            "Give it that size in all frames",
            lambda index: resized(index, track, size),
        )


def _strangers(
    starts: list[Edge], ends: list[Edge], known: Mapping[str, Edge], limits: Limits, gap: float
) -> Iterator[SequenceFinding]:
    """Tracks that begin where another of their class was heading, under no or another identity."""
    here = {identity_of(each.track) for each in starts}
    free = [each for each in ends if identity_of(each.track) not in here]
    for start in starts:
        if identity_of(start.track) in known:
            continue
        place = np.array(start.places[-1])
        near = [
            (float(np.linalg.norm((each.after(gap) - place)[:2])), number)
            for number, each in enumerate(free)
            if each.track.class_name == start.track.class_name
        ]
        if near and min(near)[0] <= limits.seam_m:
            end = free.pop(min(near)[1])
            yield _finding(
                "seam.identity",
                start.track.id,
                "goes on from the clip before, under another identity.",
                "Give it the identity that it had",
                _naming(start.track.id, identity_of(end.track)),
            )


def _naming(track: TrackId, identity: str) -> Mend:
    return lambda index: with_identity(index, track, identity)


def _grouping(after: Clip, before: Clip, lacking: Mapping[EntityId, EntityId]) -> Mend:
    return lambda index: joined_as_before(Clip(index, after.groups), before, lacking)


def _reclassed(index: TrackIndex, track: TrackId, class_name: str) -> Edit | None:
    old = index.track(track)
    return change("Change class", (old, replace(old, class_name=class_name)), tool="linter") or None


def _finding(
    rule: str,
    track: TrackId,
    message: str,
    proposal: str,
    mend: Mend | None,
    severity: Severity = "warning",
    others: tuple[TrackId, ...] = (),
) -> SequenceFinding:
    return SequenceFinding(
        rule,
        track,
        0,
        0,
        message,
        severity,
        others,
        proposal=proposal,
        mend=mend,
    )
