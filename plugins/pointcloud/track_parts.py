"""Taking a track apart by frames and putting it together again, so that what is seen of it stays the same."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from msgspec.structs import replace

from plugins.pointcloud.interpolation import Interpolated, TrackIndex, runs_of
from studio.domain.deletion import deletion
from studio.domain.edit import Changes, Edit
from studio.domain.entities import AnyEntity, AnyShape, Cuboid, Interval, Shape
from studio.domain.ids import ShapeId, TrackId, new_id

Window = tuple[int, int]  # frames [start, stop)


def pinned(shown: Cuboid | Interpolated, **given: object) -> Cuboid:
    """A key frame where nothing but a computed cuboid was; a key frame stays itself but for what is given."""
    if isinstance(shown, Cuboid):
        return replace(shown, **given)
    made = Cuboid(
        ShapeId(new_id()),
        shown.track,
        shown.stream,
        shown.frame,
        shown.centre,
        shown.size,
        shown.rotation,
        attributes=shown.attributes,
        made="auto",  # nobody has placed it
    )
    return replace(made, **given)


def windowed(index: TrackIndex, track: TrackId, windows: Iterable[Window]) -> list[Cuboid]:
    """The key frames that show the track where it is seen now within the windows, and nowhere else.

    Where a window cuts between key frames, what was computed there becomes one. Windows are in order and
    apart.
    """
    found: list[Cuboid] = []
    runs = index.runs(track)
    for low, high in windows:
        for first, last in runs:
            start, stop = max(first, low), min(last, high)
            if start < stop:
                found += _cut(index, track, start, stop, ends=stop < last)
    return linked(found)


def linked(cuboids: Sequence[Cuboid]) -> list[Cuboid]:
    """The same key frames, in order, without an end before one on the very next frame."""
    held = sorted(cuboids, key=lambda each: each.frame)
    for at, (one, following) in enumerate(pairwise(held)):
        if one.ends_here and following.frame == one.frame + 1:
            held[at] = replace(one, ends_here=False)
    return held


def solid_runs(index: TrackIndex, track: TrackId) -> list[Window]:
    """The stretches at which a track is seen, without the one in which it is only held after its last."""
    held, runs = index.key_frames(track), index.runs(track)
    return [(first, min(stop, held[-1].frame + 1)) for first, stop in runs]


def beside(windows: Iterable[Window], frames: int) -> list[Window]:
    """The frames of an item that are in none of the windows, which are in order."""
    found, start = [], 0
    for low, high in (each for each in windows if each[0] < each[1]):
        if start < low:
            found.append((start, low))
        start = max(start, high)
    return [*found, (start, frames)] if start < frames else found


def others(index: TrackIndex, track: TrackId) -> list[AnyShape]:
    """The shapes of a track that are not its key frames: boxes pinned in cameras, sounds, words."""
    keys = {each.id for each in index.key_frames(track)}
    held = (index.document.get(key) for key in index.document.referrers(track, "track") if key not in keys)
    return [each for each in held if isinstance(each, Shape)]


def frame_of(index: TrackIndex, shape: AnyEntity) -> int | None:
    """The frame of the reference stream beside which a shape is shown; None for one without a frame.

    A sound or another stretch of time is shown where it begins.
    """
    if isinstance(shape, Interval):
        return index.timeline.frame_at(shape.start_ns)
    frame, stream = getattr(shape, "frame", None), getattr(shape, "stream", None)
    return None if frame is None else index.timeline.reference_frame(stream, frame)


def exchanged(before: Iterable[AnyEntity], after: Iterable[AnyEntity]) -> Changes:
    """The changes that make the entities `before` those of `after`; what stays the same drops out."""
    old = {each.id: each for each in before}
    new = {each.id: each for each in after}
    keys = dict.fromkeys([*old, *new])
    return {key: (old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)}


def rekeyed(
    title: str, index: TrackIndex, track: TrackId, after: Sequence[Cuboid], tool: str = "track"
) -> Edit | None:
    """The Edit that gives a track other key frames.

    Boxes pinned in cameras at frames where it is seen no more go with them; with its last shape the track
    goes, and all that hangs on it.
    """
    frames = index.timeline.frames
    lost = _frames(index.runs(track)) - _frames(runs_of(sorted(after, key=lambda each: each.frame), frames))
    stale = [each for each in others(index, track) if frame_of(index, each) in lost]
    keys = {each.id for each in after}
    dropped = [each for each in index.key_frames(track) if each.id not in keys]
    kept = [each for each in index.key_frames(track) if each.id in keys]
    gone = [each.id for each in (*stale, *dropped)]
    removal = deletion(title, index.document, gone, tool, keep=(track,) if after else ())
    return removal.then(Edit(title, exchanged(kept, after), tool=tool)) or None


def _cut(index: TrackIndex, track: TrackId, start: int, stop: int, *, ends: bool) -> list[Cuboid]:
    held = {each.frame: each for each in index.key_frames(track) if start <= each.frame < stop}
    if start not in held:
        held[start] = pinned(_shown(index, track, start))
    if ends:
        last = stop - 1
        held[last] = pinned(held.get(last) or _shown(index, track, last), ends_here=True)
    return list(held.values())


def _shown(index: TrackIndex, track: TrackId, frame: int) -> Cuboid | Interpolated:
    found = index.cuboid_at(track, frame)
    assert found is not None, "a run holds frames at which the track is seen"
    return found


def _frames(runs: Iterable[Window]) -> set[int]:
    return {frame for start, stop in runs for frame in range(start, stop)}
