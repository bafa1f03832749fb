"""Proposals over a drive: tracks that hold, one size each, in the ego frame of their frames."""

import math

import numpy as np
import pytest

from plugins.pointcloud.generator import ONTOLOGY, Counts, Scene, generate
from plugins.pointcloud.metrics import CUBOID_DETECTION
from plugins.pointcloud.proposer import Proposals, propose
from studio.domain.contracts.training import Judged
from studio.domain.document import Document
from studio.domain.entities import Cuboid
from studio.domain.overlap import ground_iou, rows_of
from studio.domain.space import Pose, chained, ego_pose, yaw_of

SIZES = {each.name: each.size_m for each in ONTOLOGY.classes if each.size_m}
SENSOR = (1.2, 0.0, 1.9)
FRAMES = 8


def proposed(scene: Scene, **given: object) -> Proposals:
    lidar = scene.streams[0]
    clouds = [scene.in_ego(lidar.id, frame) for frame in range(lidar.frames)]
    return propose(
        clouds,
        scene.ego_poses(),
        lidar.times_ns,
        SIZES,
        **({"sensor": SENSOR} | given),  # type: ignore[arg-type]
    )


@pytest.fixture(scope="module")
def drive() -> tuple[Scene, Proposals]:
    counts = Counts(cars=8, vans=1, cyclists=0, lorries=0, pedestrians=3, bushes=0)
    scene = generate(12, frames=FRAMES, counts=counts, ego="turning", slope=0.03, picture_size=None)
    return scene, proposed(scene)


def recall(scene: Scene, found: Proposals, least_points: int) -> float:
    lidar = scene.streams[0].id
    place = {track.id: number for number, track in enumerate(scene.tracks)}
    hits = []
    for frame in range(FRAMES):
        counts = np.bincount(scene.hits[lidar][frame] + 1, minlength=len(place) + 1)[1:]
        seen = [each for each in scene.cuboids(frame) if counts[place[each.track]] >= least_points]
        there = [each for each in found.cuboids if each.frame == frame]
        hits += (ground_iou(rows_of(there), rows_of(seen)).max(axis=0, initial=0.0) >= 0.5).tolist()
    return float(np.mean(hits))


def test_most_of_what_is_seen_well_is_proposed(drive: tuple[Scene, Proposals]) -> None:
    assert recall(*drive, least_points=50) >= 0.85


def test_things_keep_their_track_through_the_drive(drive: tuple[Scene, Proposals]) -> None:
    scene, found = drive
    judged = Judged(
        "i",
        "drive",
        scene.entities,
        (*found.tracks, *found.cuboids),
        tuple(found.scores),
        stream=scene.streams[0].id,
        streams=scene.streams,
    )
    figures = dict(CUBOID_DETECTION.judge([judged], list(SIZES), 0.3).metrics)
    assert figures["idf1"] >= 0.7
    assert figures["hota"] >= 0.6


def test_proposals_are_whole_entities(drive: tuple[Scene, Proposals]) -> None:
    scene, found = drive
    Document((*found.tracks, *found.cuboids))
    scores = dict(found.scores)
    assert set(scores) == {each.id for each in found.cuboids}
    assert all(0 < score <= 1 for score in scores.values())
    for track in found.tracks:
        own = [each for each in found.cuboids if each.track == track.id]
        assert len(own) >= 3
        assert [each.frame for each in own] == sorted({each.frame for each in own})
        assert [each.ends_here for each in own] == [False] * (len(own) - 1) + [True]
        assert {each.made for each in own} == {"auto"}
        assert len({each.size for each in own}) == 1
        assert track.class_name in SIZES
    assert {each.stream for each in found.cuboids} == {scene.streams[0].id}


def test_what_stands_still_stands_still_in_the_world(drive: tuple[Scene, Proposals]) -> None:
    scene, found = drive
    times, poses = scene.streams[0].times_ns, scene.ego_poses()

    def world(cuboid: Cuboid) -> Pose:
        return chained(ego_pose(poses, times[cuboid.frame]), Pose(cuboid.centre, cuboid.rotation))

    parked = 0
    for label in scene.tracks:
        labels = [each for each in scene.entities if isinstance(each, Cuboid) and each.track == label.id]
        if math.dist(world(labels[0]).translation, world(labels[-1]).translation) > 1e-6:
            continue
        first = labels[0]
        there = [each for each in found.cuboids if each.frame == first.frame]
        overlaps = ground_iou(rows_of(there), rows_of([first]))
        if overlaps.max(initial=0.0) < 0.5:
            continue
        track = there[int(overlaps.argmax())].track
        places = np.array([world(each).translation for each in found.cuboids if each.track == track])
        headings = np.array([yaw_of(world(each).rotation) for each in found.cuboids if each.track == track])
        assert np.ptp(places[:, :2], axis=0).max() < 0.12  # the ground is not flat, the boxes are upright
        assert np.abs(np.sin(headings - headings[0])).max() < 0.02
        parked += 1
    assert parked >= 2


def test_a_single_frame_is_proposed_as_it_is() -> None:
    scene = generate(12, frames=1, counts=Counts(cars=6), picture_size=None)
    found = proposed(scene)
    assert len(found.tracks) == len(found.cuboids) >= 4


def test_nothing_to_look_at_is_nothing_to_propose() -> None:
    assert propose([], [], [], SIZES) == Proposals([], [], [])
    empty = propose([np.zeros((0, 3))] * 3, [], [0, 1, 2], SIZES)
    assert empty == Proposals([], [], [])


def test_without_ego_poses_things_are_followed_as_they_slide_past(drive: tuple[Scene, Proposals]) -> None:
    scene, _ = drive
    lidar = scene.streams[0]
    clouds = [scene.in_ego(lidar.id, frame) for frame in range(lidar.frames)]
    found = propose(clouds, [], lidar.times_ns, SIZES, sensor=SENSOR)
    assert recall(scene, found, least_points=50) >= 0.75


def test_progress_is_told_frame_by_frame() -> None:
    scene = generate(12, frames=2, counts=Counts(cars=3), columns=300, picture_size=None)
    heard: list[int] = []
    proposed(scene, on_frame=heard.append)
    assert heard == [1, 2]
