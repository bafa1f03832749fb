"""Hypothesis strategies of things in space: rotations, poses, cuboids, and cameras of the three models."""

import math
from typing import Any

import numpy as np
from hypothesis import strategies as st

from studio.domain.entities import Calibration
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import Floats, Pose, quaternion_of, turn
from studio.domain.values import XYZ, Quaternion

CAMERA = EntityId("00000001-0000-7000-8000-000000000001")
# columns: where a camera that looks along x has its own axes (right, down, ahead)
AHEAD: Quaternion = quaternion_of(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))


def floats(low: float, high: float) -> st.SearchStrategy[float]:
    """Finite numbers between the two."""
    return st.floats(low, high, allow_subnormal=False)


angles = floats(-math.pi, math.pi)
# around the seam and the quarter turns, where formulas break
edge_angles = st.sampled_from([0.0, math.pi, -math.pi, math.pi / 2, -math.pi / 2]).flatmap(
    lambda at: floats(-1e-7, 1e-7).map(lambda off: at + off)
)
any_angles = angles | edge_angles
rotations: st.SearchStrategy[Quaternion] = st.builds(turn, any_angles, any_angles, any_angles)
places: st.SearchStrategy[XYZ] = st.tuples(floats(-100, 100), floats(-100, 100), floats(-20, 20))
poses: st.SearchStrategy[Pose] = st.builds(Pose, places, rotations)
sizes: st.SearchStrategy[XYZ] = st.tuples(floats(0.1, 20), floats(0.1, 5), floats(0.1, 5))
seeds = st.integers(0, 2**32 - 1)


def scattered(seed: int, count: int, spread: float = 50.0) -> Floats:
    """(count, 3) points around the origin."""
    return np.random.default_rng(seed).normal(0.0, spread, (count, 3))


@st.composite
def cameras(
    draw: Any, models: tuple[str, ...] = ("pinhole", "brown_conrady", "kannala_brandt")
) -> Calibration:
    """A camera as cars carry them, anywhere and any way round, its lens up to strongly bent."""
    model = draw(st.sampled_from(models))
    focal = draw(floats(300, 2000))
    distortion: tuple[float, ...] = ()
    if model == "brown_conrady":
        small = floats(-0.005, 0.005)
        distortion = (
            draw(floats(-0.45, 0.4)),
            draw(floats(-0.15, 0.25)),
            draw(small),
            draw(small),
            draw(floats(-0.05, 0.05)),
        )
        if draw(st.booleans()):
            distortion += (draw(floats(0, 0.3)), draw(floats(0, 0.1)), draw(floats(0, 0.02)))
    elif model == "kannala_brandt":
        focal = draw(floats(250, 500))
        distortion = (
            draw(floats(-0.06, 0.06)),
            draw(floats(-0.01, 0.01)),
            draw(floats(-0.002, 0.002)),
            draw(floats(-0.0005, 0.0005)),
        )
    return Calibration(
        CAMERA,
        StreamId("front"),
        model,
        (1920, 1080),
        (focal, draw(floats(-2, 2)), 960.0 + draw(floats(-40, 40)),
         0.0, focal * draw(floats(0.95, 1.05)), 540.0 + draw(floats(-40, 40)),
         0.0, 0.0, 1.0),
        distortion,
        draw(places),
        draw(rotations),
    )  # fmt: skip
