"""What KITTI's object and tracking labels share: their lines, and boxes between the camera's axes and ours.

Geiger et al. (2012, 2013); the devkits' readme.txt. A box stands upright in the axes of the rectified camera
0 (x right, y down, z forward): its place is the middle of its bottom, its size height, width, length, and
`rotation_y` turns its length from the camera's x axis about y. Boxes on pictures count from pixel centres.
"""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from plugins.pointcloud.formats.calibration import CENTRE
from plugins.pointcloud.formats.shared import Solid, solid
from studio.domain.contracts.formats import Problem
from studio.domain.space import Pose, as_xyz, chained, inverse, matrix_of, quaternion_of, wrapped
from studio.domain.values import XYZ, Attributes, Value

TRUNCATED, OCCLUDED, SCORE = "truncated", "occluded", "score"
DONT_CARE = "DontCare"  # a part of the picture in which nothing is labelled: a box, and no cuboid
OBJECT_WORDS, TRACKING_WORDS = (15, 16), (17, 18)
NO_PLACE = (-1000.0, -1000.0, -1000.0)
UNSAID = -1.0
_NO_ALPHA = -10.0
_NOWHERE = (-10.0, -1.0, -1.0)
_TILT = 1e-3  # radians from upright beyond which a box is another one when it is written upright

Rect = tuple[float, float, float, float]


class Row(NamedTuple):
    """One line: a box on the picture, and one in space where it has one."""

    class_name: str
    truncated: float  # 0 to 1; in tracking 0, 1 or 2; less than 0: unsaid
    occluded: int  # 0 seen, 1 partly hidden, 2 largely hidden, 3 unknown; less than 0: unsaid
    box: Rect  # left, top, right, bottom, from pixel centres
    size: XYZ  # height, width, length
    place: XYZ
    rotation_y: float
    score: float | None = None
    frame: int = 0
    track: int = -1

    @property
    def attributes(self) -> Attributes:
        """What is said of it beside its class and geometry."""
        said: dict[str, Value] = {}
        if self.truncated >= 0:
            said[TRUNCATED] = self.truncated
        if self.occluded >= 0:
            said[OCCLUDED] = self.occluded
        if self.score is not None:
            said[SCORE] = self.score
        return tuple(sorted(said.items()))


def rows_of(text: str, words: Sequence[int], path: str) -> Iterator[Row | Problem]:
    """Every line that is a label of so many words; the others are named."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield row_of(line, words)
        except ValueError as error:
            yield Problem(
                path=path,
                code="import.bad_line",
                message=f"Line {number} is no label of KITTI ({error}); it was left out.",
                hint="Mend the line, or draw the box here.",
            )


def row_of(line: str, words: Sequence[int]) -> Row:
    """The label of one line. Raises ValueError."""
    held = line.split()
    if len(held) not in words:
        raise ValueError(f"it has {len(held)} words, not {' or '.join(map(str, words))}")
    frame, track = 0, -1
    if words == TRACKING_WORDS:
        frame, track, held = _whole(held[0]), _whole(held[1]), held[2:]
        if not 0 <= frame <= 10_000_000:
            raise ValueError(f"the frame is {frame}")
    numbers = [float(word) for word in held[1:]]
    if not all(map(math.isfinite, numbers)):
        raise ValueError("a value is not finite")
    truncated, occluded, _, left, top, right, bottom, height, width, length, x, y, z, turn = numbers[:14]
    return Row(
        held[0],
        truncated,
        int(occluded),
        (left, top, right, bottom),
        (height, width, length),
        (x, y, z),
        turn,
        numbers[14] if len(numbers) > 14 else None,
        frame,
        track,
    )


def _whole(word: str) -> int:
    number = float(word)
    if not number.is_integer():
        raise ValueError(f"{word[:20]!r} is no whole number")
    return int(number)


def solid_of(row: Row, rectified: Pose) -> Solid | None:
    """The box in space in the ego frame, `rectified` being the camera in it; None where the row has none.

    Raises ValueError for one that cannot be.
    """
    height, width, length = row.size
    if max(row.size) <= 0 or row.place == NO_PLACE:
        return None
    x, y, z = row.place
    cos, sin = math.cos(row.rotation_y), math.sin(row.rotation_y)
    # its own x axis along its length, y to its left, z up
    axes = np.array([[cos, sin, 0.0], [0.0, 0.0, -1.0], [-sin, cos, 0.0]])
    pose = chained(rectified, Pose((x, y - height / 2, z), quaternion_of(axes)))
    return solid(pose.translation, (length, width, height), pose.rotation)


def placed(box: Solid, rectified: Pose) -> tuple[XYZ, XYZ, float, bool]:
    """The inverse of `solid_of`: size, place, rotation_y, and whether the box stood upright there."""
    pose = chained(inverse(rectified), Pose(box.centre, box.rotation))
    axes = matrix_of(pose.rotation)
    length, width, height = box.size
    x, y, z = pose.translation
    upright = math.acos(max(-1.0, min(1.0, -float(axes[1, 2])))) <= _TILT
    rotation_y = wrapped(math.atan2(-float(axes[2, 0]), float(axes[0, 0])))
    return (height, width, length), as_xyz(np.array([x, y + height / 2, z])), rotation_y, upright


def on_picture(row: Row) -> Rect | None:
    """The box on the picture, from the outer corner of the first pixel; None where the row has none."""
    left, top, right, bottom = (each + CENTRE for each in row.box)
    return (left, top, right, bottom) if right > left and bottom > top else None


def line_of(row: Row, *, tracking: bool) -> str:
    """A row as its file has it, without the end of the line."""
    alpha = _NO_ALPHA
    if row.place != NO_PLACE:
        alpha = wrapped(row.rotation_y - math.atan2(row.place[0], row.place[2]))
    size, place, rotation_y = row.size, row.place, row.rotation_y
    if tracking and place == NO_PLACE:  # each benchmark has its own way to say so
        size, place, rotation_y = NO_PLACE, _NOWHERE, UNSAID
    numbers = (*row.box, *size, *place, rotation_y)
    words = ["_".join(row.class_name.split()) or "_", _said(row.truncated), str(row.occluded), _said(alpha)]
    words += [_said(each) for each in numbers]
    if row.score is not None:
        words.append(_said(row.score))
    if tracking:
        words = [str(row.frame), str(row.track), *words]
    return " ".join(words)


def _said(value: float) -> str:
    """To nine digits behind the point, without noughts at the end."""
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
