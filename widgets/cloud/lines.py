"""Lines of a scene or over a picture as they lie on the screen. No Qt."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from widgets.canvas.view import View
from widgets.cloud.drawn import LineSet
from widgets.cloud.space_view import XY, Floats, SpaceView


def ends_on_screen(view: SpaceView | View, lines: LineSet) -> Floats:
    """(N, 2, 2) screen pixels; NaN for what is not to be seen."""
    if isinstance(view, SpaceView):
        return view.segments_to_screen(lines.ends)
    moved: Floats = lines.ends * view.scale + np.array(view.offset)
    return moved


def in_sight(ends: Floats, window: XY) -> tuple[Floats, NDArray[np.intp]]:
    """(n, 4) x0, y0, x1, y1 of the segments that touch the window, and their places in the set."""
    low, high = ends.min(axis=1), ends.max(axis=1)
    wide, tall = window
    touching = (low[:, 0] <= wide) & (high[:, 0] >= 0) & (low[:, 1] <= tall) & (high[:, 1] >= 0)
    index = np.flatnonzero(touching)
    return cut_to(ends[index].reshape(-1, 4), window), index


def cut_to(rows: Floats, window: XY) -> Floats:
    """Segments of a sane length: what leaves the window by more than its own size is cut there.

    A point that nearly touches the eye's plane is a million pixels away, which overflows Qt's fixed point.
    """
    for axis, side in enumerate(window):
        across = 1 - axis
        for bound, is_beyond in ((-side - 100.0, np.less), (2 * side + 100.0, np.greater)):
            for first, other in ((0, 2), (2, 0)):
                beyond = is_beyond(rows[:, first + axis], bound)
                if beyond.any():
                    held = rows[beyond]
                    span = held[:, other + axis] - held[:, first + axis]
                    share = (bound - held[:, first + axis]) / np.where(span == 0, 1.0, span)
                    drift = held[:, other + across] - held[:, first + across]
                    held[:, first + across] += drift * share
                    held[:, first + axis] = bound
                    rows[beyond] = held
    return rows


def nearest_line(view: SpaceView | View, lines: LineSet, xy: XY, radius: float = 8.0) -> str | None:
    """The key of the segment nearest to a screen point; None where none with a key is so near."""
    if not len(lines) or not len(lines.key_of):
        return None
    ends = ends_on_screen(view, lines)
    start, along = ends[:, 0], ends[:, 1] - ends[:, 0]
    length2 = np.maximum((along**2).sum(axis=1), 1e-9)
    share = np.clip(((np.array(xy) - start) * along).sum(axis=1) / length2, 0, 1)
    off = np.hypot(*(start + along * share[:, None] - np.array(xy)).T)
    off[np.isnan(off) | (lines.key_of < 0)] = np.inf
    at = int(np.argmin(off))
    return lines.keys[lines.key_of[at]] if off[at] <= radius else None
