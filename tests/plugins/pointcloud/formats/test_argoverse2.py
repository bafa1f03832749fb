"""Argoverse 2: the shared log, what survives the way out and back, and tables that lie."""

import io
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as arrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import feather

from plugins.pointcloud.formats.argoverse2 import Argoverse2
from plugins.pointcloud.formats.argoverse2_tables import table_bytes
from studio.domain.cameras import project
from studio.domain.contracts.formats import ReadItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Calibration, CoordinateSystem, Cuboid, EgoPose, Track
from studio.domain.space import within
from studio.domain.values import attributes
from tests.plugins.formats_kit import kinds, read, write
from tests.plugins.pointcloud.formats.scenes import (
    calibration,
    differences,
    everything,
    fresh,
    scenes,
    streams,
    there_and_back,
)

SWEEP = "315973157959879000"


def test_the_shared_log_comes_in_with_its_boxes_where_their_points_are(shared_data: Path) -> None:
    folder = shared_data / "drive_argoverse2"
    sniffed = Argoverse2().sniff(FolderTree(folder))
    assert sniffed is not None
    assert (sniffed.items, "REGULAR_VEHICLE" in sniffed.classes) == (1, True)
    (item,), problems = read(Argoverse2(), folder)
    assert kinds(item) == {"EgoPose": 2637, "Track": 47, "Cuboid": 47}
    (lidar,) = item.media
    assert (lidar.stream.kind, lidar.stream.times_ns) == ("points", (int(SWEEP),))
    assert [(each.code, "155 labelled times" in each.message) for each in problems] == [
        ("import.missing_file", True)
    ]
    table = feather.read_table(folder / lidar.paths[0])
    points = np.column_stack([table[axis].to_numpy().astype(float) for axis in "xyz"])
    boxes = [each for each in item.entities if isinstance(each, Cuboid)]
    inside = [within(points, box.centre, box.size, box.rotation, 0.05).sum() for box in boxes]
    wanted = [dict(box.attributes)["num_interior_pts"] for box in boxes]
    assert np.mean([abs(a - b) <= 2 + 0.1 * b for a, b in zip(inside, wanted, strict=True)]) > 0.9


def test_the_shared_log_is_written_as_it_was(shared_data: Path, tmp_path: Path) -> None:
    folder = shared_data / "drive_argoverse2"
    (item,), _ = read(Argoverse2(), folder)
    assert write(Argoverse2(), [item], tmp_path) == ()
    ours = feather.read_table(tmp_path / "annotations.feather").to_pylist()
    theirs = [
        row
        for row in feather.read_table(folder / "annotations.feather").to_pylist()
        if row["timestamp_ns"] == int(SWEEP)
    ]
    by_track = {row["track_uuid"]: row for row in ours}
    assert len(by_track) == len(ours) == len(theirs)
    for row in theirs:
        again = by_track[row["track_uuid"]]
        assert again.keys() == row.keys()
        assert all(again[key] == pytest.approx(value) for key, value in row.items() if key[:1] != "q")
        quaternions = [[each[key] for key in ("qx", "qy", "qz", "qw")] for each in (row, again)]
        assert abs(np.dot(*quaternions)) == pytest.approx(1)
    for name in ("annotations.feather", "city_SE3_egovehicle.feather"):
        schema = feather.read_table(tmp_path / name).schema
        assert schema.equals(feather.read_table(folder / name).schema), name
    assert feather.read_table(tmp_path / "city_SE3_egovehicle.feather").num_rows == 2637


counted = st.integers(0, 5000).map(lambda count: attributes(num_interior_pts=count))


@given(scenes(box_held=counted))
def test_what_is_not_named_as_lost_comes_back(item: ReadItem) -> None:
    losses, again = there_and_back(Argoverse2(), item)
    assert losses == differences(item, again)
    assert set(losses) <= {"box between key frames"}


def test_everything_that_the_format_cannot_hold_is_named_and_counted() -> None:
    item = everything()
    losses, again = there_and_back(Argoverse2(), item)
    found = differences(item, again)
    # every box that is written says how many points are in it, and nobody counted them
    assert losses.pop("number of points in a box") == 6
    assert found.pop("attribute 'num_interior_pts' of a box") == 4
    assert losses == found
    assert losses == {
        "attribute 'parked' of a track": 1,
        "attribute 'seen' of a box": 1,
        "box between key frames": 2,
        "cuboid made by auto": 1,
        "cuboid made by model": 1,
        "group": 1,
        "member": 1,
        "name of a track": 1,
        "relation": 1,
        "remark": 1,
        "shape box": 1,
        "shape polyline3": 1,
        "state": 1,
        "tag": 1,
        "tile": 1,
        "track without a cuboid (ghost)": 1,
    }


