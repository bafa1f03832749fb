"""Draw a box: press, drag, release; or click a corner, move, click the other; or both by keys."""

from __future__ import annotations

from plugins.image.tools.seeing import (
    CLICK,
    SLIP,
    Seeing,
    class_title,
    moved_on_screen,
    new_box,
    new_track,
    on_picture,
)
from studio.domain.contracts.editing import Pointer
from studio.domain.edit import Edit, creation
from studio.domain.entities import Box, Track
from studio.domain.geometry import Rect, clipped, normalised
from studio.domain.ids import EntityId


class BoxTool:
    """One new box a gesture. Escape or a lost grab cancels; a slip of the hand draws nothing.

    Ctrl draws from the centre, Shift a square.
    """

    name = "box"
    title = "Draw box"
    key = "B"

    def __init__(self) -> None:
        self._start: Pointer | None = None  # the first corner
        self._pressed: Pointer | None = None  # while a button is down
        self._drawn: tuple[Track, Box] | None = None
        self._made: frozenset[EntityId] | None = None

    def handle(self, pointer: Pointer, context: Seeing) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "right":
                self._forget()
            case "press" if pointer.button == "left":
                self._pressed = pointer
                if self._start is None:
                    self._start = pointer
                    self._drawn = None
            case "move" | "hover" if self._start is not None:
                self._follow(pointer, context)
            case "release" if self._start is not None and self._pressed is not None:
                return self._release(pointer, context)
            case "cancel":
                self._forget()
        return None

    def _follow(self, pointer: Pointer, context: Seeing) -> None:
        pressed, start = self._pressed, self._start
        if pressed is not None and pressed is not start and moved_on_screen(pressed, pointer) > 2 * CLICK:
            # A drag after a single click: that click was the slip, this is the box.
            self._start = start = pressed
        if start is not None:
            xyxy = self._rect(start, pointer, context)
            track, box = self._drawn or (None, None)
            track = track or new_track(context, context.class_name)
            self._drawn = track, box_with(box, xyxy) if box else new_box(context, track, xyxy)

    def _rect(self, start: Pointer, end: Pointer, context: Seeing) -> Rect:
        (x0, y0), (x1, y1) = on_picture(start.xy, context), end.xy
        if "shift" in end.modifiers:
            side = max(abs(x1 - x0), abs(y1 - y0))
            x1, y1 = x0 + (side if x1 >= x0 else -side), y0 + (side if y1 >= y0 else -side)
        if "ctrl" in end.modifiers:
            return clipped(normalised((2 * x0 - x1, 2 * y0 - y1, x1, y1)), *context.size)
        return clipped(normalised((x0, y0, x1, y1)), *context.size)

    def _release(self, pointer: Pointer, context: Seeing) -> Edit | None:
        is_first = self._pressed is self._start
        if is_first and self._pressed is not None and moved_on_screen(self._pressed, pointer) < CLICK:
            self._pressed = self._drawn = None  # a click: the next one is the other corner
            return None
        self._follow(pointer, context)
        return self.finish(context)

    def finish(self, context: Seeing) -> Edit | None:
        drawn = self._drawn
        self._forget()
        if drawn is None or min(side_lengths(drawn[1])) < SLIP:
            return None
        self._made = frozenset({drawn[1].id})
        title = f"Draw {class_title(context, drawn[0].class_name)}"
        return creation(title, *drawn, tool=self.name)

    def _forget(self) -> None:
        self._start = self._pressed = self._drawn = None

    def back(self) -> bool:
        had = self._start is not None
        self._forget()
        return had

    def preview(self) -> tuple[object, ...]:
        return self._drawn or ()

    def wanted_selection(self) -> frozenset[EntityId] | None:
        made, self._made = self._made, None
        return made

    def draft(self) -> bytes | None:
        """Nothing: a box is drawn in a second."""
        return None

    def resume(self, draft: bytes) -> None:
        """Nothing to go on with."""


def box_with(box: Box, xyxy: Rect) -> Box:
    """The box elsewhere."""
    return Box(box.id, box.track, box.stream, box.frame, xyxy, box.attributes, box.order)


def side_lengths(box: Box) -> tuple[float, float]:
    left, top, right, bottom = box.xyxy
    return right - left, bottom - top
