"""All annotations of one item, held whole, changed by Edits alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeVar, cast

from studio.domain.edit import Edit, check_entity, rebase
from studio.domain.entities import AnyEntity, Entity, FrameShape, Shape, references
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, is_id
from studio.domain.references import check_references

E = TypeVar("E", bound=Entity)
LARGEST_DOCUMENT = 500_000


class Document:
    """Entities by id, with the indices that editors and checks ask for. Only `apply` changes it."""

    def __init__(self, entities: Iterable[AnyEntity] = ()) -> None:
        """Raises `document.dangling`, `document.too_large`, `entity.malformed` as `apply` does."""
        self._entities: dict[EntityId, AnyEntity] = {}
        # by target, then by the field that points: who a group holds is asked apart from what holds the group
        self._referrers: dict[EntityId, dict[str, dict[EntityId, None]]] = {}
        self._kinds: dict[type[Entity], dict[EntityId, None]] = {}
        self._at: dict[tuple[StreamId, int | None], dict[EntityId, None]] = {}
        given = list(entities)
        if given:
            self.apply(Edit("Open", {entity.id: (None, entity) for entity in given}))

    @property
    def entities(self) -> dict[EntityId, AnyEntity]:
        """A copy of what it holds, by id."""
        return dict(self._entities)

    def __len__(self) -> int:
        return len(self._entities)

    def __iter__(self) -> Iterator[AnyEntity]:
        return iter(self._entities.values())

    def __contains__(self, key: EntityId) -> bool:
        return key in self._entities

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self._entities == other._entities

    __hash__ = None  # type: ignore[assignment]

    def get(self, key: EntityId) -> AnyEntity | None:
        """The entity of this id, or None."""
        return self._entities.get(key)

    def of_kind(self, kind: type[E]) -> list[E]:
        """The entities of exactly this kind, in the order in which they came. Cost: their number."""
        return cast(list[E], [self._entities[key] for key in self._kinds.get(kind, ())])

    def referrers(self, key: EntityId, field: str = "") -> tuple[EntityId, ...]:
        """The ids of the entities that point at `key`, each once; with `field`, of those by this field alone.

        Cost: their number, so that `referrers(group, "entity")` knows nothing of a group's members.
        """
        held = self._referrers.get(key, {})
        if field or len(held) == 1:
            return tuple(held.get(field, ()) if field else next(iter(held.values())))
        return tuple(dict.fromkeys(each for some in held.values() for each in some))

    def memberships(self, key: EntityId) -> tuple[EntityId, ...]:
        """The ids of the members that place `key` in a group."""
        return self.referrers(key, "entity")

    def shapes_at(self, stream: StreamId, frame: int | None) -> list[AnyEntity]:
        """The shapes on `stream` at `frame`, in the order they were made; frame None: those without one."""
        return [self._entities[key] for key in self._at.get((stream, frame), ())]

    def apply(self, edit: Edit) -> Edit:
        """All of `edit` or nothing; returns it as applied, which is what its inverse is taken from.

        Raises `document.stale` where a field that it changes is no longer what it was before,
        `document.dangling` where the result would leave a reference to nothing or a group inside itself,
        `document.too_large`, and `entity.malformed`.
        """
        fitted = rebase(edit, self._entities)
        growth = 0
        for old, new in fitted.changes.values():
            growth += (new is not None) - (old is not None)
            if new is not None:
                check_entity(new, is_id)
        if len(self._entities) + growth > LARGEST_DOCUMENT:
            raise AtelierError(
                "document.too_large",
                f"One item holds at most {LARGEST_DOCUMENT:,} objects. Nothing was changed.",
                hint="Cut the recording into shorter items of one sequence.",
            )
        check_references(fitted, self)
        for key, (_, new) in fitted.changes.items():
            self._put(key, new)
        return fitted

    def _put(self, key: EntityId, new: AnyEntity | None) -> None:
        old = self._entities.get(key)
        if old is not None:
            for field, target in references(old):
                held = self._referrers[target]
                del held[field][key]
                if not held[field]:
                    del held[field]
                if not held:
                    del self._referrers[target]
            if new is None or type(new) is not type(old):
                del self._kinds[type(old)][key]
            if isinstance(old, Shape) and (new is None or _place(old) != _place(new)):
                del self._at[_place(old)][key]
        if new is None:
            del self._entities[key]
            return
        self._entities[key] = new
        self._kinds.setdefault(type(new), {})[key] = None
        for field, target in references(new):
            self._referrers.setdefault(target, {}).setdefault(field, {})[key] = None
        if isinstance(new, Shape):
            self._at.setdefault(_place(new), {})[key] = None


def _place(entity: AnyEntity) -> tuple[StreamId, int | None]:
    stream: StreamId = getattr(entity, "stream", StreamId(""))
    return stream, entity.frame if isinstance(entity, FrameShape) else getattr(entity, "frame", None)
