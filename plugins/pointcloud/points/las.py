"""LAS, LAZ and COPC, by laspy and lazrs. Coordinates stay whole numbers times a scale until they are doubles.

ASPRS LAS 1.0 to 1.4. laspy and lazrs believe what a header says of its parts (laspy reads four thousand
million records of nothing when told so), so the arithmetic is done here first. A COPC file is a LAZ with an
index, and read as one, in the file's own order.
"""

import math
import struct
from typing import Any, NamedTuple

import numpy as np

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import bad_header, broken, cut_short
from plugins.pointcloud.points.gathering import FAR_M, Column, Gathering
from plugins.pointcloud.points.source import Source, check_count
from studio.domain.values import XYZ

MAGIC = b"LASF"
_HEADER_BYTES = {0: 227, 1: 227, 2: 227, 3: 235, 4: 375, 5: 393}  # by minor version, at least
_VLR_BYTES = 54
_PACKED = 0x80  # LASzip's mark in the point format
_LAYERED = 3  # LASzip's compressor of point formats 6 and up
_LAYERS = {10: 9, 11: 1, 12: 2, 13: 1}  # of each kind of a point's parts
_BYTES = 14  # a part of this kind has one for each of its bytes
_SMALLEST_RECORD = 20
_NEAR_M = 1000.0
_A_BLOCK = 500_000  # points


class _Head(NamedTuple):
    points: int
    packed: bool
    start: int  # byte of the points
    record: int  # bytes of an unpacked point
    middle: XYZ | None  # where the header says that the points lie, where that is far away


def read_las(source: Source) -> Cloud:
    """Raises `cloud.bad_header`, `cloud.too_large`, `cloud.cut_short`, `cloud.broken`, `cloud.empty`."""
    head = _checked(source)
    into = Gathering(source.budget, second=1.0, origin=head.middle)
    import laspy  # a fifth of a second to import, and needed for these files alone

    try:
        source.file.seek(0)
        backend = [laspy.LazBackend.Lazrs]
        with laspy.open(source.file, closefd=False, read_evlrs=False, laz_backend=backend) as reader:
            if head.packed:
                _check_packing(source, head, reader.header.vlrs.get("LasZipVlr"))
                source.file.seek(head.start)
            for points in reader.chunk_iterator(_A_BLOCK):
                into.add(_columns(points))
    except (
        laspy.errors.LaspyException,
        ArithmeticError,
        AssertionError,
        AttributeError,
        LookupError,
        OSError,
        RuntimeError,  # lazrs's own
        TypeError,
        ValueError,
        struct.error,
    ) as error:
        raise broken("they do not unpack", f"{type(error).__name__}: {error}"[:200]) from error
    except BaseException as error:
        # what Rust calls a panic is no `Exception`, and its class cannot be imported
        if type(error).__name__ != "PanicException":
            raise
        raise broken("they do not unpack", str(error)[:200]) from error
    if into.read != head.points:
        raise cut_short(f"{head.points:,} points", f"only {into.read:,} are there")
    return into.cloud()


def media_type_of(head: bytes) -> str:
    """What a LAS file of this head is, more exactly."""
    if len(head) > 104 and head[104] & _PACKED:
        return "application/vnd.laszip+copc" if head[377:381] == b"copc" else "application/vnd.laszip"
    return "application/vnd.las"


def _checked(source: Source) -> _Head:
    """The header's own arithmetic, in Python's integers."""
    data = source.exactly(0, 227)
    minor = data[25]
    if data[24] != 1 or minor not in _HEADER_BYTES:
        raise bad_header(f"its version is {data[24]}.{minor}")
    header_size, start, vlrs, form, record, points = struct.unpack_from("<HIIBHI", data, 94)
    if header_size < _HEADER_BYTES[minor] or not header_size <= start <= source.size:
        raise bad_header(f"its points begin at byte {start:,} of {source.size:,}")
    if vlrs * _VLR_BYTES > start - header_size:
        raise bad_header(f"it has {vlrs:,} records in {start - header_size:,} bytes")
    if record < _SMALLEST_RECORD:
        raise bad_header(f"a point has {record} bytes")
    if minor >= 4:
        (points,) = struct.unpack("<Q", source.exactly(247, 8))
    check_count(points, source.budget)
    packed = bool(form & _PACKED)
    if not packed and start + points * record > source.size:
        there = max(0, source.size - start) // record
        raise cut_short(f"{points:,} points", f"only {there:,} are there")
    return _Head(points, packed, start, record, _middle(struct.unpack_from("<12d", data, 131)))


