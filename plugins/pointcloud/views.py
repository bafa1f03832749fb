"""The views of the point-cloud editor: one in perspective, three along axes, all of one scene."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np
from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QCursor
from PySide6.QtWidgets import QSplitter, QVBoxLayout, QWidget

from plugins.pointcloud.space_scene import Placement
from plugins.pointcloud.tools.reaching import GripName, grip_under, seen_grips
from studio.domain.contracts.editing import PointerKind
from studio.domain.space import Pose, as_xyz
from studio.domain.values import XYZ
from widgets.cloud.drawn import Grip, Region
from widgets.cloud.hand import WheelTaker
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.scene import CloudScene
from widgets.cloud.space_view import XY, Side, SpaceView
from widgets.cloud_view import CloudView
from widgets.ortho_view import NAMES, OrthoView
from widgets.tear_off import TearOff

TITLES: dict[Side, str] = {"space": "Perspective", **NAMES}
AROUND_M = 40.0  # metres around the car that are looked at first
SLAB_M = 1.0  # beside a cuboid, that side and front views show points of


class Views(QWidget):
    """Four views, each of which can be torn off (`places`); `pointer` carries the events of all."""

    pointer = Signal(object)  # a SpacePointer

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.scene = CloudScene(self)
        self.space = CloudView(self.scene)
        self.top = OrthoView(self.scene, "top")
        self.sides = (OrthoView(self.scene, "side"), OrthoView(self.scene, "front"))
        self._target: tuple[object, Placement] | None = None
        self.places = {view.side: TearOff(TITLES[view.side], view) for view in self.all}
        column = QSplitter(Qt.Orientation.Vertical)
        for flat in (self.top, *self.sides):
            column.addWidget(self.places[flat.side])
            self.places[flat.side].setMinimumSize(160, 64)
        across = QSplitter(Qt.Orientation.Horizontal)
        across.addWidget(self.places["space"])
        across.addWidget(column)
        across.setStretchFactor(0, 3)
        across.setStretchFactor(1, 2)
        across.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(across)
        for view in self.all:
            view.hand.pointer.connect(self.pointer)
            self.places[view.side].left_or_came.connect(self._choose_focus)
        self.setFocusProxy(self.space)

    @property
    def all(self) -> tuple[CloudView, ...]:
        """Every view."""
        return (self.space, self.top, *self.sides)

    def _choose_focus(self) -> None:
        """Keys of this window go to a view that is in it."""
        home = (view for view in self.all if not self.places[view.side].is_torn)
        self.setFocusProxy(next(home, None))  # type: ignore[arg-type]  # Qt takes it for none

    def set_key_taker(self, taker: Callable[[str, bool], bool]) -> None:
        """Who is offered keys first, whichever view has the focus."""
        for view in self.all:
            view.hand.key_taker = taker

    def set_wheel_taker(self, taker: WheelTaker) -> None:
        """Who is offered the wheel before it zooms, whichever view it turns over."""
        for view in self.all:
            view.hand.wheel_taker = taker

    def region_of(self, side: Side) -> Region | None:
        """The part of the scene whose points a view shows; None for all of it."""
        return next((view.region for view in self.all if view.side == side), None)

    def show_outline(self, side: Side | None, corners: tuple[XY, ...] = ()) -> None:
        """What a hand draws over one of the views; over none with None."""
        for view in self.all:
            view.set_outline(corners if view.side == side else ())

    def set_cursor(self, shape: Qt.CursorShape | QCursor) -> None:
        for view in self.all:
            view.hand.set_cursor(shape)  # type: ignore[arg-type]  # Qt takes either

    def set_keyboard_cursor(self, xyz: XYZ | None) -> None:
        """The cross that keys move over the ground."""
        for view in (self.space, self.top):
            view.set_keyboard_cursor(xyz)
            if xyz is not None:
                view.bring_into_sight(xyz)

    def fit(self) -> None:
        """Nearly all points, of a drive those around the car; side and front from the ego frame again."""
        bounds = self.scene.bounds(0.96)
        if bounds is None:
            return
        low, high = np.array(bounds[0]), np.array(bounds[1])
        if (low[:2] < 0).all() and (high[:2] > 0).all():  # the sensor stands in the middle of it
            low, high = np.maximum(low, -AROUND_M), np.minimum(high, AROUND_M)
        for view in self.all:
            if self._target is None or view not in self.sides:
                view.set_view(view.view.fitted(as_xyz(low), as_xyz(high)))

    def fit_sides(self) -> None:
        """Side and front as they were before a cuboid was looked at."""
        for view in self.sides:
            view.fit()

    def show_target(self, key: object, at: Placement | None) -> None:
        """Side and front look at a cuboid along its own axes; with None they look around again.

        They stay as close as they are while it is the same one: a person zoomed there.
        """
        if at is None:
            if self._target is not None:
                self._target = None
                for view in self.sides:
                    view.set_slab(None)
                    view.set_frame(Pose())
                self.fit_sides()
            return
        same = self._target is not None and self._target[0] == key
        frame = Pose(at.centre, at.rotation)
        if not same or self._target is None or self._target[1] != at:
            for view, across in zip(self.sides, (at.size[1], at.size[0]), strict=True):
                view.show_target(frame, at.size, keep_scale=same)
                view.set_slab(across / 2 + SLAB_M)
            self.top.bring_into_sight(at.centre)
        self._target = (key, at)

    def show_place(self, at: Placement) -> None:
        """Every view close to a cuboid."""
        reach = max(at.size) * 2.2
        self.space.set_view(self.space.view.looking_at(at.centre, max(reach * 1.6, 6.0)))
        self.top.show_target(Pose(at.centre), (reach * 1.5, reach * 1.5, at.size[2]))

    def show_poses(self, poses: Mapping[Side, SpaceView]) -> None:
        """Look from where these look; side and front stay with the cuboid that they look at."""
        for view in self.all:
            if view.side in poses and (self._target is None or view not in self.sides):
                view.set_view(poses[view.side])

    def show_grips(self, at: Placement | None, hot: GripName | None) -> None:
        """The handles of the one selected cuboid, in every view that can use them."""
        for view in self.all:
            grips = seen_grips(at, view.view) if at is not None else []
            view.set_grips(
                tuple(
                    Grip(each.xyz, "disc" if each.name == "turn" else "square", each.name == hot)
                    for each in grips
                )
            )

    def show_vertices(self, points: tuple[XYZ, ...], hot: int | None) -> None:
        """The points of the one selected line, in every view."""
        grips = tuple(Grip(each, "square", place == hot) for place, each in enumerate(points))
        for view in self.all:
            view.set_grips(grips)

    def pointer_at(self, xyz: XYZ, kind: PointerKind) -> SpacePointer:
        """An event of the keyboard's cross, as if a hand were there in the top view."""
        view = self.top.view
        x, y, _ = view.to_screen(np.array([xyz]))[0].tolist()
        origin, direction = view.ray((x, y))
        button: Literal["none", "left"] = "none" if kind == "hover" else "left"
        return SpacePointer(
            kind,
            (x, y),
            origin,
            direction,
            view,
            "top",
            None,
            view.scale,
            button,
            device="key",
            time_ns=time.monotonic_ns(),
        )


def hot_grip(at: Placement | None, pointer: SpacePointer) -> GripName | None:
    """The handle under a hovering pointer."""
    return grip_under(at, pointer) if at is not None else None
