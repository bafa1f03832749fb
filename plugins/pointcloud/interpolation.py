"""Key frames of tracks, and the cuboids between them: computed, never stored.

The cuboids of a track on the reference stream are its key frames. Between two of them it moves in the world
as `motion` says. After one with `ends_here` nothing is seen of it until the next. After the last one it
stands still in the world until the end of the item (*held*), which is right for what is parked and shows at
once where a person has to go on.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from plugins.pointcloud import motion
from plugins.pointcloud.timeline import Timeline
from studio.domain.document import Document
from studio.domain.entities import Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, StreamId, TrackId
from studio.domain.space import Floats
from studio.domain.values import XYZ, Attributes, Quaternion
from studio.domain.wire.projects import Stream

# what stands behind a cuboid at a frame: who made the key frame, or that it is computed
STATES = ("hand", "auto", "model", "between", "held")
BETWEEN, HELD = 3, 4

_CACHED = 8_192  # places computed at once: their arrays stay in the processor's cache
_MANY = 48  # tracks changed at once, from which on all are made anew: one pass of numpy over everything


class Interpolated(Struct, frozen=True, gc=False):
    """A cuboid that no person placed: as `Cuboid`, in the ego frame at its frame, and no entity."""

    track: TrackId
    stream: StreamId
    frame: int
    centre: XYZ
    size: XYZ
    rotation: Quaternion
    attributes: Attributes  # of the key frame before
    before: EntityId
    after: EntityId | None  # None: held


class Placed(NamedTuple):
    """The cuboids that are seen at one frame, a row each. Ego frame at that frame, or the world."""

    tracks: list[TrackId]
    centres: Floats  # (N, 3)
    sizes: Floats  # (N, 3)
    rotations: Floats  # (N, 4)
    states: NDArray[np.uint8]  # (N,), numbers in `STATES`


class Sweep(NamedTuple):
    """All tracks at the frames [first, first + F): axes are frame, then track, then x, y, z (, w)."""

    tracks: list[TrackId]  # R of them
    first: int
    seen: NDArray[np.bool_]  # (F, R); where False, the rest means nothing
    centres: Floats  # (F, R, 3)
    sizes: Floats  # (F, R, 3)
    rotations: Floats  # (F, R, 4)
    states: NDArray[np.uint8]  # (F, R)


class _Block(NamedTuple):
    """The key frames of one track, in order of frames; K columns."""

    cuboids: tuple[Cuboid, ...]
    frames: NDArray[np.intp]
    rows: Floats  # (motion.ROWS, K), in the world
    own: Floats  # (7, K): centre and unit rotation as stored, in the ego frame
    ends: NDArray[np.bool_]
    made: NDArray[np.uint8]


class _Flat(NamedTuple):
    """The blocks of all tracks behind each other."""

    offsets: NDArray[np.intp]  # (R + 1,): track r has columns offsets[r] to offsets[r + 1]
    place: NDArray[np.intp]  # (K,) growing: the track's number * frames of the item + the frame
    frames: NDArray[np.intp]
    rows: Floats
    own: Floats
    ends: NDArray[np.bool_]
    made: NDArray[np.uint8]


def key_frames(document: Document, track: TrackId, stream: StreamId) -> list[Cuboid]:
    """The key frames of a track in order of frames; of two at one frame, the one that was made later."""
    found: dict[int, Cuboid] = {}
    for key in sorted(document.referrers(track)):  # ids grow with the time at which they were made
        shape = document.get(key)
        if isinstance(shape, Cuboid) and shape.stream == stream:
            found[shape.frame] = shape
    return [found[frame] for frame in sorted(found)]


def runs_of(cuboids: Sequence[Cuboid], frames: int) -> list[tuple[int, int]]:
    """The stretches [first, stop) at which a track of these key frames is seen, of an item of so many frames.

    cuboids: in order of frames.
    """
    found: list[tuple[int, int]] = []
    stops = [*(each.frame for each in cuboids[1:]), frames]
    for cuboid, follows in zip(cuboids, stops, strict=False):  # of no cuboids there is still the last stop
        stop = cuboid.frame + 1 if cuboid.ends_here else follows
        if found and found[-1][1] == cuboid.frame:
            found[-1] = (found[-1][0], stop)
        else:
            found.append((cuboid.frame, stop))
    return found


class TrackIndex:
    """The key frames of a document as arrays, kept in step with it by `refresh`.

    Cuboids beyond the last frame of the reference stream are left out. A test compares it with one made
    anew after every step of random Edits.
    """

    def __init__(self, document: Document, streams: Sequence[Stream]) -> None:
        self.document = document
        self._streams = tuple(streams)
        self._poses: dict[EntityId, EgoPose] = {}
        self._track_of: dict[EntityId, TrackId] = {}
        self._blocks: dict[TrackId, _Block] = {}
        self._flat: _Flat | None = None
        self._order: list[TrackId] = []  # of the columns of `_flat`
        self._places: dict[TrackId, int] = {}
        self.generation = 0  # grows when another track has a key frame, or one has none any more
        self.timeline = Timeline(self._streams)
        self.rebuild()

    def rebuild(self) -> None:
        """Everything anew from the document."""
        self.generation += 1
        self._poses = {each.id: each for each in self.document.of_kind(EgoPose)}
        self.timeline = Timeline(self._streams, self._poses.values())
        held: dict[TrackId, dict[int, Cuboid]] = {}
        self._track_of = {}
        for entity in self.document.of_kind(Cuboid):
            if self._is_key_frame(entity):
                self._track_of[entity.id] = entity.track
                by_frame = held.setdefault(entity.track, {})
                rival = by_frame.get(entity.frame)
                if rival is None or rival.id < entity.id:
                    by_frame[entity.frame] = entity
        self._blocks = dict(
            zip(held, self._made([[by[f] for f in sorted(by)] for by in held.values()]), strict=True)
        )
        self._flat = None

    def refresh(self, ids: Iterable[EntityId]) -> set[TrackId]:
        """Take in entities that were made, changed or removed; the tracks that now lie elsewhere.

        Cost: the key frames of those tracks; a change of an ego pose costs a `rebuild`.
        """
        touched: set[TrackId] = set()
        for key in ids:
            entity = self.document.get(key)
            if isinstance(entity, EgoPose) or key in self._poses:
                before = set(self._blocks)
                self.rebuild()
                return before | set(self._blocks)
            if (was := self._track_of.pop(key, None)) is not None:
                touched.add(was)
            if isinstance(entity, Cuboid) and self._is_key_frame(entity):
                self._track_of[key] = entity.track
                touched.add(entity.track)
        if len(touched) > _MANY:
            self.rebuild()
            return touched
        if touched:
            # sorted: the order in which tracks stand must not hang on a set's
            lists = {track: self._stored(track) for track in sorted(touched)}
            for track, block in zip(lists, self._made(list(lists.values())), strict=True):
                if block.cuboids:
                    self._put(track, block)
                else:
                    self._blocks.pop(track, None)
                    self.generation += 1
                    self._flat = None
        return touched

    @property
    def tracks(self) -> list[TrackId]:
        """The tracks that have a key frame."""
        return list(self._blocks)

    def track(self, key: TrackId) -> Track:
        """The track of this id. Raises KeyError where there is none."""
        found = self.document.get(key)
        if not isinstance(found, Track):
            raise KeyError(key)
        return found

    def key_frames(self, track: TrackId) -> tuple[Cuboid, ...]:
        """In order of frames; as the function of this name."""
        block = self._blocks.get(track)
        return block.cuboids if block else ()

    def key_frame(self, track: TrackId, frame: int) -> Cuboid | None:
        """The key frame at a frame, or None."""
        at = self._at_or_before(track, frame)
        found = self._blocks[track].cuboids[at] if at is not None else None
        return found if found is not None and found.frame == frame else None

    def neighbours(self, track: TrackId, frame: int) -> tuple[Cuboid | None, Cuboid | None]:
        """The nearest key frames before and after a frame; one at the frame itself is neither."""
        held = self.key_frames(track)
        at = bisect.bisect_left(held, frame, key=lambda each: each.frame)
        after = at + (at < len(held) and held[at].frame == frame)
        return held[at - 1] if at else None, held[after] if after < len(held) else None

    def is_seen(self, track: TrackId, frame: int) -> bool:
        """Whether anything is seen of a track at a frame."""
        at = self._at_or_before(track, frame)
        if at is None or not 0 <= frame < self.timeline.frames:
            return False
        found = self._blocks[track].cuboids[at]
        return found.frame == frame or not found.ends_here

    def runs(self, track: TrackId) -> list[tuple[int, int]]:
        """The stretches [first, stop) of frames at which a track is seen, held ones too."""
        return runs_of(self.key_frames(track), self.timeline.frames)

    def is_placed(self, track: TrackId, frame: int) -> bool:
        """Whether it has a key frame there or is computed between two: it is not only held."""
        shown = self.cuboid_at(track, frame)
        return shown is not None and not (isinstance(shown, Interpolated) and shown.after is None)

    def cuboid_at(self, track: TrackId, frame: int) -> Cuboid | Interpolated | None:
        """The key frame itself or what is computed, in the ego frame at `frame`; None: it is not seen."""
        if not self.is_seen(track, frame):
            return None
        at = self._at_or_before(track, frame)
        assert at is not None  # it is seen
        block = self._blocks[track]
        before = block.cuboids[at]
        if before.frame == frame:
            return before
        time_s = self.timeline.clock_s[[frame]]
        centres, rotations, sizes = motion.placed(block.rows, np.array([at]), time_s)
        centres, rotations = self._into_ego(centres, rotations, slice(frame, frame + 1))
        after = block.cuboids[at + 1].id if at + 1 < len(block.cuboids) else None
        return Interpolated(
            track,
            before.stream,
            frame,
            _xyz(centres[:, 0]),
            _xyz(sizes[:, 0]),
            _xyzw(rotations[:, 0]),
            before.attributes,
            before.id,
            after,
        )

    def cuboids_at(self, frame: int, world: bool = False) -> Placed:
        """All tracks that are seen at a frame, in the ego frame then or, with `world`, in the world."""
        if not 0 <= frame < self.timeline.frames or not self._blocks:
            return Placed([], np.zeros((0, 3)), np.zeros((0, 3)), np.zeros((0, 4)), np.zeros(0, np.uint8))
        flat, frames = self._all(), np.array([frame])
        # an item may have many times as many tracks as are seen at a frame: those alone are computed
        every = self._keys_at(flat, frames)[0]
        rows = np.flatnonzero(every >= 0)
        rows = rows[(flat.frames[every[rows]] == frame) | ~flat.ends[every[rows]]]
        centres, sizes, rotations, states = self._computed(flat, every[rows][None], frames, world)
        return Placed(
            [self._order[row] for row in rows.tolist()], centres[0], sizes[0], rotations[0], states[0]
        )

    def sweep(self, first: int = 0, stop: int | None = None, world: bool = False) -> Sweep:
        """All tracks at the frames [first, stop), clipped to the item's."""
        first = max(first, 0)
        stop = max(first, min(self.timeline.frames if stop is None else stop, self.timeline.frames))
        flat, shape = self._all(), (stop - first, len(self._blocks))
        found = Sweep(
            self.tracks,
            first,
            np.zeros(shape, bool),
            # each axis in one piece, since it is computed so; callers see it last
            np.moveaxis(np.zeros((3, *shape)), 0, -1),
            np.moveaxis(np.zeros((3, *shape)), 0, -1),
            np.moveaxis(np.zeros((4, *shape)), 0, -1),
            np.zeros(shape, np.uint8),
        )
        if not shape[1]:
            return found
        at_once = max(1, _CACHED // shape[1])
        for start in range(first, stop, at_once):
            self._sweep(flat, np.arange(start, min(start + at_once, stop)), world, found)
        return found

    def _sweep(self, flat: _Flat, frames: NDArray[np.intp], world: bool, found: Sweep) -> None:
        """Fill the part of `found` that belongs to a run of frames."""
        part = slice(int(frames[0]) - found.first, int(frames[-1]) - found.first + 1)
        key = self._keys_at(flat, frames)
        seen = key >= 0
        key = np.maximum(key, 0)
        found.seen[part] = seen & ((flat.frames[key] == frames[:, None]) | ~flat.ends[key])
        (found.centres[part], found.sizes[part], found.rotations[part], found.states[part]) = self._computed(
            flat, key, frames, world, seen
        )

    def _computed(
        self,
        flat: _Flat,
        key: NDArray[np.intp],
        frames: NDArray[np.intp],
        world: bool,
        seen: NDArray[np.bool_] | bool = True,
    ) -> tuple[Floats, Floats, Floats, NDArray[np.uint8]]:
        """Centres, sizes, rotations and states, (F, R, ...), from the columns (F, R) of key frames before."""
        is_key = seen & (flat.frames[key] == frames[:, None])
        times = np.broadcast_to(self.timeline.clock_s[frames][:, None], key.shape)
        centres, rotations, sizes = motion.placed(flat.rows, key, times)
        if not world:
            centres, rotations = self._into_ego(centres, rotations, frames)
            # through the world and back costs the last bits: key frames are to be what is stored
            places = np.flatnonzero(is_key)
            own = flat.own[:, key.ravel()[places]]
            centres.reshape(3, -1)[:, places] = own[:3]
            rotations.reshape(4, -1)[:, places] = own[3:]
        between = np.where(flat.rows[motion.RATE][key] > 0, BETWEEN, HELD)
        states = np.where(is_key, flat.made[key], between).astype(np.uint8)
        centres, sizes, rotations = (np.moveaxis(each, 0, -1) for each in (centres, sizes, rotations))
        return centres, sizes, rotations, states

    def _keys_at(self, flat: _Flat, frames: NDArray[np.intp]) -> NDArray[np.intp]:
        """(F, R): the column of the key frame at or before each frame, -1 before the first."""
        wanted = frames[:, None] + np.arange(len(self._blocks)) * self.timeline.frames
        if len(frames) > 8:  # a run of frames: each knows its own key frame, the rest carry it on
            grid = np.full(wanted.shape, -1, np.intp)
            grid[0] = np.searchsorted(flat.place, wanted[0], side="right") - 1
            inside = np.flatnonzero((flat.frames > frames[0]) & (flat.frames <= frames[-1]))
            rows, columns = np.divmod(flat.place[inside], self.timeline.frames)
            grid[columns - frames[0], rows] = inside
            key = np.maximum.accumulate(grid, axis=0)
        else:
            key = np.searchsorted(flat.place, wanted, side="right") - 1
        return np.where(
            key >= flat.offsets[:-1], key, -1
        )  # before its first it would be another track's last

    def _into_ego(
        self, centres: Floats, rotations: Floats, frames: NDArray[np.intp] | slice
    ) -> tuple[Floats, Floats]:
        """World -> ego at each frame of the second axis: (3, F, …) and (4, F, …)."""
        line = self.timeline
        beside = (-1,) + (1,) * (centres.ndim - 2)
        shifted = centres - line.translations[frames].T.reshape(3, *beside)
        back = line.rotations[frames].T * np.array([[-1.0], [-1.0], [-1.0], [1.0]])
        return (
            motion.turned(line.matrices[frames].transpose(0, 2, 1), shifted),
            motion.multiplied(back.reshape(4, *beside), rotations),
        )

    def _is_key_frame(self, cuboid: Cuboid) -> bool:
        return cuboid.stream == self.timeline.stream and cuboid.frame < self.timeline.frames

    def _stored(self, track: TrackId) -> list[Cuboid]:
        found = key_frames(self.document, track, self.timeline.stream)
        return [each for each in found if each.frame < self.timeline.frames]

    def _at_or_before(self, track: TrackId, frame: int) -> int | None:
        held = self.key_frames(track)
        at = bisect.bisect_right(held, frame, key=lambda each: each.frame) - 1
        return at if at >= 0 else None

    def _made(self, lists: list[list[Cuboid]]) -> list[_Block]:
        """Blocks of key frames, of all tracks in one pass."""
        cuboids = [each for some in lists for each in some]
        frames = np.array([each.frame for each in cuboids], np.intp)
        given = np.array([(*c.centre, *c.rotation, *c.size) for c in cuboids], float).reshape(-1, 10).T
        own: Floats = np.ascontiguousarray(given[:7])
        own[3:] = _units(own[3:])
        ends = np.array([each.ends_here for each in cuboids], bool)
        made = np.array([STATES.index(each.made) for each in cuboids], np.uint8)
        line = self.timeline
        centres = motion.turned(line.matrices[frames], own[:3]) + line.translations[frames].T
        rotations = motion.multiplied(line.rotations[frames].T, own[3:])
        stops = np.cumsum([len(some) for some in lists], dtype=np.intp)
        joined = ~ends
        joined[stops[stops > 0] - 1] = False
        rows = motion.table(centres, rotations, given[7:], line.clock_s[frames], joined)
        blocks = []
        for some, stop in zip(lists, stops.tolist(), strict=True):
            part = slice(stop - len(some), stop)
            blocks.append(
                _Block(
                    tuple(cuboids[part]), frames[part], rows[:, part], own[:, part], ends[part], made[part]
                )
            )
        return blocks

    def _put(self, track: TrackId, block: _Block) -> None:
        old = self._blocks.get(track)
        self._blocks[track] = block
        self.generation += old is None
        flat = self._flat
        if old is None or flat is None or not np.array_equal(old.frames, block.frames):
            self._flat = None
            return
        start = int(flat.offsets[self._places[track]])
        part = slice(start, start + len(block.frames))
        flat.rows[:, part], flat.own[:, part] = block.rows, block.own
        flat.ends[part], flat.made[part] = block.ends, block.made

    def _all(self) -> _Flat:
        if self._flat is None:
            blocks = list(self._blocks.values())
            self._order = list(self._blocks)
            self._places = {track: place for place, track in enumerate(self._order)}
            counts = np.array([0, *(len(each.frames) for each in blocks)], np.intp)
            # an empty one first, so that no tracks at all have arrays too
            blocks = [*self._made([[]]), *blocks]
            frames = np.concatenate([each.frames for each in blocks])
            row = np.repeat(np.arange(len(counts) - 1), counts[1:])
            self._flat = _Flat(
                np.cumsum(counts),
                row * self.timeline.frames + frames,
                frames,
                np.concatenate([each.rows for each in blocks], axis=1),
                np.concatenate([each.own for each in blocks], axis=1),
                np.concatenate([each.ends for each in blocks]),
                np.concatenate([each.made for each in blocks]),
            )
        return self._flat


def _units(rotations: Floats) -> Floats:
    """(4, K) with length 1; no rotation where all four are 0."""
    largest = np.abs(rotations).max(axis=0, initial=0.0)
    out: Floats = np.where(largest > 0, rotations, np.array([[0.0], [0.0], [0.0], [1.0]]))
    out /= np.where(largest > 0, largest, 1.0)
    out /= np.linalg.norm(out, axis=0)
    return out


def _xyz(values: Floats) -> XYZ:
    x, y, z = (each + 0.0 for each in values.tolist())
    return x, y, z


def _xyzw(values: Floats) -> Quaternion:
    x, y, z, w = (each + 0.0 for each in values.tolist())
    return (x, y, z, w) if w >= 0 else (-x + 0.0, -y + 0.0, -z + 0.0, -w)
