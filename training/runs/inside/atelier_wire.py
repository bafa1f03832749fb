"""What travels between the node and a closed environment, over inherited descriptors.

Frames: four bytes of length, sixteen of a keyed digest over the frame's number and its body, the body in
MessagePack. The node treats all of it as hostile: the digest keeps stray writes and another attempt's
messages out, the types and the budgets keep out the rest. Needs msgspec alone; used by both sides.
"""

import hmac
import os
import struct
from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

PART_BYTES = 1024 * 1024  # of a file, in one frame
FRAME_BYTES = PART_BYTES + 64 * 1024
ASK_BYTES = 64 * 1024 * 1024  # of views handed in with one question
_HEAD = struct.Struct(">I16s")

Finite = Annotated[float, Meta(ge=-1.7e308, le=1.7e308)]
Name = Annotated[str, Meta(max_length=200)]
Line = Annotated[str, Meta(max_length=8_000)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Purpose = Literal["checkpoint", "model", "answer"]


class Message(Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """One thing said, in either direction."""


class Hello(Message, frozen=True, tag="hello"):
    """The code inside was loaded and begins."""

    attempt: Count


class Said(Message, frozen=True, tag="said"):
    """A line for the run's log."""

    level: Literal["info", "warning", "error"]
    text: Line


class Points(Message, frozen=True, tag="points"):
    """Logged values: name, step, epoch, value."""

    points: Annotated[list[tuple[Name, Count, Finite, Finite]], Meta(max_length=1_000)]


class Progress(Message, frozen=True, tag="progress"):
    """How far: whole epochs done, of how many, and the share of the one under way."""

    epoch: Count
    epochs: Count
    share: Annotated[float, Meta(ge=0, le=1)]


class Part(Message, frozen=True, tag="part"):
    """A piece of a file on its way out; the pieces of one file come in order, `last` ends it."""

    purpose: Purpose
    number: Count  # of the checkpoint or the answer
    name: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]{0,62}$")]
    data: Annotated[bytes, Meta(max_length=PART_BYTES)]
    last: bool


class Checkpoint(Message, frozen=True, tag="checkpoint"):
    """All files of checkpoint `number` were sent; it counts once the node says `Kept`."""

    number: Count
    epoch: Count


class Ended(Message, frozen=True, tag="ended"):
    """The code came to its end; with `done` the model's files were sent before."""

    how: Literal["done", "paused", "cancelled"]
    metrics: Annotated[list[tuple[Name, Finite]], Meta(max_length=1_000)] = []


class Answered(Message, frozen=True, tag="answered"):
    """The answer to question `number` was sent as the parts of `answer`."""

    number: Count


class Failed(Message, frozen=True, tag="failed"):
    """The code cannot go on: said to the person, with the trace for the log."""

    code: Annotated[str, Meta(pattern=r"^run\.[a-z_]{1,40}$")]
    message: Line
    hint: Line = ""
    detail: Annotated[str, Meta(max_length=60_000)] = ""


Out = Hello | Said | Points | Progress | Part | Checkpoint | Ended | Answered | Failed


class Kept(Message, frozen=True, tag="kept"):
    """Checkpoint `number` is on disk."""

    number: Count


class Pause(Message, frozen=True, tag="pause"):
    """Stop at the next safe point, with a checkpoint."""


class Cancel(Message, frozen=True, tag="cancel"):
    """Stop at the next safe point."""


class Ask(Message, frozen=True, tag="ask"):
    """Predict on these views, written as the samples that the model learned from are."""

    number: Count
    views: list[bytes]


In = Kept | Pause | Cancel | Ask


class Shard(Struct, frozen=True, forbid_unknown_fields=True):
    """A sealed file of samples, by its path inside."""

    path: str
    split: str
    samples: int


class Specification(Struct, frozen=True, forbid_unknown_fields=True):
    """What the code inside is told, once, over a descriptor of its own."""

    task: Literal["train", "predict", "parameters"]
    run: str
    attempt: int
    key: bytes
    template: str  # path inside
    parameters: bytes = b"{}"  # JSON
    seed: int = 0
    threads: int = 1
    classes: tuple[str, ...] = ()
    shards: tuple[Shard, ...] = ()
    checkpoint: str = ""  # folder inside with the last one's files
    checkpoint_number: int = 0
    checkpoint_every_s: float = 5.0  # of processor time
    model: str = ""  # folder inside


class Sample(Struct, frozen=True, forbid_unknown_fields=True):
    """One labelled view: a picture, a sweep, as the plug-in of its modality writes it.

    Of a picture `data` is the file's own bytes, and a shape left, top, right, bottom in pixels of its full
    size. Of a sweep `data` is what `atelier_run.points` reads, and a shape centre x, y, z, length, width,
    height and yaw in metres and radians, in the ego frame.
    """

    name: str
    group: str
    data: bytes
    classes: tuple[int, ...]  # of each shape, as an index into the run's classes
    shapes: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...] = ()  # of each shape in what is learned, 0 to 1; empty: all count fully


