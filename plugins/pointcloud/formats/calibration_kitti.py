"""KITTI's calibration files: cameras, and the IMU, in the velodyne's frame, which is the ego frame there."""

import math
from collections.abc import Sequence

import numpy as np

from plugins.pointcloud.formats.calibration import EGO, Lens, broken, camera, rigid
from studio.domain.entities import Calibration, CoordinateSystem
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Floats, inverse

_MOST = 64  # numbers of a line


def from_kitti(text: str) -> tuple[list[Calibration | CoordinateSystem], list[AtelierError]]:
    """Cameras `image_00` to `image_03` and the IMU of a KITTI calibration, in the velodyne's frame; and what
    of it cannot be.

    text: a file of the object, tracking or odometry benchmark, or of the raw data `calib_cam_to_cam.txt`
    with `calib_velo_to_cam.txt` (and `calib_imu_to_velo.txt`, its names prefixed `imu_`) behind it.
    """
    said = _kitti_lines(text)
    found: list[Calibration | CoordinateSystem] = []
    wrong: list[AtelierError] = []
    try:
        to_camera = velodyne_to_camera(text)
    except AtelierError as error:
        return [], [error]
    for at in range(4):
        rows = _first(said, (f"P{at}", f"P_rect_0{at}"))
        if rows is None:
            continue
        try:
            found.append(_kitti_camera(at, rows, to_camera, said.get(f"S_rect_0{at}", [])))
        except AtelierError as error:
            wrong.append(error)
    try:
        imu = _kitti_pose(said, "imu", ("Tr_imu_to_velo", "Tr_imu_velo"), "imu_")
        pose = rigid("imu", [float(each) for each in imu.ravel()])
        found.append(
            CoordinateSystem(
                id=EntityId(new_id()),
                name="imu",
                parent=EGO,
                translation=pose.translation,
                rotation=pose.rotation,
            )
        )
    except AtelierError as error:
        if _first(said, ("Tr_imu_to_velo", "Tr_imu_velo", "imu_T")) is not None:
            wrong.append(error)
    return found, wrong


def velodyne_to_camera(text: str) -> Floats:
    """(4, 4): points of the velodyne in the axes of the rectified camera 0. Raises `calibration.broken`."""
    said = _kitti_lines(text)
    to_camera = _kitti_pose(said, "lidar", ("Tr_velo_to_cam", "Tr_velo_cam", "Tr"), "")
    level = _first(said, ("R0_rect", "R_rect", "R_rect_00"))
    if level is None:
        return to_camera
    rectified = np.eye(4)
    rectified[:3, :3] = np.array(_counted("lidar", level, 9)).reshape(3, 3)
    turned: Floats = rectified @ to_camera
    return turned


def _kitti_lines(text: str) -> dict[str, list[float]]:
    said: dict[str, list[float]] = {}
    for line in text.splitlines():
        name, *values = line.replace(":", " ", 1).split()[:_MOST] or [""]
        try:
            said.setdefault(name, [float(each) for each in values])
        except ValueError:
            continue  # calib_time: a date
    return said


def _first(said: dict[str, list[float]], names: Sequence[str]) -> list[float] | None:
    return next((said[name] for name in names if name in said), None)


def _counted(name: str, values: list[float] | None, count: int) -> list[float]:
    if values is None:
        raise broken(name, "it is not in the file")
    if len(values) != count or not all(map(math.isfinite, values)):
        raise broken(name, f"it is not {count} finite numbers")
    return values


def _kitti_pose(said: dict[str, list[float]], name: str, names: Sequence[str], prefix: str) -> Floats:
    rows = _first(said, names)
    if rows is None:
        turned, moved = said.get(f"{prefix}R"), said.get(f"{prefix}T")
        matrix = np.eye(4)
        matrix[:3, :3] = np.array(_counted(name, turned, 9)).reshape(3, 3)
        matrix[:3, 3] = _counted(name, moved, 3)
        return matrix
    return np.vstack([np.array(_counted(name, rows, 12)).reshape(3, 4), [0, 0, 0, 1.0]])


def _kitti_camera(at: int, rows: list[float], to_camera: Floats, size: list[float]) -> Calibration:
    name = StreamId(f"image_{at:02}")
    projection = np.array(_counted(name, rows, 12)).reshape(3, 4)
    matrix = projection[:, :3]
    if abs(np.linalg.det(matrix)) < 1e-6:
        raise broken(name, "its matrix is singular")
    # P = K [I | K^-1 p]: a rectified camera stands beside camera 0
    beside = np.eye(4)
    beside[:3, 3] = np.linalg.solve(matrix, projection[:, 3])
    pose = inverse(rigid(name, [float(each) for each in (beside @ to_camera).ravel()]))
    width, height = (int(each) for each in size) if len(size) == 2 else (0, 0)
    return camera(name, Lens(matrix, size=(width, height)), pose)
