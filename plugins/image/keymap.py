"""Which key does what on a picture: commands, classes and attributes, without two for one key. No Qt."""

from __future__ import annotations

from plugins.image.commands import COMMANDS
from studio.domain.ontology import Ontology

ARROWS = {"Left": (-1, 0), "Right": (1, 0), "Up": (0, -1), "Down": (0, 1)}
STEPS = {"": 1, "Shift": 10, "Ctrl": 50}  # picture pixels

COMMAND_KEYS: dict[str, str] = {key: command.name for command in COMMANDS for key in command.keys}

# For classes that name no key of their own: 30 of them.
FREE_CLASS_KEYS = tuple(prefix + digit for prefix in ("", "Shift+", "Alt+") for digit in "1234567890")


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


def portable(key: str) -> str:
    """An ontology's key as the canvas names it: a letter is written large."""
    return key.upper() if len(key) == 1 else key


def class_keys(ontology: Ontology) -> dict[str, str]:
    """Key -> class. A class's own key where no command or earlier class has it, else the next free digit."""
    given: dict[str, str] = {}
    waiting = []
    for each in ontology.classes:
        key = portable(each.key)
        if key and key not in COMMAND_KEYS and key not in given and arrow(key) is None:
            given[key] = each.name
        else:
            waiting.append(each.name)
    free = [key for key in FREE_CLASS_KEYS if key not in given]
    return given | dict(zip(free, waiting, strict=False))


def attribute_keys(ontology: Ontology, class_name: str) -> dict[str, str]:
    """Key -> attribute of a class, for the keys that nothing else has."""
    taken = class_keys(ontology)
    return {
        key: each.name
        for each in ontology.attributes_of(class_name)
        if (key := portable(each.key)) and key not in COMMAND_KEYS and key not in taken
    }
