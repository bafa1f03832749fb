"""Points as rows of numbers: binary records of one layout, and lines of text."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.points.faults import bad_header, broken, cut_short
from plugins.pointcloud.points.gathering import Gathering, meaning_of
from plugins.pointcloud.points.source import BLOCK_BYTES, Source

LONGEST_LINE = 1024 * 1024
_MOST_FIELDS = 1024


class Field(NamedTuple):
    """One named number of a record."""

    name: str
    kind: np.dtype[np.generic]
    offset: int  # bytes from the record's start


class Layout(NamedTuple):
    """Records of one kind."""

    fields: tuple[Field, ...]
    stride: int  # bytes of a record

    @property
    def used(self) -> dict[str, Field]:
        """By meaning, the first field of each. Raises `cloud.bad_header` where there is no place in them."""
        found: dict[str, Field] = {}
        for field in self.fields:
            if meaning := meaning_of(field.name):
                found.setdefault(meaning, field)
        check_place([field.name for field in self.fields])
        return found


def check_place(names: Sequence[str]) -> None:
    """Raises `cloud.bad_header` where the named columns say no place."""
    if not {"x", "y", "z"} <= {meaning_of(name) for name in names}:
        raise bad_header("none of its fields are x, y and z", ", ".join(names)[:200])


def laid_out(fields: Sequence[tuple[str, np.dtype[np.generic], int]]) -> Layout:
    """Fields one after the other: (name, kind, how many of it). Raises `cloud.bad_header`."""
    if len(fields) > _MOST_FIELDS:
        raise bad_header(f"a point has {len(fields):,} fields")
    made = []
    at = 0
    for name, kind, count in fields:
        made.append(Field(name, kind, at))
        at += kind.itemsize * count
    if not 0 < at <= BLOCK_BYTES:
        raise bad_header(f"a point has {at:,} bytes")
    return Layout(tuple(made), at)


def read_records(source: Source, start: int, layout: Layout, count: int, into: Gathering) -> None:
    """`count` binary records from byte `start`. Raises `cloud.cut_short` before the first is read."""
    if (there := source.size - start) < count * layout.stride:
        raise cut_short(
            f"{count:,} points of {layout.stride:,} bytes",
            f"only {max(0, there) // layout.stride:,} are there",
        )
    used = layout.used
    into.expect(count)
    # records with gaps, as a structured type of only the fields that are used
    record = np.dtype(
        {
            "names": list(used),
            "formats": [field.kind for field in used.values()],
            "offsets": [field.offset for field in used.values()],
            "itemsize": layout.stride,
        }
    )
    for block in source.rows(start, layout.stride, count):
        rows = np.frombuffer(block, record)
        into.add({name: rows[name] for name in used})


def read_lines(
    source: Source,
    start: int,
    names: Sequence[str],
    into: Gathering,
    *,
    kinds: Sequence[np.dtype[np.generic]] = (),
    separator: str = "",
    count: int | None = None,
) -> None:
    """Lines of numbers from byte `start`, as many as there are or the first `count` of them.

    names: of the columns; those without a meaning are not parsed. kinds: of each, where a header says them.
    separator: "" for any white space. Lines that are empty or begin with # or // are passed over. Raises
    `cloud.broken` naming the first line that is none, and `cloud.cut_short` where `count` are not there.
    """
    check_place(names)
    used: dict[str, int] = {}
    for place, name in enumerate(names):
        if meaning := meaning_of(name):
            used.setdefault(meaning, place)
    read = 0
    for lines in _line_blocks(source, start):
        if count is not None:
            lines = lines[: count - read]
        if not lines:
            break
        table = _table(lines, list(used.values()), separator, read)
        with np.errstate(invalid="ignore", over="ignore"):
            into.add(
                {
                    name: table[:, at].astype(kinds[place]) if kinds else table[:, at]
                    for at, (name, place) in enumerate(used.items())
                }
            )
        read += len(lines)
    if count is not None and read < count:
        raise cut_short(f"{count:,} points", f"only {read:,} are there")


def _line_blocks(source: Source, start: int) -> Iterator[list[bytes]]:
    """The lines that hold something, some megabytes of them at a time."""
    left = b""
    at = start
    while at < source.size:
        piece = source.some(at, BLOCK_BYTES // 4)
        if not piece:
            break
        at += len(piece)
        whole, found, rest = (left + piece).rpartition(b"\n")
        left = rest
        if len(left) > LONGEST_LINE:
            raise broken("a line has no end, so this is no text")
        if found and (lines := _filled(whole)):
            yield lines
    if lines := _filled(left):
        yield lines


def _filled(text: bytes) -> list[bytes]:
    return [
        line for each in text.split(b"\n") if (line := each.strip()) and not line.startswith((b"#", b"//"))
    ]


def _table(lines: list[bytes], columns: list[int], separator: str, before: int) -> NDArray[np.float64]:
    """(N, columns) float64."""
    try:
        return np.loadtxt(
            (line.decode("ascii") for line in lines),
            dtype=np.float64,
            comments=None,
            delimiter=separator or None,
            usecols=columns,
            ndmin=2,
        )
    except (ValueError, UnicodeDecodeError, IndexError) as error:
        raise broken(
            f"line {before + _bad_line(lines, columns, separator) + 1:,} of them is not {_said(columns)}"
        ) from error


def _bad_line(lines: list[bytes], columns: list[int], separator: str) -> int:
    for number, line in enumerate(lines):
        words = line.decode("ascii", "replace").split(separator or None)
        try:
            for place in columns:
                float(words[place])
        except (ValueError, IndexError):
            return number
    return len(lines) - 1


def _said(columns: list[int]) -> str:
    return f"a line of {max(columns) + 1} numbers or more"
