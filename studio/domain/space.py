"""Poses, rotations and cuboids in space: pure functions over numpy, the same for tools, formats and metrics.

Metres; ISO 8855 axes (x forward, y left, z up); quaternions x, y, z, w. A pose takes points of its own frame
into its parent's. Angles are radians in (-pi, pi].
"""

import bisect
import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.domain.entities import EgoPose
from studio.domain.values import XYZ, Quaternion
from studio.domain.wire.projects import Stream

Floats = NDArray[np.float64]
NO_TURN: Quaternion = (0.0, 0.0, 0.0, 1.0)


class Pose(NamedTuple):
    """Where a frame of reference stands in its parent: `parent = rotation * own + translation`."""

    translation: XYZ = (0.0, 0.0, 0.0)
    rotation: Quaternion = NO_TURN


# corner i of a cuboid lies at these signs of its half sizes
CORNER_SIGNS: Floats = np.array(
    [[x, y, z] for z in (-1.0, 1.0) for x, y in ((1.0, 1.0), (1.0, -1.0), (-1.0, -1.0), (-1.0, 1.0))]
)
# pairs of corners: the bottom ring, the top ring, the uprights
EDGES: NDArray[np.intp] = np.array(
    [[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7]]
)


def wrapped(angle: float) -> float:
    """The same angle in (-pi, pi]."""
    turned = math.remainder(angle, 2 * math.pi)
    return math.pi if turned == -math.pi else turned


def unit(rotation: Quaternion) -> Quaternion:
    """The same rotation with length 1 and w >= 0; no rotation where all four are 0."""
    largest = max(abs(each) for each in rotation)
    if largest == 0.0 or not math.isfinite(largest):
        return NO_TURN
    # by the largest first, so that no square of an odd file's numbers runs over or under
    scaled = [each / largest for each in rotation]
    length = math.sqrt(sum(each * each for each in scaled)) * (-1.0 if rotation[3] < 0 else 1.0)
    x, y, z, w = (each / length + 0.0 for each in scaled)
    return x, y, z, w


def matrix_of(rotation: Quaternion) -> Floats:
    """(3, 3): columns are the turned axes."""
    x, y, z, w = unit(rotation)
    return np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )


def quaternion_of(matrix: Floats) -> Quaternion:
    """The rotation nearest to a (3, 3) matrix (by singular values); mirroring is taken out."""
    u, _, vt = np.linalg.svd(np.asarray(matrix, dtype=np.float64).reshape(3, 3))
    r = u @ np.diag([1.0, 1.0, np.sign(np.linalg.det(u @ vt)) or 1.0]) @ vt
    # the largest of the four is computed first, so that none is lost to cancellation (Shepperd 1978)
    traces = np.array([r[0, 0] - r[1, 1] - r[2, 2], r[1, 1] - r[0, 0] - r[2, 2], r[2, 2] - r[0, 0] - r[1, 1]])
    trace = float(np.trace(r))
    if trace >= traces.max():
        q = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1], 1 + trace])
    else:
        i = int(np.argmax(traces))
        j, k = (i + 1) % 3, (i + 2) % 3
        q = np.zeros(4)
        q[i] = 1 + traces[i]
        q[j] = r[j, i] + r[i, j]
        q[k] = r[k, i] + r[i, k]
        q[3] = r[k, j] - r[j, k]
    x, y, z, w = (float(each) for each in q)
    return unit((x, y, z, w))


def turn(yaw: float = 0.0, pitch: float = 0.0, roll: float = 0.0) -> Quaternion:
    """Roll about x, then pitch about y, then yaw about z (intrinsic z-y'-x''), radians."""
    (cx, sx), (cy, sy), (cz, sz) = ((math.cos(a / 2), math.sin(a / 2)) for a in (roll, pitch, yaw))
    return unit(
        (
            sx * cy * cz - cx * sy * sz,
            cx * sy * cz + sx * cy * sz,
            cx * cy * sz - sx * sy * cz,
            cx * cy * cz + sx * sy * sz,
        )
    )


def angles_of(rotation: Quaternion) -> tuple[float, float, float]:
    """Yaw, pitch, roll as `turn` takes them; at a pitch of a quarter turn roll is 0."""
    r = matrix_of(rotation)
    pitch = math.asin(max(-1.0, min(1.0, -float(r[2, 0]))))
    if abs(r[2, 0]) > 1 - 1e-12:
        return wrapped(math.atan2(-float(r[0, 1]), float(r[1, 1]))), pitch, 0.0
    yaw = math.atan2(float(r[1, 0]), float(r[0, 0]))
    return wrapped(yaw), pitch, wrapped(math.atan2(float(r[2, 1]), float(r[2, 2])))


def yaw_of(rotation: Quaternion) -> float:
    """The heading: the angle of the turned x axis about z."""
    return angles_of(rotation)[0]


def joined(first: Quaternion, second: Quaternion) -> Quaternion:
    """`second`, then `first`: the rotation of `matrix_of(first) @ matrix_of(second)`."""
    x1, y1, z1, w1 = first
    x2, y2, z2, w2 = second
    return unit(
        (
            w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
            w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
            w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
            w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
        )
    )


