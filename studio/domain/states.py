"""Attributes that change with time: the states of a track or a group, which are its key frames for them.

A state says all that differs from the standing attributes of what it belongs to, from its time on until the
next one. Of two at one moment (two people made one each) both count, and the later made wins.
"""

from __future__ import annotations

from msgspec.structs import replace

from studio.domain.document import Document
from studio.domain.edit import Edit, change, creation
from studio.domain.entities import Group, State, Track
from studio.domain.ids import EntityId, new_id
from studio.domain.values import Attributes, Value, with_attribute


def states_of(document: Document, of: EntityId) -> list[State]:
    """The states of a track or group in order of time, then of making. Cost: the number of them."""
    held = (document.get(key) for key in document.referrers(of, "of"))
    return sorted(
        (each for each in held if isinstance(each, State)), key=lambda each: (each.time_ns, each.id)
    )


def state_at(document: Document, of: EntityId, time_ns: int) -> Attributes:
    """The attributes of a track or group at a time: the standing ones, and over them those of its state."""
    entity = document.get(of)
    standing = entity.attributes if isinstance(entity, Track | Group) else ()
    return tuple(sorted((dict(standing) | dict(_in_force(document, of, time_ns))).items()))


def keyed(document: Document, of: EntityId, time_ns: int, name: str, value: Value | None) -> Edit | None:
    """One attribute set from a time on, until the next state; `value` None: as the standing one again.

    A state that stands at this very time is changed, otherwise one is made that carries on the one before.
    """
    at_time = [each for each in states_of(document, of) if each.time_ns == time_ns]
    if at_time:
        told = at_time if value is None else at_time[-1:]
        pairs = [(old, replace(old, attributes=with_attribute(old.attributes, name, value))) for old in told]
        return change(f"Set {name}", *pairs) or None
    before = _in_force(document, of, time_ns)
    after = with_attribute(before, name, value)
    if after == before:
        return None
    return creation(f"Set {name} from here", State(EntityId(new_id()), of, time_ns, after))


def unkeyed(document: Document, of: EntityId, time_ns: int) -> Edit | None:
    """Without the states at a time: the one before goes on."""
    gone = [each for each in states_of(document, of) if each.time_ns == time_ns]
    return Edit("Remove key frame", {each.id: (each, None) for each in gone}) or None


def _in_force(document: Document, of: EntityId, time_ns: int) -> Attributes:
    past = [each for each in states_of(document, of) if each.time_ns <= time_ns]
    said = {
        name: value for each in past if each.time_ns == past[-1].time_ns for name, value in each.attributes
    }
    return tuple(sorted(said.items()))
