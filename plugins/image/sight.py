"""What detectors of boxes see of an item: its picture, and the boxes on it."""

from collections.abc import Iterator, Sequence
from typing import Annotated

from msgspec import Meta

from studio.domain.contracts.training import Described, Layer, Lesson, Seen, Shown
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id

MOST_SHAPES = 1_000  # of one picture; a model that sees more is not to be believed


Size = Annotated[int, Meta(ge=16, le=16_384)]


class BoxDetector(Described, frozen=True, forbid_unknown_fields=True):
    """`model.json` of a detector of boxes."""

    width: Size  # of the picture that the graph takes
    height: Size
    score: Annotated[float, Meta(ge=0, le=1)]  # below it nothing is reported
    overlap: Annotated[float, Meta(ge=0, le=1)]  # IoU above which the lower of two boxes of a class goes
    limit: Annotated[int, Meta(ge=1, le=10_000)]  # boxes a picture
    flip: bool = False  # whether the mirrored picture is asked too


class PictureSight:
    """The image plug-in's `sight` part: of an item its first stream's first frame, as the file has it."""

    kinds = ("image",)
    shape = "xyxy"
    described = BoxDetector

    def lessons(self, item: Shown) -> Iterator[Lesson]:
        """The picture with its boxes: left, top, right, bottom in pixels of its full size."""
        names = {each.id: each.class_name for each in item.entities if isinstance(each, Track)}
        stream = item.streams[0].id
        found = [each for each in item.entities if isinstance(each, Box) and each.frame == 0]
        found.sort(key=lambda box: (box.xyxy, names.get(box.track, "")))  # ids differ from import to import
        yield Lesson(
            item.name,
            item.original(stream, 0),
            tuple((names[box.track], box.xyxy, item.weights.get(box.id, 1.0)) for box in found),
        )

    def views(self, item: Shown, first: int, stop: int) -> Iterator[tuple[int, bytes]]:
        """The picture."""
        if first == 0:
            yield 0, item.original(item.streams[0].id, 0)

    def layer(self, item: Shown, seen: Sequence[tuple[int, Sequence[Seen]]]) -> Layer:
        """One track with one box for everything found, the most certain first; at most `MOST_SHAPES`."""
        entities: list[AnyEntity] = []
        scores: list[tuple[EntityId, float]] = []
        for frame, found in seen:
            for class_name, score, (x0, y0, x1, y1) in sorted(found, key=lambda each: -each[1])[:MOST_SHAPES]:
                track = Track(TrackId(new_id()), class_name)
                box = Box(ShapeId(new_id()), track.id, item.streams[0].id, frame, (x0, y0, x1, y1))
                entities += (track, box)
                scores.append((box.id, score))
        return Layer(tuple(entities), tuple(scores))
