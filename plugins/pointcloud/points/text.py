"""Points as text: XYZ, PTS, ASC, CSV and TXT, with a header or without, whatever stands between the numbers.

Read here with numpy's own parser, a few megabytes at a time: open3d reads text without a header alone, and no
declared library bounds what it takes. Without a header the columns are x y z, then by how many there are:
intensity; red green blue; intensity red green blue. A first line of one number is PTS's count.
"""

from typing import NamedTuple

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import bad_header, unknown_kind
from plugins.pointcloud.points.gathering import Gathering, meaning_of
from plugins.pointcloud.points.records import read_lines
from plugins.pointcloud.points.source import Source

_SEPARATORS = (",", ";", "\t", "")
_FURTHER: dict[int, tuple[str, ...]] = {
    1: ("intensity",),
    3: ("red", "green", "blue"),
    4: ("intensity", "red", "green", "blue"),
}
_LINES_LOOKED_AT = 20


class Table(NamedTuple):
    """How a text is laid out."""

    names: tuple[str, ...]
    separator: str  # "" for any white space
    start: int  # byte of the first line of numbers
    is_named: bool  # whether a header says what the columns are


def read_text(source: Source) -> Cloud:
    """Raises `cloud.unknown_kind`, `cloud.bad_header`, `cloud.broken`, `cloud.too_large`, `cloud.empty`."""
    table = table_of(source.head, source.size)
    if table is None:
        raise unknown_kind("no line of its head holds three numbers")
    into = Gathering(source.budget)
    read_lines(source, table.start, table.names, into, separator=table.separator)
    return into.cloud()


def table_of(head: bytes, size: int) -> Table | None:
    """How the text with this head is laid out, or None where it is no table of places.

    Raises `cloud.bad_header` for a table whose header names no x, y and z.
    """
    lines = _lines(head, whole=len(head) == size)
    if lines is None:
        return None
    at = len(b"\xef\xbb\xbf") if head.startswith(b"\xef\xbb\xbf") else 0
    header: str | None = None
    for line in lines:
        text = line.decode("utf-8", "replace").strip("\ufeff \t\r")
        if text and (separator := _separator(text)) is not None:
            width = len(_words(text, separator))
            return Table(_names(header, width, separator), separator, at, header is not None)
        at += len(line) + 1
        if _is_names(text):
            header = text
        elif text and not text.startswith(("#", "//")) and not _is_number(text):
            return None
    return None


def is_surely_points(head: bytes, size: int) -> bool:
    """Whether a table of numbers can hardly be anything but places: with a header that says so, or with
    fractions in the first three columns and numbers in all. Labels begin with a class, a frame, an id."""
    table = table_of(head, size)
    if table is None or table.is_named:
        return table is not None
    lines = head[table.start :].split(b"\n", _LINES_LOOKED_AT)[:_LINES_LOOKED_AT]
    whole = lines if len(head) == size or len(lines) == 1 else lines[:-1]
    rows = [
        _words(line.decode("ascii", "replace").strip(), table.separator) for line in whole if line.strip()
    ]
    good = [
        all(map(_is_number, row)) and all(float(word) % 1 != 0 for word in row[:3])
        for row in rows
        if len(row) >= 3
    ]
    return sum(good) * 2 > len(rows)


def _lines(head: bytes, whole: bool) -> list[bytes] | None:
    """The first lines; None where they are no text."""
    start = head[:4096]
    if not start or b"\0" in start:
        return None
    try:
        start[: start.rfind(b"\n") + 1].decode("utf-8")
    except UnicodeDecodeError:
        return None
    # the last may be cut off by the head's end
    lines = head.split(b"\n", _LINES_LOOKED_AT)
    return lines if whole and len(lines) <= _LINES_LOOKED_AT else lines[:-1]


def _separator(line: str) -> str | None:
    """What stands between the numbers of a line of three or more, or None where it is none."""
    for separator in _SEPARATORS:
        words = _words(line, separator)
        if len(words) >= 3 and all(_is_number(word) for word in words[:3]):
            return separator
    return None


def _words(line: str, separator: str) -> list[str]:
    return line.split(separator) if separator else line.split()


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _is_names(line: str) -> bool:
    """Whether a line names x, y and z, whatever stands between them and in front."""
    plain = line.lstrip("#/ ").lower()
    words = {word.strip(' "') for separator in ",;\t " for word in plain.split(separator)}
    return {"x", "y", "z"} <= words


def _names(header: str | None, width: int, separator: str) -> tuple[str, ...]:
    if header is not None:
        plain = header.lstrip("#/ ")
        words = [word.strip(' "') for word in _words(plain, separator)]
        if len([word for word in words if meaning_of(word) in ("x", "y", "z")]) < 3:
            raise bad_header("its names and its numbers are separated by different signs")
        return tuple(words)
    further = _FURTHER.get(width - 3, ("intensity",) if width > 3 else ())
    return ("x", "y", "z", *further)
