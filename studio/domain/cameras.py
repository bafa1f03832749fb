"""How a camera sees space: pinhole, Brown-Conrady and Kannala-Brandt, forwards and backwards.

Camera axes are OpenCV's (x right, y down, z forward); a `Calibration` holds the camera's pose in the ego
frame. Pixels are continuous with (0, 0) at the outer corner of the first, so OpenCV's pixel centres are
shifted by half: importers add 0.5 to the principal point where a source counts from pixel centres.
Coefficients stand in OpenCV's order: k1 k2 p1 p2 k3 [k4 k5 k6] and, for Kannala-Brandt, k1 k2 k3 k4.
"""

import functools
import math

import numpy as np
from numpy.polynomial import Polynomial

from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.geometry import Rect
from studio.domain.space import EDGES, Floats, Pose, inward, outward
from studio.domain.values import XY

NEAR = 0.1  # metres in front of the camera, nearer than which nothing is drawn
_BENT_PIECES = 16  # in which an edge is drawn where a lens bends it
_ROUNDS = 20  # of Newton's method for the inverse of the distortion; it doubles the digits in each


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
    """(N, 3) ego, metres -> (N, 2) pixels of the full-size picture; NaN for those that it cannot see.

    Those are what lies behind it, and what lies so far aside that the lens's polynomial has turned round:
    its formula would lead back into the picture. Raises `calibration.broken`.
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
            beyond = np.hypot(normal[:, 0], normal[:, 1]) > _furthest(camera.distortion)
            normal[beyond] = np.nan
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


def edges_on_picture(corners_ego: Floats, camera: Calibration, pieces: int = 1) -> Floats:
    """Of M cuboids: (M, 12 * pieces, 2, 2) end points of their edges in pixels, cut at the near plane.

    corners_ego: (M, 8, 3). What is wholly behind the camera or beyond its lens is NaN. Only the ends are
    exact under distortion: in more pieces, an edge follows the lens.
    """
    count = len(corners_ego)
    local = inward(pose_of(camera), corners_ego.reshape(-1, 3)).reshape(count, 8, 3)
    ends = local[:, EDGES]  # (M, 12, 2, 3)
    if pieces > 1:
        shares = np.linspace(0.0, 1.0, pieces + 1)[:, None]
        along = ends[:, :, :1] + shares * (ends[:, :, 1:] - ends[:, :, :1])  # (M, 12, pieces + 1, 3)
        ends = np.stack([along[:, :, :-1], along[:, :, 1:]], axis=3)
    ends = ends.reshape(-1, 2, 3)
    if camera.model != "kannala_brandt":
        ends = clipped_near(ends)
    pixels = project_from_camera(ends.reshape(-1, 3), camera)
    lines: Floats = pixels.reshape(count, 12 * pieces, 2, 2)
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

    With `clip`, around what of it lies on the picture; otherwise amodal, beyond the picture's edges. Where
    part of the cuboid is beyond the lens, to a sixteenth of an edge.
    """
    pieces = 1 if camera.model == "pinhole" else _BENT_PIECES
    lines = edges_on_picture(corners_ego[None], camera, pieces)[0].reshape(-1, 2)
    seen = lines[~np.isnan(lines).any(axis=1)]
    if not len(seen):
        return None
    left, top = (float(each) for each in seen.min(axis=0))
    right, bottom = (float(each) for each in seen.max(axis=0))
    width, height = camera.size
    if not width or not height or (left >= 0 and top >= 0 and right <= width and bottom <= height):
        return left, top, right, bottom
    if right <= 0 or bottom <= 0 or left >= width or top >= height:
        return None
    inside = _cut_to_picture(_hull(seen), float(width), float(height))
    if not inside:
        return None
    if clip:
        xs, ys = [x for x, _ in inside], [y for _, y in inside]
        left, top, right, bottom = min(xs), min(ys), max(xs), max(ys)
    return left, top, right, bottom


def _hull(points: Floats) -> list[XY]:
    """The convex outline of (N, 2) points (Andrew 1979)."""
    ordered = sorted({(float(x), float(y)) for x, y in points})
    rings: list[list[XY]] = []
    for run in (ordered, ordered[::-1]):
        ring: list[XY] = []
        for x, y in run:
            while len(ring) > 1:
                (x0, y0), (x1, y1) = ring[-2:]
                if (x1 - x0) * (y - y0) > (y1 - y0) * (x - x0):
                    break
                ring.pop()
            ring.append((x, y))
        rings.append(ring)
    return rings[0] + rings[1][1:-1]


