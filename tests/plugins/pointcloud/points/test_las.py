"""LAS, LAZ, COPC and E57: what their libraries read, bounded by what their headers can mean."""

import struct
from pathlib import Path

import laspy
import numpy as np
import pye57
import pytest

from studio.domain.contracts.formats import Budget
from tests.plugins.pointcloud.points.point_files import code_of, las, places, read

SURVEYS = (
    "autzen_trim.laz",
    "extrabytes.las",
    "simple.copc.laz",
    "simple1_3.las",
    "vegetation_1_3.las",
    "plane.laz",
)


@pytest.mark.parametrize("name", [*SURVEYS, "1_4_w_evlr.laz"])
def test_a_survey_comes_in_to_the_millimetre(shared_data: Path, name: str) -> None:
    path = shared_data / "pointcloud_las" / name
    wanted = laspy.read(path)
    cloud = read(path.read_bytes())
    assert len(cloud.xyz) == wanted.header.point_count
    assert np.abs(places(cloud) - wanted.xyz).max() < 2e-4
    assert np.array_equal(cloud.fields["label"], wanted.classification)
    assert 0 <= cloud.fields["intensity"].min() <= cloud.fields["intensity"].max() <= 1
    if "gps_time" in wanted.point_format.dimension_names:
        times = np.asarray(wanted.gps_time)
        shift = times.min() if np.abs(times[0]) > 1e4 else 0.0
        assert np.allclose(cloud.fields["time"], times - shift, atol=1e-3)


def test_points_a_thousand_kilometres_away_keep_their_millimetres() -> None:
    near, far = read(las()), read(las(far=4_000_000.0))
    assert near.origin == (0.0, 0.0, 0.0)
    assert min(far.origin) > 3_999_000
    assert np.abs(places(far) - 4_000_000.0 - places(near)).max() < 1e-5


def test_what_the_header_says_cannot_lead_astray() -> None:
    whole = bytearray(las())

    def with_(at: int, form: str, value: float) -> bytes:
        changed = bytearray(whole)
        struct.pack_into(form, changed, at, value)
        return bytes(changed)

    assert code_of(with_(107, "<I", 101)) == "cloud.cut_short"
    assert code_of(with_(107, "<I", 2**32 - 1)) == "cloud.too_large"
    assert code_of(with_(96, "<I", 2**32 - 1)) == "cloud.bad_header"  # where the points begin
    assert code_of(with_(100, "<I", 2**32 - 1)) == "cloud.bad_header"  # records before them
    assert code_of(with_(105, "<H", 3)) == "cloud.bad_header"  # bytes of a point
    assert code_of(with_(25, "<B", 9)) == "cloud.bad_header"
    assert code_of(with_(104, "<B", 63)) == "cloud.broken"  # a point format that is none
    for absurd in (1e300, float("nan"), float("inf"), -1e12):
        assert code_of(with_(155, "<d", absurd)) == "cloud.bad_header"
    for scale in (0.0, float("nan"), 1e30):
        assert code_of(with_(131, "<d", scale)) == "cloud.bad_header"
    assert code_of(bytes(whole), budget=Budget(points=99)) == "cloud.too_large"
    # a header without sense in its bounds is no obstacle: places come from scales and offsets
    assert len(read(with_(179, "<d", float("nan"))).xyz) == 100


def test_a_packed_survey_cut_in_half_or_with_a_lying_packing_is_told(shared_data: Path) -> None:
    for name in ("simple.laz", "simple.copc.laz"):
        whole = (shared_data / "pointcloud_las" / name).read_bytes()
        for part in (len(whole) // 2, 400):
            assert code_of(whole[:part]) in ("cloud.cut_short", "cloud.broken", "cloud.bad_header")
        changed = bytearray(whole)
        at = whole.index(b"laszip encoded") + 52 + 36  # the size of its first part
        struct.pack_into("<H", changed, at, 65_535)
        assert code_of(bytes(changed)) == "cloud.bad_header"


def test_a_scan_of_an_e57_stands_where_its_pose_says(tmp_path: Path, shared_data: Path) -> None:
    sample = read((shared_data / "pointcloud_e57" / "testWithNormals.e57").read_bytes())
    assert sample.xyz.tolist() == [[1, 0, 0], [2, 0, 0]]
    path = tmp_path / "two.e57"
    rng = np.random.default_rng(1)
    xyz = rng.uniform(-3, 3, (2000, 3))
    with pye57.E57(str(path), "w") as file:
        for number in range(2):
            data = dict(zip(("cartesianX", "cartesianY", "cartesianZ"), xyz.T, strict=True))
            data |= {"intensity": rng.uniform(100, 300, 2000)}
            data |= {f"color{each}": rng.integers(0, 255, 2000) for each in ("Red", "Green", "Blue")}
            data["cartesianInvalidState"] = (np.arange(2000) % 4 == 3).astype(int)
            turned = np.array([np.sqrt(0.5), 0, 0, np.sqrt(0.5)])  # a quarter turn to the left
            file.write_scan_raw(data, rotation=turned, translation=np.array([1000.0 * number, 0, 0]))
    cloud = read(path.read_bytes())
    assert (len(cloud.xyz), cloud.dropped) == (3000, 1000)
    assert cloud.places is not None
    wanted = np.column_stack([-xyz[:, 1], xyz[:, 0], xyz[:, 2]])
    wanted = np.concatenate([wanted, wanted + np.array([1000, 0, 0])])[cloud.places]
    assert np.abs(places(cloud) - wanted).max() < 1e-3
    assert 0 <= cloud.fields["intensity"].min() < 0.1
    assert 0.9 < cloud.fields["intensity"].max() <= 1
    assert cloud.fields["rgb"].shape == (3000, 3)
    assert len(read(path.read_bytes()).xyz) == 3000
    assert code_of(path, budget=Budget(points=3999)) == "cloud.too_large"
    whole = path.read_bytes()
    assert code_of(whole[: len(whole) // 2]) == "cloud.cut_short"
    changed = bytearray(whole)
    changed[3000] ^= 255
    assert code_of(bytes(changed)) == "cloud.broken"
