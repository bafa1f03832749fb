"""Writes the sample as Pascal VOC: training pages with a few planted label errors, and pages to be sealed."""

from collections.abc import Callable
from pathlib import Path
from typing import Literal

import numpy as np
from msgspec import Struct

from plugins.image.formats.pascal_voc import PascalVoc
from plugins.image.formats.pictures import STREAM
from resources.sample.pages import HEIGHT, WIDTH, Digit, draw_page
from studio.domain.contracts.formats import WriteItem
from studio.domain.entities import AnyEntity, Box, Track
from studio.domain.ids import EntityId, new_id
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire.projects import Stream

TRAIN, VALIDATION = 160, 40
ERRORS = 0.04  # share of the training boxes whose label is made wrong
JPEG_QUALITY = 92


class Planted(Struct, frozen=True):
    """A label that is wrong on purpose: what stands there, and what was drawn (None: nothing)."""

    page: str
    kind: Literal["wrong_class", "missing", "extra"]
    labelled: Digit | None
    drawn: Digit | None


class Sample(Struct, frozen=True):
    """What was written."""

    pages: int
    digits: int
    planted: tuple[Planted, ...]


def write_sample(
    folder: Path,
    train: int = TRAIN,
    validation: int = VALIDATION,
    seed: int = 7,
    say: Callable[[float, str], None] = lambda _share, _what: None,
) -> Sample:
    """Write `JPEGImages`, `Annotations` and `ImageSets` below `folder`. The same seed writes the same pages.

    A digit of the set stands on training pages or on validation pages, never on both. Labels of the
    validation pages are exact; of the training boxes about one in twenty-five is wrong, each kind alike.
    say: told before each page how much is written (0 to 1), and what comes.
    """
    from sklearn.datasets import load_digits  # 1 s, and only the recipe needs it

    data = load_digits()
    glyphs, values = data.images / 16.0, data.target
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(values))
    cut = int(len(values) * 0.75)
    (folder / "JPEGImages").mkdir(parents=True, exist_ok=True)
    items: list[WriteItem] = []
    planted: list[Planted] = []
    count = 0
    for split, source, pages in (("train", shuffled[:cut], train), ("val", shuffled[cut:], validation)):
        for number in range(pages):
            say(len(items) / (train + validation), f"Page {len(items) + 1} of {train + validation}")
            chosen = rng.choice(source, size=int(rng.integers(5, 13)), replace=False)
            picture, digits = draw_page(glyphs[chosen], values[chosen], rng)
            name = f"JPEGImages/{split}_{number:04d}.jpg"
            picture.save(folder / name, quality=JPEG_QUALITY)
            labelled = digits
            if split == "train":
                labelled, wrong = _with_errors(name, digits, rng)
                planted += wrong
            count += len(labelled)
            items.append(_item(name, labelled, split))
    ontology = Ontology(classes=tuple(ClassType(name=str(value)) for value in range(10)))
    PascalVoc().write(items, ontology, _Sink(folder))
    return Sample(len(items), count, tuple(planted))


class _Sink:
    def __init__(self, root: Path) -> None:
        self._root = root

    def write(self, path: str, data: bytes) -> None:
        target = self._root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def _with_errors(
    page: str, digits: list[Digit], rng: np.random.Generator
) -> tuple[list[Digit], list[Planted]]:
    labelled: list[Digit] = []
    planted: list[Planted] = []
    for digit in digits:
        if rng.random() >= ERRORS:
            labelled.append(digit)
            continue
        kind = ("wrong_class", "missing", "extra")[int(rng.integers(3))]
        if kind == "wrong_class":
            other = Digit((digit.value + int(rng.integers(1, 10))) % 10, digit.xyxy, digit.is_faint)
            labelled.append(other)
            planted.append(Planted(page, "wrong_class", other, digit))
        elif kind == "missing":
            planted.append(Planted(page, "missing", None, digit))
        else:
            left, top = float(rng.integers(0, WIDTH - 40)), float(rng.integers(0, HEIGHT - 40))
            ghost = Digit(int(rng.integers(10)), (left, top, left + 30.0, top + 34.0))
            labelled += [digit, ghost]
            planted.append(Planted(page, "extra", ghost, None))
    return labelled, planted


def _item(name: str, digits: list[Digit], split: str) -> WriteItem:
    entities: list[AnyEntity] = []
    for digit in digits:
        track = Track(id=EntityId(new_id()), class_name=str(digit.value))
        box = Box(id=EntityId(new_id()), track=track.id, stream=STREAM, frame=0, xyxy=digit.xyxy)
        entities += [track, box]
    stream = Stream(id=STREAM, name="image", kind="image", width=WIDTH, height=HEIGHT)
    return WriteItem(name, (stream,), tuple(entities), ((name,),), split)
