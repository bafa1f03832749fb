"""Datumaro 3D and CVAT's folders: the shared task, tracks out and back, and files that are not as said."""

import json
import math
import zipfile
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.formats.datumaro3d import Datumaro3d
from plugins.pointcloud.formats.shared import from_euler_xyz
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Cuboid, Tag, Track
from studio.domain.space import matrix_of
from studio.domain.values import attributes
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import (
    cuboid,
    differences,
    everything,
    fresh,
    lay_out,
    names,
    said,
    scenes,
    streams,
    there_and_back,
)


def unpacked(archive: Path, folder: Path) -> Path:
    """The archive's members, each looked at before it is written: an archive is never opened blindly."""
    with zipfile.ZipFile(archive) as packed:
        for member in packed.infolist():
            parts = PurePosixPath(member.filename).parts
            assert not member.filename.startswith("/")
            assert ".." not in parts
            assert member.file_size < 1_000_000
            if not member.is_dir():
                Folder(folder).write("/".join(parts), packed.read(member))
    return folder


def test_the_shared_task_of_cvat_is_one_item_of_three_frames(shared_data: Path, tmp_path: Path) -> None:
    assert Datumaro3d().sniff(FolderTree(shared_data / "pointcloud_cvat_canvas3d")) is None
    folder = unpacked(shared_data / "pointcloud_cvat_canvas3d" / "test_canvas3d.zip", tmp_path)
    sniffed = Datumaro3d().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, 0.5 < sniffed.confidence < 0.7) == (1, True)
    (item,), problems = read(Datumaro3d(), folder)
    assert problems == []
    lidar, camera = item.media
    assert [Path(path).name for path in lidar.paths] == ["000001.pcd", "000002.pcd", "000003.pcd"]
    assert [Path(path).name for path in camera.paths] == ["000001.png", "000002.png", "000003.png"]
    assert (lidar.stream.kind, camera.stream.kind, item.entities) == ("points", "image", ())


def test_the_shared_pictures_in_datumaros_json_are_none_of_its_point_clouds(shared_data: Path) -> None:
    folder = shared_data / "formats_datumaro" / "datumaro_dataset"
    assert Datumaro3d().sniff(FolderTree(folder)) is None
    assert read(Datumaro3d(), folder) == ([], [])


def box(**changes: Any) -> dict[str, Any]:
    return {
        "id": 0,
        "type": "cuboid_3d",
        "attributes": {"occluded": False, "track_id": 3, "keyframe": True, "outside": False},
        "group": 0,
        "label_id": 1,
        "position": [1.0, 2.0, 3.0],
        "rotation": [0.1, 0.2, 0.3],
        "scale": [4.0, 2.0, 1.5],
        **changes,
    }


def track(is_key: bool = True, outside: bool = False, **other: Any) -> dict[str, Any]:
    return {"track_id": 3, "keyframe": is_key, "outside": outside, **other}


def dataset(folder: Path, *frames: list[Any], **other: Any) -> Path:
    items = [
        {"id": f"f{at}", "annotations": found, "attr": {"frame": at}, "point_cloud": {"path": f"f{at}.pcd"}}
        for at, found in enumerate(frames)
    ]
    content = {
        "info": {},
        "categories": {"label": {"labels": [{"name": "bus"}, {"name": "car"}]}},
        "items": items[::-1],
        **other,
    }
    Folder(folder).write("annotations/default.json", json.dumps(content).encode())
    for at in range(len(frames)):
        Folder(folder).write(f"point_clouds/default/f{at}.pcd", b"points")
    return folder


def cuboids(item: ReadItem) -> list[Cuboid]:
    return [each for each in item.entities if isinstance(each, Cuboid)]


def test_frames_stand_in_their_own_order_and_boxes_turn_as_three_js_turns_them(tmp_path: Path) -> None:
    folder = dataset(tmp_path, [box()], [box()])
    sniffed = Datumaro3d().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (1, ("bus", "car"))
    (item,), problems = read(Datumaro3d(), folder)
    assert problems == []
    assert item.media[0].paths == ("point_clouds/default/f0.pcd", "point_clouds/default/f1.pcd")
    found = cuboids(item)
    assert [each.frame for each in found] == [0, 1]
    assert found[0].size == (4.0, 2.0, 1.5)
    assert matrix_of(found[0].rotation) == pytest.approx(matrix_of(from_euler_xyz(0.1, 0.2, 0.3)))
    assert found[0].attributes == (("occluded", False),)


