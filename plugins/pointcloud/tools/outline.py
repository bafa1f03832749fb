"""Paint the points inside an outline on the screen: drawn in one go, or corner by corner."""

from __future__ import annotations

import numpy as np
from msgspec import Struct

from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.gesture import Gesture
from plugins.pointcloud.tools.paint import title_of
from plugins.pointcloud.tools.reaching import between_px
from studio.domain.edit import Edit
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.space_view import XY, Side, SpaceView

APART_PX = 3.0  # corners of a lasso nearer than this are one
CLOSE_PX = 10.0  # around the first corner, in which a click closes the outline


class Outline(Struct, frozen=True):
    """What is drawn so far, pixels of the view that it was begun in."""

    side: Side
    view: SpaceView
    corners: tuple[XY, ...]


class _OutlineTool(Gesture):
    """What lasso and polygon share."""

    name = ""

    def __init__(self) -> None:
        super().__init__()
        self._corners: list[XY] = []
        self._start: SpacePointer | None = None
        self._end: XY | None = None

    def _begin(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        self._said = scene.painter.why_not(scene, rubs="shift" in pointer.modifiers)
        if not self._said:
            self._start, self._corners, self._end = pointer, [pointer.xy], None

    def _complete(self, scene: SpaceScene) -> None:
        start, corners = self._start, self._corners
        self._forget()
        if start is None or len(corners) < 3:
            return
        rubs = "shift" in start.modifiers
        inside = scene.painter.outlined(np.array(corners), start, scene)
        count = scene.painter.paint(inside, scene, rubs)
        scene.painter.end(title_of(scene, rubs), self.name)
        self._said = f"{count:,} points are painted." if count else "No point in there was to be painted."

    def finish(self, scene: SpaceScene) -> Edit | None:
        """The outline, where it has three corners."""
        if len(self._corners) >= 3:
            self._complete(scene)
        return None

    def back(self) -> bool:
        """Take back the last corner."""
        if not self._corners:
            return False
        self._corners.pop()
        if not self._corners:
            self._forget()
        return True

    def frame_left(self) -> None:
        """It was drawn around points that are not there any more."""
        if self._corners:
            self._forget()
            self._said = "The frame has changed, so the outline was dropped."

    def preview(self) -> tuple[object, ...]:
        if self._start is None:
            return ()
        end = (self._end,) if self._end is not None else ()
        return (Outline(self._start.side, self._start.view, (*self._corners, *end)),)

    def wheel(self, pointer: SpacePointer, notches: float, scene: SpaceScene) -> bool:
        """The wheel is the view's, but not while an outline is drawn over it."""
        return self._start is not None

    def _forget(self) -> None:
        self._corners, self._start, self._end = [], None, None


class PointLasso(_OutlineTool):
    """Press, draw around points, release: they get the label. Shift rubs out; Escape gives it up."""

    name = "lasso"
    title = "Paint points with a lasso"
    key = "Shift+O"

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "left":
                self._begin(pointer, scene)
            case "move" if self._start is not None:
                if between_px(self._corners[-1], pointer.xy) >= APART_PX:
                    self._corners.append(pointer.xy)
            case "release" if self._start is not None:
                self._complete(scene)
            case "cancel":
                self._forget()
        return None


class PointPolygon(_OutlineTool):
    """Click the corners of an outline; double click, Enter or the first corner closes it. Shift rubs out.

    Backspace or a right click takes the last corner back, Escape all of them.
    """

    name = "polygon"
    title = "Paint points with a polygon"
    key = "Shift+Y"

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        if self._start is not None and pointer.kind != "cancel" and self._has_moved(pointer):
            return None
        match pointer.kind:
            case "press" if pointer.button == "right":
                self.back()
            case "press" if pointer.button == "left":
                self._press(pointer, scene)
            case "move" | "hover" if self._start is not None:
                self._end = pointer.xy
            case "double":
                self.finish(scene)
            case "cancel" if pointer.device == "key":
                self._forget()  # a lost grab keeps the corners: only Escape throws them away
        return None

    def _press(self, pointer: SpacePointer, scene: SpaceScene) -> None:
        if self._start is None:
            self._begin(pointer, scene)
        elif len(self._corners) >= 3 and between_px(self._corners[0], pointer.xy) <= CLOSE_PX:
            self._complete(scene)
        elif between_px(self._corners[-1], pointer.xy) >= APART_PX:
            self._corners.append(pointer.xy)

    def _has_moved(self, pointer: SpacePointer) -> bool:
        """Whether the pointer is over another view, or this one looks elsewhere now: then it is void."""
        assert self._start is not None
        if pointer.side != self._start.side:
            return True
        if pointer.view != self._start.view:
            self._forget()
            self._said = "The view has moved, so the outline was dropped."
            return True
        return False
