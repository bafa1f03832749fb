"""PCD, the Point Cloud Library's own: ascii, binary and binary_compressed, organised or not.

https://pointclouds.org/documentation/tutorials/pcd_file_format.html. Read here and not by open3d, which keeps
no ring, time or label beside the place and trusts POINTS. Only a line that *begins* with # is a comment: the
sign may stand in a field's name (CVAT #7325). What follows the points is left alone: real files have it.
VIEWPOINT is not applied: points stay in the sensor's own axes.
"""

import numpy as np

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import bad_header, cut_short
from plugins.pointcloud.points.gathering import Column, Gathering
from plugins.pointcloud.points.lzf import unpacked
from plugins.pointcloud.points.records import Layout, laid_out, read_lines, read_records
from plugins.pointcloud.points.source import Source, check_count

_KINDS = {"I": "i", "U": "u", "F": "f"}
_SIZES = {"I": (1, 2, 4, 8), "U": (1, 2, 4, 8), "F": (2, 4, 8)}


def read_pcd(source: Source) -> Cloud:
    """Raises `cloud.bad_header`, `cloud.too_large`, `cloud.cut_short`, `cloud.broken`, `cloud.empty`."""
    words, start = _header(source.head)
    layout, counts = _layout(words)
    points = check_count(_points(words), source.budget)
    into = Gathering(source.budget)
    match " ".join(words["DATA"]).lower():
        case "ascii":
            columns = [
                (field.name if first else "_", field.kind)
                for field, count in zip(layout.fields, counts, strict=True)
                for first in (True, *[False] * (count - 1))
            ]
            names, kinds = [name for name, _ in columns], [kind for _, kind in columns]
            read_lines(source, start, names, into, kinds=kinds, count=points)
        case "binary":
            read_records(source, start, layout, points, into)
        case "binary_compressed":
            _read_compressed(source, start, layout, counts, points, into)
        case other:
            raise bad_header(f"DATA is {other[:40]!r}, not ascii, binary or binary_compressed")
    return into.cloud()


def looks_like_pcd(head: bytes) -> bool:
    """Whether a file of this head is a PCD: its first line that is no comment is one of the header's."""
    for line in head.split(b"\n", 20)[:20]:
        if line.startswith(b"# .PCD"):
            return True
        if line.strip() and not line.startswith(b"#"):
            return line.split(None, 1)[0] in (b"VERSION", b"FIELDS", b"COLUMNS")
    return False


def _header(head: bytes) -> tuple[dict[str, list[str]], int]:
    """The words of each entry, and where the data begin."""
    words: dict[str, list[str]] = {}
    at = 0
    while (end := head.find(b"\n", at)) >= 0:
        line = head[at:end].decode("utf-8", "replace").strip()
        at = end + 1
        if not line or line.startswith("#"):
            continue
        key, *values = line.split()
        words.setdefault("FIELDS" if key == "COLUMNS" else key, values)
        if key == "DATA":
            return words, at
    raise bad_header("no line says DATA")


def _layout(words: dict[str, list[str]]) -> tuple[Layout, list[int]]:
    names = words.get("FIELDS", [])
    sizes = _numbers(words, "SIZE")
    counts = _numbers(words, "COUNT") if "COUNT" in words else [1] * len(names)
    types = words.get("TYPE", [])
    if not len(names) == len(sizes) == len(counts) == len(types):
        raise bad_header("FIELDS, SIZE, TYPE and COUNT are of different lengths")
    fields = []
    for name, size, kind, count in zip(names, sizes, types, counts, strict=True):
        if size not in _SIZES.get(kind, ()) or not 0 < count < 2**20:
            raise bad_header(f"the field {name[:40]!r} is {count} of type {kind[:8]!r} with {size} bytes")
        fields.append((name, np.dtype(f"<{_KINDS[kind]}{size}"), count))
    return laid_out(fields), counts


def _points(words: dict[str, list[str]]) -> int:
    width, height = _numbers(words, "WIDTH"), _numbers(words, "HEIGHT")
    area = width[0] * height[0] if width and height else None
    said = _numbers(words, "POINTS")
    if said and area is not None and said[0] != area:
        raise bad_header(f"POINTS is {said[0]:,}, WIDTH times HEIGHT {area:,}")
    if not said and area is None:
        raise bad_header("no line says how many POINTS there are")
    return said[0] if said else area or 0


def _numbers(words: dict[str, list[str]], key: str) -> list[int]:
    """Whole numbers from 0 up; Python's own, so that none overflows."""
    found = []
    for word in words.get(key, []):
        if not word.isascii() or not word.isdigit() or len(word) > 20:
            raise bad_header(f"{key} is {word[:40]!r}")
        found.append(int(word))
    return found


def _read_compressed(
    source: Source, start: int, layout: Layout, counts: list[int], points: int, into: Gathering
) -> None:
    """All values of the first field, then all of the second…, packed together."""
    used = layout.used
    if points == 0:
        return
    packed, size = (int.from_bytes(source.exactly(start + at, 4), "little") for at in (0, 4))
    if size != points * layout.stride:
        raise bad_header(f"the points have {points * layout.stride:,} bytes, its packed part says {size:,}")
    if start + 8 + packed > source.size:
        raise cut_short(f"{packed:,} packed bytes", f"only {max(0, source.size - start - 8):,} are there")
    data = unpacked(source.exactly(start + 8, packed), size)
    columns: dict[str, Column] = {}
    for meaning, field in used.items():
        count = counts[layout.fields.index(field)]
        every = np.frombuffer(data, field.kind, points * count, field.offset * points)
        columns[meaning] = every[::count]
    into.add(columns)
