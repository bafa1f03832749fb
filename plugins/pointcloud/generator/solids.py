"""Convex solids, and the bodies made of them: cars, vans, cyclists, lorries, people, clutter.

A body's own frame stands on the ground below its middle: x forward, y left, z up, metres. Each body fills its
cuboid exactly, so the cuboid is the label: every one of its six faces is touched.
"""

import math
from typing import NamedTuple

import numpy as np

from studio.domain.space import Floats
from studio.domain.values import XYZ

Colour = tuple[int, int, int]

GLASS: Colour = (58, 72, 84)
RUBBER: Colour = (32, 32, 34)
SKIN: Colour = (203, 164, 134)


class Solid(NamedTuple):
    """The points p with `normals @ p <= offsets`, and how they look."""

    normals: Floats  # (P, 3), outward, of length 1
    offsets: Floats  # (P,)
    colour: Colour
    reflectivity: float = 0.5  # share of a lidar's light that comes back straight on


class Body(NamedTuple):
    """Solids that move as one. `centre` and `size` are of the cuboid that they fill, in the body's frame."""

    solids: tuple[Solid, ...]
    size: XYZ
    centre: XYZ


def extruded(
    outline: Floats, axis: int, low: float, high: float, colour: Colour, reflectivity: float = 0.5
) -> Solid:
    """An outline drawn out along an axis.

    outline: (K, 2), convex, counter-clockwise, in the two axes after `axis` in cyclic order (x y for z, y z
    for x, z x for y).
    """
    along = np.roll(outline, -1, axis=0) - outline
    across = np.column_stack([along[:, 1], -along[:, 0]]) / np.linalg.norm(along, axis=1, keepdims=True)
    count = len(outline)
    normals = np.zeros((count + 2, 3))
    normals[:count, (axis + 1) % 3] = across[:, 0]
    normals[:count, (axis + 2) % 3] = across[:, 1]
    normals[count, axis], normals[count + 1, axis] = -1.0, 1.0
    offsets = np.concatenate([(across * outline).sum(axis=1), [-low, high]])
    return Solid(normals, offsets, colour, reflectivity)


def block(low: XYZ, high: XYZ, colour: Colour, reflectivity: float = 0.5, cut: float = 0.0) -> Solid:
    """An upright box from corner to corner; its upright edges are cut off by `cut` metres."""
    (x0, y0, z0), (x1, y1, z1) = low, high
    if not cut:
        ring = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
    else:
        ring = [
            (x0 + cut, y0),
            (x1 - cut, y0),
            (x1, y0 + cut),
            (x1, y1 - cut),
            (x1 - cut, y1),
            (x0 + cut, y1),
            (x0, y1 - cut),
            (x0, y0 + cut),
        ]
    return extruded(np.array(ring), 2, z0, z1, colour, reflectivity)


def drum(centre: XYZ, radius: float, width: float, axis: int, colour: Colour, reflectivity: float) -> Solid:
    """Twelve-sided, about an axis through `centre`; touches its bounds in the other two axes."""
    angles = np.arange(12) * math.pi / 6
    ring = radius * np.column_stack([np.cos(angles), np.sin(angles)])
    middle = np.array([centre[(axis + 1) % 3], centre[(axis + 2) % 3]])
    half = width / 2
    return extruded(ring + middle, axis, centre[axis] - half, centre[axis] + half, colour, reflectivity)


def car(size: XYZ, colour: Colour, roof: float = 1.0) -> Body:
    """A car or van. `roof` 1 is a saloon's cabin; above it the cabin reaches further to both ends."""
    length, width, height = size
    half_l, half_w = length / 2, width / 2
    waist = height * (0.56 if roof <= 1 else 0.5)
    body = block(
        (-half_l, -half_w, 0.17 * height), (half_l, half_w, waist), colour, cut=min(0.35, 0.16 * width)
    )
    rear, front = (-0.47, 0.20) if roof <= 1 else (-0.49, 0.38)
    slant_rear, slant_front = (0.10, 0.13) if roof <= 1 else (0.02, 0.10)
    profile = [  # z x, counter-clockwise seen against y
        (waist, rear * length),
        (height, (rear + slant_rear) * length),
        (height, (front - slant_front) * length),
        (waist, front * length),
    ]
    cabin = extruded(np.array(profile), 1, -half_w + 0.1, half_w - 0.1, GLASS if roof <= 1 else colour, 0.25)
    radius = 0.21 * height if roof <= 1 else 0.17 * height
    return Body(
        (body, cabin, *_wheels((-0.32 * length, 0.30 * length), half_w - 0.12, radius)),
        size,
        (0.0, 0.0, height / 2),
    )


def tractor(size: XYZ, colour: Colour) -> Body:
    """The pulling half of an articulated lorry: a tall cab in front, a low frame behind."""
    length, width, height = size
    half_l, half_w = length / 2, width / 2
    cab = block((half_l - 2.3, -half_w, 0.45), (half_l, half_w, height), colour, cut=0.2)
    frame = block((-half_l, -0.5, 0.6), (half_l - 2.2, 0.5, 1.05), (70, 70, 74))
    wheels = _wheels((-half_l + 0.9, half_l - 1.3), half_w - 0.17, 0.5)
    return Body((cab, frame, *wheels), size, (0.0, 0.0, height / 2))


