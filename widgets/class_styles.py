"""How the classes of a labelling template look: colour, dash and letter, free and locked."""

from __future__ import annotations

from studio.domain.ontology import ClassType, Ontology
from widgets.canvas.drawables import ShapeStyle

UNKNOWN = ShapeStyle("#808080", "dot", "?")


def styles_of(ontology: Ontology) -> tuple[tuple[ShapeStyle, ...], dict[str, int]]:
    """Two styles a class (free, locked) and the number of each class; the last are of the unknown one."""
    styles: list[ShapeStyle] = []
    for each in ontology.classes:
        styles += _both(_style(each))
    styles += _both(UNKNOWN)
    return tuple(styles), {each.name: number for number, each in enumerate(ontology.classes)}


def _style(each: ClassType) -> ShapeStyle:
    return ShapeStyle(each.color, each.dash, (each.letter or (each.title or each.name)[:1]).upper())


def _both(style: ShapeStyle) -> tuple[ShapeStyle, ShapeStyle]:
    return style, ShapeStyle(style.color, style.dash, style.letter, "muted")