def table(path: Path, columns: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    feather.write_feather(arrow.table(columns), path)


def row(**changes: Any) -> dict[str, Any]:
    return {
        "timestamp_ns": 1000,
        "track_uuid": "a",
        "category": "BUS",
        "num_interior_pts": 9,
        **dict(zip(("length_m", "width_m", "height_m"), (4.0, 2.0, 1.5), strict=True)),
        **dict(zip(("tx_m", "ty_m", "tz_m"), (5.0, 1.0, 0.0), strict=True)),
        **dict(zip(("qw", "qx", "qy", "qz"), (1.0, 0.0, 0.0, 0.0), strict=True)),
        **changes,
    }


def log_with(folder: Path, *rows: dict[str, Any], sweeps: tuple[str, ...] = ("1000", "2000")) -> Path:
    for sweep in sweeps:
        (folder / "sensors" / "lidar").mkdir(parents=True, exist_ok=True)
        (folder / "sensors" / "lidar" / f"{sweep}.feather").write_bytes(b"points")
    table(folder / "annotations.feather", {key: [each[key] for each in rows] for key in rows[0]})
    return folder


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"length_m": 0.0}, "import.bad_box"),
        ({"width_m": -1.0}, "import.bad_box"),
        ({"tx_m": float("nan")}, "import.bad_box"),
        ({"tz_m": float("inf")}, "import.bad_box"),
        ({"tx_m": 1e300}, "import.bad_box"),
        ({"qw": 0.0}, "import.bad_box"),
        ({"qx": float("nan")}, "import.bad_box"),
        ({"track_uuid": "b", "timestamp_ns": 1001}, "import.missing_file"),
        ({}, "import.twice"),
    ],
)
def test_one_bad_row_is_named_and_the_others_come_in(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    (item,), problems = read(Argoverse2(), log_with(tmp_path, row(), row(**changes)))
    assert [each.code for each in problems] == [code]
    assert all(each.hint for each in problems)
    assert kinds(item) == {"Track": 1, "Cuboid": 1}


def test_a_track_is_not_seen_where_its_rows_have_a_gap(tmp_path: Path) -> None:
    rows = [row(timestamp_ns=time) for time in (1000, 2000, 4000)]
    (item,), _ = read(Argoverse2(), log_with(tmp_path, *rows, sweeps=("1000", "2000", "3000", "4000")))
    held = [(each.frame, each.ends_here) for each in item.entities if isinstance(each, Cuboid)]
    assert held == [(0, False), (1, True), (3, True)]


def test_a_name_that_is_no_time_and_poses_in_disorder_are_named(tmp_path: Path) -> None:
    log_with(tmp_path, row(), sweeps=("1000", "01000", "front", "9" * 30))
    pose = {key: [value] * 4 for key, value in row().items() if key[:1] in "qt" and key != "track_uuid"}
    table(tmp_path / "city_SE3_egovehicle.feather", pose | {"timestamp_ns": [3, 2, 2, -5]})
    (item,), problems = read(Argoverse2(), tmp_path)
    codes = sorted(each.code for each in problems)
    assert codes == ["import.malformed"] * 5 + ["import.twice"]
    assert [each.time_ns for each in item.entities if isinstance(each, EgoPose)] == [2, 3]


def sensors(folder: Path, fx: float = 900.0, qw: float = 0.5) -> Path:
    log_with(folder, row())
    turned = {"qw": [0.5, 1.0], "qx": [-0.5, 0.0], "qy": [0.5, 0.0], "qz": [-0.5, 0.0]}
    turned = {key: [value[0] * qw * 2, value[1]] for key, value in turned.items()}
    place = {"tx_m": [1.6, 1.3], "ty_m": [0.0, 0.0], "tz_m": [1.4, 1.6]}
    table(
        folder / "calibration" / "egovehicle_SE3_sensor.feather",
        {"sensor_name": ["ring_front_center", "up_lidar"], **turned, **place},
    )
    lens = {"fx_px": [fx], "fy_px": [900.0], "cx_px": [775.0], "cy_px": [1024.0]}
    lens |= {"k1": [-0.2], "k2": [0.1], "k3": [0.01]}
    table(
        folder / "calibration" / "intrinsics.feather",
        {"sensor_name": ["ring_front_center"], **lens, "height_px": [2048], "width_px": [1550]},
    )
    picture = folder / "sensors" / "cameras" / "ring_front_center" / "1050.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(b"picture")
    return folder


def test_cameras_come_in_with_their_own_times_and_lenses(tmp_path: Path) -> None:
    (item,), problems = read(Argoverse2(), sensors(tmp_path))
    assert problems == []
    camera = next(file for file in item.media if file.stream.kind == "image")
    assert (camera.stream.id, camera.stream.times_ns) == ("ring_front_center", (1050,))
    (lens,) = [each for each in item.entities if isinstance(each, Calibration)]
    # straight ahead is the principal point, counted from the corner of the first pixel
    assert project(np.array([[11.6, 0.0, 1.4]]), lens)[0] == pytest.approx([775.5, 1024.5])
    (lidar,) = [each for each in item.entities if isinstance(each, CoordinateSystem)]
    assert (lidar.name, lidar.parent, lidar.translation) == ("up_lidar", "ego", (1.3, 0.0, 1.6))


def test_what_its_tables_have_no_column_for_is_named() -> None:
    def system(name: str, parent: str) -> CoordinateSystem:
        return CoordinateSystem(id=fresh(), name=name, parent=parent)

    bent = calibration(
        model="brown_conrady",
        distortion=(-0.2, 0.1, 0.0, 0.0, 0.01),
        intrinsics=(500.0, 2.0, 320.5, 0.0, 510.0, 240.5, 0.0, 0.0, 1.0),
    )
    systems = (system("imu", "ego"), system("box", "imu"), system("lost", "moon"), system("front", "ego"))
    losses, again = there_and_back(
        Argoverse2(), ReadItem(source="a", media=streams(1), entities=(bent, *systems))
    )
    assert losses == {
        "frame of reference that nothing joins to the ego frame": 1,
        "frame of reference with the name of a camera": 1,
        "lens that bends": 1,
        "parent of a frame of reference": 1,
        "skew of a camera": 1,
    }
    assert {each.name: each.parent for each in again.entities if isinstance(each, CoordinateSystem)} == {
        "imu": "ego",
        "box": "ego",
    }


@pytest.mark.parametrize("how", [{"fx": 0.0}, {"fx": float("nan")}, {"qw": 0.0}])
def test_a_singular_camera_is_left_out_and_the_log_comes_in(tmp_path: Path, how: dict[str, float]) -> None:
    (item,), problems = read(Argoverse2(), sensors(tmp_path, **how))
    assert {each.code for each in problems} == {"calibration.broken"}
    assert kinds(item) == {"CoordinateSystem": 1, "Track": 1, "Cuboid": 1}


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"timestamp_ns": [1000]},
        {key: [value] for key, value in row(timestamp_ns="soon").items()},
        {key: [value] for key, value in row(length_m=None).items()},
        {key: [value] for key, value in row(category=7).items()},
    ],
)
def test_a_table_that_is_none_is_named_and_the_sweeps_come_in(
    tmp_path: Path, columns: dict[str, Any]
) -> None:
    log_with(tmp_path, row())
    table(tmp_path / "annotations.feather", columns)
    (item,), problems = read(Argoverse2(), tmp_path)
    assert [each.code for each in problems] == ["import.malformed"]
    assert "annotations.feather" in problems[0].message
    assert item.media[0].stream.frames == 2


