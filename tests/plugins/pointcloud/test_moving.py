"""A fitted cuboid faces where its points go to: told by a sweep beside, on generated drives."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace

from plugins.pointcloud.fitting import Fit, one_click
from plugins.pointcloud.generator.actors import Counts
from plugins.pointcloud.generator.scene import Scene, generate
from plugins.pointcloud.interpolation import TrackIndex
from plugins.pointcloud.moving import turned_as_it_moves, way_of
from plugins.pointcloud.space_scene import Placement
from plugins.pointcloud.usual_sizes import usual_size
from studio.domain.document import Document
from studio.domain.entities import EgoPose
from studio.domain.ids import EntityId, new_id
from studio.domain.space import Pose, as_xyz, joined, turn, within, wrapped, yaw_of
from tests.plugins.pointcloud.space_ground import car_points, scene_with

MOVES_MPS = 2.0
ENOUGH = 50  # points
STANDING = [EgoPose(EntityId(new_id()), time, (0.0, 0.0, 0.0), turn(0.0)) for time in (0, 10**9)]


@pytest.fixture(scope="module")
def drive() -> Scene:
    counts = Counts(
        cars=12, vans=3, cyclists=0, lorries=1, pedestrians=0, walks=0, poles=1, walls=1, bushes=0
    )
    return generate(21, frames=3, counts=counts, columns=700, picture_size=None)


def test_what_one_click_fits_on_a_road_faces_the_way_it_drives(drive: Scene) -> None:
    index = TrackIndex(Document(drive.entities), drive.streams)
    line = index.timeline
    sweeps = [drive.in_ego(line.stream, frame) for frame in range(3)]
    before, after = [], []
    for label in drive.cuboids(1):
        inside = within(sweeps[1], label.centre, label.size, label.rotation, 0.05)
        ends = [index.cuboid_at(label.track, frame) for frame in (0, 2)]
        if inside.sum() < ENOUGH or ends[0] is None or ends[1] is None:
            continue
        places = [
            line.into_world(frame, Pose(each.centre, each.rotation)).translation
            for frame, each in zip((0, 2), ends, strict=True)
        ]
        if math.dist(*places) / 0.2 < MOVES_MPS:
            continue
        points = sweeps[1][inside]
        usual = usual_size(index.track(label.track).class_name)
        fit = one_click(sweeps[1], as_xyz(points[len(points) // 2]), (0.0, 0.0, 1.9), usual)
        if fit is None or math.cos(2 * (yaw_of(fit.rotation) - yaw_of(label.rotation))) < 0.5:
            continue
        at = Placement(fit.centre, fit.size, fit.rotation)
        way = way_of(at, 1, line, lambda frame: sweeps[frame])
        assert way is not None
        headed = replace(at, rotation=joined(at.rotation, turn(math.pi))) if abs(way) > math.pi / 2 else at
        before.append(_is_right(at, label.rotation))
        after.append(_is_right(headed, label.rotation))
    print(f"\nthe right way round: {sum(before)} of {len(before)} by one click, {sum(after)} with its motion")
    assert len(after) >= 6
    assert all(after)
    assert not all(before)


def _is_right(at: Placement, truth: tuple[float, float, float, float]) -> bool:
    return abs(wrapped(yaw_of(at.rotation) - yaw_of(truth))) < math.pi / 2


@pytest.mark.parametrize("frames", [(0,), (0, 1), (0, -1)])
def test_what_stands_and_what_is_alone_keeps_the_way_it_has(frames) -> None:
    points = car_points((10.0, 0.0, 0.0), (4.0, 2.0, 1.5), 0.4)
    scene = scene_with(*STANDING)
    scene.go_to(5)
    scene.sweep_at = lambda frame: np.asarray(points.xyz, float) if frame - 5 in frames else None
    fit = Fit((10.0, 0.0, 0.0), (4.0, 2.0, 1.5), turn(0.4), 300)
    at, said = turned_as_it_moves(scene, fit, lambda yaw: None)
    assert at.rotation == turn(0.4)
    assert said == "Fitted to 300 points; J turns front to rear."


def test_where_nobody_knows_how_the_car_moved_nothing_is_told() -> None:
    here, there = (car_points((x, 0.0, 0.0), (4.0, 2.0, 1.5), 0.0) for x in (10.0, 9.0))
    scene = scene_with()
    held = {0: np.asarray(here.xyz, float), 1: np.asarray(there.xyz, float)}
    scene.sweep_at = held.get
    at, said = turned_as_it_moves(
        scene, Fit((10.0, 0.0, 0.0), (4.0, 2.0, 1.5), turn(0.0), 300), lambda yaw: None
    )
    assert at.rotation == turn(0.0)
    assert "J turns front to rear" in said


@pytest.mark.parametrize("by", [1, -1])
def test_a_car_that_comes_towards_us_is_turned_by_the_sweep_after_or_before(by: int) -> None:
    shape = ((4.0, 2.0, 1.5), 0.0)
    here, there = (car_points((x, 0.0, 0.0), *shape) for x in (10.0, 10.0 - by))
    scene = scene_with(*STANDING)
    scene.go_to(5)
    held = {5: here.xyz, 5 + by: there.xyz}
    scene.sweep_at = lambda frame: np.asarray(held[frame], float) if frame in held else None
    at, said = turned_as_it_moves(
        scene, Fit((10.0, 0.0, 0.0), (4.0, 2.0, 1.5), turn(0.0), 300), lambda yaw: None
    )
    assert abs(wrapped(yaw_of(at.rotation) - math.pi)) < 1e-9
    assert at.rotation == joined(turn(0.0), turn(math.pi))
    assert said == "Fitted to 300 points; headed as it moves."


def test_what_goes_across_its_axis_is_fitted_anew_along_its_way() -> None:
    size, yaw = (4.0, 2.0, 1.5), math.pi / 2
    here, there = (car_points((12.0, y, 0.0), size, yaw) for y in (0.0, 0.6))
    scene = scene_with(*STANDING)
    held = {0: np.asarray(here.xyz, float), 1: np.asarray(there.xyz, float)}
    scene.sweep_at = held.get
    asked: list[float] = []

    def refit(along: float) -> Fit:
        asked.append(along)
        return Fit((12.0, 0.0, 0.0), size, turn(along), 280)

    at, said = turned_as_it_moves(scene, Fit((12.0, 0.0, 0.0), (4.0, 4.0, 1.5), turn(0.0), 300), refit)
    assert asked == pytest.approx([yaw], abs=0.1)
    assert at.size == size
    assert said == "Fitted to 280 points; headed as it moves."
