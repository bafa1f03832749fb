"""labelCloud: its three kinds of boxes, classes of points, and what its files cannot hold."""

import json
import math
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.formats.labelcloud import LabelCloud
from plugins.pointcloud.point_labels import PointLabels, tiles_of
from studio.domain.contracts.formats import MediaFile, ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Cuboid, Tile, Track
from studio.domain.space import matrix_of, turn
from studio.domain.wire.projects import Stream
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import LIDAR, everything, labels_at, lay_out, near, said, scenes


def boxes(item: ReadItem) -> list[tuple[str, list[float]]]:
    """Class and numbers of every box, in an order of their own."""
    names = {each.id: each.class_name for each in item.entities if isinstance(each, Track)}
    return sorted(
        (names[each.track], [*each.centre, *each.size, *matrix_of(each.rotation).ravel().tolist()])
        for each in item.entities
        if isinstance(each, Cuboid)
    )


def same(first: ReadItem, second: ReadItem) -> None:
    assert [name for name, _ in boxes(first)] == [name for name, _ in boxes(second)]
    for (_, one), (_, other) in zip(boxes(first), boxes(second), strict=True):
        near(one, other)


def test_the_shared_cloud_comes_in_with_its_box_and_its_points_classes(shared_data: Path) -> None:
    folder = shared_data / "pointcloud_labelcloud"
    sniffed = LabelCloud().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (1, ("box", "cart"))
    (item,), problems = read(LabelCloud(), folder)
    assert problems == []
    assert item.source == "exemplary.ply"
    assert kinds(item) == {"Track": 1, "Cuboid": 1, "Tile": 2}
    (cuboid,) = [each for each in item.entities if isinstance(each, Cuboid)]
    assert cuboid.size == (0.75, 0.55, 0.15)
    assert matrix_of(cuboid.rotation) == pytest.approx(matrix_of(turn(math.radians(235))))
    labels = labels_at(item, 0)
    given_ = np.frombuffer((folder / "segmentation" / "exemplary.bin").read_bytes(), np.int8)
    assert [name for name, _ in labels] == [("", "cart", "box")[each] for each in given_]
    assert item.classes == ("box", "cart")


def test_the_shared_clouds_points_are_written_byte_for_byte(shared_data: Path, tmp_path: Path) -> None:
    items, _ = read(LabelCloud(), shared_data / "pointcloud_labelcloud")
    assert write(LabelCloud(), items, tmp_path) == ()
    shutil.copy(shared_data / "pointcloud_labelcloud" / "exemplary.ply", tmp_path)
    (again,), problems = read(LabelCloud(), tmp_path)
    assert problems == []
    assert again.source == items[0].source
    same(again, items[0])
    assert labels_at(again, 0) == labels_at(items[0], 0)


def folder_with(folder: Path, *objects: Any, kind: str = "centroid_abs", **other: Any) -> Path:
    content = {"folder": "clouds", "filename": "a.pcd", "path": "clouds/a.pcd", "objects": list(objects)}
    Folder(folder).write("labels/a.json", json.dumps(content | other).encode())
    Folder(folder).write("clouds/a.pcd", b"# .PCD\nPOINTS 4\n")
    if kind:
        table = {"classes": [{"name": "cart", "id": 1}], "default": 0, "format": kind}
        Folder(folder).write("labels/_classes.json", json.dumps(table).encode())
    return folder


def by_centroid(**changes: Any) -> dict[str, Any]:
    return {
        "name": "cart",
        "centroid": {"x": 1, "y": 2, "z": 3},
        "dimensions": {"length": 4, "width": 2, "height": 1},
        "rotations": {"x": 0, "y": 0, "z": 90},
        **changes,
    }


