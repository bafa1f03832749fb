"""An item's document as the rules ask for it: single entities, opened from their rows when needed."""

from collections.abc import Iterable

from studio.domain import canonical
from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity, Member, Track, references
from studio.domain.ids import EntityId, ItemId
from training.data.sealing import Sealer
from training.store import documents as rows
from training.store.documents import Head
from training.store.engine import Transaction


def entity_aad(item: ItemId, entity: EntityId) -> bytes:
    """What a sealed entity is bound to: moved to another row it does not open."""
    return f"entity {item} {entity}".encode()


def open_entity(item: ItemId, head: Head, sealer: Sealer) -> AnyEntity:
    """The entity of a head row. Raises `seal.broken`."""
    data = sealer.open(head.payload, entity_aad(item, head.entity))
    entity: AnyEntity = canonical.decode_lenient(data, AnyEntity)  # type: ignore[arg-type]
    return entity


class StoredHeads:
    """The head rows of one item within one transaction; what was asked once is remembered."""

    def __init__(self, tx: Transaction, item: ItemId, sealer: Sealer) -> None:
        self._tx = tx
        self._item = item
        self._sealer = sealer
        self._known: dict[EntityId, AnyEntity | None] = {}
        self._pointing: dict[EntityId, tuple[EntityId, ...]] = {}

    def load(self, edit: Edit) -> None:
        """Fetch what checking `edit` will ask for, in a few queries whatever its size."""
        # whom a thing is pointed at by is asked where it goes, and of tracks that take their shapes with them
        # to another class: a group of 100,000 is renamed without a look at its members
        gone = [
            key for key, (old, new) in edit.changes.items() if old is not None and type(old) is not type(new)
        ]
        reclassed = [
            key
            for key, (old, new) in edit.changes.items()
            if isinstance(old, Track) and isinstance(new, Track) and old.class_name != new.class_name
        ]
        changed = [key for key, (old, _) in edit.changes.items() if old is not None]
        made = [key for key, (old, _) in edit.changes.items() if old is None]
        targets = {
            target
            for _, new in edit.changes.values()
            if new is not None
            for _, target in references(new)
            if target not in edit.changes
        }
        self._load_referrers([*gone, *reclassed])
        shapes = {each for key in reclassed for each in self._pointing[key]}
        self._load_heads(list(dict.fromkeys([*changed, *made, *targets, *shapes])))
        for key in made:
            # nothing can point at what is not there yet
            if self._known.get(key) is None:
                self._pointing[key] = ()

    def get(self, key: EntityId) -> AnyEntity | None:
        """The entity of this id as it stands, or None."""
        if key not in self._known:
            self._load_heads([key])
        return self._known[key]

    def referrers(self, key: EntityId) -> tuple[EntityId, ...]:
        """The ids of the entities that point at `key`."""
        if key not in self._pointing:
            self._load_referrers([key])
        return self._pointing[key]

    def memberships(self, key: EntityId) -> tuple[EntityId, ...]:
        """The ids of the members that place `key`, a group, in another one."""
        # a row does not say by which field it points: those that lead from one group to another are opened
        found = rows.links_between(self._tx, self._item, key, "group")
        self._load_heads([each for each in found if each not in self._known])
        return tuple(
            each for each in found if isinstance(held := self._known[each], Member) and held.entity == key
        )

    def of(self, keys: Iterable[EntityId]) -> dict[EntityId, AnyEntity]:
        """Those of `keys` that exist."""
        return {key: entity for key in keys if (entity := self.get(key)) is not None}

    def _load_heads(self, keys: list[EntityId]) -> None:
        for key in keys:
            self._known[key] = None
        for head in rows.get_heads(self._tx, self._item, keys):
            self._known[head.entity] = open_entity(self._item, head, self._sealer)

    def _load_referrers(self, keys: list[EntityId]) -> None:
        found = rows.referrers(self._tx, self._item, keys)
        for key in keys:
            self._pointing[key] = tuple(dict.fromkeys(found.get(key, ())))
