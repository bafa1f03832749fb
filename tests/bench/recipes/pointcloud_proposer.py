"""How much the geometric proposer finds, on generated drives and on real frames, and what a sweep costs.

    python -m tests.bench.recipes.pointcloud_proposer [--kitti DATA] [--first-seed 1000] [--scenes 10]

The drives are those of seeds that nothing was chosen on. Recall is of labels with at least 20 points, by
overlap seen from above of 0.5; precision is of proposals that score at least 0.2. DATA is a folder of KITTI's
tracking benchmark (`velodyne/0000`, `label_02`): only what is labelled there can be found, and what else is
proposed may well be there, so no precision is given. Figures of absolute time belong to one machine.
"""

import argparse
import json
import statistics
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from plugins.pointcloud.formats.kitti_tracking import KittiTracking
from plugins.pointcloud.generator import ONTOLOGY, generate
from plugins.pointcloud.generator.rig import LIDAR
from plugins.pointcloud.metrics import CUBOID_DETECTION
from plugins.pointcloud.points.reading import read_points
from plugins.pointcloud.proposer import Proposals, found_in, propose
from plugins.pointcloud.proposer.guessing import sizes_of
from studio.domain.contracts.formats import Budget, ReadItem
from studio.domain.contracts.training import Judged
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import AnyEntity, Cuboid, EgoPose, Track
from studio.domain.overlap import ground_iou, rows_of
from studio.domain.space import Floats, within
from studio.domain.values import XYZ
from studio.domain.wire.projects import Stream

LEAST_POINTS, OVERLAP, LEAST_SCORE = 20, 0.5, 0.2
FRAMES = 10
OF_SCENES: dict[str, XYZ] = {each.name: each.size_m for each in ONTOLOGY.classes if each.size_m}
OF_KITTI: dict[str, XYZ] = {
    "Car": (3.9, 1.65, 1.55),
    "Van": (5.0, 1.9, 2.2),
    "Cyclist": (1.76, 0.6, 1.73),
    "Pedestrian": (0.8, 0.65, 1.75),
}


class Drive(NamedTuple):
    """Sweeps in the ego frame beside the labels of the same frames."""

    name: str
    clouds: list[Floats]
    stream: Stream
    entities: tuple[AnyEntity, ...]
    sensor: XYZ