def undone(rotation: Quaternion) -> Quaternion:
    """The rotation that takes `rotation` back."""
    x, y, z, w = unit(rotation)
    return unit((-x, -y, -z, w))


def between(first: Quaternion, second: Quaternion, share: float) -> Quaternion:
    """Spherical interpolation, the short way round; `share` 0 is `first`, 1 `second`, beyond extrapolates."""
    a, b = np.array(unit(first)), np.array(unit(second))
    dot = float(a @ b)
    if dot < 0:
        b, dot = -b, -dot
    angle = math.acos(min(1.0, dot))
    if angle < 1e-9:
        mixed = a + share * (b - a)
    else:
        mixed = (math.sin((1 - share) * angle) * a + math.sin(share * angle) * b) / math.sin(angle)
    x, y, z, w = (float(each) for each in mixed)
    return unit((x, y, z, w))


def outward(pose: Pose, points: Floats) -> Floats:
    """(N, 3) points of the pose's own frame, in its parent's."""
    moved: Floats = points @ matrix_of(pose.rotation).T + np.array(pose.translation)
    return moved


def inward(pose: Pose, points: Floats) -> Floats:
    """(N, 3) points of the parent, in the pose's own frame; the inverse of `outward`."""
    moved: Floats = (points - np.array(pose.translation)) @ matrix_of(pose.rotation)
    return moved


def chained(outer: Pose, inner: Pose) -> Pose:
    """`inner` stands in `outer`'s frame: where it stands in `outer`'s parent."""
    return Pose(
        as_xyz(outward(outer, np.array([inner.translation]))[0]), joined(outer.rotation, inner.rotation)
    )


def inverse(pose: Pose) -> Pose:
    """Where the parent stands in the pose's frame."""
    return Pose(as_xyz(inward(pose, np.zeros((1, 3)))[0]), undone(pose.rotation))


def as_xyz(point: Floats) -> XYZ:
    """A point as the plain value that entities hold."""
    x, y, z = (float(each) + 0.0 for each in point)
    return x, y, z


def as_matrix(pose: Pose) -> Floats:
    """(4, 4), homogeneous."""
    out = np.eye(4)
    out[:3, :3] = matrix_of(pose.rotation)
    out[:3, 3] = pose.translation
    return out


def as_pose(matrix: Floats) -> Pose:
    """Of a (4, 4) or (3, 4) homogeneous matrix; its rotation is made a proper one."""
    return Pose(as_xyz(np.asarray(matrix)[:3, 3]), quaternion_of(np.asarray(matrix)[:3, :3]))


def corners(centre: XYZ, size: XYZ, rotation: Quaternion) -> Floats:
    """(8, 3) corners of a cuboid in the order of `CORNER_SIGNS`: front left, front right, rear right, rear
    left, below and then above."""
    return outward(Pose(centre, rotation), CORNER_SIGNS * (np.array(size) / 2))


def within(
    points: Floats, centre: XYZ, size: XYZ, rotation: Quaternion, margin: float = 0.0
) -> NDArray[np.bool_]:
    """(N,) which of the (N, 3) points lie in a cuboid widened by `margin` metres on every side."""
    with np.errstate(invalid="ignore"):  # a point at infinity or nowhere lies in none
        local = np.abs(inward(Pose(centre, rotation), points))
    inside: NDArray[np.bool_] = np.all(local <= np.array(size) / 2 + margin, axis=1)
    return inside


def frame_time(stream: Stream, frame: int) -> int:
    """Nanoseconds of a frame on the item's clock; frames of no known time are 100 ms apart."""
    if frame < len(stream.times_ns):
        return stream.times_ns[frame]
    return round(frame * 1e9 / (stream.rate_hz or 10.0))


def frame_near(stream: Stream, time_ns: int) -> int:
    """The frame of a stream whose time is nearest."""
    if not stream.times_ns:
        found = round(time_ns * (stream.rate_hz or 10.0) / 1e9)
        return max(0, min(found, stream.frames - 1))
    return min(range(len(stream.times_ns)), key=lambda frame: abs(stream.times_ns[frame] - time_ns))


def ego_pose(poses: Sequence[EgoPose], time_ns: int) -> Pose:
    """Where the ego frame was at a time, between the poses around it; the nearest one outside of them.

    poses: sorted by `time_ns`. No pose: the ego frame is the world.
    """
    if not poses:
        return Pose()
    at = bisect.bisect_left(poses, time_ns, key=lambda each: each.time_ns)
    if at == 0 or at == len(poses):
        held = poses[min(at, len(poses) - 1)]
        return Pose(held.translation, unit(held.rotation))
    before, after = poses[at - 1], poses[at]
    share = (time_ns - before.time_ns) / (after.time_ns - before.time_ns)
    a, b = np.array(before.translation), np.array(after.translation)
    return Pose(as_xyz(a + share * (b - a)), between(before.rotation, after.rotation, share))
