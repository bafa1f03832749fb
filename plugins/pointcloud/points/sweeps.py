"""Sweeps as bare float32: KITTI's .bin (x y z intensity) and nuScenes' .pcd.bin (those and a ring).

Neither has a header, so which of the two it is is told by the size and by what the numbers can be: a ring is
a small whole number, an intensity is never negative, a place lies within some kilometres. Only where a file
could be both does its name decide.
"""

import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import cut_short, unknown_kind
from plugins.pointcloud.points.gathering import Gathering
from plugins.pointcloud.points.records import laid_out, read_records
from plugins.pointcloud.points.source import HEAD_BYTES, Source, check_count

NAMES = ("x", "y", "z", "intensity", "ring")
_REACH_M = 10_000.0
_MOST_RINGS = 1024
_LOOKED_AT = 3200  # points of the head: a multiple of both records fits
_MOST_AT_ZERO = 0.5  # share of points at the sensor itself: returns that were none
_PLAUSIBLE = 0.95  # share of points that must be, since sweeps hold some that are not numbers


def read_sweep(source: Source) -> Cloud:
    """Raises `cloud.unknown_kind`, `cloud.cut_short`, `cloud.too_large`, `cloud.empty`."""
    width = numbers_of(source.head, source.size, source.name)
    if width is None:
        raise unknown_kind("neither 4 nor 5 float32 a point make sense of it")
    stride = 4 * width
    if source.size % stride:
        raise cut_short(f"whole points of {stride} bytes", f"its last has {source.size % stride}")
    points = check_count(source.size // stride, source.budget)
    into = Gathering(source.budget)
    fields = [(name, np.dtype("<f4"), 1) for name in NAMES[:width]]
    read_records(source, 0, laid_out(fields), points, into)
    return into.cloud()


def numbers_of(head: bytes, size: int, name: str) -> int | None:
    """How many float32 a point of a file of this head has, 4 or 5; None where it is no sweep."""
    likely = [width for width in (4, 5) if _makes_sense(head, width)]
    whole = [width for width in likely if size % (4 * width) == 0]
    found = whole or likely
    if len(found) == 2:
        return 5 if name.lower().endswith(".pcd.bin") else 4
    return found[0] if found else None


def _makes_sense(head: bytes, width: int) -> bool:
    """Whether the numbers of the first points can be what they would be."""
    rows = min(len(head), HEAD_BYTES) // (4 * width)
    if not rows:
        return False
    rows = min(rows, _LOOKED_AT)
    numbers: NDArray[np.float32] = np.frombuffer(head, "<f4", rows * width).reshape(rows, width)
    with np.errstate(invalid="ignore"):
        good = (np.abs(numbers[:, :3]) < _REACH_M).all(axis=1)
        good |= np.isnan(numbers[:, :3]).any(axis=1)  # a point without a place says nothing
        good &= (numbers[:, 3] >= 0) & (numbers[:, 3] <= 65535)
        if width == 5:
            ring = numbers[:, 4]
            good &= (ring >= 0) & (ring < _MOST_RINGS) & (ring == np.floor(ring))
        # numbers so close to zero that no sensor gives them, and long runs of zeros: bytes of something else
        tiny = (np.abs(numbers[:, :3]) < 1e-20) & (numbers[:, :3] != 0)
        nowhere = (numbers[:, :3] == 0).all(axis=1)
    return bool(good.mean() >= _PLAUSIBLE and tiny.mean() < 1 - _PLAUSIBLE and nowhere.mean() < _MOST_AT_ZERO)
