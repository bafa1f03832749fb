"""A project's labelling template: classes in a hierarchy, typed attributes, rules; and what breaks them."""

from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from studio.domain.document import Document
from studio.domain.entities import Box, Entity, Group, Relation, Shape, Tag, Track
from studio.domain.errors import AtelierError
from studio.domain.group_rules import broken_rules
from studio.domain.ids import EntityId
from studio.domain.values import Attributes, Finite, Value, attributes

DASHES = ("solid", "dash", "dot", "dash_dot", "long_dash")
KIND_WORDS = {
    "rotated_box": "a rotated box",
    "polyline": "a line",
    "polyline3": "a line on the ground",
    "plugin_shape": "a shape of a plug-in",
}
"""What people call a kind of shape, where that is not its own name."""


class AttributeType(Struct, frozen=True, forbid_unknown_fields=True):
    """A typed question about a track or a shape. `each_frame` asks it of every shape, else once a track."""

    name: str
    type: Literal["text", "number", "integer", "check", "choice", "choices"] = "text"
    title: str = ""
    choices: tuple[str, ...] = ()
    default: Value | None = None
    required: bool = False
    minimum: Finite | None = None
    maximum: Finite | None = None
    each_frame: bool = False
    key: str = ""  # the key that sets or steps it


class RoleType(Struct, frozen=True, forbid_unknown_fields=True):
    """What a member may be in a group of some class, and how many such members one needs or allows."""

    name: str
    title: str = ""
    classes: tuple[str, ...] = ()  # of the tracks that may take it; empty: any
    minimum: int = 0
    maximum: int | None = None  # None: any number


class ClassType(Struct, frozen=True, forbid_unknown_fields=True):
    """A class of things: told apart by colour, dash and letter."""

    name: str
    title: str = ""
    parent: str = ""
    color: str = "#2f7ed8"
    dash: Literal["solid", "dash", "dot", "dash_dot", "long_dash"] = "solid"
    letter: str = ""
    key: str = ""
    geometries: tuple[str, ...] = ()  # kinds of shape that it may have; empty: any
    attributes: tuple[AttributeType, ...] = ()
    minimum_size_px: Finite = 0.0
    description: str = ""
    size_m: tuple[Finite, Finite, Finite] | None = None  # usual length, width, height of its cuboids
    roles: tuple[RoleType, ...] = ()  # of the members, where this is a class of groups


class Ontology(Struct, frozen=True, forbid_unknown_fields=True):
    """One version of a project's template. Changing it makes the next version."""

    version: int = 1
    classes: tuple[ClassType, ...] = ()
    tags: tuple[ClassType, ...] = ()
    relations: tuple[ClassType, ...] = ()
    groups: tuple[ClassType, ...] = ()

    def class_type(self, name: str) -> ClassType | None:
        """The class of this name, or None where the ontology does not know it."""
        return next((each for each in self.classes if each.name == name), None)

    def attributes_of(self, name: str) -> tuple[AttributeType, ...]:
        """The attributes of a class: its own, then those it inherits; an own one hides an inherited one."""
        found: dict[str, AttributeType] = {}
        for each in lineage(self.classes, name):
            for attribute in each.attributes:
                found.setdefault(attribute.name, attribute)
        return tuple(found.values())

    def attributes_of_group(self, name: str) -> tuple[AttributeType, ...]:
        """The attributes of a class of groups, own and inherited."""
        found: dict[str, AttributeType] = {}
        for each in lineage(self.groups, name):
            for attribute in each.attributes:
                found.setdefault(attribute.name, attribute)
        return tuple(found.values())

    def roles_of(self, name: str) -> tuple[RoleType, ...]:
        """The roles in a class of groups, own and inherited as attributes are."""
        found: dict[str, RoleType] = {}
        for each in lineage(self.groups, name):
            for role in each.roles:
                found.setdefault(role.name, role)
        return tuple(found.values())

    def defaults(self, name: str, each_frame: bool) -> Attributes:
        """What a new track (or, with `each_frame`, a new shape) of this class starts with."""
        return attributes(
            **{
                each.name: each.default
                for each in self.attributes_of(name)
                if each.default is not None and each.each_frame == each_frame
            }
        )


