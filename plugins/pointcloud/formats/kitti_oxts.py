"""KITTI's OXTS records: where the IMU was, as poses of the ego frame, which is the velodyne's.

Geiger et al. (2013), section III.B and the raw data devkit's convertOxtsToPose.m: a Mercator projection
scaled at the first record's latitude, and Euler angles roll, pitch, yaw with yaw 0 along east. The world
begins where the IMU was at the first record, its axes are east, north and up.
"""

import math
from collections.abc import Sequence

from plugins.pointcloud.formats.kitti_calibration import IMU
from studio.domain.entities import AnyEntity, CoordinateSystem, EgoPose
from studio.domain.ids import EntityId, new_id
from studio.domain.space import Pose, chained, inverse, turn

_EARTH_M = 6378137.0
_LEAST_WORDS = 6  # latitude, longitude, altitude, roll, pitch, yaw


def oxts_of(line: str) -> tuple[float, ...]:
    """Latitude, longitude (degrees), altitude (m), roll, pitch, yaw (rad). Raises ValueError."""
    words = line.split()
    if len(words) < _LEAST_WORDS:
        raise ValueError(f"{len(words)} numbers are no record of an OXTS")
    found = tuple(float(word) for word in words[:_LEAST_WORDS])
    if not all(map(math.isfinite, found)) or not -89 < found[0] < 89:
        raise ValueError("a record lies nowhere on Earth")
    return found


def ego_poses(
    records: Sequence[tuple[int, tuple[float, ...]]], systems: Sequence[AnyEntity]
) -> list[EgoPose]:
    """Poses at (time in ns, record), sorted by time; none where `systems` do not say where the IMU is."""
    imu = next((each for each in systems if isinstance(each, CoordinateSystem) and each.name == IMU), None)
    if imu is None or not records:
        return []
    to_imu = inverse(Pose(imu.translation, imu.rotation))
    ordered = sorted(records, key=lambda each: each[0])
    scale = math.cos(math.radians(ordered[0][1][0]))
    first = _place(ordered[0][1], scale)
    made: list[EgoPose] = []
    for time_ns, record in ordered:
        x, y, z = (a - b for a, b in zip(_place(record, scale), first, strict=True))
        pose = chained(Pose((x, y, z), turn(record[5], record[4], record[3])), to_imu)
        made.append(EgoPose(EntityId(new_id()), time_ns, pose.translation, pose.rotation))
    return made


def _place(record: tuple[float, ...], scale: float) -> tuple[float, float, float]:
    latitude, longitude, altitude = record[:3]
    east = scale * _EARTH_M * math.radians(longitude)
    north = scale * _EARTH_M * math.log(math.tan(math.radians(90 + latitude) / 2))
    return east, north, altitude