# as labelCloud's bbox.py lists them, for a box of 4 x 2 x 1 at (1, 2, 3) that is turned by a quarter about z
CORNERS = [
    *([2, 0, 2.5], [0, 0, 2.5], [0, 4, 2.5], [2, 4, 2.5]),
    *([2, 0, 3.5], [0, 0, 3.5], [0, 4, 3.5], [2, 4, 3.5]),
]


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        (by_centroid(), "centroid_abs"),
        (by_centroid(), ""),
        (by_centroid(rotations={"x": 0, "y": 0, "z": math.pi / 2}), "centroid_rel"),
        ({"name": "cart", "vertices": CORNERS}, "vertices"),
        ({"name": "cart", "vertices": CORNERS}, ""),
    ],
)
def test_the_three_kinds_of_boxes_say_the_same(tmp_path: Path, entry: dict[str, Any], kind: str) -> None:
    (item,), problems = read(LabelCloud(), folder_with(tmp_path, entry, kind=kind))
    assert problems == []
    (box,) = [each for each in item.entities if isinstance(each, Cuboid)]
    assert box.centre == pytest.approx((1, 2, 3))
    assert box.size == pytest.approx((4, 2, 1))
    assert matrix_of(box.rotation) == pytest.approx(matrix_of(turn(math.pi / 2)), abs=1e-12)


def test_without_a_list_of_classes_a_negative_angle_can_only_be_in_radians(tmp_path: Path) -> None:
    entry = by_centroid(rotations={"x": 0, "y": 0, "z": -math.pi / 2})
    (item,), _ = read(LabelCloud(), folder_with(tmp_path, entry, kind=""))
    (box,) = [each for each in item.entities if isinstance(each, Cuboid)]
    assert matrix_of(box.rotation) == pytest.approx(matrix_of(turn(-math.pi / 2)), abs=1e-12)


# no class, or a name that a labelling template may have: one of spaces alone is refused there
name = st.sampled_from(["", "cart"]) | st.text(max_size=6).filter(lambda each: each.strip() != "")
names = st.lists(name, min_size=1, max_size=5)


@st.composite
def clouds(draw: st.DrawFn) -> ReadItem:
    item = draw(scenes(most_frames=1, camera=False, poses=False, timed=False))
    used = draw(names)
    rng = np.random.default_rng(draw(st.integers(0, 99)))
    labels = PointLabels(
        tuple(used), rng.integers(0, len(used), 30).astype(np.uint16), np.zeros(30, np.uint32)
    )
    tiles, blobs = tiles_of(labels, LIDAR, 0)
    kept = [replace(each, identity="") if isinstance(each, Track) else each for each in item.entities]
    return replace(item, entities=(*kept, *tiles), blobs=tuple(blobs), split="", source="sweeps/0000.pcd")


@given(clouds())
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        losses = said(write(LabelCloud(), [item], folder))
        lay_out(folder, [item])
        (again,), problems = read(LabelCloud(), folder)
    assert problems == []
    assert losses == {}
    assert (again.source, again.media) == (item.source, item.media)
    same(again, item)
    assert labels_at(again, 0) == labels_at(item, 0)


def test_everything_that_the_format_cannot_hold_is_named_and_counted(tmp_path: Path) -> None:
    item = everything()
    assert said(write(LabelCloud(), [item], tmp_path)) == {
        "attribute 'parked' of a track": 1,
        "attribute 'seen' of a box": 1,
        "box between key frames": 2,
        "calibration": 1,
        "cuboid made by auto": 1,
        "cuboid made by model": 1,
        "frame of reference of a sensor": 1,
        "group": 1,
        "identity of a track": 1,
        "instance of a point": 1,
        "member": 1,
        "name of a track": 1,
        "pose of the ego frame": 8,
        "relation": 1,
        "remark": 1,
        "sequence of frames": 1,
        "shape box": 1,
        "shape polyline3": 1,
        "side of the split": 1,
        "state": 1,
        "stream of another sensor": 1,
        "tag": 1,
        "time of a frame": 4,
        "track over several frames": 2,
        "track without a cuboid (ghost)": 1,
    }
    lay_out(tmp_path, [item])
    again, problems = read(LabelCloud(), tmp_path)
    assert problems == []
    assert [each.source for each in again] == [f"sweeps/{frame:04}.pcd" for frame in range(4)]
    assert [len(boxes(each)) for each in again] == [1, 2, 1, 2]


