"""P30: how few key frames a person needs, found by one who knows the answer and places them greedily."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.generator.actors import Counts, ego_path, populate
from plugins.pointcloud.generator.ground import Ground
from plugins.pointcloud.interpolation import TrackIndex
from studio.domain.document import Document
from studio.domain.edit import creation
from studio.domain.entities import Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.overlap import cuboid_iou, rows_of
from studio.domain.space import Floats, Pose, as_pose, as_xyz, chained, inverse, outward, turn
from studio.domain.wire.projects import Stream
from tests.bench.harness import Samples, bench

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
KITTI = SHARED / "drive_kitti_tracking0000_lidar"
LIDAR = StreamId("lidar")
STEP_NS = 100_000_000
LEAST = 0.8  # intersection over union that every label has to be met with
GENERATED, FRAMES = 50, 100

Truth = Mapping[int, Cuboid]  # of one track, by frame


class Drive(NamedTuple):
    """Labelled tracks, and where the ego car was."""

    tracks: list[tuple[Track, Truth]]
    poses: Sequence[EgoPose]
    streams: Sequence[Stream]


def placed_greedily(track: Track, truth: Truth, drive: Drive, least: float = LEAST) -> list[int]:
    """The frames of the key frames that are needed to meet every label of a track.

    The first and the last of each stretch without a gap; then again and again where it is worst.
    """
    index = TrackIndex(Document([track, *drive.poses]), drive.streams)
    frames = sorted(truth)
    lasts = {frame for frame in frames if frame + 1 not in truth}
    firsts = {frame for frame in frames if frame - 1 not in truth}
    waiting = sorted(lasts | firsts)
    placed: list[int] = []
    while waiting:
        made = [replace(truth[frame], ends_here=frame in lasts) for frame in waiting]
        index.refresh(index.document.apply(creation("Key frames", *made)).changes)
        placed += waiting
        shown = [index.cuboid_at(TrackId(track.id), frame) for frame in frames]
        assert None not in shown, "a label's frame lies between two key frames of its stretch"
        labels = rows_of([truth[frame] for frame in frames])
        overlaps = np.diag(cuboid_iou(labels, rows_of(each for each in shown if each is not None)))
        worst = int(np.argmin(overlaps))
        waiting = [frames[worst]] if overlaps[worst] < least else []
    return sorted(placed)


def kitti() -> Drive:
    """The five tracks of KITTI 0000 whose labels are here, with the ego poses of the raw recording."""
    told = json.loads(next((KITTI / "openlabel").glob("*.json")).read_text())["openlabel"]
    mount = as_pose(_matrix(told["coordinate_systems"]["VELO_TOP"]["pose_wrt_parent"]))
    frames = sorted(map(int, told["frames"]))
    first = frames[0]
    poses = []
    for frame in frames:
        moved = told["frames"][str(frame)]["frame_properties"]["transforms"]["vehicle-iso8855_to_odom"]
        ego = chained(as_pose(_matrix(moved["transform_src_to_dst"])), mount)  # KITTI's ego frame: the lidar
        poses.append(EgoPose(EntityId(new_id()), (frame - first) * STEP_NS, ego.translation, ego.rotation))
    held: dict[str, tuple[Track, dict[int, Cuboid]]] = {}
    velodyne = _velodyne_of_camera()
    for line in (KITTI / "label_02" / "0000.txt").read_text().splitlines():
        words = line.split()
        if words[2] == "DontCare":
            continue
        new = (Track(TrackId(new_id()), words[2]), dict[int, Cuboid]())
        track, truth = held.setdefault(words[1], new)
        frame = int(words[0]) - first
        truth[frame] = _cuboid(track, frame, [float(each) for each in words[10:17]], velodyne)
    times = tuple(range(0, len(frames) * STEP_NS, STEP_NS))
    return Drive(
        list(held.values()), poses, [Stream(LIDAR, "Lidar", "points", frames=len(frames), times_ns=times)]
    )


def _velodyne_of_camera() -> Floats:
    """(4, 4) from the rectified camera's axes into the lidar's."""
    held = {}
    for line in (KITTI / "calib" / "0000.txt").read_text().splitlines():
        name, *numbers = line.replace(":", " ").split()
        held[name] = [float(each) for each in numbers]
    rectified = np.eye(4)
    rectified[:3, :3] = np.array(held["R0_rect" if "R0_rect" in held else "R_rect"]).reshape(3, 3)
    onto = np.eye(4)
    onto[:3] = np.array(held["Tr_velo_to_cam" if "Tr_velo_to_cam" in held else "Tr_velo_cam"]).reshape(3, 4)
    found: Floats = np.linalg.inv(rectified @ onto)
    return found


def _cuboid(track: Track, frame: int, numbers: Sequence[float], velodyne: Floats) -> Cuboid:
    """Of KITTI's height, width, length, the middle of the floor in camera axes, and the turn about y."""
    height, width, length, x, y, z, turned = numbers
    ahead = velodyne[:3, :3] @ np.array([math.cos(turned), 0.0, -math.sin(turned)])
    middle = velodyne @ np.array([x, y - height / 2, z, 1.0])
    yaw = math.atan2(ahead[1], ahead[0])
    return Cuboid(
        ShapeId(new_id()),
        TrackId(track.id),
        LIDAR,
        frame,
        as_xyz(middle[:3]),
        (length, width, height),
        turn(yaw),
    )


