"""Select, move and resize; drag a frame to select many; double-click picks up, a click puts down."""

from __future__ import annotations

from typing import Literal

from msgspec.structs import replace

from plugins.image.shape_geometry import GRIPS, XY, Movable, distance_to_line, moved, resized, room_to_move
from plugins.image.tools.box import box_with, side_lengths
from plugins.image.tools.seeing import CLICK, Seeing, class_title, moved_on_screen, on_picture, under
from studio.domain.contracts.editing import Pointer
from studio.domain.edit import Edit, change
from studio.domain.entities import AnyEntity, Box, Keypoints, Polygon, Polyline, RotatedBox
from studio.domain.geometry import Rect, normalised
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id

REACH = 7.0  # screen pixels around a grip in which it is caught
Doing = Literal["nothing", "moving", "resizing", "vertex", "framing"]


class SelectTool:
    """Shift and drag keeps to one axis, at a corner the proportions; Ctrl resizes from the centre."""

    name = "select"
    title = "Select and move"
    key = "V"

    def __init__(self) -> None:
        self._doing: Doing = "nothing"
        self._start: Pointer | None = None
        self._grip = -1  # of a box, or the number of an outline's point
        self._picked_up = False  # it follows the pointer without a button
        self._before: tuple[Movable, ...] = ()
        self._after: tuple[AnyEntity, ...] = ()
        self._wanted: frozenset[EntityId] | None = None
        self._if_clicked: frozenset[EntityId] | None = None  # instead of a drag
        self._at: Pointer | None = None

    def handle(self, pointer: Pointer, context: Seeing) -> Edit | None:
        match pointer.kind:
            case "press" if pointer.button == "left" and self._picked_up:
                self._follow(pointer, context)
            case "press" if pointer.button == "left":
                self._press(pointer, context)
            case "double":
                return self._double(pointer, context)
            case "move" | "hover":
                self._at = pointer
                if self._start is not None and (pointer.kind == "move" or self._picked_up):
                    self._follow(pointer, context)
            case "release" if self._start is not None:
                return self._release(pointer, context)
            case "cancel":
                self._forget()
        return None

    # Beginning

    def _press(self, pointer: Pointer, context: Seeing) -> None:
        self._at = pointer
        self._start = pointer
        self._after = ()
        grip = self._grip_at(pointer, context)
        if grip is not None:
            shape, self._grip = grip
            self._before = (shape,)
            self._doing = "resizing" if isinstance(shape, Box) else "vertex"
            return
        found = under(context, pointer)
        many = bool(pointer.modifiers & {"shift", "ctrl"})
        if not found:
            self._doing = "framing"
            self._wanted = None if many else frozenset()
            return
        chosen = context.selection
        if not chosen & set(found):
            chosen = chosen | {found[0]} if many else frozenset({found[0]})
            self._wanted = chosen
        else:
            # On what is selected: a drag moves all of it; only a click, seen at its release, selects anew.
            held = next(key for key in found if key in chosen)
            self._if_clicked = chosen - {held} if many else frozenset({held})
        self._doing = "moving"
        self._before = movable(context, chosen)

    def _grip_at(self, pointer: Pointer, context: Seeing) -> tuple[Movable, int] | None:
        best: tuple[float, Movable, int] | None = None
        for shape in movable(context, context.selection):
            reach = REACH / pointer.scale
            if isinstance(shape, Box):
                reach = min(reach, min(side_lengths(shape)) / 5)  # a small box can still be moved
            for number, (x, y) in enumerate(grips_of(shape)):
                away = max(abs(x - pointer.xy[0]), abs(y - pointer.xy[1]))
                if away <= reach and (best is None or away < best[0]):
                    best = away, shape, number
        return None if best is None else best[1:]

    def _double(self, pointer: Pointer, context: Seeing) -> Edit | None:
        """On an edge of an outline: a new point there. On a shape: it follows until the next click."""
        for key in context.selection:
            shape = context.document.get(key)
            if isinstance(shape, Polygon) and key not in context.locked:
                away, index = distance_to_line(shape.outline, *pointer.xy, closed=True)
                if away * pointer.scale <= REACH:
                    points = list(shape.outline)
                    points.insert(index + 1, on_picture(pointer.xy, context))
                    self._forget()
                    return change("Add point", (shape, replace(shape, outline=tuple(points))), tool=self.name)
        if self._before and self._doing == "moving":
            self._picked_up = True
        return None

    # Going on

    def _follow(self, pointer: Pointer, context: Seeing) -> None:
        assert self._start is not None
        if not self._after and moved_on_screen(self._start, pointer) < CLICK:
            return
        if self._doing == "framing":
            corners = (*on_picture(self._start.xy, context), *on_picture(pointer.xy, context))
            self._after = (_frame(normalised(corners)),)
            return
        dx, dy = pointer.xy[0] - self._start.xy[0], pointer.xy[1] - self._start.xy[1]
        if self._doing == "moving":
            if "shift" in pointer.modifiers:
                dx, dy = (dx, 0.0) if abs(dx) >= abs(dy) else (0.0, dy)
            self._after = moved_together(context, self._before, dx, dy)
        elif self._doing in ("resizing", "vertex"):
            shape = self._before[0]
            if isinstance(shape, Box):
                keep, centred = "shift" in pointer.modifiers, "ctrl" in pointer.modifiers
                xyxy = resized(shape.xyxy, self._grip, dx, dy, context.size, centred, keep)
                self._after = (box_with(shape, xyxy),)
            else:
                self._after = (with_point(shape, self._grip, on_picture(pointer.xy, context)),)

    def _release(self, pointer: Pointer, context: Seeing) -> Edit | None:
        self._follow(pointer, context)
        doing, before, after = self._doing, self._before, self._after
        if doing == "framing":
            frame = after[0] if after else None
            if isinstance(frame, Box):
                found = frozenset(context.index.within(frame.xyxy)) - context.hidden - context.locked
                self._wanted = found | (context.selection if self._wanted is None else frozenset())
        elif not after and doing == "moving" and self._if_clicked is not None and not self._picked_up:
            self._wanted = self._if_clicked
        elif not after and doing in ("resizing", "vertex") and not self._picked_up:
            self._picked_up = True  # a click on a grip: it follows until the next click
            return None
        self._forget()
        return self._edit(doing, before, after, context)

    def _edit(
        self, doing: Doing, before: tuple[Movable, ...], after: tuple[AnyEntity, ...], context: Seeing
    ) -> Edit | None:
        if doing in ("nothing", "framing") or not after:
            return None
        verb = {"moving": "Move", "resizing": "Resize"}.get(doing, "Move point of")
        edit = change(f"{verb} {what(context, before)}", *zip(before, after, strict=True), tool=self.name)
        if any(isinstance(shape, Box) and _is_flat(shape.xyxy) for shape in after):
            return None
        return edit or None

    def finish(self, context: Seeing) -> Edit | None:
        """Put down what was picked up."""
        if not self._picked_up:
            return None
        doing, before, after = self._doing, self._before, self._after
        self._forget()
        return self._edit(doing, before, after, context)

    def _forget(self) -> None:
        self._doing, self._start, self._grip, self._picked_up = "nothing", None, -1, False
        self._before = self._after = ()
        self._if_clicked = None

    def back(self) -> bool:
        had = bool(self._after)
        self._forget()
        return had

    def preview(self) -> tuple[object, ...]:
        return self._after

    def wanted_selection(self) -> frozenset[EntityId] | None:
        wanted, self._wanted = self._wanted, None
        return wanted

    def next_under(self, context: Seeing) -> frozenset[EntityId] | None:
        """What lies under the pointer behind what is selected there; None where nothing else does."""
        found = under(context, self._at) if self._at is not None else []
        if len(found) < 2:
            return None
        selected = [n for n, key in enumerate(found) if key in context.selection]
        return frozenset({found[(selected[-1] + 1) % len(found) if selected else 0]})

    def draft(self) -> bytes | None:
        """Nothing: what was moved half-way stays where it was."""
        return None

    def resume(self, draft: bytes) -> None:
        """Nothing to go on with."""


