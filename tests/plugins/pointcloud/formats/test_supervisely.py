"""Supervisely: the shared project, episodes and clouds out and back, and files that are not as said."""

import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.formats.supervisely import Supervisely
from plugins.pointcloud.formats.supervisely_carry import box_of, geometry_of
from plugins.pointcloud.point_labels import PointLabels, tiles_of
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Calibration, Cuboid, Tag, Tile, Track
from studio.domain.space import matrix_of
from studio.domain.values import attributes
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import (
    LIDAR,
    START_NS,
    STEP_NS,
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

UUID = "5f1e1f0a6a554e379a553a3c7d2b9d1"  # and a digit


def there_and_back(item: ReadItem, points: int = 0) -> tuple[dict[str, int], ReadItem]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        losses = write(Supervisely(), [item], folder)
        for path in item.media[0].paths if points else ():
            Folder(folder).write(path, f"# .PCD\nPOINTS {points}\n".encode())
        lay_out(folder, [item])
        (again,), problems = read(Supervisely(), folder)
    assert problems == []
    return said(losses), again


def test_the_shared_project_comes_in(shared_data: Path) -> None:
    folder = shared_data / "formats_datumaro" / "sly_pointcloud_dataset"
    sniffed = Supervisely().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, sniffed.classes) == (2, ("bus", "car"))
    items, problems = read(Supervisely(), folder)
    assert [each.source for each in items] == ["ds0/pointcloud/frame1.pcd", "ds0/pointcloud/frame2.pcd"]
    # both cameras are all zeroes there
    assert {each.code for each in problems} == {"calibration.broken"}
    assert len(problems) == 2
    assert kinds(items[0]) == {"Track": 2, "Cuboid": 2, "Tag": 2}
    assert [file.stream.kind for file in items[0].media] == ["points", "image"]
    cars = [each for each in items[0].entities if isinstance(each, Track)]
    assert cars[0].attributes == (("tag1", "fd"), ("tag3", "4s"))
    assert {
        each.class_name: dict(each.attributes) for each in items[0].entities if isinstance(each, Tag)
    } == {
        "tag1": {"value": "25dsd"},
        "tag2": {"value": 65},
    }


def test_a_box_looks_along_y_there_and_along_x_here() -> None:
    said_there = {
        "position": {"x": 1, "y": 2, "z": 3},
        "rotation": {"x": 0, "y": 0, "z": 0},
        "dimensions": {"x": 1.9, "y": 4.6, "z": 1.5},  # width, length, height
    }
    box = box_of(said_there)
    assert box.size == (4.6, 1.9, 1.5)
    assert matrix_of(box.rotation)[:, 0] == pytest.approx([0, 1, 0])
    again = geometry_of(box)
    assert {key: list(value.values()) for key, value in again.items()} == {
        key: pytest.approx(list(value.values()), abs=1e-12) for key, value in said_there.items()
    }


# an attribute has one type in a whole project
held = st.fixed_dictionaries(
    {},
    optional={
        "speed": st.floats(-99, 99),
        "count": st.integers(-9, 9),
        "colour": names,
        "parked": st.booleans(),
    },
).map(lambda found: attributes(**found))


@given(scenes(track_held=held, box_held=held, poses=False, identities=("", UUID)))
@settings(deadline=None)
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    losses, again = there_and_back(item)
    assert losses == differences(item, again)
    assert set(losses) <= {"box between key frames"}


@given(scenes(track_held=held, box_held=held, poses=False, identities=("", UUID), most_frames=1))
@settings(deadline=None)
def test_a_single_cloud_comes_back_as_one(item: ReadItem) -> None:
    losses, again = there_and_back(item)
    assert losses == differences(item, again) == {}


