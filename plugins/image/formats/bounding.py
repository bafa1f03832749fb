"""Items as formats that know only boxes see them: every shape's bounding box, and what that loses."""

from collections.abc import Iterator

from studio.domain.contracts.formats import WriteItem
from studio.domain.contracts.reading import Losses
from studio.domain.entities import AnyEntity, AnyShape, Box, Mask, Shape, Tile, Track
from studio.domain.geometry import Rect, bounding_box


def kind_of(entity: AnyEntity) -> str:
    """The entity's kind as it stands on the wire."""
    return str(entity.__struct_config__.tag)


def is_of_a_mask(entity: AnyEntity) -> bool:
    """Whether it is a tile of a mask, which is lost or kept as the mask is; a tile of points is its own."""
    return isinstance(entity, Tile) and entity.owner is not None


def bounding_boxes(item: WriteItem, losses: Losses) -> Iterator[tuple[Track, AnyShape, Rect]]:
    """(track, shape, box) of the first stream's first frame; all else is counted in `losses`."""
    tracks = {entity.id: entity for entity in item.entities if isinstance(entity, Track)}
    shapes: dict[str, list[AnyShape]] = {}
    for entity in item.entities:
        if isinstance(entity, Track):
            if entity.name or entity.identity:
                losses.add("track name or identity")
        elif isinstance(entity, Shape):
            shapes.setdefault(entity.track, []).append(entity)
        elif not is_of_a_mask(entity):
            losses.add(kind_of(entity))
    first = item.streams[0].id if item.streams else ""
    for held in shapes.values():
        for number, shape in enumerate(held):
            box = bounding_box(shape)
            if shape.stream != first or getattr(shape, "frame", 0) != 0 or box is None:
                losses.add(f"shape {kind_of(shape)}" if not isinstance(shape, Mask) else "shape mask")
                continue
            if not isinstance(shape, Box):
                losses.add(f"shape {kind_of(shape)}", "written as its bounding box")
            if number:
                losses.add("second shape of a track", "written as an object of its own")
            yield tracks[shape.track], shape, box
    for track_id in tracks.keys() - shapes.keys():
        losses.add(f"track without shape ({tracks[track_id].class_name})")
