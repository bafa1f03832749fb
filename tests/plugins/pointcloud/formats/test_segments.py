"""Segments.ai: what its documentation shows, samples out and back, and releases that are not as said."""

import json
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.formats.segments import Segments
from studio.domain.cameras import project
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Box, Calibration, Cuboid, EgoPose, Polyline3, Track
from studio.domain.space import matrix_of, turn
from studio.domain.values import attributes
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import (
    calibration,
    cuboid,
    differences,
    everything,
    fresh,
    labels_at,
    lay_out,
    names,
    said,
    scenes,
    streams,
)

RELEASE = "segments_release.json"


def there_and_back(*items: ReadItem) -> tuple[dict[str, int], list[ReadItem]]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        losses = write(Segments(), list(items), folder)
        lay_out(folder, items)
        again, problems = read(Segments(), folder)
    assert problems == []
    return said(losses), again


def box(**changes: Any) -> dict[str, Any]:
    return {
        "id": 1,
        "category_id": 1,
        "type": "cuboid",
        "position": {"x": 10.0, "y": 2.0, "z": 0.5},
        "dimensions": {"x": 4.0, "y": 2.0, "z": 1.5},
        "yaw": 0.63,
        **changes,
    }


def sample(labels: Any, *frames: dict[str, Any], **other: Any) -> dict[str, Any]:
    given_ = {"frames": list(frames)} if len(frames) > 1 else frames[0]
    held = {"ground-truth": {"label_status": "LABELED", "attributes": labels}}
    return {"name": "drive", "attributes": given_, "labels": held, **other}


def frame(name: str = "a", **other: Any) -> dict[str, Any]:
    return {"pcd": {"url": f"https://example.com/some/{name}.pcd?sig=1", "type": "pcd"}, **other}


CATEGORIES = [
    {"id": 1, "name": "car", "attributes": [{"name": "plate", "input_type": "text", "is_track_level": True}]},
    {"id": 2, "name": "road"},
]


def release(folder: Path, *samples: Any, task: str = "pointcloud-cuboid-sequence", **other: Any) -> Path:
    dataset = {"name": "d", "task_type": task, "task_attributes": {"categories": CATEGORIES}}
    content = {"name": "v1", "dataset": {**dataset, "samples": list(samples), **other}}
    Folder(folder).write("release.json", json.dumps(content).encode())
    for name in ("a", "b", "c"):
        Folder(folder).write(f"clouds/{name}.pcd", b"# .PCD\nPOINTS 4\n")
    Folder(folder).write("front.png", b"picture")
    return folder


def cuboids(item: ReadItem) -> list[Cuboid]:
    return [each for each in item.entities if isinstance(each, Cuboid)]


