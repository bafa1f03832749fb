"""SemanticKITTI: every point's class and instance go out and come back; what does not fit is named."""

import shutil
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from plugins.pointcloud.formats.semantic_kitti import SemanticKitti
from plugins.pointcloud.formats.semantic_kitti_classes import STANDARD, names_in, numbered, written
from plugins.pointcloud.point_labels import RUN, PointLabels, tiles_of
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Calibration, EgoPose, Tile
from studio.domain.space import matrix_of
from tests.plugins.formats_kit import Folder, kinds, read, write
from tests.plugins.pointcloud.formats.scenes import (
    LIDAR,
    differences,
    everything,
    labels_at,
    lay_out,
    said,
    scenes,
)

CALIBRATION = """P0: 718.856 0 607.1928 0 0 718.856 185.2157 0 0 0 1 0
P1: 718.856 0 607.1928 -386.1448 0 718.856 185.2157 0 0 0 1 0
P2: 718.856 0 607.1928 45.38225 0 718.856 185.2157 -0.1130887 0 0 1 0.003779761
P3: 718.856 0 607.1928 -337.2877 0 718.856 185.2157 2.369057 0 0 1 0.004915215
Tr: 0.0004276802 -0.9999672 -0.008084491 -0.01198459 -0.007210626 0.008081198 -0.9999413 -0.05403984 0.9999738 0.0004859485 -0.007206933 -0.2921968
"""  # of sequence 00, as the benchmark gives it  # noqa: E501
MOVED = "1 0 0 0.01 0 1 0 -0.02 0 0 1 0.85"


def sequence(folder: Path, frames: int = 3, points: int = 5) -> Path:
    rng = np.random.default_rng(3)
    sink = Folder(folder / "sequences" / "00")
    for frame in range(frames):
        sink.write(f"velodyne/{frame:06}.bin", rng.random((points, 4), np.float32).tobytes())
        values = rng.choice([0, 10, 40, 259 | 3 << 16, 10 | 65535 << 16], points).astype("<u4")
        sink.write(f"labels/{frame:06}.label", values.tobytes())
    sink.write("calib.txt", CALIBRATION.encode())
    sink.write("poses.txt", "\n".join(["1 0 0 0 0 1 0 0 0 0 1 0", *[MOVED] * (frames - 1)]).encode())
    sink.write("times.txt", "\n".join(f"{frame * 0.1:.6e}" for frame in range(frames)).encode())
    return folder


def files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }


def test_a_sequence_is_one_item_with_its_classes_poses_and_times(tmp_path: Path) -> None:
    sequence(tmp_path)
    Folder(tmp_path).write("sequences/00/image_2/000001.png", b"picture")
    sniffed = SemanticKitti().sniff(FolderTree(tmp_path))
    assert sniffed is not None
    assert (sniffed.items, set(sniffed.classes) <= set(STANDARD.values())) == (1, True)
    (item,), problems = read(SemanticKitti(), tmp_path)
    assert problems == []
    assert kinds(item) == {"Tile": 3, "EgoPose": 3, "Calibration": 1}
    assert item.source == "sequences/00"
    lidar, camera = item.media
    assert (lidar.stream.kind, lidar.stream.times_ns) == ("points", (0, 100_000_000, 200_000_000))
    assert (camera.stream.id, camera.paths) == ("image_02", ("", "sequences/00/image_2/000001.png", ""))
    values = np.frombuffer((tmp_path / "sequences/00/labels/000001.label").read_bytes(), "<u4")
    wanted = [("" if not each & 0xFFFF else STANDARD[each & 0xFFFF], each >> 16) for each in values.tolist()]
    assert labels_at(item, 1) == wanted
    assert set(item.classes) == {name for frame in range(3) for name, _ in labels_at(item, frame)} - {""}


def test_the_velodynes_way_is_the_cameras_in_other_axes(tmp_path: Path) -> None:
    (item,), _ = read(SemanticKitti(), sequence(tmp_path))
    poses = [each for each in item.entities if isinstance(each, EgoPose)]
    # the camera moved 0.85 m along its optical axis, which is the velodyne's x
    assert poses[0].translation == pytest.approx((0, 0, 0), abs=1e-9)
    assert poses[1].translation == pytest.approx((0.85, 0, 0), abs=0.03)
    assert matrix_of(poses[1].rotation) == pytest.approx(np.eye(3), abs=1e-6)


