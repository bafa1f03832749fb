"""Cameras and poses as other tools write them, and Xtreme1's camera_config; KITTI and OpenCV stand beside.

Each raises `calibration.broken` for what is no projection or no rotation; whoever reads a log leaves that
camera out and goes on. Sources that count pixels from the centre of the first get 0.5 added to their
principal point here, since pixels are counted from its outer corner.
"""

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from plugins.pointcloud.formats.shared import FAULTS, number
from studio.domain.contracts.formats import Problem
from studio.domain.contracts.reading import as_problem
from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Floats, Pose, as_matrix, as_pose, inverse

Model = Literal["pinhole", "brown_conrady", "kannala_brandt"]
EGO = "ego"
CENTRE = 0.5  # from the outer corner of a pixel to its centre, in pixels
_SKEW = 0.05  # by which the axes of a rotation may miss being orthonormal: files round to few digits


class Lens(NamedTuple):
    """How a camera projects: (3, 3) matrix counted from pixel centres, coefficients in OpenCV's order."""

    matrix: Floats
    model: Model = "pinhole"
    distortion: tuple[float, ...] = ()
    size: tuple[int, int] = (0, 0)  # width, height; 0 where the file does not say


def broken(camera: str, why: object) -> AtelierError:
    """The error of a calibration that cannot be."""
    return AtelierError(
        "calibration.broken",
        f"The calibration of {camera!r} cannot be: {why}. It was left out.",
        hint="Mend the calibration file and import again.",
    )


class Cameras:
    """The cameras of a log whose files say them frame by frame, while here each stands still: the first sound
    calibration of each counts. What is wrong with a later one is said once a camera."""

    def __init__(self) -> None:
        self._found: dict[str, Calibration] = {}
        self._wrong: dict[str, Problem] = {}

    def add(self, path: str, name: str, made: Callable[[], Calibration]) -> None:
        """What one file says of one camera; `made` may raise `calibration.broken`, or as odd fields do."""
        try:
            one = made()
        except AtelierError as error:
            self._wrong.setdefault(name, as_problem(path, error))
            return
        except FAULTS as error:
            wrong = as_problem(path, broken(name, f"a field is missing or wrong ({error})"))
            self._wrong.setdefault(name, wrong)
            return
        first = self._found.setdefault(name, one)
        places = (*first.translation, *first.rotation), (*one.translation, *one.rotation)
        if not np.allclose(*places, atol=1e-6):
            message = f"The camera {name!r} stands elsewhere in later frames; its first place was taken."
            hint = "Bring the clouds into the vehicle's own frame, where its cameras stand still."
            self._wrong.setdefault(name, Problem(path, "calibration.broken", message, hint))

    def found(self) -> list[Calibration]:
        """One calibration a camera."""
        return list(self._found.values())

    def problems(self) -> list[Problem]:
        """At most one a camera."""
        return list(self._wrong.values())


def camera(stream: StreamId, lens: Lens, pose: Pose) -> Calibration:
    """A camera at `pose` in the ego frame. Raises `calibration.broken` where its matrix is no projection."""
    matrix = np.asarray(lens.matrix, np.float64)
    if matrix.shape != (3, 3) or not np.isfinite(matrix).all():
        raise broken(stream, "its matrix is not nine finite numbers")
    if min(abs(matrix[0, 0]), abs(matrix[1, 1])) < 1e-6 or abs(matrix[2, 2]) < 1e-9:
        raise broken(stream, "its matrix is singular")
    if not all(map(math.isfinite, (*lens.distortion, *pose.translation, *pose.rotation))):
        raise broken(stream, "it holds a value that is no number")
    matrix = matrix / matrix[2, 2]
    matrix[:2, 2] += CENTRE
    width, height = lens.size
    return Calibration(
        id=EntityId(new_id()),
        stream=stream,
        model=lens.model,
        size=(max(0, width), max(0, height)),
        intrinsics=tuple(float(each) for each in matrix.ravel()),
        distortion=lens.distortion,
        translation=pose.translation,
        rotation=pose.rotation,
    )


