"""What a group type asks of its members, at every moment: how many of each role, and of which classes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from studio.domain.document import Document
from studio.domain.entities import Group, Member, Shape, Track
from studio.domain.ids import EntityId
from studio.domain.intervals import ALWAYS, Intervals, said, times_of, union

if TYPE_CHECKING:
    from studio.domain.ontology import RoleType


class Broken(NamedTuple):
    """A rule that a group breaks, as a finding says it."""

    rule: str
    entity: EntityId
    message: str


def broken_rules(
    document: Document,
    group: Group,
    title: str,
    roles: Sequence[RoleType],
    is_a: Callable[[str, str], bool],
) -> Iterator[Broken]:
    """Every rule of a group's class that it breaks, one for each stretch of time.

    A role that is asked for is missed only while anybody is in the group; an empty one misses it always.
    is_a: whether a class is another or inherits from it. Cost: sorting the members' times.
    """
    held = [
        each for key in document.referrers(group.id, "group") if isinstance(each := document.get(key), Member)
    ]
    known = {role.name: role for role in roles}
    by_role: dict[str, list[Member]] = {name: [] for name in known}
    for member in held:
        if member.role in by_role:
            by_role[member.role].append(member)
        elif member.role:
            yield Broken("group.role_unknown", member.id, f"{title} has no role {member.role!r}.")
    life = _spans(held) if held else [ALWAYS]
    for role in roles:
        yield from _counted(group, title, role, by_role[role.name], life)
        yield from _of_wrong_class(document, role, by_role[role.name], is_a)


def _counted(
    group: Group, title: str, role: RoleType, members: Sequence[Member], life: Sequence[Intervals]
) -> Iterator[Broken]:
    name = role.title or role.name
    spans = _spans(members)
    if role.minimum > 0:
        for low, high, count in _stretches(spans, life):
            if count < role.minimum:
                message = f"{title} needs {_at('least', role.minimum, name, role.maximum)} and has {count}"
                yield Broken("group.role_missing", group.id, _when(message, low, high))
    if role.maximum is not None:
        for low, high, count in _stretches(spans, spans):
            if count > role.maximum:
                message = f"{title} takes {_at('most', role.maximum, name, role.minimum)} and has {count}"
                yield Broken("group.role_too_many", group.id, _when(message, low, high))


def _of_wrong_class(
    document: Document, role: RoleType, members: Iterable[Member], is_a: Callable[[str, str], bool]
) -> Iterator[Broken]:
    for member in members if role.classes else ():
        name = _class_of(document, member.entity)
        if not any(is_a(name, allowed) for allowed in role.classes):
            asked = " or ".join(role.classes)
            message = f"The role {role.title or role.name} is for {asked}, not for {name or 'this'}."
            yield Broken("group.role_class", member.id, message)


def _class_of(document: Document, key: EntityId) -> str:
    entity = document.get(key)
    if isinstance(entity, Shape):
        entity = document.get(entity.track)
    return entity.class_name if isinstance(entity, Track | Group) else ""


def _spans(members: Iterable[Member]) -> list[Intervals]:
    """When each entity among the members is one; who is so twice counts once."""
    found: dict[EntityId, Intervals] = {}
    for member in members:
        times = times_of(member)
        found[member.entity] = union(found[member.entity], times) if member.entity in found else times
    return list(found.values())


def _stretches(spans: Sequence[Intervals], within: Sequence[Intervals]) -> Iterator[tuple[int, int, int]]:
    """The stretches of the times `within`, each with how many of `spans` hold there."""
    starts, ends = _edges(spans)
    from_, until = _edges(within)
    edges = np.unique(np.concatenate([starts, ends, from_, until]))
    here = edges[:-1]
    counts = np.searchsorted(starts, here, side="right") - np.searchsorted(ends, here, side="right")
    alive = np.searchsorted(from_, here, side="right") > np.searchsorted(until, here, side="right")
    at = 0
    while at < len(here):
        stop = at + 1
        while stop < len(here) and alive[stop] == alive[at] and counts[stop] == counts[at]:
            stop += 1
        if alive[at]:
            yield int(edges[at]), int(edges[stop]), int(counts[at])
        at = stop


def _edges(spans: Sequence[Intervals]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    flat = np.array([span for some in spans for span in some], np.int64).reshape(-1, 2)
    return np.sort(flat[:, 0]), np.sort(flat[:, 1])


def _at(word: str, count: int, name: str, other: int | None) -> str:
    return f"exactly {count} {name}" if count == other else f"at {word} {count} {name}"


def _when(message: str, low: int, high: int) -> str:
    when = said((low, high))
    return f"{message}, {when}." if when else f"{message}."
