"""OpenLABEL in space: all is brought into the ego frame at the door, and stands as it was on the way out."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.image.formats.openlabel import OpenLabel
from plugins.image.formats.openlabel_space import Solid, Space
from plugins.image.formats.openlabel_times import as_timestamp, frame_times
from plugins.pointcloud.formats.argoverse2 import Argoverse2
from studio.domain.cameras import box_on_picture, project
from studio.domain.contracts.formats import ReadItem
from studio.domain.document import Document
from studio.domain.entities import (
    Box,
    Calibration,
    CoordinateSystem,
    Cuboid,
    EgoPose,
    Polyline3,
    Tile,
    Track,
)
from studio.domain.geometry import iou_matrix
from studio.domain.space import corners, matrix_of, turn, within
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.image.formats.test_openlabel import contents
from tests.plugins.pointcloud.formats.scenes import everything, lay_out, near

KITTI = "drive_kitti_tracking0000_lidar"


def kitti(shared_data: Path) -> ReadItem:
    (item,), problems = read(OpenLabel(), shared_data / KITTI)
    assert problems == []
    return item


def scene(shared_data: Path, number: str) -> ReadItem:
    items, _ = read(OpenLabel(), shared_data / "export_openlabel")
    return next(each for each in items if each.source == f"openlabel100_kitti_tracking_{number}.json")


def of_kind(item: ReadItem, kind: type) -> list[Any]:
    return [each for each in item.entities if isinstance(each, kind)]


def test_cuboids_in_a_cameras_axes_hold_their_points_in_the_ego_frame(shared_data: Path) -> None:
    item = kitti(shared_data)
    assert [file.stream.id for file in item.media] == ["VELO_TOP", "CAM_LEFT", "CAM_RIGHT"]
    (velodyne,) = [each for each in of_kind(item, CoordinateSystem) if each.name == "VELO_TOP"]
    assert (velodyne.parent, velodyne.translation) == ("ego", (0.76, 0.0, 1.73))
    tracks = {each.id: each.class_name for each in of_kind(item, Track)}
    counts = []
    for frame in (100, 105, 111):
        raw = np.fromfile(shared_data / KITTI / "velodyne" / "0000" / f"{frame:06}.bin", np.float32)
        points = raw.reshape(-1, 4)[:, :3].astype(float) + velodyne.translation
        for box in of_kind(item, Cuboid):
            if box.frame == frame and tracks[box.track] in ("Van", "Cyclist", "Car", "Pedestrian"):
                assert (box.coordinate_system, box.stream) == ("ego", "VELO_TOP")
                assert matrix_of(box.rotation)[2, 2] > 0.99  # upright
                counts.append(int(within(points, box.centre, box.size, box.rotation).sum()))
    assert len(counts) >= 9
    assert np.median(counts) > 100


def test_projected_cuboids_meet_the_boxes_that_people_drew(shared_data: Path) -> None:
    item = scene(shared_data, "0003")
    (camera,) = [each for each in of_kind(item, Calibration) if each.stream == "CAM_LEFT"]
    boxes = {(each.track, each.frame): each for each in of_kind(item, Box) if each.stream == "CAM_LEFT"}
    met = []
    for cuboid in of_kind(item, Cuboid):
        if cuboid.coordinate_system != "ego" or (cuboid.track, cuboid.frame) not in boxes:
            continue
        seen = box_on_picture(corners(cuboid.centre, cuboid.size, cuboid.rotation), camera)
        if seen is not None:
            drawn = boxes[cuboid.track, cuboid.frame].xyxy
            met.append(float(iou_matrix(np.array([seen]), np.array([drawn]))[0, 0]))
    assert len(met) > 300
    assert np.median(met) > 0.8


def test_the_way_of_the_vehicle_comes_in_frame_by_frame(shared_data: Path) -> None:
    poses = of_kind(kitti(shared_data), EgoPose)
    assert [each.time_ns for each in poses] == [frame * 100_000_000 for frame in range(96, 116)]
    near(poses[4].translation, (31.876755978263546, 17.51325257177057, -0.4804136417947158))


def test_the_last_box_of_each_run_ends_its_track(shared_data: Path) -> None:
    item = kitti(shared_data)
    seen = {(each.track, each.frame) for each in of_kind(item, Cuboid)}
    for each in of_kind(item, Cuboid):
        if each.coordinate_system == "ego":
            assert each.ends_here == ((each.track, each.frame + 1) not in seen)


def written(items: list[ReadItem], folder: Path) -> dict[str, Any]:
    assert write(OpenLabel(), items, folder) == ()
    (path,) = folder.glob("*.json")
    found: dict[str, Any] = json.loads(path.read_text())["openlabel"]
    return found


def geometry(content: dict[str, Any]) -> list[str]:
    """Every value in space with its coordinate system, as the file has them."""
    found = []
    for frame, at in content.get("frames", {}).items():
        for each in at.get("objects", {}).values():
            for kind in ("cuboid", "poly3d"):
                for datum in each.get("object_data", {}).get(kind, ()):
                    found.append(f"{frame} {datum['coordinate_system']} {[float(v) for v in datum['val']]}")
    return sorted(found)


def test_what_nobody_moved_is_written_as_it_stood(shared_data: Path, tmp_path: Path) -> None:
    item = kitti(shared_data)
    (path,) = (shared_data / KITTI / "openlabel").glob("*.json")
    original = json.loads(path.read_text())["openlabel"]
    content = written([item], tmp_path)
    in_cameras = [each for each in geometry(original) if "vehicle" not in each]
    assert len(in_cameras) > 50
    assert [each for each in geometry(content) if "vehicle" not in each] == in_cameras
    for key in ("coordinate_systems", "streams"):
        assert content[key] == original[key]
    for frame, at in original["frames"].items():
        assert (
            content["frames"][frame]["frame_properties"]["transforms"] == at["frame_properties"]["transforms"]
        )
    (again,), problems = read(OpenLabel(), tmp_path)
    assert problems == []
    assert contents(again) == contents(item)
    assert json.loads(again.sidecar) == json.loads(item.sidecar)


def test_every_file_comes_back_with_its_sidecar(shared_data: Path, tmp_path: Path) -> None:
    items, _ = read(OpenLabel(), shared_data / "export_openlabel")
    assert write(OpenLabel(), items, tmp_path) == ()
    again = {each.source: each for each in read(OpenLabel(), tmp_path)[0]}
    for item in items:
        was, now = json.loads(item.sidecar), json.loads(again[item.source].sidecar)
        was.pop("frame_intervals", None), now.pop("frame_intervals", None)  # they follow from the frames
        assert now == was, item.source


def test_a_cuboid_that_was_moved_is_written_where_it_stands_now(shared_data: Path, tmp_path: Path) -> None:
    item = kitti(shared_data)
    chosen = next(
        each
        for each in of_kind(item, Cuboid)
        if each.coordinate_system == "ego" and "openlabel.space" in dict(each.attributes)
    )
    moved = replace(
        chosen,
        centre=(20.0, -3.0, 1.0),
        size=(4.5, 2.0, 1.6),
        rotation=turn(0.7),
        made="auto",
        ends_here=True,
    )
    changed = replace(item, entities=tuple(moved if each is chosen else each for each in item.entities))
    content = written([changed], tmp_path)
    assert sum(" CAM_LEFT " in each for each in geometry(content)) == sum(
        " CAM_LEFT " in each for each in geometry(written([item], tmp_path / "as it was"))
    )
    for path in tmp_path.glob("as it was/*"):
        path.unlink()
    (again,), _ = read(OpenLabel(), tmp_path)
    found = Document(again.entities).get(chosen.id) or next(
        each for each in of_kind(again, Cuboid) if abs(each.centre[0] - 20) < 1e-6
    )
    assert isinstance(found, Cuboid)
    near(found.centre, moved.centre)
    near(found.size, moved.size)
    near(matrix_of(found.rotation), matrix_of(moved.rotation))
    assert (found.made, found.ends_here) == ("auto", True)


def test_an_ego_pose_and_a_sensor_that_were_moved_are_written_where_they_are_now(
    shared_data: Path, tmp_path: Path
) -> None:
    item = kitti(shared_data)
    entities = []
    for each in item.entities:
        if isinstance(each, EgoPose) and each.time_ns == 10_000_000_000:
            each = replace(each, translation=(1.0, 2.0, 3.0))
        if isinstance(each, EgoPose) and each.time_ns == 10_100_000_000:
            continue
        if isinstance(each, CoordinateSystem) and each.name == "VELO_TOP":
            each = replace(each, translation=(0.8, 0.0, 1.7))
        entities.append(each)
    content = written([replace(item, entities=tuple(entities))], tmp_path)
    at = content["frames"]["100"]["frame_properties"]["transforms"]
    assert at["vehicle-iso8855_to_odom"]["transform_src_to_dst"]["translation"] == [1.0, 2.0, 3.0]
    assert content["frames"]["101"]["frame_properties"]["transforms"] == {}
    velodyne = content["coordinate_systems"]["VELO_TOP"]
    assert (velodyne["parent"], velodyne["pose_wrt_parent"]["translation"]) == (
        "vehicle-iso8855",
        [0.8, 0.0, 1.7],
    )
    assert len(content["coordinate_systems"]) == 6


def plain(content: dict[str, Any]) -> dict[str, Any]:
    """A file of ours as another program sees it: without what only we read."""
    found: dict[str, Any] = json.loads(
        json.dumps(content), object_hook=lambda each: {k: v for k, v in each.items() if k != "atelier"}
    )
    found["contexts"] = {
        key: each
        for key, each in found.get("contexts", {}).items()
        if not each["type"].startswith("atelier:")
    }
    return found


def test_other_programs_find_ego_poses_cameras_times_and_files_in_what_we_write(tmp_path: Path) -> None:
    item = everything()
    content = plain(written([item], tmp_path / "ours"))
    Folder(tmp_path / "theirs").write("a.json", json.dumps({"openlabel": content}).encode())
    lay_out(tmp_path / "theirs", [item])
    (again,), problems = read(OpenLabel(), tmp_path / "theirs")
    assert problems == []
    assert [(file.stream.id, file.paths) for file in again.media] == [
        (file.stream.id, file.paths) for file in item.media
    ]
    assert again.media[0].stream.times_ns == item.media[0].stream.times_ns
    by_frame = {each.time_ns: each for each in of_kind(item, EgoPose)}
    assert len(of_kind(again, EgoPose)) == 4
    for each in of_kind(again, EgoPose):
        near(each.translation, by_frame[each.time_ns].translation)
    (lens,), (lens_again,) = of_kind(item, Calibration), of_kind(again, Calibration)
    point = np.array([[20.0, 2.0, 0.5]])
    near(project(point, lens), project(point, lens_again))
    boxes = sorted((each.frame, each.centre) for each in of_kind(item, Cuboid))
    found = sorted((each.frame, each.centre) for each in of_kind(again, Cuboid))
    assert [frame for frame, _ in boxes] == [frame for frame, _ in found]
    near([centre for _, centre in boxes], [centre for _, centre in found])
    assert {each.name: each.parent for each in of_kind(again, CoordinateSystem)} == {
        "imu": "ego",
        "front": "ego",
    }


def test_everything_of_a_driving_log_comes_back_with_its_points_labels(tmp_path: Path) -> None:
    item = everything()
    written([item], tmp_path)
    lay_out(tmp_path, [item])
    (again,), problems = read(OpenLabel(), tmp_path)
    assert problems == []
    assert Document(again.entities) == Document(item.entities)
    assert (again.media, again.blobs, again.split) == (item.media, item.blobs, item.split)
    assert {each.blob for each in of_kind(again, Tile)} == {name for name, _ in again.blobs}


def test_a_log_of_argoverse_travels_through_openlabel(shared_data: Path, tmp_path: Path) -> None:
    items, _ = read(Argoverse2(), shared_data / "drive_argoverse2")
    written(items, tmp_path)
    (again,), _ = read(OpenLabel(), tmp_path)
    assert Document(again.entities) == Document(items[0].entities)
    assert [each.stream for each in again.media] == [each.stream for each in items[0].media]


def small(**other: Any) -> dict[str, Any]:
    cuboid = {"name": "box", "val": [1, 0, 0, 0, 0, 0, 4, 2, 1.5], "coordinate_system": "odom"}
    line = {"name": "lane", "val": [1, 0, 0, 2, 0, 0], "closed": False, "coordinate_system": "odom"}
    ahead = {"quaternion": [0, 0, 0, 1], "translation": [10, 0, 0]}
    transform = {"src": "vehicle-iso8855", "dst": "odom", "transform_src_to_dst": ahead}
    return {
        "metadata": {"schema_version": "1.0.0"},
        "coordinate_systems": {
            "odom": {"type": "scene_cs", "parent": "", "children": ["vehicle-iso8855"]},
            "vehicle-iso8855": {"type": "local_cs", "parent": "odom", "children": []},
        },
        "streams": {
            "front": {"type": "camera", "uri": "", "description": ""},
            "top": {"type": "lidar", "uri": "", "description": ""},
        },
        "objects": {"0": {"name": "a", "type": "car"}},
        "frames": {
            str(frame): {
                "objects": {"0": {"object_data": {"cuboid": [cuboid], "poly3d": [line]}}},
                "frame_properties": {
                    "timestamp": f"2018-07-24T03:22:0{frame}.500000001Z",
                    "streams": {"top": {"uri": f"clouds/{frame}.pcd"}},
                    "transforms": {"ego": transform},
                },
            }
            for frame in range(3)
        },
        **other,
    }


def read_small(folder: Path, content: dict[str, Any]) -> tuple[list[ReadItem], Any]:
    sink = Folder(folder)
    sink.write("labels/a.json", json.dumps({"openlabel": content}).encode())
    for frame in (0, 2):
        sink.write(f"labels/clouds/{frame}.pcd", b"points")
    return read(OpenLabel(), folder)


def test_what_stands_in_the_world_is_brought_to_where_the_vehicle_is_then(tmp_path: Path) -> None:
    (item,), problems = read_small(tmp_path, small())
    assert problems == []
    assert [(file.stream.id, file.paths) for file in item.media] == [
        ("top", ("labels/clouds/0.pcd", "", "labels/clouds/2.pcd")),
        ("front", ()),
    ]
    assert item.media[0].stream.times_ns == tuple(1_532_402_520_500_000_001 + at * 10**9 for at in range(3))
    assert [each.time_ns for each in of_kind(item, EgoPose)] == list(item.media[0].stream.times_ns)
    assert {each.centre for each in of_kind(item, Cuboid)} == {(-9.0, 0.0, 0.0)}
    assert {each.points for each in of_kind(item, Polyline3)} == {((-9.0, 0.0, 0.0), (-8.0, 0.0, 0.0))}
    content = written([item], tmp_path / "out")
    assert geometry(content) == geometry(small())


@pytest.mark.parametrize("frame", ["1000000", "9" * 30, "9" * 5000])
def test_more_frames_than_a_sequence_has_are_refused(tmp_path: Path, frame: str) -> None:
    items, problems = read_small(tmp_path, small(frames={"0": {}, frame: {}}))
    assert (items, [each.code for each in problems]) == ([], ["import.malformed"])


@pytest.mark.parametrize(("start", "end"), [(0, 10**12), (3, 2)])
def test_an_interval_that_cannot_be_is_refused(tmp_path: Path, start: int, end: int) -> None:
    one = {"name": "a", "type": "car", "frame_intervals": [{"frame_start": start, "frame_end": end}]}
    items, problems = read_small(tmp_path, small(objects={"0": one}))
    assert (items, [each.code for each in problems]) == ([], ["import.malformed"])


@pytest.mark.parametrize("val", [[0.0] * 12, [1.0] * 12])
def test_a_singular_camera_is_named_and_the_rest_comes_in(tmp_path: Path, val: list[float]) -> None:
    content = small()
    lens = {"width_px": 9, "height_px": 9, "camera_matrix_3x4": val, "distortion_coeffs_1xN": []}
    content["streams"]["front"]["stream_properties"] = {"intrinsics_pinhole": lens}
    (item,), problems = read_small(tmp_path, content)
    assert [each.code for each in problems] == ["calibration.broken"]
    assert (kinds(item)["Calibration"], kinds(item)["Cuboid"]) == (0, 3)


@pytest.mark.parametrize(
    "systems",
    [
        {},
        {"odom": {"type": "scene_cs", "parent": "odom"}},
        {"odom": {"type": "scene_cs", "parent": "x"}, "x": {"type": "local_cs", "parent": "odom"}},
        {"odom": {"type": "local_cs", "parent": "gone", "pose_wrt_parent": {"matrix4x4": [0.0] * 16}}},
        {"a": {"type": "sensor_cs", "parent": "b"}, "b": {"type": "sensor_cs", "parent": "a"}},
    ],
)
def test_systems_that_lead_nowhere_leave_things_where_they_say_they_are(
    tmp_path: Path, systems: dict[str, Any]
) -> None:
    (item,), _ = read_small(tmp_path, small(coordinate_systems=systems))
    assert {each.coordinate_system for each in of_kind(item, Cuboid)} <= {"odom", "ego"}
    assert write(OpenLabel(), [item], tmp_path / "out") == ()
    (again,), _ = read(OpenLabel(), tmp_path / "out")
    assert contents(again) == contents(item)


angles = st.floats(-3.1, 3.1)
systems = st.builds(
    lambda yaw, pitch, roll, x: {
        "vehicle": {"type": "local_cs", "parent": ""},
        "sensor": {
            "type": "sensor_cs",
            "parent": "vehicle",
            "pose_wrt_parent": {
                "quaternion": list(turn(yaw, pitch, roll)),
                "translation": [x, 1.0, -2.0],
            },
        },
    },
    *([angles] * 3),
    st.floats(-9, 9),
)


@given(systems, st.floats(-50, 50), angles, angles)
def test_any_cuboid_comes_back_from_the_ego_frame_and_stays_the_same_box(
    held: dict[str, Any], x: float, yaw: float, roll: float
) -> None:
    space = Space(held, {})
    given_ = Solid((x, 2.0, 3.0), (4.0, 2.0, 1.5), turn(yaw, 0.2, roll))
    placed = space.solid_in_ego("sensor", given_, 0)
    assert placed is not None
    assert sorted(placed.size) == sorted(given_.size)
    back = space.solid_out_of_ego("sensor", placed, 0)
    assert back is not None
    near(back.centre, given_.centre)
    assert back.size == given_.size
    near(matrix_of(back.rotation), matrix_of(given_.rotation))
    pose = space.in_ego("sensor")
    assert pose is not None
    there = corners(*given_) @ matrix_of(pose.rotation).T + pose.translation
    here = corners(*placed)
    for corner in there:
        assert np.linalg.norm(here - corner, axis=1).min() < 1e-6


@given(st.lists(st.integers(-(2**62), 2**62), min_size=2, max_size=5, unique=True))
def test_times_that_we_write_are_read_to_the_nanosecond(times: list[int]) -> None:
    said = {at: {"timestamp": as_timestamp(time)} for at, time in enumerate(sorted(times))}
    found = frame_times(said, len(times))
    assert found == tuple(sorted(times)) or any(abs(time) >= 1e11 * 1e9 for time in times)


@pytest.mark.parametrize(
    ("said", "times"),
    [
        (
            ["2020-01-01T00:00:00Z", "2020-01-01T00:00:00.25Z"],
            (1577836800 * 10**9, 1577836800 * 10**9 + 25 * 10**7),
        ),
        (["2020-01-01 01:00:00+01:00", "2020-01-01 00:00:01"], (1577836800 * 10**9, 1577836801 * 10**9)),
        ([0, 0.1], (0, 100_000_000)),
        ([1577836800123, 1577836800223], (1577836800123 * 10**6, 1577836800223 * 10**6)),
        ([1577836800123456789, 1577836800223456789], (1577836800123456789, 1577836800223456789)),
        ([1, 1], ()),
        ([2, 1], ()),
        ([1, None], ()),
        (["soon", "later"], ()),
        ([True, False], ()),
        ([float("1e308"), 3], ()),
        ([{}, []], ()),
    ],
)
def test_times_are_read_in_every_spelling(said: list[Any], times: tuple[int, ...]) -> None:
    properties = {at: {} if each is None else {"timestamp": each} for at, each in enumerate(said)}
    assert frame_times(properties, len(said)) == times


def test_ids_are_those_of_the_file_we_wrote(tmp_path: Path) -> None:
    item = everything()
    written([item], tmp_path)
    (again,), _ = read(OpenLabel(), tmp_path)
    assert {each.id for each in again.entities} == {each.id for each in item.entities}