def lens_of(calibration: Calibration) -> Lens:
    """The inverse of `camera`, for writing: counted from pixel centres again."""
    matrix = np.array(calibration.intrinsics, np.float64)
    if matrix.size == 4:
        fx, fy, cx, cy = matrix
        matrix = np.array([fx, 0, cx, 0, fy, cy, 0, 0, 1.0])
    matrix = matrix.reshape(3, 3).copy()
    matrix[:2, 2] -= CENTRE
    return Lens(matrix, calibration.model, calibration.distortion, calibration.size)


def rigid(name: str, values: Sequence[object]) -> Pose:
    """The pose of 12 or 16 numbers, row by row. Raises `calibration.broken` where it is not rigid."""
    try:
        flat = [number(each) for each in values]
    except FAULTS as error:
        raise broken(name, error) from error
    if len(flat) not in (12, 16):
        raise broken(name, f"{len(flat)} numbers are no pose")
    matrix = np.eye(4)
    matrix.ravel()[: len(flat)] = flat
    turned = matrix[:3, :3]
    if not np.allclose(turned @ turned.T, np.eye(3), atol=_SKEW) or np.linalg.det(turned) < 0:
        raise broken(name, "its rotation is singular, scaled or mirrored")
    return as_pose(matrix)


def from_xtreme1(config: Any, stream: StreamId) -> Calibration:
    """One camera of a `camera_config` file: `camera_external` takes points of the lidar to the camera."""
    try:
        inner = config.get("camera_internal") or config["cameraInternal"]
        outer = list(config.get("camera_external") or config["cameraExternal"])
        fx, fy, cx, cy = (number(inner[key]) for key in ("fx", "fy", "cx", "cy"))
        radial = [number(each) for each in config.get("distortionK") or ()]
        tangential = [number(each) for each in config.get("distortionP") or ()]
        size = (int(number(config.get("width") or 0)), int(number(config.get("height") or 0)))
        if config.get("rowMajor", True) is False and len(outer) == 16:
            outer = [outer[row + 4 * column] for row in range(4) for column in range(4)]
    except FAULTS as error:
        raise broken(stream, f"a field is missing or no number ({error})") from error
    distortion: tuple[float, ...] = ()
    if any(radial) or any(tangential):
        k, p = [*radial, 0.0, 0.0, 0.0][: max(3, len(radial))], [*tangential, 0.0, 0.0]
        distortion = (k[0], k[1], p[0], p[1], *k[2:])
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    lens = Lens(matrix, "brown_conrady" if distortion else "pinhole", distortion, size)
    return camera(stream, lens, inverse(rigid(stream, outer)))


def as_xtreme1(calibration: Calibration, lidar: Pose = Pose()) -> dict[str, Any]:
    """The inverse of `from_xtreme1`; `lidar` is the lidar's pose in the ego frame."""
    lens = lens_of(calibration)
    outer = as_matrix(inverse(Pose(calibration.translation, calibration.rotation))) @ as_matrix(lidar)
    k = [*lens.distortion, 0.0, 0.0, 0.0, 0.0][: max(4, len(lens.distortion))]
    bent = lens.model == "brown_conrady" and any(lens.distortion)
    return {
        "camera_internal": {
            "fx": float(lens.matrix[0, 0]),
            "fy": float(lens.matrix[1, 1]),
            "cx": float(lens.matrix[0, 2]),
            "cy": float(lens.matrix[1, 2]),
        },
        "width": lens.size[0],
        "height": lens.size[1],
        "camera_external": [float(each) for each in outer.ravel()],
        "rowMajor": True,
        "distortionK": [k[0], k[1], *k[4:]] if bent else [],
        "distortionP": [k[2], k[3]] if bent else [],
    }
