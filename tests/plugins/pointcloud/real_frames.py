"""Frames of the real data sets, read as plainly as can be: points, labels and pictures in the ego frame.

Apart from the importers on purpose: what is measured on them here does not rest on what is tested there.
"""

import json
import math
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from pyarrow import feather

from studio.domain.entities import Calibration
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.overlap import Floats
from studio.domain.space import Pose, as_matrix, as_pose, as_xyz, inverse, outward, turn, within
from studio.domain.values import XYZ, Quaternion


class Label(NamedTuple):
    """A cuboid that people drew. inside: how many points lie in it."""

    class_name: str
    centre: XYZ
    size: XYZ
    rotation: Quaternion
    inside: int


class Look(NamedTuple):
    """A picture in shades of grey, (height, width) uint8, and its camera."""

    camera: Calibration
    grey: NDArray[np.uint8]


class Frame(NamedTuple):
    """points: (N, 3) float64, ego. sensor: where the lidar stands in it."""

    name: str
    points: Floats
    sensor: XYZ
    labels: tuple[Label, ...] = ()
    looks: tuple[Look, ...] = ()


def kitti_object(data: Path) -> Frame:
    """The one frame of the object benchmark, with its picture."""
    folder = data / "drive_kitti_object" / "training"
    points = _kitti_points(folder / "velodyne" / "000001.bin")
    numbers = _kitti_calibration(folder / "calib" / "000001.txt")
    rows = [line.split() for line in (folder / "label_2" / "000001.txt").read_text().splitlines()]
    labels = tuple(_kitti_label(row[0], row[8:15], numbers, points) for row in rows if row[0] != "DontCare")
    picture = folder / "image_2" / "000001.png"
    return Frame("KITTI object", points, (0, 0, 0), labels, (_look(picture, numbers, "image_2"),))


def kitti_drive(data: Path) -> list[Frame]:
    """Twelve frames of one drive, with a picture each and no labels."""
    folder = data / "drive_kitti_raw_camera_lidar_seq"
    numbers = _kitti_calibration(folder / "calib.txt")
    return [
        Frame(
            f"KITTI drive {path.stem}",
            _kitti_points(path),
            (0, 0, 0),
            looks=(_look(folder / "image_02" / f"{path.stem}.jpg", numbers, "image_02"),),
        )
        for path in sorted((folder / "velodyne").glob("*.bin"))
    ]


def kitti_tracking(data: Path) -> list[Frame]:
    """Frames 100 to 111 of sequence 0000, with labels and no pictures."""
    folder = data / "drive_kitti_tracking0000_lidar"
    numbers = _kitti_calibration(folder / "calib" / "0000.txt")
    rows = [line.split() for line in (folder / "label_02" / "0000.txt").read_text().splitlines()]
    frames = []
    for path in sorted((folder / "velodyne" / "0000").glob("*.bin")):
        points = _kitti_points(path)
        here = [row for row in rows if int(row[0]) == int(path.stem) and row[2] != "DontCare"]
        labels = tuple(_kitti_label(row[2], row[10:17], numbers, points) for row in here)
        frames.append(Frame(f"KITTI 0000/{path.stem}", points, (0, 0, 0), labels))
    return frames


def nuscenes(data: Path) -> Frame:
    """The one key frame, with six pictures; each camera's pose is for its own moment."""
    folder = data / "drive_nuscenes_frame"
    info = json.loads((folder / "info.json").read_text())
    frame = info["data_list"][0]
    to_ego = as_pose(np.array(frame["lidar_points"]["lidar2ego"]))
    raw = np.fromfile(folder / frame["lidar_points"]["lidar_path"], np.float32).reshape(-1, 5)[:, :3]
    own_roof = np.hypot(raw[:, 0], raw[:, 1]) < 2.0
    points = outward(to_ego, raw[~own_roof].astype(np.float64))
    names = {number: name for name, number in info["metainfo"]["categories"].items()}
    labels = []
    for row in frame["instances"]:
        x, y, z, length, width, height, yaw = row["bbox_3d"]
        pose = as_pose(as_matrix(to_ego) @ as_matrix(Pose((x, y, z), turn(yaw))))
        size = (length, width, height)
        labels.append(_label(names.get(row["bbox_label"], "?"), pose, size, points))
    looks = []
    for name, camera in frame["images"].items():
        # by way of the lidar, so that the car's own motion between the two moments is taken into account
        pose = as_pose(as_matrix(to_ego) @ np.linalg.inv(np.array(camera["lidar2cam"])))
        looks.append(_picture(folder / camera["img_path"], np.array(camera["cam2img"]), pose, name))
    return Frame("nuScenes", points, as_xyz(np.array(to_ego.translation)), tuple(labels), tuple(looks))


