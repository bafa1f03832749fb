"""Formats: how files become items and entities, and back, with what is lost said beforehand."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, runtime_checkable

from msgspec import Struct

from studio.domain.entities import AnyEntity
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wire.jobs import ImportProblem
from studio.domain.wire.projects import AssetFacts, Stream

Problem = ImportProblem


class Budget(Struct, frozen=True):
    """Bounds of parsing: header arithmetic is checked against them before anything is allocated."""

    pixels: int = 400_000_000
    points: int = 100_000_000  # of one file
    file_bytes: int = 2 * 1024**3
    text_bytes: int = 256 * 1024**2
    files: int = 2_000_000
    entities: int = 500_000  # of one item


class Tree(Protocol):
    """A folder of an import, read-only; paths are relative with "/" between parts, as the user named them."""

    def paths(self) -> list[str]:
        """Every file, sorted."""

    def size(self, path: str) -> int: ...

    def open(self, path: str) -> BinaryIO:
        """Raises `import.missing_file`."""


class Sniffed(Struct, frozen=True):
    """What a format sees in a folder, from names and the heads of files alone."""

    format: str
    confidence: float  # 0 to 1; the highest is proposed
    items: int
    summary: str  # "291 pictures, 364 label files in Pascal VOC"
    classes: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


class MediaFile(Struct, frozen=True):
    """Where a stream's bytes lie in the tree. A text stream may carry its text instead."""

    stream: Stream
    paths: tuple[str, ...] = ()  # one a frame; empty where a frame has none
    text: str | None = None


class ReadItem(Struct, frozen=True):
    """One item as a format reads it. Ids of entities are made afresh; `source` names it within the import."""

    source: str
    media: tuple[MediaFile, ...]
    entities: tuple[AnyEntity, ...] = ()
    facts: AssetFacts | None = None
    group_key: str = ""
    sequence: str = ""
    state: Literal["new", "accepted"] = "new"
    split: str = ""  # as the source says, e.g. val; kept as a tag-like fact of the item
    sidecar: bytes = b""  # what a lossy format could not hold, when it was written by us
    blobs: tuple[tuple[str, bytes], ...] = ()  # SHA-256 and content of what its tiles name
    classes: tuple[str, ...] = ()  # used where no track says so: of points in tiles, of a list of classes


def no_blob(name: str) -> bytes:
    """The blobs of an item that has none. Raises `media.missing`."""
    raise AtelierError(
        "media.missing",
        "What a tile of this item holds is not there, so it cannot be written.",
        detail=name[:64],
        hint="Take the last change to it back, or import it again.",
    )


class WriteItem(Struct, frozen=True):
    """One item as it goes out; `media` gives a frame's bytes where the export carries media."""

    name: str
    streams: tuple[Stream, ...]
    entities: tuple[AnyEntity, ...]
    source_paths: tuple[tuple[str, ...], ...] = ()  # by stream, by frame; empty where there is none
    split: str = ""
    sidecar: bytes = b""  # what `ReadItem.sidecar` kept, for the format that wrote it
    blob: Callable[[str], bytes] = no_blob  # what a tile names, by its SHA-256; raises `media.missing`


class Loss(Struct, frozen=True):
    """One kind of thing that a format cannot hold, and how many of it there were."""

    what: str  # "attribute 'occluded'", "shape polygon"
    count: int
    how: str = ""  # "left out", "written as its bounding box"


class Sink(Protocol):
    """Where an export writes; paths as in `Tree`."""

    def write(self, path: str, data: bytes) -> None: ...


class Format(Protocol):
    """A reader and writer. Pure: no node, no Qt, no torch; the same code makes previews and imports."""

    name: str  # pascal_voc
    title: str
    fidelity: Literal["lossless", "lossy"]
    can_write: bool

    def sniff(self, tree: Tree) -> Sniffed | None:
        """What it recognises by content, or None. Reads heads of a few files only."""

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """Items one by one, and problems beside them; a bad file never stops the rest."""

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """Write `items`; returns what could not be held (empty: reading it back gives the same)."""


@runtime_checkable
class Templated(Protocol):
    """A format that carries the labelling template beside the items: classes as people made them."""

    def template(self, tree: Tree, budget: Budget) -> Ontology | None:
        """The sound template that is there; None where there is none. What is wrong with it `read` says."""


# a long item as clips of at most so many frames, which follow each other by their names in one sequence;
# one that is not longer comes back as it is
Clips = Callable[[ReadItem, int], Iterator[ReadItem]]


class Media(Protocol):
    """How a modality's files are checked and prepared once, in a limited worker of the node."""

    def probe(self, path: Path, budget: Budget) -> Stream:
        """Size and kind by content, header arithmetic first. Raises `media.*` where it is not sound."""

    def renditions(self, path: Path, stream: Stream, budget: Budget) -> Iterator[tuple[str, bytes]]:
        """(rendition, bytes): `thumb`, `tile-LEVEL-COLUMN-ROW` and whatever the editor asks for."""
