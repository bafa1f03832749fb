"""Hypothesis strategies: entities of every kind, documents, and histories of Edits made one on the other.

Ids are counted, so that an example shrinks and repeats.
"""

from collections.abc import Callable
from typing import Any, get_args

from hypothesis import strategies as st
from msgspec.structs import fields, replace

from studio.domain import entities as e
from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Edit, change
from studio.domain.entities import AnyEntity, Entity, StreamId
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId

KINDS: tuple[type[Entity], ...] = get_args(AnyEntity)


def counted_id(number: int) -> EntityId:
    """A UUIDv7 in the one spelling, from a number."""
    return EntityId(f"{number:08x}-0000-7000-8000-{number:012x}")


names = st.sampled_from(["car", "person", "sign", "Straße", "红", ""])
finite = st.one_of(
    st.integers(-2000, 2000).map(float),
    st.floats(-1e9, 1e9, allow_nan=False, width=64).map(lambda value: value + 0.0),
)
indices = st.integers(0, 5)
times = st.integers(-(2**63), 2**63 - 1)
xys = st.tuples(finite, finite)
xyzs = st.tuples(finite, finite, finite)
quaternions = st.tuples(finite, finite, finite, finite)
values = st.one_of(
    names,
    st.booleans(),
    st.integers(-(2**40), 2**40),
    finite,
    st.lists(names, max_size=2).map(tuple),
)
attributes = st.dictionaries(st.sampled_from(["a", "b", "occluded", "ü"]), values, max_size=3).map(
    lambda held: tuple(sorted(held.items()))
)
streams = st.sampled_from([StreamId("front"), StreamId("lidar"), StreamId("voice")])
spans2 = st.tuples(times, times)

_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "class_name": names,
    "attributes": attributes,
    "identity": names,
    "name": names,
    "order": names,
    "stream": streams,
    "frame": indices,
    "xyxy": quaternions,
    "centre": xys,
    "size": xys,
    "angle_rad": finite,
    "outline": st.lists(xys, max_size=4).map(tuple),
    "holes": st.lists(st.lists(xys, max_size=3).map(tuple), max_size=2).map(tuple),
    "points": st.lists(xys, max_size=4).map(tuple),
    "rotation": quaternions,
    "coordinate_system": names,
    "closed": st.booleans(),
    "start_ns": times,
    "end_ns": times,
    "low_hz": st.none() | finite,
    "high_hz": st.none() | finite,
    "start": indices,
    "end": indices,
    "plugin_kind": names,
    "version": indices,
    "anchors": st.lists(st.lists(finite, max_size=3).map(tuple), max_size=2).map(tuple),
    "values": attributes,
    "blob": names,
    "text": names,
    "index": st.tuples(indices, indices),
    "interval": st.none() | spans2,
    "role": names,
    "intervals": st.lists(spans2, max_size=2).map(tuple),
    "at": st.none() | xys,
    "resolved": st.booleans(),
    "parent": names,
    "translation": xyzs,
    "model": st.sampled_from(["pinhole", "brown_conrady", "kannala_brandt"]),
    "intrinsics": st.lists(finite, max_size=4).map(tuple),
    "distortion": st.lists(finite, max_size=3).map(tuple),
    "time_ns": times,
    "ends_here": st.booleans(),
    "made": st.sampled_from(["hand", "auto", "model"]),
}
_OTHERWISE: dict[tuple[type[Entity], str], st.SearchStrategy[Any]] = {
    (e.Keypoints, "points"): st.lists(st.tuples(names, xys, st.sampled_from([0, 1, 2])), max_size=3).map(
        tuple
    ),
    (e.Mask, "size"): st.tuples(indices, indices),
    (e.Mask, "counts"): st.binary(max_size=8),
    (e.Cuboid, "centre"): xyzs,
    (e.Cuboid, "size"): xyzs,
    (e.Polyline3, "points"): st.lists(xyzs, max_size=3).map(tuple),
    (e.PluginShape, "frame"): st.none() | indices,
    (e.Segment, "start_ns"): st.none() | times,
    (e.Segment, "end_ns"): st.none() | times,
    (e.Tag, "stream"): st.none() | streams,
    (e.Tag, "frame"): st.none() | indices,
    (e.Remark, "stream"): st.none() | streams,
    (e.Remark, "frame"): st.none() | indices,
    (e.Calibration, "size"): st.tuples(indices, indices),
}