def main() -> None:
    """Print one JSON object."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--kitti", type=Path)
    parser.add_argument("--first-seed", type=int, default=1000)
    parser.add_argument("--scenes", type=int, default=10)
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.scenes)
    told = {"generated": judged_drives([generated(seed) for seed in seeds], OF_SCENES, is_whole=True)}
    if asked.kitti:
        told["kitti"] = judged_drives([kitti(asked.kitti)], OF_KITTI, is_whole=False)
    print(json.dumps(told, indent=1))


def generated(seed: int) -> Drive:
    """Straight, turning or still, on flat ground or in waves of 3 %."""
    ego = ("turning", "straight", "still")[seed % 3]
    scene = generate(seed, frames=FRAMES, ego=ego, slope=0.03 * (seed % 2), picture_size=None)
    clouds = [scene.in_ego(LIDAR, frame) for frame in range(FRAMES)]
    return Drive(f"seed {seed}", clouds, scene.streams[0], scene.entities, (1.2, 0.0, 1.9))


def kitti(folder: Path) -> Drive:
    """The labelled frames of the first sequence that have points, as the importer reads them."""
    item = next(
        each for each in KittiTracking().read(FolderTree(folder), Budget()) if isinstance(each, ReadItem)
    )
    media = next(each for each in item.media if each.stream.kind == "points")
    clouds = [read_points(folder / path).xyz.astype(np.float64) for path in media.paths]
    return Drive(item.source, clouds, media.stream, item.entities, (0.0, 0.0, 0.0))


def judged_drives(drives: Sequence[Drive], sizes: Mapping[str, XYZ], is_whole: bool) -> dict[str, Any]:
    """Figures over all drives. is_whole: everything that is there is labelled."""
    overlaps: dict[str, list[tuple[float, float]]] = defaultdict(list)  # by class: one sweep alone, followed
    right: list[bool] = []
    judged: list[Judged] = []
    seconds: list[float] = []
    points: list[int] = []
    for drive in drives:
        found, alone, taken = _proposed(drive, sizes)
        seconds += taken
        points += [len(cloud) for cloud in drive.clouds]
        scores = dict(found.scores)
        names = {each.id: each.class_name for each in drive.entities if isinstance(each, Track)}
        for frame, cloud in enumerate(drive.clouds):
            labels = [each for each in _labels(drive, frame) if names[each.track] in sizes]
            there = [each for each in found.cuboids if each.frame == frame]
            followed = ground_iou(rows_of(there), rows_of(labels))
            single = ground_iou(alone[frame], rows_of(labels))
            for number, label in enumerate(labels):
                inside = within(cloud, label.centre, label.size, label.rotation, margin=0.05)
                if np.count_nonzero(inside) >= LEAST_POINTS:
                    pair = (single[:, number].max(initial=0.0), followed[:, number].max(initial=0.0))
                    overlaps[names[label.track]].append((float(pair[0]), float(pair[1])))
            shown = [scores[each.id] >= LEAST_SCORE for each in there]
            right += (followed.max(axis=1, initial=0.0) >= OVERLAP)[shown].tolist()
        judged.append(_judged(drive, found))
    told: dict[str, Any] = {
        "drives": len(drives),
        "frames": len(seconds),
        "recall": {name: _recall(pairs) for name, pairs in sorted(overlaps.items())},
        "all": _recall([pair for pairs in overlaps.values() for pair in pairs]),
        "points_per_sweep": round(statistics.mean(points)),
        "cpu_ms_per_sweep": {
            "median": round(1000 * statistics.median(seconds)),
            "slowest": round(1000 * max(seconds)),
        },
    }
    if is_whole:
        judgement = CUBOID_DETECTION.judge(judged, list(sizes), OVERLAP)
        told["precision"] = {"n": len(right), "precision": round(float(np.mean(right)), 3)}
        told["metrics"] = {name: round(value, 3) for name, value in judgement.metrics}
        told["ap50"] = {each.class_name: round(each.ap50, 3) for each in judgement.per_class}
    return told


def _proposed(drive: Drive, sizes: Mapping[str, XYZ]) -> tuple[Proposals, list[Floats], list[float]]:
    """What is proposed over the drive and in each sweep alone, and the CPU seconds of each sweep."""
    poses = sorted(
        (each for each in drive.entities if isinstance(each, EgoPose)), key=lambda each: each.time_ns
    )
    times = drive.stream.times_ns or tuple(frame * 100_000_000 for frame in range(len(drive.clouds)))
    known = sizes_of(sizes)
    alone, seconds = [], []
    for cloud in drive.clouds:
        started = time.process_time()
        alone.append(found_in(cloud, known, drive.sensor).rows)
        seconds.append(time.process_time() - started)
    found = propose(drive.clouds, poses, times, sizes, stream=drive.stream.id, sensor=drive.sensor)
    return found, alone, seconds


def _labels(drive: Drive, frame: int) -> list[Cuboid]:
    return [
        each
        for each in drive.entities
        if isinstance(each, Cuboid) and each.frame == frame and each.stream == drive.stream.id
    ]


def _judged(drive: Drive, found: Proposals) -> Judged:
    return Judged(
        drive.name,
        drive.name,
        drive.entities,
        (*found.tracks, *found.cuboids),
        tuple(found.scores),
        stream=drive.stream.id,
        streams=(drive.stream,),
    )


def _recall(pairs: Sequence[tuple[float, float]]) -> dict[str, float | int]:
    if not pairs:
        return {"n": 0}
    single, followed = np.array(pairs).T
    return {
        "n": len(pairs),
        "recall_of_one_sweep": round(float((single >= OVERLAP).mean()), 3),
        "recall": round(float((followed >= OVERLAP).mean()), 3),
        "mean_iou": round(float(followed.mean()), 3),
    }


if __name__ == "__main__":
    main()
