"""nuScenes' tables and T4's, and mmdetection3d's list of a sample: boxes in the ego frame, rows that lie."""

import json
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.formats import nuscenes_tables
from plugins.pointcloud.formats.nuscenes import NuScenes
from plugins.pointcloud.formats.nuscenes_info import NuScenesInfo
from plugins.pointcloud.points.reading import read_points
from studio.domain.cameras import box_on_picture
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Box, Calibration, CoordinateSystem, Cuboid, EgoPose, Mask, Track
from studio.domain.space import Pose, corners, ego_pose, inward, outward, within, yaw_of
from studio.domain.values import attributes
from tests.plugins.formats_kit import kinds, picture, read, write
from tests.plugins.pointcloud.formats.scenes import (
    differences,
    everything,
    lay_out,
    names,
    near,
    said,
    scenes,
)
from tests.plugins.pointcloud.points.point_files import sweep

START_US = 1_600_000_000_000_000
HALF = [0.7071067811865476, 0, 0, 0.7071067811865476]  # a quarter turn to the left
LEVEL = [1, 0, 0, 0]
Tables = dict[str, list[dict[str, Any]]]


def tables() -> Tables:
    """Two samples, half a second apart; the vehicle drives north and its lidar looks to its left."""
    times = [START_US, START_US + 500_000]
    return {
        "sensor": [
            {"token": "s1", "channel": "CAM_BACK", "modality": "camera"},
            {"token": "s2", "channel": "CAM_FRONT", "modality": "camera"},
            {"token": "s3", "channel": "RADAR_FRONT", "modality": "radar"},
            {"token": "s4", "channel": "LIDAR_TOP", "modality": "lidar"},
        ],
        "calibrated_sensor": [
            {
                "token": f"c{at}",
                "sensor_token": f"s{at}",
                "translation": [at, 0.0, 1.5],
                "rotation": HALF if at == 4 else LEVEL,
                "camera_intrinsic": [[50, 0, 30], [0, 50, 20], [0, 0, 1]] if at < 3 else [],
            }
            for at in (1, 2, 3, 4)
        ],
        "ego_pose": [
            {"token": f"e{n}", "timestamp": times[n], "translation": [100.0, 50.0 * n, 0], "rotation": HALF}
            for n in (0, 1)
        ],
        "log": [{"token": "l", "logfile": "n008-drive"}],
        "scene": [{"token": "scene", "name": "scene-0001", "log_token": "l"}],
        "sample": [
            {"token": f"p{n}", "timestamp": times[n], "scene_token": "scene", "next": "", "prev": ""}
            for n in (0, 1)
        ],
        "sample_data": [
            {
                "token": f"d{n}{at}",
                "sample_token": f"p{n}",
                "ego_pose_token": f"e{n}",
                "calibrated_sensor_token": f"c{at}",
                "timestamp": times[n] + (4 - at) * 1000,
                "filename": f"samples/{at}/{n}.{'bin' if at > 2 else 'png'}",
                "is_key_frame": True,
                "width": 60 if at < 3 else 0,
                "height": 40 if at < 3 else 0,
            }
            for n in (0, 1)
            for at in (1, 2, 3, 4)
        ]
        + [
            {
                "token": "between",
                "sample_token": "p0",
                "ego_pose_token": "e0",
                "calibrated_sensor_token": "c4",
                "timestamp": START_US + 50_000,
                "filename": "sweeps/4/0.bin",
                "is_key_frame": False,
            }
        ],
        "category": [{"token": "k", "name": "vehicle.car"}],
        "attribute": [{"token": "a", "name": "vehicle.moving"}, {"token": "b", "name": "lit"}],
        "visibility": [{"token": "4", "level": "v80-100"}],
        "instance": [{"token": "i", "category_token": "k"}],
        "sample_annotation": [
            {
                "token": f"n{n}",
                "sample_token": f"p{n}",
                "instance_token": "i",
                "attribute_tokens": ["a", "b"],
                "visibility_token": "4",
                "translation": [95.0, 50.0 * n + 10, 0.8],
                "size": [1.8, 4.2, 1.6],
                "rotation": HALF,
                "num_lidar_pts": 7,
                "num_radar_pts": 0,
            }
            for n in (0, 1)
        ],
    }