def argoverse2(data: Path) -> Frame:
    """The one sweep of two lidars, with its labels and no pictures."""
    folder = data / "drive_argoverse2"
    sweep = next((folder / "sensors" / "lidar").glob("*.feather"))
    table = feather.read_table(sweep)
    points = np.column_stack([table[axis].to_numpy().astype(np.float64) for axis in "xyz"])
    points = points[np.hypot(points[:, 0] - 1.4, points[:, 1]) > 2.5]  # the car's own body
    rows = feather.read_table(folder / "annotations.feather").to_pylist()
    labels = tuple(
        _label(
            row["category"],
            Pose((row["tx_m"], row["ty_m"], row["tz_m"]), (row["qx"], row["qy"], row["qz"], row["qw"])),
            (row["length_m"], row["width_m"], row["height_m"]),
            points,
        )
        for row in rows
        if row["timestamp_ns"] == int(sweep.stem)
    )
    return Frame("Argoverse 2", points, (1.35, 0.0, 1.64), labels)


def _kitti_points(path: Path) -> Floats:
    return np.fromfile(path, np.float32).reshape(-1, 4)[:, :3].astype(np.float64)


def _kitti_calibration(path: Path) -> dict[str, Floats]:
    lines = [line.split(":") for line in path.read_text().splitlines() if ":" in line]
    return {name: np.array(numbers.split(), np.float64) for name, numbers in lines}


def _rectified(numbers: dict[str, Floats]) -> Floats:
    """(4, 4) from the lidar into the rectified axes of camera 0."""
    turned, moved = np.eye(4), np.eye(4)
    turned[:3, :3] = numbers["R0_rect"].reshape(3, 3)
    moved[:3] = numbers["Tr_velo_to_cam"].reshape(3, 4)
    found: Floats = turned @ moved
    return found


def _kitti_label(name: str, words: list[str], numbers: dict[str, Floats], points: Floats) -> Label:
    height, width, length, x, y, z, turned = (float(word) for word in words)
    # its own axes: x ahead, y left, z up; the camera's y points down, and the place is that of the floor
    in_camera = np.eye(4)
    cos, sin = math.cos(turned), math.sin(turned)
    in_camera[:3, :3] = np.array([[cos, sin, 0], [0, 0, -1], [-sin, cos, 0]])
    in_camera[:3, 3] = x, y - height / 2, z
    pose = as_pose(np.linalg.inv(_rectified(numbers)) @ in_camera)
    return _label(name, pose, (length, width, height), points)


def _label(name: str, pose: Pose, size: XYZ, points: Floats) -> Label:
    inside = int(within(points, pose.translation, size, pose.rotation).sum())
    return Label(name, pose.translation, size, pose.rotation, inside)


def _look(path: Path, numbers: dict[str, Floats], name: str) -> Look:
    projection = numbers["P2"].reshape(3, 4)
    matrix = projection[:, :3]
    beside = np.eye(4)  # the second camera stands beside the first
    beside[:3, 3] = np.linalg.inv(matrix) @ projection[:, 3]
    return _picture(path, matrix, inverse(as_pose(beside @ _rectified(numbers))), name)


def _picture(path: Path, matrix: Floats, pose: Pose, name: str) -> Look:
    """matrix: (3, 3), counted from the middle of the first pixel."""
    with Image.open(path) as picture:
        grey = np.asarray(picture.convert("L"))
    shifted = matrix + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
    size = grey.shape[1], grey.shape[0]
    numbers = tuple(float(each) for each in shifted.ravel())
    camera = Calibration(
        EntityId(new_id()),
        StreamId(name),
        "pinhole",
        size,
        numbers,
        translation=pose.translation,
        rotation=pose.rotation,
    )
    return Look(camera, grey)
