"""From what a model found in each sweep to tracks, as people make them: one class and one size each."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from plugins.pointcloud.proposer.following import as_world, followed
from plugins.pointcloud.proposer.guessing import Sizes, sizes_of
from plugins.pointcloud.proposer.sweeps import Found
from plugins.pointcloud.timeline import Timeline
from studio.domain.contracts.training import Layer, Seen
from studio.domain.entities import AnyEntity, Cuboid, Track
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.space import Floats, turn, wrapped, yaw_of

FIRM = 0.1  # score from which on a find may begin a track; models are less sure of themselves than geometry
MOST_CUBOIDS = 300  # of one sweep; a model that sees more is not to be believed


class _Sighting(NamedTuple):
    """One thing that was found. row: (7,) centre, size, yaw in the ego frame then; heading: in the world."""

    frame: int
    class_name: str
    score: float
    row: Floats
    heading: float


def tracks_of(timeline: Timeline, seen: Sequence[tuple[int, Sequence[Seen]]]) -> Layer:
    """Tracks of everything that was found, each cuboid with a score, the surest track first.

    What is found again is followed as proposals are (`proposer.following`), in the world where ego poses
    say how the car moved. Of a track the class and the size are those that its sightings say most surely; its
    front is where most of them see it. What the model found in one sweep alone, or hardly, is a track of one
    cuboid. Places and angles stay the model's. A score is the geometric mean of the model's own and its mean
    over the track: what is seen again and again is there (mAP 0.76 in place of 0.72 on generated drives).
    """
    frames = [
        (frame, sorted(found, key=lambda each: -each[1])[:MOST_CUBOIDS])
        for frame, found in sorted(seen, key=lambda each: each[0])
    ]
    tracks = sorted(
        _linked(timeline, frames), key=lambda track: -sum(each.score for each in track) / len(track)
    )
    entities: list[AnyEntity] = []
    scores: list[tuple[EntityId, float]] = []
    for sightings in tracks:
        track = Track(TrackId(new_id()), _surest_class(sightings))
        size, turned = _size(sightings, track.class_name), _turned(sightings)
        mean = sum(each.score for each in sightings) / len(sightings)
        entities.append(track)
        for number, each in enumerate(sightings):
            x, y, z = each.row[:3].tolist()
            cuboid = Cuboid(
                ShapeId(new_id()),
                track.id,
                timeline.stream,
                each.frame,
                (x, y, z + (size[2] - float(each.row[5])) / 2),  # it stays on its ground
                size,
                turn(wrapped(float(each.row[6]) + turned[number])),
                ends_here=number == len(sightings) - 1,
                made="model",
            )
            entities.append(cuboid)
            scores.append((cuboid.id, math.sqrt(each.score * mean)))
    return Layer(tuple(entities), tuple(scores))


def _linked(timeline: Timeline, frames: Sequence[tuple[int, Sequence[Seen]]]) -> list[list[_Sighting]]:
    sizes = _usual(frames)
    place = {name: number for number, name in enumerate(sizes.names)}
    worlds: list[Found] = []
    sightings: dict[tuple[int, bytes], list[_Sighting]] = {}
    for number, (frame, found) in enumerate(frames):
        rows = np.array([each[2] for each in found], np.float64).reshape(-1, 7)
        pose = timeline.pose(frame)
        heading = yaw_of(pose.rotation)
        own = Found(
            rows,
            np.array([place[name] for name, _, _ in found], np.intp),
            np.array([score for _, score, _ in found], np.float64),
            np.zeros(len(found), np.intp),
        )
        worlds.append(as_world(own, *pose.translation[:2], heading))
        for (name, score, _), row, world in zip(found, rows, worlds[-1].rows, strict=True):
            sighting = _Sighting(frame, name, score, row, float(row[6]) + heading)
            sightings.setdefault((number, world.tobytes()), []).append(sighting)
    times_s = timeline.clock_s[[frame for frame, _ in frames]] if frames else np.zeros(0)
    # popped, since the same cuboid may be said twice of one sweep
    tracks = [
        [sightings[each.frame, each.row.tobytes()].pop() for each in sights]
        for sights in followed(worlds, times_s, sizes, bool(timeline.poses), FIRM)
    ]
    return tracks + [[each] for left in sightings.values() for each in left]


def _usual(frames: Sequence[tuple[int, Sequence[Seen]]]) -> Sizes:
    """Of each class that was found, the middle of the sizes that it was found with."""
    found: dict[str, list[tuple[float, ...]]] = {}
    for _, some in frames:
        for name, _, shape in some:
            found.setdefault(name, []).append(shape[3:6])
    middles = {name: np.median(np.array(sizes), axis=0).tolist() for name, sizes in sorted(found.items())}
    return sizes_of({name: (length, width, height) for name, (length, width, height) in middles.items()})


def _surest_class(sightings: Sequence[_Sighting]) -> str:
    worth: dict[str, float] = {}
    for each in sightings:
        worth[each.class_name] = worth.get(each.class_name, 0.0) + each.score
    return max(sorted(worth), key=lambda name: worth[name])


def _size(sightings: Sequence[_Sighting], class_name: str) -> tuple[float, float, float]:
    """The mean by score of the sizes that it had as one of its class."""
    own = [each for each in sightings if each.class_name == class_name]
    sizes = np.array([each.row[3:6] for each in own])
    length, width, height = np.average(sizes, axis=0, weights=[each.score for each in own]).tolist()
    return length, width, height


def _turned(sightings: Sequence[_Sighting]) -> list[float]:
    """Half a turn for each sighting whose front is the others' rear, else 0.

    Each is compared with the one before it, so that what drives round a corner keeps its front.
    """
    flips = [0.0]
    for before, each in itertools.pairwise(sightings):
        off = wrapped(each.heading - before.heading - flips[-1])
        flips.append(math.pi if abs(off) > math.pi / 2 else 0.0)
    worth = sum(each.score * (1 if flip == 0.0 else -1) for each, flip in zip(sightings, flips, strict=True))
    return flips if worth >= 0 else [math.pi - flip for flip in flips]
