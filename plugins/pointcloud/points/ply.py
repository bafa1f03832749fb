"""PLY, the Stanford polygon format: ascii, little and big endian; the vertices of it, whatever else is there.

http://paulbourke.net/dataformats/ply/. Read here and not by open3d, which drops ring, time and label and has
been led past its buffers by headers (PCL #5333 is the same mistake). Elements before the vertices are stepped
over, by arithmetic or, where they hold lists, entry by entry; those after them are left alone.
"""

from typing import NamedTuple

import numpy as np

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import bad_header, cut_short
from plugins.pointcloud.points.gathering import Gathering
from plugins.pointcloud.points.records import laid_out, read_lines, read_records
from plugins.pointcloud.points.source import Source, check_count

MAGIC = (b"ply\n", b"ply\r\n")
_KINDS = {
    "char": "i1", "int8": "i1", "uchar": "u1", "uint8": "u1", "short": "i2", "int16": "i2", "ushort": "u2",
    "uint16": "u2", "int": "i4", "int32": "i4", "uint": "u4", "uint32": "u4", "float": "f4", "float32": "f4",
    "double": "f8", "float64": "f8",
}  # fmt: skip
_ORDERS = {"ascii": "=", "binary_little_endian": "<", "binary_big_endian": ">"}


class _Property(NamedTuple):
    name: str
    kind: str
    counted: str = ""  # the kind of the number in front, of a list


class _Element(NamedTuple):
    name: str
    number: int
    properties: list[_Property]


def read_ply(source: Source) -> Cloud:
    """Raises `cloud.bad_header`, `cloud.too_large`, `cloud.cut_short`, `cloud.broken`, `cloud.empty`."""
    order, elements, start = _header(source.head)
    into = Gathering(source.budget)
    names = [element.name for element in elements]
    if "vertex" not in names:
        raise bad_header("it has no vertices")
    vertices = elements[names.index("vertex")]
    points = check_count(vertices.number, source.budget)
    before = elements[: names.index("vertex")]
    if any(each.counted for each in vertices.properties):
        raise bad_header("its points hold lists")
    if order == "=":
        columns = [each.name for each in vertices.properties]
        kinds = [np.dtype(each.kind) for each in vertices.properties]
        read_lines(source, _after_lines(source, start, before), columns, into, kinds=kinds, count=points)
    else:
        for element in before:
            start = _after(source, start, element, order)
        fields = [(each.name, np.dtype(order + each.kind), 1) for each in vertices.properties]
        read_records(source, start, laid_out(fields), points, into)
    return into.cloud()


def _header(head: bytes) -> tuple[str, list[_Element], int]:
    """The order of bytes ("=" for text), the elements, and where the data begin."""
    order = ""
    elements: list[_Element] = []
    at = 0
    while (end := head.find(b"\n", at)) >= 0:
        words = head[at:end].decode("utf-8", "replace").split()
        at = end + 1
        match words:
            case ["format", word, _] if word in _ORDERS:
                order = _ORDERS[word]
            case ["element", name, count] if count.isascii() and count.isdigit() and len(count) <= 20:
                elements.append(_Element(name, int(count), []))
            case ["property", "list", counted, kind, name] if elements and {counted, kind} <= _KINDS.keys():
                elements[-1].properties.append(_Property(name, _KINDS[kind], _KINDS[counted]))
            case ["property", kind, name] if elements and kind in _KINDS:
                elements[-1].properties.append(_Property(name, _KINDS[kind]))
            case ["end_header"]:
                if not order:
                    raise bad_header("no line says its format")
                return order, elements, at
            case [] | ["ply"] | ["comment", *_] | ["obj_info", *_]:
                pass
            case _:
                raise bad_header(f"the line {' '.join(words)[:60]!r} is none of a PLY")
    raise bad_header("it has no end")


def _after(source: Source, start: int, element: _Element, order: str) -> int:
    """The byte after an element of a binary file."""
    if not any(each.counted for each in element.properties):
        stride = sum(np.dtype(each.kind).itemsize for each in element.properties)
        return start + element.number * stride
    at = start
    for _ in range(element.number):
        for each in element.properties:
            size = np.dtype(each.kind).itemsize
            if each.counted:
                head = np.dtype(order + each.counted)
                (held,) = np.frombuffer(source.exactly(at, head.itemsize), head)
                if not 0 <= held < 2**32:
                    raise bad_header(f"a list of {element.name[:40]!r} has {held} entries")
                at += head.itemsize + size * int(held)
            else:
                at += size
        if at > source.size:
            raise cut_short(f"{element.number:,} of {element.name[:40]!r}", "they do not end within it")
    return at


def _after_lines(source: Source, start: int, before: list[_Element]) -> int:
    """The byte after the lines of the elements before the vertices of a text."""
    lines = sum(element.number for element in before)
    at = start
    while lines:
        piece = source.some(at, 65_536)
        if not piece:
            raise cut_short(f"{lines:,} more lines before the points", "it ends")
        ends = np.flatnonzero(np.frombuffer(piece, np.uint8) == 10)
        if len(ends) >= lines:
            return at + int(ends[lines - 1]) + 1
        lines -= len(ends)
        at += len(piece)
    return at
