"""What the image editor shows of a document: the frame's shapes, the selection, and how each is drawn.

No Qt: it makes arrays and styles for the canvas, and is what tools see.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from plugins.image.shape_geometry import bounds_of, is_closed, rings_of
from plugins.image.shape_index import ShapeIndex
from studio.domain.document import Document
from studio.domain.entities import AnyEntity, Box, Remark, Shape, Track
from studio.domain.geometry import Rect
from studio.domain.ids import EntityId, StreamId
from studio.domain.ontology import Ontology
from studio.domain.wording import counted
from widgets.canvas.drawables import Drawables, Mark, Outline, ShapeStyle
from widgets.class_styles import styles_of
from widgets.object_list import ObjectRow

FRAME = ShapeStyle("#ffffff", "dash")


class Scene:
    """One frame of one item as this person sees it. `refresh` with the ids that changed."""

    def __init__(
        self, document: Document, ontology: Ontology, stream: StreamId, size: tuple[float, float]
    ) -> None:
        self.document = document
        self.ontology = ontology
        self.stream = stream
        self.frame = 0
        self.size = size
        self.class_name = ontology.classes[0].name if ontology.classes else ""
        self.selection: frozenset[EntityId] = frozenset()
        self.hidden: frozenset[EntityId] = frozenset()
        self.locked: frozenset[EntityId] = frozenset()
        self._styles, self._numbers = styles_of(ontology)
        self._class_of: dict[EntityId, str] = {}
        self._changes = 0  # of which shapes there are and of what class
        self._listed: tuple[object, tuple[ObjectRow, ...]] = (None, ())
        self._numbered: tuple[object, NDArray[np.int32], tuple[str, ...]] = (None, np.empty(0, np.int32), ())
        self._marks: tuple[Mark, ...] | None = None
        self.index = ShapeIndex(document, stream, 0)

    def go_to(self, stream: StreamId, frame: int, size: tuple[float, float]) -> None:
        """Look at another frame."""
        self.stream, self.frame, self.size = stream, frame, size
        self._class_of.clear()
        self._changes += 1
        self._marks = None
        self.index = ShapeIndex(self.document, stream, frame)

    def refresh(self, ids: Iterable[EntityId]) -> None:
        """Entities were made, changed or removed, by anybody."""
        shapes: dict[EntityId, None] = {}
        for key in ids:
            shapes[key] = None
            if isinstance(self.document.get(key), Track):
                shapes.update(dict.fromkeys(self.document.referrers(key)))
        keys, before = self.index.keys, {key: self._class_of.pop(key, None) for key in shapes}
        self.index.update(shapes)
        here = self.index.rows.keys()
        if keys is not self.index.keys or any(
            (self.class_of(key) if key in here else None) != held for key, held in before.items()
        ):
            self._changes += 1
        if any(isinstance(self.document.get(key), Remark | None) for key in shapes) or self._marks:
            self._marks = None
        self.selection = frozenset(key for key in self.selection if key in here)

    def class_of(self, key: EntityId) -> str:
        """The class of a shape."""
        held = self._class_of.get(key)
        if held is None:
            held = self._class_of[key] = self.index.class_of(key)
        return held

    def title_of_class(self, name: str) -> str:
        known = self.ontology.class_type(name)
        return (known.title or known.name) if known is not None else name or "object"

    def shapes_of(self, keys: Iterable[EntityId]) -> frozenset[EntityId]:
        """Shapes of this frame for any entities: a track means its shapes, a remark what it is on."""
        found: set[EntityId] = set()
        for key in keys:
            entity = self.document.get(key)
            if isinstance(entity, Remark):
                found |= self.shapes_of([entity.on]) if entity.on is not None else set()
            elif isinstance(entity, Track):
                found.update(each for each in self.document.referrers(key) if each in self.index.rows)
            elif key in self.index.rows:
                found.add(key)
        return frozenset(found)

    def at_rest(self) -> Drawables:
        """All shapes, but for those that are hidden or drawn live because they are selected."""
        stamp = (self._changes, self.locked)
        if self._numbered[0] != stamp:
            keys = tuple(self.index.keys)
            classes, unknown = self._numbers, len(self._numbers)
            made = np.fromiter(
                (classes.get(self.class_of(key), unknown) for key in keys), np.int32, len(keys)
            )
            made *= 2
            for key in self.locked & self.index.rows.keys():
                made[self.index.rows[key]] += 1
            self._numbered = (stamp, made, keys)
        _, numbers, names = self._numbered
        numbers = numbers.copy()
        for key in self.hidden | self.selection:
            if (row := self.index.rows.get(key)) is not None:
                numbers[row] = -1
        outlines = {self.index.rows[key]: self._outline(key) for key in self.index.rings}
        return Drawables(names, self.index.bounds, numbers, self._styles, outlines)

    def _outline(self, key: EntityId) -> Outline:
        rings = self.index.rings[key]
        shape = self.document.get(key)
        return Outline(rings[0], rings[1:], closed=shape is not None and is_closed(shape))

    def _number(self, key: EntityId) -> int:
        return 2 * self._numbers.get(self.class_of(key), len(self._numbers)) + (key in self.locked)

    def selected(self) -> Drawables:
        """The selected shapes."""
        keys = sorted(self.selection - self.hidden, key=self.index.rows.__getitem__)
        shapes = [shape for key in keys if (shape := self.document.get(key)) is not None]
        return self.drawn(shapes)

    def drawn(self, shapes: Iterable[object], class_name: str = "", framing: bool = False) -> Drawables:
        """Shapes that may not be in the document; those of no known track look like `class_name`."""
        styles = (*self._styles, FRAME)
        keys: list[str] = []
        bounds: list[Rect] = []
        numbers: list[int] = []
        outlines: dict[int, Outline] = {}
        for shape in shapes:
            if not isinstance(shape, Shape) or (rect := bounds_of(shape)) is None:  # type: ignore[arg-type]
                continue
            if rings := rings_of(shape):  # type: ignore[arg-type]
                outlines[len(keys)] = Outline(rings[0], rings[1:], is_closed(shape))  # type: ignore[arg-type]
            number = (
                self._number(shape.id) if shape.id in self.index.rows else 2 * self._class_number(class_name)
            )
            keys.append(shape.id)
            bounds.append(rect)
            numbers.append(len(styles) - 1 if framing else number)
        return Drawables(
            tuple(keys),
            np.array(bounds, float).reshape(-1, 4),
            np.array(numbers, np.int32),
            styles,
            outlines,
        )

    def _class_number(self, name: str) -> int:
        return self._numbers.get(name, len(self._numbers))

    def style_of_class(self, name: str) -> ShapeStyle:
        return self._styles[2 * self._class_number(name)]

    def rows(self) -> tuple[ObjectRow, ...]:
        """The objects of the frame, counted within their class; the same tuple while nothing is new."""
        stamp = (self._changes, self.hidden, self.locked)
        if self._listed[0] != stamp:
            self._listed = (stamp, tuple(self._make_rows()))
        return self._listed[1]

    def _make_rows(self) -> Iterator[ObjectRow]:
        counts: Counter[str] = Counter()
        looks: dict[str, tuple[str, ShapeStyle]] = {}
        for key in self.index.keys:
            name = self.class_of(key)
            counts[name] += 1
            if name not in looks:
                looks[name] = self.title_of_class(name), self.style_of_class(name)
            title, style = looks[name]
            yield ObjectRow(
                key, f"{title} #{counts[name]}", style, key not in self.hidden, key in self.locked
            )

    def marks(self) -> tuple[Mark, ...]:
        """A pin for each open remark of the frame."""
        if self._marks is None:
            remarks = [entity for entity in self.document if isinstance(entity, Remark)]
            self._marks = tuple(mark for each in remarks if (mark := self._mark(each)) is not None)
        return self._marks

    def _mark(self, remark: Remark) -> Mark | None:
        place = self.place_of(remark)
        if remark.resolved or remark.replies_to is not None or place is None or not self._is_here(remark):
            return None
        text = remark.text if len(remark.text) <= 40 else remark.text[:39] + "…"
        return Mark((*place[:2], *place[:2]), text, "pin", remark.id)

    def _is_here(self, remark: Remark) -> bool:
        stream = remark.stream in (None, self.stream)
        return stream and remark.frame in (None, self.frame)

    def place_of(self, entity: AnyEntity) -> Rect | None:
        """Where an entity lies on its frame: a shape's bounds, a remark's pin, a track's first shape here."""
        if isinstance(entity, Remark):
            if entity.at is not None:
                return (*entity.at, *entity.at)
            on = self.document.get(entity.on) if entity.on is not None else None
            return self.place_of(on) if on is not None else None
        if isinstance(entity, Track):
            shapes = self.shapes_of([entity.id])
            return self.index.bounds_of(min(shapes)) if shapes else None
        return bounds_of(entity)

    def words(self) -> str:
        """What a screen reader says: "3 shapes, car #2 selected"."""
        count = len(self.index)
        said = [counted(count, "shape")]
        rows = self.rows()
        chosen = [rows[self.index.rows[key]].title for key in sorted(self.selection)[:3]]
        if chosen:
            others = " and others" if len(self.selection) > 3 else ""
            said.append(f"{', '.join(chosen)}{others} selected")
        return ", ".join(said)


def is_flat_frame(shape: object) -> bool:
    """Whether a preview is a frame that selects, not a shape of the document."""
    return isinstance(shape, Box) and not shape.stream
