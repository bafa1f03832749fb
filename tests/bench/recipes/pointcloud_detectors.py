"""The geometric proposer and the trained template `detect_cuboids`, beside each other on the same frames.

    python -m tests.bench.recipes.pointcloud_detectors [--data SHARED] [--drives 40] [--held-back 10]
        [--set NAME=VALUE ...] [--threads N] [--keep FOLDER]

The template learns from generated drives and chooses on others; both are judged on held-back drives of
seeds that nothing was chosen on and, with --data, on the real frames among the shared data. Of these the
template has seen nothing: neither their lidars nor their cars. Classes of real sets are read as the
generated ones that they are most like, and only those that a set has are judged. Recall is of labels with at
least 20 points, by an overlap of 0.5 seen from above, at any score; average precision is the product's
metric. Some ten minutes of processor time, so no part of `atelier bench`.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from plugins.pointcloud.cloud import HEAD, Cloud, prepared
from plugins.pointcloud.generator import ONTOLOGY, generate
from plugins.pointcloud.generator.rig import LIDAR
from plugins.pointcloud.metrics import CUBOID_DETECTION
from plugins.pointcloud.proposer import propose
from plugins.pointcloud.sight import SweepSight
from studio.domain.contracts.training import Judged, Layer, Shown
from studio.domain.entities import AnyEntity, CoordinateSystem, Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.overlap import ground_iou, rows_of
from studio.domain.space import Floats, within
from studio.domain.values import XYZ
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud import real_frames
from tests.plugins.pointcloud.real_frames import Frame
from training.environments.bounds import Bounds
from training.runs import artifacts, shards
from training.runs.attempt import Attempt
from training.runs.child import new_key
from training.runs.inside.atelier_wire import Specification
from training.runs.predicting import Looker
from training.runs.shards import Source
from training.runs.spawner import Spawner
from training.runs.templates import file_of, template_named

LEAST_POINTS, OVERLAP = 20, 0.5
FRAMES = 3  # of a drive that is learned from: more of them look alike
SENSOR = (1.2, 0.0, 1.9)  # of generated drives
SIZES: dict[str, XYZ] = {each.name: each.size_m for each in ONTOLOGY.classes if each.size_m}
ALIKE = {
    "car": "car",
    "regular_vehicle": "car",
    "van": "van",
    "truck": "tractor",
    "large_vehicle": "tractor",
    "trailer": "trailer",
    "bicycle": "bicycle",
    "motorcycle": "bicycle",
    "pedestrian": "pedestrian",
    "person_sitting": "pedestrian",
}


class Drive(NamedTuple):
    """An item as models are shown it, and where its lidar stands."""

    shown: Shown
    sensor: XYZ


def main() -> None:
    """Train, judge, and print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--data", type=Path)
    parser.add_argument("--drives", type=int, default=40)
    parser.add_argument("--held-back", type=int, default=10)
    parser.add_argument("--set", action="append", default=[])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the model, or with one from before")
    asked = parser.parse_args()
    told: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(prefix="atelier-cuboids-") as folder:
        spawner = Spawner()
        try:
            keep = asked.keep or Path(folder) / "kept"
            if not (keep / "model.json").is_file():
                told["training"] = _train(spawner, Path(folder), keep, asked)
            files = {name: (keep / name).read_bytes() for name in artifacts.FILES}
            template = file_of(template_named("detect_cuboids"))
            looker = Looker(spawner, "bench", template, files)
            seeds = range(1000, 1000 + asked.held_back)
            told["generated"] = judged(looker, [generated(seed, 5) for seed in seeds])
            if asked.data:
                for name, drives in real(asked.data).items():
                    told[name] = judged(looker, drives)
            looker.close()
        finally:
            spawner.close()
    print(json.dumps(told, indent=1))


def generated(seed: int, frames: int) -> Drive:
    """Straight, turning or still, on flat ground or in waves of 3 %."""
    ego = ("turning", "straight", "still")[seed % 3]
    scene = generate(seed, frames=frames, ego=ego, slope=0.03 * (seed % 2), picture_size=None)
    clouds = scene.clouds[LIDAR]
    return Drive(shown(f"seed {seed}", scene.streams[0], clouds, scene.entities), SENSOR)


