"""The real window against a real node: a workspace, pictures to bring in, and people at screens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from studio.cli.screen import Screen
from studio.client import OwnNode
from tests.e2e.person import Person


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder of three plain pictures, each with a dark square on it."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        image = Image.new("RGB", (400, 300), (210, 215 - number * 20, 220))
        ImageDraw.Draw(image).rectangle((60 + 40 * number, 60, 140 + 40 * number, 140), fill=(60, 70, 90))
        image.save(folder / f"photo-{number}.png")
    return folder


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Path]:
    """The folder of a node; the node that a studio started on it is ended afterwards."""
    folder = tmp_path / "ws"
    yield folder
    if (node := OwnNode.find(folder)) is not None:
        node.stop()


@pytest.fixture
def sit_down(display: Screen, tmp_path: Path, workspace: Path) -> Iterator[Callable[..., Person]]:
    """Call it to seat a person: `sit_down("ann")`, with a home of their own, on one workspace."""
    seated: list[Person] = []

    def seat(name: str = "ann", *arguments: str) -> Person:
        person = Person(display, tmp_path / name, workspace, *arguments).start()
        seated.append(person)
        return person

    yield seat
    for person in seated:
        person.kill()
