"""Which key does what on a picture: commands, classes and attributes, without two for one key. No Qt."""

from __future__ import annotations

from plugins.image.commands import COMMANDS
from studio.domain import ontology_keys
from studio.domain.ontology import Ontology

ARROWS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
STEPS = {"": 1, "Shift": 10, "Ctrl": 50}  # picture pixels

COMMAND_KEYS: dict[str, str] = {key: command.name for command in COMMANDS for key in command.keys}


def arrow(key: str) -> tuple[float, float, bool] | None:
    """(dx, dy, whether Alt is held) of an arrow key in picture pixels, or None for another key."""
    *held, name = key.split("+")
    if name not in ARROWS:
        return None
    resizes = "Alt" in held
    step = STEPS.get("+".join(each for each in held if each != "Alt"))
    if step is None:
        return None
    dx, dy = ARROWS[name]
    return float(dx * step), float(dy * step), resizes


def is_taken(key: str) -> bool:
    """Whether a command or the arrows have this key."""
    return key in COMMAND_KEYS or arrow(key) is not None


def class_keys(ontology: Ontology) -> dict[str, str]:
    """Key -> class, on a picture."""
    return ontology_keys.class_keys(ontology, is_taken)


def attribute_keys(ontology: Ontology, class_name: str) -> dict[str, str]:
    """Key -> attribute of a class, on a picture."""
    return ontology_keys.attribute_keys(ontology, class_name, is_taken)
