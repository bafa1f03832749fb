"""Classes and instances of points, and the coding of the tiles that hold them.

A `Tile` holds the labels of a run of 65,536 points of one frame, in the file's own order; its blob is named
by its SHA-256. The blob is MessagePack, packed with zlib: a table of class names, for each point the place of
its class in that table (uint16, little-endian), and for each point its instance (uint32, little-endian;
nothing where no point has one). The empty name stands for points that nobody has labelled. A run without a
tile is unlabelled too, but the last run of a labelled frame always has one, since only its length says how
many points there are. Equal labels have equal blobs.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable
from typing import Annotated, Literal, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from studio.domain.entities import Tile
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ItemId, StreamId, new_id

RUN = 65_536  # points of one tile
UNLABELLED = ""
_LEVEL = 1  # of zlib: a stroke is coded while a person waits, and higher ones are 5 to 20 times as slow
_MOST_RUNS = 4096  # of one frame: 268 million points
_LARGEST = RUN * 6 + 16 * 1024 * 1024  # bytes of an unpacked blob: every point, and a generous table

Classes = NDArray[np.uint16]
Instances = NDArray[np.uint32]


class PointLabels(NamedTuple):
    """Of N points. class_of: (N,) places in `classes`; instance_of: (N,), 0 for none.

    An instance is a number within its class and sequence: the same number in another frame is the same thing.
    """

    classes: tuple[str, ...]
    class_of: Classes
    instance_of: Instances


class _Wire(Struct, frozen=True, forbid_unknown_fields=True):
    version: Literal[1]
    classes: Annotated[tuple[str, ...], Meta(min_length=1, max_length=RUN)]
    class_of: Annotated[bytes, Meta(max_length=2 * RUN)]
    instance_of: Annotated[bytes, Meta(max_length=4 * RUN)]


def unlabelled(points: int) -> PointLabels:
    """The labels of `points` points that nobody has labelled."""
    return PointLabels((UNLABELLED,), np.zeros(points, np.uint16), np.zeros(points, np.uint32))


def encoded(labels: PointLabels) -> bytes:
    """The blob of at most 65,536 points. Only classes that are used are in its table, sorted by name."""
    used = np.flatnonzero(np.bincount(labels.class_of)).tolist()
    table = sorted({labels.classes[each] for each in used}) or [UNLABELLED]
    place = np.zeros(len(labels.classes) or 1, np.uint16)
    place[used] = [table.index(labels.classes[each]) for each in used]
    instances = np.ascontiguousarray(labels.instance_of, "<u4")
    wire = _Wire(
        1,
        tuple(table),
        place[labels.class_of].astype("<u2").tobytes(),
        instances.tobytes() if instances.any() else b"",
    )
    return zlib.compress(msgspec.msgpack.encode(wire), _LEVEL)


def decoded(blob: bytes) -> PointLabels:
    """The labels in a blob. Raises `point_labels.malformed`, also before unpacking more than a tile holds."""
    unpacking = zlib.decompressobj()
    try:
        data = unpacking.decompress(blob, _LARGEST)
        if unpacking.unconsumed_tail or not unpacking.eof:
            raise _malformed("it is cut off, or larger than a tile")
        wire = msgspec.msgpack.decode(data, type=_Wire)
        class_of = np.frombuffer(wire.class_of, "<u2").astype(np.uint16)
        instance_of = np.frombuffer(wire.instance_of, "<u4").astype(np.uint32)
    except (zlib.error, msgspec.DecodeError, ValueError) as error:
        raise _malformed(str(error)) from error
    if not len(instance_of):
        instance_of = np.zeros(len(class_of), np.uint32)
    if len(instance_of) != len(class_of) or (len(class_of) and class_of.max() >= len(wire.classes)):
        raise _malformed("a point has no class")
    return PointLabels(wire.classes, class_of, instance_of)


def blob_name(blob: bytes) -> str:
    """The name by which a tile knows its blob."""
    return hashlib.sha256(blob).hexdigest()


def tile_id(item: ItemId, stream: StreamId, frame: int, run: int) -> EntityId:
    """The id of a tile that people make: the same for everybody, so that two who paint at once are told.

    A UUIDv7 in form; its digits are a hash, since order never comes from them.
    """
    digits = hashlib.sha256(f"{item} {stream} {frame} {run}".encode()).hexdigest()
    return EntityId(f"{digits[:8]}-{digits[8:12]}-7{digits[12:15]}-8{digits[15:18]}-{digits[18:30]}")


def tiles_of(
    labels: PointLabels, stream: StreamId, frame: int, owner: EntityId | None = None
) -> tuple[list[Tile], list[tuple[str, bytes]]]:
    """The tiles of a frame, and their blobs by name; one tile for every run, the last one shorter."""
    tiles: list[Tile] = []
    blobs: dict[str, bytes] = {}
    for start in range(0, len(labels.class_of), RUN):
        blob = encoded(
            PointLabels(
                labels.classes,
                labels.class_of[start : start + RUN],
                labels.instance_of[start : start + RUN],
            )
        )
        name = blob_name(blob)
        blobs[name] = blob
        tiles.append(
            Tile(
                id=EntityId(new_id()),
                owner=owner,
                stream=stream,
                frame=frame,
                index=(start // RUN, 0),
                blob=name,
            )
        )
    return tiles, list(blobs.items())


def joined(tiles: Iterable[Tile], blob_of: Callable[[str], bytes]) -> PointLabels:
    """The labels of a whole frame from its tiles; runs without one are unlabelled.

    Raises `point_labels.malformed`, and whatever `blob_of` raises for a blob that is not there.
    """
    by_run: dict[int, Tile] = {}
    for tile in sorted(tiles, key=lambda each: each.id):  # of two for one run, everybody takes the same
        by_run.setdefault(tile.index[0], tile)
    last = max(by_run, default=-1)
    if last >= _MOST_RUNS:
        raise _malformed("a tile stands beyond any cloud")
    classes: dict[str, int] = {UNLABELLED: 0}
    class_of: list[Classes] = [np.zeros(0, np.uint16)]
    instance_of: list[Instances] = [np.zeros(0, np.uint32)]
    for run in range(last + 1):
        piece = decoded(blob_of(by_run[run].blob)) if run in by_run else unlabelled(RUN)
        if run < last and len(piece.class_of) != RUN:
            raise _malformed("a tile before the last one is not whole")
        place = np.array([classes.setdefault(name, len(classes)) for name in piece.classes])
        if len(classes) > 2**16:
            raise _malformed("there are more classes than can be told apart")
        class_of.append(place.astype(np.uint16)[piece.class_of])
        instance_of.append(piece.instance_of)
    return PointLabels(tuple(classes), np.concatenate(class_of), np.concatenate(instance_of))


def _malformed(detail: str) -> AtelierError:
    return AtelierError(
        "point_labels.malformed",
        "The labels of these points cannot be read: what was kept of them is damaged.",
        detail=detail,
        hint="Take the last change to them back, or import them again.",
    )