class Found(Struct, frozen=True, forbid_unknown_fields=True, array_like=True):
    """One predicted object; its shape as in `Sample`."""

    class_name: Name
    score: Annotated[float, Meta(ge=0, le=1)]
    shape: Annotated[tuple[Finite, ...], Meta(min_length=1, max_length=16)]


class Predictions(Struct, frozen=True, forbid_unknown_fields=True):
    """What was found, view by view; None where one could not be decoded."""

    views: list[list[Found] | None]


class BadFrame(Exception):
    """What came over a descriptor is not what belongs there."""


class Writer:
    """Writes frames to a descriptor; one thread at a time."""

    def __init__(self, descriptor: int, key: bytes, direction: str, attempt: int) -> None:
        self._descriptor = descriptor
        self._key = frame_key(key, direction, attempt)
        self._number = 0
        self._encoder = msgspec.msgpack.Encoder()

    def write(self, message: Message) -> None:
        """Write one message whole. Raises OSError when the other side is gone."""
        body = self._encoder.encode(message)
        head = _HEAD.pack(len(body), _digest(self._key, self._number, body))
        self._number += 1
        for piece in (head, body):
            view = memoryview(piece)
            while view:
                view = view[os.write(self._descriptor, view) :]


class Reader:
    """Reads frames, believing nothing: lengths are bounded before anything is allocated."""

    def __init__(
        self, read: Callable[[int], bytes], key: bytes, direction: str, attempt: int, limit: int
    ) -> None:
        """`read(n)` gives n bytes, or fewer at the end of the stream."""
        self._read = read
        self._key = frame_key(key, direction, attempt)
        self._limit = limit
        self._number = 0

    def frame(self) -> bytes | None:
        """The next body, or None at the end. Raises BadFrame."""
        head = self._read(_HEAD.size)
        if not head:
            return None
        if len(head) < _HEAD.size:
            raise BadFrame("a frame was cut off")
        length, digest = _HEAD.unpack(head)
        if length > self._limit:
            raise BadFrame(f"a frame of {length} bytes, above the bound of {self._limit}")
        body = self._read(length)
        if len(body) < length:
            raise BadFrame("a frame was cut off")
        if not hmac.compare_digest(digest, _digest(self._key, self._number, body)):
            raise BadFrame("a frame's digest is wrong")
        self._number += 1
        return body


def frame_key(key: bytes, direction: str, attempt: int) -> bytes:
    """The key of one direction of one attempt."""
    return hmac.digest(key, f"frames:{direction}:{attempt}".encode(), "sha256")


def shard_data(run: str, path: str) -> bytes:
    """What a shard's seal is bound to."""
    return f"shard:{run}:{path.rpartition('/')[2]}".encode()


def _digest(key: bytes, number: int, body: bytes) -> bytes:
    made = hmac.new(key, number.to_bytes(8, "big"), "sha256")
    made.update(body)
    return made.digest()[:16]
