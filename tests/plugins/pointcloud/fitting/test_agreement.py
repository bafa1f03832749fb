"""How far one click agrees with labels: those of people, and exact ones of generated scenes. Run with -s."""

import math
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from plugins.pointcloud.fitting import one_click
from plugins.pointcloud.generator import ONTOLOGY, generate
from plugins.pointcloud.generator.rig import LIDAR, lidars
from studio.domain.space import Floats, within
from studio.domain.values import XYZ
from tests.plugins.pointcloud.fitting.seen import overlap
from tests.plugins.pointcloud.real_frames import Label, argoverse2, kitti_tracking, nuscenes

# what a labelling template would say, not what these sets' own means are
USUAL: dict[str, XYZ] = {
    "Car": (4.5, 1.85, 1.55),
    "car": (4.5, 1.85, 1.55),
    "REGULAR_VEHICLE": (4.5, 1.85, 1.55),
    "Van": (5.0, 1.9, 2.1),
}
ENOUGH = 50  # points of a label that is judged
CLICKS = 5  # on points of each
SIDE_OF_VIEW = math.tan(math.radians(40.5))  # the points of KITTI 0000 here are cut to its camera's picture


def test_one_click_agrees_with_the_labels_of_people(shared_data: Path) -> None:
    found = {
        "KITTI 0000": [
            each
            for frame in kitti_tracking(shared_data)
            for each in _judged(frame.points, frame.sensor, filter(_is_whole, frame.labels))
        ],
        "Argoverse 2": list(_judged(*argoverse2(shared_data)[1:4])),
        "nuScenes": list(_judged(*nuscenes(shared_data)[1:4])),
    }
    for name, values in found.items():
        if values:
            print(
                f"\n{name}: mean IoU {np.mean(values):.2f}, median {np.median(values):.2f}, n = {len(values)}"
            )
    every = [value for values in found.values() for value in values]
    print(f"all: mean IoU {np.mean(every):.2f}, n = {len(every)} cars and vans with at least {ENOUGH} points")
    assert len(every) >= 25
    assert np.mean(every) >= 0.68


def _is_whole(label: Label) -> bool:
    """Not cut by the edge of the picture, as the points are and the label is not."""
    x, y, _ = label.centre
    return abs(y) + 1.5 < (x - 2.8) * SIDE_OF_VIEW


def _judged(points: Floats, sensor: XYZ, labels: Iterable[Label]) -> Iterator[float]:
    """The mean overlap over some clicks, for each car with enough points."""
    rng = np.random.default_rng(5)
    for label in labels:
        usual = USUAL.get(label.class_name)
        if usual is None or label.inside < ENOUGH:
            continue
        inside = within(points, label.centre, label.size, label.rotation)
        body = np.flatnonzero(inside & (points[:, 2] > label.centre[2] - label.size[2] / 2 + 0.35))
        overlaps = []
        for clicked in rng.choice(body, CLICKS):
            fit = one_click(points, tuple(points[clicked]), sensor, usual)  # type: ignore[arg-type]
            overlaps.append(overlap(label[1:4], (fit.centre, fit.size, fit.rotation)) if fit else 0.0)
        yield float(np.mean(overlaps))


def test_one_click_agrees_with_the_exact_labels_of_generated_scenes() -> None:
    usual = {each.name: each.size_m for each in ONTOLOGY.classes}
    found: dict[str, list[float]] = {}
    rng = np.random.default_rng(6)
    for seed in range(3):
        scene = generate(seed, frames=1, picture_size=None, slope=0.03 * (seed % 2))
        class_of = {track.id: track.class_name for track in scene.tracks}
        points, sensor = scene.in_ego(LIDAR, 0), lidars(1)[0].pose.translation
        for cuboid in scene.cuboids(0):
            inside = within(points, cuboid.centre, cuboid.size, cuboid.rotation)
            body = np.flatnonzero(inside & (points[:, 2] > cuboid.centre[2] - cuboid.size[2] / 2 + 0.35))
            if inside.sum() < ENOUGH or not len(body):
                continue
            name = class_of[cuboid.track]
            fit = one_click(points, tuple(points[rng.choice(body)]), sensor, usual[name])  # type: ignore[arg-type]
            where = (cuboid.centre, cuboid.size, cuboid.rotation)
            found.setdefault(name, []).append(
                overlap(where, (fit.centre, fit.size, fit.rotation)) if fit else 0.0
            )
    for name, values in sorted(found.items()):
        print(f"\ngenerated {name}: mean IoU {np.mean(values):.2f}, n = {len(values)}")
    assert len(found["car"]) >= 8
    assert np.mean(found["car"] + found["van"]) >= 0.7
