"""Carrying a track on to frames where nobody has placed it: by its motion, and by its points."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud import motion
from plugins.pointcloud.interpolation import Interpolated, TrackIndex
from plugins.pointcloud.timeline import Timeline
from plugins.pointcloud.track_changes import TOOL
from plugins.pointcloud.track_parts import pinned
from studio.domain.edit import Changes, Edit, change
from studio.domain.entities import Cuboid
from studio.domain.ids import ShapeId, TrackId, new_id
from studio.domain.space import Pose, as_xyz, unit

LOOK_BACK_S = 0.5  # over which speed and turn rate are taken: long enough that a jitter of key frames fades

# what makes a predicted cuboid fit the frame's points; None: nothing there to fit it to
Refine = Callable[[int, Cuboid], Cuboid | None]


class Propagation(NamedTuple):
    """What carrying a track on would do, before it is done."""

    covered: tuple[int, ...]  # frames at which it will be seen by it, or fitted
    made: tuple[int, ...]  # frames of new key frames; with `refine` fewer where the points run out
    kept: tuple[int, ...]  # frames within reach whose key frames stay as they are


def predicted(index: TrackIndex, track: TrackId, frame: int, target: int) -> Cuboid | None:
    """Where the track will be at `target` (or was, before `frame`) by its motion at `frame`; made "auto".

    None where it is not seen at `frame`. Speed and turn rate are those of the last half second; a track that
    has just begun stands still in the world.
    """
    shown = index.cuboid_at(track, frame)
    if shown is None:
        return None
    way = _way_to(index, track, shown, 1 if target < frame else -1)
    return carried_on(index.timeline, way[0], shown, target)


def carried_on(
    line: Timeline, earlier: Cuboid | Interpolated, later: Cuboid | Interpolated, target: int
) -> Cuboid:
    """The motion from `earlier` to `later`, carried on to `target`; of one alone, it stands still."""
    poses = [line.into_world(each.frame, Pose(each.centre, each.rotation)) for each in (earlier, later)]
    times = line.clock_s[[earlier.frame, later.frame, target]]
    moves = earlier.frame != later.frame
    if times[1] < times[0]:  # backwards: the motion mirrored in time
        times = -times
    rows = motion.table(
        np.array([each.translation for each in poses]).T,
        np.array([unit(each.rotation) for each in poses]).T,
        np.array([earlier.size, later.size]).T,
        times[:2],
        np.array([moves, False]),
    )
    centre, rotation, _ = motion.placed(rows, np.array([0 if moves else 1]), times[2:])
    x, y, z, w = rotation[:, 0].tolist()
    there = line.into_ego(target, Pose(as_xyz(centre[:, 0]), (x, y, z, w)))
    return pinned(
        later,
        id=ShapeId(new_id()),
        frame=target,
        centre=there.translation,
        rotation=there.rotation,
        ends_here=False,
        made="auto",
    )


def propagation(index: TrackIndex, track: TrackId, frame: int, by: int, fitted: bool = False) -> Propagation:
    """What `propagated` would do, for the preview of its count."""
    frames = _within_reach(index, frame, by)
    keys = {each.frame for each in index.key_frames(track)}
    if not index.is_seen(track, frame) or not frames:
        return Propagation((), (), ())
    kept = tuple(each for each in frames if each in keys)
    if fitted:
        return Propagation(frames, tuple(each for each in frames if each not in keys), kept)
    covered = tuple(_until_seen(index, track, frames))
    return Propagation(covered, covered[-1:], kept)


def is_motion_known(index: TrackIndex, track: TrackId, frame: int, by: int) -> bool:
    """Whether a track that is carried on from here moves as it did; else it stands still in the world."""
    if not index.is_seen(track, frame):
        return False
    base = _base(index, track, frame, by)
    return len(_way_to(index, track, base, -1 if by > 0 else 1)) > 1


def propagated(
    index: TrackIndex, track: TrackId, frame: int, by: int, refine: Refine | None = None
) -> Edit | None:
    """The track carried on over the next `by` frames (before, where negative), as key frames made "auto".

    Without `refine` by its motion alone: one key frame at the far end, since what lies between is computed
    alike; it stops before the next key frame, and frames that are computed already stay so. With `refine`,
    at every frame that has no key frame: predicted, then fitted; it stops where `refine` finds nothing. Key
    frames that are there are never changed, but for an end, which moves along.
    """
    plan = propagation(index, track, frame, by, fitted=refine is not None)
    if not plan.made:
        return None
    base = _base(index, track, frame, by)
    made: dict[int, Cuboid] = {}
    if refine is None:
        new = predicted(index, track, base.frame, plan.made[0])
        assert new is not None  # a key frame is seen
        made[new.frame] = new
    else:
        made = _fitted(index, track, base.frame, plan, refine)
    changes: Changes = {each.id: (None, each) for each in made.values()}
    if by > 0 and isinstance(base, Cuboid) and base.ends_here and made:
        last = base.frame if refine else max(made) - 1
        while last + 1 in made:
            last += 1
        changes[base.id] = (base, replace(base, ends_here=False))
        ends = index.key_frame(track, last + 1) is None
        changes[made[last].id] = (None, replace(made[last], ends_here=ends))
    count = len(plan.covered if refine is None else made)
    return Edit(f"Propagate over {count} frame{'s' * (count != 1)}", changes, tool=TOOL) if made else None


def extended(index: TrackIndex, track: TrackId, frame: int) -> Edit | None:
    """The track is seen up to this frame, where it was not: on from its end before, or back from its start.

    By its motion, as a key frame made "auto" at this frame.
    """
    before, after = index.neighbours(track, frame)
    if index.is_seen(track, frame) or not 0 <= frame < index.timeline.frames:
        return None
    base = before or after
    if base is None or (new := predicted(index, track, base.frame, frame)) is None:
        return None
    changes: Changes = {}
    if before is not None:
        changes[before.id] = (before, replace(before, ends_here=False))
        new = replace(new, ends_here=after is None or after.frame > frame + 1)
    changes[new.id] = (None, new)
    return Edit("Extend track to here", changes, tool=TOOL)


def heading_from_neighbours(index: TrackIndex, track: TrackId, frame: int) -> Edit | None:
    """The key frame here keeps its place and takes the heading that its neighbours give it."""
    old = index.key_frame(track, frame)
    before, after = index.neighbours(track, frame)
    if old is None or (before or after) is None:
        return None
    first, last = before or after, after or before
    assert first is not None  # one of the two is there
    assert last is not None
    there = carried_on(index.timeline, first, last, frame)
    return change("Smooth heading", (old, replace(old, rotation=there.rotation)), tool=TOOL) or None


def _within_reach(index: TrackIndex, frame: int, by: int) -> tuple[int, ...]:
    stop = max(-1, min(frame + by + (1 if by > 0 else -1), index.timeline.frames))
    return tuple(range(frame + 1, stop) if by > 0 else range(frame - 1, stop, -1))


def _until_seen(index: TrackIndex, track: TrackId, frames: tuple[int, ...]) -> list[int]:
    """The first of these frames at which the track is unseen or only held, up to where it is placed again."""
    found = []
    for each in frames:
        shown = index.cuboid_at(track, each)
        if shown is not None and not _is_held(shown):
            break
        found.append(each)
    return found


def _base(index: TrackIndex, track: TrackId, frame: int, by: int) -> Cuboid | Interpolated:
    """From where the motion is taken: a held track moved last at its last key frame."""
    shown = index.cuboid_at(track, frame)
    assert shown is not None  # `propagation` has looked
    if _is_held(shown) and by > 0:
        return index.key_frames(track)[-1]
    return shown


def _fitted(
    index: TrackIndex, track: TrackId, frame: int, plan: Propagation, refine: Refine
) -> dict[int, Cuboid]:
    """Frame by frame, each prediction from where the fits before have led."""
    line, made = index.timeline, dict[int, Cuboid]()
    start = index.cuboid_at(track, frame)
    assert start is not None  # `propagation` has looked
    way = _way_to(index, track, start, 1 if plan.covered[0] < frame else -1)
    for each in plan.covered:
        there = index.cuboid_at(track, each)
        if isinstance(there, Cuboid):
            way.append(there)
            continue
        guess = _guess(line, way, there, each)
        found = refine(each, guess)
        if found is None:
            break
        made[each] = replace(found, id=guess.id, track=track, frame=each, made="auto")
        way.append(made[each])
    return made


def _way_to(
    index: TrackIndex, track: TrackId, shown: Cuboid | Interpolated, step: int
) -> list[Cuboid | Interpolated]:
    """The last half second of a track up to `shown`, which is the last of it; without where it is held."""
    clock, way = index.timeline.clock_s, [shown]
    while abs(clock[way[0].frame] - clock[shown.frame]) < LOOK_BACK_S:
        earlier = index.cuboid_at(track, way[0].frame + step)
        if earlier is None or _is_held(earlier):
            break
        way.insert(0, earlier)
    return way


def _is_held(shown: Cuboid | Interpolated) -> bool:
    return isinstance(shown, Interpolated) and shown.after is None


def _guess(
    line: Timeline, way: list[Cuboid | Interpolated], there: Cuboid | Interpolated | None, frame: int
) -> Cuboid:
    if there is not None and not _is_held(there):
        return pinned(there)  # between two key frames the computed one knows both sides
    recent = [
        each for each in way if abs(line.clock_s[each.frame] - line.clock_s[way[-1].frame]) <= LOOK_BACK_S
    ]
    return carried_on(line, recent[0], way[-1], frame)
