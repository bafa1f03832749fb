"""Generated scenes: seeded, exactly labelled, consistent between lidars, cameras and time."""

import itertools
import math
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import HalfspaceIntersection

from plugins.image.formats.own_json import OwnJson
from plugins.pointcloud.generator import FAULTS, ONTOLOGY, Counts, Scene, generate, solids, write_scene
from plugins.pointcloud.generator.ground import Ground
from plugins.pointcloud.generator.pictures import lens_of, picture
from plugins.pointcloud.generator.rays import bundled, cast
from plugins.pointcloud.generator.rig import LIDAR, LIDAR_AUX, cameras
from plugins.pointcloud.generator.scene import PERIOD_NS
from plugins.pointcloud.generator.solids import Body
from plugins.pointcloud.points.reading import read_points
from studio.domain.cameras import project
from studio.domain.document import Document
from studio.domain.entities import Calibration, CoordinateSystem, Cuboid, Group, Member, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.ontology import check_ontology, findings
from studio.domain.space import Pose, chained, ego_pose, inward, matrix_of, outward, turn, within
from tests.plugins.formats_kit import read

SMALL = Counts(cars=4, vans=1, cyclists=2, lorries=1, pedestrians=2, poles=2, walls=1, bushes=1)
BODIES: dict[str, Callable[[], Body]] = {
    "car": lambda: solids.car((4.4, 1.8, 1.5), (200, 0, 0)),
    "van": lambda: solids.car((5.4, 2.0, 2.3), (200, 0, 0), roof=1.5),
    "tractor": lambda: solids.tractor((6.1, 2.5, 3.4), (200, 0, 0)),
    "trailer": lambda: solids.trailer((12.2, 2.5, 3.8), (200, 0, 0)),
    "bicycle": lambda: solids.bicycle((1.8, 0.6, 1.1), (200, 0, 0)),
    "rider": lambda: solids.rider((0.8, 0.6, 1.45), (200, 0, 0)),
    "pedestrian": lambda: solids.pedestrian((0.6, 0.65, 1.75), (200, 0, 0)),
    "pole": lambda: solids.pole(0.1, 5.0),
    "wall": lambda: solids.wall((14.0, 0.4, 3.0), (150, 120, 98)),
    "bush": lambda: solids.bush(0.7, 1.2),
}


@pytest.fixture(scope="module")
def scene() -> Scene:
    return generate(3, frames=4, counts=SMALL, ego="turning", slope=0.03, picture_size=(96, 60))


def test_the_same_seed_makes_the_same_scene_and_another_makes_another() -> None:
    first, again, other = (
        generate(seed, frames=2, counts=SMALL, columns=300, picture_size=(64, 40)) for seed in (5, 5, 6)
    )
    assert first.entities == again.entities
    assert all(
        np.array_equal(one.xyz, two.xyz)
        for stream in first.clouds
        for one, two in zip(first.clouds[stream], again.clouds[stream], strict=True)
    )
    assert all(
        np.array_equal(one, two)
        for stream in first.images
        for one, two in zip(first.images[stream], again.images[stream], strict=True)
    )
    assert {each.id for each in first.entities}.isdisjoint(each.id for each in other.entities)


@pytest.mark.parametrize("name", BODIES)
def test_a_body_fills_its_cuboid_and_no_more(name: str) -> None:
    body = BODIES[name]()
    corners = []
    for solid in body.solids:
        inside = np.mean(_inside(solid), axis=0)
        planes = np.column_stack([solid.normals, -solid.offsets])
        corners.append(HalfspaceIntersection(planes, inside).intersections)
    found = np.concatenate(corners)
    assert found.min(axis=0) == pytest.approx(np.array(body.centre) - np.array(body.size) / 2, abs=1e-9)
    assert found.max(axis=0) == pytest.approx(np.array(body.centre) + np.array(body.size) / 2, abs=1e-9)


def _inside(solid: solids.Solid) -> np.ndarray:
    """Points of a solid, by trying."""
    tried = np.random.default_rng(0).uniform([-8, -2, -1], [8, 2, 8], (400_000, 3))
    return tried[(tried @ solid.normals.T < solid.offsets).all(axis=1)]


