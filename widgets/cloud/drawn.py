"""What a cloud view is given to draw: arrays and styles, prepared by whoever knows what they mean. No Qt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from studio.domain.space import EDGES, NO_TURN, Floats, Pose, as_matrix, inverse
from studio.domain.values import XYZ, Quaternion

Mode = Literal["height", "intensity", "rgb", "label", "instance", "ring", "time", "plain"]
Ramp = Literal["turbo", "viridis", "grey"]
Dash = Literal["solid", "dash", "dot"]
PALETTE = 256

# what a point may have beside its place, with the type in which it lies ready to be drawn
FIELDS: dict[str, type] = {
    "intensity": np.float16,
    "time": np.float16,
    "ring": np.uint16,
    "rgb": np.uint8,  # three of them, kept as four
    "label": np.uint8,  # class of each point: place in the palette, 0 for none
    "instance": np.uint16,  # 0 for none
}


@dataclass(frozen=True, eq=False)
class CloudLayer:
    """One cloud: a lidar's sweep, an aggregate, a radar. Shuffled, so that its first N are a fair sample.

    xyz: (N, 3) float32, metres, own axes. fields: by name in `FIELDS`, (N,) or, for rgb, (N, 3).
    """

    key: str
    xyz: NDArray[np.float32]
    fields: dict[str, NDArray[np.generic]] = field(default_factory=dict)
    pose: Floats = field(default_factory=lambda: np.eye(4))  # (4, 4) from its own axes to the scene
    visible: bool = True
    expected: int = 0  # points that there will be in the end, so that room is made once
    color: str = ""  # of all its points, whatever the look says; empty: as the look says
    point_size: float = 0.0  # logical pixels; 0: as the look says


class Region(Struct, frozen=True):
    """A box in the scene; a size may be infinite."""

    centre: XYZ = (0.0, 0.0, 0.0)
    size: XYZ = (1.0, 1.0, 1.0)
    rotation: Quaternion = NO_TURN

    def matrix(self) -> Floats:
        """(4, 4) that takes the box to -1…1 along each axis."""
        half = np.maximum(np.array(self.size) / 2, 1e-6)
        found = np.eye(4)
        found[:3] = as_matrix(inverse(Pose(self.centre, self.rotation)))[:3] / half[:, None]
        return found


class Look(Struct, frozen=True):
    """How points are coloured and which are shown; none of it touches what the points are."""

    mode: Mode = "height"
    low: float = -2.0  # the values at the two ends of the ramp; height is the scene's z
    high: float = 4.0
    ramp: Ramp = "turbo"
    palette: bytes = b""  # RGBA of label 0, 1, …; transparent ones are not drawn. Empty: one is made up
    plain: str = "#c8d2e0"
    point_size: float = 2.0  # logical pixels
    relief: bool = True  # shadows behind what stands before, once the view rests
    slab: tuple[float, float] | None = None  # scene z, metres: what is above or below is not drawn
    crop: Region | None = None  # what is outside is not drawn…
    dim_outside: bool = False  # …or is drawn dark
    lit: Region | None = None  # points in it are drawn in `lit_color`
    lit_color: str = "#ffffff"


class LineStyle(Struct, frozen=True):
    """How lines are told apart."""

    color: str = "#2f7ed8"
    width: float = 1.5  # logical pixels
    dash: Dash = "solid"
    alpha: float = 1.0


@dataclass(frozen=True, eq=False)
class LineSet:
    """Segments in painting order: in the scene, or (N, 2, 2) in pixels of a picture.

    keys name what they belong to: `key_of` gives each segment's place in `keys`, -1 where it has none.
    """

    ends: Floats = field(default_factory=lambda: np.empty((0, 2, 3)))  # (N, 2, 3) metres
    style_of: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # (N,)
    styles: tuple[LineStyle, ...] = ()
    key_of: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # (N,) or empty
    keys: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.ends)


class Face(Struct, frozen=True):
    """A flat, filled patch of the scene: the front of a box, a lane's area."""

    points: tuple[XYZ, ...]
    color: str = "#2f7ed8"
    alpha: float = 0.25


class SpaceText(Struct, frozen=True):
    """A few words that stand at a point of the scene."""

    xyz: XYZ
    text: str
    color: str = "#2f7ed8"


class SpaceMark(Struct, frozen=True):
    """A place to look at: a pin with a word, or a ring that pulses."""

    xyz: XYZ
    text: str = ""
    kind: Literal["pin", "ring"] = "pin"
    radius_m: float = 0.0  # of a ring, metres around the point


class Grip(Struct, frozen=True):
    """A handle to take hold of; a square for a side or corner, a disc for turning."""

    xyz: XYZ
    kind: Literal["square", "disc"] = "square"
    hot: bool = False  # under the pointer


def cuboid_segments(corners: Floats, arrow: bool = True) -> Floats:
    """(M, 8, 3) corners as `space.corners` gives them -> (M * K, 2, 3) edges.

    K is 12, or with `arrow` 15: a line on the floor from the middle out of the front, and two barbs.
    """
    boxes = np.asarray(corners, np.float64).reshape(-1, 8, 3)
    edges = boxes[:, EDGES]
    if not arrow:
        return edges.reshape(-1, 2, 3)
    return np.concatenate([edges, _arrows(boxes)], axis=1).reshape(-1, 2, 3)


def _arrows(boxes: Floats) -> Floats:
    front, rear = boxes[:, 0:2].mean(axis=1), boxes[:, 2:4].mean(axis=1)
    left = boxes[:, 0] - boxes[:, 1]
    length = np.linalg.norm(front - rear, axis=1, keepdims=True)
    ahead = (front - rear) / np.maximum(length, 1e-9)
    reach = np.maximum(0.25 * length, 0.3)
    tip = front + ahead * reach
    across = left / np.maximum(np.linalg.norm(left, axis=1, keepdims=True), 1e-9) * reach * 0.4
    back = tip - ahead * reach * 0.5
    lines = [(front * 0.5 + rear * 0.5, tip), (tip, back + across), (tip, back - across)]
    return np.stack([np.stack(pair, axis=1) for pair in lines], axis=1)


def polyline_segments(points: Floats, closed: bool = False) -> Floats:
    """(N, 3) points -> (N - 1, 2, 3) segments, one more where it is closed; the same for (N, 2) pixels."""
    along = np.asarray(points, np.float64)
    if closed and len(along) > 2:
        along = np.vstack([along, along[:1]])
    return np.stack([along[:-1], along[1:]], axis=1)


def joined_lines(sets: Sequence[LineSet]) -> LineSet:
    """Several sets as one, in painting order."""
    held = [each for each in sets if len(each)]
    if not held:
        return LineSet()
    styles: list[LineStyle] = []
    keys: list[str] = []
    style_of, key_of = [], []
    for each in held:
        style_of.append(each.style_of + len(styles))
        mine = each.key_of if len(each.key_of) else np.full(len(each), -1, np.int32)
        key_of.append(np.where(mine >= 0, mine + len(keys), -1))
        styles.extend(each.styles)
        keys.extend(each.keys)
    return LineSet(
        np.concatenate([each.ends for each in held]),
        np.concatenate(style_of).astype(np.int32),
        tuple(styles),
        np.concatenate(key_of).astype(np.int32),
        tuple(keys),
    )


def one_style(ends: Floats, style: LineStyle, key: str = "") -> LineSet:
    """Segments that look alike and belong to one thing."""
    none = np.zeros(len(ends), np.int32)
    return LineSet(ends, none, (style,), none if key else none[:0], (key,) if key else ())