def put(folder: Path, held: Tables) -> Path:
    for name, rows in held.items():
        (folder / "v1.0-mini").mkdir(parents=True, exist_ok=True)
        (folder / f"v1.0-mini/{name}.json").write_text(json.dumps(rows))
    for at in (1, 2, 3, 4):
        for n in (0, 1):
            if at < 3:
                picture(folder / f"samples/{at}/{n}.png", (60, 40))
            else:
                (folder / f"samples/{at}").mkdir(parents=True, exist_ok=True)
                (folder / f"samples/{at}/{n}.bin").write_bytes(sweep(10, n, rings=True))
    return folder


def _plain(item: ReadItem) -> object:
    """What was read, without ids, which are made afresh."""
    entities = [(type(each).__name__, replace(each, id="")) for each in item.entities]
    return item.source, item.media, [(name, getattr(each, "centre", None)) for name, each in entities]


@pytest.mark.parametrize("has_keys", [True, False])
def test_large_tables_are_read_row_by_row_and_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_keys: bool
) -> None:
    held = tables()
    if not has_keys:
        held["sample_data"] = [each | {"is_key_frame": False} for each in held["sample_data"][:-1]]
    folder = put(tmp_path, held)
    whole, problems = read(NuScenes(), folder)
    monkeypatch.setattr(nuscenes_tables, "WHOLE_BYTES", 100)
    large, others = read(NuScenes(), folder)
    assert problems == others == []
    assert [_plain(each) for each in large] == [_plain(each) for each in whole]
    assert len([each for each in large[0].entities if isinstance(each, Cuboid)]) == 2


def test_a_large_table_that_breaks_off_is_named_and_what_came_before_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = put(tmp_path, tables())
    path = folder / "v1.0-mini/sample_annotation.json"
    path.write_text(path.read_text()[:-40])
    monkeypatch.setattr(nuscenes_tables, "WHOLE_BYTES", 100)
    (item,), (problem,) = read(NuScenes(), folder)
    assert (problem.path, problem.code) == ("v1.0-mini/sample_annotation.json", "import.bad_json")
    assert len([each for each in item.entities if isinstance(each, Cuboid)]) == 1


def test_a_scene_is_an_item_of_its_key_frames_with_boxes_in_the_ego_frame(tmp_path: Path) -> None:
    folder = put(tmp_path, tables())
    sniffed = NuScenes().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (1, ("vehicle.car",))
    (item,), problems = read(NuScenes(), folder)
    assert problems == []
    assert (item.source, item.group_key, item.sequence) == ("scene-0001", "n008-drive", "n008-drive")
    assert [(file.stream.id, file.stream.kind) for file in item.media] == [
        ("LIDAR_TOP", "points"),
        ("RADAR_FRONT", "points"),
        ("CAM_FRONT", "image"),
        ("CAM_BACK", "image"),
    ]
    assert item.media[0].stream.times_ns == (START_US * 1000, (START_US + 500_000) * 1000)
    assert item.media[3].stream.times_ns[0] == (START_US + 3000) * 1000
    assert item.media[3].paths == ("samples/1/0.png", "samples/1/1.png")
    (track,) = (each for each in item.entities if isinstance(each, Track))
    assert (track.class_name, track.identity) == ("vehicle.car", "i")
    first, second = (each for each in item.entities if isinstance(each, Cuboid))
    # five metres to the west of a vehicle that heads north is to its left; ten metres north is ahead
    near((*first.centre, *first.size), (10, 5, 0.8, 4.2, 1.8, 1.6))
    near(second.centre, (10, 5, 0.8))
    assert yaw_of(first.rotation) == pytest.approx(0)
    assert [each.ends_here for each in (first, second)] == [False, True]
    assert dict(first.attributes) == {
        "vehicle": "moving",
        "state": "lit",
        "visibility": "v80-100",
        "num_lidar_pts": 7,
        "num_radar_pts": 0,
    }
    systems = {each.name: each for each in item.entities if isinstance(each, CoordinateSystem)}
    assert systems["LIDAR_TOP"].parent == "ego"
    near(systems["LIDAR_TOP"].translation, (4, 0, 1.5))
    cameras = [each for each in item.entities if isinstance(each, Calibration)]
    assert [(each.size, each.intrinsics[2]) for each in cameras] == [((60, 40), 30.5)] * 2
    times = [each.time_ns for each in item.entities if isinstance(each, EgoPose)]
    assert times == sorted(times)
    assert len(times) == 8  # of every file, each at its own time