def test_rays_meet_what_a_search_over_every_solid_meets_first() -> None:
    rng = np.random.default_rng(1)
    bodies = [each() for each in BODIES.values()]
    poses = [
        Pose((14 * math.cos(angle), 14 * math.sin(angle), -0.1), turn(yaw=3 * angle, pitch=0.1))
        for angle in np.arange(len(bodies)) * 2 * math.pi / len(bodies)
    ]
    sensor = Pose((0.3, -0.2, 1.5), turn(yaw=0.7, roll=0.2))
    aims = np.array([each.translation for each in poses])[rng.integers(len(poses), size=801)]
    directions = inward(sensor, aims + rng.normal(size=(801, 3)) * (2.0, 2.0, 0.7)).T
    directions = np.asarray(directions / np.linalg.norm(directions, axis=0), np.float32)
    met = cast(bundled(directions), sensor, bodies, poses, Ground())
    every = directions.T.astype(np.float64) @ matrix_of(sensor.rotation).T
    nearest = np.full(directions.shape[1], np.inf)
    falls = every[:, 2] < -1e-3
    nearest[falls] = -1.5 / every[falls, 2]
    owner = np.full(directions.shape[1], -1)
    for number, (body, pose) in enumerate(zip(bodies, poses, strict=True)):
        eye = inward(pose, np.array([sensor.translation]))[0]
        local = inward(pose, every + np.array(pose.translation))
        for ray, solid in itertools.product(range(len(every)), body.solids):
            low, high = 0.0, nearest[ray]
            for normal, offset in zip(solid.normals, solid.offsets, strict=True):
                across, gap = normal @ local[ray], offset - normal @ eye
                if across < 0:
                    low = max(low, gap / across)
                elif across > 0:
                    high = min(high, gap / across)
            if low < high and low > 0:
                nearest[ray], owner[ray] = low, number
    assert met.reach == pytest.approx(nearest, rel=1e-4)
    hit = met.face >= 0
    assert (met.faces.owner[met.face[hit]] == owner[hit]).mean() > 0.999
    assert set(owner[owner >= 0]) == set(range(len(bodies)))


def test_what_is_hit_lies_in_the_cuboid_that_labels_it(scene: Scene) -> None:
    seen = 0
    for frame in range(4):
        points, hits = scene.in_ego(LIDAR, frame), scene.hits[LIDAR][frame]
        for cuboid in scene.cuboids(frame):
            own = points[hits == [each.id for each in scene.tracks].index(cuboid.track)]
            assert within(own, cuboid.centre, cuboid.size, cuboid.rotation, margin=0.12).all()
            seen += len(own)
    assert seen > 1000


def test_a_point_in_no_cuboid_is_ground_or_clutter(scene: Scene) -> None:
    points, hits = scene.in_ego(LIDAR, 0), scene.hits[LIDAR][0]
    inside = np.zeros(len(points), bool)
    for cuboid in scene.cuboids(0):
        inside |= within(points, cuboid.centre, cuboid.size, cuboid.rotation, margin=0.12)
    assert (hits[~inside] == -1).all()
    labels = scene.clouds[LIDAR][0].fields["label"]
    assert set(np.unique(labels[hits == -1])) == {1, 2}
    assert labels[hits >= 0].min() > 2


def test_the_ground_lies_where_the_wheels_stand() -> None:
    scene = generate(2, frames=1, counts=SMALL, ego="still", picture_size=None, noise_m=0.0)
    ground = scene.in_ego(LIDAR, 0)[scene.clouds[LIDAR][0].fields["label"] == 1]
    assert np.abs(ground[:, 2]).max() < 1e-3
    bottoms = [each.centre[2] - each.size[2] / 2 for each in scene.cuboids(0)]
    riders = sum(each.class_name == "rider" for each in scene.tracks)
    assert sum(abs(each) < 1e-6 for each in bottoms) == len(bottoms) - riders