def _middle(numbers: tuple[float, ...]) -> XYZ | None:
    """Raises `cloud.bad_header` where scales or offsets lead nowhere."""
    scales, offsets, bounds = numbers[:3], numbers[3:6], numbers[6:]
    if not all(math.isfinite(scale) and 0 < abs(scale) <= FAR_M for scale in scales):
        raise bad_header(f"its scales are {', '.join(f'{scale:g}' for scale in scales)}")
    if not all(math.isfinite(offset) and abs(offset) <= FAR_M for offset in offsets):
        raise bad_header(f"its points lie at {', '.join(f'{offset:g}' for offset in offsets)} metres")
    middle = [(bounds[2 * axis] + bounds[2 * axis + 1]) / 2 for axis in range(3)]
    if not all(math.isfinite(each) and abs(each) <= FAR_M for each in middle):
        return None
    x, y, z = middle
    return (x, y, z) if max(map(abs, middle)) > _NEAR_M else None


def _check_packing(source: Source, head: _Head, records: list[Any]) -> None:
    """LASzip's own record and table of chunks, before lazrs allocates what they claim."""
    if not records or len(data := bytes(records[0].record_data)) < 34:
        raise bad_header("its points are packed, and it does not say how")
    (items,) = struct.unpack_from("<H", data, 32)
    if len(data) < 34 + 6 * items:
        raise bad_header(f"its packing has {items} parts in {len(data)} bytes")
    sizes = [struct.unpack_from("<H", data, 36 + 6 * item)[0] for item in range(items)]
    if sum(sizes) != head.record:
        raise bad_header(f"a point has {head.record} bytes, and {sum(sizes)} when packed")
    if head.points == 0:
        return
    (at,) = struct.unpack("<q", source.exactly(head.start, 8))
    if at == -1:  # written to a stream: the place of the table stands at the end
        (at,) = struct.unpack("<q", source.exactly(source.size - 8, 8))
    if not head.start + 8 <= at <= source.size - 8:
        raise cut_short("a table of its packed points", "it is not there")
    (chunks,) = struct.unpack("<I", source.exactly(at + 4, 4))
    if chunks > min(head.points, source.size):
        raise bad_header(f"its {head.points:,} points are packed into {chunks:,} parts")
    if struct.unpack_from("<H", data)[0] == _LAYERED:
        kinds = [struct.unpack_from("<H", data, 34 + 6 * item)[0] for item in range(items)]
        layers = sum(
            size if kind == _BYTES else _LAYERS.get(kind, 1) for kind, size in zip(kinds, sizes, strict=True)
        )
        _check_layers(source, head, layers, at)


def _check_layers(source: Source, head: _Head, layers: int, end: int) -> None:
    """That each part's layers lie within the file: of a size that lies lazrs dies, with its process.

    A part is one point as it is, the number of its points, the sizes of its layers, and these.
    """
    at, points = head.start + 8, 0
    fixed = head.record + 4 * (1 + layers)
    while points < head.points:
        if at + fixed > end:
            raise broken("a packed part reaches beyond the last")
        sizes = struct.unpack_from(f"<{1 + layers}I", source.exactly(at, fixed), head.record)
        points += sizes[0]
        at += fixed + sum(sizes[1:])
        if sizes[0] == 0 or at > end:
            raise broken("a packed part reaches beyond the last")


def _columns(points: Any) -> dict[str, Column]:
    """A laspy record's columns by meaning; x, y and z as doubles."""
    names = set(points.point_format.dimension_names)
    found: dict[str, Column] = {axis: np.asarray(points[axis], np.float64) for axis in ("x", "y", "z")}
    for name, meaning in (
        ("intensity", "intensity"),
        ("gps_time", "time"),
        ("classification", "label"),
        ("red", "red"),
        ("green", "green"),
        ("blue", "blue"),
    ):
        if name in names:
            found[meaning] = np.asarray(points[name])
    return found