def test_a_cuboid_that_stands_in_the_world_is_brought_to_the_sensor(tmp_path: Path) -> None:
    pose = {"position": {"x": 10, "y": 0, "z": 0}, "heading": {"qx": 0, "qy": 0, "qz": 1, "qw": 1}}
    labels = {"frames": [{"annotations": [box(track_id=6, is_keyframe=True)]}, {"annotations": []}]}
    item_folder = release(tmp_path, sample(labels, frame("a", ego_pose=pose), frame("b", ego_pose=pose)))
    sniffed = Segments().sniff(FolderTree(item_folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (1, ("car", "road"))
    (item,), problems = read(Segments(), item_folder)
    assert problems == []
    assert item.media[0].paths == ("clouds/a.pcd", "clouds/b.pcd")
    (found,) = cuboids(item)
    # 2 m to the left of where the sensor stands, which looks along y
    assert found.centre == pytest.approx((2, 0, 0.5))
    assert matrix_of(found.rotation) == pytest.approx(matrix_of(turn(0.63 - math.pi / 2)))
    assert [each.translation for each in item.entities if isinstance(each, EgoPose)] == [(10, 0, 0)] * 2


def test_only_key_frames_are_kept_and_the_end_of_a_run(tmp_path: Path) -> None:
    def at(x: float, is_key: bool) -> dict[str, Any]:
        one = box(track_id=6, is_keyframe=is_key, position={"x": x, "y": 0, "z": 0})
        return {"annotations": [one]}

    labels = {"frames": [at(0, True), at(1, False), at(2, True), at(2, False), {"annotations": []}]}
    frames = [frame("a") for _ in range(5)]
    (item,), _ = read(Segments(), release(tmp_path, sample(labels, *frames)))
    assert [(each.frame, each.made, each.ends_here) for each in cuboids(item)] == [
        (0, "hand", False),
        (2, "hand", False),
        (3, "auto", True),
    ]


def test_a_rotation_counts_more_than_a_yaw_and_attributes_go_where_they_belong(tmp_path: Path) -> None:
    turned = {"qx": 0, "qy": 0, "qz": math.sin(0.2), "qw": math.cos(0.2)}
    one = box(rotation=turned, attributes={"plate": "M 1", "lights": "on", "odd": None})
    (item,), problems = read(
        Segments(), release(tmp_path, sample({"annotations": [one]}, frame()), task="pointcloud-cuboid")
    )
    assert problems == []
    (track,) = [each for each in item.entities if isinstance(each, Track)]
    assert (track.class_name, track.attributes) == ("car", (("plate", "M 1"),))
    (found,) = cuboids(item)
    assert found.attributes == (("lights", "on"),)
    assert matrix_of(found.rotation) == pytest.approx(matrix_of(turn(0.4)))


# the camera of the documentation's example, which has no convention and so looks along -z
IMAGE: dict[str, Any] = {
    "name": "front",
    "url": "front.png",
    "row": 0,
    "col": 0,
    "intrinsics": {"intrinsic_matrix": [[1266.4, 0, 816.2], [0, 1266.4, 491.5], [0, 0, 1]]},
    "extrinsics": {
        "translation": {"x": 0.0, "y": 0.0, "z": 0.0},
        "rotation": {"qx": 0.5, "qy": -0.5, "qz": -0.5, "qw": 0.5},  # -z ahead along x, y up along z
    },
}


def test_a_camera_of_opengl_and_the_same_one_of_opencv_see_alike(tmp_path: Path) -> None:
    other = {**IMAGE, "name": "cv", "camera_convention": "OpenCV"}
    other["extrinsics"] = {
        "translation": {"x": 0.0, "y": 0.0, "z": 0.0},
        "rotation": {"qx": -0.5, "qy": 0.5, "qz": -0.5, "qw": 0.5},
    }
    fisheye = {**IMAGE, "name": "fish", "distortion": {"model": "fisheye", "coefficients": {}}}
    fisheye["distortion"]["coefficients"] = {"k1": -0.05, "k2": -0.01, "k3": 0.0, "k4": 0.0}
    images = [IMAGE, other, fisheye]
    (item,), problems = read(
        Segments(), release(tmp_path, sample({"annotations": []}, frame(images=images)), task="pointcloud-x")
    )
    assert problems == []
    lenses = {each.stream: each for each in item.entities if isinstance(each, Calibration)}
    assert [lenses[name].model for name in ("front", "cv", "fish")] == [
        "pinhole",
        "pinhole",
        "kannala_brandt",
    ]
    ahead = np.array([[20.0, 1.0, 0.5], [10.0, 0.0, 0.0]])
    assert project(ahead, lenses["front"]) == pytest.approx(project(ahead, lenses["cv"]))
    assert project(ahead, lenses["front"])[1] == pytest.approx([816.7, 492.0])


def test_lines_polygons_and_points_come_in(tmp_path: Path) -> None:
    annotations = [
        {"id": 1, "category_id": 2, "type": "polyline", "points": [[0, 0, 0], [1, 0, 0]]},
        {"id": 2, "category_id": 2, "type": "polygon", "points": [[0, 0, 0], [1, 0, 0], [1, 1, 0]]},
    ]
    points = {"annotations": [{"id": 3, "category_id": 2, "track_id": 9}], "point_annotations": [0, 3, 3, 8]}
    one = sample({"annotations": annotations}, frame("a"))
    two = sample(points, frame("b"), name="points")
    items, problems = read(Segments(), release(tmp_path, one, two))
    assert problems == []
    assert [each.closed for each in items[0].entities if isinstance(each, Polyline3)] == [False, True]
    assert labels_at(items[1], 0) == [("", 0), ("road", 9), ("road", 9), ("", 0)]
    assert items[1].classes == ("road",)


def test_one_track_of_many_sensors_has_its_boxes_on_pictures(tmp_path: Path) -> None:
    lidar = {"frames": [frame("a"), frame("b")]}
    front = {"frames": [{"image": {"url": "front.png"}}, {"image": {"url": "gone.png"}}]}
    sensors = [
        {"name": "Lidar", "task_type": "pointcloud-cuboid-sequence", "attributes": lidar},
        {"name": "Front", "task_type": "image-vector-sequence", "attributes": front},
    ]
    on_picture = {"id": 1, "category_id": 1, "type": "bbox", "points": [[1, 2], [30, 40]], "track_id": 6}
    labels = [
        {**sensors[0], "attributes": {"frames": [{"annotations": [box(track_id=6)]}, {}]}},
        {**sensors[1], "attributes": {"frames": [{"annotations": [on_picture]}, {}]}},
    ]
    one = {
        "name": "drive",
        "attributes": {"sensors": sensors},
        "labels": {"ground-truth": {"attributes": {"sensors": labels}}},
    }
    (item,), problems = read(Segments(), release(tmp_path, one, task="multisensor-sequence"))
    assert problems == []
    assert [(file.stream.id, file.paths) for file in item.media] == [
        ("lidar", ("clouds/a.pcd", "clouds/b.pcd")),
        ("Front", ("front.png", "")),
    ]
    (track,) = [each for each in item.entities if isinstance(each, Track)]
    (flat,) = [each for each in item.entities if isinstance(each, Box)]
    assert (flat.track, flat.stream, flat.xyxy) == (track.id, "Front", (1.0, 2.0, 30.0, 40.0))


of_track = st.dictionaries(names.map("t".__add__), st.one_of(names, st.booleans()), max_size=2)
of_box = st.dictionaries(
    names.map("b".__add__), st.one_of(names, st.integers(-9, 9), st.floats(-9, 9), st.booleans()), max_size=2
)


@given(
    scenes(
        track_held=of_track.map(lambda found: attributes(**found)),
        box_held=of_box.map(lambda found: attributes(**found)),
    )
)
@settings(deadline=None)
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    losses, (again,) = there_and_back(item)
    # key frames are told from what was computed, so nothing at all is lost
    assert losses == differences(item, again) == {}


def test_everything_that_the_format_cannot_hold_is_named_and_counted() -> None:
    item = everything()
    losses, (again,) = there_and_back(item)
    assert losses == differences(item, again)
    assert losses == {
        "cuboid made by auto": 1,
        "cuboid made by model": 1,
        "frame of reference of a sensor": 1,
        "group": 1,
        "member": 1,
        "name of a track": 1,
        "pose of the ego frame between frames": 4,
        "relation": 1,
        "remark": 1,
        "shape box": 1,
        "shape polyline3": 1,
        "state": 1,
        "tag": 1,
        "tile": 1,
        "track without a cuboid (ghost)": 1,
    }


def test_a_name_that_boxes_and_tracks_of_a_class_share_is_lost_by_one_of_them() -> None:
    first = Track(id=fresh(), class_name="car", attributes=attributes(colour="red"))
    second = Track(id=fresh(), class_name="car")
    item = ReadItem(
        source="one",
        media=streams(2),
        entities=(
            first,
            second,
            cuboid(first, 0),
            cuboid(second, 0, attributes=attributes(colour="blue"), ends_here=True),
        ),
    )
    losses, (again,) = there_and_back(item)
    assert losses == differences(item, again) == {"attribute 'colour' of a box": 1}


def test_lenses_are_written_as_far_as_their_coefficients_go() -> None:
    bent = calibration(model="brown_conrady", distortion=(-0.3, 0.1, 0.001, 0.002, 0.01, 0.5))
    losses, _ = there_and_back(ReadItem(source="one", media=streams(1), entities=(bent,)))
    assert losses == {"coefficients of a lens beyond the fifth": 1}
    for lens in (
        calibration(model="brown_conrady", distortion=(-0.3, 0.1, 0.001, 0.002, 0.01)),
        calibration(model="kannala_brandt", distortion=(-0.05, 0.01, 0.0, 0.001)),
    ):
        item = ReadItem(source="one", media=streams(1), entities=(lens,))
        losses, (again,) = there_and_back(item)
        assert losses == differences(item, again) == {}


def test_two_items_of_one_name_keep_apart_and_one_without_points_is_named() -> None:
    one = ReadItem(source="a", media=streams(2), entities=())
    losses, again = there_and_back(one, one, ReadItem(source="flat", media=streams(1)[1:]))
    assert losses == {"item without points": 1}
    assert [each.source for each in again] == ["a", "a (2)"]


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (box(position={"x": 1, "y": 2}), "import.bad_box"),
        (box(position={"x": 1, "y": 2, "z": None}), "import.bad_box"),
        (box(dimensions={"x": 1, "y": -2, "z": 1}), "import.bad_box"),
        (box(dimensions=7), "import.bad_box"),
        (box(yaw="left"), "import.bad_box"),
        (box(rotation={"qx": 0, "qy": 0, "qz": 0, "qw": 0}), "import.bad_box"),
        (box(type="sphere"), "import.bad_box"),
        (box(type="polyline", points=[[1, 2, 3]]), "import.bad_box"),
        (box(category_id=9), "import.unknown_class"),
        (box(category_id=[]), "import.unknown_class"),
        (box(track_id=1), "import.twice"),
    ],
)
def test_one_bad_object_is_named_and_the_others_come_in(tmp_path: Path, one: Any, code: str) -> None:
    labels = {"frames": [{"annotations": [box(track_id=1), one]}, {"annotations": [7]}]}
    (item,), problems = read(Segments(), release(tmp_path, sample(labels, frame("a"), frame("b"))))
    assert [each.code for each in problems] == [code]
    assert all(each.hint for each in problems)
    assert kinds(item)["Cuboid"] == 1


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"timestamp": 5}, "import.malformed"),
        ({"timestamp": 2**70}, "import.malformed"),
        ({"ego_pose": {"position": {"x": 1, "y": 2, "z": 3}}}, "import.malformed"),
        ({"ego_pose": 7}, "import.malformed"),
        ({"pcd": {"url": "gone.pcd"}}, "import.missing_file"),
        ({"pcd": None}, "import.missing_file"),
        ({"images": [{**IMAGE, "intrinsics": {"intrinsic_matrix": [[0] * 3] * 3}}]}, "calibration.broken"),
        ({"images": [{**IMAGE, "intrinsics": {"intrinsic_matrix": [[1, 2]]}}]}, "calibration.broken"),
        ({"images": [{**IMAGE, "intrinsics": 7}]}, "calibration.broken"),
        ({"images": [{**IMAGE, "extrinsics": {"translation": {}}}]}, "calibration.broken"),
        (
            {"images": [{**IMAGE, "distortion": {"model": "fisheye", "coefficients": {}}}]},
            "calibration.broken",
        ),
    ],
)
def test_one_bad_frame_is_named_and_the_rest_comes_in(tmp_path: Path, how: dict[str, Any], code: str) -> None:
    labels = {"frames": [{"annotations": [box(track_id=1)]}, {"annotations": [box(track_id=1)]}]}
    frames = [frame("a", timestamp=9), {**frame("b", timestamp=10), **how}]
    (item,), problems = read(Segments(), release(tmp_path, sample(labels, *frames)))
    assert [each.code for each in problems] == [code]
    assert kinds(item)["Cuboid"] == 2


