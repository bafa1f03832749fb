"""Which key does what over points: commands, classes and attributes, without two for one key. No Qt."""

from __future__ import annotations

from plugins.pointcloud.commands import COMMANDS
from studio.domain import ontology_keys
from studio.domain.ontology import Ontology

# screen directions of a top view: forward, left
ARROWS = {"Left": (0, 1), "Right": (0, -1), "Up": (1, 0), "Down": (-1, 0)}
STEPS = {"": 0.1, "Shift": 1.0, "Ctrl": 0.02}  # metres that a cuboid moves
CROSS_STEPS = {"": 0.2, "Shift": 2.0, "Ctrl": 10.0}  # metres that the keyboard's cross moves

COMMAND_KEYS: dict[str, str] = {key: command.name for command in COMMANDS for key in command.keys}


def arrow(key: str) -> tuple[int, int, str, bool] | None:
    """(forward, left, which step, whether Alt is held) of an arrow key, or None for another key."""
    *held, name = key.split("+")
    if name not in ARROWS:
        return None
    step = "+".join(each for each in held if each != "Alt")
    if step not in STEPS:
        return None
    return (*ARROWS[name], step, "Alt" in held)


def is_taken(key: str) -> bool:
    """Whether a command or the arrows have this key, or the views: + and - zoom."""
    return key in COMMAND_KEYS or key in ("+", "-", "=") or arrow(key) is not None


def class_keys(ontology: Ontology) -> dict[str, str]:
    """Key -> class, over points."""
    return ontology_keys.class_keys(ontology, is_taken)


def attribute_keys(ontology: Ontology, class_name: str) -> dict[str, str]:
    """Key -> attribute of a class, over points."""
    return ontology_keys.attribute_keys(ontology, class_name, is_taken)