def test_label_files_are_written_byte_for_byte_as_they_were(tmp_path: Path) -> None:
    items, _ = read(SemanticKitti(), sequence(tmp_path / "in", 4, RUN + 9))
    assert write(SemanticKitti(), items, tmp_path / "out") == ()
    old, new = files(tmp_path / "in"), files(tmp_path / "out")
    labels = [path for path in old if path.endswith(".label")]
    assert len(labels) == 4
    assert all(new[path] == old[path] for path in labels)
    lay_out(tmp_path / "out", items)
    again, _ = read(SemanticKitti(), tmp_path / "out")
    for before, after in zip(
        (each for each in items[0].entities if isinstance(each, EgoPose)),
        (each for each in again[0].entities if isinstance(each, EgoPose)),
        strict=True,
    ):
        assert after.time_ns == before.time_ns
        assert after.translation == pytest.approx(before.translation, abs=1e-9)


@st.composite
def labelled(draw: st.DrawFn) -> ReadItem:
    item = draw(scenes(camera=False))
    tiles, blobs = [], {}
    names = draw(
        st.lists(st.text(max_size=6) | st.sampled_from(["", "car", "class 77", "class 10"]), min_size=1)
    )
    for frame in draw(st.sets(st.integers(0, item.media[0].stream.frames - 1))):
        count = draw(st.integers(1, 40))
        rng = np.random.default_rng(draw(st.integers(0, 99)))
        labels = PointLabels(
            tuple(names),
            rng.integers(0, len(names), count).astype(np.uint16),
            rng.integers(0, 65536, count).astype(np.uint32),
        )
        made, of_frame = tiles_of(labels, LIDAR, frame)
        tiles += made
        blobs |= dict(of_frame)
    # a sequence is known by its labels
    labels = PointLabels(("car",), np.zeros(3, np.uint16), np.zeros(3, np.uint32))
    made, of_frame = tiles_of(labels, LIDAR, 0)
    if not any(tile.frame == 0 for tile in tiles):
        tiles += made
        blobs |= dict(of_frame)
    return ReadItem(
        source=item.source,
        media=item.media,
        entities=(*item.entities, *tiles),
        split=item.split,
        blobs=tuple(blobs.items()),
    )


@given(labelled())
@settings(deadline=None)
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        losses = said(write(SemanticKitti(), [item], folder))
        lay_out(folder, [item])
        (again,), problems = read(SemanticKitti(), folder)
    assert problems == []
    assert losses == differences(item, again)
    assert not any(what.startswith(("tile", "pose", "instance")) for what in losses)


def test_everything_that_the_format_cannot_hold_is_named_and_counted(tmp_path: Path) -> None:
    item = everything()
    losses = said(write(SemanticKitti(), [item], tmp_path))
    lay_out(tmp_path, [item])
    (again,), _ = read(SemanticKitti(), tmp_path)
    assert losses == differences(item, again)
    assert losses == {
        "attribute 'parked' of a track": 1,
        "calibration": 1,  # its camera has no name of KITTI's
        "frame of reference of a sensor": 1,
        "group": 1,
        "member": 1,
        "name of a track": 1,
        "pose of the ego frame between frames": 4,
        "relation": 1,
        "remark": 1,
        "shape box": 1,
        "shape cuboid": 4,
        "shape polyline3": 1,
        "state": 1,
        "tag": 1,
        "track without a cuboid (car)": 1,
        "track without a cuboid (ghost)": 1,
        "track without a cuboid (van)": 1,
    }


def test_cameras_beside_each_other_keep_their_projection(tmp_path: Path) -> None:
    sequence(tmp_path / "in")
    for camera in (2, 3):
        Folder(tmp_path / "in").write(f"sequences/00/image_{camera}/000000.png", b"picture")
    items, _ = read(SemanticKitti(), tmp_path / "in")
    shutil.copytree(tmp_path / "in" / "sequences", tmp_path / "out" / "sequences")
    assert write(SemanticKitti(), items, tmp_path / "out") == ()
    again, _ = read(SemanticKitti(), tmp_path / "out")
    assert differences(items[0], again[0]) == {}
    assert len([each for each in again[0].entities if isinstance(each, Calibration)]) == 2


def test_instances_that_no_file_can_hold_get_a_number_of_their_own(tmp_path: Path) -> None:
    table, of_class = ("unlabeled", "car"), np.array([0, 1, 1, 1], np.uint16)
    first = PointLabels(table, of_class, np.array([0, 70_000, 1, 2**31 + 5], np.uint32))
    second = PointLabels(table, of_class, np.array([0, 2**31 + 5, 0, 2], np.uint32))
    made = [tiles_of(first, LIDAR, 0), tiles_of(second, LIDAR, 1)]
    tiles = [each for found, _ in made for each in found]
    blobs = [each for _, found in made for each in found]
    item = ReadItem(source="a", media=everything().media, entities=tuple(tiles), blobs=tuple(blobs))
    assert said(write(SemanticKitti(), [item], tmp_path)) == {
        "instance number above 65,535": 2,
        "point of the class 'unlabeled'": 2,
    }
    lay_out(tmp_path, [item])
    (again,), _ = read(SemanticKitti(), tmp_path)
    assert labels_at(again, 0) == [("", 0), ("car", 3), ("car", 1), ("car", 4)]
    assert labels_at(again, 1) == [("", 0), ("car", 4), ("car", 0), ("car", 2)]


