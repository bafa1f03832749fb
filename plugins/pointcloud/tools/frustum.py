"""A cuboid from a box on a camera's picture: of the points in its frustum the thing that fills it."""

from __future__ import annotations

from msgspec.structs import replace

from plugins.pointcloud import cuboid_changes as changes
from plugins.pointcloud.camera_sight import CameraSight
from plugins.pointcloud.lifting import lift, lift_one, lifted_edit, loose_box_at
from plugins.pointcloud.picture_boxes import camera_of
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.gesture import Gesture
from plugins.pointcloud.tools.reaching import CLICK_PX, moved_px
from studio.domain.edit import Edit
from studio.domain.entities import Box, Track
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.values import XY
from widgets.cloud.pointer import SpacePointer

SMALLEST_PX = 4.0  # of a side, on the screen; less is a slip of the hand
ELSEWHERE = "Draw the box on a camera's picture: the cuboid is made of the points in it."
UNKNOWN = "Nothing stands there, and a box that the picture cuts off does not tell how far away it is."


class FrustumTool(Gesture):
    """Press, drag, release on a picture; or click a corner and the other. A click on a box that is there
    already, of what has no cuboid yet, lifts that one. Escape or a lost grab cancels.
    """

    name = "box"
    title = "Cuboid from a box on a picture"
    key = "Shift+B"

    def __init__(self) -> None:
        super().__init__()
        self._start: SpacePointer | None = None
        self._pressed: SpacePointer | None = None
        self._shown: Box | None = None

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "right":
                self._forget()
            case "press" if pointer.button == "left":
                self._press(pointer)
            case "move" | "hover" if self._start is not None:
                self._follow(pointer)
            case "release" if self._start is not None and self._pressed is not None:
                return self._release(pointer, scene)
            case "cancel":
                self._forget()
        return None

    def _press(self, pointer: SpacePointer) -> None:
        if not isinstance(pointer.view, CameraSight):
            self._said = ELSEWHERE
            return
        if self._start is not None and not self._is_on_its_picture(pointer):
            self._forget()
        self._pressed = pointer
        if self._start is None:
            self._start = pointer

    def _follow(self, pointer: SpacePointer) -> None:
        if self._start is None or not self._is_on_its_picture(pointer):
            return
        assert isinstance(pointer.view, CameraSight)
        stream = camera_of(pointer.view).stream
        rect = _rect(self._start, pointer)
        if self._shown is None:  # of no track: it is only shown
            self._shown = Box(ShapeId(new_id()), TrackId(new_id()), stream, pointer.view.picture, rect)
        self._shown = replace(self._shown, xyxy=rect)

    def _release(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        start, pressed = self._start, self._pressed
        assert start is not None
        assert pressed is not None
        if pressed is start and moved_px(start, pointer) < CLICK_PX:
            return self._clicked(pointer, scene)
        self._follow(pointer)
        rect, sides = _rect(start, pointer), _sides(start, pointer)
        self._forget()
        if min(sides) < SMALLEST_PX or rect[0] >= rect[2] or rect[1] >= rect[3]:
            return None
        return self._boxed(pointer, rect, scene)

    def _clicked(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        """The first corner; or the lift of the box that was clicked."""
        self._pressed = None
        assert isinstance(pointer.view, CameraSight)
        box = loose_box_at(scene, pointer.view, _pixel(pointer))
        if box is None:
            return None
        self._forget()
        found = lift_one(scene, pointer.view, box)
        if found is None:
            self._said = UNKNOWN
            return None
        self._made = frozenset({EntityId(box.track)})
        self._said = found.said
        return lifted_edit(scene, [found])

    def _boxed(self, pointer: SpacePointer, rect: Rect, scene: SpaceScene) -> Edit | None:
        assert isinstance(pointer.view, CameraSight)
        found = lift(scene, pointer.view, rect, scene.class_name)
        if found is None:
            self._said = UNKNOWN
            return None
        at, _, self._said = found
        edit = changes.drawn(scene, at, self.name)
        self._made = frozenset(EntityId(new.id) for _, new in edit.changes.values() if isinstance(new, Track))
        return edit

    def back(self) -> bool:
        had = self._start is not None
        self._forget()
        return had

    def preview(self) -> tuple[object, ...]:
        return (self._shown,) if self._shown is not None else ()

    def _is_on_its_picture(self, pointer: SpacePointer) -> bool:
        """Whether a pointer is over the picture on which the box was begun, and that still shows the same."""
        start = self._start
        return (
            start is not None
            and isinstance(pointer.view, CameraSight)
            and isinstance(start.view, CameraSight)
            and camera_of(pointer.view).stream == camera_of(start.view).stream
            and pointer.view.picture == start.view.picture
        )

    def _forget(self) -> None:
        self._start = self._pressed = self._shown = None


def _pixel(pointer: SpacePointer) -> XY:
    assert isinstance(pointer.view, CameraSight)
    return pointer.xy[0] / pointer.view.zoom, pointer.xy[1] / pointer.view.zoom


def _rect(start: SpacePointer, end: SpacePointer) -> Rect:
    """Between two places of a picture, as far as it reaches."""
    assert isinstance(end.view, CameraSight)
    size = camera_of(end.view).size
    wide, high = size if all(size) else (1e9, 1e9)
    (x0, y0), (x1, y1) = _pixel(start), _pixel(end)
    return (
        min(max(min(x0, x1), 0.0), wide),
        min(max(min(y0, y1), 0.0), high),
        max(min(max(x0, x1), wide), 0.0),
        max(min(max(y0, y1), high), 0.0),
    )


def _sides(start: SpacePointer, end: SpacePointer) -> tuple[float, float]:
    return abs(end.xy[0] - start.xy[0]), abs(end.xy[1] - start.xy[1])