def in_class(track: Track, class_name: str, ontology: Ontology) -> Track:
    """A track as one of another class: with its defaults, without values of attributes that it lacks."""
    asked = {attribute.name for attribute in ontology.attributes_of(class_name)}
    kept = {name: value for name, value in track.attributes if name in asked}
    given = dict(ontology.defaults(class_name, each_frame=False)) | kept
    return replace(track, class_name=class_name, attributes=tuple(sorted(given.items())))


class Finding(Struct, frozen=True, forbid_unknown_fields=True):
    """A rule of the ontology that a document breaks. It never refuses a save; `blocks` refuses submit."""

    rule: str
    entity: EntityId
    message: str
    blocks: bool = True


def lineage(classes: tuple[ClassType, ...], name: str) -> list[ClassType]:
    """The class called `name`, its parent, and so on to the root."""
    by_name = {each.name: each for each in classes}
    found: list[ClassType] = []
    while (here := by_name.get(name)) and here not in found:
        found.append(here)
        name = here.parent
    return found


def check_ontology(ontology: Ontology) -> None:
    """Raise `ontology.malformed` where names are doubled, a parent is missing, or classes form a circle."""
    for kind in (ontology.classes, ontology.tags, ontology.relations, ontology.groups):
        names = [each.name for each in kind]
        _check_names(names)
        for each in kind:
            _check_names([attribute.name for attribute in each.attributes])
            _check_names([role.name for role in each.roles])
            for role in each.roles:
                if role.minimum < 0 or (role.maximum is not None and role.maximum < role.minimum):
                    raise _malformed(
                        f"The role {each.name}.{role.name} asks for an impossible number of members."
                    )
            if each.parent and each.parent not in names:
                raise _malformed(f"Class {each.name!r} names a parent that is missing: {each.parent!r}.")
            chain = lineage(kind, each.name)
            if chain[-1].parent:
                raise _malformed(f"Class {each.name!r} is its own ancestor.")
            for attribute in each.attributes:
                if attribute.default is not None and (problem := wrong_value(attribute, attribute.default)):
                    raise _malformed(f"The default of {each.name}.{attribute.name}: {problem}")


def _check_names(names: list[str]) -> None:
    for name in names:
        if not name.strip() or names.count(name) > 1:
            raise _malformed(f"The name {name!r} is empty or stands twice.")


def _malformed(message: str) -> AtelierError:
    return AtelierError("ontology.malformed", message, hint="Mend the labelling template and save it again.")


def wrong_value(attribute: AttributeType, value: Value) -> str:
    """What is wrong with `value` for `attribute`, or an empty text."""
    name = attribute.title or attribute.name
    match attribute.type:
        case "text":
            return "" if isinstance(value, str) else f"{name} takes a text."
        case "check":
            return "" if isinstance(value, bool) else f"{name} is yes or no."
        case "choice":
            return "" if value in attribute.choices else f"{name} is one of {', '.join(attribute.choices)}."
        case "choices":
            chosen = value if isinstance(value, tuple) else (value,)
            if all(each in attribute.choices for each in chosen):
                return ""
            return f"{name} takes any of {', '.join(attribute.choices)}."
        case "number" | "integer":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return f"{name} takes a number."
            if attribute.type == "integer" and value != int(value):
                return f"{name} takes a whole number."
            if attribute.minimum is not None and value < attribute.minimum:
                return f"{name} is at least {attribute.minimum:g}."
            if attribute.maximum is not None and value > attribute.maximum:
                return f"{name} is at most {attribute.maximum:g}."
            return ""