def test_what_stands_still_keeps_its_place_in_the_world() -> None:
    scene = generate(4, frames=6, counts=Counts(cars=10), ego="turning", slope=0.04, picture_size=None)
    times = scene.streams[0].times_ns
    poses = scene.ego_poses()
    still = 0
    for track in scene.tracks:
        own = [each for each in scene.entities if isinstance(each, Cuboid) and each.track == track.id]
        places = np.array(
            [
                chained(ego_pose(poses, times[each.frame]), Pose(each.centre, each.rotation)).translation
                for each in own
            ]
        )
        moved = np.linalg.norm(places[-1] - places[0])
        if moved < 1.0:
            still += track.class_name == "car"
            assert moved < 1e-6 or track.class_name in ("pedestrian", "bicycle", "rider")
    assert still >= 2


def test_both_lidars_see_the_same_things(scene: Scene) -> None:
    both = [set(np.unique(scene.hits[stream][0])) - {-1} for stream in (LIDAR, LIDAR_AUX)]
    assert both[0] & both[1]
    rings = scene.clouds[LIDAR_AUX][0].fields["ring"]
    assert rings.max() < 16 <= scene.clouds[LIDAR][0].fields["ring"].max() < 64


def test_a_document_of_the_scene_keeps_the_rules_of_its_template(scene: Scene) -> None:
    check_ontology(ONTOLOGY)
    document = Document(scene.entities)
    assert findings(document, ONTOLOGY) == []
    names = [each.name for each in scene.entities if isinstance(each, CoordinateSystem)]
    assert names == ["lidar", "lidar_aux"]
    assert len(scene.calibrations) == 6
    kinds = sorted(each.model for each in scene.calibrations.values())
    assert kinds == ["brown_conrady"] * 3 + ["kannala_brandt"] + ["pinhole"] * 2


def test_groups_have_the_members_that_their_roles_ask_for(scene: Scene) -> None:
    groups = {each.id: each for each in scene.entities if isinstance(each, Group)}
    tracks = {each.id: each for each in scene.tracks}
    members = [each for each in scene.entities if isinstance(each, Member)]
    assert {each.class_name for each in groups.values()} >= {"lorry", "cyclist"}
    for group in groups.values():
        kind = next(each for each in ONTOLOGY.groups if each.name == group.class_name)
        for role in kind.roles:
            own = [each for each in members if each.group == group.id and each.role == role.name]
            assert role.minimum <= len(own) <= (role.maximum or 99)
            assert all(tracks[each.entity].class_name in role.classes for each in own)


def test_one_who_leaves_a_walk_is_a_member_for_less_long() -> None:
    scene = generate(8, frames=10, counts=Counts(0, 0, 0, 0, 0, 2, 0, 0, 0), picture_size=None)
    times = scene.streams[0].times_ns
    spans = [each.intervals[0] for each in scene.entities if isinstance(each, Member)]
    assert len(spans) == 4
    assert all(times[0] <= start < end <= times[-1] + PERIOD_NS for start, end in spans)
    assert spans[1][1] < spans[0][1]


def test_a_run_of_key_frames_ends_with_one_that_says_so(scene: Scene) -> None:
    for track in scene.tracks:
        own = [each for each in scene.entities if isinstance(each, Cuboid) and each.track == track.id]
        assert [each.ends_here for each in own] == [False] * (len(own) - 1) + [True]
        assert [each.frame for each in own] == list(range(own[0].frame, own[-1].frame + 1))
        assert len({each.size for each in own}) == 1


