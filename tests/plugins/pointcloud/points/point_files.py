"""Files of points as their formats have them, written by hand: readers are judged by nothing of ours."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.reading import read_points
from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError

TYPES = {"f": "F", "u": "U", "i": "I"}
PLY_NAMES = {"f4": "float", "f8": "double", "u1": "uchar", "u2": "ushort", "u4": "uint", "i4": "int"}


def table(count: int, seed: int = 0, *extra: tuple[str, str]) -> NDArray[np.void]:
    """Points with an intensity and whatever else is named, as a structured array without gaps."""
    rng = np.random.default_rng(seed)
    kind = np.dtype([("x", "f4"), ("y", "f4"), ("z", "f4"), ("intensity", "f4"), *extra])
    made = np.zeros(count, kind)
    for name in kind.names or ():
        values = rng.uniform(-60, 60, count) if name in "xyz" else rng.uniform(0, 1, count)
        made[name] = values if kind[name].kind == "f" else rng.integers(0, 64, count)
    return made


def pcd(
    rows: NDArray[np.void], data: str, *, header: dict[str, str] | None = None, tail: bytes = b""
) -> bytes:
    """A PCD file; `header` replaces lines of its head."""
    kind = rows.dtype
    names = kind.names or ()
    lines = {
        "VERSION": "0.7",
        "FIELDS": " ".join(names),
        "SIZE": " ".join(str(kind[name].itemsize) for name in names),
        "TYPE": " ".join(TYPES[kind[name].kind] for name in names),
        "COUNT": " ".join("1" for _ in names),
        "WIDTH": str(len(rows)),
        "HEIGHT": "1",
        "VIEWPOINT": "0 0 0 1 0 0 0",
        "POINTS": str(len(rows)),
        "DATA": data,
    } | (header or {})
    head = "# .PCD v0.7\n" + "".join(f"{key} {value}\n" for key, value in lines.items())
    match data:
        case "ascii":
            body = "".join(" ".join(repr(value.item()) for value in row) + "\n" for row in rows).encode()
        case "binary":
            body = rows.tobytes()
        case _:
            plain = b"".join(rows[name].tobytes() for name in names)
            packed = runs(plain)
            body = struct.pack("<II", len(packed), len(plain)) + packed
    return head.encode() + body + tail


def runs(data: bytes) -> bytes:
    """LZF without a single match: runs of up to 32 bytes as they are."""
    return b"".join(
        bytes([len(data[at : at + 32]) - 1]) + data[at : at + 32] for at in range(0, len(data), 32)
    )


def ply(rows: NDArray[np.void], data: str, before: str = "", body: bytes = b"", tail: bytes = b"") -> bytes:
    """A PLY file; `before` is a further element's head and `body` what it holds, in front of the vertices."""
    names = rows.dtype.names or ()
    order = {"binary_big_endian": ">"}.get(data, "<")
    properties = "".join(f"property {PLY_NAMES[rows.dtype[name].str[1:]]} {name}\n" for name in names)
    head = f"ply\nformat {data} 1.0\ncomment by hand\n{before}element vertex {len(rows)}\n{properties}"
    if data == "ascii":
        points = "".join(" ".join(repr(value.item()) for value in row) + "\n" for row in rows).encode()
    else:
        points = rows.astype(rows.dtype.newbyteorder(order)).tobytes()
    return head.encode() + b"end_header\n" + body + points + tail


def sweep(count: int, seed: int = 0, *, rings: bool = False) -> bytes:
    """A KITTI sweep, or with rings a nuScenes one."""
    rng = np.random.default_rng(seed)
    columns = [*rng.uniform(-50, 50, (3, count)), rng.uniform(0, 255 if rings else 1, count)]
    if rings:
        columns.append(rng.integers(0, 32, count))
    return np.column_stack(columns).astype("<f4").tobytes()


def las(count: int = 100, *, minor: int = 2, far: float = 0.0) -> bytes:
    """A LAS file as laspy writes it, with `far` metres added to every place."""
    import laspy

    made = laspy.create(point_format=3, file_version=f"1.{minor}")
    rng = np.random.default_rng(3)
    made.header.offsets = [far] * 3
    made.header.scales = [0.001] * 3
    made.x, made.y, made.z = (np.round(rng.uniform(0, 50, count), 3) + far for _ in range(3))
    made.intensity = rng.integers(0, 4095, count)
    made.classification = rng.integers(0, 7, count)
    made.gps_time = np.arange(count) * 0.01 + 3e8
    file = io.BytesIO()
    made.write(file)
    return file.getvalue()


def read(data: bytes, name: str = "", budget: Budget = Budget()) -> Cloud:
    """The bytes as a cloud."""
    return read_points(io.BytesIO(data), name, budget)


def places(cloud: Cloud) -> NDArray[np.float64]:
    """(N, 3) in the file's own coordinates."""
    return np.asarray(cloud.xyz, np.float64) + np.array(cloud.origin)


def code_of(data: bytes | Path, name: str = "", budget: Budget = Budget()) -> str:
    """The code of the error that reading ends in; it says what to do, and nothing else comes out."""
    with pytest.raises(AtelierError) as caught:
        read_points(data if isinstance(data, Path) else io.BytesIO(data), name, budget)
    assert caught.value.message
    assert caught.value.hint
    return caught.value.code
