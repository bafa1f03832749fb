"""What one camera's pixel or box says in another's picture, and which camera sees a cuboid best."""

import math
from collections.abc import Sequence

import numpy as np
from msgspec import Struct

from studio.domain.cameras import box_on_picture, lifted, project
from studio.domain.entities import Box, Calibration
from studio.domain.geometry import Rect
from studio.domain.space import Floats
from studio.domain.values import XY

NEAR_M, FAR_M = 1.0, 120.0  # how far along a ray a thing may be
_STEPS = 96  # in which a line is drawn: lenses bend it
_BESIDE = 0.5  # of the picture's size, outside of which a line is cut off


class ImageBox(Struct, frozen=True):
    """The box of a cuboid on a picture: all of it, what lies on the picture, and a person's own in its place.

    residual_px: how far the farthest side of the pinned box is from the computed one; None without one.
    """

    amodal: Rect
    clipped: Rect
    pinned: Rect | None = None
    residual_px: float | None = None


def image_box(corners_ego: Floats, camera: Calibration, pinned: Box | None = None) -> ImageBox | None:
    """Of a cuboid's (8, 3) corners; None where the camera sees nothing of it. Raises `calibration.broken`."""
    amodal, clipped = box_on_picture(corners_ego, camera, clip=False), box_on_picture(corners_ego, camera)
    if amodal is None or clipped is None:
        return None
    if pinned is None:
        return ImageBox(amodal, clipped)
    # people draw boxes with or without what lies outside of the picture: the nearer one is meant
    off = min(float(np.abs(np.subtract(pinned.xyxy, each)).max()) for each in (amodal, clipped))
    return ImageBox(amodal, clipped, pinned.xyxy, off)


def ray_in(
    pixel: XY, camera: Calibration, other: Calibration, near: float = NEAR_M, far: float = FAR_M
) -> list[Floats]:
    """Where what is at a pixel of one camera may be seen in the other: lines of (n, 2) pixels, n at least 2.

    From `near` to `far` metres along the ray; bent as the other's lens bends it, cut where it is not seen.
    Raises `calibration.broken`.
    """
    depths = np.geomspace(near, far, _STEPS)
    return _shown(lifted(np.tile([pixel], (_STEPS, 1)), depths, camera), other)


def frustum_in(
    rect: Rect, camera: Calibration, other: Calibration, near: float = NEAR_M, far: float = FAR_M
) -> list[Floats]:
    """What a box of one camera shows, as the other sees it: four rays, and the box at both ends of them.

    As `ray_in`.
    """
    left, top, right, bottom = rect
    ring = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    lines = [line for corner in ring for line in ray_in((corner[0], corner[1]), camera, other, near, far)]
    shares = np.linspace(0.0, 1.0, 13)[:-1, None]
    around = np.concatenate(
        [a + shares * (b - a) for a, b in zip(ring, np.roll(ring, -1, axis=0), strict=True)]
    )
    around = np.vstack([around, around[:1]])
    for depth in (near, far):
        lines += _shown(lifted(around, np.full(len(around), depth), camera), other)
    return lines


def best_camera(corners_ego: Floats, cameras: Sequence[Calibration]) -> int | None:
    """The place of the camera that sees the largest share of a cuboid, nearest its middle; None for none.

    corners_ego: (8, 3). Raises `calibration.broken`.
    """
    ranked = []
    for place, camera in enumerate(cameras):
        box = image_box(corners_ego, camera)
        if box is not None:
            share = _area(box.clipped) / max(_area(box.amodal), 1e-9)
            ranked.append((share - 0.3 * _off_middle(box.clipped, camera), -place))
    return -max(ranked)[1] if ranked else None


def _area(rect: Rect) -> float:
    return max(rect[2] - rect[0], 0.0) * max(rect[3] - rect[1], 0.0)


def _off_middle(rect: Rect, camera: Calibration) -> float:
    """How far from the middle of the picture a box's middle is, as a share of half a diagonal."""
    width, height = camera.size
    x, y = (rect[0] + rect[2] - width) / 2, (rect[1] + rect[3] - height) / 2
    return math.hypot(x, y) / max(math.hypot(width, height) / 2, 1.0)


def _shown(points_ego: Floats, camera: Calibration) -> list[Floats]:
    """A line through (n, 3) points in pixels, in as many parts as are seen on or just beside the picture."""
    pixels = project(points_ego, camera)
    size = np.array(camera.size, np.float64)
    with np.errstate(invalid="ignore"):
        is_near = ((pixels > -_BESIDE * size) & (pixels < (1 + _BESIDE) * size)).all(axis=1)
    if not size.all():
        is_near = ~np.isnan(pixels).any(axis=1)
    breaks = np.flatnonzero(np.diff(is_near.astype(np.int8))) + 1
    parts = np.split(np.arange(len(pixels)), breaks)
    return [pixels[part] for part in parts if len(part) > 1 and is_near[part[0]]]
