"""How large things usually are, and what knowing it does for a click on a lorry."""

from __future__ import annotations

import numpy as np
import pytest

from plugins.pointcloud.fitting import Fit, one_click
from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.scene import generate
from plugins.pointcloud.usual_sizes import usual_size
from studio.domain.entities import Cuboid, Track
from studio.domain.overlap import cuboid_iou
from studio.domain.space import as_xyz, within, yaw_of


@pytest.mark.parametrize(
    ("name", "length"),
    [("vehicle.car", 4.5), ("Tractor", 6.0), ("truck cab", 6.0), ("semi-trailer", 12.0), ("tree", None)],
)
def test_a_size_is_known_by_the_names_that_data_sets_give(name: str, length: float | None) -> None:
    found = usual_size(name)
    assert (found[0] if found is not None else None) == length


def _row(held: Fit | Cuboid) -> np.ndarray:
    return np.array([[*held.centre, *held.size, yaw_of(held.rotation)]])


def test_a_click_on_the_cab_of_a_lorry_does_not_take_the_trailer_with_it() -> None:
    counts = Counts(cars=0, vans=0, cyclists=0, lorries=6, pedestrians=0, walks=0, poles=0, walls=0, bushes=0)
    drive = generate(31, frames=1, counts=counts, columns=1050, picture_size=None)
    points = drive.in_ego(drive.streams[0].id, 0)
    classes = {each.id: each.class_name for each in drive.entities if isinstance(each, Track)}
    known, unknown = [], []
    for label in drive.cuboids(0):
        inside = points[within(points, label.centre, label.size, label.rotation, 0.05)]
        if classes[label.track] != "tractor" or len(inside) < 50:
            continue
        seed = as_xyz(inside[len(inside) // 2])
        for found, size in ((known, usual_size("tractor")), (unknown, None)):
            fit = one_click(points, seed, (0.0, 0.0, 1.9), size)
            assert fit is not None
            found.append(float(cuboid_iou(_row(fit), _row(label))[0, 0]))
    print(f"\n{len(known)} cabs: IoU {np.mean(known):.2f} with a usual size, {np.mean(unknown):.2f} without")
    assert len(known) >= 3
    assert np.mean(known) > np.mean(unknown) + 0.2
