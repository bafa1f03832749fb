"""Draw a line on the ground point by point; unfinished it is a draft that survives a kill."""

from __future__ import annotations

import msgspec
import numpy as np
from msgspec import Struct

from plugins.pointcloud.lanes import PlacedLine, drawn, new_line
from plugins.pointcloud.space_scene import SpaceScene
from plugins.pointcloud.tools.gesture import Gesture
from plugins.pointcloud.tools.reaching import between_px, on_ground
from studio.domain.edit import Edit
from studio.domain.entities import Polyline3
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId
from studio.domain.values import XYZ
from widgets.cloud.pointer import SpacePointer

CLOSE_PX = 10.0  # around the first point, in which a click closes the area
APART_PX = 2.0  # a click nearer to the last point adds none


class LaneDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """The points so far, ego frame of `frame`, metres, and the class they are for."""

    class_name: str
    frame: int
    points: tuple[XYZ, ...]


class LaneTool(Gesture):
    """Click points on the ground; double-click or Enter ends; the first point again closes an area.

    Backspace takes the last point back, Escape all of them.
    """

    name = "lane"
    title = "Draw line on the ground"
    key = "Shift+L"

    def __init__(self) -> None:
        super().__init__()
        self._points: list[XYZ] = []
        self._class = ""
        self._frame = 0
        self._end: XYZ | None = None  # where the pointer is

    def handle(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "right":
                self.back()
            case "press" if pointer.button == "left":
                return self._press(pointer, scene)
            case "move" | "hover" if self._points:
                self._end = on_ground(scene, pointer) if self._frame == scene.frame else None
            case "double":
                return self.finish(scene)
            case "cancel" if pointer.device == "key":
                self._forget()  # a lost grab keeps the points: only Escape throws them away
        return None

    def _press(self, pointer: SpacePointer, scene: SpaceScene) -> Edit | None:
        if pointer.side in ("side", "front"):
            self._said = "Draw on the ground in the top view or in the perspective view."
            return None
        here = on_ground(scene, pointer)
        if here is None:
            return None
        if self._points and self._is_elsewhere(scene):
            return None
        if len(self._points) >= 3 and _near(pointer, self._points[0], CLOSE_PX):
            return self._end_with(scene, closed=True)
        again = bool(self._points) and _near(pointer, self._points[-1], APART_PX)
        if again and pointer.device == "key":
            return self.finish(scene)  # Enter twice in one place, the double click of keys
        if not again:
            self._class = self._class or scene.class_name
            self._frame = scene.frame
            self._points.append(here)
        self._end = here
        return None

    def finish(self, scene: SpaceScene) -> Edit | None:
        """The line, where it has two points."""
        return self._end_with(scene, closed=False)

    def _end_with(self, scene: SpaceScene, closed: bool) -> Edit | None:
        if not self._points or self._is_elsewhere(scene) or len(self._points) < 2:
            return None
        name = self._class or scene.class_name
        track, shape = new_line(scene.ontology, name, scene.stream, scene.frame, self._points, closed)
        self._forget()
        self._made = frozenset({EntityId(track.id)})
        return drawn(scene.title_of_class(name), track, shape, self.name)

    def _is_elsewhere(self, scene: SpaceScene) -> bool:
        """Whether the line was begun at another frame; then that is said."""
        if self._frame == scene.frame:
            return False
        self._said = (
            f"The line was begun at frame {self._frame + 1}: go back there, or press Escape to drop it."
        )
        return True

    def back(self) -> bool:
        """Take back the last point."""
        if not self._points:
            return False
        self._points.pop()
        if not self._points:
            self._forget()
        return True

    def preview(self) -> tuple[object, ...]:
        points = tuple(self._points)
        if points and self._end is not None and self._end != points[-1]:
            points += (self._end,)
        if len(points) < 2:
            points *= 2  # so that something is seen of the first point, too
        if not points:
            return ()
        shape = Polyline3(ShapeId(""), TrackId(""), StreamId(""), self._frame, points)
        return (PlacedLine(shape, points),)

    def draft(self) -> bytes | None:
        if not self._points:
            return None
        return msgspec.msgpack.encode(LaneDraft(self._class, self._frame, tuple(self._points)))

    def resume(self, draft: bytes) -> None:
        """Raises `draft.unreadable`; what is drawn now stays then."""
        try:
            held = msgspec.msgpack.decode(draft, type=LaneDraft)
        except msgspec.DecodeError as error:
            raise AtelierError(
                "draft.unreadable",
                "The unfinished line cannot be read. Nothing was changed.",
                detail=str(error),
                hint="Draw it again.",
            ) from error
        self._points, self._class, self._frame = list(held.points), held.class_name, held.frame
        self._end = None

    def _forget(self) -> None:
        self._points, self._end, self._class = [], None, ""


def _near(pointer: SpacePointer, place: XYZ, reach: float) -> bool:
    x, y, depth = pointer.view.to_screen(np.array([place]))[0].tolist()
    return (pointer.view.flat or depth > 0) and between_px((x, y), pointer.xy) <= reach
