"""Sweeps without a header, text, NumPy and Feather: told by content, whatever they are called."""

import io
import zipfile
from pathlib import Path

import numpy as np
import pyarrow
import pytest

from studio.domain.contracts.formats import Budget
from tests.plugins.pointcloud.points.point_files import code_of, places, read, sweep, table

XYZ = np.round(np.random.default_rng(9).uniform(-40, 40, (60, 3)), 3)


@pytest.mark.parametrize("count", [1, 5, 100, 4000])
@pytest.mark.parametrize("name", ["000001.bin", "x.pcd.bin", "anything"])
def test_a_sweep_with_rings_and_one_without_are_told_apart_by_their_numbers(count: int, name: str) -> None:
    # 5 points without rings are 80 bytes as well, and so are 4 with
    assert "ring" not in read(sweep(count, 1), name).fields
    cloud = read(sweep(count, 1, rings=True), name)
    assert len(cloud.xyz) == count
    assert "ring" in cloud.fields


def test_where_the_numbers_could_be_both_the_name_decides() -> None:
    steps = np.arange(1, 21, dtype="<f4").tobytes()  # five points, or four with rings
    assert "ring" not in read(steps, "000001.bin").fields
    assert "ring" in read(steps, "LIDAR_TOP.pcd.bin").fields


def test_the_sweeps_of_three_data_sets_are_told_apart(shared_data: Path) -> None:
    kitti = read((shared_data / "drive_kitti_object/training/velodyne/000001.bin").read_bytes())
    assert (len(kitti.xyz), sorted(kitti.fields)) == (120_268, ["intensity"])
    (path,) = (shared_data / "drive_nuscenes_frame").glob("*.bin")
    nuscenes = read(path.read_bytes())
    assert (len(nuscenes.xyz), sorted(nuscenes.fields)) == (34_688, ["intensity", "ring"])
    assert nuscenes.fields["ring"].max() == 31
    # called .pcd.bin, and without rings all the same
    tier4 = read(
        (shared_data / "drive_t4dataset_sample/data/LIDAR_TOP/001.pcd.bin").read_bytes(), "001.pcd.bin"
    )
    assert (len(tier4.xyz), sorted(tier4.fields)) == (10, ["intensity"])


def test_a_sweep_with_a_part_of_a_point_at_its_end_is_cut_short() -> None:
    assert code_of(sweep(100)[:-3]) == "cloud.cut_short"
    assert code_of(sweep(100)[:-3], budget=Budget(points=10)) == "cloud.cut_short"
    assert code_of(sweep(100), budget=Budget(points=99)) == "cloud.too_large"


@pytest.mark.parametrize(
    "data", [b"", b"\0", bytes(800), b"\xff" * 160, bytes(range(256)) * 20, b"GIF89a" + bytes(300)]
)
def test_other_bytes_are_no_points(data: bytes) -> None:
    assert code_of(data, "a.bin") in ("cloud.unknown_kind", "cloud.empty", "cloud.cut_short")


def lines(separator: str, columns: np.ndarray, header: str = "") -> bytes:
    body = "\r\n".join(separator.join(f"{value:.3f}" for value in row) for row in columns)
    return (header + body).encode()


@pytest.mark.parametrize("separator", [" ", ",", ";", "\t", "   ", ", "])
@pytest.mark.parametrize("header", [True, False])
def test_text_is_read_whatever_stands_between_its_numbers(separator: str, header: bool) -> None:
    names = separator.join(["X", "Y", "Z", "Reflectance"]) + "\n" if header else ""
    columns = np.column_stack([XYZ, np.linspace(0, 255, 60)])
    cloud = read(lines(separator, columns, names))
    assert np.abs(places(cloud) - XYZ).max() < 1e-5
    assert np.allclose(cloud.fields["intensity"], np.linspace(0, 1, 60), atol=1e-5)


def test_columns_are_found_by_name_in_any_order() -> None:
    names = '# "label";"scalar_Intensity";z;y;x;R;G;B\n'
    columns = np.column_stack(
        [np.arange(60), np.full(60, 0.5), XYZ[:, ::-1], np.tile([255, 128, 0], (60, 1))]
    )
    cloud = read(b"# made by hand\n" + lines(";", columns, names))
    assert np.abs(places(cloud) - XYZ).max() < 1e-5
    assert cloud.fields["label"].tolist() == list(range(60))
    assert cloud.fields["rgb"][0].tolist() == [255, 128, 0]
    assert np.all(cloud.fields["intensity"] == np.float32(0.5))


def test_pts_has_its_count_in_front_and_colours_behind() -> None:
    columns = np.column_stack([XYZ, np.full(60, 100), np.tile([10, 20, 30], (60, 1))])
    cloud = read(b"60\n" + lines(" ", columns))
    assert len(cloud.xyz) == 60
    assert cloud.fields["rgb"][5].tolist() == [10, 20, 30]


def test_a_bad_line_is_named() -> None:
    data = lines(" ", XYZ).split(b"\r\n")
    data[40] = b"one two three"
    assert code_of(b"\n".join(data)) == "cloud.broken"
    data[40] = b"1.0 2.0"
    assert code_of(b"\n".join(data)) == "cloud.broken"
    data[40] = b"nan nan nan"
    cloud = read(b"\n".join(data))
    assert (cloud.dropped, len(cloud.xyz)) == (1, 59)
    assert code_of(b"1 2 3\n" + b"7" * 3_000_000) == "cloud.broken"
    assert code_of(lines(" ", XYZ), budget=Budget(points=59)) == "cloud.too_large"