def movable(context: Seeing, keys: frozenset[EntityId]) -> tuple[Movable, ...]:
    """The shapes among `keys` that lie on the frame and may be changed, in painting order."""
    found = (context.document.get(key) for key in sorted(keys, key=lambda k: context.index.rows.get(k, -1)))
    return tuple(
        shape
        for shape in found
        if isinstance(shape, Box | RotatedBox | Polygon | Polyline | Keypoints)
        and shape.id in context.index.rows
        and shape.id not in context.locked
    )


def moved_together(context: Seeing, shapes: tuple[Movable, ...], dx: float, dy: float) -> tuple[Movable, ...]:
    """All shapes by the same way, as far as all of them stay on the picture."""
    bounds = [rect for shape in shapes if (rect := context.index.bounds_of(shape.id)) is not None]
    dx, dy = room_to_move(bounds, dx, dy, context.size)
    return tuple(moved(shape, dx, dy) for shape in shapes)


def grips_of(shape: Movable) -> list[XY]:
    """Where a shape is caught: 8 places of a box, the points of an outline, in picture pixels."""
    match shape:
        case Box():
            left, top, right, bottom = shape.xyxy
            x, y = (left + right) / 2, (top + bottom) / 2
            return [
                (left if g[0] else right if g[2] else x, top if g[1] else bottom if g[3] else y)
                for g in GRIPS
            ]
        case Polygon():
            return [point for ring in (shape.outline, *shape.holes) for point in ring]
        case Polyline():
            return list(shape.points)
    return []


def with_point(shape: Movable, number: int, xy: XY) -> Movable:
    """The shape with one of its points elsewhere; points are counted as `grips_of` does."""
    if isinstance(shape, Polyline):
        return replace(shape, points=_put(shape.points, number, xy))
    if not isinstance(shape, Polygon):
        return shape
    if number < len(shape.outline):
        return replace(shape, outline=_put(shape.outline, number, xy))
    number -= len(shape.outline)
    holes = list(shape.holes)
    for index, hole in enumerate(holes):
        if number < len(hole):
            holes[index] = _put(hole, number, xy)
            break
        number -= len(hole)
    return replace(shape, holes=tuple(holes))


def _put(points: tuple[XY, ...], number: int, xy: XY) -> tuple[XY, ...]:
    return (*points[:number], xy, *points[number + 1 :])


def what(context: Seeing, shapes: tuple[AnyEntity, ...]) -> str:
    """ "car", or "3 objects", for the undo menu."""
    if len(shapes) == 1:
        return class_title(context, context.index.class_of(shapes[0].id))
    return f"{len(shapes)} objects"


def _frame(xyxy: Rect) -> Box:
    return Box(ShapeId(new_id()), TrackId(new_id()), StreamId(""), 0, xyxy)


def _is_flat(xyxy: Rect) -> bool:
    return min(xyxy[2] - xyxy[0], xyxy[3] - xyxy[1]) < 1e-6
