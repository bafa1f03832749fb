"""A point cloud as arrays, and the pieces in which it travels from the node's preparation to the canvas.

A cloud is shuffled once, at preparation: any first N of its points are a uniform sample, so a canvas shows
the whole scene after the first piece and draws less while it moves. `order` leads back to the file's own
order, in which point labels are kept. Coordinates are float32 from `origin`, which is float64, so that a
survey's millimetres survive coordinates of millions of metres.
"""

import hashlib
from collections.abc import Iterator
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from msgspec import Meta, Struct
from numpy.typing import NDArray

from studio.domain.errors import AtelierError
from studio.domain.values import XYZ

PIECE = 131_072  # points of one piece
HEAD = "cloud"  # names of the renditions: the head, then `cloud-0`, `cloud-1`, …
CELL_M = 1.0  # side of a cell of the xy grid

# what a point may have beside its place, each with the type that it is kept in
FIELDS: dict[str, type] = {
    "intensity": np.float32,  # 0 to 1
    "rgb": np.uint8,  # three of them
    "ring": np.uint16,
    "time": np.float32,  # seconds from the frame's own time
    "label": np.uint16,  # the file's own class of each point
    "velocity": np.float32,  # three of them, m/s over ground along the sensor's own axes: of radars
}
TRIPLES = ("rgb", "velocity")  # of which a point has three numbers


class Cloud(NamedTuple):
    """Points in their sensor's own axes, metres, in the file's own order.

    xyz: (N, 3) float32 from `origin`. fields: by name in `FIELDS`, (N,) or, for `TRIPLES`, (N, 3). places:
    (N,) uint32, each point's place in the file where `dropped` points of it have no place in space and are
    left out; None where none is.
    """

    xyz: NDArray[np.float32]
    origin: XYZ = (0.0, 0.0, 0.0)
    fields: dict[str, NDArray[np.generic]] = {}
    places: NDArray[np.uint32] | None = None
    dropped: int = 0


class Head(Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a prepared cloud before any of its points are there."""

    points: Annotated[int, Meta(ge=0)]
    pieces: Annotated[int, Meta(ge=0)]
    origin: XYZ
    low: XYZ  # of `xyz`, so from `origin`
    high: XYZ
    fields: tuple[str, ...]
    ground_z: float  # the height that most low points share, from `origin`
    dropped: int = 0  # points of the file that have no place: it holds `points` + `dropped`


class Piece(NamedTuple):
    """A run of the shuffled cloud. order: (n,) uint32, each point's place among all points of the file."""

    xyz: NDArray[np.float32]
    order: NDArray[np.uint32]
    fields: dict[str, NDArray[np.generic]]


class _Wire(Struct, frozen=True, forbid_unknown_fields=True):
    xyz: bytes
    order: bytes
    fields: dict[str, bytes]


def prepared(cloud: Cloud) -> tuple[bytes, list[bytes]]:
    """The head and the pieces of a cloud, encoded. The same cloud always gives the same bytes."""
    return head_of(cloud), list(pieces_of(cloud))


def head_of(cloud: Cloud) -> bytes:
    """The encoded head of a cloud."""
    count = len(cloud.xyz)
    low = cloud.xyz.min(axis=0) if count else np.zeros(3)
    high = cloud.xyz.max(axis=0) if count else np.zeros(3)
    head = Head(
        count,
        -(-count // PIECE),
        cloud.origin,
        _xyz(low),
        _xyz(high),
        tuple(sorted(cloud.fields)),
        ground_height(cloud.xyz),
        cloud.dropped,
    )
    return msgspec.msgpack.encode(head)


def pieces_of(cloud: Cloud) -> Iterator[bytes]:
    """The encoded pieces of a cloud, one at a time: beside the cloud, only its shuffle is in memory."""
    seed = int.from_bytes(hashlib.sha256(cloud.xyz[:4096].tobytes()).digest()[:8], "little")
    shuffle = np.arange(len(cloud.xyz), dtype=np.uint32)
    np.random.default_rng(seed).shuffle(shuffle)
    for start in range(0, len(shuffle), PIECE):
        chosen = shuffle[start : start + PIECE]
        order = chosen if cloud.places is None else cloud.places[chosen]
        fields = {
            name: np.ascontiguousarray(cloud.fields[name][chosen], FIELDS[name]).tobytes()
            for name in sorted(cloud.fields)
        }
        xyz = np.ascontiguousarray(cloud.xyz[chosen], np.float32).tobytes()
        yield msgspec.msgpack.encode(_Wire(xyz, order.tobytes(), fields))


def read_head(data: bytes) -> Head:
    """Raises `cloud.malformed`."""
    try:
        return msgspec.msgpack.decode(data, type=Head)
    except msgspec.DecodeError as error:
        raise _malformed(str(error)) from error


def read_piece(data: bytes) -> Piece:
    """Raises `cloud.malformed`. The arrays are views of `data` and cannot be written to."""
    try:
        wire = msgspec.msgpack.decode(data, type=_Wire)
        order = np.frombuffer(wire.order, np.uint32)
        xyz = np.frombuffer(wire.xyz, np.float32).reshape(len(order), 3)
        fields: dict[str, NDArray[np.generic]] = {}
        for name, held in wire.fields.items():
            values: NDArray[np.generic] = np.frombuffer(held, FIELDS[name])
            fields[name] = values.reshape((len(order), 3) if name in TRIPLES else len(order))
    except (msgspec.DecodeError, ValueError, KeyError) as error:
        raise _malformed(str(error)) from error
    return Piece(xyz, order, fields)


def ground_height(xyz: NDArray[np.float32]) -> float:
    """The height (z) that most of the lower half of the points share: flat ground, roughly. 0 if none."""
    if not len(xyz):
        return 0.0
    z = xyz[:: max(1, len(xyz) // 50_000), 2]
    z = z[z <= np.median(z)]
    counts, edges = np.histogram(z, bins=max(1, min(400, round(float(np.ptp(z)) / 0.1))))
    at = int(np.argmax(counts))
    return float((edges[at] + edges[at + 1]) / 2)


def _xyz(point: NDArray[np.generic]) -> XYZ:
    x, y, z = (float(each) for each in point)
    return x, y, z


def _malformed(detail: str) -> AtelierError:
    return AtelierError(
        "cloud.malformed",
        "This point cloud cannot be shown: what was prepared of it is damaged.",
        detail=detail,
        hint="Import it again.",
    )