def test_the_t4_sample_comes_in_with_boxes_and_masks_on_its_pictures(shared_data: Path) -> None:
    (item,), problems = read(NuScenes(), shared_data / "drive_t4dataset_sample")
    assert kinds(item) == {
        "Mask": 6, "Track": 5, "Cuboid": 4, "Box": 4, "EgoPose": 3, "Calibration": 2, "CoordinateSystem": 1
    }  # fmt: skip
    # its sizes are length first, which the tables say is the width: named, and left as they stand
    assert [problem.code for problem in problems] == ["import.bad_box"]
    assert "wider than long" in problems[0].message
    masks = [each for each in item.entities if isinstance(each, Mask)]
    assert {each.size for each in masks} == {(600, 800)}
    cuboids = {each.track for each in item.entities if isinstance(each, Cuboid)}
    boxes = [each for each in item.entities if isinstance(each, Box)]
    assert {each.track for each in boxes} <= cuboids  # one thing, every sensor
    car = next(each for each in item.entities if isinstance(each, Track))
    assert car.name == "car_001"


def changed(table: str, row: int, **fields: Any) -> Tables:
    held = tables()
    held[table][row] |= fields
    return held


@pytest.mark.parametrize(
    ("held", "code", "cuboids"),
    [
        (changed("sample_annotation", 0, size=[0, 4, 1]), "import.bad_box", 1),
        (changed("sample_annotation", 0, rotation=[0, 0, 0, 0]), "import.bad_box", 1),
        (changed("sample_annotation", 0, translation=[1e12, 0, 0]), "import.bad_box", 1),
        (changed("sample_annotation", 0, translation=["x", 0, 0]), "import.malformed", 1),
        (changed("sample_annotation", 0, token="n1"), "import.malformed", 1),
        (changed("ego_pose", 0, rotation=[1, 0, 0]), "import.malformed", 1),
        (changed("calibrated_sensor", 0, camera_intrinsic=[[0, 0, 0]] * 3), "calibration.broken", 2),
        (changed("calibrated_sensor", 3, rotation=[0, 0, 0, 0]), "calibration.broken", 2),
        (changed("sample_data", 0, filename="../../etc/passwd"), "import.missing_file", 2),
        (changed("sample_data", 0, timestamp=-5), "import.malformed", 2),
        (changed("sample", 0, timestamp=START_US + 900_000), "import.malformed", 2),
    ],
)
def test_a_row_that_cannot_be_is_named_and_the_rest_comes_in(
    tmp_path: Path, held: Tables, code: str, cuboids: int
) -> None:
    (item,), problems = read(NuScenes(), put(tmp_path, held))
    assert code in {problem.code for problem in problems}
    assert all(problem.hint for problem in problems)
    assert kinds(item)["Cuboid"] == cuboids
    assert item.media[0].stream.id == "LIDAR_TOP"


