"""Draw a polygon point by point; unfinished it is a draft that survives a kill."""

from __future__ import annotations

import msgspec
from msgspec import Struct

from plugins.image.tools.seeing import Seeing, class_title, new_polygon, new_track, on_picture
from studio.domain.contracts.editing import Pointer
from studio.domain.edit import Edit, creation
from studio.domain.entities import Polygon, Polyline
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.values import XY

CLOSE = 8.0  # screen pixels around the first point in which a click closes the outline
APART = 2.0  # screen pixels: a click nearer to the last point adds none


class PolygonDraft(Struct, frozen=True, forbid_unknown_fields=True):
    """The points so far, in picture pixels, and the class they are for."""

    class_name: str
    points: tuple[XY, ...]


class PolygonTool:
    """Click points; click the first one, double-click or Enter ends; Backspace takes back; Escape cancels."""

    name = "polygon"
    title = "Draw polygon"
    key = "P"

    def __init__(self) -> None:
        self._points: list[XY] = []
        self._class = ""
        self._end: XY | None = None  # where the pointer is
        self._ids = ShapeId(new_id()), TrackId(new_id())
        self._made: frozenset[EntityId] | None = None

    def handle(self, pointer: Pointer, context: Seeing) -> Edit | None:
        here = on_picture(pointer.xy, context)
        match pointer.kind:
            case "press" if pointer.button == "right":
                self.back()
            case "press" if pointer.button == "left":
                if len(self._points) >= 3 and _near(self._points[0], here, CLOSE / pointer.scale):
                    return self.finish(context)
                again = bool(self._points) and _near(self._points[-1], here, APART / pointer.scale)
                if again and pointer.device == "key":
                    return self.finish(context)  # Enter twice in one place, the double click of keys
                if not again:
                    self._class = self._class or context.class_name
                    self._points.append(here)
                self._end = here
            case "move" | "hover":
                self._end = here
            case "double":
                return self.finish(context)
            case "cancel" if pointer.device == "key":
                self._forget()  # a lost grab keeps the points: only Escape throws them away
        return None

    def finish(self, context: Seeing) -> Edit | None:
        """The polygon, where it has three points; fewer stay as they are."""
        if len(self._points) < 3:
            return None
        track = new_track(context, self._class or context.class_name)
        polygon = new_polygon(context, track, tuple(self._points))
        self._forget()
        self._made = frozenset({polygon.id})
        return creation(f"Draw {class_title(context, track.class_name)}", track, polygon, tool=self.name)

    def back(self) -> bool:
        """Take back the last point."""
        if not self._points:
            return False
        self._points.pop()
        if not self._points:
            self._forget()
        return True

    def _forget(self) -> None:
        self._points, self._end, self._class = [], None, ""

    def preview(self) -> tuple[object, ...]:
        points = tuple(self._points)
        if not points:
            return ()
        if self._end is not None and self._end != points[-1]:
            points += (self._end,)
        shape, track = self._ids
        if len(points) < 3:
            return (Polyline(shape, track, StreamId(""), 0, points),)
        return (Polygon(shape, track, StreamId(""), 0, points),)

    def wanted_selection(self) -> frozenset[EntityId] | None:
        made, self._made = self._made, None
        return made

    def draft(self) -> bytes | None:
        if not self._points:
            return None
        return msgspec.msgpack.encode(PolygonDraft(self._class, tuple(self._points)))

    def resume(self, draft: bytes) -> None:
        """Raises `draft.unreadable`; what is drawn now stays then."""
        try:
            held = msgspec.msgpack.decode(draft, type=PolygonDraft)
        except msgspec.DecodeError as error:
            raise AtelierError(
                "draft.unreadable",
                "The unfinished polygon cannot be read. Nothing was changed.",
                detail=str(error),
                hint="Draw it again.",
            ) from error
        self._points, self._class, self._end = list(held.points), held.class_name, None


def _near(first: XY, second: XY, reach: float) -> bool:
    return max(abs(first[0] - second[0]), abs(first[1] - second[1])) <= reach
