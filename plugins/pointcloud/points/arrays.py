"""NumPy's .npy and .npz: plain arrays of rows, or structured ones. Never a pickle.

Plain arrays are x y z and, by how many columns there are, intensity; intensity and ring; red green blue;
intensity red green blue. Of an .npz the array called points, xyz, lidar, data or arr_0 is read, else
the first. Headers are numpy's to parse; the data are read here, since `np.load` allocates what they claim.
"""

import io
import math
import zipfile
import zlib
from tokenize import TokenError
from typing import NamedTuple

import numpy as np

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import bad_header, broken, cut_short, too_large
from plugins.pointcloud.points.gathering import Gathering
from plugins.pointcloud.points.records import Field, Layout, read_records
from plugins.pointcloud.points.source import BLOCK_BYTES, HEAD_BYTES, Source, check_count

MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK\x03\x04"
_PREFERRED = ("points", "xyz", "lidar", "data", "arr_0")
_LONGEST_HEADER = 16_384
_COLUMNS: dict[int, tuple[str, ...]] = {
    4: ("intensity",),
    5: ("intensity", "ring"),
    6: ("red", "green", "blue"),
    7: ("intensity", "red", "green", "blue"),
}
_MOST_COLUMNS = 64
# fields of three numbers, as structured arrays have them
_TRIPLES = {
    "xyz": "xyz",
    "position": "xyz",
    "rgb": ("red", "green", "blue"),
    "color": ("red", "green", "blue"),
}


class _Array(NamedTuple):
    layout: Layout
    points: int
    columns_first: bool  # all of x, then all of y…
    start: int


def read_npy(source: Source) -> Cloud:
    """Raises `cloud.bad_header`, `cloud.too_large`, `cloud.cut_short`, `cloud.empty`."""
    array = _described(source.head)
    check_count(array.points, source.budget)
    into = Gathering(source.budget)
    if array.columns_first:
        _read_columns(source, array, into)
    else:
        read_records(source, array.start, array.layout, array.points, into)
    return into.cloud()


def read_npz(source: Source) -> Cloud:
    """As `read_npy`, of one array within. Raises `cloud.broken` for a damaged archive."""
    try:
        source.file.seek(0)
        with zipfile.ZipFile(source.file) as archive:
            entry = _chosen(archive.infolist())
            allowed = source.budget.file_bytes
            if entry.file_size > allowed:
                raise too_large(f"an array of {entry.file_size:,} bytes, where {allowed:,} are allowed")
            with archive.open(entry) as packed:
                head = packed.read(HEAD_BYTES)
                array = _described(head)
                check_count(array.points, source.budget)
                data = head + packed.read(entry.file_size - len(head))
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError) as error:
        # a RuntimeError is a password, or a packing that zipfile does not know
        raise broken("the archive is damaged or locked", type(error).__name__) from error
    return read_npy(Source(io.BytesIO(data), entry.filename, source.budget))


def _chosen(entries: list[zipfile.ZipInfo]) -> zipfile.ZipInfo:
    arrays = {
        entry.filename.removesuffix(".npy"): entry for entry in entries if entry.filename.endswith(".npy")
    }
    for name in (*_PREFERRED, *arrays):
        if name in arrays:
            return arrays[name]
    raise bad_header("it is an archive without a NumPy array")


def _described(head: bytes) -> _Array:
    file = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(file)
        read = (
            np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        )
        shape, columns_first, kind = read(file, max_header_size=_LONGEST_HEADER)
    except (ValueError, TypeError, SyntaxError, RecursionError, LookupError, TokenError) as error:
        raise bad_header("it is no array that NumPy knows", type(error).__name__) from error
    if kind.hasobject:
        raise bad_header("it holds Python objects, which are never opened")
    if any(side < 0 for side in shape):
        raise bad_header(f"its shape is {shape}")
    start = file.tell()
    if kind.names is not None:
        return _Array(_structured(kind), math.prod(shape), False, start)
    if kind.kind not in "fiu" or len(shape) < 2 or not 3 <= shape[-1] <= _MOST_COLUMNS:
        raise bad_header(f"an array of shape {shape} and type {kind} is no list of points"[:200])
    if columns_first and len(shape) > 2:
        raise bad_header("it is organised column by column in more than two dimensions")
    columns = shape[-1]
    further = _COLUMNS.get(columns, ("intensity",) if columns > 3 else ())
    named = ("x", "y", "z", *further)
    fields = tuple(Field(name, kind, place * kind.itemsize) for place, name in enumerate(named))
    return _Array(Layout(fields, columns * kind.itemsize), math.prod(shape[:-1]), columns_first, start)


def _structured(kind: np.dtype[np.generic]) -> Layout:
    fields: list[Field] = []
    for name, (held, offset, *_) in (kind.fields or {}).items():
        if held.subdtype is None:
            if held.kind in "fiub":
                fields.append(Field(name, held, offset))
            continue
        part, shape = held.subdtype
        if shape == (3,) and part.kind in "fiu":
            for place, each in enumerate(_TRIPLES.get(name.lower(), ())):
                fields.append(Field(each, part, offset + place * part.itemsize))
    if not 0 < kind.itemsize <= BLOCK_BYTES:
        raise bad_header(f"a point has {kind.itemsize:,} bytes")
    return Layout(tuple(fields), kind.itemsize)


def _read_columns(source: Source, array: _Array, into: Gathering) -> None:
    needed = array.points * array.layout.stride
    if source.size - array.start < needed:
        raise cut_short(f"{needed:,} bytes of points", f"only {source.size - array.start:,} are there")
    used = array.layout.used
    into.expect(array.points)
    a_block = BLOCK_BYTES // array.layout.stride
    for first in range(0, array.points, a_block):
        rows = min(a_block, array.points - first)
        columns = {}
        for name, field in used.items():
            size = field.kind.itemsize
            at = array.start + field.offset * array.points + first * size
            columns[name] = np.frombuffer(source.exactly(at, rows * size), field.kind)
        into.add(columns)
