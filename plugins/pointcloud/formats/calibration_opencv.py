"""Cameras in OpenCV's YAML, as FileStorage, ROS and Autoware write it."""

import math
import re
from typing import Any

import numpy as np

from plugins.pointcloud.formats.calibration import Lens, Model, broken, camera, rigid
from studio.domain.entities import Calibration
from studio.domain.ids import StreamId
from studio.domain.space import Pose, quaternion_of

_LARGEST_MATRIX = 64  # numbers
_MATRICES = ("camera_matrix", "CameraMat", "cameraMatrix", "K", "M1", "M")
_DISTORTIONS = ("distortion_coefficients", "DistCoeff", "distCoeffs", "D", "D1")
_FISHEYE = ("equidistant", "fisheye", "kannala_brandt")
_TOP = re.compile(r"^([A-Za-z_]\w*)\s*:\s*(.*)$")
_ROWS = re.compile(r"\brows\s*:\s*(\d{1,6})")
_COLUMNS = re.compile(r"\bcols\s*:\s*(\d{1,6})")
_DATA = re.compile(r"\bdata\s*:\s*\[([^\]]*)\]")


def from_opencv(text: str, stream: StreamId) -> Calibration:
    """A camera of a `%YAML:1.0` file as OpenCV's FileStorage, ROS and Autoware write it.

    The pose is that of `CameraExtrinsicMat` (camera to lidar, Autoware's name); without one the camera
    stands where the ego frame does, looking along x.
    """
    said = opencv_values(text, stream)
    matrix = next((said[name] for name in _MATRICES if isinstance(said.get(name), np.ndarray)), None)
    if matrix is None or matrix.shape != (3, 3):
        raise broken(stream, "the file holds no camera matrix of 3 x 3")
    bent = next((said[name] for name in _DISTORTIONS if isinstance(said.get(name), np.ndarray)), np.zeros(0))
    distortion = tuple(float(each) for each in bent.ravel())
    named = str(said.get("distortion_model", said.get("camera_model", ""))).strip("\"'").lower()
    model: Model = "brown_conrady" if any(distortion) else "pinhole"
    if named in _FISHEYE or str(said.get("fisheye_model", "0")) == "1":
        model, distortion = "kannala_brandt", distortion[:4]
    size = (_size(said, 0, "image_width", "width"), _size(said, 1, "image_height", "height"))
    pose = Pose((0.0, 0.0, 0.0), quaternion_of(np.array([[0.0, 0, 1], [-1, 0, 0], [0, -1, 0]])))
    if isinstance(outer := said.get("CameraExtrinsicMat"), np.ndarray):
        pose = rigid(stream, [float(each) for each in outer.ravel()])
    return camera(stream, Lens(matrix, model, distortion, size), pose)


def opencv_values(text: str, name: str) -> dict[str, Any]:
    """The matrices (arrays) and plain values (texts) at the top of an OpenCV YAML file.

    Only that much of YAML is understood: no tag but opencv-matrix, no anchor, nothing that makes an object.
    """
    said: dict[str, Any] = {}
    blocks: list[tuple[str, list[str]]] = []
    for line in text.splitlines():
        top = _TOP.match(line)
        if top and top[1] not in ("rows", "cols", "dt", "data"):
            blocks.append((top[1], [top[2]]))
        elif blocks and line[:1] in (" ", "\t", "-"):
            blocks[-1][1].append(line)
    for key, lines in blocks:
        block = " ".join(lines)
        rows, columns, data = _ROWS.search(block), _COLUMNS.search(block), _DATA.search(block)
        if not rows or not columns or not data:
            said[key] = block.strip()
            continue
        count = int(rows[1]) * int(columns[1])
        if count > _LARGEST_MATRIX:
            raise broken(name, f"{key} says that it has {count:,} numbers")
        try:
            values = [
                float(each.replace(".Inf", "inf").replace(".Nan", "nan")) for each in data[1].split(",")
            ]
        except ValueError as error:
            raise broken(name, f"{key} holds what is no number") from error
        if len(values) != count or not all(map(math.isfinite, values)):
            raise broken(name, f"{key} is not {count} finite numbers")
        said[key] = np.array(values).reshape(int(rows[1]), int(columns[1]))
    return said


def _size(said: dict[str, Any], at: int, *names: str) -> int:
    for name in names:
        if isinstance(said.get(name), str) and said[name].isdecimal():
            return int(said[name][:6])
    listed = re.findall(r"\d+", str(said.get("ImageSize", said.get("image_size", ""))))
    return int(listed[at][:6]) if len(listed) == 2 else 0
