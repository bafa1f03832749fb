"""How a cuboid moves from one key frame to the next: arrays over many tracks at once.

Between two key frames speed and turn rate are constant in the world. Where the heading changes and lies along
the motion, as wheels make it, the way is an arc of a circle; where it does not (a pedestrian who turns, a
drifting label, a heading that was flipped), the way is straight. In between, the two are mixed, so that no
box leaps while a person turns it. The rotation follows the shortest great circle (slerp), at a constant rate.
"""

import numpy as np
from numpy.typing import NDArray

from studio.domain.space import Floats

# rows of a table with a column for each key frame
CENTRE, ROTATION, SIZE = slice(0, 3), slice(3, 7), slice(7, 10)  # in the world; x, y, z, w
TIME = 10  # seconds
RATE = 11  # 1 / seconds to the next key frame; 0 where none follows
ANGLE, PER_SINE = 12, 13  # between the two quaternions, and 1 / its sine (0: too small for one)
HALF_TURN, PER_HALF_SINE = 14, 15  # half of the change of yaw, and 1 / its sine (0: no turn)
ARC = 16  # how much of the way is an arc, 0 to 1
ROWS = 17

ALONG_RAD, ACROSS_RAD = (
    np.radians(20.0),
    np.radians(40.0),
)  # of heading and way: wholly an arc, and not at all
TURN_RAD, FLIP_RAD = np.radians(120.0), np.radians(165.0)  # a turn, and what is no turn any more


def table(
    centres: Floats, rotations: Floats, sizes: Floats, times_s: Floats, joined: NDArray[np.bool_]
) -> Floats:
    """(ROWS, K) of K key frames, those of one track beside each other and in order.

    centres (3, K), sizes (3, K) and rotations (4, K; any length but 0) stand in the world. joined: (K,)
    whether the next column carries on from this one.
    """
    count = len(times_s)
    out: Floats = np.zeros((ROWS, count))
    out[CENTRE], out[SIZE], out[TIME] = centres, sizes, times_s
    quaternions = rotations / np.linalg.norm(rotations, axis=0)
    if count < 2:
        out[ROTATION] = quaternions
        return out
    # q and -q are one rotation: each is given the sign nearer to the one before, so that slerp goes short
    away = (quaternions[:, 1:] * quaternions[:, :-1]).sum(axis=0) < 0
    signs = np.cumprod(np.concatenate([[1.0], np.where(away, -1.0, 1.0)]))
    starts = np.concatenate([[True], ~joined[:-1]])
    signs *= signs[np.flatnonzero(starts)[np.cumsum(starts) - 1]]  # each run by its own first one
    quaternions *= signs
    out[ROTATION] = quaternions
    on = np.flatnonzero(joined[:-1])
    out[RATE, on] = 1.0 / (times_s[on + 1] - times_s[on])
    cosine = np.clip((quaternions[:, on] * quaternions[:, on + 1]).sum(axis=0), -1.0, 1.0)
    angle = np.arccos(cosine)
    out[ANGLE, on] = angle
    out[PER_SINE, on] = _inverse(np.sin(angle))
    yaw = yaws(quaternions)
    turn = wrapped_angles(yaw[on + 1] - yaw[on])
    out[HALF_TURN, on] = turn / 2
    out[PER_HALF_SINE, on] = _inverse(np.sin(turn / 2))
    way = centres[:2, on + 1] - centres[:2, on]
    share = _arc_share(np.arctan2(way[1], way[0]), yaw[on], turn)
    out[ARC, on] = np.where(out[PER_HALF_SINE, on] == 0, 0.0, share)
    return out