def test_labels_of_points_that_one_byte_cannot_tell_apart_are_lost_by_name(tmp_path: Path) -> None:
    used = ("unassigned", *(f"c{at:03}" for at in range(130)))
    labels = PointLabels(used, np.arange(131, dtype=np.uint16), np.zeros(131, np.uint32))
    tiles, blobs = tiles_of(labels, LIDAR, 0)
    media = (MediaFile(Stream(id=LIDAR, name="lidar", kind="points"), ("a.pcd",)),)
    item = ReadItem(source="a.pcd", media=media, entities=tuple(tiles), blobs=tuple(blobs))
    assert said(write(LabelCloud(), [item], tmp_path)) == {
        "point of a class beyond the 127th": 3,
        "point of the class 'unassigned'": 1,
    }
    lay_out(tmp_path, [item])
    (again,), _ = read(LabelCloud(), tmp_path)
    assert [name for name, _ in labels_at(again, 0)] == ["", *used[1:128], "", "", ""]


@pytest.mark.parametrize(
    "entry",
    [
        by_centroid(name=""),
        by_centroid(name=7),
        by_centroid(centroid={"x": 1, "y": 2}),
        by_centroid(centroid={"x": 1, "y": 2, "z": "3"}),
        by_centroid(dimensions={"length": 0, "width": 1, "height": 1}),
        by_centroid(dimensions={"length": -1, "width": 1, "height": 1}),
        by_centroid(dimensions={"length": 10**400, "width": 1, "height": 1}),
        by_centroid(rotations=None),
        by_centroid(rotations={"x": True, "y": 0, "z": 0}),
        {"name": "cart", "vertices": []},
        {"name": "cart", "vertices": [[0, 0, 0]] * 8},
        {"name": "cart", "vertices": [[*CORNERS[0][:2], 9], *CORNERS[1:]]},
        {"name": "cart", "vertices": [CORNERS[at] for at in (1, 0, 3, 2, 5, 4, 7, 6)]},
    ],
)
def test_one_bad_box_is_named_and_the_others_come_in(tmp_path: Path, entry: dict[str, Any]) -> None:
    (item,), problems = read(LabelCloud(), folder_with(tmp_path, by_centroid(), entry))
    assert [(each.code, each.path) for each in problems] == [("import.bad_box", "labels/a.json")]
    assert "object 2" in problems[0].message
    assert kinds(item) == {"Track": 1, "Cuboid": 1}


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("labels/segmentation/a.bin", b"\0" * 3, "import.malformed"),
        ("labels/segmentation/a.bin", b"\0" * 5000, "import.malformed"),
        ("labels/b.json", b'{"filename": "b.pcd", "objects": [', "import.malformed"),
        ("labels/b.json", b'{"filename": "b.pcd", "objects": [7]}', "import.malformed"),
        ("labels/b.json", b'{"filename": "b.pcd", "objects": []}', "import.missing_file"),
        ("labels/b.json", b'{"filename": "a.pcd", "objects": []}', "import.missing_file"),
        ("labels/b.json", b'{"filename": "../../etc/passwd", "objects": []}', "import.missing_file"),
    ],
)
def test_one_bad_file_is_named_and_the_rest_comes_in(
    tmp_path: Path, path: str, data: bytes, code: str
) -> None:
    Folder(folder_with(tmp_path, by_centroid())).write(path, data)
    (item,), problems = read(LabelCloud(), tmp_path)
    assert [(each.code, each.path) for each in problems] == [(code, path)]
    assert kinds(item) == {"Track": 1, "Cuboid": 1}


@pytest.mark.parametrize(
    "table", [b"", b"[]", b'{"classes": [{"id": "x"}]}', b'{"classes": 7}', b'{"default": [], "classes": []}']
)
def test_a_list_of_classes_that_is_none_leaves_their_numbers(tmp_path: Path, table: bytes) -> None:
    folder = folder_with(tmp_path, by_centroid())
    Folder(folder).write("labels/_classes.json", table)
    Folder(folder).write("labels/segmentation/a.bin", bytes([0, 1, 5, 255]))
    (item,), problems = read(LabelCloud(), folder)
    assert problems == []
    assert [name for name, _ in labels_at(item, 0)] == ["class 0", "class 1", "class 5", "class -1"]
    assert any(isinstance(each, Tile) for each in item.entities)
