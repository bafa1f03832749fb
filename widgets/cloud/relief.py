"""Relief at rest: points that lie behind their neighbours on the screen are darker, so that shapes stand out.

Eye-dome lighting (Boucheny 2009) from the depths that either renderer has. It becomes a picture of shadows
that is painted over the points, so points in other colours keep their shadows. A pass for each of eight
neighbours takes 60 ms of a million pixels; it is made beside the GUI thread, once all points are drawn.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from widgets.cloud.space_view import SpaceView

STRENGTH = 2.4
DARKEST = 0.3  # of its light that a point keeps at least
STEP_SHARE = 0.014  # of its distance that a point has to lie behind a neighbour to be in full shadow
FLAT_STEP_PX = 25.0  # the same in a flat view: as far as so many pixels are wide
NEIGHBOURS = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1))


def shadows(depth: NDArray[np.float32], view: SpaceView, ratio: float = 1.0) -> NDArray[np.uint32]:
    """(H, W) premultiplied ARGB: black, as opaque as the shadow is deep.

    depth: (H, W) metres from the eye in device pixels, infinite where there is no point. ratio: device
    pixels of a logical one, which is how far neighbours are looked for.
    """
    shown = np.isfinite(depth)
    out = np.zeros(depth.shape, np.uint32)
    rows, columns = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    if not len(rows):
        return out
    part = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    behind = _behind(_in_steps(depth[part], view), max(round(ratio), 1))
    behind[~shown[part]] = 0  # nothing has no depth to compare
    light = np.exp(behind * np.float32(-STRENGTH / len(NEIGHBOURS)))
    alpha = np.round((1 - np.maximum(light, np.float32(DARKEST))) * 255).astype(np.uint32)
    out[part] = alpha << np.uint32(24)
    return out


def _in_steps(depth: NDArray[np.float32], view: SpaceView) -> NDArray[np.float32]:
    """Depths counted in differences that are one full shadow."""
    if view.flat:
        flat: NDArray[np.float32] = depth / np.float32(view.scale * FLAT_STEP_PX)
        return flat
    steps: NDArray[np.float32] = np.log(depth)
    steps /= np.float32(STEP_SHARE)
    return steps


def _behind(steps: NDArray[np.float32], reach: int) -> NDArray[np.float32]:
    """How far each pixel lies behind its neighbours, 0 to 1 for each of them, summed."""
    tall, wide = steps.shape
    padded = np.full((tall + 2 * reach, wide + 2 * reach), np.inf, np.float32)
    padded[reach:-reach, reach:-reach] = steps
    behind, gap = np.zeros((tall, wide), np.float32), np.empty((tall, wide), np.float32)
    with np.errstate(invalid="ignore"):
        for down, right in NEIGHBOURS:
            top, left = reach * (1 + down), reach * (1 + right)
            np.subtract(steps, padded[top : top + tall, left : left + wide], out=gap)
            np.clip(gap, 0, 1, out=gap)
            behind += gap
    return behind
