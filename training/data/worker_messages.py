"""What the node and its worker say to each other: length-prefixed MessagePack over two pipes."""

import struct
from collections.abc import Iterator
from typing import BinaryIO

import msgspec
from msgspec import Struct

from studio.domain.contracts.formats import ReadItem
from studio.domain.ids import ImportId
from studio.domain.ontology import Ontology
from studio.domain.wire.jobs import ImportProblem, SourceFile
from studio.domain.wire.projects import Stream

_LENGTH = struct.Struct("<I")
LARGEST = 1024**3


class Orders(Struct, frozen=True):
    """What a worker is to read: uploaded chunks, or a folder where media are adopted."""

    format: str
    plan: bool  # say what is there, and prepare nothing
    files: tuple[SourceFile, ...] = ()
    staging: str = ""
    import_id: ImportId = ImportId("")
    staging_key: bytes = b""
    folder: str = ""
    skip: frozenset[str] = frozenset()  # sources that are in already, or that a worker died of
    clip_frames: int = 0  # items of more frames are cut into clips of so many
    avoid: frozenset[str] = frozenset()  # files of larger items that a worker died of


class SeenAttribute(Struct, frozen=True, order=True):
    """An attribute as data use it."""

    name: str
    type: str  # text, number, integer, check, choices
    each_frame: bool


class SeenClass(Struct, frozen=True):
    """A class as data use it."""

    kind: str  # class, tag, relation, group
    name: str
    geometries: tuple[str, ...] = ()
    attributes: tuple[SeenAttribute, ...] = ()


class Planned(Struct, frozen=True, tag=True):
    """Everything that an import will bring."""

    items: int
    classes: tuple[SeenClass, ...]
    template: Ontology | None = None  # that came with the data


class At(Struct, frozen=True, tag=True):
    """The item that is being prepared, and which of its many files: whom to blame for what happens next."""

    source: str
    path: str = ""


class PreparedFrame(Struct, frozen=True):
    """One file of a stream, checked, with what was prepared of it.

    What is prepared of a large file comes as several runs; those after the first name no file.
    """

    stream: Stream
    frame: int
    path: str
    views: tuple[tuple[str, bytes], ...] = ()
    text: str | None = None
    run: int = 0


class Part(Struct, frozen=True, tag=True):
    """A frame of an item that has many, or a large one: they come one by one, and the item behind them."""

    source: str
    frame: PreparedFrame
    is_first: bool  # of this item as this worker brings it


class Prepared(Struct, frozen=True, tag=True):
    """One item, ready to be brought in, with those of its frames that did not come before it."""

    item: ReadItem
    streams: tuple[Stream, ...]
    frames: tuple[PreparedFrame, ...]
    in_parts: bool = False  # whether there were such


class Bad(Struct, frozen=True, tag=True):
    """Something that cannot be used; `skipped` where a whole item is left out."""

    problem: ImportProblem
    source: str = ""
    skipped: bool = False


class Failed(Struct, frozen=True, tag=True):
    """The worker can go no further."""

    code: str
    message: str
    detail: str
    hint: str


class End(Struct, frozen=True, tag=True):
    """All was read."""


Message = Planned | At | Part | Prepared | Bad | Failed | End
_decoder: msgspec.msgpack.Decoder[Message] = msgspec.msgpack.Decoder(Message)
_encoder = msgspec.msgpack.Encoder()


def send(pipe: BinaryIO, message: Struct) -> None:
    """Write one message."""
    data = _encoder.encode(message)
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def receive(pipe: BinaryIO) -> bytes | None:
    """The bytes of the next message; None where the pipe ended, also within one."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    if length > LARGEST:
        return None
    data = pipe.read(length)
    return data if len(data) == length else None


def messages(pipe: BinaryIO) -> Iterator[Message]:
    """Every message to the end of the pipe. Raises msgspec.DecodeError on what is none."""
    while (data := receive(pipe)) is not None:
        yield _decoder.decode(data)
