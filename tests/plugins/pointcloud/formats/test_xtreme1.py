"""Xtreme1: what its documentation shows, scenes out and back, and results that are not as said."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.formats.xtreme1 import Xtreme1
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Box, Calibration, Cuboid, Tag, Track
from studio.domain.space import matrix_of, turn
from studio.domain.values import attributes
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import (
    FRONT,
    calibration,
    cuboid,
    differences,
    everything,
    fresh,
    names,
    said,
    scenes,
    streams,
    there_and_back,
)

# as the documentation prints them
CAR: dict[str, Any] = {
    "id": "033DA6D7",
    "type": "3D_BOX",
    "classId": 455555556457,
    "className": "car",
    "trackId": "-COOq29Lf0S8XAvD",
    "trackName": "2",
    "classValues": [{"id": "7", "name": "type", "type": "RADIO", "alias": "type", "value": "suv"}],
    "contour": {
        "pointN": 1606,
        "points": [],
        "size3D": {"x": 4.78, "y": 3.04, "z": 1.58},
        "center3D": {"x": -3.48, "y": -9.45, "z": 0.56},
        "viewIndex": 0,
        "rotation3D": {"x": 0, "y": 0, "z": 0.588},
    },
    "modelConfidence": None,
    "modelClass": "",
}
RECTANGLE: dict[str, Any] = {
    **CAR,
    "type": "2D_RECT",
    "contour": {
        "points": [{"x": 314, "y": 505}, {"x": 314, "y": 687}, {"x": 772, "y": 687}, {"x": 772, "y": 505}],
        "viewIndex": 0,
    },
}
CAMERA: dict[str, Any] = {
    "camera_internal": {"fx": 933.4, "fy": 934.6, "cx": 896.4, "cy": 507.3},
    "width": 1920,
    "height": 1080,
    "camera_external": [0, -1, 0, 0, 0, 0, -1, 0, 1, 0, 0, 0, 0, 0, 0, 1],
    "rowMajor": True,
}


def result(*objects: Any, **other: Any) -> list[Any]:
    return [{"version": "Xtreme1 V0.6", "sourceName": "Ground Truth", "objects": list(objects), **other}]


def scene(folder: Path, *results: Any, config: Any = None, name: str = "scene_1") -> Path:
    sink = Folder(folder / name if name else folder)
    for at, each in enumerate(results):
        sink.write(f"lidar_point_cloud_0/d{at}.pcd", b"points")
        sink.write(f"camera_image_0/d{at}.png", b"picture")
        sink.write(f"camera_config/d{at}.json", json.dumps([CAMERA] if config is None else config).encode())
        sink.write(f"result/d{at}.json", json.dumps(each).encode())
    return folder


def test_a_scene_is_one_item_with_its_camera_and_boxes(tmp_path: Path) -> None:
    projected = {**CAR, "type": "2D_BOX"}
    tags = [{"id": "1", "values": [{"name": "weather", "value": "rain"}]}]
    folder = scene(
        tmp_path,
        result(CAR, RECTANGLE, projected, classificationValues=tags),
        result(CAR, classificationValues=None),
    )
    sniffed = Xtreme1().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (1, ("car",))
    (item,), problems = read(Xtreme1(), folder)
    assert problems == []
    assert item.source == "scene_1"
    assert [(file.stream.id, len(file.paths)) for file in item.media] == [("lidar", 2), ("camera_image_0", 2)]
    assert kinds(item) == {"Track": 1, "Cuboid": 2, "Box": 1, "Calibration": 1, "Tag": 1}
    (track,) = [each for each in item.entities if isinstance(each, Track)]
    assert (track.class_name, track.identity, track.name) == ("car", "-COOq29Lf0S8XAvD", "2")
    found = [each for each in item.entities if isinstance(each, Cuboid)]
    assert found[0].centre == (-3.48, -9.45, 0.56)
    assert matrix_of(found[0].rotation) == pytest.approx(matrix_of(turn(0.588)))
    assert found[0].attributes == (("type", "suv"),)
    (flat,) = [each for each in item.entities if isinstance(each, Box)]
    # pixels are counted from their centres there
    assert (flat.stream, flat.frame, flat.xyxy) == ("camera_image_0", 0, (314.5, 505.5, 772.5, 687.5))
    (tag,) = [each for each in item.entities if isinstance(each, Tag)]
    assert (tag.class_name, tag.frame, tag.attributes) == ("weather", 0, (("value", "rain"),))


def test_outside_of_scenes_every_cloud_is_an_item(tmp_path: Path) -> None:
    items, problems = read(Xtreme1(), scene(tmp_path, result(CAR), result(), name=""))
    assert problems == []
    assert [each.source for each in items] == ["lidar_point_cloud_0/d0.pcd", "lidar_point_cloud_0/d1.pcd"]
    assert [kinds(each)["Cuboid"] for each in items] == [1, 0]
    assert [kinds(each)["Calibration"] for each in items] == [1, 1]


def test_what_a_model_said_is_known_as_such(tmp_path: Path) -> None:
    by_model = {**CAR, "modelConfidence": 0.7, "modelClass": "Car"}
    (item,), _ = read(Xtreme1(), scene(tmp_path, result(by_model)))
    assert [each.made for each in item.entities if isinstance(each, Cuboid)] == ["model"]


def test_results_by_hand_come_before_those_of_models(tmp_path: Path) -> None:
    both = [{"sourceName": "PointNet", "objects": [CAR, CAR]}, *result(CAR)]
    (item,), problems = read(Xtreme1(), scene(tmp_path, both))
    assert kinds(item)["Cuboid"] == 1
    assert [each.code for each in problems] == ["import.unread_label"]


box_held = st.dictionaries(
    names, st.one_of(names, st.integers(-9, 9), st.floats(-9, 9), st.booleans()), max_size=2
).map(lambda found: attributes(**found))


@given(
    scenes(box_held=box_held, poses=False, made=st.sampled_from(["hand", "auto", "model"])),
)
@settings(deadline=None)
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    losses, again = there_and_back(Xtreme1(), item)
    assert losses == differences(item, again)
    assert set(losses) <= {"box between key frames"}


def test_everything_that_the_format_cannot_hold_is_named_and_counted() -> None:
    item = everything()
    losses, again = there_and_back(Xtreme1(), item)
    found = differences(item, again)
    # what a track has is written as what each of its boxes has: of the two that are key frames
    assert found.pop("attribute 'parked' of a box") == 2
    assert losses == found
    assert losses == {
        "attribute 'parked' of a track": 1,
        "box between key frames": 2,
        "frame of reference of a sensor": 1,
        "group": 1,
        "member": 1,
        "pose of the ego frame": 8,
        "relation": 1,
        "remark": 1,
        "shape polyline3": 1,
        "state": 1,
        "tag": 1,
        "tile": 1,
        "track without a cuboid (ghost)": 1,
    }


def test_boxes_on_pictures_and_bent_lenses_come_back() -> None:
    one = Track(id=fresh(), class_name="car")
    flat = Box(
        id=fresh(),
        track=one.id,
        stream=FRONT,
        frame=1,
        xyxy=(10.25, 20.0, 110.0, 90.5),
        attributes=attributes(cut=True),
    )
    bent = calibration(model="brown_conrady", distortion=(-0.3, 0.1, 0.001, 0.002, 0.01))
    item = ReadItem(
        source="one", media=streams(2), entities=(one, cuboid(one, 0, ends_here=True), flat, bent)
    )
    losses, again = there_and_back(Xtreme1(), item)
    assert losses == differences(item, again) == {}
    (found,) = [each for each in again.entities if isinstance(each, Box)]
    assert (found.xyxy, found.attributes) == (flat.xyxy, flat.attributes)
    fisheye = calibration(model="kannala_brandt", distortion=(-0.05, 0.01, 0.0, 0.001))
    losses, again = there_and_back(Xtreme1(), ReadItem(source="one", media=streams(2), entities=(fisheye,)))
    assert losses == {"lens that bends": 1}
    assert [each.model for each in again.entities if isinstance(each, Calibration)] == ["pinhole"]


def test_a_box_on_a_picture_beside_no_sweep_is_lost_by_name(tmp_path: Path) -> None:
    one = Track(id=fresh(), class_name="car")
    late = Box(id=fresh(), track=one.id, stream=FRONT, frame=9, xyxy=(1.0, 2.0, 3.0, 4.0))
    item = ReadItem(source="one", media=streams(2), entities=(one, cuboid(one, 0, ends_here=True), late))
    assert said(write(Xtreme1(), [item], tmp_path)) == {"box on a picture that is beside no sweep": 1}


def changed(entry: dict[str, Any], **contour: Any) -> dict[str, Any]:
    return {**entry, "contour": {**entry["contour"], **contour}}


@pytest.mark.parametrize(
    "one",
    [
        changed(CAR, center3D={"x": 1, "y": 2}),
        changed(CAR, center3D={"x": 1, "y": 2, "z": "3"}),
        changed(CAR, size3D={"x": 1, "y": 0, "z": 1}),
        changed(CAR, rotation3D=None),
        {**CAR, "contour": None},
        {**CAR, "type": "3D_SEGMENTATION"},
        {**CAR, "className": 7},
        changed(RECTANGLE, viewIndex=5),
        changed(RECTANGLE, viewIndex="x"),
        changed(RECTANGLE, points=[]),
        changed(RECTANGLE, points=[{"x": 1, "y": 2}] * 4),
    ],
)
def test_one_bad_object_is_named_and_the_others_come_in(tmp_path: Path, one: Any) -> None:
    (item,), problems = read(Xtreme1(), scene(tmp_path, result(CAR, one, 7)))
    assert [(each.code, each.path) for each in problems] == [("import.bad_box", "scene_1/result/d0.json")]
    assert kinds(item)["Cuboid"] == 1


def test_an_object_that_stands_twice_in_a_frame_is_named(tmp_path: Path) -> None:
    (item,), problems = read(Xtreme1(), scene(tmp_path, result(CAR, CAR)))
    assert [each.code for each in problems] == ["import.twice"]
    assert kinds(item)["Cuboid"] == 1


@pytest.mark.parametrize(
    ("config", "codes"),
    [
        ([{**CAMERA, "camera_external": [0] * 16}], ["calibration.broken"]),
        ([{**CAMERA, "camera_internal": {"fx": 0, "fy": 0, "cx": 0, "cy": 0}}], ["calibration.broken"]),
        ([{}], ["calibration.broken"]),
        ([7], ["calibration.broken"]),
        ([None], []),
        ([], []),
        (7, ["import.malformed"]),
        ({"a": 1}, ["import.malformed"]),
    ],
)
def test_a_camera_that_cannot_be_is_left_out_and_the_scene_comes_in(
    tmp_path: Path, config: Any, codes: list[str]
) -> None:
    (item,), problems = read(Xtreme1(), scene(tmp_path, result(CAR), config=config))
    assert [each.code for each in problems] == codes
    assert kinds(item) == {"Track": 1, "Cuboid": 1}


@pytest.mark.parametrize("odd", [7, "x", [7], [{"objects": 7}], {"objects": {}}])
def test_a_result_that_is_none_is_named_and_the_cloud_comes_in(tmp_path: Path, odd: Any) -> None:
    (item,), problems = read(Xtreme1(), scene(tmp_path, odd))
    assert [each.code for each in problems] == ["import.malformed"]
    assert item.media[0].paths == ("scene_1/lidar_point_cloud_0/d0.pcd",)


def test_a_result_without_a_cloud_and_damaged_files_are_named(tmp_path: Path) -> None:
    folder = scene(tmp_path, result(CAR), result(CAR))
    sink = Folder(folder / "scene_1")
    sink.write("result/gone.json", json.dumps(result(CAR)).encode())
    sink.write("result/d1.json", b"[{")
    sink.write("camera_config/d1.json", b"\xff")
    (item,), problems = read(Xtreme1(), folder)
    assert sorted(each.code for each in problems) == [
        "import.bad_json",
        "import.missing_file",
        "import.not_text",
    ]
    assert kinds(item)["Cuboid"] == 1


@pytest.mark.parametrize(
    "key", ["classValues", "trackId", "trackName", "modelConfidence", "modelClass", "id"]
)
@pytest.mark.parametrize("odd", [None, 7, [], {}, [7], [{"name": 7, "value": []}], True])
def test_odd_values_end_in_words(tmp_path: Path, key: str, odd: Any) -> None:
    (item,), problems = read(Xtreme1(), scene(tmp_path, result({**CAR, key: odd})))
    assert kinds(item)["Cuboid"] + len(problems) == 1
