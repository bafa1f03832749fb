"""The rows of a JSON list that is too large to hold as a whole: read in blocks, decoded one by one.

Rows are told apart by "}, {", which may stand inside a row too: a piece that is no whole row yet is joined
with the next one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO, TypeVar

import msgspec
from msgspec import Struct

from studio.domain.errors import AtelierError

BLOCK = 4 * 1024 * 1024
LONGEST_ROW = 1024 * 1024  # bytes
MOST_PIECES = 256  # of a row: each one more is read from its beginning again
_BETWEEN = re.compile(rb"\}\s*,\s*(?=\{)")
_MARK = b"\xef\xbb\xbf"  # that some programs put before UTF-8

R = TypeVar("R", bound=Struct)


def rows_of(file: BinaryIO, path: str, kind: type[R]) -> Iterator[R | str]:
    """Each row as `kind`, or in words what is wrong with it.

    Memory: a block and the longest row. Raises `import.bad_json` where the list ends or breaks off; what came
    before stands.
    """
    decoder = msgspec.json.Decoder(kind)
    pending, pieces = b"", 0
    for between, piece in _pieces(file, path):
        whole = pending + between + piece if pending else piece
        try:
            row: R | str = decoder.decode(whole)
        except msgspec.ValidationError as error:
            row = str(error)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            pieces += 1
            if len(whole) > LONGEST_ROW or pieces >= MOST_PIECES:
                raise _broken(path, str(error)) from error
            pending = whole
            continue
        pending, pieces = b"", 0
        yield row
    if pending:
        raise _broken(path, "a row breaks off")


def _pieces(file: BinaryIO, path: str) -> Iterator[tuple[bytes, bytes]]:
    """What stands between the list's brackets in pieces, each with what parted it from the one before."""
    held = file.read(BLOCK).removeprefix(_MARK).lstrip()
    while not held and (block := file.read(BLOCK)):
        held = block.lstrip()
    if not held.startswith(b"["):
        raise _broken(path, "it does not begin with a list")
    held, between, block = held[1:], b"", b" "
    while block:
        block = file.read(BLOCK)
        held += block
        start = 0
        for found in _BETWEEN.finditer(held):
            yield between, held[start : found.start() + 1]
            between = held[found.start() + 1 : found.end()]
            start = found.end()
        held = held[start:]
        if len(held) > LONGEST_ROW + BLOCK:
            raise _broken(path, "a row is too long")
    last = held.rstrip()
    if not last.endswith(b"]"):
        raise _broken(path, "the list breaks off")
    if last := last[:-1].strip():
        yield between, last


def _broken(path: str, what: str) -> AtelierError:
    return AtelierError(
        "import.bad_json",
        f"{path!r} is not JSON as it should be: {what}.",
        hint="Write the file again with the program that made it.",
    )
