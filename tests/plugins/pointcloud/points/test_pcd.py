"""PCD in its three packings, and what may be wrong with one."""

from pathlib import Path

import numpy as np
import pytest

from plugins.pointcloud.cloud import prepared, read_head, read_piece
from studio.domain.contracts.formats import Budget
from tests.plugins.pointcloud.points.point_files import code_of, pcd, places, read, table

DATA = ("ascii", "binary", "binary_compressed")


@pytest.mark.parametrize("data", DATA)
def test_places_intensities_and_rings_come_in_as_they_are(data: str) -> None:
    rows = table(500, 1, ("ring", "u2"), ("label", "u4"), ("time", "f4"))
    cloud = read(pcd(rows, data))
    assert np.array_equal(cloud.xyz, np.column_stack([rows[axis] for axis in "xyz"]))
    assert np.array_equal(cloud.fields["intensity"], rows["intensity"])
    assert np.array_equal(cloud.fields["ring"], rows["ring"])
    assert np.array_equal(cloud.fields["label"], rows["label"])
    assert np.allclose(cloud.fields["time"], rows["time"], atol=1e-6)
    assert (cloud.origin, cloud.places, cloud.dropped) == ((0.0, 0.0, 0.0), None, 0)


@pytest.mark.parametrize("packing", [{"write_ascii": True}, {"compressed": True}, {}])
def test_what_open3d_writes_is_what_is_read(tmp_path: Path, packing: dict[str, bool]) -> None:
    import open3d

    # far from random, so that LZF finds matches of every length, short ones and such that overlap
    xyz = np.round(np.random.default_rng(2).uniform(-9, 9, (4000, 3)) * 4) / 4
    xyz[1000:2500] = xyz[0]
    path = tmp_path / "a.pcd"
    cloud = open3d.geometry.PointCloud(open3d.utility.Vector3dVector(xyz))
    cloud.colors = open3d.utility.Vector3dVector(np.round(np.abs(xyz) / 9 * 255) / 255)
    assert open3d.io.write_point_cloud(str(path), cloud, **packing)
    found = read(path.read_bytes())
    assert np.allclose(found.xyz, xyz, atol=1e-6)
    assert np.abs(found.fields["rgb"].astype(int) - np.round(np.abs(xyz) / 9 * 255)).max() <= 1


def test_bytes_after_the_points_are_left_alone(shared_data: Path) -> None:
    rows = table(50)
    for data in DATA:
        assert len(read(pcd(rows, data, tail=b"\n0 0 0 0\nmore")).xyz) == 50
    real = shared_data / "drive_kitti_tracking0000_lidar" / "velodyne_pcd_original" / "0000000100.pcd"
    assert len(read(real.read_bytes()).xyz) == 122_625


def test_a_hash_in_a_field_name_is_a_part_of_the_name() -> None:
    rows = table(20, 0, ("class#2", "u1"), ("ring", "u2"))
    for data in DATA:
        assert np.array_equal(read(pcd(rows, data)).fields["ring"], rows["ring"])


def test_an_organised_cloud_keeps_the_places_of_points_in_the_file() -> None:
    rows = table(12)
    rows["x"][[0, 5, 11]] = (np.nan, np.inf, -np.inf)
    for data in DATA:
        cloud = read(pcd(rows, data, header={"WIDTH": "4", "HEIGHT": "3"}))
        assert cloud.dropped == 3
        assert cloud.places is not None
        assert cloud.places.tolist() == [1, 2, 3, 4, 6, 7, 8, 9, 10]
        assert np.array_equal(cloud.fields["intensity"], rows["intensity"][cloud.places])


@pytest.mark.parametrize("kind", ["u4", "f4"])
@pytest.mark.parametrize("data", DATA)
def test_packed_colours_are_unpacked(kind: str, data: str) -> None:
    rows = table(3, 0, ("rgb", kind))
    packed = np.array([0xFF8000, 0x0102FE, 0x3F8000], np.uint32)
    rows["rgb"] = packed if kind == "u4" else packed.view(np.float32)
    assert read(pcd(rows, data)).fields["rgb"].tolist() == [[255, 128, 0], [1, 2, 254], [63, 128, 0]]


def test_a_field_of_several_numbers_is_stepped_over() -> None:
    rows = table(10, 0, ("ring", "u2"))
    wide = np.zeros(10, [("x", "f4"), ("y", "f4"), ("z", "f4"), ("normal", "f4", (3,)), ("ring", "u2")])
    for name in ("x", "y", "z", "ring"):
        wide[name] = rows[name]
    header = {
        "FIELDS": "x y z normal ring", "SIZE": "4 4 4 4 2", "TYPE": "F F F F U", "COUNT": "1 1 1 3 1",
        "DATA": "binary",
    }  # fmt: skip
    head, _, _ = pcd(rows, "binary", header=header).partition(b"DATA binary\n")
    cloud = read(head + b"DATA binary\n" + wide.tobytes())
    assert np.array_equal(cloud.fields["ring"], rows["ring"])
    assert np.array_equal(cloud.xyz[:, 2], rows["z"])


