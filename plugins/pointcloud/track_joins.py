"""The Edits that join tracks, part them, and exchange what belongs to which. Pure functions."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.track_changes import TOOL
from plugins.pointcloud.track_parts import (
    beside,
    exchanged,
    frame_of,
    linked,
    others,
    solid_runs,
    windowed,
)
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import (
    AnyEntity,
    Cuboid,
    FrameShape,
    Interval,
    Member,
    Relation,
    Remark,
    State,
    Track,
    references,
)
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.intervals import EARLIEST, LATEST, as_intervals, common, times_of, union
from studio.domain.states import state_at, states_of
from studio.domain.values import Attributes


def merged(
    index: TrackIndex, kept: TrackId, gone: TrackId, overlap: Literal["kept", "gone"] = "kept"
) -> Edit | None:
    """Two tracks as one, `kept`: they were one thing. Nothing that `gone` said is lost.

    Where both are seen, the key frames (and pinned boxes) of `overlap` stay and the other's go, so that no
    two sets of key frames are mixed; a track that is only held after its last key frame is not seen for
    this. Attributes that `kept` lacks come from `gone`; where the two differ, those of `gone` become a state
    over the time in which it was the one. Groups, relations, remarks and states go over to `kept`.
    """
    if kept == gone or not {kept, gone} <= set(index.tracks):
        return None
    document, frames = index.document, index.timeline.frames
    first, second = (kept, gone) if overlap == "kept" else (gone, kept)
    free = beside(solid_runs(index, first), frames)
    cuboids = linked([*index.key_frames(first), *_solid(windowed(index, second, free), index, second)])
    places = {_place(each) for each in others(index, first)}
    shapes: list[AnyEntity] = [*others(index, first)]
    shapes += [
        each for each in others(index, second) if (place := _place(each)) is None or place not in places
    ]
    before: list[AnyEntity] = [
        *index.key_frames(kept),
        *index.key_frames(gone),
        *others(index, kept),
        *others(index, gone),
    ]
    after: list[AnyEntity] = [replace(each, track=kept) for each in (*cuboids, *shapes)]
    old, new = _joined_tracks(index, kept, gone)
    before += old
    after += new
    moved_from, moved_to = _handed_over(document, kept, gone, {each.id for each in before})
    before, after = [*before, *moved_from], [*after, *moved_to]
    lost = {each.id for each in before} - {each.id for each in after} - {gone}
    changes = exchanged(before, after)
    for key, pair in deletion("", document, lost, keep=(kept, gone)).changes.items():
        if pair[1] is None or key not in changes:  # what hangs on a box that went goes too, remarks let go
            changes[key] = pair
    return Edit("Merge tracks", changes, tool=TOOL)


def split(index: TrackIndex, track: TrackId, frame: int) -> Edit | None:
    """From this frame on another track: they were two things. The new one is in the changes.

    Attributes and states go to both, each with those of its time; it stays in the same groups, with
    intervals cut to its time. The new track has no identity in other items.
    """
    runs = index.runs(track)
    if not runs or not runs[0][0] < frame < runs[-1][1]:
        return None
    document, time_ns = index.document, index.timeline.time_ns(frame)
    old = index.track(track)
    new = replace(old, id=TrackId(new_id()), identity="", name="")
    early = windowed(index, track, [(0, frame)])
    late = windowed(index, track, [(frame, index.timeline.frames)])
    before: list[AnyEntity] = [*index.key_frames(track)]
    after: list[AnyEntity] = [new, *early, *(replace(each, track=new.id) for each in late)]
    for shape in others(index, track):
        before.append(shape)
        after += _parted(index, shape, frame, new.id)
    for state in states_of(document, track):
        if state.time_ns >= time_ns:
            before.append(state)
            after.append(replace(state, of=new.id))
    standing = state_at(document, track, time_ns)
    if standing != old.attributes and not any(each.time_ns == time_ns for each in states_of(document, track)):
        after.append(State(EntityId(new_id()), new.id, time_ns, standing))
    for key in document.memberships(track):
        member = document.get(key)
        if isinstance(member, Member):
            before.append(member)
            after += _shared_out(member, new.id, time_ns)
    for key in document.referrers(track, "on"):
        remark = document.get(key)
        if isinstance(remark, Remark) and (place := frame_of(index, remark)) is not None and place >= frame:
            before.append(remark)
            after.append(replace(remark, on=new.id))
    return Edit("Split track", exchanged(before, after), tool=TOOL)


def swapped(index: TrackIndex, first: TrackId, second: TrackId, frame: int) -> Edit | None:
    """From this frame on each is the other: mends two things that took each other's identity.

    Groups, attributes and states stay with the track, since they were said of the thing at its start.
    """
    if first == second or not {first, second} <= set(index.tracks):
        return None
    frames = index.timeline.frames
    before: list[AnyEntity] = []
    after: list[AnyEntity] = []
    for own, other in ((first, second), (second, first)):
        late = [replace(each, track=own) for each in windowed(index, other, [(frame, frames)])]
        cuboids = linked([*windowed(index, own, [(0, frame)]), *late])
        if not cuboids:
            return None  # all of one thing before the frame and all of the other after it: merge them
        before += index.key_frames(own)
        after += cuboids
        for shape in others(index, own):
            before.append(shape)
            place = frame_of(index, shape)
            is_late = place is not None and place >= frame
            after.append(replace(shape, track=other) if is_late else shape)
    changes = exchanged(before, after)
    return Edit("Swap tracks from here", changes, tool=TOOL) if changes else None


def _solid(cuboids: list[Cuboid], index: TrackIndex, track: TrackId) -> list[Cuboid]:
    """Without the key frames that only hold a track after its last one."""
    last = index.key_frames(track)[-1].frame
    return [each for each in cuboids if each.frame <= last]


def _place(shape: AnyEntity) -> tuple[object, ...] | None:
    if not isinstance(shape, FrameShape):
        return None
    return type(shape), shape.stream, shape.frame


def _joined_tracks(
    index: TrackIndex, kept: TrackId, gone: TrackId
) -> tuple[list[AnyEntity], list[AnyEntity]]:
    """The two tracks, and what is left of them: one, and states where their attributes differ."""
    document, one, other = index.document, index.track(kept), index.track(gone)
    differs = _differing(one, other)
    joined = replace(
        one,
        attributes=tuple(sorted((dict(other.attributes) | dict(one.attributes)).items())),
        identity=one.identity or other.identity,
        name=one.name or other.name,
    )
    states: list[AnyEntity] = []
    if differs:
        keys = index.key_frames(gone)
        start, stop = index.timeline.time_ns(keys[0].frame), index.timeline.end_ns(keys[-1].frame)
        taken = {each.time_ns for track in (kept, gone) for each in states_of(document, track)}
        if start not in taken:
            said = dict(differs) | dict(_said_at(document, gone, start))
            states.append(State(EntityId(new_id()), kept, start, tuple(sorted(said.items()))))
        if index.key_frames(kept)[-1].frame > keys[-1].frame and stop not in taken:
            states.append(State(EntityId(new_id()), kept, stop, _said_at(document, kept, stop)))
    return [one, other], [joined, *states]


def _differing(one: Track, other: Track) -> Attributes:
    """What `other` says otherwise than `one` does."""
    held = dict(one.attributes)
    return tuple((name, value) for name, value in other.attributes if held.get(name, value) != value)


def _said_at(document: Document, track: TrackId, time_ns: int) -> Attributes:
    """What the state of a track says at a time, beyond its standing attributes."""
    past = [each for each in states_of(document, track) if each.time_ns <= time_ns]
    return past[-1].attributes if past else ()


def _handed_over(
    document: Document, kept: TrackId, gone: TrackId, done: set[EntityId]
) -> tuple[list[AnyEntity], list[AnyEntity]]:
    """What points at `gone` and is no shape of it, pointing at `kept`."""
    before: list[AnyEntity] = []
    after: list[AnyEntity] = []
    differs: Attributes = ()
    one, other = document.get(kept), document.get(gone)
    if isinstance(one, Track) and isinstance(other, Track):
        differs = _differing(one, other)
    members: dict[tuple[EntityId, str], Member] = {}
    for key in document.memberships(kept):
        member = document.get(key)
        if isinstance(member, Member):
            members.setdefault((member.group, member.role), member)
    for key in document.referrers(gone):
        held = document.get(key)
        if held is None or key in done:
            continue
        before.append(held)
        if isinstance(held, Member) and (own := members.get((held.group, held.role))) is not None:
            # in the same group with the same role: one member, over the times of both
            times = as_intervals(union(times_of(own), times_of(held)))
            before.append(own)
            after.append(replace(own, intervals=times))
            members[held.group, held.role] = replace(own, intervals=times)
            continue
        moved = replace(held, **{field: kept for field, target in references(held) if target == gone})
        if isinstance(
            moved, State
        ):  # it says all that differs from what the track says, which is another now
            said = dict(differs) | dict(moved.attributes)
            moved = replace(moved, attributes=tuple(sorted(said.items())))
        if isinstance(moved, Relation) and moved.source == moved.target:
            continue  # it said how the two stand to each other, and they are one
        after.append(moved)
    return before, after


def _parted(index: TrackIndex, shape: AnyEntity, frame: int, later: TrackId) -> list[AnyEntity]:
    """A shape of a track that is split at a frame, on its side; a stretch of time over the cut, in two."""
    time_ns = index.timeline.time_ns(frame)
    if isinstance(shape, Interval) and shape.start_ns < time_ns < shape.end_ns:
        second = replace(shape, id=ShapeId(new_id()), track=later, start_ns=time_ns)
        return [replace(shape, end_ns=time_ns), second]
    if isinstance(shape, Interval):
        is_late = shape.start_ns >= time_ns
    else:
        place = frame_of(index, shape)
        is_late = place is not None and place >= frame
    return [replace(shape, track=later) if is_late else shape]


def _shared_out(member: Member, later: TrackId, time_ns: int) -> list[AnyEntity]:
    """A membership of a track that is split: each side keeps the times that are its own."""
    if not member.intervals:
        return [member, replace(member, id=EntityId(new_id()), entity=later)]
    found: list[AnyEntity] = []
    early = common(times_of(member), ((EARLIEST, time_ns),))
    late = common(times_of(member), ((time_ns, LATEST),))
    if early:
        found.append(replace(member, intervals=early))
    if late:
        made = EntityId(new_id()) if early else member.id
        found.append(replace(member, id=made, entity=later, intervals=late))
    return found