def test_what_cvat_interpolated_is_computed_again_and_outside_ends_a_run(tmp_path: Path) -> None:
    frames = [track(), track(False), track(), track(False), track(outside=True), track(False, outside=True)]
    (item,), problems = read(Datumaro3d(), dataset(tmp_path, *[[box(attributes=each)] for each in frames]))
    assert problems == []
    assert [(each.frame, each.made, each.ends_here) for each in cuboids(item)] == [
        (0, "hand", False),
        (2, "hand", False),
        (3, "auto", True),
    ]


def test_labels_of_frames_are_tags_and_boxes_without_a_track_are_tracks_of_one(tmp_path: Path) -> None:
    label = {"type": "label", "label_id": 0, "attributes": {"rain": True}}
    (item,), problems = read(
        Datumaro3d(), dataset(tmp_path, [box(attributes={}), label], [box(attributes={})])
    )
    assert problems == []
    assert kinds(item) == {"Track": 2, "Cuboid": 2, "Tag": 1}
    (tag,) = [each for each in item.entities if isinstance(each, Tag)]
    assert (tag.class_name, tag.frame, tag.attributes) == ("bus", 0, (("rain", True),))


def test_pictures_are_found_in_the_older_and_the_newer_spelling(tmp_path: Path) -> None:
    folder = dataset(tmp_path, [], [box()])
    content = json.loads((folder / "annotations/default.json").read_text())
    content["items"][0]["related_images"] = [{"path": "images/f1/front.png"}]
    content["items"][1]["point_cloud"]["extra_images"] = [{"path": "images/f0/front.png"}]
    Folder(folder).write("annotations/default.json", json.dumps(content).encode())
    for frame in range(2):
        Folder(folder).write(f"images/f{frame}/front.png", b"picture")
    (item,), _ = read(Datumaro3d(), folder)
    assert (item.media[1].stream.id, item.media[1].paths) == (
        "front",
        ("images/f0/front.png", "images/f1/front.png"),
    )


of_track = st.dictionaries(names.map("t".__add__), st.one_of(names, st.booleans()), max_size=2)
of_box = st.dictionaries(
    names.map("b".__add__), st.one_of(names, st.integers(-9, 9), st.floats(-9, 9), st.booleans()), max_size=2
)


@given(
    scenes(
        camera=False,
        poses=False,
        track_held=of_track.map(lambda found: attributes(**found)),
        box_held=of_box.map(lambda found: attributes(**found)),
    )
)
@settings(deadline=None)
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    losses, again = there_and_back(Datumaro3d(), item)
    assert losses == differences(item, again) == {}


def test_everything_that_the_format_cannot_hold_is_named_and_counted() -> None:
    item = everything()
    losses, again = there_and_back(Datumaro3d(), item)
    assert losses == differences(item, again)
    assert losses == {
        "calibration": 1,
        "cuboid made by auto": 1,
        "cuboid made by model": 1,
        "frame of reference of a sensor": 1,
        "group": 1,
        "member": 1,
        "pose of the ego frame": 8,
        "relation": 1,
        "remark": 1,
        "shape box": 1,
        "shape polyline3": 1,
        "state": 1,
        "tag": 1,
        "tile": 1,
        "track without a cuboid (ghost)": 1,
    }


def test_names_that_cvat_keeps_for_itself_are_lost_by_name() -> None:
    one = Track(id=fresh(), class_name="car", attributes=attributes(outside=True, lane=2))
    item = ReadItem(
        source="one",
        media=streams(1, camera=False),
        entities=(one, cuboid(one, 0, attributes=attributes(keyframe=7, lane=2, speed=3))),
    )
    losses, again = there_and_back(Datumaro3d(), item)
    assert losses == {
        "attribute 'keyframe' of a box": 1,
        "attribute 'lane' of a box": 1,
        "attribute 'outside' of a track": 1,
    }
    assert losses == differences(item, again)


