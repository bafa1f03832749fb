"""Which key chooses which class and steps which attribute, without two for one key."""

from __future__ import annotations

from collections.abc import Callable

from studio.domain.ontology import Ontology

# For classes that name no key of their own: 30 of them.
FREE_CLASS_KEYS = tuple(prefix + digit for prefix in ("", "Shift+", "Alt+") for digit in "1234567890")


def portable(key: str) -> str:
    """An ontology's key as a canvas names it: a letter is written large."""
    return key.upper() if len(key) == 1 else key


def class_keys(ontology: Ontology, is_taken: Callable[[str], bool]) -> dict[str, str]:
    """Key -> class. A class's own key where nothing else (`is_taken`) has it, else the next free digit."""
    given: dict[str, str] = {}
    waiting = []
    for each in ontology.classes:
        key = portable(each.key)
        if key and key not in given and not is_taken(key):
            given[key] = each.name
        else:
            waiting.append(each.name)
    free = [key for key in FREE_CLASS_KEYS if key not in given and not is_taken(key)]
    return given | dict(zip(free, waiting, strict=False))


def attribute_keys(ontology: Ontology, class_name: str, is_taken: Callable[[str], bool]) -> dict[str, str]:
    """Key -> attribute of a class, for the keys that nothing else has."""
    classes = class_keys(ontology, is_taken)
    return {
        key: each.name
        for each in ontology.attributes_of(class_name)
        if (key := portable(each.key)) and not is_taken(key) and key not in classes
    }
