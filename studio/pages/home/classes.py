"""Classes for a new project from plain names: told apart by colour, dash, letter and key."""

from collections.abc import Sequence

from studio.domain.ontology import DASHES, ClassType, Ontology

# Okabe and Ito's set without black and with a darker yellow: told apart with every kind of colour vision
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8f7a00", "#7f4fc9")


def ontology_of(text: str) -> Ontology:
    """An ontology of the names in `text`, one a line or with commas between; doubled ones once."""
    return Ontology(classes=class_types(names_in(text)))


def names_in(text: str) -> list[str]:
    """The names in `text`, one a line or with commas between; doubled ones once."""
    names = dict.fromkeys(part.strip() for line in text.splitlines() for part in line.split(","))
    return [name for name in names if name]


def class_types(names: Sequence[str], known: Sequence[ClassType] = ()) -> tuple[ClassType, ...]:
    """A class of each name that is not `known`, in their order; the first nine have the keys 1 to 9."""
    letters = {each.letter for each in known}
    taken = {each.name for each in known}
    keys = {each.key for each in known}
    made: list[ClassType] = []
    for place, name in enumerate((each for each in names if each not in taken), len(known)):
        letter = _free_letter(name, letters)
        letters.add(letter)
        made.append(
            ClassType(
                name,
                title=name,
                color=_COLORS[place % len(_COLORS)],
                dash=DASHES[place // len(_COLORS) % len(DASHES)],  # type: ignore[arg-type]
                letter=letter,
                key=key if place < 9 and (key := str(place + 1)) not in keys else "",
            )
        )
    return tuple(made)


def _free_letter(name: str, taken: set[str]) -> str:
    for letter in name.upper() + "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789":
        if letter.isalnum() and letter not in taken:
            return letter
    return ""