def real(data: Path) -> dict[str, list[Drive]]:
    """The real frames by set, each as a drive of its own but for those of one sequence."""
    return {
        "KITTI tracking 0000": [_as_drive(real_frames.kitti_tracking(data))],
        "KITTI object": [_as_drive([real_frames.kitti_object(data)])],
        "nuScenes": [_as_drive([real_frames.nuscenes(data)])],
        "Argoverse 2": [_as_drive([real_frames.argoverse2(data)])],
    }


def shown(name: str, stream: Stream, clouds: Sequence[Cloud], entities: tuple[AnyEntity, ...]) -> Shown:
    """A drive whose sweeps are prepared when they are asked for."""

    def rendition(_: StreamId, frame: int, wanted: str) -> bytes:
        head, pieces = prepared(clouds[frame])
        return head if wanted == HEAD else pieces[int(wanted.rpartition("-")[2])]

    return Shown(name, (stream,), entities, lambda *_: b"", rendition)


def judged(looker: Looker, drives: Sequence[Drive]) -> dict[str, Any]:
    """Both on the same drives."""
    classes = sorted(
        {each.class_name for drive in drives for each in drive.shown.entities if isinstance(each, Track)}
    )
    frames = sum(drive.shown.streams[0].frames for drive in drives)
    labels = sum(isinstance(each, Cuboid) for drive in drives for each in drive.shown.entities)
    told: dict[str, Any] = {"frames": frames, "labels": labels}
    for name, look in (("proposer", _proposed), ("trained", lambda drive: _seen(looker, drive))):
        began = time.monotonic()
        layers = [_of_classes(look(drive), classes) for drive in drives]
        told[name] = _figures(drives, layers, classes) | {
            "seconds_a_sweep": round((time.monotonic() - began) / frames, 2)
        }
    return told