def test_a_table_that_is_none_and_a_scene_without_samples_are_named(tmp_path: Path) -> None:
    folder = put(tmp_path, tables())
    (folder / "v1.0-mini/sample_annotation.json").write_text("[{]")
    (item,), problems = read(NuScenes(), folder)
    assert ([problem.code for problem in problems], kinds(item)["Cuboid"]) == (["import.bad_json"], 0)
    held = tables()
    held["scene"].append({"token": "other", "name": "scene-0002"})
    items, problems = read(NuScenes(), put(tmp_path / "two", held))
    assert ([item.source for item in items], [problem.code for problem in problems]) == (
        ["scene-0001"], ["import.malformed"]
    )  # fmt: skip


def test_a_missing_picture_leaves_its_frame_without_a_file(tmp_path: Path) -> None:
    folder = put(tmp_path, tables())
    (folder / "samples/2/1.png").unlink()
    shutil.rmtree(folder / "samples/3")
    (item,), problems = read(NuScenes(), folder)
    paths = {str(file.stream.id): file.paths for file in item.media}
    assert paths["CAM_FRONT"] == ("samples/2/0.png", "")
    assert paths["RADAR_FRONT"] == ()
    assert [problem.code for problem in problems] == ["import.missing_file"] * 2


def test_the_listed_sample_comes_in_with_its_boxes_where_their_points_and_pictures_are(
    shared_data: Path,
) -> None:
    folder = shared_data / "drive_nuscenes_frame"
    sniffed = NuScenesInfo().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, "traffic_cone" in sniffed.classes) == (1, True)
    (item,), problems = read(NuScenesInfo(), folder)
    assert problems == []
    assert kinds(item) == {
        "Track": 69, "Cuboid": 69, "EgoPose": 7, "Calibration": 6, "CoordinateSystem": 1
    }  # fmt: skip
    assert [file.stream.kind for file in item.media] == ["points", *["image"] * 6]
    system = next(each for each in item.entities if isinstance(each, CoordinateSystem))
    points = outward(
        Pose(system.translation, system.rotation),
        read_points(folder / item.media[0].paths[0]).xyz.astype(float),
    )
    cuboids = [each for each in item.entities if isinstance(each, Cuboid)]
    inside = [within(points, each.centre, each.size, each.rotation).sum() for each in cuboids]
    counted = [dict(each.attributes)["num_lidar_pts"] for each in cuboids]
    assert np.mean([abs(a - b) <= 2 for a, b in zip(inside, counted, strict=True)]) > 0.9
    # what mmdetection3d lists on the front picture is where the cuboids are seen at the camera's own time
    listed = json.loads((folder / "info.json").read_text())["data_list"][0]["cam_instances"]["CAM_FRONT"]
    poses = sorted((e for e in item.entities if isinstance(e, EgoPose)), key=lambda each: each.time_ns)
    camera = next(e for e in item.entities if isinstance(e, Calibration) and e.stream == "CAM_FRONT")
    then, now = item.media[1].stream.times_ns[0], item.media[0].stream.times_ns[0]
    found = 0
    for each in cuboids:
        place = outward(ego_pose(poses, now), corners(each.centre, each.size, each.rotation))
        seen = box_on_picture(inward(ego_pose(poses, then), place), camera)
        if seen is not None:
            off = [np.abs(np.array(seen) - 0.5 - one["bbox"]).max() for one in listed]
            found += min(off) < 2
    assert found >= 0.9 * len(listed)


