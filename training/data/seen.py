"""Which classes and attributes data use, and the ontology that knows them."""

from collections.abc import Iterable

from msgspec.structs import replace

from studio.domain.entities import AnyEntity, Group, PluginShape, Relation, Shape, Tag, Track
from studio.domain.ids import EntityId
from studio.domain.ontology import DASHES, AttributeType, ClassType, Ontology
from studio.domain.values import Value
from training.data.worker_messages import SeenAttribute, SeenClass

# Paul Tol's bright and vibrant sets: told apart by colour-blind people as well, on light and dark
_COLORS = (
    "#4477aa",
    "#ee6677",
    "#228833",
    "#ccbb44",
    "#66ccee",
    "#aa3377",
    "#ee7733",
    "#009988",
    "#0077bb",
    "#cc3311",
    "#ee3377",
    "#999933",
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_KEYS = "1234567890"
_WIDER = {("integer", "number"), ("number", "integer")}


class Seen:
    """Gathers what the entities of many items use."""

    def __init__(self) -> None:
        self._geometries: dict[tuple[str, str], set[str]] = {}
        self._attributes: dict[tuple[str, str], dict[tuple[str, bool], str]] = {}

    def look_at(self, entities: Iterable[AnyEntity]) -> None:
        """Take in one item."""
        held = list(entities)
        tracks: dict[EntityId, str] = {each.id: each.class_name for each in held if isinstance(each, Track)}
        for entity in held:
            if isinstance(entity, Track):
                self._add("class", entity.class_name, entity, each_frame=False)
            elif isinstance(entity, Shape) and entity.track in tracks:
                where = self._add("class", tracks[entity.track], entity, each_frame=True)
                if not isinstance(entity, PluginShape):
                    self._geometries[where].add(str(entity.__struct_config__.tag))
            elif isinstance(entity, Tag):
                self._add("tag", entity.class_name, entity, each_frame=False)
            elif isinstance(entity, Relation):
                self._add("relation", entity.class_name, entity, each_frame=False)
            elif isinstance(entity, Group):
                self._add("group", entity.class_name, entity, each_frame=False)

    def know(self, classes: Iterable[str]) -> None:
        """Take in classes that no entity names."""
        for name in classes:
            self._geometries.setdefault(("class", name), set())
            self._attributes.setdefault(("class", name), {})

    def classes(self) -> tuple[SeenClass, ...]:
        """All that was seen, by kind and name."""
        return tuple(
            SeenClass(
                kind,
                name,
                tuple(sorted(self._geometries[kind, name])),
                tuple(
                    sorted(
                        SeenAttribute(attribute, type_, each_frame)
                        for (attribute, each_frame), type_ in self._attributes[kind, name].items()
                    )
                ),
            )
            for kind, name in sorted(self._geometries)
        )

    def _add(self, kind: str, name: str, entity: AnyEntity, *, each_frame: bool) -> tuple[str, str]:
        where = (kind, name)
        self._geometries.setdefault(where, set())
        known = self._attributes.setdefault(where, {})
        for attribute, value in getattr(entity, "attributes", ()):
            type_ = _type_of(value)
            before = known.setdefault((attribute, each_frame), type_)
            if before != type_:
                known[attribute, each_frame] = "number" if (before, type_) in _WIDER else "text"
        return where


def with_new_classes(
    ontology: Ontology, seen: Iterable[SeenClass], template: Ontology | None = None
) -> tuple[Ontology, tuple[str, ...]]:
    """`ontology` with the classes that it lacks, and their names; unchanged where it lacks none.

    Those of a `template` that came with the data come as they are there, but for letters and keys that are
    taken. Of others, colours, dashes, letters and keys are the first free ones in the order of names, so the
    same data make the same classes. Classes that are known stay as people made them.
    """
    new: list[str] = []
    if template is not None:
        ontology, new = _with_template(ontology, template)
    lists = {
        "class": list(ontology.classes),
        "tag": list(ontology.tags),
        "relation": list(ontology.relations),
        "group": list(ontology.groups),
    }
    for each in sorted(seen, key=lambda each: (each.kind, each.name)):
        known = lists[each.kind]
        if each.name.strip() and all(held.name != each.name for held in known):
            known.append(_class_type(each, known))
            new.append(each.name)
    if not new:
        return ontology, ()
    grown = replace(
        ontology,
        classes=tuple(lists["class"]),
        tags=tuple(lists["tag"]),
        relations=tuple(lists["relation"]),
        groups=tuple(lists["group"]),
    )
    return grown, tuple(new)


def _with_template(ontology: Ontology, template: Ontology) -> tuple[Ontology, list[str]]:
    """A class whose parent is another thing here, or nothing, comes without a parent."""
    new: list[str] = []
    grown: dict[str, tuple[ClassType, ...]] = {}
    for kind in ("classes", "tags", "relations", "groups"):
        known: list[ClassType] = list(getattr(ontology, kind))
        lacking = [each for each in getattr(template, kind) if all(held.name != each.name for held in known)]
        there = {each.name for each in (*known, *lacking)}
        for each in lacking:
            made = replace(each, parent=each.parent if each.parent in there else "")
            if each.letter and any(held.letter == each.letter for held in known):
                made = replace(made, letter=_free_letter(each.name, known))
            if any(held.key == each.key for held in known):
                made = replace(made, key="")
            known.append(made)
            new.append(each.name)
        grown[kind] = tuple(known)
    return (replace(ontology, **grown) if new else ontology), new


def _free_letter(name: str, known: list[ClassType]) -> str:
    wanted = [letter for letter in name.upper() if letter in _LETTERS]
    taken = {each.letter for each in known}
    return next((each for each in [*wanted, *_LETTERS] if each not in taken), "")


def _class_type(seen: SeenClass, known: list[ClassType]) -> ClassType:
    number = len(known)
    keys = {each.key for each in known}
    # a class that is called by a key is found under it
    free = [each for each in (seen.name, *_KEYS) if each in _KEYS and each not in keys]
    by_name: dict[str, AttributeType] = {}
    for each in seen.attributes:
        type_ = each.type if each.type != "choices" else "text"
        by_name.setdefault(
            each.name,
            AttributeType(each.name, type_, each_frame=each.each_frame),  # type: ignore[arg-type]
        )
    return ClassType(
        name=seen.name,
        color=_COLORS[number % len(_COLORS)],
        dash=DASHES[number // len(_COLORS) % len(DASHES)],  # type: ignore[arg-type]
        letter=_free_letter(seen.name, known),
        key=free[0] if free and seen.kind == "class" else "",
        geometries=seen.geometries,
        attributes=tuple(by_name.values()),
    )


def _type_of(value: Value) -> str:
    match value:
        case bool():
            return "check"
        case int():
            return "integer"
        case float():
            return "number"
        case tuple():
            return "choices"
        case _:
            return "text"
