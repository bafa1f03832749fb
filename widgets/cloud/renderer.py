"""What draws points into a picture, and how many at a time. Two can: OpenGL, and numpy where there is none.

A view has a `Frame` each; all frames of a renderer share what was sent of the clouds. A frame is drawn anew
with a share of the points while the camera moves, and gets the rest bit by bit while it rests.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from PySide6.QtGui import QImage

from studio.domain.space import Floats
from widgets.cloud.drawn import Look, Region
from widgets.cloud.held import HeldCloud
from widgets.cloud.space_view import SpaceView

log = logging.getLogger(__name__)

Counts = dict[str, int]
"""Points of each cloud, from its first on."""


class Shot(NamedTuple):
    """All that a frame depends on beside the points themselves."""

    view: SpaceView
    look: Look
    region: Region | None = None  # what this view shows beside what `look` says: a flat view's slab
    ratio: float = 1.0  # device pixels per logical pixel


class Frame(Protocol):
    """One view's picture of the points."""

    drawn: Counts

    def start(self, shot: Shot, clouds: Sequence[HeldCloud], counts: Counts) -> None:
        """Draw anew: so many points of each cloud, and wait until it is done."""

    def extend(self, clouds: Sequence[HeldCloud], counts: Counts) -> None:
        """Draw on, up to so many points of each cloud, into what is there."""

    def redraw(self, cloud: HeldCloud, places: NDArray[np.intp]) -> None:
        """Draw these points again, which have another colour; those not drawn yet are left out."""

    def image(self) -> QImage:
        """The picture in device pixels, transparent where there is no point; valid until the next call."""

    def depth(self) -> NDArray[np.float32]:
        """(H, W) metres from the eye in device pixels, infinite where there is no point; a copy."""


class Renderer(Protocol):
    """Holds what was sent of the clouds and makes frames."""

    note: str  # what a person should know about it; empty where all is well

    @property
    def is_lost(self) -> bool:
        """Whether it cannot draw any more."""

    def new_frame(self) -> Frame: ...


class GlMissing(Exception):
    """There is no OpenGL 3.3 here; the text says why."""


def open_renderer(in_software: bool) -> Renderer:
    """OpenGL where there is any and it is wanted, numpy otherwise."""
    if not in_software:
        try:
            # PyOpenGL takes 0.2 s to import, so not before a cloud is shown
            from widgets.cloud.gl import GlRenderer

            return GlRenderer()
        except (GlMissing, ImportError) as missing:
            log.warning("clouds are drawn in software: %s", missing)
            return _software(f"Software view: {missing}")
    return _software("Software view")


def _software(note: str) -> Renderer:
    from widgets.cloud.software import SoftwareRenderer

    return SoftwareRenderer(note)


class Budget:
    """How many points may be drawn while the camera moves, learnt from how long the last ones took."""

    MEANT_MS = 16.0
    LEAST, MOST = 8_000, 20_000_000

    def __init__(self, points: int = 75_000) -> None:
        self.points = points

    def took(self, seconds: float, points: int) -> None:
        """A frame of so many points took so long; a frame that was not full says little and lifts nothing."""
        factor = min(max(self.MEANT_MS / max(seconds * 1000, 0.1), 0.7), 1.15)
        if factor < 1 or points >= self.points * 0.9:
            self.points = round(min(max(self.points * factor, self.LEAST), self.MOST))


def shared_out(sizes: Mapping[str, int], points: int) -> Counts:
    """So many points, the same share of every cloud; all of them where there are no more."""
    total = sum(sizes.values())
    if total <= points:
        return dict(sizes)
    return {key: size * points // total for key, size in sizes.items()}


def next_slice(sizes: Mapping[str, int], drawn: Mapping[str, int], points: int) -> Counts | None:
    """Up to where to draw on with about so many points; None where nothing is left."""
    left = {key: size - drawn.get(key, 0) for key, size in sizes.items()}
    total = sum(left.values())
    if total <= 0:
        return None
    share = min(points / total, 1.0)
    return {key: drawn.get(key, 0) + int(np.ceil(rest * share)) for key, rest in left.items()}


def to_region(region: Region | None, cloud: HeldCloud) -> Floats | None:
    """(4, 4) from a cloud's own axes into a region's -1…1; None where there is no region."""
    return None if region is None else region.matrix() @ cloud.pose