@pytest.mark.parametrize(
    ("place", "value", "code"),
    [
        (("instances", 0, "bbox_3d"), [0] * 7, "import.bad_box"),
        (("instances", 0, "bbox_3d"), [1, 2, 3], "import.bad_box"),
        (("instances", 0, "bbox_3d"), "none", "import.bad_box"),
        (("images", "CAM_BACK", "cam2img"), [[0, 0, 0]] * 3, "calibration.broken"),
        (("images", "CAM_BACK", "cam2ego"), [[2, 0, 0, 0]] * 4, "calibration.broken"),
        (("images", "CAM_BACK", "img_path"), "gone.jpg", "import.missing_file"),
        (("lidar_points",), {}, "import.malformed"),
        (("timestamp",), None, "import.malformed"),
        (("ego2global",), [[1, 2], [3, 4]], "calibration.broken"),
    ],
)
def test_a_part_of_a_listed_sample_that_cannot_be_is_named(
    tmp_path: Path, shared_data: Path, place: tuple[Any, ...], value: object, code: str
) -> None:
    shutil.copytree(shared_data / "drive_nuscenes_frame", tmp_path / "frame")
    path = tmp_path / "frame/info.json"
    content = json.loads(path.read_text())
    at = content["data_list"][0]
    for key in place[:-1]:
        at = at[key]
    at[place[-1]] = value
    path.write_text(json.dumps(content))
    items, problems = read(NuScenesInfo(), tmp_path / "frame")
    assert code in {problem.code for problem in problems}
    assert len(items) == (0 if place[0] in ("lidar_points", "timestamp", "ego2global") else 1)


def there_and_back(item: ReadItem) -> tuple[dict[str, int], ReadItem]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        losses = write(NuScenes(), [item], folder)
        lay_out(folder, [item])
        (again,), problems = read(NuScenes(), folder)
    assert [problem for problem in problems if "wider than long" not in problem.message] == []
    return said(losses), again


texts = st.dictionaries(names.filter(lambda name: "." not in name), names, max_size=2)


@settings(max_examples=60, deadline=None)
@given(
    scenes(
        made=st.sampled_from(["hand", "auto", "model"]), box_held=texts.map(lambda held: attributes(**held))
    )
)
def test_what_the_loss_report_says_is_what_is_lost(item: ReadItem) -> None:
    lost, again = there_and_back(item)
    found = differences(replace(item, split=again.split), again)
    assert found | ({"side of the split": 1} if item.split else {}) == lost


def test_the_t4_sample_is_written_as_it_was(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "drive_t4dataset_sample"
    items, _ = read(NuScenes(), folder)
    lost = said(write(NuScenes(), items, tmp_path))
    assert lost == {"shape mask": 6, "track without a cuboid (traffic_cone)": 2}
    shutil.copytree(folder / "data", tmp_path / "data")
    (again,), _ = read(NuScenes(), tmp_path)
    assert again.media == items[0].media
    ours = json.loads((tmp_path / "v1.0-atelier/sample_annotation.json").read_text())
    theirs = json.loads((folder / "annotation/sample_annotation.json").read_text())
    for mine, their in zip(
        sorted(ours, key=lambda each: str(each["translation"])),
        sorted(theirs, key=lambda each: str(each["translation"])),
        strict=True,
    ):
        for name in ("translation", "size", "num_lidar_pts", "num_radar_pts", "instance_token"):
            assert np.array(mine[name]).tolist() == their[name], name
        assert np.allclose(mine["rotation"], their["rotation"], atol=1e-4)  # theirs is not quite of length 1
    instances = json.loads((tmp_path / "v1.0-atelier/instance.json").read_text())
    assert [each["instance_name"] for each in instances] == ["car_001", "pedestrian_001", "bicycle_001"]


def test_everything_that_has_no_word_there_is_counted() -> None:
    lost, again = there_and_back(everything())
    assert lost == {
        "attribute 'parked' of a track": 1,
        "attribute 'seen' of a box": 1,
        "box between key frames": 2,
        "cuboid made by model": 1,
        "frame of reference of a sensor": 1,
        "group": 1,
        "member": 1,
        "pose of the ego frame between frames": 4,
        "relation": 1,
        "remark": 1,
        "shape polyline3": 1,
        "side of the split": 1,
        "state": 1,
        "tag": 1,
        "tile": 1,
        "track without a cuboid (ghost)": 1,
    }
    assert kinds(again)["Box"] == 1
    assert {each.name for each in again.entities if isinstance(each, Track)} == {"", "the red one"}
