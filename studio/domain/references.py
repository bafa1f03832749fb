"""What keeps a document whole: references to things of the right kind, and no circle of groups."""

from collections.abc import Iterable
from typing import Protocol

from studio.domain.edit import Edit
from studio.domain.entities import REFERENCES, AnyEntity, Entity, Group, Member, references
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, GroupId


class Heads(Protocol):
    """The document as it stands: the studio's is in memory, the node's asks its tables."""

    def get(self, key: EntityId) -> AnyEntity | None:
        """The entity of this id, or None."""

    def referrers(self, key: EntityId) -> Iterable[EntityId]:
        """The ids of the entities that point at `key`, each once."""

    def memberships(self, key: EntityId) -> Iterable[EntityId]:
        """The ids of the members that place `key` in a group; never those that it holds as a group."""


def check_references(edit: Edit, heads: Heads) -> None:
    """Raise `document.dangling` unless the result of `edit` on `heads` keeps every reference whole.

    A shape's track, a member's group and entity, a relation's ends exist and are of the right kind, and no
    group is inside itself. Who points at something is asked only where it goes or becomes of another kind.
    Cost: the references of what changes, and the nesting above changed members.
    """
    result = _Result(edit, heads)
    for key, (old, new) in edit.changes.items():
        if new is None:
            for referrer in heads.referrers(key):
                held = result.get(referrer)
                if held is not None and any(target == key for _, target in references(held)):
                    raise _dangling(held, key)
            continue
        kinds = REFERENCES.get(type(new), {})
        for field, target in references(new):
            found = result.get(target)
            if found is None or not isinstance(found, kinds[field]):
                raise _dangling(new, target)
        if isinstance(new, Member):
            _check_nesting(new, result)
        if old is None or type(old) is type(new):
            continue
        for referrer in heads.referrers(key):
            held = result.get(referrer)
            if held is None:
                continue
            for field, target in references(held):
                if target == key and not isinstance(new, REFERENCES[type(held)][field]):
                    raise _dangling(held, key)


class _Result:
    """`heads` after `edit`, without applying it."""

    def __init__(self, edit: Edit, heads: Heads) -> None:
        self._edit = edit
        self._heads = heads
        # members that this Edit makes or moves, by the entity that they place in a group
        self._placed: dict[EntityId, list[Member]] = {}
        for _, new in edit.changes.values():
            if isinstance(new, Member):
                self._placed.setdefault(new.entity, []).append(new)

    def get(self, key: EntityId) -> AnyEntity | None:
        if key in self._edit.changes:
            return self._edit.changes[key][1]
        return self._heads.get(key)

    def groups_of(self, key: EntityId) -> list[GroupId]:
        stored = [
            member.group
            for referrer in self._heads.memberships(key)
            if referrer not in self._edit.changes and isinstance(member := self._heads.get(referrer), Member)
        ]
        return stored + [member.group for member in self._placed.get(key, ())]


def _check_nesting(member: Member, result: _Result) -> None:
    if not isinstance(result.get(member.entity), Group):
        return
    above: list[EntityId] = [member.group]
    seen: set[EntityId] = set()
    while above:
        group = above.pop()
        if group == member.entity:
            raise AtelierError(
                "document.dangling",
                "A group cannot be a member of itself, directly or through another group.",
                detail=member.id,
                hint="Take it out of the inner group first.",
            )
        if group not in seen:
            seen.add(group)
            above.extend(result.groups_of(group))


def _dangling(entity: Entity, target: EntityId) -> AtelierError:
    return AtelierError(
        "document.dangling",
        "The change was not applied: something that is still in use would be gone.",
        detail=f"{type(entity).__name__} {entity.id} -> {target}",
        hint="Remove what belongs to it in the same step, or keep it.",
    )