def test_no_damage_to_a_table_ends_the_reader(tmp_path: Path) -> None:
    log_with(tmp_path, *[row(track_uuid=str(number)) for number in range(40)])
    path = tmp_path / "annotations.feather"
    whole, rng = path.read_bytes(), np.random.default_rng(7)
    for _ in range(250):
        data = bytearray(whole)
        for place in rng.integers(0, len(data), 4):
            data[place] = rng.integers(0, 256)
        path.write_bytes(data[: rng.integers(1, len(data))] if rng.random() < 0.3 else data)
        items, _ = read(Argoverse2(), tmp_path)
        assert len(items) == 1


def test_a_folder_of_logs_is_as_many_items_and_a_list_of_files_that_lies_is_named(tmp_path: Path) -> None:
    log_with(tmp_path / "train" / "a", row())
    log_with(tmp_path / "val" / "b", row())
    (tmp_path / "val" / "b" / "atelier_files.json").write_text('{"atelier": "atelier.files"}')
    (item,), problems = read(Argoverse2(), tmp_path)
    assert (item.source, item.split) == ("train/a", "train")
    assert [each.code for each in problems] == ["import.malformed"]
    shutil.rmtree(tmp_path / "train")
    assert Argoverse2().sniff(FolderTree(tmp_path)) is not None


def test_tables_are_written_as_arrow_reads_them() -> None:
    data = table_bytes({"a": ("int64", [1, 2]), "b": ("string", ["x", "ש"])})
    assert feather.read_table(io.BytesIO(data)).to_pylist() == [{"a": 1, "b": "x"}, {"a": 2, "b": "ש"}]


def test_tracks_keep_the_ids_of_their_log(tmp_path: Path) -> None:
    (item,), _ = read(Argoverse2(), log_with(tmp_path, row(track_uuid="364174e3")))
    assert [(each.class_name, each.identity) for each in item.entities if isinstance(each, Track)] == [
        ("BUS", "364174e3")
    ]
