"""What a tool of the image editor may look at, and what all of them can do."""

from __future__ import annotations

from typing import Protocol

from plugins.image.shape_index import ShapeIndex
from studio.domain.contracts.editing import Pointer, ToolContext
from studio.domain.edit import Edit
from studio.domain.entities import Box, Polygon, Track
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id

CLICK = 3.0  # screen pixels: a press and release closer than this are a click
SLIP = 2.0  # picture pixels: a box with a shorter side is a slip of the hand


class Seeing(ToolContext, Protocol):
    """A ToolContext that knows where the shapes of the frame are."""

    index: ShapeIndex
    hidden: frozenset[EntityId]
    locked: frozenset[EntityId]


class PictureTool(Protocol):
    """A Tool of pictures, with what keys make it do, and with a wish for a selection."""

    name: str
    title: str
    key: str

    def handle(self, pointer: Pointer, context: Seeing) -> Edit | None: ...
    def preview(self) -> tuple[object, ...]: ...
    def draft(self) -> bytes | None: ...
    def resume(self, draft: bytes) -> None: ...
    def finish(self, context: Seeing) -> Edit | None:
        """Complete what is unfinished, where that can be."""

    def back(self) -> bool:
        """Take back the last step of an unfinished gesture; whether there was one."""

    def wanted_selection(self) -> frozenset[EntityId] | None:
        """What should be selected after the last event, or None where that stays; asked once."""


def on_picture(xy: tuple[float, float], context: ToolContext) -> tuple[float, float]:
    """The nearest point of the picture."""
    return min(max(xy[0], 0.0), context.size[0]), min(max(xy[1], 0.0), context.size[1])


def moved_on_screen(start: Pointer, end: Pointer) -> float:
    """How far a pointer went, in screen pixels, by its longer axis."""
    return max(abs(end.xy[0] - start.xy[0]), abs(end.xy[1] - start.xy[1])) * end.scale


def under(context: Seeing, pointer: Pointer) -> list[EntityId]:
    """The shapes under the pointer that can be picked, the smallest first."""
    found = context.index.under(on_picture(pointer.xy, context), CLICK / pointer.scale)
    return [key for key in found if key not in context.hidden and key not in context.locked]


def new_track(context: ToolContext, name: str) -> Track:
    """A track of a class, with the ontology's defaults."""
    return Track(TrackId(new_id()), name, context.ontology.defaults(name, each_frame=False))


def new_box(context: ToolContext, track: Track, xyxy: tuple[float, float, float, float]) -> Box:
    """A box of `track` on the visible frame."""
    values = context.ontology.defaults(track.class_name, each_frame=True)
    shape = ShapeId(new_id())
    return Box(shape, TrackId(track.id), context.stream, context.frame, xyxy, values)


def new_polygon(context: ToolContext, track: Track, outline: tuple[tuple[float, float], ...]) -> Polygon:
    """A polygon of `track` on the visible frame."""
    values = context.ontology.defaults(track.class_name, each_frame=True)
    shape = ShapeId(new_id())
    return Polygon(shape, TrackId(track.id), context.stream, context.frame, outline, attributes=values)


def class_title(context: ToolContext, name: str) -> str:
    """What people call a class."""
    found = context.ontology.class_type(name)
    return (found.title or found.name) if found is not None else (name or "object")