def _cut_to_picture(outline: list[XY], width: float, height: float) -> list[XY]:
    """The part of a convex outline that lies on the picture (Sutherland and Hodgman 1974); may be empty."""
    for axis, sign, limit in ((0, 1.0, 0.0), (0, -1.0, -width), (1, 1.0, 0.0), (1, -1.0, -height)):
        kept: list[XY] = []
        for at, end in enumerate(outline):
            start = outline[at - 1]
            before, after = sign * start[axis] - limit, sign * end[axis] - limit
            if (before < 0) != (after < 0):
                share = before / (before - after)
                crossing = [start[0] + share * (end[0] - start[0]), start[1] + share * (end[1] - start[1])]
                crossing[axis] = sign * limit
                kept.append((crossing[0], crossing[1]))
            if after >= 0:
                kept.append(end)
        outline = kept
    return outline


def _coefficients(distortion: tuple[float, ...], count: int) -> list[float]:
    held = list(distortion[:count])
    return held + [0.0] * (count - len(held))


def _stretch(r2: Floats, distortion: tuple[float, ...]) -> Floats:
    """By how much a Brown-Conrady lens stretches what lies at a squared radius of the normal plane."""
    k1, k2, _, _, k3, k4, k5, k6 = _coefficients(distortion, 8)
    stretched: Floats = (1 + r2 * (k1 + r2 * (k2 + r2 * k3))) / (1 + r2 * (k4 + r2 * (k5 + r2 * k6)))
    return stretched


def _distorted(normal: Floats, camera: Calibration) -> Floats:
    _, _, p1, p2 = _coefficients(camera.distortion, 4)
    x, y = normal[:, 0], normal[:, 1]
    r2 = x * x + y * y
    radial = _stretch(r2, camera.distortion)
    return np.column_stack(
        [
            x * radial + 2 * p1 * x * y + p2 * (r2 + 2 * x * x),
            y * radial + p1 * (r2 + 2 * y * y) + 2 * p2 * x * y,
        ]
    )


@functools.lru_cache(maxsize=256)
def _furthest(distortion: tuple[float, ...]) -> float:
    """The radius of the normal plane up to which a Brown-Conrady lens keeps order; infinite for most.

    Beyond it, in some direction, the picture turns round. Looked for up to 89.5 degrees from the axis.
    """
    radii = np.tan(np.linspace(0.0, math.radians(89.5), 512))
    around = np.linspace(0.0, 2 * math.pi, 24, endpoint=False)
    normal = np.column_stack(
        [np.outer(radii, np.cos(around)).ravel(), np.outer(radii, np.sin(around)).ravel()]
    )
    turned = np.flatnonzero((_spread(normal, distortion) <= 0).reshape(512, 24).any(axis=1))
    return float(radii[turned[0] - 1]) if len(turned) else math.inf


def _spread(normal: Floats, distortion: tuple[float, ...]) -> Floats:
    """(N,) by how much the distortion stretches an area at (N, 2); negative where it has turned round."""
    (xx, xy), (yx, yy) = _slopes(normal, distortion)
    spread: Floats = xx * yy - xy * yx
    return spread


def _slopes(normal: Floats, distortion: tuple[float, ...]) -> tuple[tuple[Floats, Floats], ...]:
    """The distortion's Jacobian at (N, 2): how its x grows with x and y, how its y does."""
    k1, k2, p1, p2, k3, k4, k5, k6 = _coefficients(distortion, 8)
    x, y = normal[:, 0], normal[:, 1]
    r2 = x * x + y * y
    below = 1 + r2 * (k4 + r2 * (k5 + r2 * k6))
    stretch = _stretch(r2, distortion)
    rate = (k1 + r2 * (2 * k2 + 3 * r2 * k3) - stretch * (k4 + r2 * (2 * k5 + 3 * r2 * k6))) / below
    mixed = 2 * x * y * rate + 2 * p1 * x + 2 * p2 * y
    return (
        (stretch + 2 * x * x * rate + 2 * p1 * y + 6 * p2 * x, mixed),
        (mixed, stretch + 2 * y * y * rate + 6 * p1 * y + 2 * p2 * x),
    )


