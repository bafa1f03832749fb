"""A cuboid edited inside a camera's picture: which one is seen where a hand has moved it.

Calibrations are taken as they stand in the frame of the cuboid; `seen_from` gives them so where the ego car
moved between the sweep and the picture.
"""

import math
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.fitting.adjusting import P, Placed
from studio.domain.cameras import box_on_picture, lifted, pose_of, project
from studio.domain.entities import Calibration
from studio.domain.geometry import Rect
from studio.domain.space import (
    Floats,
    Pose,
    as_xyz,
    chained,
    corners,
    inverse,
    joined,
    outward,
    turn,
    wrapped,
    yaw_of,
)
from studio.domain.values import XY

SMALLEST_M = 0.1  # of a side
Grip = tuple[
    int, int, int
]  # -1, 0 or 1 along length, width, height: one is a face, two an edge, three a corner
BODY: Grip = (0, 0, 0)
Freedom = Literal[
    "front", "rear", "left", "right", "top", "bottom", "x", "y", "z", "yaw", "long", "wide", "high"
]

_FACES: dict[Freedom, tuple[int, int]] = {
    "front": (0, 1),
    "rear": (0, -1),
    "left": (1, 1),
    "right": (1, -1),
    "top": (2, 1),
    "bottom": (2, -1),
}
_PLACES: dict[Freedom, int] = {"x": 0, "y": 1, "z": 2}
_SIZES: dict[Freedom, int] = {"long": 0, "wide": 1, "high": 2}
_COSTS: dict[Freedom, float] = {"z": 2.0, "long": 4.0, "wide": 4.0, "high": 4.0}  # beside a metre across: 1
_ROUNDS = 25
_STEP = 1e-5  # metres and radians, of the numeric slopes
_FLAT = 0.05  # of a ray: how steeply it has to meet the floor for the floor to tell a distance
_UNSEEN_PX = 1e4  # how far off what no camera sees counts as
_SAME_PX = 0.5  # between two headings, at which the nearer one is meant
_MOST_M = 60.0  # that anything is moved by one drag


def seen_from(camera: Calibration, shift: Pose) -> Calibration:
    """The camera as it stands in the frame of a sweep; `shift` leads from there to the picture's moment."""
    pose = chained(inverse(shift), pose_of(camera))
    return replace(camera, translation=pose.translation, rotation=pose.rotation)


def grip_place(cuboid: Placed, grip: Grip) -> Floats:
    """(3,) where a face's middle, an edge's middle, a corner or the whole's middle is, ego."""
    own = np.array([grip]) * np.array(cuboid.size) / 2
    found: Floats = outward(Pose(cuboid.centre, cuboid.rotation), own)[0]
    return found


def move_grip(
    cuboid: P, camera: Calibration, grip: Grip, target: XY, *, keep_size: bool = False
) -> tuple[P, float]:
    """The cuboid whose grip is seen at `target` (pixels), and how many pixels it stays off it.

    A face goes along its own axis; an edge takes its two faces along; so does a corner of the floor, which
    stays in the plane of the floor; a corner of the roof keeps its distance from the camera. The faces
    opposite stay. The body keeps its height where it is seen from well above, otherwise its distance. With
    `keep_size`, the whole moves in the place of the faces. Raises `calibration.broken`.
    """
    wanted = np.array([target])
    if grip == BODY or (all(grip) and grip[2] > 0):
        return _carried(cuboid, camera, grip, wanted, keep_size)
    faces = [_face(axis, grip[axis]) for axis in range(3) if grip[axis] and not (axis == 2 and all(grip))]

    def off(changed: Placed) -> Floats:
        return _off(project(grip_place(changed, grip)[None], camera), wanted)

    return _solved(cuboid, off, faces, rigid=keep_size)


