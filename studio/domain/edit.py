"""The one way to change an annotation: a map from entity id to (before, after) within one item."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from msgspec import Meta, Struct
from msgspec.structs import asdict, replace

from studio.domain.entities import AnyEntity, Entity, PluginShape, Tile
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId
from studio.domain.values import Attributes, Finite, Value

PERSON = "person"  # made by hand; who it was the node stamps from the session

Change = tuple[AnyEntity | None, AnyEntity | None]
Changes = dict[EntityId, Change]


class Edit(Struct, frozen=True, forbid_unknown_fields=True):
    """Entity id -> (before, after). A None before creates, a None after removes.

    `made_by` is `person`, `model:<id>`, `importer:<format>` or `rule:<name>`. Author, time and revision are
    not here: the node stamps them. `active_s` is how long the person worked on it, in seconds.
    """

    title: Annotated[str, Meta(max_length=200)]  # what the undo menu shows: "Draw box"
    changes: Changes
    made_by: Annotated[str, Meta(max_length=200)] = PERSON
    tool: Annotated[str, Meta(max_length=100)] = ""
    ontology_version: int = 0
    guideline_version: int = 0
    active_s: Finite = 0.0

    def inverse(self) -> Edit:
        """The Edit that takes this one back."""
        return replace(self, changes={key: (new, old) for key, (old, new) in self.changes.items()})

    def then(self, later: Edit) -> Edit:
        """Both as one step; what ends as it began drops out (a drag, a brush stroke, a macro)."""
        both = dict(self.changes)
        for key, (old, new) in later.changes.items():
            both[key] = (both[key][0] if key in both else old, new)
        return replace(
            self,
            changes={key: pair for key, pair in both.items() if pair[0] != pair[1]},
            active_s=self.active_s + later.active_s,
        )

    def __bool__(self) -> bool:
        return bool(self.changes)


def creation(title: str, *entities: AnyEntity, tool: str = "", made_by: str = PERSON) -> Edit:
    """The Edit that makes `entities`."""
    return Edit(title, {entity.id: (None, entity) for entity in entities}, made_by=made_by, tool=tool)


def change(title: str, *pairs: tuple[AnyEntity, AnyEntity], tool: str = "", made_by: str = PERSON) -> Edit:
    """The Edit that makes each old entity the new one; pairs that are equal drop out."""
    changes: Changes = {old.id: (old, new) for old, new in pairs if old != new}
    return Edit(title, changes, made_by=made_by, tool=tool)


def new_blobs(edit: Edit) -> tuple[str, ...]:
    """The SHA-256 of each content that `edit` names and the entity did not name before, sorted."""
    return tuple(
        sorted(
            {_blob(new) for old, new in edit.changes.values() if new is not None and _blob(new) != _blob(old)}
        )
    )


def rebase(edit: Edit, heads: Mapping[EntityId, AnyEntity]) -> Edit:
    """`edit` as it stands on `heads`: fields that it does not change keep what they are now.

    It stands if every field that it changes still is what it was before; attributes are compared one by
    one, so two people may fill in different attributes of one track. Raises `document.stale`, naming the
    entity and field. `heads` needs to hold the entities that `edit` names, where they exist.
    """
    return replace(edit, changes={key: _fit(key, pair, heads.get(key)) for key, pair in edit.changes.items()})


def _fit(key: EntityId, pair: Change, head: AnyEntity | None) -> Change:
    old, new = pair
    for side in pair:
        if side is not None and side.id != key:
            raise AtelierError(
                "entity.malformed",
                "The change was refused: an entity stands under the id of another.",
                detail=f"{key} holds {side.id}",
            )
    if old is None and new is None:
        raise AtelierError("entity.malformed", "The change was refused: it names nothing.", detail=key)
    if old is None or new is None or head is None or type(old) is not type(new):
        if head != old:
            raise _stale(key, "")
        return pair
    if head is old or head == old:
        return pair
    if type(head) is not type(old):
        raise _stale(key, "kind")
    return head, _merged(old, new, head)


def _merged(old: AnyEntity, new: AnyEntity, head: AnyEntity) -> AnyEntity:
    before, after, now = asdict(old), asdict(new), asdict(head)
    changed: dict[str, object] = {}
    for field, value in after.items():
        if value == before[field]:
            continue
        if now[field] == before[field]:
            changed[field] = value
        elif field == "attributes":
            changed[field] = _merged_attributes(old.id, before[field], value, now[field])
        else:
            raise _stale(old.id, field)
    return replace(head, **changed)


def _merged_attributes(key: EntityId, old: Attributes, new: Attributes, head: Attributes) -> Attributes:
    before, after, now = dict(old), dict(new), dict(head)
    result: dict[str, Value] = dict(now)
    for name in before.keys() | after.keys():
        if before.get(name) == after.get(name):
            continue
        if now.get(name) != before.get(name):
            raise _stale(key, f"attributes.{name}")
        if name in after:
            result[name] = after[name]
        else:
            result.pop(name, None)
    return tuple(sorted(result.items()))


def _blob(entity: AnyEntity | None) -> str:
    return entity.blob if isinstance(entity, Tile | PluginShape) else ""


def _stale(key: EntityId, field: str) -> AtelierError:
    return AtelierError(
        "document.stale",
        "Somebody else changed the same thing first. Your change is kept; nothing of it was applied.",
        detail=f"{key} {field}".strip(),
        hint="Open the conflict tray to keep yours, theirs or both.",
    )


def check_entity(entity: Entity, is_known_id: Callable[[str], bool]) -> None:
    """Raise `entity.malformed` where a value of `entity` breaks what its kind promises.

    Finite numbers and lengths are checked by decoding; this is what types cannot say.
    """
    if not is_known_id(entity.id):
        raise AtelierError("entity.malformed", "An entity's id is not a UUIDv7.", detail=entity.id[:80])
    held: Attributes = getattr(entity, "attributes", ())
    names = [name for name, _ in held]
    if names != sorted(set(names)):
        raise AtelierError(
            "entity.malformed", "An entity's attributes are out of order or doubled.", detail=entity.id
        )
