"""Relief, compared with looking at each pixel and its neighbours by itself."""

import math

import numpy as np
import pytest

from widgets.cloud.relief import DARKEST, FLAT_STEP_PX, NEIGHBOURS, STEP_SHARE, STRENGTH, shadows
from widgets.cloud.space_view import SpaceView

VIEW = SpaceView((40.0, 30.0), distance=20.0)


def slow(depth: np.ndarray, view: SpaceView, reach: int) -> np.ndarray:
    """What `shadows` promises, pixel by pixel."""
    out = np.zeros(depth.shape)
    for y, x in np.argwhere(np.isfinite(depth)).tolist():
        behind = 0.0
        for dy, dx in NEIGHBOURS:
            row, column = y + dy * reach, x + dx * reach
            if not (0 <= row < depth.shape[0] and 0 <= column < depth.shape[1]):
                continue
            there = depth[row, column]
            if not math.isfinite(there):
                continue
            if view.flat:
                gap = (depth[y, x] - there) / (view.scale * FLAT_STEP_PX)
            else:
                gap = math.log(depth[y, x] / there) / STEP_SHARE
            behind += min(max(gap, 0.0), 1.0)
        out[y, x] = (1 - max(math.exp(-behind * STRENGTH / len(NEIGHBOURS)), DARKEST)) * 255
    return out


@pytest.mark.parametrize("flat", [False, True])
@pytest.mark.parametrize("ratio", [1.0, 2.0])
def test_shadows_fall_behind_what_stands_before(flat, ratio):
    view = SpaceView(VIEW.window, distance=20.0, flat=flat)
    rng = np.random.default_rng(3)
    depth = rng.uniform(10, 60 if flat else 11, (30, 40)).astype(np.float32)
    depth[rng.random((30, 40)) < 0.4] = np.inf
    depth[:5] = np.inf
    found = (shadows(depth, view, ratio) >> 24).astype(float)
    assert np.abs(found - slow(depth, view, round(ratio))).max() <= 1
    assert found.max() > 100


def test_a_level_wall_and_nothing_at_all_have_no_shadows():
    assert not shadows(np.full((30, 40), 12.0, np.float32), VIEW).any()
    assert not shadows(np.full((30, 40), np.inf, np.float32), VIEW).any()
    lonely = np.full((30, 40), np.inf, np.float32)
    lonely[4, 5] = 3.0
    assert not shadows(lonely, VIEW).any()
