"""A file of points, read only at places that were checked against its size."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from plugins.pointcloud.points.faults import cut_short, too_large
from studio.domain.contracts.formats import Budget

HEAD_BYTES = 65_536  # from which a file's kind is told, and within which every header must end
BLOCK_BYTES = 16 * 1024 * 1024  # that are in memory at once beside the cloud itself


class Source:
    """An open file, its size, and the name that it came under (a hint, where content cannot tell).

    Raises `cloud.too_large` for more bytes than `budget` allows. `path` is where it lies on this machine,
    for libraries that open files by themselves; None for one that is only a stream.
    """

    def __init__(self, file: BinaryIO, name: str, budget: Budget, path: Path | None = None) -> None:
        self.file = file
        self.name = name
        self.path = path
        self.budget = budget
        self.size = file.seek(0, os.SEEK_END)
        if self.size > budget.file_bytes:
            raise too_large(f"{self.size:,} bytes, where {budget.file_bytes:,} are allowed")
        self.head = self.some(0, HEAD_BYTES)

    def some(self, start: int, count: int) -> bytes:
        """Up to `count` bytes from `start`."""
        self.file.seek(start)
        pieces = []
        while count > 0 and (piece := self.file.read(count)):
            pieces.append(piece)
            count -= len(piece)
        return b"".join(pieces)

    def exactly(self, start: int, count: int) -> bytes:
        """`count` bytes from `start`. Raises `cloud.cut_short` before reading where not all are there."""
        if start + count > self.size:
            raise cut_short(f"{start + count:,} bytes", f"{self.size:,} are there")
        data = self.some(start, count)
        if len(data) < count:
            raise cut_short(f"{start + count:,} bytes", f"{start + len(data):,} are there")
        return data

    def rows(self, start: int, stride: int, count: int) -> Iterator[bytes]:
        """`count` rows of `stride` bytes from `start`, some megabytes of whole rows at a time."""
        a_block = max(1, BLOCK_BYTES // stride)
        for first in range(0, count, a_block):
            yield self.exactly(start + first * stride, min(a_block, count - first) * stride)


def check_count(count: int, budget: Budget) -> int:
    """`count` points, where so many are allowed. Raises `cloud.too_large`."""
    if count > budget.points:
        raise too_large(f"{count:,} points, where {budget.points:,} are allowed")
    return count
