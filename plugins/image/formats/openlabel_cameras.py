"""Cameras between OpenLABEL's `intrinsics_pinhole` and ours."""

import math
from typing import Any

import numpy as np

from studio.domain.entities import Calibration
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Pose, as_xyz, chained

PIXEL_CENTRE = 0.5  # sources count pixels from the centre of the first, we from its outer corner


def calibration_of(stream: StreamId, pinhole: dict[str, Any], axes: Pose) -> Calibration | None:
    """A camera whose axes stand at `axes` in the ego frame; None where no matrix is said.

    Raises ValueError where the matrix is no projection.
    """
    given = pinhole.get("camera_matrix_3x4") or pinhole.get("camera_matrix") or ()
    if len(given) != 12:
        return None
    projection = np.array([_finite(each) for each in given]).reshape(3, 4)
    inner = projection[:, :3]
    if abs(np.linalg.det(inner)) < 1e-6 or min(abs(inner[0, 0]), abs(inner[1, 1])) < 1e-6:
        raise ValueError("its matrix is singular")
    bent = pinhole.get("distortion_coeffs_1xN") or pinhole.get("distortion_coeffs") or ()
    distortion = tuple(_finite(each) for each in bent)
    # P = K [I | K^-1 p]: a rectified camera stands beside the axes that bear its name
    pose = chained(axes, Pose(as_xyz(-np.linalg.solve(inner, projection[:, 3]))))
    inner = inner / inner[2, 2]
    inner[:2, 2] += PIXEL_CENTRE
    return Calibration(
        id=EntityId(new_id()),
        stream=stream,
        model="brown_conrady" if any(distortion) else "pinhole",
        size=(max(0, int(pinhole.get("width_px", 0))), max(0, int(pinhole.get("height_px", 0)))),
        intrinsics=tuple(float(each) for each in inner.ravel()),
        distortion=distortion,
        translation=pose.translation,
        rotation=pose.rotation,
    )


def pinhole_of(calibration: Calibration) -> dict[str, Any] | None:
    """`intrinsics_pinhole` of a camera that stands in its own axes; None where its lens is no such one."""
    matrix = np.array(calibration.intrinsics, np.float64)
    if matrix.size != 9 or calibration.model == "kannala_brandt":
        return None
    inner = matrix.reshape(3, 3).copy()
    inner[:2, 2] -= PIXEL_CENTRE
    rows = np.column_stack([inner, np.zeros(3)])
    width, height = calibration.size
    return {
        "width_px": width,
        "height_px": height,
        "camera_matrix_3x4": [float(each) for each in rows.ravel()],
        "distortion_coeffs_1xN": list(calibration.distortion if calibration.model != "pinhole" else ()),
    }


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number
