"""E57 (ASTM E2807), by pye57: every scan of a file, one after the other, where the file says that they stand.

libE57Format checks the sum of each page that it reads; what it believes without a check, the lengths and
counts in the header, is checked here first. Points that their scanner marked invalid are dropped as points
without a place are, so that the others keep their places in the file.
"""

import struct
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import bad_header, broken, cut_short
from plugins.pointcloud.points.gathering import Column, Gathering
from plugins.pointcloud.points.source import BLOCK_BYTES, Source, check_count
from studio.domain.space import Pose, outward

MAGIC = b"ASTM-E57"
_CARTESIAN = ("cartesianX", "cartesianY", "cartesianZ")
_SPHERICAL = ("sphericalRange", "sphericalAzimuth", "sphericalElevation")
_COLOURS = ("colorRed", "colorGreen", "colorBlue")
_INVALID = ("cartesianInvalidState", "sphericalInvalidState")
_KINDS = {"intensity": "f4"} | dict.fromkeys(_COLOURS, "u2") | dict.fromkeys(_INVALID, "i1")
_A_BLOCK = 500_000  # points


def read_e57(source: Source) -> Cloud:
    """Raises `cloud.bad_header`, `cloud.too_large`, `cloud.cut_short`, `cloud.broken`, `cloud.empty`."""
    _check_header(source)
    import pye57  # native, and needed for these files alone

    with _as_path(source) as path:
        try:
            with pye57.E57(path) as file:
                return _read_scans(file, source)
        except (
            pye57.libe57.E57Exception,
            ArithmeticError,
            AttributeError,
            LookupError,
            OSError,
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:
            raise broken("they do not unpack", f"{type(error).__name__}: {error}"[:200]) from error


def _check_header(source: Source) -> None:
    major, _, length, xml, xml_length, page = struct.unpack_from("<IIQQQQ", source.exactly(0, 48), 8)
    if major != 1 or page != 1024:
        raise bad_header(f"its version is {major}, its pages are of {page:,} bytes")
    if length > source.size:
        raise cut_short(f"{length:,} bytes", f"only {source.size:,} are there")
    if xml >= length or xml_length > length - xml:
        raise bad_header(f"its description has {xml_length:,} bytes from {xml:,}")


@contextmanager
def _as_path(source: Source) -> Iterator[str]:
    """The file as something that has a name, which the library needs."""
    if source.path is not None:
        yield str(source.path)
        return
    with tempfile.NamedTemporaryFile(suffix=".e57") as file:
        for at in range(0, source.size, BLOCK_BYTES):
            file.write(source.some(at, BLOCK_BYTES))
        file.flush()
        yield file.name


def _read_scans(file: Any, source: Source) -> Cloud:
    scans = [file.get_header(number) for number in range(file.scan_count)]
    check_count(sum(scan.point_count for scan in scans), source.budget)
    # a cloud has a field for all of its points or for none
    further = [
        name
        for name in ("intensity", *_COLOURS)
        if scans and all(name in scan.point_fields for scan in scans)
    ]
    into = Gathering(source.budget, limits=_limits(scans))
    for scan in scans:
        _read_scan(file, scan, further, into)
    return into.cloud()


def _limits(scans: Sequence[Any]) -> tuple[float, float] | None:
    """The range of intensities that every scan states; None where one of them does not."""
    if not scans or not all(scan.node.isDefined("intensityLimits") for scan in scans):
        return None
    return min(scan.intensityMinimum for scan in scans), max(scan.intensityMaximum for scan in scans)


def _read_scan(file: Any, scan: Any, further: Sequence[str], into: Gathering) -> None:
    import pye57

    there = set(scan.point_fields)
    places = next((kind for kind in (_CARTESIAN, _SPHERICAL) if there.issuperset(kind)), None)
    if places is None:
        raise bad_header("a scan has neither places nor angles")
    wanted = [*places, *(name for name in _INVALID if name in there), *further]
    size = min(_A_BLOCK, max(1, scan.point_count))
    arrays = {name: np.empty(size, _KINDS.get(name, "f8")) for name in wanted}
    buffers = pye57.libe57.VectorSourceDestBuffer()
    for name, values in arrays.items():
        buffers.append(pye57.libe57.SourceDestBuffer(file.image_file, name, values, size, True, True))
    pose = _pose(scan)
    reader = scan.points.reader(buffers)
    read = 0
    while got := reader.read():
        into.add(_columns({name: values[:got] for name, values in arrays.items()}, pose))
        read += got
    reader.close()
    if read != scan.point_count:
        raise cut_short(f"{scan.point_count:,} points", f"only {read:,} are there")


def _pose(scan: Any) -> Pose:
    if not scan.has_pose():
        return Pose()
    w, x, y, z = (float(each) for each in scan.rotation)
    e, n, u = (float(each) for each in scan.translation)
    return Pose((e, n, u), (x, y, z, w))


def _columns(read: Mapping[str, Column], pose: Pose) -> dict[str, Column]:
    if _CARTESIAN[0] in read:
        xyz = np.column_stack([read[name] for name in _CARTESIAN])
    else:
        reach, azimuth, elevation = (np.asarray(read[name], np.float64) for name in _SPHERICAL)
        across = reach * np.cos(elevation)
        xyz = np.column_stack([across * np.cos(azimuth), across * np.sin(azimuth), reach * np.sin(elevation)])
    xyz = outward(pose, np.asarray(xyz, np.float64))
    for name in _INVALID:
        if name in read:
            xyz[np.asarray(read[name]) != 0] = np.nan
    found: dict[str, Column] = {axis: xyz[:, place] for place, axis in enumerate("xyz")}
    if "intensity" in read:
        found["intensity"] = read["intensity"].copy()
    for name in _COLOURS:
        if name in read:
            found[name.removeprefix("color").lower()] = read[name].copy()
    return found
