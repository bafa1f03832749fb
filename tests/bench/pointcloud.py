"""Cuboids from points: one click in a full sweep, and how many points lie in each of many cuboids."""

import itertools
import math
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from plugins.pointcloud.fitting import CLEAR_M, Fit, fit_cuboid, ground_of, one_click
from plugins.pointcloud.fitting.clusters import widest_gap
from plugins.pointcloud.generator import ONTOLOGY, generate
from plugins.pointcloud.generator.rig import LIDAR, lidars
from plugins.pointcloud.grid import PointGrid
from studio.domain.space import Floats, turn, within
from studio.domain.values import XYZ
from tests.bench.harness import PAIRS, Samples, bench, interleaved

SWEEP = 3_700  # shots a ring: what comes back of 64 rings is some 200,000 points
POINTS, BOXES = 10_000_000, 200
LOOPED = 2  # boxes that the slow way is timed on


@cache
def clicks() -> tuple[Floats, XYZ, list[tuple[XYZ, XYZ]]]:
    """A sweep, where its lidar stands, and a click on each car and van in it with its class's usual size."""
    scene = generate(3, frames=1, picture_size=None, columns=SWEEP)
    usual = {each.name: each.size_m for each in ONTOLOGY.classes}
    class_of = {track.id: track.class_name for track in scene.tracks}
    points = scene.in_ego(LIDAR, 0)
    found = []
    for cuboid in scene.cuboids(0):
        size = usual[class_of[cuboid.track]]
        body = np.flatnonzero(within(points, cuboid.centre, cuboid.size, cuboid.rotation, margin=-0.2))
        if size is not None and class_of[cuboid.track] in ("car", "van") and len(body) > 50:
            x, y, z = (float(each) for each in points[body[0]])
            found.append(((x, y, z), size))
    return points, lidars(1)[0].pose.translation, found


def whole_cloud_click(points: Floats, seed: XYZ, sensor: XYZ, usual_size: XYZ) -> Fit:
    """The same steps without a neighbourhood: ground and neighbours of the whole sweep, grown by hand."""
    standing = points[ground_of(points).above(points) > CLEAR_M]
    tree = cKDTree(standing)
    gap = widest_gap(math.dist(seed[:2], sensor[:2]))
    seen = np.zeros(len(standing), bool)
    edge = [int(tree.query(seed)[1])]
    seen[edge] = True
    while edge:
        around = set(itertools.chain.from_iterable(tree.query_ball_point(standing[edge], gap)))
        edge = [each for each in around if not seen[each] and math.dist(standing[each], seed) < 6.0]
        seen[edge] = True
    return fit_cuboid(standing[seen], usual_size=usual_size, sensor=sensor)


@bench(
    "P6-fit", "one click in a sweep of 200,000 points; the same over the whole cloud", at_least=5, p95_ms=50
)
def fit_by_one_click() -> Samples:
    points, sensor, seeds = clicks()
    ours, reference = itertools.cycle(seeds), itertools.cycle(seeds)

    def by_neighbourhood() -> None:
        seed, size = next(ours)
        assert one_click(points, seed, sensor, size) is not None

    def by_whole_cloud() -> None:
        seed, size = next(reference)
        whole_cloud_click(points, seed, sensor, size)

    samples = interleaved(by_neighbourhood, by_whole_cloud)
    return samples._replace(note=f"{len(points):,} points, {len(seeds)} cars and vans in turn")


@cache
def survey() -> NDArray[np.float32]:
    """(10 million, 3) points, denser near the middle as sweeps are."""
    rng = np.random.default_rng(8)
    away, around = rng.gamma(1.5, 20, POINTS), rng.uniform(-math.pi, math.pi, POINTS)
    points = np.column_stack([away * np.cos(around), away * np.sin(around), rng.normal(0, 0.5, POINTS)])
    return points.astype(np.float32)


@bench(
    "P6-count", f"points in {BOXES} cuboids of {POINTS:,} by the xy grid; looking at all points", at_least=100
)
def count_in_cuboids() -> Samples:
    """The slow way is timed on two cuboids, and said for all of them."""
    points, rng = survey(), np.random.default_rng(9)
    grid = PointGrid(points)
    boxes = [
        Fit((float(x), float(y), 0.0), (4.5, 1.9, 1.6), turn(float(yaw)))
        for x, y, yaw in np.column_stack([rng.uniform(-40, 40, (BOXES, 2)), rng.uniform(-3, 3, BOXES)])
    ]

    def looked_at_all() -> list[int]:
        return [int(within(points, box.centre, box.size, box.rotation).sum()) for box in boxes[:LOOPED]]

    assert grid.count_in(boxes[:LOOPED]).tolist() == looked_at_all()
    samples = interleaved(lambda: grid.count_in(boxes), looked_at_all, pairs=min(PAIRS, 3))
    whole = [seconds * BOXES / LOOPED for seconds in samples.reference_s]
    return Samples(samples.ours_s, whole, note=f"all points looked at for {LOOPED} of the {BOXES} cuboids")