def test_everything_that_the_format_cannot_hold_is_named_and_counted() -> None:
    item = everything(identity=UUID + "0")
    losses, again = there_and_back(item, points=3)
    assert losses == differences(item, again)
    assert losses == {
        "box between key frames": 2,
        "cuboid made by auto": 1,
        "cuboid made by model": 1,
        "frame of reference of a sensor": 1,
        "group": 1,
        "member": 1,
        "name of a track": 1,
        "pose of the ego frame": 8,
        "relation": 1,
        "remark": 1,
        "shape box": 1,
        "shape polyline3": 1,
        "state": 1,
        "track without a cuboid (ghost)": 1,
    }


def test_what_a_tag_cannot_say_is_named() -> None:
    def track(name: str, **other: Any) -> Track:
        return Track(id=fresh(), class_name="car", identity=name, attributes=attributes(**other))

    tracks = [track("plate 7", size=("big", "red")), track("", size=4), track("", size="small")]
    item = ReadItem(
        source="one",
        media=streams(2),
        entities=(
            *tracks,
            *(cuboid(each, 0, 10.0 * at, ends_here=True) for at, each in enumerate(tracks)),
            Tag(id=fresh(), class_name="night", attributes=attributes(lux=3)),
            Tag(id=fresh(), class_name="size"),
        ),
    )
    losses, again = there_and_back(item)
    assert losses == {
        "attribute 'lux' of a tag": 1,
        "attribute 'size' of a track": 2,
        "identity of a track that is no UUID": 1,
        "tag of two types": 1,
    }
    assert [each.attributes for each in again.entities if isinstance(each, Track)] == [
        (("size", "big, red"),),
        (),
        (("size", "small"),),
    ]


@pytest.mark.parametrize(
    ("tag", "losses", "back"),
    [
        ({}, {}, {}),
        ({"stream": LIDAR, "frame": 2}, {}, {"stream": LIDAR, "frame": 2}),
        (
            {"interval": (START_NS + STEP_NS, START_NS + 3 * STEP_NS)},
            {},
            {"interval": (START_NS + STEP_NS, START_NS + 3 * STEP_NS)},
        ),
        (
            {"interval": (START_NS + STEP_NS - 5, START_NS + 3 * STEP_NS)},
            {"time of a tag": 1},
            {"interval": (START_NS + STEP_NS, START_NS + 3 * STEP_NS)},
        ),
        ({"interval": (5, 9)}, {"tag of a time between frames": 1}, {}),
        ({"stream": "front", "frame": 1}, {"tag of another stream's frame": 1}, {}),
    ],
)
def test_tags_are_of_the_episode_or_of_frames(
    tag: dict[str, Any], losses: dict[str, int], back: dict[str, Any]
) -> None:
    one = Tag(id=fresh(), class_name="rain", attributes=attributes(value="hard"), **tag)
    found, again = there_and_back(ReadItem(source="one", media=streams(4), entities=(one,)))
    assert found == losses
    (held_back,) = [each for each in again.entities if isinstance(each, Tag)]
    wanted = {"stream": None, "frame": None, "interval": None, **back}
    assert {key: getattr(held_back, key) for key in wanted} == wanted
    assert held_back.attributes == one.attributes


@st.composite
def labelled(draw: st.DrawFn) -> ReadItem:
    used = ("", *draw(st.lists(names, max_size=3)))
    entities: list[Tile] = []
    blobs: dict[str, bytes] = {}
    for frame in range(2):
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        class_of = rng.integers(0, len(used), 12).astype(np.uint16)
        labels = PointLabels(used, class_of, np.where(class_of, rng.integers(0, 3, 12), 0).astype(np.uint32))
        tiles, held_ = tiles_of(labels, LIDAR, frame)
        if class_of.any():
            entities += tiles
            blobs |= dict(held_)
    return ReadItem(source="one", media=streams(2), entities=tuple(entities), blobs=tuple(blobs.items()))


@given(labelled())
@settings(deadline=None)
def test_classes_and_instances_of_points_come_back(item: ReadItem) -> None:
    losses, again = there_and_back(item, points=12)
    assert losses == {}
    for frame in range(2):
        assert labels_at(again, frame) == labels_at(item, frame)


