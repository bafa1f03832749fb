"""The sample's pages: real handwriting, exact boxes, planted errors on the training side alone."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from plugins.image.formats.pascal_voc import PascalVoc
from resources.sample.recipe import Sample, write_sample
from studio.domain.entities import Box
from tests.plugins.formats_kit import read


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Sample]:
    folder = tmp_path_factory.mktemp("sample")
    return folder, write_sample(folder, train=40, validation=10)


def test_it_reads_as_pascal_voc_with_both_splits(made: tuple[Path, Sample]) -> None:
    folder, sample = made
    items, problems = read(PascalVoc(), folder)
    assert problems == []
    assert len(items) == sample.pages == 50
    assert {item.split for item in items} == {"train", "val"}
    assert sum(isinstance(each, Box) for item in items for each in item.entities) == sample.digits


def test_ink_lies_inside_its_box(made: tuple[Path, Sample]) -> None:
    folder, sample = made
    wrong = {planted.page for planted in sample.planted}
    items, _ = read(PascalVoc(), folder)
    darker = 0
    boxes = 0
    for item in items:
        if item.source in wrong:
            continue
        page = np.asarray(Image.open(folder / item.source).convert("L"), dtype=float)
        paper = np.median(page)
        for box in (each for each in item.entities if isinstance(each, Box)):
            left, top, right, bottom = map(int, box.xyxy)
            boxes += 1
            darker += page[top:bottom, left:right].min() < paper - 25
    assert boxes > 150
    assert darker >= 0.98 * boxes


def test_label_errors_are_planted_in_training_pages_alone(made: tuple[Path, Sample]) -> None:
    _, sample = made
    assert {planted.kind for planted in sample.planted} == {"wrong_class", "missing", "extra"}
    assert all("train_" in planted.page for planted in sample.planted)


def test_the_same_seed_writes_the_same_pages(made: tuple[Path, Sample], tmp_path: Path) -> None:
    folder, _ = made
    write_sample(tmp_path, train=40, validation=10)
    for path in sorted(folder.rglob("*.*")):
        assert (tmp_path / path.relative_to(folder)).read_bytes() == path.read_bytes()