def trailer(size: XYZ, colour: Colour) -> Body:
    """The pulled half: a long box above its wheels."""
    length, width, height = size
    half_l, half_w = length / 2, width / 2
    box = block((-half_l, -half_w, 1.1), (half_l, half_w, height), colour, 0.7)
    frame = block((-half_l + 0.3, -0.45, 0.7), (half_l - 1.6, 0.45, 1.15), (60, 60, 64))
    wheels = _wheels((-half_l + 1.4, -half_l + 2.7), half_w - 0.17, 0.5)
    return Body((box, frame, *wheels), size, (0.0, 0.0, height / 2))


def bicycle(size: XYZ, colour: Colour) -> Body:
    """Two wheels, a frame, and a handlebar that gives it its width."""
    length, width, height = size
    radius, half = 0.34, length / 2
    return Body(
        (
            drum((half - radius, 0.0, radius), radius, 0.06, 1, RUBBER, 0.2),
            drum((-half + radius, 0.0, radius), radius, 0.06, 1, RUBBER, 0.2),
            block((-half + radius, -0.04, 0.45), (half - radius, 0.04, 0.62), colour, 0.6),
            block((-0.32, -0.08, 0.6), (-0.1, 0.08, 0.95), RUBBER, 0.2),
            block((half - 0.62, -width / 2, height - 0.08), (half - 0.5, width / 2, height), RUBBER, 0.4),
            block((half - 0.6, -0.04, 0.5), (half - 0.48, 0.04, height), colour, 0.6),
        ),
        size,
        (0.0, 0.0, height / 2),
    )


def rider(size: XYZ, colour: Colour) -> Body:
    """Who sits on the bicycle: legs down to the pedals, a bent back, a head; hovers above the ground."""
    length, width, height = size
    low, half_l, half_w = 0.4, length / 2, width / 2
    top = low + height
    return Body(
        (
            block((-half_l + 0.1, -0.2, low), (half_l - 0.15, -0.07, low + 0.55), (45, 48, 70), 0.3),
            block((-half_l + 0.1, 0.07, low), (half_l - 0.15, 0.2, low + 0.55), (45, 48, 70), 0.3),
            block((-half_l, -0.2, low + 0.5), (0.12, 0.2, top - 0.24), colour, cut=0.06),
            block((0.0, -half_w, low + 0.72), (half_l, -half_w + 0.1, low + 0.84), colour),
            block((0.0, half_w - 0.1, low + 0.72), (half_l, half_w, low + 0.84), colour),
            block((-0.1, -0.1, top - 0.26), (0.14, 0.1, top), SKIN, cut=0.05),
        ),
        size,
        (0.0, 0.0, low + height / 2),
    )


def pedestrian(size: XYZ, colour: Colour) -> Body:
    """Legs in mid-stride, a torso, arms and a head."""
    length, width, height = size
    half_l, half_w = length / 2, width / 2
    hip, shoulder = 0.48 * height, 0.84 * height
    return Body(
        (
            block((0.0, 0.03, 0.0), (half_l, 0.17, hip), (50, 55, 75), 0.3),
            block((-half_l, -0.17, 0.0), (0.0, -0.03, hip), (50, 55, 75), 0.3),
            block((-0.14, -half_w + 0.1, hip), (0.14, half_w - 0.1, shoulder), colour, cut=0.05),
            block((-0.2, half_w - 0.11, hip), (0.08, half_w, shoulder - 0.05), colour),
            block((-0.08, -half_w, hip), (0.2, -half_w + 0.11, shoulder - 0.05), colour),
            block((-0.1, -0.1, shoulder), (0.12, 0.1, height), SKIN, cut=0.05),
        ),
        size,
        (0.0, 0.0, height / 2),
    )


def pole(radius: float, height: float) -> Body:
    """A lamp post, or the like."""
    shaft = drum((0.0, 0.0, height / 2), radius, height, 2, (120, 122, 124), 0.6)
    return Body((shaft,), (2 * radius, 2 * radius, height), (0.0, 0.0, height / 2))


def wall(size: XYZ, colour: Colour) -> Body:
    """A wall or a house's front."""
    length, width, height = size
    low = -0.5  # so that no ray passes below it where the ground falls
    solid = block((-length / 2, -width / 2, low), (length / 2, width / 2, height), colour, 0.4)
    return Body((solid,), (length, width, height - low), (0.0, 0.0, (height + low) / 2))


def bush(radius: float, height: float) -> Body:
    """About as large as a person or half a car: what a careless detector takes for one."""
    lower = drum((0.0, 0.0, 0.35 * height), radius, 0.7 * height, 2, (62, 92, 48), 0.35)
    upper = drum((0.0, 0.0, 0.8 * height), 0.65 * radius, 0.4 * height, 2, (72, 104, 56), 0.35)
    return Body((lower, upper), (2 * radius, 2 * radius, height), (0.0, 0.0, height / 2))


def _wheels(along: tuple[float, ...], side: float, radius: float) -> tuple[Solid, ...]:
    return tuple(
        drum((x, sign * side, radius), radius, 0.24, 1, RUBBER, 0.15) for x in along for sign in (1.0, -1.0)
    )
