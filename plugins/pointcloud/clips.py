"""A long drive cut into clips of one sequence, as an import brings it in. No Qt.

Clips share no frame. What is seen at a frame of the drive is seen at that frame of its clip, at the same
place: where the cut goes between two key frames, what was computed there becomes one on either side. A track
or group in several clips has one identity in all of them; ids are new, since an entity belongs to one item.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from msgspec import Struct
from msgspec.structs import replace
from numpy.typing import NDArray

from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.lanes import WORLD
from plugins.pointcloud.timeline import Timeline
from plugins.pointcloud.track_parts import windowed
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.document import Document
from studio.domain.entities import (
    AnyEntity,
    Calibration,
    CoordinateSystem,
    Cuboid,
    EgoPose,
    FrameShape,
    Group,
    Interval,
    Member,
    PluginShape,
    Polyline3,
    Relation,
    Remark,
    Segment,
    Shape,
    Span,
    Span2,
    State,
    Tag,
    Tile,
    Track,
    references,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.intervals import EARLIEST, LATEST, as_intervals, common, times_of
from studio.domain.space import as_xyz, frame_time, outward
from studio.domain.wire.projects import Stream

BESIDE_M = 80.0  # from the car's way: lines on the ground that are nearer belong to a clip, too


def cut(read: ReadItem, frames: int) -> Iterator[ReadItem]:
    """The item as clips of at most so many frames of its reference stream; a shorter one as it is.

    They are named after their first frame (`drive#000100`), so that they follow each other by name. What a
    format carries beyond the model (`sidecar`) is of the whole drive, and stays behind.
    """
    streams = [_counted(file) for file in read.media]
    total = Timeline(streams).frames
    if frames < 1 or total <= frames:
        yield read
        return
    try:
        index = TrackIndex(Document(read.entities), streams)
    except AtelierError:  # its labels cannot stand as they are: the import names it, and why
        yield read
        return
    drive = _Drive(read, streams, index)
    for first in range(0, total, frames):
        yield drive.clip(first, min(first + frames, total))


class _Window(Struct, frozen=True):
    """Which part of the drive a clip is: frames [first, stop) of the reference stream, times [low, high)."""

    first: int
    stop: int
    low: int
    high: int
    places: dict[StreamId, dict[int, int]]  # of each stream that is left: frame in the drive -> in the clip


class _Drive:
    """What is looked up for every clip."""

    def __init__(self, read: ReadItem, streams: list[Stream], index: TrackIndex) -> None:
        self._read = read
        self._streams = streams
        self._index = index
        self._beside = {each.id: self._reference_frames(each) for each in streams}
        self._by_id = {each.id: each for each in read.entities}
        self._pose_times = sorted(each.time_ns for each in read.entities if isinstance(each, EgoPose))
        shown = {each.track for each in read.entities if isinstance(each, Shape)}
        filled = {each.group for each in read.entities if isinstance(each, Member)}
        # what nothing points at is of no frame: it stays with the first clip
        self._lone = {e.id for e in read.entities if isinstance(e, Track) and e.id not in shown}
        self._lone |= {e.id for e in read.entities if isinstance(e, Group) and e.id not in filled}
        self._identities = dict(self._identified())

    def clip(self, first: int, stop: int) -> ReadItem:
        """The frames [first, stop) as an item of their own."""
        line, total = self._index.timeline, self._index.timeline.frames
        low = line.time_ns(first) if first else EARLIEST
        high = line.time_ns(stop) if stop < total else LATEST
        window = _Window(first, stop, low, high, self._places(first, stop))
        found = self._entities(window)
        blobs = {each.blob for each in found if isinstance(each, Tile | PluginShape)}
        return replace(
            self._read,
            source=f"{self._read.source}#{first:06d}",
            media=tuple(self._media(window)),
            entities=tuple(_renamed(found)),
            sequence=self._read.sequence or self._read.source,
            sidecar=b"",
            blobs=tuple(each for each in self._read.blobs if each[0] in blobs),
        )

    # Streams

    def _reference_frames(self, stream: Stream) -> NDArray[np.int64]:
        """(N,) for each frame of a stream the frame of the reference stream that it is shown beside."""
        line = self._index.timeline
        return np.array([line.reference_frame(stream.id, frame) for frame in range(stream.frames)], np.int64)

    def _places(self, first: int, stop: int) -> dict[StreamId, dict[int, int]]:
        found: dict[StreamId, dict[int, int]] = {}
        for stream in self._streams:
            beside = self._beside[stream.id]
            kept = np.flatnonzero((beside >= first) & (beside < stop)).tolist()
            if stream.frames == 1:
                kept = [0]  # of no moment of its own: a recording, a map
            if kept:
                found[stream.id] = {old: new for new, old in enumerate(kept)}
        return found

    def _media(self, window: _Window) -> Iterator[MediaFile]:
        for file, stream in zip(self._read.media, self._streams, strict=True):
            if (places := window.places.get(stream.id)) is None:
                continue
            times = tuple(frame_time(stream, frame) for frame in places) if stream.frames > 1 else ()
            paths = tuple(file.paths[frame] for frame in places if frame < len(file.paths))
            part = replace(stream, frames=len(places), times_ns=times or stream.times_ns)
            yield replace(file, stream=part, paths=paths)

    # Entities

    def _identified(self) -> Iterator[tuple[EntityId, str]]:
        """By what each track and group is known in every clip: from the order in the file, as ids are of one
        reading only."""
        for number, each in enumerate(self._read.entities):
            if isinstance(each, Track | Group):
                yield each.id, each.identity or f"{self._read.source[-400:]} {number}"

    def _entities(self, window: _Window) -> list[AnyEntity]:
        """Those of the clip, in the order of the drive, with their old ids."""
        found: dict[EntityId, AnyEntity] = {}
        for track in self._index.tracks:
            for cuboid in windowed(self._index, track, [(window.first, window.stop)]):
                # the cut itself is no end: over it the track goes on
                goes_on = cuboid.frame == window.stop - 1 and cuboid != self._by_id.get(cuboid.id)
                ends = cuboid.ends_here and not goes_on
                found[cuboid.id] = replace(cuboid, frame=cuboid.frame - window.first, ends_here=ends)
        for entity in self._read.entities:
            if (kept := self._within(entity, window)) is not None:
                found[kept.id] = kept
        found |= {key: self._by_id[key] for key in self._lone if window.first == 0}
        found |= {each.track: self._by_id[each.track] for each in found.values() if isinstance(each, Shape)}
        self._add_groups(found, window)
        self._add_states(found, window)
        whole = _without_loose_ends(found)
        order = {key: number for number, key in enumerate(self._by_id)}
        ordered = sorted(whole.values(), key=lambda each: order.get(each.id, len(order)))
        return [self._known(each) for each in ordered]

    def _known(self, entity: AnyEntity) -> AnyEntity:
        if isinstance(entity, Track | Group):
            return replace(entity, identity=self._identities[entity.id])
        return entity

    def _within(self, entity: AnyEntity, window: _Window) -> AnyEntity | None:
        """What is left of an entity in a clip, by its frame or time alone; None: nothing."""
        match entity:
            case Polyline3():
                return self._line(entity, window)
            case FrameShape() | Tile():
                if isinstance(entity, Cuboid) and entity.stream == self._index.timeline.stream:
                    return None  # a key frame came with its track
                place = window.places.get(entity.stream, {}).get(entity.frame)
                return None if place is None else replace(entity, frame=place)
            case Interval():
                spans = common([(entity.start_ns, entity.end_ns)], [_times(window)])
                return replace(entity, start_ns=spans[0][0], end_ns=spans[0][1]) if spans else None
            case Segment():
                return entity if _begins_in(window, entity.start_ns) else None
            case PluginShape() | Tag() | Remark():
                return _framed(entity, window)
            case EgoPose():
                return entity if self._is_near(entity, window) else None
            case Calibration():
                return entity if entity.stream in window.places else None
            case CoordinateSystem() | Span() | Relation():
                return entity
        return None

    def _line(self, line: Polyline3, window: _Window) -> Polyline3 | None:
        """A line on the ground: in the clip where it was drawn, and in those that drive past it."""
        place = window.places.get(line.stream, {}).get(line.frame)
        if place is not None:
            return replace(line, frame=place)
        clock = self._index.timeline
        there = window.places.get(line.stream)
        if not clock.poses or not there:
            return None
        points = np.array(line.points)
        if line.coordinate_system != WORLD:
            points = outward(clock.pose(clock.reference_frame(line.stream, line.frame)), points)
        way = clock.translations[window.first : window.stop, None, :2]
        if np.linalg.norm(way - points[None, :, :2], axis=-1).min() > BESIDE_M:
            return None
        fixed = tuple(as_xyz(each) for each in points)
        return replace(line, frame=0, points=fixed, coordinate_system=WORLD)

    def _is_near(self, pose: EgoPose, window: _Window) -> bool:
        """Whether a pose is of the clip, or one of the two beside it, between which its edges lie."""
        times = self._pose_times
        low = max(int(np.searchsorted(times, window.low)) - 1, 0)
        high = min(int(np.searchsorted(times, window.high)), len(times) - 1)
        return times[low] <= pose.time_ns <= times[high]

    def _add_groups(self, found: dict[EntityId, AnyEntity], window: _Window) -> None:
        """Members that are left, and the groups that still have one, from the inside outwards."""
        waiting: list[Member] = []
        for each in self._read.entities:
            if isinstance(each, Member) and (times := common(times_of(each), [_times(window)])):
                kept = each.intervals if not each.intervals else as_intervals(times)
                waiting.append(replace(each, intervals=kept))
        grew = True
        while grew:
            grew = False
            for member in waiting:
                if member.id not in found and member.entity in found and member.group in self._by_id:
                    found[member.id] = member
                    found[member.group] = self._by_id[member.group]
                    grew = True

    def _add_states(self, found: dict[EntityId, AnyEntity], window: _Window) -> None:
        """States of its time, and of each thing the one that is in force when it begins."""
        before: dict[EntityId, State] = {}
        states = (each for each in self._read.entities if isinstance(each, State) and each.of in found)
        for state in sorted(states, key=lambda each: each.time_ns):
            if window.low <= state.time_ns < window.high:
                found[state.id] = state
            elif state.time_ns < window.low:
                before[state.of] = replace(state, time_ns=window.low)
        taken = {(each.of, each.time_ns) for each in found.values() if isinstance(each, State)}
        found |= {each.id: each for each in before.values() if (each.of, window.low) not in taken}


def _counted(file: MediaFile) -> Stream:
    return replace(file.stream, frames=max(file.stream.frames, len(file.paths)))


def _times(window: _Window) -> Span2:
    return window.low, window.high


def _begins_in(window: _Window, time_ns: int | None) -> bool:
    """Whether something belongs to a clip by when it begins; what has no time belongs to the first."""
    return window.low == EARLIEST if time_ns is None else window.low <= time_ns < window.high


def _framed(entity: PluginShape | Tag | Remark, window: _Window) -> AnyEntity | None:
    """What may have a frame: in its clip; without one in every clip, a remark on nothing in the first."""
    if entity.frame is not None and entity.stream is not None:
        place = window.places.get(entity.stream, {}).get(entity.frame)
        return None if place is None else replace(entity, frame=place)
    if entity.stream is not None and entity.stream not in window.places:
        return None
    if isinstance(entity, Tag) and entity.interval is not None:
        spans = common([entity.interval], [_times(window)])
        return replace(entity, interval=spans[0]) if spans else None
    if isinstance(entity, Remark) and entity.on is None and window.low != EARLIEST:
        return None
    return entity


def _without_loose_ends(found: Mapping[EntityId, AnyEntity]) -> dict[EntityId, AnyEntity]:
    """Without what points at something that is not in the clip, and what points at that."""
    kept = dict(found)
    while gone := [
        key for key, each in kept.items() if any(target not in kept for _, target in references(each))
    ]:
        for key in gone:
            del kept[key]
    return kept


def _renamed(entities: Iterable[AnyEntity]) -> Iterator[AnyEntity]:
    """The same under new ids: the next clip holds some of them, too."""
    held = list(entities)
    fresh = {each.id: EntityId(new_id()) for each in held}
    for each in held:
        pointing = {field: fresh[target] for field, target in references(each)}
        yield replace(each, id=fresh[each.id], **pointing)
