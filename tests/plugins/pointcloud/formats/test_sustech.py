"""SUSTechPOINTS: what its own example holds, scenes out and back, and files that are not as said."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.formats.shared import from_euler_xyz
from plugins.pointcloud.formats.sustech import Sustech
from studio.domain.cameras import project
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Box, Calibration, CoordinateSystem, Cuboid, EgoPose, Track
from studio.domain.ids import StreamId
from studio.domain.space import matrix_of, turn
from studio.domain.values import attributes
from studio.domain.wire.projects import Stream
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import (
    FRONT,
    LIDAR,
    calibration,
    cuboid,
    differences,
    everything,
    fresh,
    names,
    near,
    said,
    scenes,
    streams,
    there_and_back,
)


def car(**changes: Any) -> dict[str, Any]:
    return {
        "obj_id": "4",
        "obj_type": "Car",
        "psr": {
            "position": {"x": 6.5, "y": -40.6, "z": 1.0},
            "scale": {"x": 4.5, "y": 1.7, "z": 1.7},
            "rotation": {"x": -0.05, "y": 0.005, "z": -0.13},
        },
        **changes,
    }


# of the scene that comes with the program
FRONT_CALIBRATION = {
    "extrinsic": [
        *(-0.9994466143126584, 0.033033376071303994, -0.003906559137689193, 0.20487898588180542),
        *(0.0025198193977806005, -0.0419178508124942, -0.9991178830816032, 0.0013696063542738557),
        *(-0.033167991334523576, -0.9985748293686324, 0.04181141593201179, -0.10943480581045151),
        *(0, 0, 0, 1),
    ],
    "intrinsic": [1210.0, 0.0, 1022.4, 0.0, 1205.8, 792.5, 0.0, 0.0, 1.0],
}


def scene(folder: Path, *frames: Any) -> Path:
    sink = Folder(folder / "town")
    for at, boxes in enumerate(frames):
        sink.write(f"lidar/{at:06}.pcd", b"points")
        sink.write(f"label/{at:06}.json", json.dumps(boxes).encode())
        sink.write(f"camera/front/{at:06}.jpg", b"picture")
    sink.write("calib/camera/front.json", json.dumps(FRONT_CALIBRATION).encode())
    return folder


def cuboids(item: ReadItem) -> list[Cuboid]:
    return [each for each in item.entities if isinstance(each, Cuboid)]


def test_a_scene_is_one_item_with_its_camera(tmp_path: Path) -> None:
    folder = scene(tmp_path, [car(obj_attr="stopped")], {"frame": "000001", "objs": [car(annotator="a")]})
    sniffed = Sustech().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (1, ("Car",))
    (item,), problems = read(Sustech(), folder)
    assert problems == []
    assert (item.source, [file.stream.id for file in item.media]) == ("town", ["lidar", "front"])
    first, second = cuboids(item)
    assert (first.attributes, first.made, second.made) == ((("obj_attr", "stopped"),), "hand", "auto")
    assert matrix_of(first.rotation) == pytest.approx(matrix_of(from_euler_xyz(-0.05, 0.005, -0.13)))
    assert [each.identity for each in item.entities if isinstance(each, Track)] == ["4"]
    (lens,) = [each for each in item.entities if isinstance(each, Calibration)]
    outer = np.array(FRONT_CALIBRATION["extrinsic"]).reshape(4, 4)
    x, y, z, _ = outer @ [3.0, -20.0, 1.0, 1.0]
    wanted = [1210.0 * x / z + 1022.9, 1205.8 * y / z + 793.0]
    assert project(np.array([[3.0, -20.0, 1.0]]), lens)[0] == pytest.approx(wanted, abs=0.05)


def test_what_was_interpolated_is_computed_again(tmp_path: Path) -> None:
    frames = [[car()], [car(annotator="i")], [car()], [car(annotator="i")], []]
    (item,), _ = read(Sustech(), scene(tmp_path, *frames))
    assert [(each.frame, each.made, each.ends_here) for each in cuboids(item)] == [
        (0, "hand", False),
        (2, "hand", False),
        (3, "auto", True),
    ]


def test_poses_other_lidars_and_corrected_boxes_on_pictures_come_in(tmp_path: Path) -> None:
    sink = Folder(scene(tmp_path, [car()], [car()]) / "town")
    pose = np.eye(4)
    pose[:3, 3] = (7.0, 8.0, 0.0)
    sink.write("lidar_pose/000001.json", json.dumps({"lidarPose": pose.ravel().tolist()}).encode())
    sink.write("aux_lidar/left/000001.pcd", b"points")
    aux = {"translation": [1, 2, 3], "rotation": [0, 0, 0.5]}
    sink.write("calib/aux_lidar/left.json", json.dumps(aux).encode())
    rect = {"x1": 10, "y1": 20, "x2": 30, "y2": 40}
    fusion = {"objs": [{**car(), "rect": rect}, {**car(), "rect": rect, "annotator": "3dbox"}]}
    sink.write("label_fusion/camera/front/000001.json", json.dumps(fusion).encode())
    (item,), problems = read(Sustech(), tmp_path)
    assert problems == []
    assert [(each.time_ns, each.translation) for each in item.entities if isinstance(each, EgoPose)] == [
        (100_000_000, (7.0, 8.0, 0.0))
    ]
    (left,) = [each for each in item.entities if isinstance(each, CoordinateSystem)]
    assert (left.name, left.parent, left.translation) == ("aux_lidar_left", "ego", (1.0, 2.0, 3.0))
    assert [file.paths for file in item.media if file.stream.id == left.name] == [
        ("", "town/aux_lidar/left/000001.pcd")
    ]
    (flat,) = [each for each in item.entities if isinstance(each, Box)]
    assert (flat.frame, flat.xyxy) == (1, (10.5, 20.5, 30.5, 40.5))


notes = names.map(lambda note: attributes(obj_attr=note)) | st.just(())


@given(scenes(box_held=notes, made=st.sampled_from(["hand", "auto"])))
@settings(deadline=None)
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    losses, again = there_and_back(Sustech(), item)
    assert losses == differences(item, again) == {}


def test_everything_that_the_format_cannot_hold_is_named_and_counted() -> None:
    item = everything()
    losses, again = there_and_back(Sustech(), item)
    assert losses == differences(item, again)
    assert losses == {
        "attribute 'parked' of a track": 1,
        "attribute 'seen' of a box": 1,
        "cuboid made by model": 1,
        "frame of reference of a sensor": 1,
        "group": 1,
        "member": 1,
        "name of a track": 1,
        "pose of the ego frame between frames": 4,
        "relation": 1,
        "remark": 1,
        "shape polyline3": 1,
        "state": 1,
        "tag": 1,
        "tile": 1,
        "track without a cuboid (ghost)": 1,
    }


def test_everything_is_written_in_the_axes_of_a_lidar_that_stands_elsewhere() -> None:
    one = Track(id=fresh(), class_name="car")
    own = CoordinateSystem(
        id=fresh(), name="lidar", parent="ego", translation=(1.0, 0.5, 1.8), rotation=turn(0.4)
    )
    left = CoordinateSystem(id=fresh(), name="left", parent="lidar", translation=(0.0, 1.0, 0.0))
    aux = MediaFile(Stream(id=StreamId("left"), name="left", kind="points", frames=2))
    placed = cuboid(one, 0, ends_here=True)
    item = ReadItem(source="one", media=(*streams(2), aux), entities=(one, placed, own, left, calibration()))
    losses, again = there_and_back(Sustech(), item)
    assert losses == {"frame of reference of a sensor": 1}
    (found,) = cuboids(again)
    # the box is where it was for whoever stands at the lidar
    near(
        found.centre,
        matrix_of(own.rotation).T @ (np.array(placed.centre) - own.translation),
    )
    (there,) = [each for each in again.entities if isinstance(each, CoordinateSystem)]
    near(there.translation, left.translation)
    lenses = [each for each in (*item.entities, *again.entities) if isinstance(each, Calibration)]
    point = np.array([[20.0, 1.0, 0.5]])
    in_lidar = (point - own.translation) @ matrix_of(own.rotation)
    near(project(point, lenses[0]), project(in_lidar, lenses[1]))


def test_what_sensors_and_pictures_cannot_say_is_named(tmp_path: Path) -> None:
    one = Track(id=fresh(), class_name="car")
    late = Box(id=fresh(), track=one.id, stream=FRONT, frame=9, xyxy=(1.0, 2.0, 3.0, 4.0))
    cut = replace(late, id=fresh(), frame=0, attributes=attributes(cut=True))
    bent = calibration(model="brown_conrady", distortion=(0.1, 0.0, 0.0, 0.0, 0.0))
    lost = replace(calibration(), stream=StreamId("rear"))
    item = ReadItem(
        source="one",
        media=streams(2),
        entities=(one, cuboid(one, 0, ends_here=True), late, cut, bent, lost),
    )
    assert said(write(Sustech(), [item], tmp_path)) == {
        "attribute 'cut' of a box on a picture": 1,
        "box on a picture that is beside no sweep": 1,
        "calibration of a stream that is not there": 1,
        "lens that bends": 1,
    }


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (car(psr=None), "import.bad_box"),
        (car(psr={}), "import.bad_box"),
        (car(psr={**car()["psr"], "scale": {"x": 0, "y": 1, "z": 1}}), "import.bad_box"),
        (car(psr={**car()["psr"], "position": {"x": "a", "y": 1, "z": 1}}), "import.bad_box"),
        (car(psr={**car()["psr"], "rotation": [1, 2]}), "import.bad_box"),
        (car(obj_id="5", obj_type=None), "import.bad_box"),
        (car(), "import.twice"),
    ],
)
def test_one_bad_box_is_named_and_the_others_come_in(tmp_path: Path, one: Any, code: str) -> None:
    (item,), problems = read(Sustech(), scene(tmp_path, [car(), one, 7]))
    assert [each.code for each in problems] == [code]
    assert kinds(item)["Cuboid"] == 1


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("label/000001.json", b"[{", "import.bad_json"),
        ("label/000001.json", b"7", "import.malformed"),
        ("label/000009.json", b"[]", "import.missing_file"),
        ("calib/camera/front.json", b"{}", "calibration.broken"),
        ("calib/camera/front.json", b"[", "import.bad_json"),
        ("calib/camera/front.json", json.dumps({**FRONT_CALIBRATION, "extrinsic": [0] * 16}).encode(), ""),
        ("calib/camera/front.json", json.dumps({**FRONT_CALIBRATION, "intrinsic": [0] * 9}).encode(), ""),
        ("lidar_pose/000000.json", b'{"lidarPose": [1, 2]}', ""),
        ("lidar_pose/000000.json", b"{}", "import.malformed"),
        ("ego_pose/000000.json", b'{"x": 1}', "import.unread_label"),
        ("label_fusion/camera/front/000000.json", json.dumps([car()]).encode(), "import.bad_box"),
    ],
)
def test_one_bad_file_is_named_and_the_rest_comes_in(
    tmp_path: Path, path: str, data: bytes, code: str
) -> None:
    Folder(scene(tmp_path, [car()], [car()]) / "town").write(path, data)
    (item,), problems = read(Sustech(), tmp_path)
    assert [each.code for each in problems] == [code or "calibration.broken"]
    assert all(each.hint for each in problems)
    assert kinds(item)["Cuboid"] >= 1


def test_calibrations_of_frames_and_of_older_scenes_are_found(tmp_path: Path) -> None:
    folder = scene(tmp_path, [car()], [car()])
    (folder / "town/calib/camera/front.json").unlink()
    by_frame = {
        "lidar_to_camera": FRONT_CALIBRATION["extrinsic"],
        "intrinsic": FRONT_CALIBRATION["intrinsic"],
    }
    Folder(folder).write("town/calib/camera/front/000001.json", json.dumps(by_frame).encode())
    (item,), problems = read(Sustech(), folder)
    assert (kinds(item)["Calibration"], problems) == (1, [])
    (folder / "town/calib/camera/front/000001.json").unlink()
    Folder(folder).write("town/calib/image/front.json", json.dumps(FRONT_CALIBRATION).encode())
    (item,), problems = read(Sustech(), folder)
    assert (kinds(item)["Calibration"], problems) == (1, [])


@pytest.mark.parametrize("key", ["obj_id", "obj_attr", "annotator", "follows"])
@pytest.mark.parametrize("odd", [None, 7, [], {}, True, "  "])
def test_odd_values_end_in_words(tmp_path: Path, key: str, odd: Any) -> None:
    (item,), problems = read(Sustech(), scene(tmp_path, [car(**{key: odd})]))
    assert (kinds(item)["Cuboid"], problems) == (1, [])


def test_the_reference_stream_stays_first() -> None:
    _, again = there_and_back(Sustech(), ReadItem(source="one", media=streams(2), entities=(calibration(),)))
    assert again.media[0].stream.id == LIDAR