def turn_to(cuboid: P, camera: Calibration, target: XY, ahead_m: float = 1.0) -> tuple[P, float]:
    """Turned about the upright axis until the tip of its arrow, `ahead_m` before its front, is seen nearest.

    Raises `calibration.broken`.
    """
    wanted = np.array([target])

    def off(changed: Placed) -> Floats:
        tip = np.array([[changed.size[0] / 2 + ahead_m, 0.0, 0.0]])
        return _off(project(outward(Pose(changed.centre, changed.rotation), tip), camera), wanted)

    found = []
    # from each heading that is seen nearer than its neighbours: there may be two, and a hand means the next
    for offset in _valleys(
        lambda yaw: float(np.linalg.norm(off(_changed(cuboid, ["yaw"], np.array([yaw])))))
    ):
        turned, residual = _solved(_changed(cuboid, ["yaw"], np.array([offset])), off, ["yaw"])
        away = abs(wrapped(yaw_of(turned.rotation) - yaw_of(cuboid.rotation)))
        found.append((residual, away, turned))
    least = min(residual for residual, _, _ in found)
    residual, _, turned = min(
        (each for each in found if each[0] < least + _SAME_PX), key=lambda each: each[1]
    )
    return turned, residual


def _valleys(height: Callable[[float], float]) -> list[float]:
    """The angles, of thirty-six all round, that lie lower than both neighbours."""
    angles = np.linspace(0.0, 2 * math.pi, 36, endpoint=False)
    heights = np.array([height(float(angle)) for angle in angles])
    lower = (heights <= np.roll(heights, 1)) & (heights <= np.roll(heights, -1))
    return [wrapped(float(angle)) for angle in angles[lower]]


def move_rect(cuboid: P, camera: Calibration, rect: Rect, *, keep_size: bool = False) -> tuple[P, float]:
    """The cuboid that a moved box on the picture (left, top, right, bottom; amodal) is around.

    Its place first, its size where the place alone cannot, the heading never; as little as is needed. Returns
    it and the largest distance of a side in pixels. Raises `calibration.broken`.
    """
    wanted = np.array(rect)

    def off(changed: Placed) -> Floats:
        held = corners(changed.centre, changed.size, changed.rotation)
        return _off(_outline(held, camera), wanted)

    free: list[Freedom] = ["x", "y", "z"]
    if not keep_size:
        free += ["long", "wide", "high"]
    found, _ = _solved(cuboid, off, free)
    return found, float(np.abs(off(found)).max())


def _outline(held: Floats, camera: Calibration) -> Floats:
    """(4,) the amodal box of (8, 3) corners, also beside the picture; no number where it sees none."""
    box = box_on_picture(held, replace(camera, size=(0, 0)), clip=False)
    return np.full(4, np.nan) if box is None else np.array(box)


def _face(axis: int, sign: int) -> Freedom:
    return next(name for name, held in _FACES.items() if held == (axis, sign))


def _carried(cuboid: P, camera: Calibration, grip: Grip, wanted: Floats, keep_size: bool) -> tuple[P, float]:
    """The grip brought to a place on the ray of a pixel; the faces that meet there go with it."""
    place = grip_place(cuboid, grip)
    found = _on_ray(place, camera, wanted, is_level=grip == BODY)
    if found is None:
        return cuboid, float(np.hypot(*_off(project(place[None], camera), wanted)))
    if grip == BODY or keep_size:
        moved = replace(cuboid, centre=as_xyz(np.array(cuboid.centre) + found - place))
    else:
        own = _axes(cuboid).T @ (found - place)
        names: list[Freedom] = [_face(axis, grip[axis]) for axis in range(3)]
        moved = _changed(cuboid, names, own * np.array(grip))
    return moved, float(np.hypot(*_off(project(grip_place(moved, grip)[None], camera), wanted)))


def _on_ray(place: Floats, camera: Calibration, wanted: Floats, is_level: bool) -> Floats | None:
    """A place that is seen at a pixel: at the same height where that says a distance, or as far away."""
    eye = np.array(camera.translation)
    distance = float(np.linalg.norm(place - eye))
    ray = lifted(wanted, np.ones(1), camera)[0] - eye
    if np.isnan(ray).any():
        return None
    if is_level and abs(ray[2]) > _FLAT:
        reach = float((place[2] - eye[2]) / ray[2])
        if 0 < reach < 200.0:
            found: Floats = eye + reach * ray
            return found
    return eye + distance * ray


