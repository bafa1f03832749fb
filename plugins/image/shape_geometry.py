"""Geometry of the shapes that lie on pictures: bounds, outline, moved and resized. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable

from msgspec.structs import replace

from studio.domain.entities import (
    AnyEntity,
    Box,
    Keypoints,
    PluginShape,
    Polygon,
    Polyline,
    RotatedBox,
)
from studio.domain.geometry import Rect, clipped, normalised

XY = tuple[float, float]
Movable = Box | RotatedBox | Polygon | Polyline | Keypoints

# The grips of a box, clockwise from the top left: which edges each one moves (left, top, right, bottom).
GRIPS: tuple[tuple[int, int, int, int], ...] = (
    (1, 1, 0, 0), (0, 1, 0, 0), (0, 1, 1, 0), (0, 0, 1, 0),
    (0, 0, 1, 1), (0, 0, 0, 1), (1, 0, 0, 1), (1, 0, 0, 0),
)  # fmt: skip


def rings_of(shape: AnyEntity) -> tuple[tuple[XY, ...], ...]:
    """The lines that a shape is drawn by, where it is more than its bounds; the outer one first."""
    match shape:
        case Polygon():
            return (shape.outline, *shape.holes)
        case Polyline():
            return (shape.points,)
        case RotatedBox():
            return (_corners(shape),)
        case Keypoints():
            return (tuple(xy for _, xy, seen in shape.points if seen),)
        case PluginShape():
            return (tuple((point[0], point[1]) for point in shape.anchors if len(point) >= 2),)
    return ()


def is_closed(shape: AnyEntity) -> bool:
    """Whether the last point of the lines is joined to the first."""
    return isinstance(shape, Polygon | RotatedBox)


def bounds_of(shape: AnyEntity) -> Rect | None:
    """Left, top, right, bottom in picture pixels; None for what has no place on a picture."""
    if isinstance(shape, Box):
        return normalised(shape.xyxy)
    points = [point for ring in rings_of(shape) for point in ring]
    if not points:
        return None
    xs, ys = [x for x, _ in points], [y for _, y in points]
    return min(xs), min(ys), max(xs), max(ys)


def _corners(box: RotatedBox) -> tuple[XY, ...]:
    cos, sin = math.cos(box.angle_rad), math.sin(box.angle_rad)
    half = box.size[0] / 2, box.size[1] / 2
    around = ((-half[0], -half[1]), (half[0], -half[1]), (half[0], half[1]), (-half[0], half[1]))
    return tuple((box.centre[0] + x * cos - y * sin, box.centre[1] + x * sin + y * cos) for x, y in around)


def holds(rings: tuple[tuple[XY, ...], ...], x: float, y: float) -> bool:
    """Whether a point lies inside an outline and outside its holes (even-odd rule)."""
    inside = False
    for ring in rings:
        for (x0, y0), (x1, y1) in zip(ring, (*ring[1:], *ring[:1]), strict=True):
            if (y0 > y) != (y1 > y) and x < (x1 - x0) * (y - y0) / (y1 - y0) + x0:
                inside = not inside
    return inside


def distance_to_line(ring: tuple[XY, ...], x: float, y: float, closed: bool) -> tuple[float, int]:
    """Pixels from a point to the nearest stretch of a line, and the index of the point it begins with."""
    ends = (*ring[1:], ring[0]) if closed else ring[1:]
    best = (math.inf, 0)
    for index, ((x0, y0), (x1, y1)) in enumerate(zip(ring, ends, strict=False)):
        length2 = (x1 - x0) ** 2 + (y1 - y0) ** 2
        along = 0.0 if length2 == 0 else ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length2
        along = min(max(along, 0.0), 1.0)
        away = math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0))
        best = min(best, (away, index))
    return best


def moved(shape: Movable, dx: float, dy: float) -> Movable:
    """The shape so many pixels further right and down."""
    match shape:
        case Box():
            left, top, right, bottom = shape.xyxy
            return replace(shape, xyxy=(left + dx, top + dy, right + dx, bottom + dy))
        case RotatedBox():
            return replace(shape, centre=(shape.centre[0] + dx, shape.centre[1] + dy))
        case Polygon():
            holes = tuple(_shifted(hole, dx, dy) for hole in shape.holes)
            return replace(shape, outline=_shifted(shape.outline, dx, dy), holes=holes)
        case Polyline():
            return replace(shape, points=_shifted(shape.points, dx, dy))
        case Keypoints():
            points = tuple((name, (x + dx, y + dy), seen) for name, (x, y), seen in shape.points)
            return replace(shape, points=points)


def _shifted(points: tuple[XY, ...], dx: float, dy: float) -> tuple[XY, ...]:
    return tuple((x + dx, y + dy) for x, y in points)


def room_to_move(bounds: Iterable[Rect], dx: float, dy: float, size: XY) -> XY:
    """As much of a move as keeps all of `bounds` on the picture; what is outside already may stay there."""
    rects = list(bounds)
    if not rects:
        return 0.0, 0.0
    low = min(r[0] for r in rects), min(r[1] for r in rects)
    high = max(r[2] for r in rects), max(r[3] for r in rects)
    kept = []
    for by, least, most, length in zip((dx, dy), low, high, size, strict=True):
        kept.append(min(max(by, min(-least, 0.0)), max(length - most, 0.0)))
    return kept[0], kept[1]


def resized(xyxy: Rect, grip: int, dx: float, dy: float, size: XY, centred: bool, keep_ratio: bool) -> Rect:
    """A box with one of its 8 grips dragged; clamped to the picture, turned over where it was dragged past.

    `centred` moves the opposite edges the other way, `keep_ratio` keeps the proportions at a corner.
    """
    left, top, right, bottom = GRIPS[grip]
    edges = list(xyxy)
    if keep_ratio and (left or right) and (top or bottom):
        dx, dy = _in_ratio(xyxy, dx * (1 if right else -1), dy * (1 if bottom else -1))
        dx, dy = dx * (1 if right else -1), dy * (1 if bottom else -1)
    for at, (moves, by) in enumerate(((left, dx), (top, dy), (right, dx), (bottom, dy))):
        edges[at] += moves * by
        if centred:
            edges[(at + 2) % 4] -= moves * by
    return clipped(normalised((edges[0], edges[1], edges[2], edges[3])), *size)


def _in_ratio(xyxy: Rect, grow_x: float, grow_y: float) -> XY:
    width, height = max(xyxy[2] - xyxy[0], 1e-9), max(xyxy[3] - xyxy[1], 1e-9)
    factor = max((width + grow_x) / width, (height + grow_y) / height)
    return width * (factor - 1), height * (factor - 1)