@pytest.mark.parametrize(
    "text", ["once upon a time\n", "key: value\nother: 3\n", '{"a": [1, 2, 3]}', "1 2\n3 4\n"]
)
def test_other_text_is_no_cloud(text: str) -> None:
    assert code_of(text.encode(), "readme.txt") == "cloud.unknown_kind"


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["<f4", "<f8", ">f4", "<i2"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_are_read_by_rows_and_by_columns(kind: str, order: str) -> None:
    array = np.asarray(np.column_stack([XYZ, np.linspace(0, 1, 60)]), kind, order=order)  # type: ignore[call-overload]
    cloud = read(npy(array))
    assert np.allclose(cloud.xyz, array[:, :3], atol=1e-6)
    assert np.allclose(cloud.fields["intensity"], array[:, 3], atol=1e-6)


def test_structured_and_organised_arrays_and_archives_are_read() -> None:
    rows = table(50, 2, ("ring", "u1"))
    assert np.array_equal(read(npy(rows)).fields["ring"], rows["ring"])
    triples = np.zeros(8, [("xyz", "f4", (3,)), ("rgb", "u1", (3,))])
    triples["xyz"], triples["rgb"] = 2.0, (1, 2, 3)
    assert read(npy(triples)).fields["rgb"].tolist() == [[1, 2, 3]] * 8
    assert len(read(npy(np.ones((4, 5, 3)))).xyz) == 20
    file = io.BytesIO()
    np.savez_compressed(file, other=np.ones(3), points=XYZ)
    assert np.abs(places(read(file.getvalue())) - XYZ).max() < 1e-5


def test_what_an_array_claims_is_checked_before_it_is_believed() -> None:
    whole = npy(XYZ.astype(np.float32))
    assert code_of(whole.replace(b"(60, 3)", b"(61, 3)")) == "cloud.cut_short"
    assert code_of(whole.replace(b"(60, 3), ", b"(4000000000, 3), ")[: len(whole)]) == "cloud.too_large"
    assert code_of(whole.replace(b"(60, 3)", b"(-6, 3)")) in ("cloud.bad_header", "cloud.cut_short")
    assert code_of(whole.replace(b"<f4", b"|O8")) == "cloud.bad_header"
    assert code_of(npy(np.array([{"a": 1}, None, "x"], dtype=object))) == "cloud.bad_header"
    assert code_of(npy(np.ones(30))) == "cloud.bad_header"
    assert code_of(npy(np.array([["a", "b", "c"]]))) == "cloud.bad_header"
    assert code_of(whole, budget=Budget(points=59)) == "cloud.too_large"
    bomb = io.BytesIO()
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("points.npy", npy(np.zeros((500_000, 3))))
    assert len(bomb.getvalue()) < 20_000
    assert code_of(bomb.getvalue(), budget=Budget(file_bytes=1_000_000)) == "cloud.too_large"
    assert code_of(bomb.getvalue(), budget=Budget(points=499_999)) == "cloud.too_large"
    assert code_of(bomb.getvalue()[:4000]) == "cloud.broken"


def feather(columns: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    batch = pyarrow.record_batch({name: pyarrow.array(values) for name, values in columns.items()})
    with pyarrow.ipc.new_file(file, batch.schema) as writer:
        writer.write_batch(batch)
        writer.write_batch(batch)
    return file.getvalue()


def test_argoverse_sweeps_come_in_with_rings_and_times(shared_data: Path) -> None:
    (path,) = (shared_data / "drive_argoverse2" / "sensors" / "lidar").glob("*.feather")
    cloud = read(path.read_bytes())
    assert len(cloud.xyz) == 100_660
    assert cloud.fields["ring"].max() == 63
    assert 0.1 < cloud.fields["time"].max() < 0.11
    assert cloud.fields["intensity"].max() == 1.0
    made = {axis: XYZ[:, place] for place, axis in enumerate("xyz")}
    assert len(read(feather(made)).xyz) == 120
    assert code_of(feather(made), budget=Budget(points=119)) == "cloud.too_large"
    assert code_of(feather({"a": XYZ[:, 0]})) == "cloud.unknown_kind"
    assert code_of(feather(made | {"x": np.array(["a"] * 60)})) == "cloud.broken"
    whole = path.read_bytes()
    assert code_of(whole[: len(whole) // 2]) == "cloud.broken"


def test_intensities_are_scaled_by_the_full_scale_of_their_sensor() -> None:
    for most, full in ((0.9, 1), (200, 255), (255, 255), (3000, 4095), (60_000, 65_535), (1e6, 1e6)):
        columns = np.column_stack([XYZ, np.linspace(-1, most, 60)])
        intensity = read(npy(columns)).fields["intensity"]
        assert intensity.min() == 0
        assert intensity[-1] == pytest.approx(most / full, rel=1e-6)


@pytest.mark.parametrize(
    ("second", "start"), [(1.0, 0.0), (1e9, 0.0), (1e9, 1.6e18), (1.0, 1.6e9), (1e6, 1.6e15)]
)
def test_times_become_seconds_of_the_sweep(second: float, start: float) -> None:
    rows = np.zeros(60, [("x", "f8"), ("y", "f8"), ("z", "f8"), ("timestamp", "f8")])
    for place, axis in enumerate("xyz"):
        rows[axis] = XYZ[:, place]
    rows["timestamp"] = start + np.linspace(0, 0.1, 60) * second
    assert np.allclose(read(npy(rows)).fields["time"], np.linspace(0, 0.1, 60), atol=1e-5)
