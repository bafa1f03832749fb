"""PLY in its three orders of bytes, with whatever else stands in it."""

from pathlib import Path

import numpy as np
import pytest

from studio.domain.contracts.formats import Budget
from tests.plugins.pointcloud.points.point_files import code_of, ply, read, table

DATA = ("ascii", "binary_little_endian", "binary_big_endian")


@pytest.mark.parametrize("data", DATA)
def test_vertices_come_in_in_every_order_of_bytes(data: str) -> None:
    rows = table(300, 1, ("red", "u1"), ("green", "u1"), ("blue", "u1"), ("label", "i4"), ("gps_time", "f8"))
    rows["gps_time"] = 1.6e9 + np.arange(300) * 0.125
    cloud = read(ply(rows, data))
    assert np.array_equal(cloud.xyz, np.column_stack([rows[axis] for axis in "xyz"]))
    assert np.array_equal(cloud.fields["rgb"], np.column_stack([rows["red"], rows["green"], rows["blue"]]))
    assert np.array_equal(cloud.fields["label"], rows["label"])
    assert np.allclose(cloud.fields["time"], np.arange(300) * 0.125)


def test_a_list_before_and_faces_after_the_vertices_are_stepped_over() -> None:
    rows = table(40)
    listed = "element strip 2\nproperty list uchar int corner\nproperty float weight\n"
    body = b"\x02" + bytes(8) + bytes(4) + b"\x00" + bytes(4)
    assert len(read(ply(rows, "binary_little_endian", listed, body, b"faces")).xyz) == 40
    assert len(read(ply(rows, "binary_big_endian", listed, body, b"faces")).xyz) == 40
    plain = "element sensor 3\nproperty double yaw\nproperty short id\n"
    assert np.array_equal(read(ply(rows, "binary_little_endian", plain, bytes(30))).xyz[:, 0], rows["x"])
    assert np.array_equal(
        read(ply(rows, "ascii", plain, b"1 2\n3 4\n5 6\n", b"3 0 1 2\n")).xyz[:, 0], rows["x"]
    )


def test_what_open3d_writes_is_what_is_read(tmp_path: Path, shared_data: Path) -> None:
    import open3d

    real = shared_data / "pointcloud_labelcloud" / "exemplary.ply"
    wanted = open3d.io.read_point_cloud(str(real))
    found = read(real.read_bytes())
    assert np.allclose(found.xyz, np.asarray(wanted.points), atol=1e-6)
    assert np.array_equal(found.fields["rgb"], np.round(np.asarray(wanted.colors) * 255))
    for ascii_ in (True, False):
        open3d.io.write_point_cloud(str(tmp_path / "a.ply"), wanted, write_ascii=ascii_)
        again = read((tmp_path / "a.ply").read_bytes())
        assert np.allclose(again.xyz, found.xyz, atol=1e-6)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"element vertex 30", b"element corner 30"),
        (b"element vertex 30", b"element vertex -30"),
        (b"property float x\n", b""),
        (b"property float x", b"property quad x"),
        (b"property float x", b"property list uchar float x"),
        (b"format binary_little_endian 1.0\n", b""),
        (b"format binary_little_endian 1.0\n", b"format binary_middle_endian 1.0\n"),
        (b"end_header\n", b""),
    ],
)
def test_a_header_that_cannot_be_is_refused(old: bytes, new: bytes) -> None:
    whole = ply(table(30), "binary_little_endian")
    assert old in whole
    assert code_of(whole.replace(old, new)) == "cloud.bad_header"


@pytest.mark.parametrize("data", DATA)
def test_a_count_that_lies_allocates_nothing(data: str) -> None:
    whole = ply(table(30), data)
    assert code_of(whole.replace(b"vertex 30", b"vertex 31")) == "cloud.cut_short"
    assert code_of(whole.replace(b"vertex 30", b"vertex 90000000")) == "cloud.cut_short"
    assert code_of(whole.replace(b"vertex 30", b"vertex 4000000000")) == "cloud.too_large"
    assert code_of(whole, budget=Budget(points=29)) == "cloud.too_large"
    before = "element sensor 4000000000\nproperty double yaw\n"
    assert code_of(ply(table(30), data, before, bytes(80))) == "cloud.cut_short"
    lists = "element strip 4000000000\nproperty list uint int corner\n"
    if data != "ascii":
        assert code_of(ply(table(30), data, lists, b"\xff" * 80)) in ("cloud.cut_short", "cloud.bad_header")


@pytest.mark.parametrize("data", DATA)
def test_a_file_cut_in_half_is_told(data: str) -> None:
    whole = ply(table(400), data)
    assert code_of(whole[: len(whole) // 2]) in ("cloud.cut_short", "cloud.broken")
    assert code_of(whole[:40]) == "cloud.bad_header"
