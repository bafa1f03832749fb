"""The Edits that keys and menus make of what is selected. Pure functions: nothing is applied here."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from plugins.image.shape_geometry import Movable, bounds_of, moved, room_to_move
from plugins.image.shape_index import order_after, order_before
from plugins.image.tools.box import box_with
from plugins.image.tools.seeing import Seeing, class_title
from plugins.image.tools.select import movable, moved_together, what
from studio.domain.deletion import deletion
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import (
    AnyEntity,
    Box,
    Keypoints,
    Polygon,
    Polyline,
    Remark,
    RotatedBox,
    Shape,
    Track,
)
from studio.domain.geometry import clipped
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.ontology import in_class
from studio.domain.values import XY, Value, with_attribute
from studio.domain.wire.evaluation import Prediction

DUPLICATE_BY = 12.0  # picture pixels


class Copied(Struct, frozen=True):
    """Tracks and their shapes of one frame, to be pasted on this or another picture."""

    pairs: tuple[tuple[Track, Movable], ...] = ()


def deleted(context: Seeing) -> Edit | None:
    """Without the selected objects and what hangs on them; locked ones stay."""
    keys = [key for key in context.selection if key not in context.locked]
    shapes = tuple(shape for key in keys if (shape := context.document.get(key)) is not None)
    return (
        deletion(f"Delete {what(context, shapes)}", context.document, keys, tool="keys") if shapes else None
    )


def nudged(context: Seeing, dx: float, dy: float) -> Edit | None:
    """The selected shapes so many pixels further, as far as they stay on the picture."""
    shapes = movable(context, context.selection)
    after = moved_together(context, shapes, dx, dy)
    return change(f"Move {what(context, shapes)}", *zip(shapes, after, strict=True), tool="keys") or None


def resized_by(context: Seeing, dx: float, dy: float) -> Edit | None:
    """The right and lower edges of the selected boxes so many pixels further; never below one pixel."""
    pairs = []
    for shape in movable(context, context.selection):
        if isinstance(shape, Box):
            left, top, right, bottom = shape.xyxy
            right, bottom = max(right + dx, left + 1), max(bottom + dy, top + 1)
            pairs.append((shape, box_with(shape, clipped((left, top, right, bottom), *context.size))))
    title = f"Resize {what(context, tuple(old for old, _ in pairs))}"
    return change(title, *pairs, tool="keys") or None


def copied(context: Seeing) -> Copied:
    """The selected shapes with their tracks."""
    pairs = []
    for shape in movable(context, context.selection):
        track = context.document.get(shape.track)
        if isinstance(track, Track):
            pairs.append((track, shape))
    return Copied(tuple(pairs))


def pasted(
    context: Seeing, held: Copied, dx: float = 0.0, dy: float = 0.0, title: str = "Paste"
) -> Edit | None:
    """New objects like those that were copied, on the visible frame; one Edit."""
    bounds = [rect for _, shape in held.pairs if (rect := bounds_of(shape)) is not None]
    dx, dy = room_to_move(bounds, dx, dy, context.size)
    made: list[AnyEntity] = []
    tracks: dict[EntityId, Track] = {}
    for old, shape in held.pairs:
        track = tracks.setdefault(old.id, replace(old, id=TrackId(new_id())))
        placed = moved(shape, dx, dy)
        new = replace(
            placed,
            id=ShapeId(new_id()),
            track=TrackId(track.id),
            stream=context.stream,
            frame=context.frame,
        )
        if isinstance(new, Box):
            new = box_with(new, clipped(new.xyxy, *context.size))
            if min(new.xyxy[2] - new.xyxy[0], new.xyxy[3] - new.xyxy[1]) < 1:
                continue  # it lies outside this smaller picture
        made.append(new)
    if not made:
        return None
    used = {shape.track for shape in made if isinstance(shape, Shape)}
    return creation(title, *(t for t in tracks.values() if t.id in used), *made, tool="keys")


def duplicated(context: Seeing) -> Edit | None:
    """The selected objects once more, a little aside."""
    held = copied(context)
    shapes = tuple(shape for _, shape in held.pairs)
    return pasted(context, held, DUPLICATE_BY, DUPLICATE_BY, f"Duplicate {what(context, shapes)}")


def reclassed(context: Seeing, class_name: str) -> Edit | None:
    """The tracks of the selection in another class; values of attributes that it lacks are dropped."""
    tracks = tracks_of(context, context.selection)
    pairs = ((track, in_class(track, class_name, context.ontology)) for track in tracks)
    return change(f"Change to {class_title(context, class_name)}", *pairs, tool="keys") or None


def answered(context: Seeing, name: str, value: Value | None) -> Edit | None:
    """The selection with one attribute set, on the tracks or, where it is asked of each frame, the shapes."""
    pairs: list[tuple[AnyEntity, AnyEntity]] = []
    for key in sorted(context.selection):
        asked = context.ontology.attributes_of(context.index.class_of(key))
        attribute = next((each for each in asked if each.name == name), None)
        shape = context.document.get(key)
        if attribute is None or not isinstance(shape, Shape) or key in context.locked:
            continue
        target: AnyEntity | None = shape if attribute.each_frame else context.document.get(shape.track)
        if isinstance(target, Track | Box | RotatedBox | Polygon | Polyline | Keypoints):
            pairs.append((target, replace(target, attributes=with_attribute(target.attributes, name, value))))
    return change(f"Set {name}", *pairs, tool="keys") or None


def restacked(context: Seeing, front: bool) -> Edit | None:
    """The selected shapes over (or under) all others of the frame."""
    low, high = context.index.lowest_and_highest_order()
    shapes = movable(context, context.selection)
    pairs = []
    for shape in shapes if front else reversed(shapes):
        low, high = (low, order_after(high)) if front else (order_before(low), high)
        pairs.append((shape, replace(shape, order=high if front else low)))
    verb = "front" if front else "back"
    return change(f"Bring {what(context, shapes)} to {verb}", *pairs, tool="keys") or None


def remarked(context: Seeing, text: str, at: XY | None, replies_to: EntityId | None = None) -> Edit:
    """A remark on the one selected object, or on the frame, pinned at a place."""
    on = next(iter(context.selection)) if len(context.selection) == 1 else None
    if on is not None and at is None and (bounds := context.index.bounds_of(on)) is not None:
        at = bounds[:2]
    remark = Remark(EntityId(new_id()), text, on, context.stream, context.frame, at, replies_to=replies_to)
    return creation("Remark", remark, tool="remark")


def accepted(context: Seeing, prediction: Prediction, shapes: Iterable[EntityId]) -> Edit | None:
    """Entities of a prediction, as they are, made by its model; those that are in the document drop out."""
    known = {entity.id: entity for entity in prediction.entities}
    made: dict[EntityId, AnyEntity] = {}
    for key in shapes:
        shape = known.get(key)
        if isinstance(shape, Shape) and key not in context.document:
            track = known.get(shape.track)
            if track is not None and track.id not in context.document:
                made[track.id] = track
            made[key] = shape
    count = sum(isinstance(entity, Shape) for entity in made.values())
    if not count:
        return None
    title = "Accept prediction" if count == 1 else f"Accept {count} predictions"
    return creation(title, *made.values(), tool="accept", made_by=f"model:{prediction.model}")


def tracks_of(context: Seeing, keys: Iterable[EntityId]) -> list[Track]:
    """The tracks of these shapes, each once; those of locked shapes left out."""
    found: dict[EntityId, Track] = {}
    for key in sorted(keys):
        shape = context.document.get(key)
        track = context.document.get(shape.track) if isinstance(shape, Shape) else None
        if isinstance(track, Track) and key not in context.locked:
            found[track.id] = track
    return list(found.values())