@pytest.mark.parametrize(
    "labels",
    [
        None,
        7,
        {"frames": 7},
        {"frames": [7]},
        {"annotations": 7},
        {"point_annotations": "x"},
        {"frames": [{}] * 9},
    ],
)
def test_odd_labels_end_in_words(tmp_path: Path, labels: Any) -> None:
    (item,), problems = read(Segments(), release(tmp_path, sample(labels, frame("a"), frame("b"))))
    assert kinds(item)["Cuboid"] == 0
    assert len(problems) <= 1


def test_labels_of_more_frames_than_the_sample_has_are_named_and_left_out(tmp_path: Path) -> None:
    labels = {"frames": [{"annotations": [box(track_id=1)]}] * 9}
    (item,), problems = read(Segments(), release(tmp_path, sample(labels, frame("a"), frame("b"))))
    assert [each.frame for each in cuboids(item)] == [0, 1]
    assert [each.code for each in problems] == ["import.malformed"]


@pytest.mark.parametrize("points", [[1, 2], [1] * 5000, [-1, 0, 0, 0], ["x"] * 4, [2**50] * 4])
def test_labels_of_points_that_do_not_fit_are_named_or_nobodys(tmp_path: Path, points: Any) -> None:
    labels = {"annotations": [{"id": 1, "category_id": 2}], "point_annotations": points}
    (item,), problems = read(Segments(), release(tmp_path, sample(labels, frame())))
    assert [each.code for each in problems] == ([] if points[0] == 2**50 else ["import.malformed"])
    assert kinds(item)["Tile"] == (points[0] == 2**50)


@pytest.mark.parametrize(
    "odd", [7, {}, {"name": "", "attributes": {}}, {"name": "x", "attributes": {"frames": []}}]
)
def test_a_sample_that_is_none_is_named_and_the_others_come_in(tmp_path: Path, odd: Any) -> None:
    good = sample({"annotations": [box()]}, frame())
    items, problems = read(Segments(), release(tmp_path, good, odd, good))
    assert len(items) == 1
    assert [each.code for each in problems] == ["import.malformed", "import.twice"]


@pytest.mark.parametrize("how", [{"task_type": 7}, {"samples": 7}, {"task_type": "image-vector"}])
def test_a_release_of_something_else_is_named(tmp_path: Path, how: dict[str, Any]) -> None:
    folder = release(tmp_path, sample({}, frame()), note="pointcloud-", **how)
    assert Segments().sniff(FolderTree(folder)) is None
    items, problems = read(Segments(), folder)
    assert items == []
    assert [each.code for each in problems] == ["import.malformed"]