def _matrix(held: Mapping[str, Sequence[float]]) -> Floats:
    return np.array(held["matrix4x4"], float).reshape(4, 4)


def generated(count: int = GENERATED, frames: int = FRAMES) -> Drive:
    """So many things that move, of the generator's scenes: driving, turning, stopping, walking."""
    seconds = frames * STEP_NS / 1e9 + 0.2
    way, ground = ego_path("turning", seconds), Ground(0.02)
    poses = [
        EgoPose(EntityId(new_id()), frame * STEP_NS, *ground.standing(*way.at(frame * STEP_NS / 1e9)))
        for frame in range(frames)
    ]
    tracks: list[tuple[Track, Truth]] = []
    seed = 0
    while len(tracks) < count:
        rng = np.random.default_rng(seed)
        seed += 1
        for actor in populate(rng, Counts(poles=0, walls=0, bushes=0), way, seconds):
            if np.ptp(actor.path.rows[:, :2], axis=0).max() < 1.0:
                continue  # what is parked needs two key frames, whatever its scene's length
            track = Track(TrackId(new_id()), actor.class_name)
            truth: dict[int, Cuboid] = {}
            for frame, pose in enumerate(poses):
                foot = ground.standing(*actor.path.at(frame * STEP_NS / 1e9))
                here = chained(inverse(Pose(pose.translation, pose.rotation)), foot)
                centre = as_xyz(outward(here, np.array([actor.body.centre]))[0])
                truth[frame] = Cuboid(
                    ShapeId(new_id()), TrackId(track.id), LIDAR, frame, centre, actor.body.size, here.rotation
                )
            tracks.append((track, truth))
    times = tuple(range(0, frames * STEP_NS, STEP_NS))
    return Drive(tracks[:count], poses, [Stream(LIDAR, "Lidar", "points", frames=frames, times_ns=times)])


@cache
def _counted(name: str) -> tuple[int, int, str]:
    """Key frames that are needed, labels that there are, and a word on each track."""
    drive = kitti() if name == "kitti" else generated()
    needed = [
        (len(placed_greedily(track, truth, drive)), len(truth), track.class_name)
        for track, truth in drive.tracks
    ]
    said = [f"{name} {keys}/{labels}" for keys, labels, name in needed[:5]]
    return sum(keys for keys, _, _ in needed), sum(labels for _, labels, _ in needed), ", ".join(said)


def _as_samples(name: str) -> Samples:
    """A second for each cuboid that has to be placed, so that the ratio is that of their numbers."""
    keys, labels, said = _counted(name)
    return Samples([float(keys)], [float(labels)], f"{keys} key frames for {labels} labels: {said}")


@bench("P30", "key frames of KITTI 0000 at IoU 0.8, a second a cuboid; every frame", at_least=4)
def key_frames_of_kitti() -> Samples:
    return _as_samples("kitti")


@bench(
    "P30-generated",
    f"{GENERATED} generated tracks at IoU 0.8, a second a cuboid: key frames; every frame",
    at_least=8,
)
def key_frames_of_generated() -> Samples:
    return _as_samples("generated")
