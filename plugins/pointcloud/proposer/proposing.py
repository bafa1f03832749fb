"""From sweeps to tracks: one class and one size each, smoothed in the world, back in the ego frame."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from plugins.pointcloud.proposer import turning
from plugins.pointcloud.proposer.following import Sight, as_world, followed, is_long, smoothed
from plugins.pointcloud.proposer.guessing import Sizes, sizes_of
from plugins.pointcloud.proposer.sweeps import Found, found_in
from studio.domain.entities import Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.space import Floats, Pose, ego_pose, outward, turn, yaw_of
from studio.domain.values import XYZ

_SHORT_DRIVE = 4  # frames, below which nothing must be seen twice
_SIGHTS = 3  # that a track of a longer drive must have
_SEEN_SHARE = 0.4  # of the frames from its first to its last
_DOUBT = 0.6  # what each sight leaves of the doubt whether a track is one
_LARGER = 75  # percentile of fitted sides that is the track's: hidden sides come out too short
_STRAYS_M, _STRAYS = 0.1, 0.12  # that the fits of what stands may drift by, and that for each metre of length
_WALKS_M = 1.0  # a way from which on nobody doubts that it is something


class Proposals(NamedTuple):
    """Tracks with their cuboids in the ego frame; a score from 0 to 1 for each cuboid."""

    tracks: list[Track]
    cuboids: list[Cuboid]
    scores: list[tuple[EntityId, float]]


def propose(
    clouds: Sequence[Floats],
    poses: Sequence[EgoPose],
    times_ns: Sequence[int],
    sizes: Mapping[str, XYZ],
    *,
    stream: StreamId = StreamId("lidar"),
    sensor: XYZ = (0.0, 0.0, 0.0),
    on_frame: Callable[[int], None] | None = None,
) -> Proposals:
    """Propose a track for everything that may be of one of the classes of `sizes`.

    clouds: of each frame the (N, 3) points in the ego frame at its time. poses: sorted by time; without any
    the ego frame is the world. sizes: usual length, width and height of each class, metres. sensor: where
    the points were seen from, ego frame. `on_frame` hears after each sweep how many are done. A sweep of
    60,000 points takes some 0.15 CPU seconds.
    """
    known = sizes_of(sizes)
    places = [ego_pose(poses, time) for time in times_ns]
    world: list[Found] = []
    for number, (points, place) in enumerate(zip(clouds, places, strict=True)):
        x, y, _ = place.translation
        world.append(as_world(found_in(points, known, sensor), x, y, yaw_of(place.rotation)))
        if on_frame is not None:
            on_frame(number + 1)
    # from the first: as float64 seconds, times since 1970 would be 200 ns apart
    times_s = np.array([(each - times_ns[0]) / 1e9 for each in times_ns], np.float64)
    eyes = [outward(place, np.array([sensor]))[0] for place in places]
    made = Proposals([], [], [])
    for sights in followed(world, times_s, known, bool(poses)):
        if not _holds(sights, len(clouds)):
            continue
        whole = _settled(sights, times_s, known, eyes, bool(poses))
        track = Track(TrackId(new_id()), known.names[whole.kind])
        made.tracks.append(track)
        for sight, row, score in zip(sights, whole.rows, whole.scores, strict=True):
            place = places[sight.frame]
            cuboid = _cuboid(track, stream, sight, row, place, is_last=sight is sights[-1])
            made.cuboids.append(cuboid)
            made.scores.append((cuboid.id, score))
    return made


def _holds(sights: Sequence[Sight], frames: int) -> bool:
    if frames < _SHORT_DRIVE:
        return True
    span = sights[-1].frame - sights[0].frame + 1
    return len(sights) >= _SIGHTS and len(sights) >= _SEEN_SHARE * span


class _Settled(NamedTuple):
    """One track: its class, its (N, 7) rows in the world, its scores."""

    kind: int
    rows: Floats
    scores: list[float]


def _settled(
    sights: Sequence[Sight], times_s: Floats, sizes: Sizes, eyes: Sequence[Floats], is_world: bool
) -> _Settled:
    worth = np.bincount([each.kind for each in sights], [each.score for each in sights])
    kind = int(np.argmax(worth))
    size = _size(sights, kind, sizes)
    again = [each._replace(row=_resized(each.row, size, eyes[each.frame])) for each in sights]
    rows = np.array([each.row for each in again])
    moved = _moved(again, times_s)
    if moved:
        states = smoothed(again, times_s, is_world and is_long(kind, sizes))
        rows[:, :2] = states[:, :2]
        if is_world:
            forwards = states[:, turning.SPEED].mean() >= 0
            rows[:, 6] = states[:, turning.YAW] + (0.0 if forwards else math.pi)
    else:
        rows = _standing(again)
    share = float(worth[kind] / worth.sum())
    mean = float(np.mean([each.score for each in sights]))
    sure = 1.0 if len(times_s) < _SHORT_DRIVE else 1 - _DOUBT ** len(sights)
    scores = [share * sure * math.sqrt(each.score * mean) for each in sights]
    if is_world and moved > _WALKS_M and len(times_s) >= _SHORT_DRIVE:
        scores = [1 - (1 - each) / 2 for each in scores]  # bushes do not walk
    return _Settled(kind, rows, scores)


def _moved(sights: Sequence[Sight], times_s: Floats) -> float:
    """Metres along a straight line through all sights; 0 where that may be noise."""
    if len(sights) < 2:
        return 0.0
    times = times_s[[each.frame for each in sights]]
    places = np.array([each.row[:2] for each in sights])
    away = times - times.mean()
    speed = away @ places / (away @ away)
    way = float(np.hypot(*speed) * (times[-1] - times[0]))
    return way if way > _STRAYS_M + _STRAYS * float(sights[0].row[3]) else 0.0


def _size(sights: Sequence[Sight], kind: int, sizes: Sizes) -> Floats:
    """(3,) one for the whole track: of each side, what was seen of it where it was seen to its end."""
    usual = sizes.usual[kind]
    fitted = np.array([each.row[3:6] for each in sights if each.kind == kind])
    out: Floats = usual.copy()
    for axis in range(3):
        seen = fitted[np.abs(fitted[:, axis] - usual[axis]) > 1e-6, axis]  # the rest was completed to it
        if len(seen):
            out[axis] = np.percentile(seen, _LARGER)
    return out


def _resized(row: Floats, size: Floats, eye: Floats) -> Floats:
    """A cuboid of another size on the same ground, whose faces towards the eye stay where they are."""
    out = row.copy()
    axes = np.array([[math.cos(row[6]), math.sin(row[6])], [-math.sin(row[6]), math.cos(row[6])]])
    towards = axes @ (eye[:2] - row[:2])
    for axis in (0, 1):
        half = row[3 + axis] / 2
        if abs(towards[axis]) > half:
            out[:2] += math.copysign(half - size[axis] / 2, towards[axis]) * axes[axis]
    out[2] += (size[2] - row[5]) / 2
    out[3:6] = size
    return out


def _standing(sights: Sequence[Sight]) -> Floats:
    """(N, 7) of what stays where it is: one place and one heading, by what was seen best."""
    rows = np.array([each.row for each in sights])
    weights = np.array([each.score * math.sqrt(each.points) for each in sights])
    weights /= weights.sum()
    best = rows[int(np.argmax(weights)), 6]
    # headings are alike up to half a turn; which half, the best seen one says
    doubled = np.array([np.cos(2 * rows[:, 6]), np.sin(2 * rows[:, 6])]) @ weights
    yaw = math.atan2(doubled[1], doubled[0]) / 2
    rows[:, :2] = weights @ rows[:, :2]
    rows[:, 6] = yaw if math.cos(yaw - best) >= 0 else yaw + math.pi
    return rows


def _cuboid(track: Track, stream: StreamId, sight: Sight, row: Floats, place: Pose, is_last: bool) -> Cuboid:
    """In the ego frame at its sight's frame, upright there."""
    heading = yaw_of(place.rotation)
    x, y, _ = place.translation
    cos, sin = math.cos(heading), math.sin(heading)
    ahead, left = float(row[0] - x), float(row[1] - y)
    length, width, height = (float(each) for each in row[3:6])
    return Cuboid(
        ShapeId(new_id()),
        track.id,
        stream,
        sight.frame,
        (cos * ahead + sin * left, cos * left - sin * ahead, float(row[2])),
        (length, width, height),
        turn(float(row[6]) - heading),
        ends_here=is_last,
        made="auto",
    )
