"""Tracking groups: who is in which, in what role and when; and the Edits that change it.

A member is an entity of its own, so adding one is a small Edit that meets nobody else's. Groups nest, and
their attributes change with time by `states`. Nothing here walks all members but what hands them out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from studio.domain.deletion import deletion
from studio.domain.document import Document
from studio.domain.edit import Changes, Edit, change, creation
from studio.domain.entities import AnyEntity, Group, Member, Span2
from studio.domain.ids import EntityId, GroupId, new_id
from studio.domain.intervals import ALWAYS, Intervals, as_intervals, holds, times_of, union, without
from studio.domain.wording import counted

TOOL = "group"


def grouped(
    class_name: str,
    entities: Iterable[EntityId],
    name: str = "",
    roles: Mapping[EntityId, str] | None = None,
    intervals: Intervals = (),
) -> Edit:
    """A new group with these members, each once; a group among them is nested in it."""
    group = Group(GroupId(new_id()), class_name, name)
    members = [
        Member(EntityId(new_id()), group.id, key, (roles or {}).get(key, ""), intervals)
        for key in dict.fromkeys(entities)
    ]
    return creation(f"Group {_count(members)}", group, *members, tool=TOOL)


def joined(
    document: Document,
    group: GroupId,
    entities: Iterable[EntityId],
    role: str = "",
    intervals: Intervals = (),
) -> Edit | None:
    """More members of a group; who has this role in it already gets the times as well.

    The Edit names nothing but these members: under 1 kB for one, whatever the group holds. That no group
    comes into itself is seen to when it is applied (`document.dangling`).
    """
    changes: Changes = {}
    times = intervals or ALWAYS
    for key in dict.fromkeys(entities):
        own = [each for each in memberships(document, key) if (each.group, each.role) == (group, role)]
        if own:
            new = replace(own[0], intervals=as_intervals(union(times_of(own[0]), times)))
            if new != own[0]:
                changes[new.id] = (own[0], new)
            continue
        made = Member(EntityId(new_id()), group, key, role, as_intervals(times))
        changes[made.id] = (None, made)
    return Edit(f"Add {_count(changes)} to group", changes, tool=TOOL) if changes else None


def parted(
    document: Document, group: GroupId, entities: Iterable[EntityId], times: Iterable[Span2] = ALWAYS
) -> Edit | None:
    """These entities are not in the group at these times, in no role; at no time left, not at all."""
    changes: Changes = {}
    gone: list[EntityId] = []
    cut = tuple(times)
    for key in dict.fromkeys(entities):
        for member in memberships(document, key):
            if member.group != group:
                continue
            left = without(times_of(member), cut)
            if not left:
                gone.append(member.id)
            elif left != times_of(member):
                changes[member.id] = (member, replace(member, intervals=as_intervals(left)))
    removal = deletion("", document, gone)
    title = f"Take {_count([*gone, *changes])} out of group"
    return Edit(title, removal.changes | changes, tool=TOOL) if gone or changes else None


def with_role(document: Document, members: Iterable[EntityId], role: str) -> Edit | None:
    """These members in another role."""
    pairs = [(each, replace(each, role=role)) for each in _members(document, members)]
    return change(f"Set role to {role or 'none'}", *pairs, tool=TOOL) or None


def with_times(document: Document, members: Iterable[EntityId], times: Intervals) -> Edit | None:
    """These members at exactly these times, which must not be empty: to be in it never is to be taken out."""
    if not times:
        return parted_members(document, members)
    pairs = [(each, replace(each, intervals=as_intervals(times))) for each in _members(document, members)]
    return change("Set times in group", *pairs, tool=TOOL) or None


def parted_members(document: Document, members: Iterable[EntityId]) -> Edit | None:
    """Without these members; what they placed in the group stays."""
    gone = [each.id for each in _members(document, members)]
    return deletion(f"Take {_count(gone)} out of group", document, gone, tool=TOOL) or None


def dissolved(document: Document, groups: Iterable[GroupId]) -> Edit | None:
    """Without these groups; their members stay, and the groups inside them too."""
    return deletion("Dissolve group", document, groups, tool=TOOL) or None


def regrouped(
    document: Document, group: GroupId, class_name: str | None = None, name: str | None = None
) -> Edit | None:
    """A group of another class or by another name."""
    old = document.get(group)
    if not isinstance(old, Group):
        return None
    new = replace(
        old,
        class_name=old.class_name if class_name is None else class_name,
        name=old.name if name is None else name,
    )
    return change("Change group", (old, new), tool=TOOL) or None


def copies(
    document: Document, group: GroupId, copied: Mapping[EntityId, EntityId], times: Intervals = ()
) -> list[AnyEntity]:
    """A copy of a group over copies of what it holds, and of the groups inside it: entities to be created.

    copied: from each entity to its copy; who has none is no member of the copy. `times` empty: each member's
    own. An inner group that is in two places is copied once.
    """
    made: dict[EntityId, AnyEntity] = {}
    done: dict[EntityId, EntityId] = {}
    waiting = [group]
    while waiting:
        key = waiting.pop()
        old = document.get(key)
        if key in done or not isinstance(old, Group):
            continue
        done[key] = GroupId(new_id())
        made[key] = replace(old, id=done[key])
        waiting += [each.entity for each in members(document, key) if _is_group(document, each.entity)]
    for key in list(done):
        for member in members(document, key):
            target = done.get(member.entity) or copied.get(member.entity)
            if target is not None:
                made[member.id] = replace(
                    member,
                    id=EntityId(new_id()),
                    group=done[key],
                    entity=target,
                    intervals=times or member.intervals,
                )
    return list(made.values())


def members(document: Document, group: GroupId) -> list[Member]:
    """Who is in a group, at whatever time. Cost: their number."""
    return _members(document, document.referrers(group, "group"))


def memberships(document: Document, entity: EntityId) -> list[Member]:
    """How an entity belongs to groups. Cost: their number, not that of what it holds itself."""
    return _members(document, document.memberships(entity))


class GroupIndex:
    """The groups of a document by who is in them and when, kept in step with it by `refresh`.

    A test compares it with one made anew after every step of random Edits.
    """

    def __init__(self, document: Document) -> None:
        self._document = document
        self._groups: dict[GroupId, Group] = {}
        # members that always belong, and those that do at times, apart: most groups have none of the latter
        self._always: dict[GroupId, dict[EntityId, Member]] = {}
        self._timed: dict[GroupId, dict[EntityId, Member]] = {}
        self._of: dict[EntityId, dict[EntityId, Member]] = {}
        self._known: dict[EntityId, Member] = {}
        self.rebuild()

    def rebuild(self) -> None:
        """Everything anew from the document."""
        for held in (self._groups, self._always, self._timed, self._of, self._known):
            held.clear()
        self._groups |= {each.id: each for each in self._document.of_kind(Group)}
        for member in self._document.of_kind(Member):
            self._put(member)

    def refresh(self, ids: Iterable[EntityId]) -> set[GroupId]:
        """Take in entities that were made, changed or removed; the groups that changed or whose members did.

        Cost: the number of ids.
        """
        touched: set[GroupId] = set()
        for key in ids:
            entity = self._document.get(key)
            if (old := self._known.get(key)) is not None:
                self._drop(old)
                touched.add(old.group)
            if isinstance(entity, Member):
                self._put(entity)
                touched.add(entity.group)
            if isinstance(entity, Group):
                self._groups[key] = entity
                touched.add(key)
            elif self._groups.pop(key, None) is not None:
                touched.add(key)
        return touched

    def __len__(self) -> int:
        return len(self._groups)

    @property
    def groups(self) -> Sequence[Group]:
        """All groups."""
        return tuple(self._groups.values())

    def roots(self) -> list[Group]:
        """The groups that are in no other one: the top of the tree."""
        return [each for each in self._groups.values() if each.id not in self._of]

    def group(self, key: GroupId) -> Group | None:
        """The group of this id, or None."""
        return self._groups.get(key)

    def count(self, group: GroupId) -> int:
        """How many members it has, at whatever time."""
        return len(self._always.get(group, ())) + len(self._timed.get(group, ()))

    def members(self, group: GroupId) -> list[Member]:
        """Who is in it, at whatever time."""
        return [*self._always.get(group, {}).values(), *self._timed.get(group, {}).values()]

    def members_at(self, group: GroupId, time_ns: int) -> list[Member]:
        """Who is in it at a time."""
        timed = self._timed.get(group, {}).values()
        return [*self._always.get(group, {}).values(), *(m for m in timed if holds(m.intervals, time_ns))]

    def memberships(self, entity: EntityId, time_ns: int | None = None) -> list[Member]:
        """How an entity belongs to groups, at a time or at whatever time."""
        held = self._of.get(entity, {}).values()
        return [m for m in held if time_ns is None or holds(times_of(m), time_ns)]

    def groups_of(self, entity: EntityId, time_ns: int | None = None) -> list[GroupId]:
        """The groups that an entity is in, directly or through others, the nearest first."""
        found: dict[GroupId, None] = {}
        waiting = [entity]
        for key in waiting:  # grows while it is walked: nearest first
            for member in self.memberships(key, time_ns):
                if member.group not in found:
                    found[member.group] = None
                    waiting.append(member.group)
        return list(found)

    def closure(self, group: GroupId, time_ns: int | None = None) -> dict[EntityId, None]:
        """All that is in a group, directly or through groups inside it, without those groups; in order."""
        found: dict[EntityId, None] = {}
        seen, waiting = {group}, [group]
        while waiting:
            key = waiting.pop()
            held = self.members(key) if time_ns is None else self.members_at(key, time_ns)
            for member in held:
                if member.entity not in self._groups:
                    found[member.entity] = None
                elif member.entity not in seen:
                    seen.add(member.entity)
                    waiting.append(member.entity)
        return found

    def selected_by(self, groups: Iterable[GroupId], time_ns: int | None = None) -> frozenset[EntityId]:
        """What selecting these groups selects."""
        return frozenset(key for group in groups for key in self.closure(group, time_ns))

    def lane(self, group: GroupId) -> Intervals:
        """When anybody is in it: its lane on a timeline."""
        if self._always.get(group):
            return ALWAYS
        return union((span for m in self._timed.get(group, {}).values() for span in m.intervals), ())

    def _put(self, member: Member) -> None:
        self._known[member.id] = member
        side = self._timed if member.intervals else self._always
        side.setdefault(member.group, {})[member.id] = member
        self._of.setdefault(member.entity, {})[member.id] = member

    def _drop(self, member: Member) -> None:
        del self._known[member.id]
        side = self._timed if member.intervals else self._always
        for held, key in ((side, member.group), (self._of, member.entity)):
            del held[key][member.id]
            if not held[key]:
                del held[key]


def _members(document: Document, keys: Iterable[EntityId]) -> list[Member]:
    return [each for key in keys if isinstance(each := document.get(key), Member)]


def _is_group(document: Document, key: EntityId) -> bool:
    return isinstance(document.get(key), Group)


def _count(things: Sequence[object] | Mapping[EntityId, object]) -> str:
    return counted(len(things), "member")
