"""Whatever is done to a file of points, reading it ends in a cloud or in one of our errors, within bounds."""

import io
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plugins.pointcloud.cloud import FIELDS, Cloud
from plugins.pointcloud.points.reading import read_points
from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError
from tests.plugins.pointcloud.points.point_files import las, pcd, ply, read, sweep, table

BUDGET = Budget(points=5000, file_bytes=200_000)
ROWS = table(30, 1, ("ring", "u2"), ("rgb", "f4"), ("time", "f8"))
VERTICES = table(30, 1, ("red", "u1"), ("green", "u1"), ("blue", "u1"))


def _npz() -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, points=ROWS)
    return file.getvalue()


def _npy() -> bytes:
    file = io.BytesIO()
    np.save(file, ROWS)
    return file.getvalue()


WHOLE = {
    "pcd ascii": pcd(ROWS, "ascii"),
    "pcd binary": pcd(ROWS, "binary"),
    "pcd packed": pcd(ROWS, "binary_compressed"),
    "ply ascii": ply(VERTICES, "ascii"),
    "ply big": ply(VERTICES, "binary_big_endian", "element a 2\nproperty list uchar int b\n", b"\1abcd\0"),
    "sweep": sweep(40),
    "rings": sweep(40, rings=True),
    "las": las(40),
    "las 1.4": las(40, minor=4),
    "text": b"x,y,z,intensity\n" + b"".join(f"{n},{n / 7},2,{n}\n".encode() for n in range(40)),
    "npy": _npy(),
    "npz": _npz(),
}


def is_sound(cloud: Cloud) -> bool:
    """Whether a cloud keeps what `Cloud` promises."""
    count = len(cloud.xyz)
    assert 0 < count <= BUDGET.points
    assert cloud.xyz.dtype == np.float32
    assert np.isfinite(cloud.xyz).all()
    assert np.isfinite(cloud.origin).all()
    for name, values in cloud.fields.items():
        assert values.dtype == FIELDS[name]
        assert values.shape == ((count, 3) if name == "rgb" else (count,))
        assert np.isfinite(values.astype(np.float64)).all()
    assert (cloud.places is None) == (cloud.dropped == 0)
    return cloud.places is None or (len(cloud.places) == count and bool((np.diff(cloud.places) > 0).all()))


def ends_well(data: bytes, name: str = "") -> None:
    try:
        assert is_sound(read_points(io.BytesIO(data), name, BUDGET))
    except AtelierError as error:
        if not error.code.startswith("cloud.") or not error.hint:
            raise


def test_every_file_is_whole_before_it_is_damaged() -> None:
    for name, data in WHOLE.items():
        assert len(read(data).xyz) in (30, 40), name


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_file_with_changed_bytes_or_an_early_end_does_no_harm(name: str, data: st.DataObject) -> None:
    changed = bytearray(WHOLE[name])
    # headers are where a byte means most
    places = st.integers(0, min(len(changed), 400) - 1) | st.integers(0, len(changed) - 1)
    for place, value in data.draw(st.lists(st.tuples(places, st.integers(0, 255)), max_size=6)):
        changed[place] = value
    ends_well(bytes(changed[: data.draw(st.integers(0, len(changed)) | st.just(len(changed)))]))


@settings(max_examples=250, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.data())
def test_a_header_with_other_numbers_does_no_harm(name: str, data: st.DataObject) -> None:
    words = WHOLE[name].split(b"\n")
    line = data.draw(st.integers(0, min(len(words), 14) - 1))
    put = data.draw(
        st.sampled_from([b"0", b"-1", b"4294967295", b"18446744073709551616", b"nan", b"#", b"1e9", b""])
    )
    parts = words[line].split(b" ")
    parts[data.draw(st.integers(0, len(parts) - 1))] = put
    words[line] = b" ".join(parts)
    ends_well(b"\n".join(words))


@settings(max_examples=250, deadline=None)
@given(
    st.sampled_from(
        [b"", b"# .PCD", b"ply\n", b"LASF", b"\x93NUMPY\x01\x00", b"PK\x03\x04", b"VERSION .7\n"]
    ),
    st.binary(max_size=600),
    st.sampled_from(["", "a.bin", "a.pcd.bin", "a.xyz"]),
)
def test_any_bytes_behind_any_magic_do_no_harm(magic: bytes, data: bytes, name: str) -> None:
    ends_well(magic + data, name)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(*[st.floats(-1e5, 1e5, width=32)] * 3), min_size=1, max_size=40),
    st.sampled_from(["ascii", "binary", "binary_compressed"]),
)
def test_places_survive_any_packing(points: list[tuple[float, ...]], data: str) -> None:
    rows = np.zeros(len(points), [("x", "f4"), ("y", "f4"), ("z", "f4")])
    for place, axis in enumerate("xyz"):
        rows[axis] = [point[place] for point in points]
    cloud = read(pcd(rows, data))
    assert np.allclose(cloud.xyz + np.array(cloud.origin), points, rtol=1e-6, atol=2e-2)
    vertices = read(ply(rows, data if data == "ascii" else "binary_big_endian"))
    assert np.array_equal(vertices.xyz, cloud.xyz)


# what native libraries read is damaged in a process of its own: one that dies of it names the seed
DAMAGE = """
import io, random, resource, sys
from pathlib import Path
from plugins.pointcloud.points.reading import read_points
from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError

whole = Path(sys.argv[1]).read_bytes()
budget = Budget(points=len(whole) * 10, file_bytes=len(whole) * 2)
for warm in range(2):
    read_points(Path(sys.argv[1]))
size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (size + 300_000_000, size + 300_000_000))
codes = {}
for seed in range(int(sys.argv[2])):
    print(seed, file=sys.stderr)
    rng = random.Random(seed)
    data = bytearray(whole)
    for _ in range(rng.randrange(1, 5)):
        data[rng.randrange(min(len(data), 600) if rng.random() < 0.6 else len(data))] = rng.randrange(256)
    if rng.random() < 0.2:
        del data[rng.randrange(len(data)):]
    try:
        read_points(io.BytesIO(bytes(data)), "", budget)
        code = "read"
    except AtelierError as error:
        code = error.code
    codes[code] = codes.get(code, 0) + 1
print(codes)
"""


@pytest.mark.parametrize(
    "name", ["simple.laz", "simple.copc.laz", "1_4_w_evlr.laz", "testWithNormals.e57", "feather"]
)
def test_damage_to_what_native_libraries_read_stays_within_bounds(
    name: str, shared_data: Path, tmp_path: Path
) -> None:
    if name == "feather":
        import pyarrow

        path = tmp_path / "a.feather"
        columns = {axis: pyarrow.array(np.linspace(0, 9, 400).astype(np.float32)) for axis in "xyz"}
        batch = pyarrow.record_batch(columns)
        options = pyarrow.ipc.IpcWriteOptions(compression="lz4")
        with pyarrow.ipc.new_file(str(path), batch.schema, options=options) as writer:
            writer.write_batch(batch)
    else:
        (path,) = shared_data.glob(f"pointcloud_*/{name}")
    done = subprocess.run(
        [sys.executable, "-c", DAMAGE, str(path), "150"], capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stderr[-1500:]
    assert "cloud." in done.stdout
