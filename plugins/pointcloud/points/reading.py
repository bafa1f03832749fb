"""`read_points`: any file of points as a `Cloud`, whatever it is called.

The kind is told by content: a magic number, a header, or, where there is neither, by what the numbers can be.
"""

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, NamedTuple

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points import arrays, e57, feather, las, pcd, ply, sweeps, text
from plugins.pointcloud.points.faults import empty, unknown_kind
from plugins.pointcloud.points.source import HEAD_BYTES, Source
from studio.domain.contracts.formats import Budget
from studio.domain.errors import AtelierError

# names under which files of points come; what they are is never told by these alone
SUFFIXES = (
    ".pcd", ".ply", ".las", ".laz", ".e57", ".bin", ".xyz", ".pts", ".asc", ".txt", ".csv", ".npy", ".npz",
    ".feather",
)  # fmt: skip


class Kind(NamedTuple):
    """A kind of file of points."""

    name: str
    media_type: str
    read: Callable[[Source], Cloud]


def read_points(path_or_file: Path | BinaryIO, name_hint: str = "", budget: Budget = Budget()) -> Cloud:
    """All points of a file, in the sensor's own axes and the file's own order.

    name_hint: what the file is called; used only where content cannot tell two kinds apart. Bounded by
    `budget.file_bytes` and `budget.points` before anything is allocated; beside the cloud and one block,
    only a packed PCD and an .npz are held whole. Points without a finite place are left out and counted
    (`Cloud.dropped`). Raises `cloud.unknown_kind`, `cloud.bad_header`, `cloud.cut_short`, `cloud.too_large`,
    `cloud.broken`, `cloud.empty`.
    """
    if isinstance(path_or_file, Path):
        with path_or_file.open("rb") as file:
            return _read(Source(file, name_hint or path_or_file.name, budget, path_or_file))
    return _read(Source(path_or_file, name_hint, budget))


def kind_of(head: bytes, size: int, name: str = "") -> Kind | None:
    """The kind of a file of `size` bytes that begins with `head` (64 kB or all of it); None for no points."""
    if head.startswith(ply.MAGIC):
        return Kind("PLY", "application/ply", ply.read_ply)
    if head.startswith(las.MAGIC):
        return Kind("LAS", las.media_type_of(head), las.read_las)
    if head.startswith(e57.MAGIC):
        return Kind("E57", "model/e57", e57.read_e57)
    if head.startswith(arrays.MAGIC):
        return Kind("NumPy", "application/x-npy", arrays.read_npy)
    if head.startswith(arrays.ZIP_MAGIC):
        return Kind("NumPy archive", "application/x-npz", arrays.read_npz)
    if head.startswith(feather.MAGIC) and feather.has_places(head):
        return Kind("Feather", "application/vnd.apache.arrow.file", feather.read_feather)
    if pcd.looks_like_pcd(head):
        return Kind("PCD", "application/x-pcd", pcd.read_pcd)
    if _is_table(head, size):
        return Kind("text", "text/plain", text.read_text)
    if sweeps.numbers_of(head, size, name) is not None:
        return Kind("sweep", "application/x-lidar-sweep", sweeps.read_sweep)
    return None


def head_of(file: BinaryIO) -> bytes:
    """What `kind_of` looks at."""
    return file.read(HEAD_BYTES)


def _is_table(head: bytes, size: int) -> bool:
    try:
        return text.table_of(head, size) is not None
    except AtelierError:
        return True  # reading it says what is wrong with its header


def _read(source: Source) -> Cloud:
    if not source.size:
        raise empty(0)
    kind = kind_of(source.head, source.size, source.name)
    if kind is None:
        raise unknown_kind()
    return kind.read(source)
