"""How a camera sees space: pinhole, Brown-Conrady and Kannala-Brandt, forwards and backwards.

Camera axes are OpenCV's (x right, y down, z forward); a `Calibration` holds the camera's pose in the ego
frame. Pixels are continuous with (0, 0) at the outer corner of the first, so OpenCV's pixel centres are
shifted by half: importers add 0.5 to the principal point where a source counts from pixel centres.
Coefficients stand in OpenCV's order: k1 k2 p1 p2 k3 [k4 k5 k6] and, for Kannala-Brandt, k1 k2 k3 k4.
"""

import math

import numpy as np
from numpy.typing import NDArray

from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.geometry import Rect
from studio.domain.space import EDGES, Floats, Pose, inward, outward

NEAR = 0.1  # metres in front of the camera, nearer than which nothing is drawn
_ROUNDS = 30  # of the fixed-point inverse of the distortion; each halves the error or better


def pose_of(camera: Calibration) -> Pose:
    """The camera's pose in the ego frame."""
    return Pose(camera.translation, camera.rotation)


def intrinsic_matrix(camera: Calibration) -> Floats:
    """(3, 3). Raises `calibration.broken` where it is no projection."""
    given = np.array(camera.intrinsics, dtype=np.float64)
    if given.size == 4:
        fx, fy, cx, cy = given
        given = np.array([fx, 0, cx, 0, fy, cy, 0, 0, 1.0])
    if given.size != 9 or not given[0] * given[4]:
        raise AtelierError(
            "calibration.broken",
            f"The calibration of {camera.stream!r} is no projection: nine numbers with two focal lengths.",
            hint="Mend the calibration, or import it again.",
        )
    return given.reshape(3, 3)


def project(points_ego: Floats, camera: Calibration) -> Floats:
    """(N, 3) ego, metres -> (N, 2) pixels of the full-size picture; NaN for those not in front.

    Raises `calibration.broken`.
    """
    return project_from_camera(inward(pose_of(camera), np.asarray(points_ego, np.float64)), camera)


def project_from_camera(points: Floats, camera: Calibration) -> Floats:
    """As `project`, of points in the camera's own axes."""
    matrix = intrinsic_matrix(camera)
    out: Floats = np.full((len(points), 2), np.nan)
    fisheye = camera.model == "kannala_brandt"
    # a fisheye also sees what lies beside it; only the axis behind it has no picture
    front = np.linalg.norm(points, axis=1) > 1e-9 if fisheye else points[:, 2] > 1e-6
    seen = points[front]
    if fisheye:
        normal = _bent(seen, camera)
    else:
        normal = seen[:, :2] / seen[:, 2:]
        if camera.model == "brown_conrady":
            normal = _distorted(normal, camera)
    out[front] = normal @ matrix[:2, :2].T + matrix[:2, 2]
    return out


def rays(pixels: Floats, camera: Calibration) -> Floats:
    """(N, 2) pixels -> (N, 3) unit directions in the ego frame, from `camera.translation`.

    The inverse of `project`; NaN where no direction is seen at a pixel. Raises `calibration.broken`.
    """
    local = rays_in_camera(pixels, camera)
    turned: Floats = outward(Pose((0.0, 0.0, 0.0), camera.rotation), local)
    return turned


def rays_in_camera(pixels: Floats, camera: Calibration) -> Floats:
    """As `rays`, in the camera's own axes."""
    matrix = intrinsic_matrix(camera)
    normal = (np.asarray(pixels, np.float64) - matrix[:2, 2]) @ np.linalg.inv(matrix[:2, :2]).T
    if camera.model == "kannala_brandt":
        return _unbent(normal, camera)
    if camera.model == "brown_conrady":
        normal = _undistorted(normal, camera)
    directions = np.column_stack([normal, np.ones(len(normal))])
    found: Floats = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    return found


def lifted(pixels: Floats, depths: Floats, camera: Calibration) -> Floats:
    """(N, 2) pixels at (N,) metres along their rays -> (N, 3) in the ego frame."""
    found: Floats = rays(pixels, camera) * np.asarray(depths)[:, None] + np.array(camera.translation)
    return found


def edges_on_picture(corners_ego: Floats, camera: Calibration) -> Floats:
    """Of M cuboids: (M, 12, 2, 2) end points of their edges in pixels, cut at the near plane.

    corners_ego: (M, 8, 3). Edges wholly behind the camera are NaN. Straight in space, so under distortion
    only their ends are exact.
    """
    count = len(corners_ego)
    local = inward(pose_of(camera), corners_ego.reshape(-1, 3)).reshape(count, 8, 3)
    ends = local[:, EDGES]  # (M, 12, 2, 3)
    if camera.model != "kannala_brandt":
        ends = clipped_near(ends.reshape(-1, 2, 3)).reshape(count, 12, 2, 3)
    pixels = project_from_camera(ends.reshape(-1, 3), camera)
    lines: Floats = pixels.reshape(count, 12, 2, 2)
    lines[np.isnan(lines).any(axis=(2, 3))] = np.nan
    return lines