def _axes(cuboid: Placed) -> Floats:
    """(3, 3) columns: the cuboid's own axes."""
    found: Floats = (outward(Pose((0, 0, 0), cuboid.rotation), np.eye(3))).T
    return found


def _off(seen: Floats, wanted: Floats) -> Floats:
    found: Floats = np.nan_to_num((seen - wanted).ravel(), nan=_UNSEEN_PX)
    return found


def _changed(cuboid: P, free: Sequence[Freedom], amounts: Floats, rigid: bool = False) -> P:
    """The cuboid with faces moved outwards, its middle moved, turned and resized by these amounts."""
    half = np.array(cuboid.size) / 2
    low, high = -half, half.copy()
    centre, yaw = np.array(cuboid.centre), 0.0
    for name, amount in zip(free, amounts.tolist(), strict=True):
        if name in _FACES:
            axis, sign = _FACES[name]
            if rigid:
                low[axis] += sign * amount
                high[axis] += sign * amount
            elif sign > 0:
                high[axis] = max(high[axis] + amount, low[axis] + SMALLEST_M)
            else:
                low[axis] = min(low[axis] - amount, high[axis] - SMALLEST_M)
        elif name in _PLACES:
            centre[_PLACES[name]] += amount
        elif name in _SIZES:
            axis = _SIZES[name]
            grown = max(amount, SMALLEST_M - 2 * half[axis])
            low[axis] -= grown / 2
            high[axis] += grown / 2
        else:
            yaw += amount
    rotation = joined(turn(yaw), cuboid.rotation) if yaw else cuboid.rotation
    middle = centre + _axes(cuboid) @ ((low + high) / 2)
    return replace(cuboid, centre=as_xyz(middle), size=as_xyz(high - low), rotation=rotation)


def _solved(
    cuboid: P,
    off: Callable[[Placed], Floats],
    free: Sequence[Freedom],
    rigid: bool = False,
) -> tuple[P, float]:
    """Gauss and Newton's method from the cuboid as it is, damped, with the least change that does it.

    What hardly shows on the picture (less than a hundredth of what another change does) stays as it is.
    """

    def off_by(amounts: Floats) -> Floats:
        return off(_changed(cuboid, free, amounts, rigid))

    costs = np.array([_COSTS.get(name, 1.0) for name in free])
    amounts = np.zeros(len(free))
    here = off_by(amounts)
    for _ in range(_ROUNDS):
        slopes = np.empty((len(here), len(free)))
        for k in range(len(free)):
            stepped = amounts.copy()
            stepped[k] += _STEP
            slopes[:, k] = (off_by(stepped) - here) / _STEP
        step = _least(slopes / costs, -here) / costs
        closer = _shortened(amounts, step, here, off_by)
        if closer is None:
            break
        moved = np.abs(closer[0] - amounts).max()
        amounts, here = closer
        if moved < 1e-9:
            break
    return _changed(cuboid, free, amounts, rigid), float(np.linalg.norm(here))


def _least(slopes: Floats, wanted: Floats) -> Floats:
    """The smallest step that does most of what is wanted."""
    u, s, vt = np.linalg.svd(slopes, full_matrices=False)
    kept = s > max(1e-2 * s.max(initial=0.0), 1e-6)
    found: Floats = vt[kept].T @ ((u[:, kept].T @ wanted) / s[kept])
    return found


def _shortened(
    amounts: Floats, step: Floats, here: Floats, off_by: Callable[[Floats], Floats]
) -> tuple[Floats, Floats] | None:
    """After as much of the step as brings the picture closer, and what is off then; None where none does."""
    before = float(here @ here)
    for _ in range(8):
        tried = np.clip(amounts + step, -_MOST_M, _MOST_M)
        there = off_by(tried)
        if float(there @ there) < before:
            return tried, there
        step = step / 2
    return None
