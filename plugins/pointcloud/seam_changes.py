"""The Edits that carry tracks and groups over the seam from the clip before. Pure functions.

A track is the one of the clip before when it has its identity; where that track has none, its own id is what
it is known by (`identity_of`), so that the neighbour need not be changed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.track_changes import resized, usual_size
from plugins.pointcloud.track_parts import pinned
from studio.domain.edit import Changes, Edit, change
from studio.domain.entities import AnyEntity, Cuboid, Group, Member, Track, identity_of
from studio.domain.groups import GroupIndex
from studio.domain.ids import EntityId, GroupId, ShapeId, TrackId, new_id
from studio.domain.space import Floats, Pose, as_xyz, unit
from studio.domain.values import XYZ, Quaternion

TOOL = "track"
REACH_M = 8.0  # between where a thing was heading and one that may be it
_LOOK_BACK_S = 0.5


class Edge(Struct, frozen=True):
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


class Clip(Struct, frozen=True, eq=False):
    """An item of a sequence: its tracks and its groups, kept in step by whoever holds it."""

    index: TrackIndex
    groups: GroupIndex


def edges(index: TrackIndex, frame: int) -> list[Edge]:
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
            Edge(
                index.track(sweep.tracks[row]),
                tuple(as_xyz(each) for each in sweep.centres[since:, row]),
                tuple(clock[first + since : frame + 1].tolist()),
                usual_size(index.key_frames(sweep.tracks[row])),
                unit((x, y, z, w)),
            )
        )
    return found


def seconds_between(before: TrackIndex, after: TrackIndex) -> float:
    """Seconds from the last frame of one item to the first of the other.

    By their clocks where the second starts after the first ends, otherwise one frame's time.
    """
    one, other = before.timeline, after.timeline
    if not one.frames or not other.frames:
        return 0.0
    step = one.end_ns(one.frames - 1) - one.time_ns(one.frames - 1)
    apart = other.time_ns(0) - one.time_ns(one.frames - 1)
    return (apart if apart > 0 else step) / 1e9


def ends_of(before: TrackIndex) -> list[Edge]:
    """The tracks that are seen at the last frame of an item."""
    return edges(before, before.timeline.frames - 1) if before.timeline.frames else []


def nearest(index: TrackIndex, track: TrackId, before: TrackIndex) -> Edge | None:
    """The track of the clip before that was heading for where this one is first seen; None: none near.

    Of its own class where there is one; what is known here already under another track is not offered.
    """
    runs = index.runs(track)
    if not runs:
        return None
    first = index.cuboid_at(track, runs[0][0])
    assert first is not None  # a run holds frames at which it is seen
    world = index.timeline.into_world(runs[0][0], Pose(first.centre, first.rotation))
    seconds = seconds_between(before, index) + float(index.timeline.clock_s[runs[0][0]])
    taken = {identity_of(index.track(each)) for each in index.tracks if each != track}
    own_class = index.track(track).class_name

    def cost(edge: Edge) -> tuple[bool, float]:
        off = float(np.linalg.norm((edge.after(seconds) - np.array(world.translation))[:2]))
        return edge.track.class_name != own_class, off

    free = [
        each for each in ends_of(before) if identity_of(each.track) not in taken and cost(each)[1] < REACH_M
    ]
    return min(free, key=cost, default=None)


def taken_over(here: Clip, track: TrackId, before: Clip, edge: Edge) -> Edit | None:
    """The track goes on from one of the clip before: its identity, class, name, attributes, size, groups.

    What a person said of it here and not there stays.
    """
    old, there = here.index.track(track), edge.track
    attributes = tuple(sorted((dict(old.attributes) | dict(there.attributes)).items()))
    new = replace(
        old,
        identity=identity_of(there),
        class_name=there.class_name,
        name=there.name or old.name,
        attributes=attributes,
    )
    title = "Go on from the clip before"
    whole = change(title, (old, new), tool=TOOL)
    sized = resized(here.index, track, edge.size)
    grouped = joined_as_before(here, before, {EntityId(there.id): EntityId(track)})
    for more in (sized, grouped):
        whole = whole.then(more) if more else whole
    return replace(whole, title=title) if whole else None


def carried_over(here: Clip, before: Clip, wanted: Iterable[EntityId] | None = None) -> Edit | None:
    """Tracks of the clip before that are seen at its end begin here, at the first frame, where they headed.

    wanted: which of them; None: all. What is known here already is left as it is. Nobody has looked at the
    new key frames yet (`made` is "auto"). Groups come with their members.
    """
    line = here.index.timeline
    if not line.frames:
        return None
    known = {identity_of(here.index.track(each)) for each in here.index.tracks}
    chosen = None if wanted is None else set(wanted)
    seconds = seconds_between(before.index, here.index)
    changes: Changes = {}
    copies: dict[EntityId, EntityId] = {}
    for edge in ends_of(before.index):
        if identity_of(edge.track) in known or (chosen is not None and edge.track.id not in chosen):
            continue
        track = replace(edge.track, id=TrackId(new_id()), identity=identity_of(edge.track))
        last = before.index.cuboid_at(TrackId(edge.track.id), before.index.timeline.frames - 1)
        assert last is not None  # it is seen at the edge
        pose = line.into_ego(0, Pose(as_xyz(edge.after(seconds)), edge.rotation))
        placed: Cuboid = replace(
            pinned(last),
            id=ShapeId(new_id()),
            track=track.id,
            stream=line.stream,
            frame=0,
            centre=pose.translation,
            rotation=pose.rotation,
            size=edge.size,
            ends_here=False,
            made="auto",
        )
        copies[edge.track.id] = track.id
        changes |= {track.id: (None, track), EntityId(placed.id): (None, placed)}
    if not changes:
        return None
    grouped = joined_as_before(here, before, copies)
    title = f"Carry on {'1 track' if len(copies) == 1 else f'{len(copies)} tracks'} of the clip before"
    whole = Edit(title, changes, tool=TOOL)
    return replace(whole.then(grouped), title=title) if grouped else whole


def joined_as_before(here: Clip, before: Clip, tracks: Mapping[EntityId, EntityId]) -> Edit | None:
    """These tracks in the groups, and groups of groups, that they end in in the clip before.

    tracks: from each track there to the one here. A group that is known here already takes them in; another
    is made, with the same class, name, attributes and identity.
    """
    known = {identity_of(each): EntityId(each.id) for each in here.groups.groups}
    end_ns = before.index.timeline.time_ns(before.index.timeline.frames - 1)
    made: dict[EntityId, AnyEntity] = {}
    at: dict[EntityId, EntityId] = dict(tracks)
    waiting = list(tracks)
    for key in waiting:  # grows: a group that comes along may be in another
        for member in before.groups.memberships(key, end_ns):
            group = before.groups.group(member.group)
            if group is None:
                continue
            if group.id not in at:
                at[group.id] = known.get(identity_of(group)) or GroupId(new_id())
                if identity_of(group) not in known:
                    made[at[group.id]] = replace(group, id=at[group.id], identity=identity_of(group))
                waiting.append(group.id)
            if not _is_member(here.groups, at[member.group], at[key]):
                new = Member(EntityId(new_id()), GroupId(at[group.id]), at[key], member.role)
                made[new.id] = replace(new, attributes=member.attributes)
    changes: Changes = {key: (None, entity) for key, entity in made.items()}
    return Edit("Group as in the clip before", changes, tool=TOOL) if changes else None


def _is_member(groups: GroupIndex, group: EntityId, entity: EntityId) -> bool:
    return any(each.group == group for each in groups.memberships(entity))


def lost_groups(here: Clip, before: Clip) -> Iterator[tuple[Group, list[TrackId], dict[EntityId, EntityId]]]:
    """Groups at the end of the clip before whose tracks go on here, outside of them.

    Yields the group there, the tracks here that it lacks, and from which tracks there they go on.
    """
    here_now = {identity_of(here.index.track(each)): each for each in here.index.tracks}
    known = {identity_of(each): EntityId(each.id) for each in here.groups.groups}
    timeline = before.index.timeline
    end_ns = timeline.time_ns(timeline.frames - 1)
    for group in before.groups.groups:
        own = known.get(identity_of(group))
        lacking: dict[EntityId, EntityId] = {}
        for member in before.groups.members_at(group.id, end_ns):
            there = before.index.document.get(member.entity)
            track = here_now.get(identity_of(there)) if isinstance(there, Track) else None
            if track is None or not here.index.is_seen(track, 0):
                continue
            if own is None or not _is_member(here.groups, own, EntityId(track)):
                lacking[member.entity] = EntityId(track)
        if lacking:
            yield group, [TrackId(each) for each in lacking.values()], lacking