def placed(rows: Floats, key: NDArray[np.intp], time_s: Floats) -> tuple[Floats, Floats, Floats]:
    """Centres (3, …), rotations (4, …; unit) and sizes (3, …) in the world at times, from key frames on.

    key: the column of the key frame at or before each time; times beyond the next one extrapolate. Where no
    key frame follows, it stands still. `key` and `time_s` have one shape.
    """
    follows = np.minimum(key + 1, rows.shape[1] - 1)
    share = (time_s - rows[TIME][key]) * rows[RATE][key]
    way = [rows[axis][follows] - rows[axis][key] for axis in range(3)]
    along, across = _arc(rows, key, share)
    centres: Floats = np.empty((3, *key.shape))
    centres[0] = rows[0][key] + along * way[0] - across * way[1]
    centres[1] = rows[1][key] + along * way[1] + across * way[0]
    centres[2] = rows[2][key] + share * way[2]
    angle, per_sine = rows[ANGLE][key], rows[PER_SINE][key]
    flat = per_sine == 0
    first = np.where(flat, 1 - share, np.sin((1 - share) * angle) * per_sine)
    second = np.where(flat, share, np.sin(share * angle) * per_sine)
    rotations: Floats = np.empty((4, *key.shape))
    for axis in range(4):
        row = rows[3 + axis]
        rotations[axis] = first * row[key] + second * row[follows]
    rotations /= np.sqrt(np.einsum("i...,i...->...", rotations, rotations))
    sizes: Floats = np.empty((3, *key.shape))
    for axis in range(3):
        row = rows[7 + axis]
        held = row[key]
        sizes[axis] = held + share * (row[follows] - held)
    return centres, rotations, sizes


def _arc(rows: Floats, key: NDArray[np.intp], share: Floats) -> tuple[Floats, Floats]:
    """How far along the chord and to its left, in lengths of the chord."""
    weight = rows[ARC][key]
    along, across = share.copy(), np.zeros_like(share)
    bent = np.flatnonzero(weight)  # flat: with several axes numpy would look for each one anew
    if not len(bent):
        return along, across
    keys, s, w = key.ravel()[bent], share.ravel()[bent], weight.ravel()[bent]
    half = rows[HALF_TURN][keys]
    # chord * e^(i (s - 1) half) * sin(s half) / sin(half): through both ends, turning at a constant rate
    reach = w * np.sin(s * half) * rows[PER_HALF_SINE][keys]
    phase = (s - 1) * half
    along.ravel()[bent] += reach * np.cos(phase) - w * s
    across.ravel()[bent] = reach * np.sin(phase)
    return along, across


def _arc_share(heading_of_way: Floats, yaw: Floats, turn: Floats) -> Floats:
    slip = np.abs(wrapped_angles(heading_of_way - yaw - turn / 2))
    slip = np.minimum(slip, np.pi - slip)  # backwards is along the heading too
    aligned = np.clip((ACROSS_RAD - slip) / (ACROSS_RAD - ALONG_RAD), 0, 1)
    turning = np.clip((FLIP_RAD - np.abs(turn)) / (FLIP_RAD - TURN_RAD), 0, 1)
    share: Floats = _eased(aligned) * _eased(turning)
    return share


def _eased(share: Floats) -> Floats:
    return share * share * (3 - 2 * share)


def _inverse(sines: Floats) -> Floats:
    out: Floats = np.zeros_like(sines)
    np.divide(1.0, sines, out=out, where=np.abs(sines) > 1e-9)
    return out


def yaws(rotations: Floats) -> Floats:
    """The headings of (4, …) unit quaternions, radians."""
    x, y, z, w = rotations
    found: Floats = np.arctan2(2 * (w * z + x * y), 1 - 2 * (y * y + z * z))
    return found


def wrapped_angles(angles: Floats) -> Floats:
    """The same angles in [-pi, pi)."""
    found: Floats = (angles + np.pi) % (2 * np.pi) - np.pi
    return found


def multiplied(first: Floats, second: Floats) -> Floats:
    """(4, …) quaternions: `second`, then `first`."""
    x1, y1, z1, w1 = first
    x2, y2, z2, w2 = second
    out: Floats = np.empty(np.broadcast_shapes(first.shape, second.shape))
    out[0] = w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2
    out[1] = w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2
    out[2] = w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2
    out[3] = w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2
    return out


def turned(matrices: Floats, points: Floats) -> Floats:
    """(3, F, …) points, each turned by the (3, 3) matrix of its own place on the second axis: (F, 3, 3)."""
    shape = (-1,) + (1,) * (points.ndim - 2)
    out: Floats = np.empty_like(points)
    x, y, z = points
    for i in range(3):
        a, b, c = (matrices[:, i, j].reshape(shape) for j in range(3))
        out[i] = a * x + b * y + c * z
    return out