EPISODE: dict[str, Any] = {
    "key": "e",
    "tags": [],
    "objects": [{"key": "a", "classTitle": "car", "tags": []}],
    "framesCount": 2,
    "frames": [
        {
            "index": frame,
            "figures": [
                {
                    "key": f"f{frame}",
                    "objectKey": "a",
                    "geometryType": "cuboid_3d",
                    "geometry": {
                        "position": {"x": 1.0, "y": 2.0, "z": 3.0},
                        "rotation": {"x": 0, "y": 0, "z": 0.1},
                        "dimensions": {"x": 2.0, "y": 4.0, "z": 1.5},
                    },
                }
            ],
        }
        for frame in range(2)
    ],
}


def of_points(indices: Any) -> dict[str, Any]:
    """A figure of single points; the clouds have five."""
    return {"objectKey": "a", "geometryType": "point_cloud", "geometry": {"indices": indices}}


def episode(folder: Path, content: Any = EPISODE, frames: Any = None) -> Path:
    sink = Folder(folder)
    meta = {"classes": [{"title": "car"}], "tags": [], "projectType": "point_cloud_episodes"}
    sink.write("meta.json", json.dumps(meta).encode())
    sink.write("ep/annotation.json", json.dumps(content).encode())
    named = {"0": "a.pcd", "1": "b.pcd"} if frames is None else frames
    sink.write("ep/frame_pointcloud_map.json", json.dumps(named).encode())
    for name in ("a", "b"):
        sink.write(f"ep/pointcloud/{name}.pcd", b"# .PCD\nPOINTS 5\n")
    return folder


def sensor(x: float = 0.0, **other: Any) -> bytes:
    outer = [0, -1, 0, x, 0, 0, -1, 0, 1, 0, 0, 0]
    said_ = {"extrinsicMatrix": outer, "intrinsicMatrix": [500, 0, 320, 0, 500, 240, 0, 0, 1], **other}
    return json.dumps({"name": "x", "meta": {"deviceId": "CAM", "sensorsData": said_}}).encode()


def with_cameras(folder: Path, *sensors: bytes) -> Path:
    for name, data in zip(("a", "b"), sensors, strict=False):
        Folder(folder).write(f"ep/related_images/{name}_pcd/{name}1.png", b"picture")
        Folder(folder).write(f"ep/related_images/{name}_pcd/{name}1.png.json", data)
    return folder


def test_an_episode_is_one_item_with_its_cameras(tmp_path: Path) -> None:
    (item,), problems = read(Supervisely(), with_cameras(episode(tmp_path), sensor(), sensor()))
    assert problems == []
    assert item.source == "ep"
    assert [(file.stream.id, len(file.paths)) for file in item.media] == [("lidar", 2), ("CAM", 2)]
    assert kinds(item) == {"Track": 1, "Cuboid": 2, "Calibration": 1}
    held_ = [(each.frame, each.ends_here) for each in item.entities if isinstance(each, Cuboid)]
    assert held_ == [(0, False), (1, True)]


@pytest.mark.parametrize(
    ("second", "cameras"),
    [
        (sensor(intrinsicMatrix=[0] * 9), 1),
        (sensor(extrinsicMatrix=[0] * 12), 1),
        (sensor(extrinsicMatrix="x"), 1),
        (sensor(intrinsicMatrix=[1, 2]), 1),
        (sensor(x=3.0), 1),
        (sensor(intrinsicMatrix=[1e999] * 9).replace(b"Infinity", b"1e999"), 1),
    ],
)
def test_a_camera_that_cannot_be_or_wanders_is_named(tmp_path: Path, second: bytes, cameras: int) -> None:
    (item,), problems = read(Supervisely(), with_cameras(episode(tmp_path), sensor(), second))
    assert {each.code for each in problems} <= {"calibration.broken"}
    assert sum(isinstance(each, Calibration) for each in item.entities) == cameras


def changed(path: list[Any], value: Any) -> Any:
    content = json.loads(json.dumps(EPISODE))
    inner = content
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return content