def test_two_items_of_one_name_keep_apart_and_one_without_points_is_named(tmp_path: Path) -> None:
    one = ReadItem(source="a/b", media=streams(2, camera=False))
    assert said(write(Datumaro3d(), [one, one, ReadItem(source="x", media=streams(1)[1:])], tmp_path)) == {
        "item without points": 1
    }
    lay_out(tmp_path, [one])
    items, problems = read(Datumaro3d(), tmp_path)
    assert (len(items), problems) == (2, [])


@pytest.mark.parametrize(
    ("one", "code"),
    [
        (box(attributes={}, position=[1, 2]), "import.bad_box"),
        (box(attributes={}, position=[1, 2, "x"]), "import.bad_box"),
        (box(attributes={}, position=None), "import.bad_box"),
        (box(attributes={}, scale=[0, 1, 1]), "import.bad_box"),
        (box(attributes={}, rotation=[math.pi]), "import.bad_box"),
        (box(attributes={}, type="polygon"), "import.bad_box"),
        (box(attributes={}, label_id=7), "import.unknown_class"),
        (box(attributes={}, label_id="car"), "import.unknown_class"),
        (box(attributes={}, label_id=None), "import.unknown_class"),
        (box(), "import.twice"),
    ],
)
def test_one_bad_object_is_named_and_the_others_come_in(tmp_path: Path, one: Any, code: str) -> None:
    (item,), problems = read(Datumaro3d(), dataset(tmp_path, [box(), one, 7]))
    assert [each.code for each in problems] == [code]
    assert all(each.hint for each in problems)
    assert kinds(item) == {"Track": 1, "Cuboid": 1}


@pytest.mark.parametrize("odd", [None, 7, [], "x", [7], {"frame": "x"}, {"frame": -1}])
@pytest.mark.parametrize("key", ["attr", "point_cloud", "related_images", "id", "annotations"])
def test_odd_values_end_in_words(tmp_path: Path, key: str, odd: Any) -> None:
    folder = dataset(tmp_path, [box()], [box()])
    content = json.loads((folder / "annotations/default.json").read_text())
    content["items"][0][key] = odd
    Folder(folder).write("annotations/default.json", json.dumps(content).encode())
    items, _ = read(Datumaro3d(), folder)
    assert [len(cuboids(each)) for each in items] in ([2], [1])


@pytest.mark.parametrize("how", [{"items": 7}, {"items": []}, {"categories": 7}])
def test_a_dataset_that_is_none_is_named(tmp_path: Path, how: dict[str, Any]) -> None:
    folder = dataset(tmp_path, [box()], note='cuboid_3d "cuboid_3d"', more={"x": "cuboid_3d"}, **how)
    data = (folder / "annotations/default.json").read_bytes()
    Folder(folder).write("annotations/default.json", data[:-1] + b', "kind": "cuboid_3d"}')
    items, problems = read(Datumaro3d(), folder)
    assert items == []
    assert [each.code for each in problems] == ["import.malformed"]


@pytest.mark.parametrize("ours", [{"files": {}}, {"files": 7}, {"files": {"atelier": "atelier.files"}}])
def test_what_we_wrote_ourselves_and_is_damaged_is_named(tmp_path: Path, ours: Any) -> None:
    items, problems = read(Datumaro3d(), dataset(tmp_path, [box()], infos={"atelier": ours}))
    assert items == []
    assert [each.code for each in problems] == ["import.malformed"]


def test_a_cloud_that_is_not_there_leaves_its_labels(tmp_path: Path) -> None:
    folder = dataset(tmp_path, [box()], [box()])
    (folder / "point_clouds/default/f1.pcd").unlink()
    (item,), problems = read(Datumaro3d(), folder)
    assert [each.code for each in problems] == ["import.missing_file"]
    assert item.media[0].paths == ("point_clouds/default/f0.pcd", "")
    assert len(cuboids(item)) == 2
