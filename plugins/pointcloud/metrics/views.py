"""Cuboids of labels and predictions as arrays, one view for each frame that is judged."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from plugins.judging import Ints
from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.metrics.points_inside import UNKNOWN, counted
from studio.domain.contracts.training import Judged
from studio.domain.document import Document
from studio.domain.entities import Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, ItemId, StreamId, TrackId
from studio.domain.overlap import rows_of
from studio.domain.space import Floats
from studio.domain.wire.evaluation import Placement


class Side(NamedTuple):
    """The N labels or predictions of one frame, in the ego frame then; predictions by falling score."""

    rows: Floats  # (N, 7) as `studio.domain.overlap` has them
    placements: tuple[Placement, ...]
    ids: tuple[EntityId, ...]  # the cuboid's own; of a computed one its track's
    tracks: Ints  # (N,) numbers of tracks within the item
    classes: Ints  # (N,) places in the list given to `views_of`
    scores: Floats  # (N,) 1 for labels
    points: Ints  # (N,) how many points each holds; UNKNOWN where nobody counted


class View(NamedTuple):
    """One frame of the reference stream."""

    place: int  # of the item among those judged
    item: ItemId
    item_name: str
    revision: int
    stream: StreamId
    frame: int
    labels: Side
    predictions: Side


def views_of(items: Iterable[Judged], classes: Sequence[str], count_points: bool = False) -> list[View]:
    """The views of `items`: every frame of each, since a frame without any cuboid counts as well.

    `classes` must hold every class that occurs. Labels between key frames are computed, as people saw them.
    """
    place = {name: index for index, name in enumerate(classes)}
    return [view for index, item in enumerate(items) for view in _views(index, item, place, count_points)]


def _views(index: int, item: Judged, place: dict[str, int], count_points: bool) -> Iterable[View]:
    stream, frames = _reference(item)
    label_sides = _labels(item, stream, frames, place)
    predicted_sides = _predictions(item, stream, place)
    nothing = _side([], [], [], [], [])
    for frame in range(frames):
        labels = label_sides.get(frame, nothing)
        predictions = predicted_sides.get(frame, nothing)
        if count_points:
            both = counted(item, stream, frame, [*labels.placements, *predictions.placements])
            labels = labels._replace(points=both[: len(labels.rows)])
            predictions = predictions._replace(points=both[len(labels.rows) :])
        yield View(index, ItemId(item.item), item.name, item.revision, stream, frame, labels, predictions)


def _reference(item: Judged) -> tuple[StreamId, int]:
    """The first points stream and how many frames it has; of an item without streams, by its cuboids."""
    for stream in item.streams:
        if stream.kind == "points":
            return stream.id, stream.frames
    seen = [each for each in (*item.labels, *item.predictions) if isinstance(each, Cuboid)]
    if not seen:
        return item.stream, 1
    return seen[0].stream, max(each.frame for each in seen) + 1


def _labels(item: Judged, stream: StreamId, frames: int, place: dict[str, int]) -> dict[int, Side]:
    tracks = {each.id: each for each in item.labels if isinstance(each, Track)}
    cuboids = [each for each in item.labels if isinstance(each, Cuboid) and each.stream == stream]
    if not any(each.kind == "points" for each in item.streams):
        return _by_frame(cuboids, tracks, place, {each.id: 1.0 for each in cuboids})
    poses = [each for each in item.labels if isinstance(each, EgoPose)]
    index = TrackIndex(Document((*tracks.values(), *cuboids, *poses)), item.streams)
    made = {(each.track, each.frame): each.id for each in cuboids}
    drive = index.sweep(0, frames)
    found: dict[int, Side] = {}
    for frame in range(frames):
        seen = np.flatnonzero(drive.seen[frame]).tolist()
        names = [drive.tracks[number] for number in seen]
        parts = (drive.centres[frame, seen], drive.sizes[frame, seen], drive.rotations[frame, seen])
        found[frame] = _side(
            [Placement(*map(tuple, each)) for each in zip(*(part.tolist() for part in parts), strict=True)],
            [made.get((track, frame), track) for track in names],
            seen,
            [place[tracks[track].class_name] for track in names],
            [1.0] * len(seen),
        )
    return found


def _predictions(item: Judged, stream: StreamId, place: dict[str, int]) -> dict[int, Side]:
    tracks = {each.id: each for each in item.predictions if isinstance(each, Track)}
    cuboids = [each for each in item.predictions if isinstance(each, Cuboid) and each.stream == stream]
    return _by_frame(cuboids, tracks, place, dict(item.scores))


def _by_frame(
    cuboids: Sequence[Cuboid],
    tracks: dict[TrackId, Track],
    place: dict[str, int],
    scores: dict[EntityId, float],
) -> dict[int, Side]:
    numbers = {track: number for number, track in enumerate(tracks)}
    frames: dict[int, list[Cuboid]] = {}
    # a stable sort: equal scores keep the order that they came in
    for each in sorted(cuboids, key=lambda cuboid: -scores.get(cuboid.id, 0.0)):
        frames.setdefault(each.frame, []).append(each)
    return {
        frame: _side(
            [Placement(each.centre, each.size, each.rotation) for each in seen],
            [each.id for each in seen],
            [numbers[each.track] for each in seen],
            [place[tracks[each.track].class_name] for each in seen],
            [scores.get(each.id, 0.0) for each in seen],
        )
        for frame, seen in frames.items()
    }


def _side(
    placements: Sequence[Placement],
    ids: Sequence[EntityId],
    tracks: Sequence[int],
    classes: Sequence[int],
    scores: Sequence[float],
) -> Side:
    return Side(
        rows_of(placements),
        tuple(placements),
        tuple(ids),
        np.array(tracks, np.int64),
        np.array(classes, np.int64),
        np.array(scores, np.float64),
        np.full(len(placements), UNKNOWN, np.int64),
    )
