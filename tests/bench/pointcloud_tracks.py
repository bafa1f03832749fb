"""Tracks of driving scenes: what it costs to compute those between key frames, and how few a person needs."""

import bisect
import math
import time
from functools import cache

import numpy as np

from plugins.pointcloud.interpolation import TrackIndex
from studio.domain.document import Document
from studio.domain.entities import AnyEntity, Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.space import Pose, chained, inverse, turn, yaw_of
from studio.domain.wire.projects import Stream
from tests.bench.harness import Samples, bench, interleaved

TRACKS, FRAMES, APART = 1_000, 200, 20
STEP_NS = 100_000_000
STREAM = StreamId("lidar")


@cache
def many_tracks() -> TrackIndex:
    """A thousand tracks over 20 s with a key frame every 2 s, seen from a car that turns."""
    rng = np.random.default_rng(5)
    poses = [
        EgoPose(
            EntityId(new_id()), frame * STEP_NS, (frame * 0.8, frame**2 * 0.002, 0.0), turn(frame * 0.005)
        )
        for frame in range(FRAMES)
    ]
    entities: list[AnyEntity] = [*poses]
    for x, y, yaw, rate in rng.uniform([-80, -80, -3, -0.02], [80, 80, 3, 0.02], (TRACKS, 4)).tolist():
        track = TrackId(new_id())
        entities.append(Track(track, "car"))
        for frame in [*range(0, FRAMES, APART), FRAMES - 1]:
            now, radius = yaw + rate * frame, 0.5 / rate
            place = (
                x + radius * (math.sin(now) - math.sin(yaw)),
                y - radius * (math.cos(now) - math.cos(yaw)),
            )
            ego = inverse(Pose(poses[frame].translation, poses[frame].rotation))
            centre, rotation = chained(ego, Pose((*place, 0.0), turn(now)))
            entities.append(
                Cuboid(ShapeId(new_id()), track, STREAM, frame, centre, (4.5, 1.8, 1.5), rotation)
            )
    times = tuple(frame * STEP_NS for frame in range(FRAMES))
    return TrackIndex(Document(entities), [Stream(STREAM, "Lidar", "points", frames=FRAMES, times_ns=times)])


def in_a_loop(index: TrackIndex) -> list[tuple[float, float, float, float]]:
    """What a first version does: each track at each frame, straight from key frame to key frame."""
    clock = index.timeline.clock_s.tolist()
    poses = [(index.timeline.pose(f), yaw_of(index.timeline.pose(f).rotation)) for f in range(FRAMES)]
    found = []
    for track in index.tracks:
        keys = []
        for cuboid in index.key_frames(track):
            (ex, ey, ez), ego = poses[cuboid.frame][0].translation, poses[cuboid.frame][1]
            x, y, z = cuboid.centre
            c, s = math.cos(ego), math.sin(ego)
            keys.append((ex + c * x - s * y, ey + s * x + c * y, ez + z, ego + yaw_of(cuboid.rotation)))
        frames = [cuboid.frame for cuboid in index.key_frames(track)]
        for frame in range(FRAMES):
            at = min(bisect.bisect_right(frames, frame) - 1, len(frames) - 2)
            first, second = clock[frames[at]], clock[frames[at + 1]]
            share = (clock[frame] - first) / (second - first)
            x, y, z, yaw = (a + share * (b - a) for a, b in zip(keys[at], keys[at + 1], strict=True))
            (ex, ey, ez), ego = poses[frame][0].translation, poses[frame][1]
            c, s = math.cos(ego), math.sin(ego)
            found.append((c * (x - ex) + s * (y - ey), -s * (x - ex) + c * (y - ey), z - ez, yaw - ego))
    return found


@bench("P30-interpolation", f"{TRACKS:,} tracks at {FRAMES} frames; Python loop", at_least=5, p95_ms=100)
def interpolation_beside_a_loop() -> Samples:
    index = many_tracks()
    # an arc of these key frames is at most half a metre from its chord
    gap = np.abs(np.moveaxis(index.sweep().centres, 0, 1).reshape(-1, 3) - np.array(in_a_loop(index))[:, :3])
    assert gap.max() < 1.0, "both sides have to give the same answer, but for the arcs"
    samples = interleaved(index.sweep, lambda: in_a_loop(index))
    started = time.process_time()
    index.sweep()
    return samples._replace(note=f"{(time.process_time() - started) * 1000:.0f} ms of processor time")


@bench("P30-refresh", "one key frame moved: index in step; index made anew", at_least=20, p95_ms=8)
def refresh_beside_a_rebuild() -> Samples:
    index = many_tracks()
    moved = index.key_frames(index.tracks[500])[3].id

    def refresh() -> None:
        index.refresh([moved])
        index.cuboids_at(100)

    def rebuild() -> None:
        index.rebuild()
        index.cuboids_at(100)

    return interleaved(refresh, rebuild)