FIGURE = ["frames", 1, "figures", 0]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (changed([*FIGURE, "geometry", "position", "x"], "far"), "import.bad_box"),
        (changed([*FIGURE, "geometry", "dimensions"], {"x": 0, "y": 1, "z": 1}), "import.bad_box"),
        (changed([*FIGURE, "geometry"], None), "import.bad_box"),
        (changed([*FIGURE, "geometryType"], "mesh"), "import.bad_box"),
        (changed([*FIGURE, "objectKey"], "b"), "import.unknown_label"),
        (changed(["frames", 1, "index"], 0), "import.twice"),
        (changed(["frames", 1, "index"], 7), "import.malformed"),
        (changed(["frames", 1, "index"], -1), "import.malformed"),
        (changed(["frames", 1, "index"], "x"), "import.malformed"),
        *((changed([*FIGURE], of_points(odd)), "import.malformed") for odd in ([5], [-1], [0.5], [2**70], 1)),
    ],
)
def test_one_bad_figure_is_named_and_the_others_come_in(tmp_path: Path, content: Any, code: str) -> None:
    (item,), problems = read(Supervisely(), episode(tmp_path, content))
    assert [each.code for each in problems] == [code]
    assert all(each.hint for each in problems)
    assert (kinds(item)["Track"], kinds(item)["Cuboid"]) == (1, 1)


@pytest.mark.parametrize("content", [7, [], {}, {"objects": 7}, [EPISODE, EPISODE]])
def test_an_annotation_that_is_none_is_named(tmp_path: Path, content: Any) -> None:
    items, problems = read(Supervisely(), episode(tmp_path, content))
    assert items == []
    assert [each.code for each in problems] == ["import.malformed"]


@pytest.mark.parametrize("odd", [None, 7, "x", [7], [{"key": []}], [[]], {"a": 1}])
@pytest.mark.parametrize("key", ["tags", "objects", "frames", "figures"])
def test_odd_values_end_in_words(tmp_path: Path, key: str, odd: Any) -> None:
    items, problems = read(Supervisely(), episode(tmp_path, {**EPISODE, key: odd}))
    assert len(items) + len(problems) >= 1
    items, _ = read(Supervisely(), episode(tmp_path, changed(["objects", 0, "tags"], odd)))
    assert len(items) == 1


@pytest.mark.parametrize(
    ("frames", "codes", "count"),
    [
        ({"0": "a.pcd", "1": "gone.pcd"}, ["import.missing_file"], 2),
        ({"1": "b.pcd"}, [], 2),
        ({"x": "b.pcd"}, ["import.malformed"], 0),
        ({"999999999": "b.pcd"}, ["import.malformed"], 0),
        ([], ["import.malformed"], 0),
        ({"0": 7}, ["import.malformed"], 0),
    ],
)
def test_a_map_of_frames_that_lies_is_named(
    tmp_path: Path, frames: Any, codes: list[str], count: int
) -> None:
    items, problems = read(Supervisely(), episode(tmp_path, frames=frames))
    assert [each.code for each in problems] == codes
    assert [each.media[0].stream.frames for each in items] == ([count] if count else [])


def test_two_items_of_one_name_keep_apart(tmp_path: Path) -> None:
    one = ReadItem(source="a", media=streams(1), entities=(calibration(),))
    many = ReadItem(source="a", media=streams(3), entities=(calibration(),))
    assert write(Supervisely(), [one, one, many, many], tmp_path) == ()
    lay_out(tmp_path, [many])
    items, problems = read(Supervisely(), tmp_path)
    assert problems == []
    assert sorted(each.media[0].stream.frames for each in items) == [1, 1, 3, 3]
    assert all(kinds(each) == {"Calibration": 1} for each in items)


def test_figures_on_pictures_are_named_as_unread(tmp_path: Path) -> None:
    with_cameras(episode(tmp_path), sensor(), sensor())
    Folder(tmp_path).write("ep/related_images/a_pcd/a1.png.figures.json", b"[]")
    (item,), problems = read(Supervisely(), tmp_path)
    assert [each.code for each in problems] == ["import.unread_label"]
    assert kinds(item)["Cuboid"] == 2