def findings(document: Document, ontology: Ontology) -> list[Finding]:
    """Every rule of `ontology` that `document` breaks, in the order of its entities."""
    known = {each.name: each for each in ontology.classes}
    found: list[Finding] = []
    for entity in document:
        if isinstance(entity, Track):
            found += _track_findings(entity, document, ontology, known)
        elif isinstance(entity, Shape):
            track = document.get(entity.track)
            if isinstance(track, Track) and track.class_name in known:
                found += _shape_findings(entity, ontology, known[track.class_name])
        elif isinstance(entity, Tag | Relation | Group):
            kinds = {Tag: ontology.tags, Relation: ontology.relations, Group: ontology.groups}
            if kinds[type(entity)] and entity.class_name not in {k.name for k in kinds[type(entity)]}:
                found.append(_unknown_class(entity, entity.class_name))
            if isinstance(entity, Group):
                found += _group_findings(entity, document, ontology)
    return found


def _group_findings(group: Group, document: Document, ontology: Ontology) -> Iterable[Finding]:
    yield from _attribute_findings(
        group.id, group.attributes, [*ontology.attributes_of_group(group.class_name)]
    )
    roles = ontology.roles_of(group.class_name)
    if not roles:
        return

    def is_a(name: str, wanted: str) -> bool:
        kinds = (ontology.classes, ontology.groups)
        return name == wanted or any(each.name == wanted for kind in kinds for each in lineage(kind, name))

    title = group.name or lineage(ontology.groups, group.class_name)[0].title or group.class_name
    for rule, entity, message in broken_rules(document, group, title, roles, is_a):
        yield Finding(rule, entity, message)


def _unknown_class(entity: Entity, name: str) -> Finding:
    said = f"The labelling template has no class {name!r}."
    if not name:  # drawn where there was none to choose
        kind = str(entity.__struct_config__.tag)
        said = (
            f"This {kind} has no class. Add the class to the labelling template if it is missing, and set it."
        )
    return Finding("class.unknown", entity.id, said)


def _track_findings(
    track: Track, document: Document, ontology: Ontology, known: dict[str, ClassType]
) -> Iterable[Finding]:
    if track.class_name not in known:
        yield _unknown_class(track, track.class_name)
        return
    if not document.referrers(track.id, "track"):  # only shapes point by this field
        yield Finding("track.empty", track.id, "This track has no shape.")
    asked = [each for each in ontology.attributes_of(track.class_name) if not each.each_frame]
    yield from _attribute_findings(track.id, track.attributes, asked)


def _shape_findings(shape: Shape, ontology: Ontology, class_type: ClassType) -> Iterable[Finding]:
    kind = str(shape.__struct_config__.tag)
    title = class_type.title or class_type.name
    allowed = class_type.geometries
    is_pinned = kind == "box" and "cuboid" in allowed  # what a person put right on a camera's picture
    if allowed and kind not in allowed and not is_pinned:
        said = f"{title} is drawn as {' or '.join(map(_words_of, allowed))}, not as {_words_of(kind)}."
        yield Finding("geometry.not_allowed", shape.id, f"{said} Give it another class, or delete it.")
    if isinstance(shape, Box):
        left, top, right, bottom = shape.xyxy
        if min(right - left, bottom - top) < max(class_type.minimum_size_px, 1e-9):
            yield Finding("geometry.too_small", shape.id, f"This {title} is smaller than allowed.")
    asked = [each for each in ontology.attributes_of(class_type.name) if each.each_frame]
    yield from _attribute_findings(shape.id, getattr(shape, "attributes", ()), asked)


def _words_of(kind: str) -> str:
    return KIND_WORDS.get(kind, kind if kind == "keypoints" else f"a {kind}")


def _attribute_findings(entity: EntityId, held: Attributes, asked: list[AttributeType]) -> Iterable[Finding]:
    values = dict(held)
    for attribute in asked:
        if attribute.name not in values:
            if attribute.required:
                name = attribute.title or attribute.name
                yield Finding("attribute.missing", entity, f"{name} has not been answered.")
        elif problem := wrong_value(attribute, values[attribute.name]):
            yield Finding("attribute.wrong", entity, problem)
