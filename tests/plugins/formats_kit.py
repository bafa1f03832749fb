"""What the tests of formats share: reading and writing through real folders."""

from collections import Counter
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from studio.domain.contracts.formats import Budget, Loss, Problem, ReadItem, WriteItem
from studio.domain.contracts.tree import FolderTree
from studio.domain.ontology import Ontology


class Folder:
    """A sink that writes below a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, path: str, data: bytes) -> None:
        target = self.root.joinpath(*PurePosixPath(path).parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)


def read(format_: Any, folder: Path) -> tuple[list[ReadItem], list[Problem]]:
    found = list(format_.read(FolderTree(folder), Budget()))
    return [each for each in found if isinstance(each, ReadItem)], [
        each for each in found if isinstance(each, Problem)
    ]


def as_written(item: ReadItem) -> WriteItem:
    return WriteItem(
        name=item.source,
        streams=tuple(file.stream for file in item.media),
        entities=item.entities,
        source_paths=tuple(file.paths for file in item.media),
        split=item.split,
        sidecar=item.sidecar,
        blob=dict(item.blobs).__getitem__,
    )


def write(
    format_: Any, items: list[ReadItem], folder: Path, ontology: Ontology = Ontology()
) -> tuple[Loss, ...]:
    losses: tuple[Loss, ...] = format_.write((as_written(item) for item in items), ontology, Folder(folder))
    return losses


def picture(path: Path, size: tuple[int, int] = (64, 48)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (90, 120, 150)).save(path)


def kinds(item: ReadItem) -> Counter[str]:
    return Counter(type(entity).__name__ for entity in item.entities)