def test_millimetres_survive_coordinates_of_millions_of_metres() -> None:
    rows = np.zeros(1000, [("x", "f8"), ("y", "f8"), ("z", "f8")])
    rng = np.random.default_rng(4)
    for axis, far in (("x", 637_000.0), ("y", 5_851_000.0), ("z", 300.0)):
        rows[axis] = far + np.round(rng.uniform(0, 200, 1000), 3)
    for data in DATA:
        cloud = read(pcd(rows, data))
        assert np.abs(places(cloud) - np.column_stack([rows[axis] for axis in "xyz"])).max() < 1e-4


LIES = {
    "POINTS": ("10", "18446744073709551616", "-5", "many", "99999999999999999999999"),
    "WIDTH": ("7", "4294967296"),
    "SIZE": ("4 4 4", "4 4 4 0", "4 4 4 3", "8 8 8 99999999"),
    "TYPE": ("F F F X", "F F"),
    "COUNT": ("1 1 1 0", "1 1 1 99999999999", "1 1"),
    "FIELDS": ("a b c intensity", "x y intensity z2", ""),
    "DATA": ("binaryish", ""),
}


@pytest.mark.parametrize(("key", "value"), [(key, value) for key, values in LIES.items() for value in values])
def test_a_header_that_lies_is_refused_before_anything_is_allocated(key: str, value: str) -> None:
    assert code_of(pcd(table(50), "binary", header={key: value})) == "cloud.bad_header"


@pytest.mark.parametrize("data", DATA)
def test_a_file_cut_in_half_is_told(data: str) -> None:
    whole = pcd(table(400), data)
    codes = {
        code_of(whole[: len(whole) - cut]) for cut in (1 if data != "ascii" else 40, 400, len(whole) // 2)
    }
    assert codes <= {"cloud.cut_short", "cloud.broken"}


def test_more_points_or_bytes_than_are_allowed_are_not_read() -> None:
    whole = pcd(table(400), "binary")
    assert code_of(whole, budget=Budget(points=399)) == "cloud.too_large"
    assert code_of(whole, budget=Budget(file_bytes=1000)) == "cloud.too_large"
    lying = {"POINTS": "4000000000", "WIDTH": "4000000000"}
    assert code_of(pcd(table(10), "binary", header=lying)) == "cloud.too_large"


def test_two_gigabytes_where_a_hundred_megabytes_are_allowed_are_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "huge.pcd"
    with path.open("wb") as file:
        file.write(pcd(table(10), "binary", header={"WIDTH": "134217728", "POINTS": "134217728"}))
        file.truncate(2 * 1024**3)  # a hole, so that it takes no room on the disk
    assert code_of(path, budget=Budget(file_bytes=100 * 1024**2)) == "cloud.too_large"
    assert code_of(path) == "cloud.too_large"  # 134 million points


def test_an_empty_sweep_and_one_without_a_single_place_are_told_apart() -> None:
    rows = table(5)
    rows["y"] = np.nan
    for data in DATA:
        assert code_of(pcd(table(0), data)) == "cloud.empty"
        assert code_of(pcd(rows, data)) == "cloud.empty"


@pytest.mark.parametrize(
    "packed",
    [b"\x20", b"\xe0", b"\x40\x00", b"\x20\x00" * 3, b"\x1f" + bytes(10), b"\xff\xff\x00", bytes(64), b""],
)
def test_a_packed_part_that_leads_nowhere_is_refused(packed: bytes) -> None:
    head, mark, body = pcd(table(10), "binary_compressed").partition(b"DATA binary_compressed\n")
    size = (160).to_bytes(4, "little")
    data = head + mark + len(packed).to_bytes(4, "little") + size + packed
    assert code_of(data) == "cloud.broken"
    assert code_of(head + mark + body[:4] + (2**31).to_bytes(4, "little") + body[8:]) == "cloud.bad_header"


RADAR = [(name, "f4") for name in ("rcs", "vx", "vy", "vx_comp", "vy_comp")]


def test_the_speed_over_ground_of_a_radar_s_points_comes_in() -> None:
    """As nuScenes has it: against the moving car, and over ground; numbers of all widths between them."""
    rows = table(20, 3, ("dyn_prop", "i1"), ("id", "i2"), *RADAR, ("pdh0", "i1"))
    rows["vx_comp"][4] = np.nan
    for data in ("ascii", "binary", "binary_compressed"):
        held = read(pcd(rows, data)).fields["velocity"]
        assert held.dtype == np.float32
        wanted = np.column_stack([rows["vx_comp"], rows["vy_comp"], np.zeros(20)])
        assert np.array_equal(held, np.nan_to_num(wanted).astype(np.float32))


def test_a_speed_against_the_sensor_counts_where_there_is_no_other() -> None:
    rows = table(5, 3, ("vx", "f4"), ("vy", "f4"))
    assert np.array_equal(
        read(pcd(rows, "binary")).fields["velocity"], np.column_stack([rows["vx"], rows["vy"], np.zeros(5)])
    )
    assert "velocity" not in read(pcd(table(5, 3, ("vx", "f4")), "binary")).fields


def test_speeds_travel_with_their_points() -> None:
    cloud = read(pcd(table(300, 3, *RADAR), "binary"))
    head, pieces = prepared(cloud)
    assert "velocity" in read_head(head).fields
    piece = read_piece(pieces[0])
    assert np.array_equal(piece.fields["velocity"], cloud.fields["velocity"][piece.order])
