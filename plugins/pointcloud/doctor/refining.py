"""A calibration moved by hand in six ways, and by itself to where edges lie on edges best."""

import math
from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from plugins.pointcloud.doctor.edges import Prepared, edge_score
from studio.domain.entities import Calibration
from studio.domain.space import Floats, joined
from studio.domain.values import Quaternion

# x, y, z: the camera ahead, to the left and up, metres in the car's axes. pan, tilt, roll: radians about the
# camera's own axes: its view goes to the right, up, and the picture's right side down
Way = Literal["x", "y", "z", "pan", "tilt", "roll"]
WAYS: tuple[Way, ...] = get_args(Way)
_PLACES: dict[Way, int] = {"x": 0, "y": 1, "z": 2}
_FIRST = {"x": 0.08, "y": 0.08, "z": 0.08, "pan": 0.012, "tilt": 0.012, "roll": 0.012}  # steps
_LAST = 1 / 32  # of the first steps, with which the search ends
# what is moved this far costs a standard error: a camera's place hardly shows, and wanders with the noise
_DOUBT = {"x": 0.15, "y": 0.15, "z": 0.15, "pan": 0.03, "tilt": 0.03, "roll": 0.03}


Told = Callable[[float], object]  # hears how far the work is, 0 to 1; what it raises ends it


def untold(_share: float) -> None:
    """Nobody asks how far it is."""


class Refined(Struct, frozen=True):
    """Where the search ended, what it moved, and the edge score before and after."""

    camera: Calibration
    moved: dict[Way, float]
    before: float
    after: float


def nudge(camera: Calibration, way: Way, amount: float) -> Calibration:
    """The camera moved one way: metres for x, y, z and radians for pan, tilt, roll."""
    if way in _PLACES:
        place = list(camera.translation)
        place[_PLACES[way]] += amount
        return replace(camera, translation=(place[0], place[1], place[2]))
    half, cos = math.sin(amount / 2), math.cos(amount / 2)
    # its own axes: x right, y down, z ahead
    own: dict[Way, Quaternion] = {
        "pan": (0.0, half, 0.0, cos),
        "tilt": (half, 0.0, 0.0, cos),
        "roll": (0.0, 0.0, half, cos),
    }
    return replace(camera, rotation=joined(camera.rotation, own[way]))


def nudged(camera: Calibration, moves: dict[Way, float]) -> Calibration:
    """Moved all these ways, in the order of `WAYS`."""
    for way in WAYS:
        if moves.get(way):
            camera = nudge(camera, way, moves[way])
    return camera


def refine(
    camera: Calibration, views: Sequence[Prepared], ways: Sequence[Way] = WAYS, told: Told = untold
) -> Refined:
    """The camera moved to the nearest place with the best edge score; a second or two for each view.

    Looks about 2 degrees and 20 cm around. A search along one way after the other, first over edges that
    are spread wide, then over fine ones, with steps that are halved. Raises `calibration.broken`.
    """
    amounts = np.zeros(len(ways))
    for spread, first, last in (("coarse", 1.0, 1 / 8), ("fine", 1 / 4, _LAST)):
        step = first
        best = _worth(camera, views, ways, amounts, spread)
        while step >= last:
            told(min(math.log2(first / step) / 8 + (0.5 if spread == "fine" else 0.0), 1.0))
            amounts, found = _stepped(camera, views, ways, amounts, spread, step, best)
            if found <= best:
                step /= 2
            best = found
    moved = {way: float(amount) for way, amount in zip(ways, amounts, strict=True)}
    after = nudged(camera, moved)
    return Refined(after, moved, edge_score(camera, views), edge_score(after, views))


def _stepped(
    camera: Calibration,
    views: Sequence[Prepared],
    ways: Sequence[Way],
    amounts: Floats,
    spread: str,
    step: float,
    best: float,
) -> tuple[Floats, float]:
    """One step along each way, to the side that is better."""
    for place, way in enumerate(ways):
        for side in (1.0, -1.0):
            tried = amounts.copy()
            tried[place] += side * step * _FIRST[way]
            worth = _worth(camera, views, ways, tried, spread)
            if worth > best:
                amounts, best = tried, worth
                break
    return amounts, best


def _worth(
    camera: Calibration,
    views: Sequence[Prepared],
    ways: Sequence[Way],
    amounts: Floats,
    spread: str,
) -> float:
    moves = {way: float(amount) for way, amount in zip(ways, amounts, strict=True)}
    cost = sum((amount / _DOUBT[way]) ** 2 for way, amount in moves.items())
    return edge_score(nudged(camera, moves), views, spread) - cost