@pytest.mark.parametrize(
    ("path", "data", "code"),
    [
        ("labels/000001.label", b"\0" * 16, "import.malformed"),
        ("labels/000001.label", b"\0" * 19, "import.malformed"),
        ("labels/000001.label", b"", "import.malformed"),
        ("labels/000009.label", b"\0" * 20, "import.missing_file"),
        ("poses.txt", b"1 0 0\n", "import.malformed"),
        ("poses.txt", b"\xff\xfe", "import.not_text"),
        ("poses.txt", "\n".join(["nan " + MOVED[2:], MOVED, MOVED]).encode(), "import.malformed"),
        ("poses.txt", "\n".join(["0 " * 12, MOVED, MOVED]).encode(), "import.malformed"),
        ("times.txt", b"0\n0.2\n0.1\n", "import.malformed"),
        ("times.txt", b"0\nnan\n1\n", "import.malformed"),
        ("times.txt", b"0\nsoon\n1\n", "import.malformed"),
        ("times.txt", b"0\n1e400\n1e401\n", "import.malformed"),
        ("calib.txt", CALIBRATION.replace("0.0004276802", "x").encode(), "calibration.broken"),
        ("calib.txt", b"\0\0\0", "calibration.broken"),
    ],
)
def test_one_bad_file_is_named_and_the_rest_comes_in(
    tmp_path: Path, path: str, data: bytes, code: str
) -> None:
    sequence(tmp_path)
    Folder(tmp_path / "sequences" / "00").write(path, data)
    (item,), problems = read(SemanticKitti(), tmp_path)
    assert {each.code for each in problems} == {code}
    assert all(each.hint and each.path.endswith(path) for each in problems)
    assert kinds(item)["Tile"] >= 2


def test_a_part_of_a_sequence_finds_its_lines_by_number(tmp_path: Path) -> None:
    sequence(tmp_path)
    for kind in ("velodyne/000000.bin", "labels/000000.label", "velodyne/000001.bin", "labels/000001.label"):
        (tmp_path / "sequences/00" / kind).unlink()
    (item,), problems = read(SemanticKitti(), tmp_path)
    assert problems == []
    assert item.media[0].stream.times_ns == (200_000_000,)
    assert kinds(item) == {"Tile": 1, "EgoPose": 1}


def test_a_table_of_ones_own_classes_is_read_from_above_the_sequence(tmp_path: Path) -> None:
    sequence(tmp_path)
    lines = ['name: "mine"', "labels: # of our town", '  10 : "tram \\"9\\""', "  40: 'kerb' # x"]
    table = "\n".join([*lines, "  259: bush", "color_map:", "  10: [1]"])
    (tmp_path / "semantic-kitti.yaml").write_text(table)
    (item,), _ = read(SemanticKitti(), tmp_path)
    used = {name for frame in range(3) for name, _ in labels_at(item, frame)}
    assert used <= {"", 'tram "9"', "kerb", "bush"}
    assert names_in(table) == {10: 'tram "9"', 40: "kerb", 259: "bush"}


@given(st.lists(st.text(max_size=5) | st.sampled_from(["car", "class 10", "class 301"]), max_size=8))
def test_every_class_has_a_number_of_its_own_that_leads_back(found: list[str]) -> None:
    numbers = numbered(found, STANDARD)
    assert len(set(numbers.values())) == len(numbers)
    table = {number: name for name, number in numbers.items() if number} | STANDARD
    held = {number: name for number, name in names_in(written(table).decode()).items() if number}
    assert held == {number: name for number, name in table.items() if number}


def test_a_tile_of_another_stream_is_lost_by_name(tmp_path: Path) -> None:
    item = everything()
    tile = next(each for each in item.entities if isinstance(each, Tile))
    other = ReadItem(source="a", media=item.media, entities=(replace(tile, frame=900),), blobs=item.blobs)
    assert said(write(SemanticKitti(), [other], tmp_path)) == {
        "item without labels of points": 1,
        "tile of another stream than the first points": 1,
    }
