"""Lines and areas on the ground: lanes, kerbs, crossings. No Qt.

What they mark stays where it is while the car drives on: where the item has ego poses, a line that was drawn
at one frame stands at every frame, moved by the poses; without poses it is seen at its own frame alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Polyline3, Track
from studio.domain.ids import EntityId, ShapeId, TrackId, new_id
from studio.domain.ontology import Ontology
from studio.domain.space import Floats, as_xyz, inward, outward
from studio.domain.values import XYZ

WORLD = "world"


class PlacedLine(Struct, frozen=True):
    """A line as it lies in the ego frame of the visible frame."""

    shape: Polyline3  # as it is in the document
    points: tuple[XYZ, ...]

    def segments(self) -> Floats:
        """(N, 2, 3) metres; with one more back to the start where it is closed."""
        along = np.array([*self.points, self.points[0]] if self.shape.closed else self.points)
        return np.stack([along[:-1], along[1:]], axis=1)


class Lanes:
    """The lines of a document, by track. `refresh` with the ids that changed."""

    def __init__(self, document: Document, index: TrackIndex) -> None:
        self._document = document
        self._index = index
        self._held: dict[ShapeId, Polyline3] = {}
        for entity in document.of_kind(Polyline3):
            self._held[entity.id] = entity

    def __len__(self) -> int:
        """How many lines there are at all frames."""
        return len(self._held)

    def refresh(self, ids: Iterable[EntityId]) -> None:
        """Entities were made, changed or removed, by anybody."""
        for key in ids:
            entity = self._document.get(key)
            if isinstance(entity, Polyline3):
                self._held[entity.id] = entity
            else:
                self._held.pop(ShapeId(key), None)

    def tracks(self) -> list[TrackId]:
        """The tracks that have a line at any frame, in the order in which they came."""
        return list(dict.fromkeys(each.track for each in self._held.values()))

    def at(self, frame: int) -> Iterator[PlacedLine]:
        """The lines that are seen at a frame of the reference stream."""
        for shape in self._held.values():
            if (placed := self.placed(shape, frame)) is not None:
                yield placed

    def placed(self, shape: Polyline3, frame: int) -> PlacedLine | None:
        """A line, of the document or not, as it lies at a frame; None where it is not seen there."""
        line = self._index.timeline
        own = line.reference_frame(shape.stream, shape.frame)
        fixed = shape.coordinate_system == WORLD
        if own == frame and not fixed:
            return PlacedLine(shape, shape.points)
        if not line.poses and not fixed:
            return None
        there = np.array(shape.points)
        world = there if fixed else outward(line.pose(own), there)
        return PlacedLine(shape, tuple(as_xyz(each) for each in inward(line.pose(frame), world)))

    def of(self, track: EntityId, frame: int) -> PlacedLine | None:
        """The first line of a track that is seen at a frame."""
        return next((each for each in self.at(frame) if each.shape.track == track), None)

    def with_points(self, held: PlacedLine, frame: int, points: Iterable[XYZ]) -> Polyline3:
        """The document's line, so that it lies so at `frame`; points that stay keep their numbers exactly."""
        line = self._index.timeline
        known = dict(zip(held.points, held.shape.points, strict=True))
        own = line.reference_frame(held.shape.stream, held.shape.frame)

        def back(point: XYZ) -> XYZ:
            if (stays := known.get(point)) is not None:
                return stays
            if held.shape.coordinate_system != WORLD and own == frame:
                return point
            world = outward(line.pose(frame), np.array([point]))
            if held.shape.coordinate_system != WORLD:
                world = inward(line.pose(own), world)
            return as_xyz(world[0])

        return replace(held.shape, points=tuple(back(each) for each in points))


def new_line(
    ontology: Ontology, class_name: str, stream: str, frame: int, points: Iterable[XYZ], closed: bool
) -> tuple[Track, Polyline3]:
    """A track of a class with one line here, with the labelling template's defaults."""
    track = Track(TrackId(new_id()), class_name, ontology.defaults(class_name, each_frame=False))
    shape = Polyline3(
        ShapeId(new_id()),
        TrackId(track.id),
        stream,  # type: ignore[arg-type]
        frame,
        tuple(points),
        closed=closed,
        attributes=ontology.defaults(class_name, each_frame=True),
    )
    return track, shape


def drawn(title: str, track: Track, shape: Polyline3, tool: str) -> Edit:
    """The Edit of a line that was drawn."""
    return creation(f"Draw {title}", track, shape, tool=tool)


def moved(old: Polyline3, new: Polyline3, title: str) -> Edit | None:
    """The Edit of a line with other points."""
    return change(f"Change the shape of {title}", (old, new), tool="select") if new != old else None
