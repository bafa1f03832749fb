"""Entities and changes in words, as conflict tray, review and history show them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct
from msgspec.structs import asdict

from studio.domain.edit import Change
from studio.domain.entities import (
    AnyEntity,
    Box,
    Cuboid,
    Group,
    Interval,
    Polygon,
    Relation,
    Remark,
    Segment,
    Shape,
    Span,
    Tag,
    Track,
)
from studio.domain.ids import EntityId, UserId
from studio.domain.wire.documents import Revision

Kind = Literal["made", "changed", "removed"]
Entities = Mapping[EntityId, AnyEntity]


class Difference(Struct, frozen=True):
    """One entity as it was and as it is."""

    id: EntityId
    kind: Kind
    before: AnyEntity | None
    after: AnyEntity | None


def describe(entity: AnyEntity, class_name: str = "") -> str:
    """One entity in a few words: "Box car, 120 x 80 at (10, 12)"."""
    name = class_name or getattr(entity, "class_name", "")
    kind = kind_of(entity)
    head = f"{kind} {name}".strip()
    match entity:
        case Box(xyxy=(left, top, right, bottom)):
            return f"{head}, {right - left:.0f} × {bottom - top:.0f} at ({left:.0f}, {top:.0f})"
        case Cuboid(size=(length, width, height)):
            return f"{head}, {length:.1f} × {width:.1f} × {height:.1f} m"
        case Polygon(outline=outline):
            return f"{head}, {len(outline)} points"
        case Span(start=start, end=end):
            return f"{head}, characters {start} to {end}"
        case Interval(start_ns=start_ns, end_ns=end_ns):
            return f"{head}, {start_ns / 1e9:.2f} s to {end_ns / 1e9:.2f} s"
        case Track(attributes=attributes) if attributes:
            return f"{head} ({', '.join(f'{key}: {value}' for key, value in attributes)})"
        case Remark(text=text, resolved=resolved):
            return f"{'Resolved remark' if resolved else 'Remark'}: {text}"
        case Segment(text=text):
            return f"{head}: {text[:80]}"
        case Tag() | Group() | Relation():
            return head
        case _:
            return head


def kind_of(entity: AnyEntity) -> str:
    """What an entity is, in one word."""
    return str(entity.__struct_config__.tag).replace("_", " ").capitalize()


def class_of(entity: AnyEntity, entities: Entities) -> str:
    """The class of an entity: its own, or its track's."""
    if isinstance(entity, Shape):
        track = entities.get(entity.track)
        return track.class_name if isinstance(track, Track) else ""
    return str(getattr(entity, "class_name", ""))


def field_changes(before: AnyEntity, after: AnyEntity) -> list[tuple[str, str, str]]:
    """(field, as it was, as it is) for every field that differs; attributes one by one."""
    old, new = asdict(before), asdict(after)
    found: list[tuple[str, str, str]] = []
    for field in new:
        if field == "attributes":
            had, has = dict(old.get(field, ())), dict(new[field])
            for name in sorted(had.keys() | has.keys()):
                if had.get(name) != has.get(name):
                    found.append((name, _value(had.get(name)), _value(has.get(name))))
        elif old.get(field) != new[field]:
            found.append((field.replace("_", " "), _value(old.get(field)), _value(new[field])))
    return found


def sentence(change: Change) -> str:
    """What a change does to one entity, in words."""
    before, after = change
    if before is None and after is not None:
        return f"made: {describe(after)}"
    if after is None and before is not None:
        return f"removed: {describe(before)}"
    if before is not None and after is not None:
        return "; ".join(f"{field}: {old} → {new}" for field, old, new in field_changes(before, after))
    return ""


def work_of(author: UserId, revisions: Iterable[Revision]) -> list[Difference]:
    """What somebody's Edits made of an item: each entity before the first and after the last of them.

    revisions: oldest first. What was made and removed again drops out. Imported and accepted machine
    labels are not somebody's work.
    """
    found: dict[EntityId, Change] = {}
    for revision in revisions:
        if revision.author != author or revision.edit.made_by != "person":
            continue
        for key, (old, new) in revision.edit.changes.items():
            found[key] = (found[key][0] if key in found else old, new)
    differences: list[Difference] = []
    for key, (old, new) in found.items():
        if old == new:
            continue
        kind: Kind = "made" if old is None else "removed" if new is None else "changed"
        differences.append(Difference(key, kind, old, new))
    return differences


def _value(value: object) -> str:
    match value:
        case None:
            return "–"
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.1f}"
        case tuple():
            return (
                "(" + ", ".join(_value(each) for each in value[:8]) + (" …" if len(value) > 8 else "") + ")"
            )
        case bytes():
            return f"{len(value)} bytes"
        case _:
            return str(value)
