"""The sweeps beside the main lidar's as layers: shown or not, in which colour, with which arrows. No Qt."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from studio.domain.space import Floats
from widgets.cloud.drawn import LineSet, LineStyle, one_style

SETTING = "pointcloud.layers"
RADAR_COLOR, RADAR_SIZE = "#ffa41b", 5.0
AHEAD_S = 1.0  # an arrow ends where the thing would be then
LEAST_MS = 0.3  # metres a second, from which on there is an arrow
BARB_SHARE, BARB_M = 0.25, 0.8  # of an arrow's length, and at most


class LayerLook(Struct, frozen=True):
    """How one sensor's points are looked at."""

    shown: bool = True
    color: str = ""  # of all its points; empty: they are coloured as all others
    point_size: float = 0.0  # logical pixels; 0: as all others
    arrows: bool = True  # where its points have velocities


def usual_look(has_velocity: bool) -> LayerLook:
    """Before anybody chose: a radar's few points stand out."""
    return LayerLook(color=RADAR_COLOR, point_size=RADAR_SIZE) if has_velocity else LayerLook()


def encoded(looks: Mapping[str, LayerLook]) -> str:
    return msgspec.json.encode(dict(looks)).decode()


def decoded(text: str) -> dict[str, LayerLook]:
    """By stream; nothing where the text is not of this version."""
    try:
        return msgspec.json.decode(text, type=dict[str, LayerLook]) if text else {}
    except msgspec.DecodeError:
        return {}


def arrows(points: Floats, velocities: NDArray[np.floating], color: str) -> LineSet:
    """One for each point that moves, as far as it goes in a second.

    points: (N, 3) metres and velocities (N, 3) m/s, both along the axes of the scene.
    """
    along = np.asarray(velocities, np.float64) * AHEAD_S
    moves = np.linalg.norm(along, axis=1) >= LEAST_MS * AHEAD_S
    start, along = points[moves], along[moves]
    tip = start + along
    length = np.linalg.norm(along, axis=1, keepdims=True)
    back = along / length * np.minimum(length * BARB_SHARE, BARB_M)
    # barbs lie as flat as they can: an arrow that points straight up has them along x
    across = np.cross(back, [0.0, 0.0, 1.0])
    upright = np.linalg.norm(across, axis=1) < 1e-6
    across[upright] = np.cross(back[upright], [0.0, 1.0, 0.0])
    across *= 0.5
    ends = [(start, tip), (tip, tip - back + across), (tip, tip - back - across)]
    lines = np.stack([np.stack(pair, axis=1) for pair in ends], axis=1).reshape(-1, 2, 3)
    return one_style(lines, LineStyle(color, 1.5))
