"""Geometry of boxes, in pixels: pure functions over numpy, the same for canvas, metrics and formats."""

import numpy as np
from numpy.typing import NDArray

from studio.domain.entities import AnyShape, Box, Keypoints, Polygon, Polyline, RotatedBox

Floats = NDArray[np.float64]
Rect = tuple[float, float, float, float]


def normalised(xyxy: Rect) -> Rect:
    """The same box with left <= right and top <= bottom."""
    left, top, right, bottom = xyxy
    return min(left, right), min(top, bottom), max(left, right), max(top, bottom)


def clipped(xyxy: Rect, width: float, height: float) -> Rect:
    """The part of a box that lies on a picture of this size; may be empty (right == left)."""
    left, top, right, bottom = xyxy
    return (
        min(max(left, 0.0), width),
        min(max(top, 0.0), height),
        min(max(right, 0.0), width),
        min(max(bottom, 0.0), height),
    )


def bounding_box(shape: AnyShape) -> Rect | None:
    """The smallest upright box around a shape of a picture, in pixels; None where it has none."""
    match shape:
        case Box():
            return shape.xyxy
        case RotatedBox():
            cos, sin = abs(np.cos(shape.angle_rad)), abs(np.sin(shape.angle_rad))
            half_x = (shape.size[0] * cos + shape.size[1] * sin) / 2
            half_y = (shape.size[0] * sin + shape.size[1] * cos) / 2
            x, y = shape.centre
            return float(x - half_x), float(y - half_y), float(x + half_x), float(y + half_y)
        case Polygon():
            return _around(shape.outline)
        case Polyline():
            return _around(shape.points)
        case Keypoints():
            return _around(tuple(xy for _, xy, seen in shape.points if seen))
        case _:
            return None


def areas(boxes: Floats) -> Floats:
    """(N, 4) xyxy -> (N,) square pixels; a turned-around box has area 0."""
    return np.clip(boxes[:, 2] - boxes[:, 0], 0, None) * np.clip(boxes[:, 3] - boxes[:, 1], 0, None)


def iou_matrix(first: Floats, second: Floats) -> Floats:
    """(N, 4) and (M, 4) xyxy -> (N, M) intersection over union; 0 where both are empty."""
    low = np.maximum(first[:, None, :2], second[None, :, :2])
    high = np.minimum(first[:, None, 2:], second[None, :, 2:])
    inter: Floats = np.prod(np.clip(high - low, 0, None), axis=2)
    union = areas(first)[:, None] + areas(second)[None, :] - inter
    out: Floats = np.zeros_like(inter)
    np.divide(inter, union, out=out, where=union > 0)
    return out


def topmost_at(boxes: Floats, x: float, y: float, margin: float = 0.0) -> int | None:
    """Index of the box under a point, the smallest of those that hold it; None where there is none.

    boxes: (N, 4) xyxy. `margin` widens each by so many pixels. One pass, no copy of `boxes`.
    """
    if not len(boxes):
        return None
    inside = (
        (boxes[:, 0] - margin <= x)
        & (x <= boxes[:, 2] + margin)
        & (boxes[:, 1] - margin <= y)
        & (y <= boxes[:, 3] + margin)
    )
    hits = np.flatnonzero(inside)
    if not len(hits):
        return None
    return int(hits[np.argmin(areas(boxes[hits]))])


def _around(points: tuple[tuple[float, float], ...]) -> Rect | None:
    if not points:
        return None
    x, y = [each[0] for each in points], [each[1] for each in points]
    return min(x), min(y), max(x), max(y)
