"""Points as a lidar would see them: the sides of cuboids that face it, and the ground around them."""

import numpy as np

from studio.domain.overlap import cuboid_iou
from studio.domain.space import Floats, Pose, inward, outward, turn, yaw_of
from studio.domain.values import XYZ, Quaternion

SENSOR: XYZ = (0.0, 0.0, 1.8)


def seen_sides(
    centre: XYZ, size: XYZ, yaw: float, seed: int = 0, per_m2: float = 30.0, noise_m: float = 0.01
) -> Floats:
    """(N, 3) points on the faces that look at the sensor, floor left out."""
    rng = np.random.default_rng(abs(seed))
    pose, half = Pose(centre, turn(yaw)), np.array(size) / 2
    eye = inward(pose, np.array([SENSOR]))[0]
    faces = []
    for axis in range(3):
        for sign in (-1.0, 1.0):
            if eye[axis] * sign <= half[axis] or (axis == 2 and sign < 0):
                continue
            others = [each for each in range(3) if each != axis]
            area = 4 * half[others[0]] * half[others[1]]
            some = rng.uniform(-1, 1, (max(int(area * per_m2), 8), 3)) * half
            some[:, axis] = sign * half[axis]
            faces.append(some)
    points = np.concatenate(faces)
    return outward(pose, points + rng.normal(0, noise_m, points.shape))


def ground_around(
    place: tuple[float, float], seed: int = 0, slope: tuple[float, float] = (0.0, 0.0), reach: float = 20.0
) -> Floats:
    """(N, 3) points of tilted ground around a place; it is at height 0 in the origin."""
    rng = np.random.default_rng(seed + 1)
    xy = np.array(place) + rng.uniform(-reach, reach, (int(4 * reach * reach), 2))
    return np.column_stack([xy, xy @ slope + rng.normal(0, 0.02, len(xy))])


def without_under(points: Floats, centre: XYZ, size: XYZ, yaw: float) -> Floats:
    """The points that a cuboid does not stand over."""
    local = np.abs(inward(Pose(centre, turn(yaw)), points))[:, :2]
    return points[~(local <= np.array(size[:2]) / 2).all(axis=1)]


def overlap(first: tuple[XYZ, XYZ, Quaternion], second: tuple[XYZ, XYZ, Quaternion]) -> float:
    """Intersection over union of two upright cuboids."""
    rows = [np.array([[*centre, *size, yaw_of(rotation)]]) for centre, size, rotation in (first, second)]
    return float(cuboid_iou(*rows)[0, 0])