def _train(spawner: Spawner, folder: Path, keep: Path, asked: argparse.Namespace) -> dict[str, Any]:
    parameters = {}
    for each in asked.set:
        name, _, value = each.partition("=")
        parameters[name] = msgspec.json.decode(value)
    key = new_key()

    def sources() -> Iterator[Source]:
        for number in range(asked.drives + asked.drives // 5):
            split = "train" if number < asked.drives else "validation"
            yield Source("points", split, str(number), generated(100 + number, FRAMES).shown)

    written = shards.write(folder / "shards", "bench", key, SweepSight(), sources(), lambda: False)
    assert written is not None
    attempt = Attempt(
        spawner,
        folder,
        Specification(
            "train",
            "bench",
            1,
            key,
            template="",
            parameters=msgspec.json.encode(parameters),
            threads=asked.threads,
        ),
        file_of(template_named("detect_cuboids")),
        written,
        Bounds(threads=asked.threads),
        lambda state: [print(line.text, flush=True) for line in state.lines] and None,
    )
    ending = attempt.wait()
    assert ending.how == "done", ending
    keep.mkdir(parents=True, exist_ok=True)
    for name in artifacts.FILES:
        (keep / name).write_bytes((attempt.model / name).read_bytes())
    return {
        "sweeps": asked.drives * FRAMES,
        "cpu_seconds": round(ending.cpu_s),
        "validation": {name: round(value, 3) for name, value in ending.metrics},
    }


def _seen(looker: Looker, drive: Drive) -> Layer:
    sight = SweepSight()
    views = list(sight.views(drive.shown, 0, drive.shown.streams[0].frames))
    seen = []
    for start in range(0, len(views), 8):
        some = views[start : start + 8]
        answers = looker.look([data for _, data in some])
        for (frame, _), answer in zip(some, answers, strict=True):
            seen.append((frame, [(each.class_name, each.score, each.shape) for each in answer or ()]))
    return sight.layer(drive.shown, seen)


def _proposed(drive: Drive) -> Layer:
    entities = drive.shown.entities
    poses = sorted((each for each in entities if isinstance(each, EgoPose)), key=lambda each: each.time_ns)
    stream = drive.shown.streams[0]
    clouds = [_points(drive, frame) for frame in range(stream.frames)]
    times = stream.times_ns or tuple(frame * 100_000_000 for frame in range(stream.frames))
    found = propose(clouds, poses, times, SIZES, stream=stream.id, sensor=drive.sensor)
    return Layer((*found.tracks, *found.cuboids), tuple(found.scores))


def _points(drive: Drive, frame: int) -> Floats:
    (view,) = SweepSight().views(drive.shown, frame, frame + 1)
    packed = np.frombuffer(view[1], "<i2").reshape(-1, 4)[:, :3]
    return packed.astype(np.float64) / 100


def _of_classes(layer: Layer, classes: Sequence[str]) -> Layer:
    """Without the classes that a set does not label: they may well be there."""
    tracks = {each.id for each in layer.entities if isinstance(each, Track) and each.class_name in classes}
    entities = tuple(
        each
        for each in layer.entities
        if each.id in tracks or (isinstance(each, Cuboid) and each.track in tracks)
    )
    kept = {each.id for each in entities}
    return Layer(entities, tuple((key, score) for key, score in layer.scores if key in kept))


def _figures(drives: Sequence[Drive], layers: Sequence[Layer], classes: Sequence[str]) -> dict[str, Any]:
    judged = []
    hits: list[bool] = []
    for drive, layer in zip(drives, layers, strict=True):
        stream = drive.shown.streams[0]
        judged.append(
            Judged(
                drive.shown.name,
                drive.shown.name,
                drive.shown.entities,
                layer.entities,
                layer.scores,
                stream=stream.id,
                streams=(stream,),
            )
        )
        hits += _hits(drive, layer)
    result = CUBOID_DETECTION.judge(judged, classes, OVERLAP)
    metrics = dict(result.metrics)
    return {
        "recall": {"n": len(hits), "recall": round(float(np.mean(hits)), 3) if hits else None},
        "map50": round(metrics["map50"], 3),
        "map_distance": round(metrics["map_distance"], 3),
        "ap50": {each.class_name: (round(each.ap50, 3), each.labels) for each in result.per_class},
    }


def _hits(drive: Drive, layer: Layer) -> list[bool]:
    found: list[bool] = []
    for frame in range(drive.shown.streams[0].frames):
        points = _points(drive, frame)
        labels = [
            each
            for each in drive.shown.entities
            if isinstance(each, Cuboid)
            and each.frame == frame
            and np.count_nonzero(within(points, each.centre, each.size, each.rotation, margin=0.05))
            >= LEAST_POINTS
        ]
        there = [each for each in layer.entities if isinstance(each, Cuboid) and each.frame == frame]
        best = ground_iou(rows_of(there), rows_of(labels)).max(axis=0, initial=0.0)
        found += (best >= OVERLAP).tolist()
    return found


def _as_drive(frames: Sequence[Frame]) -> Drive:
    """Real frames with the labels whose classes have a counterpart; each label a track of its own."""
    stream = Stream(
        LIDAR, "lidar", "points", len(frames), times_ns=tuple(n * 100_000_000 for n in range(len(frames)))
    )
    entities: list[AnyEntity] = [CoordinateSystem(EntityId(new_id()), str(LIDAR), "ego")]
    for number, frame in enumerate(frames):
        for label in frame.labels:
            name = ALIKE.get(label.class_name.lower())
            if name is None:
                continue
            track = Track(TrackId(new_id()), name)
            entities += (
                track,
                Cuboid(
                    ShapeId(new_id()),
                    track.id,
                    LIDAR,
                    number,
                    label.centre,
                    label.size,
                    label.rotation,
                    ends_here=True,
                ),
            )
    clouds = [Cloud(frame.points.astype(np.float32)) for frame in frames]
    return Drive(shown(frames[0].name, stream, clouds, tuple(entities)), frames[0].sensor)


if __name__ == "__main__":
    main()
