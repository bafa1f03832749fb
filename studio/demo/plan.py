"""What the walk needs to know of the data that it is shown on."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from studio.cli.reading import read_folder
from studio.demo.mending import Spot
from studio.domain.contracts.plugin import load_part
from studio.domain.entities import Box, Track
from studio.domain.errors import AtelierError


class Data(Struct, frozen=True):
    """A folder of labelled pictures; `sealed` is the split that no model is trained on."""

    title: str
    folder: Path
    items: int
    classes: tuple[str, ...]
    sealed: str  # split; empty: a part of the names
    sealed_text: str
    is_sample: bool
    epochs: int  # of the first training, where nobody says otherwise
    wrong: tuple[Spot, ...] = ()  # where something is labelled wrongly, as far as that is known


def digits(folder: Path, pages: int) -> Data:
    """The sample: pages of handwritten digits, written to `folder`. `pages` 0: as many as the sample has."""
    write = load_part("resources.sample:write_sample")
    held_back = max(12, pages // 5)
    made = write(folder, train=pages - held_back, validation=held_back) if pages else write(folder)
    return Data(
        title="Handwritten digits",
        folder=folder,
        items=made.pages,
        classes=tuple(str(value) for value in range(10)),
        sealed="val",
        sealed_text="",
        is_sample=not pages,
        epochs=24,
        wrong=tuple(
            (each.page.rpartition("/")[2], each.drawn.xyxy, str(each.drawn.value))
            for each in made.planted
            if each.drawn is not None
        ),
    )


def data_of(folder: Path) -> Data:
    """Any detection data. Raises `import.*` where it cannot be read and `demo.no_boxes` without a box."""
    folder = folder.resolve()
    found = read_folder(folder)
    classes = {each.class_name for item in found.items for each in item.entities if isinstance(each, Track)}
    if not any(isinstance(each, Box) for item in found.items for each in item.entities):
        raise AtelierError(
            "demo.no_boxes",
            f"{folder.name!r} holds no boxes, and the walk trains a detector.",
            hint="Choose a folder of detection data, or leave --data out for the sample.",
        )
    splits = {item.split for item in found.items}
    sealed = next((split for split in ("val", "test") if split in splits), "")
    text = ""
    if not sealed:
        text = _part_of_names([item.source for item in found.items])
    return Data(
        title=folder.name,
        folder=folder,
        items=len(found.items),
        classes=tuple(sorted(classes)),
        sealed=sealed,
        sealed_text=text,
        is_sample=False,
        epochs=12,
    )


def _part_of_names(names: list[str]) -> str:
    """A piece of names that about a fifth of them share, and at least eight: those are held back.

    Raises `demo.too_few` where there is none, since a sealed suite says nothing of fewer items.
    """
    pieces = {
        name[at : at + length] for name in names for length in (1, 2) for at in range(len(name) - length + 1)
    }
    counts = {piece: sum(piece.lower() in name.lower() for name in names) for piece in pieces}
    fitting = {
        piece: n for piece, n in counts.items() if 8 <= n <= len(names) // 2 and piece.strip() == piece
    }
    if not fitting:
        raise AtelierError(
            "demo.too_few",
            f"{len(names)} items are too few for the walk: eight are sealed, and the others train a model.",
            hint="Choose a larger folder, or leave --data out for the sample.",
        )
    return min(fitting, key=lambda piece: (abs(fitting[piece] - len(names) / 5), piece))