def clipped_near(segments: Floats, near: float = NEAR) -> Floats:
    """(N, 2, 3) segments in camera axes, cut at z = near; NaN where wholly behind it."""
    out = np.array(segments, dtype=np.float64)
    z = out[:, :, 2]
    behind = z < near
    for first in (0, 1):
        other = 1 - first
        cut = behind[:, first] & ~behind[:, other]
        share = (near - z[cut, first]) / (z[cut, other] - z[cut, first])
        out[cut, first] += share[:, None] * (out[cut, other] - out[cut, first])
    out[behind.all(axis=1)] = np.nan
    return out


def box_on_picture(corners_ego: Floats, camera: Calibration, clip: bool = True) -> Rect | None:
    """The box around a cuboid's (8, 3) corners as the camera sees it; None where it sees nothing of it.

    With `clip`, of what lies on the picture; otherwise amodal, beyond its edges.
    """
    lines = edges_on_picture(corners_ego[None], camera)[0].reshape(-1, 2)
    seen = lines[~np.isnan(lines).any(axis=1)]
    if not len(seen):
        return None
    left, top = seen.min(axis=0)
    right, bottom = seen.max(axis=0)
    width, height = camera.size
    if right <= 0 or bottom <= 0 or (width and left >= width) or (height and top >= height):
        return None
    if clip and width and height:
        left, top, right, bottom = max(left, 0.0), max(top, 0.0), min(right, width), min(bottom, height)
    return float(left), float(top), float(right), float(bottom)


def _coefficients(camera: Calibration, count: int) -> list[float]:
    held = list(camera.distortion[:count])
    return held + [0.0] * (count - len(held))


def _distorted(normal: Floats, camera: Calibration) -> Floats:
    k1, k2, p1, p2, k3, k4, k5, k6 = _coefficients(camera, 8)
    x, y = normal[:, 0], normal[:, 1]
    r2 = x * x + y * y
    radial = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    return np.column_stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        ]
    )


def _undistorted(wanted: Floats, camera: Calibration) -> Floats:
    """Newton's method with a numeric Jacobian; NaN where it does not come back to `wanted`."""
    found = np.array(wanted, dtype=np.float64)
    step = 1e-6
    along_x, along_y = np.array([step, 0.0]), np.array([0.0, step])
    for _ in range(_ROUNDS):
        here = _distorted(found, camera)
        gap = wanted - here
        if not len(gap) or np.nanmax(np.abs(gap)) < 1e-13:
            break
        dx = (_distorted(found + along_x, camera) - here) / step
        dy = (_distorted(found + along_y, camera) - here) / step
        det = dx[:, 0] * dy[:, 1] - dx[:, 1] * dy[:, 0]
        det[np.abs(det) < 1e-12] = np.nan
        found[:, 0] += (gap[:, 0] * dy[:, 1] - gap[:, 1] * dy[:, 0]) / det
        found[:, 1] += (gap[:, 1] * dx[:, 0] - gap[:, 0] * dx[:, 1]) / det
    off = np.abs(_distorted(found, camera) - wanted).max(axis=1) > 1e-6 if len(found) else np.zeros(0, bool)
    found[off] = np.nan
    return found


def _bend(theta: Floats, camera: Calibration) -> Floats:
    k1, k2, k3, k4 = _coefficients(camera, 4)
    t2 = theta * theta
    bent: Floats = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
    return bent


def _bent(points: Floats, camera: Calibration) -> Floats:
    """Kannala and Brandt 2006, as OpenCV's fisheye module writes it."""
    across = np.hypot(points[:, 0], points[:, 1])
    radius = _bend(np.arctan2(across, points[:, 2]), camera)
    share = np.divide(radius, across, out=np.zeros_like(radius), where=across > 1e-12)
    return points[:, :2] * share[:, None]


def _unbent(normal: Floats, camera: Calibration) -> Floats:
    radius = np.hypot(normal[:, 0], normal[:, 1])
    low, high = np.zeros_like(radius), np.full_like(radius, _widest(camera))
    beyond = radius > _bend(high, camera) + 1e-9
    for _ in range(60):  # bisection: the bend grows over the whole range, whatever its coefficients
        middle = (low + high) / 2
        less = _bend(middle, camera) < radius
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    theta = (low + high) / 2
    share = np.divide(np.sin(theta), radius, out=np.zeros_like(radius), where=radius > 1e-12)
    found: Floats = np.column_stack([normal * share[:, None], np.cos(theta)])
    found[beyond] = np.nan
    return found


def _widest(camera: Calibration) -> float:
    """The angle from the axis up to which the bend still grows, at most half a turn."""
    angles: NDArray[np.float64] = np.linspace(0.0, math.pi, 721)
    falls = np.flatnonzero(np.diff(_bend(angles, camera)) <= 0)
    return float(angles[falls[0]]) if len(falls) else math.pi