def _undistorted(wanted: Floats, camera: Calibration) -> Floats:
    """Newton's method from the inverse of the radial part alone; NaN where it does not come to `wanted`."""
    found = _without_stretch(wanted, camera)
    furthest = _furthest(camera.distortion)
    for _ in range(_ROUNDS):
        gap = wanted - _distorted(found, camera)
        if not np.any(np.abs(gap) > 1e-13):
            break
        (xx, xy), (yx, yy) = _slopes(found, camera.distortion)
        spread = xx * yy - xy * yx
        spread[np.abs(spread) < 1e-12] = np.nan
        found[:, 0] += (gap[:, 0] * yy - gap[:, 1] * xy) / spread
        found[:, 1] += (gap[:, 1] * xx - gap[:, 0] * yx) / spread
        # a step beyond where the lens keeps order never comes back to the right answer
        found[np.hypot(found[:, 0], found[:, 1]) > min(1.01 * furthest, 1e6)] = np.nan
    off = ~(np.abs(_distorted(found, camera) - wanted).max(axis=1, initial=0.0) < 1e-9)
    off |= np.hypot(found[:, 0], found[:, 1]) > furthest * (1 + 1e-6)
    found[off] = np.nan
    return found


def _without_stretch(wanted: Floats, camera: Calibration) -> Floats:
    """(N, 2): the radial part of the distortion taken back, by bisection; its limit where it has none."""
    radius = np.hypot(wanted[:, 0], wanted[:, 1])
    furthest = min(_furthest(camera.distortion), 1e6)
    high = np.full_like(radius, min(2.0, furthest))
    while furthest > 2.0 and len(high) and high[0] < furthest:
        if not np.any(high * _stretch(high * high, camera.distortion) < radius):
            break
        high = np.minimum(high * 2, furthest)
    low = np.zeros_like(radius)
    for _ in range(30):
        middle = (low + high) / 2
        less = middle * _stretch(middle * middle, camera.distortion) < radius
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    share = np.divide((low + high) / 2, radius, out=np.ones_like(radius), where=radius > 1e-12)
    found: Floats = wanted * share[:, None]
    return found


def _bend(theta: Floats, distortion: tuple[float, ...]) -> Floats:
    k1, k2, k3, k4 = _coefficients(distortion, 4)
    t2 = theta * theta
    bent: Floats = theta * (1 + t2 * (k1 + t2 * (k2 + t2 * (k3 + t2 * k4))))
    return bent


def _bent(points: Floats, camera: Calibration) -> Floats:
    """Kannala and Brandt 2006, as OpenCV's fisheye module writes it; NaN where the lens has turned round."""
    across = np.hypot(points[:, 0], points[:, 1])
    theta = np.arctan2(across, points[:, 2])
    radius = _bend(theta, camera.distortion)
    radius[theta > _widest(camera.distortion)] = np.nan
    share = np.divide(radius, across, out=np.ones_like(radius), where=across > 1e-12)
    return points[:, :2] * share[:, None]


def _unbent(normal: Floats, camera: Calibration) -> Floats:
    radius = np.hypot(normal[:, 0], normal[:, 1])
    low, high = np.zeros_like(radius), np.full_like(radius, _widest(camera.distortion))
    beyond = radius > _bend(high, camera.distortion) + 1e-9
    for _ in range(60):  # bisection: the bend grows over the whole range, whatever its coefficients
        middle = (low + high) / 2
        less = _bend(middle, camera.distortion) < radius
        low, high = np.where(less, middle, low), np.where(less, high, middle)
    theta = (low + high) / 2
    share = np.divide(np.sin(theta), radius, out=np.zeros_like(radius), where=radius > 1e-12)
    found: Floats = np.column_stack([normal * share[:, None], np.cos(theta)])
    found[beyond] = np.nan
    return found


@functools.lru_cache(maxsize=256)
def _widest(distortion: tuple[float, ...]) -> float:
    """The angle from the axis up to which a fisheye's bend still grows, at most half a turn."""
    k1, k2, k3, k4 = _coefficients(distortion, 4)
    slope = Polynomial([1, 3 * k1, 5 * k2, 7 * k3, 9 * k4]).trim(1e-15)  # by the squared angle
    zeros = slope.roots()
    falls = zeros.real[(np.abs(zeros.imag) < 1e-9) & (zeros.real > 0)]
    return min(math.pi, math.sqrt(float(falls.min(initial=10.0))))
