"""Over the seam between two items of one sequence: what goes on must go on where it was, as what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.linter.findings import Limits, Mend, SequenceFinding
from plugins.pointcloud.track_changes import resized, usual_size
from studio.domain.edit import Edit, change
from studio.domain.entities import Track
from studio.domain.ids import TrackId
from studio.domain.space import Floats, Pose, as_xyz, unit
from studio.domain.values import XYZ, Quaternion

_LOOK_BACK_S = 0.5


class Ghost(Struct, frozen=True):
    """A cuboid of the neighbouring item, drawn faintly: where it stood, in the ego frame that asks for it."""

    track: TrackId  # in the neighbour
    identity: str
    class_name: str
    frame: int  # of the neighbour
    centre: XYZ
    size: XYZ
    rotation: Quaternion


class _Edge(Struct, frozen=True):
    """A track at the first or last frame of its item, in the world."""

    track: Track
    places: tuple[XYZ, ...]  # over the last half second; the last is at the edge
    times_s: tuple[float, ...]
    size: XYZ
    rotation: Quaternion

    def after(self, seconds: float) -> Floats:
        """Where it will be, by its motion."""
        here = np.array(self.places[-1])
        if len(self.places) == 1:
            return here
        speed = (here - np.array(self.places[0])) / (self.times_s[-1] - self.times_s[0])
        moved: Floats = here + speed * seconds
        return moved


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
                    track.identity,
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
    gap = _gap_s(before, after) if gap_s is None else gap_s
    if not before.timeline.frames or not after.timeline.frames or gap > limits.seam_s:
        return []
    ends = _edges(before, before.timeline.frames - 1)
    starts = _edges(after, 0)
    by_identity = {each.track.identity: each for each in ends if each.track.identity}
    found: list[SequenceFinding] = []
    for start in starts:
        end = by_identity.get(start.track.identity)
        if end is not None:
            found += _differences(start, end, limits, gap)
    found += _strangers(starts, ends, by_identity, limits, gap)
    return found


def with_identity(index: TrackIndex, track: TrackId, identity: str) -> Edit | None:
    """The track is the thing of this identity, as in the neighbouring items."""
    old = index.track(track)
    return change("Set identity", (old, replace(old, identity=identity)), tool="linter") or None


def _differences(start: _Edge, end: _Edge, limits: Limits, gap: float) -> Iterator[SequenceFinding]:
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
    starts: list[_Edge], ends: list[_Edge], known: Mapping[str, _Edge], limits: Limits, gap: float
) -> Iterator[SequenceFinding]:
    """Tracks that begin where another of their class was heading, under no or another identity."""
    here = {each.track.identity for each in starts if each.track.identity}
    free = [each for each in ends if each.track.identity not in here]
    for start in starts:
        if start.track.identity and start.track.identity in known:
            continue
        place = np.array(start.places[-1])
        near = [
            (float(np.linalg.norm((each.after(gap) - place)[:2])), number)
            for number, each in enumerate(free)
            if each.track.class_name == start.track.class_name
        ]
        if near and min(near)[0] <= limits.seam_m:
            end = free.pop(min(near)[1])
            identity = end.track.identity
            yield _finding(
                "seam.identity",
                start.track.id,
                "goes on from the clip before, under another identity.",
                "Give it the identity that it had" if identity else "",
                _naming(start.track.id, identity) if identity else None,
            )


def _naming(track: TrackId, identity: str) -> Mend:
    return lambda index: with_identity(index, track, identity)


def _reclassed(index: TrackIndex, track: TrackId, class_name: str) -> Edit | None:
    old = index.track(track)
    return change("Change class", (old, replace(old, class_name=class_name)), tool="linter") or None


def _finding(
    rule: str, track: TrackId, message: str, proposal: str, mend: Mend | None, severity: str = "warning"
) -> SequenceFinding:
    return SequenceFinding(
        rule,
        track,
        0,
        0,
        message,
        "error" if severity == "error" else "warning",
        proposal=proposal,
        mend=mend,
    )


def _gap_s(before: TrackIndex, after: TrackIndex) -> float:
    one, other = before.timeline, after.timeline
    if not one.frames or not other.frames:
        return 0.0
    step = one.end_ns(one.frames - 1) - one.time_ns(one.frames - 1)
    apart = other.time_ns(0) - one.time_ns(one.frames - 1)
    return (apart if apart > 0 else step) / 1e9


def _edges(index: TrackIndex, frame: int) -> list[_Edge]:
    """The tracks at the edge of an item, with how they came there (or, at its start, where they stand)."""
    clock = index.timeline.clock_s
    first = frame
    while first > 0 and clock[frame] - clock[first] < _LOOK_BACK_S:
        first -= 1
    sweep = index.sweep(first, frame + 1, world=True)
    found = []
    for row in np.flatnonzero(sweep.seen[-1]).tolist():
        since = len(sweep.seen) - 1
        while since > 0 and sweep.seen[since - 1, row]:
            since -= 1
        x, y, z, w = sweep.rotations[-1, row].tolist()
        found.append(
            _Edge(
                index.track(sweep.tracks[row]),
                tuple(as_xyz(each) for each in sweep.centres[since:, row]),
                tuple(clock[first + since : frame + 1].tolist()),
                usual_size(index.key_frames(sweep.tracks[row])),
                unit((x, y, z, w)),
            )
        )
    return found
