"""The orthographic views: a scene from above, from the side or from the front of a frame of reference."""

from __future__ import annotations

import math

import numpy as np
from msgspec.structs import replace
from PySide6.QtWidgets import QWidget

from studio.domain.space import Pose, matrix_of
from studio.domain.values import XYZ
from widgets.cloud.drawn import Region
from widgets.cloud.scene import CloudScene
from widgets.cloud.space_view import SIDES, Side
from widgets.cloud_view import CloudView

SHARE = 0.55  # of the window that a target takes up when it is shown
NAMES: dict[Side, str] = {"top": "Top view", "side": "Side view", "front": "Front view"}


class OrthoView(CloudView):
    """A cloud view with parallel rays along the axes of `frame` (the ego's, or a cuboid's own).

    Top has x up and y to the left; side has x to the right and z up; front is seen from behind, as a front
    camera sees it: y to the left, z up. Pointers carry `plane`: the two coordinates of `frame` in metres.
    The view pans and zooms and never turns.
    """

    def __init__(self, scene: CloudScene, side: Side, parent: QWidget | None = None) -> None:
        self.side = side
        super().__init__(scene, parent)
        self.setAccessibleName(NAMES[side])
        yaw, pitch = SIDES[side]
        self.view = replace(self.view, flat=True, yaw=yaw, pitch=pitch)

    def set_frame(self, frame: Pose) -> None:
        """Turn to the axes of another frame of reference; what is in the middle stays there."""
        self.frame = frame
        self.set_view(replace(self.view, base=frame.rotation))
        self._words_changed()  # its grid starts elsewhere, even where the axes are the same

    def show_target(self, frame: Pose, size: XYZ, keep_scale: bool = False) -> None:
        """Centre on a box that stands at `frame`, along its axes; `keep_scale` neither zooms in nor out."""
        self.frame = frame
        view = replace(self.view, base=frame.rotation, centre=frame.translation, pivot=None)
        if not keep_scale:
            wide, high = (np.abs(view.axes()[:2] @ matrix_of(frame.rotation)) @ np.array(size)).tolist()
            metres = max(wide / view.window[0], high / view.window[1], 1e-3) / SHARE  # of one pixel
            view = replace(view, distance=metres * view.focal)
        self.set_view(view)
        self._words_changed()

    def set_slab(self, half_m: float | None) -> None:
        """Show only points within so many metres of the frame's origin, along the line of sight."""
        if half_m is None:
            self.set_region(None)
            return
        sight = {"top": 2, "side": 1, "front": 0}[self.side]
        size = [math.inf, math.inf, math.inf]
        size[sight] = 2 * half_m
        self.set_region(Region(self.frame.translation, (size[0], size[1], size[2]), self.frame.rotation))
