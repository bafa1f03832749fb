"""What a form asks: fields made from an ontology's attributes or from a JSON Schema. No Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

from studio.domain.ontology import AttributeType
from studio.domain.values import Value

Kind = Literal["text", "number", "integer", "check", "choice", "choices"]


class Field(Struct, frozen=True):
    """One question. `exclusive` bounds are not themselves allowed; `key` is the key that answers it."""

    name: str
    kind: Kind
    title: str = ""
    help: str = ""
    choices: tuple[str, ...] = ()
    default: Value | None = None
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: bool = False
    key: str = ""

    @property
    def label(self) -> str:
        return self.title or self.name.replace("_", " ").capitalize()


def fields_of_attributes(attributes: Iterable[AttributeType]) -> tuple[Field, ...]:
    """The questions of an ontology's class."""
    return tuple(
        Field(
            each.name,
            each.type,
            title=each.title,
            choices=each.choices,
            default=each.default,
            required=each.required,
            minimum=each.minimum,
            maximum=each.maximum,
            key=each.key,
        )
        for each in attributes
    )


def fields_of_schema(schema: Mapping[str, Any]) -> tuple[Field, ...]:
    """The questions of a JSON Schema of an object, in its order; a nested object or list is left out.

    References are followed within the schema (msgspec writes `$ref` into `$defs`).
    """
    top = _resolved(schema, schema)
    required = set(top.get("required", ()))
    made = (
        _field(name, _resolved(part, schema), name in required)
        for name, part in top.get("properties", {}).items()
    )
    return tuple(field for field in made if field is not None)


def _resolved(part: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    reference = part.get("$ref")
    if not isinstance(reference, str):
        return part
    found: Any = root
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return {**found, **{key: value for key, value in part.items() if key != "$ref"}}


def _field(name: str, part: Mapping[str, Any], required: bool) -> Field | None:
    kinds: dict[str, Kind] = {"string": "text", "number": "number", "integer": "integer", "boolean": "check"}
    kind = kinds.get(str(part.get("type", "string" if "enum" in part else "")))
    choices: tuple[str, ...] = ()
    if "enum" in part and all(isinstance(each, str) for each in part["enum"]):
        kind, choices = "choice", tuple(part["enum"])
    if kind is None:
        return None
    least = part.get("minimum", part.get("exclusiveMinimum"))
    return Field(
        name,
        kind,
        title=part.get("title", ""),
        help=part.get("description", ""),
        choices=choices,
        default=part.get("default"),
        required=required,
        minimum=None if least is None else float(least),
        maximum=part.get("maximum", part.get("exclusiveMaximum")),
        exclusive_minimum="minimum" not in part and "exclusiveMinimum" in part,
    )


def problem_of(field: Field, value: Value | None) -> str:
    """What is wrong with an answer, or an empty text."""
    if value is None:
        return f"{field.label} has not been answered." if field.required else ""
    if isinstance(value, int | float) and not isinstance(value, bool):
        least, most = field.minimum, field.maximum
        if least is not None and (value < least or (field.exclusive_minimum and value == least)):
            return f"{field.label} is {'above' if field.exclusive_minimum else 'at least'} {least:g}."
        if most is not None and value > most:
            return f"{field.label} is at most {most:g}."
    return ""


def stepped(field: Field, value: Value | None) -> Value | None:
    """The answer that the field's key gives next: the next choice, the other of yes and no, one more.

    After the last choice comes no answer, where none is allowed. A text is not stepped.
    """
    match field.kind:
        case "check":
            return not value
        case "choice" if field.choices:
            at = field.choices.index(str(value)) + 1 if value in field.choices else 0
            if at < len(field.choices):
                return field.choices[at]
            return field.choices[0] if field.required else None
        case "number" | "integer":
            number = value if isinstance(value, int | float) else (field.minimum or 0) - 1
            more = number + 1
            if field.maximum is not None and more > field.maximum:
                more = field.minimum or 0
            return int(more) if field.kind == "integer" else float(more)
    return value
