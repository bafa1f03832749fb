"""What detectors of cuboids see of an item: the sweeps of its reference stream, and the cuboids in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Annotated

import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from plugins.pointcloud.cloud import HEAD, read_head, read_piece
from plugins.pointcloud.interpolation import Sweep, TrackIndex
from plugins.pointcloud.predicted_tracks import tracks_of
from plugins.pointcloud.timeline import Timeline
from studio.domain.contracts.training import Described, Layer, Lesson, Seen, Shown
from studio.domain.document import Document
from studio.domain.entities import CoordinateSystem, Cuboid, EgoPose, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, TrackId
from studio.domain.space import Floats, Pose, outward, yaw_of

MOST_POINTS = 131_072  # of a sweep; of more, a sample: what was prepared is shuffled
# as `atelier_run.points` reads it: centimetres, and 32,767ths of the intensity
_SCALE = np.array([100.0, 100.0, 100.0, 32_767.0])
_REACH = np.array([32_000, 32_000, 32_000, 32_767])
Side = Annotated[int, Meta(ge=8, le=16_384)]
_GONE = ("media.", "blob.missing")  # codes: this frame has no points, and the others are seen without it


class CuboidDetector(Described, frozen=True, forbid_unknown_fields=True):
    """`model.json` of a detector of cuboids."""

    corner: tuple[float, float]  # x, y of the lowest corner of the ground that it looks at, metres, ego frame
    sides: tuple[Side, Side]  # of that ground along x and y, in pillars
    pillar: Annotated[float, Meta(gt=0, le=10)]  # metres
    sizes: tuple[tuple[float, float, float], ...]  # usual length, width and height of each class
    score: Annotated[float, Meta(ge=0, le=1)]  # below it nothing is reported
    overlap: Annotated[float, Meta(ge=0, le=1)]  # from above, over which the lower of two of a class goes
    limit: Annotated[int, Meta(ge=1, le=10_000)]  # cuboids a sweep


class SweepSight:
    """The point-cloud plug-in's `sight` part: every frame of the reference stream, in the ego frame."""

    kinds = ("points",)
    shape = "cuboid"
    described = CuboidDetector

    def lessons(self, item: Shown) -> Iterator[Lesson]:
        """Each frame from the first to the last key frame, with every cuboid that people see there.

        Those between key frames count as they do: centre, size, yaw. Frames whose points are gone are left
        out; where all are, it raises what reading the first one did.
        """
        tracks = {each.id: each for each in item.entities if isinstance(each, Track)}
        placed = [each for each in item.entities if isinstance(each, Cuboid | EgoPose)]
        index = TrackIndex(Document((*tracks.values(), *placed)), item.streams)
        frames = [each.frame for track in index.tracks for each in index.key_frames(track)]
        if not frames:
            return
        first = min(frames)
        drive = index.sweep(first, max(frames) + 1)
        weights = _Weights(index, item)
        for frame, data in self._sweeps(item, first, max(frames) + 1):
            yield Lesson(
                f"{item.name}, frame {frame + 1}",  # as people count
                data,
                tuple(
                    (tracks[track].class_name, row, weights.at(track, frame))
                    for track, row in _rows(drive, frame - first)
                ),
            )

    def views(self, item: Shown, first: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """Every sweep that is there."""
        return self._sweeps(item, first, stop)

    def layer(self, item: Shown, seen: Sequence[tuple[int, Sequence[Seen]]]) -> Layer:
        """What was found, followed from frame to frame: one track with one size for what is the same."""
        poses = [each for each in item.entities if isinstance(each, EgoPose)]
        return tracks_of(Timeline(item.streams, poses), seen)

    def _sweeps(self, item: Shown, first: int, stop: int) -> Iterator[tuple[int, bytes]]:
        missing: AtelierError | None = None
        found = False
        for frame in range(first, stop):
            try:
                data = sweep_of(item, frame)
            except AtelierError as error:
                if not error.code.startswith(_GONE):
                    raise
                missing = missing or error
                continue
            found = True
            yield frame, data
        if missing is not None and not found:
            raise missing


def sweep_of(item: Shown, frame: int) -> bytes:
    """One sweep as models read it; points beyond 320 m are left out. Raises `media.*`, `cloud.malformed`."""
    stream = Timeline(item.streams).stream
    head = read_head(item.rendition(stream, frame, HEAD))
    parts: list[Floats] = []
    for number in range(head.pieces):
        piece = read_piece(item.rendition(stream, frame, f"{HEAD}-{number}"))
        intensity = piece.fields.get("intensity", np.zeros(len(piece.xyz), np.float32))
        own = piece.xyz.astype(np.float64) + np.array(head.origin)
        parts.append(np.column_stack([own, intensity]))
        if sum(map(len, parts)) >= MOST_POINTS:
            break
    points = np.concatenate(parts)[:MOST_POINTS] if parts else np.zeros((0, 4))
    points[:, :3] = outward(_sensor(item, stream), points[:, :3])
    return packed(points)


def packed(points: Floats) -> bytes:
    """(N, 4) x, y, z, intensity as `atelier_run.points` reads it; without what is no number or too far."""
    scaled = np.round(points * _SCALE)
    kept: NDArray[np.bool_] = (np.abs(scaled) <= _REACH).all(axis=1)  # false for NaN, too
    data: bytes = scaled[kept].astype("<i2").tobytes()
    return data


def _sensor(item: Shown, stream: str) -> Pose:
    for each in item.entities:
        if isinstance(each, CoordinateSystem) and each.name == stream:
            return Pose(each.translation, each.rotation)
    return Pose()


def _rows(drive: Sweep, place: int) -> list[tuple[TrackId, tuple[float, ...]]]:
    """The cuboids of one frame of a drive by their tracks, in an order that no id decides."""
    found = [
        (
            drive.tracks[number],
            (
                *drive.centres[place, number].tolist(),
                *drive.sizes[place, number].tolist(),
                yaw_of(tuple(drive.rotations[place, number].tolist())),
            ),
        )
        for number in np.flatnonzero(drive.seen[place]).tolist()
    ]
    return sorted(found, key=lambda each: each[1])


class _Weights:
    """What each cuboid counts: of a computed one, the least of the key frames that it is computed from."""

    def __init__(self, index: TrackIndex, item: Shown) -> None:
        self._index, self._weights = index, item.weights

    def at(self, track: TrackId, frame: int) -> float:
        if not self._weights:
            return 1.0
        own = self._index.key_frame(track, frame)
        sources = [own] if own is not None else self._index.neighbours(track, frame)
        return min(self._of(each.id) for each in sources if each is not None)

    def _of(self, cuboid: EntityId) -> float:
        return self._weights.get(cuboid, 1.0)