@pytest.mark.parametrize("camera", cameras((320, 200)), ids=lambda each: each.stream)
def test_a_picture_shows_a_box_where_its_projection_says(camera: object) -> None:
    calibration: Calibration = camera.calibration  # type: ignore[attr-defined]
    ego = Pose((0.0, 0.0, 5.0))  # above the ground, that nothing is hidden by it
    own = chained(ego, Pose(calibration.translation, calibration.rotation))
    body = Body((solids.block((-1.0, -1.0, -0.7), (1.0, 1.0, 0.7), (255, 0, 0)),), (2.0, 2.0, 1.4), (0, 0, 0))
    ahead = chained(own, Pose((1.2, 0.3, 7.0))).translation
    there = Pose(ahead, turn(yaw=0.4, pitch=0.2))
    taken = picture(lens_of(calibration), calibration.size, own, [body], [there], Ground())
    red = (taken[..., 0] > 60) & (taken[..., 1] < 60)
    rows, columns = np.nonzero(red)
    shares = np.linspace(-1, 1, 60)
    surface = [
        np.insert(np.array(pair), axis, side)
        for axis in range(3)
        for side in (-1.0, 1.0)
        for pair in itertools.product(shares, shares)
    ]
    placed = np.array(surface) * (1.0, 1.0, 0.7)
    pixels = project(inward(ego, outward(there, placed)), calibration)
    assert columns.min() == pytest.approx(pixels[:, 0].min(), abs=1.1)
    assert columns.max() + 1 == pytest.approx(pixels[:, 0].max(), abs=1.1)
    assert rows.min() == pytest.approx(pixels[:, 1].min(), abs=1.1)
    assert rows.max() + 1 == pytest.approx(pixels[:, 1].max(), abs=1.1)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_changes_what_is_said_and_not_what_is_seen(fault: str) -> None:
    front = StreamId("CAM_FRONT")
    made = [
        generate(
            1, frames=1, counts=SMALL, columns=200, picture_size=(64, 40), fault=given, faulty=[str(front)]
        )
        for given in ("", fault)
    ]
    true, wrong = (
        {each.stream: each for each in scene.entities if isinstance(each, Calibration)} for scene in made
    )
    points = np.array([[12.0, 1.0, 0.5], [20.0, -3.0, 1.0], [6.0, 3.0, 2.0]])
    gap = project(points, true[front]) - project(points, wrong[front])
    assert np.isnan(gap).any() or np.abs(gap).max() > 0.5
    assert made[1].calibrations[front] == true[front]
    assert [stream for stream in true if true[stream] != wrong[stream]] == [front]
    assert np.array_equal(made[0].images[front][0], made[1].images[front][0])


@pytest.mark.parametrize(
    "asked",
    [{"fault": "upside down"}, {"ego": "flying"}, {"frames": 0}],
    ids=lambda asked: next(iter(asked)),
)
def test_what_cannot_be_made_is_refused(asked: dict[str, object]) -> None:
    with pytest.raises(AtelierError) as refused:
        generate(1, **({"frames": 1, "counts": SMALL} | asked))  # type: ignore[arg-type]
    assert refused.value.code == "generator.unknown"


def test_a_crowd_without_room_is_refused() -> None:
    with pytest.raises(AtelierError) as refused:
        generate(1, frames=1, counts=Counts(lorries=60), picture_size=None)
    assert refused.value.code == "generator.crowded"


def test_a_scene_comes_back_as_it_was_written(scene: Scene, tmp_path: Path) -> None:
    write_scene(scene, tmp_path)
    items, problems = read(OwnJson(), tmp_path)
    assert problems == []
    (item,) = items
    assert item.entities == scene.entities
    assert tuple(each.stream for each in item.media) == scene.streams
    for media in item.media:
        assert len(media.paths) == 4
        if media.stream.kind == "points":
            for path, cloud in zip(media.paths, scene.clouds[media.stream.id], strict=True):
                again = read_points(tmp_path / path)
                assert again.origin == cloud.origin
                assert np.array_equal(again.xyz, cloud.xyz)
                assert again.fields.keys() == cloud.fields.keys()
                assert all(np.array_equal(again.fields[name], cloud.fields[name]) for name in cloud.fields)
        else:
            assert all((tmp_path / path).read_bytes()[:2] == b"\xff\xd8" for path in media.paths)


def test_the_command_writes_a_folder(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "plugins.pointcloud.generator", str(tmp_path), "--frames", "1"]
    done = subprocess.run([*command, "--no-pictures"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    items, _ = read(OwnJson(), tmp_path)
    assert [each.source for each in items] == ["drive_0001"]
    assert any(isinstance(each, Track) for each in items[0].entities)