def field_values(kind: type[Entity], field: str) -> st.SearchStrategy[Any]:
    """Values that a field of a kind may take; references are not among them."""
    return _OTHERWISE[kind, field] if (kind, field) in _OTHERWISE else _FIELDS[field]


def plain_fields(kind: type[Entity]) -> list[str]:
    """The fields of a kind that are neither its id nor a reference."""
    return [f.name for f in fields(kind) if f.name != "id" and f.name not in e.REFERENCES.get(kind, {})]


class Maker:
    """Draws Edits that stand on a document; counts ids from `first`, so that two makers do not meet."""

    def __init__(self, draw: Callable[[st.SearchStrategy[Any]], Any], first: int = 1) -> None:
        self.draw = draw
        self.next = first

    def fresh_id(self) -> EntityId:
        self.next += 1
        return counted_id(self.next)

    def creation(self, document: Document, kind: type[Entity] | None = None) -> Edit:
        """A new entity, with what it must point at where the document has nothing of the kind."""
        made: dict[EntityId, AnyEntity] = {}
        self._make(kind or self.draw(st.sampled_from(KINDS)), document, made)
        return Edit("Draw", {key: (None, each) for key, each in made.items()})

    def change(self, document: Document) -> Edit:
        """One or two fields of one entity as something else; empty for an empty document."""
        held = list(document)
        if not held:
            return Edit("Change", {})
        old = self.draw(st.sampled_from(held))
        chosen = self.draw(st.lists(st.sampled_from(plain_fields(type(old))), min_size=1, max_size=2))
        return change(
            "Change", (old, replace(old, **{f: self.draw(field_values(type(old), f)) for f in chosen}))
        )

    def removal(self, document: Document) -> Edit:
        """One entity, with all that hangs on it."""
        keys = sorted(document.entities)
        return deletion("Delete", document, [self.draw(st.sampled_from(keys))] if keys else [])

    def edit(self, document: Document) -> Edit:
        """Any of them, or two joined as one gesture."""
        match self.draw(st.sampled_from(("creation", "creation", "change", "change", "removal", "both"))):
            case "creation":
                return self.creation(document)
            case "removal":
                return self.removal(document)
            case "both":
                first = self.creation(document)
                later = Document(document)
                try:
                    later.apply(first)
                except AtelierError:
                    return first
                return first.then(self.change(later))
            case _:
                return self.change(document)

    def _make(self, kind: type[Entity], document: Document, made: dict[EntityId, AnyEntity]) -> AnyEntity:
        given: dict[str, Any] = {field: self.draw(field_values(kind, field)) for field in plain_fields(kind)}
        for field, wanted in e.REFERENCES.get(kind, {}).items():
            given[field] = self._target(wanted, kind, field, document, made)
        entity: AnyEntity = kind(id=self.fresh_id(), **given)  # type: ignore[assignment]
        made[entity.id] = entity
        return entity

    def _target(
        self,
        wanted: type[Entity] | tuple[type[Entity], ...],
        kind: type[Entity],
        field: str,
        document: Document,
        made: dict[EntityId, AnyEntity],
    ) -> EntityId | None:
        optional = {f.name for f in fields(kind) if f.default is None}
        there = [each.id for each in [*document, *made.values()] if isinstance(each, wanted)]
        first = wanted[0] if isinstance(wanted, tuple) else wanted
        if field in optional and self.draw(st.booleans()):
            return None
        if there and self.draw(st.integers(0, 3)):
            return self.draw(st.sampled_from(there))
        return self._make(e.Track if first is Entity else first, document, made).id


@st.composite
def histories(draw: Any, max_size: int = 5) -> list[Edit]:
    """Edits, each made on the state that the ones before leave; as applied."""
    document = Document()
    maker = Maker(draw)
    done: list[Edit] = []
    for _ in range(draw(st.integers(0, max_size))):
        edit = maker.edit(document)
        # a circle of groups is the one thing that a maker may draw wrongly
        if not (code := refusal(document, edit)):
            done.append(edit)
        assert code in ("", "document.dangling")
    return done


def refusal(document: Document, edit: Edit) -> str:
    """Apply `edit`; the code with which it was refused, or an empty text."""
    try:
        document.apply(edit)
    except AtelierError as error:
        return error.code
    return ""


def replay(history: list[Edit]) -> Document:
    """The document that a history leaves."""
    document = Document()
    for edit in history:
        document.apply(edit)
    return document


@st.composite
def documents(draw: Any, max_size: int = 5) -> Document:
    """A document with entities of any kinds."""
    return replay(draw(histories(max_size)))
