"""Where an item's files stand among its blobs, and how they are read: originals, views, tiles of masks.

What is prepared of a frame (thumbnail, pyramid tiles) lies together in one blob, a table of contents in
front, so that a picture costs two files whatever its size.
"""

import struct
from collections.abc import Iterator, Sequence

import msgspec
from msgspec import Struct

from studio.domain.errors import AtelierError
from studio.domain.ids import BlobName, ItemId, ProjectId, StreamId
from training.data.blobs import Blobs, Sealed, missing, seal_blob
from training.data.keys import Keys
from training.data.roots import Roots
from training.data.sealing import Sealer
from training.store import blobs as rows
from training.store.blobs import BlobRow
from training.store.engine import Transaction

_LENGTH = struct.Struct("<I")
_LARGEST_CONTENTS = 4 * 1024 * 1024


class Source(Struct, frozen=True):
    """One readable file: its blob (or adopted file) and the key that opens it."""

    project: ProjectId
    blob: BlobName
    key: bytes
    size: int
    media_type: str
    root: str = ""
    path: str = ""  # of adopted media, within their root


class MediaStore:
    """Reads items' files, wherever they lie."""

    def __init__(self, blobs: Blobs, keys: Keys, roots: Roots) -> None:
        self._blobs = blobs
        self._keys = keys
        self._roots = roots

    def find(self, tx: Transaction, item: ItemId, place: str) -> Source:
        """The file at `place`. Raises `media.missing`, `item.erased`."""
        row = rows.get(tx, item, place)
        if row is None:
            raise AtelierError(
                "media.missing",
                "There is no such picture or file in this item.",
                hint="Refresh the list; if it stays missing, import it again.",
            )
        key = self._keys.item_sealer(tx, item).open(row.key, key_aad(item, place))
        if row.root:
            return Source(row.project, row.blob, b"", row.size, row.media_type, row.root, key.decode())
        return Source(row.project, row.blob, key, row.size, row.media_type)

    def stream(self, source: Source, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Bytes [start, end) a piece at a time. Raises `seal.broken`, `blob.missing`, `media.changed`."""
        end = source.size if end is None else end
        if source.root:
            return self._roots.stream(source.root, source.path, source.blob, source.size, start, end)
        return self._blobs.stream(source.project, source.blob, source.key, start, end)

    def read(self, source: Source, start: int = 0, end: int | None = None) -> bytes:
        """As `stream`, whole."""
        return b"".join(self.stream(source, start, end))

    def view(self, source: Source, name: str) -> bytes | None:
        """One prepared rendition of a frame; None where there is none of that name."""
        head = self.read(source, 0, 64 * 1024)
        if len(head) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(head)
        if length > _LARGEST_CONTENTS:
            raise missing(source.blob)
        after = _LENGTH.size + length
        if after > len(head):
            head = self.read(source, 0, after)
        contents = msgspec.msgpack.decode(head[_LENGTH.size : after], type=dict[str, tuple[int, int]])
        if name not in contents:
            return None
        start, size = contents[name]
        if after + start + size <= len(head):
            return head[after + start : after + start + size]
        return self.read(source, after + start, after + start + size)


def original(stream: StreamId, frame: int) -> str:
    """The place of a frame's own file."""
    return f"original/{frame}/{stream}"


def views(stream: StreamId, frame: int, run: int = 0) -> str:
    """The place of what was prepared of a frame; of a large one, of each run of it."""
    return f"views/{frame}+{run}/{stream}" if run else f"views/{frame}/{stream}"


def put_by_people(name: str) -> str:
    """The place of a tile that an Edit names by the SHA-256 of its content."""
    return f"put/{name}"


def packed(renditions: Sequence[tuple[str, bytes]]) -> bytes:
    """Renditions as one blob, their table of contents in front."""
    contents: dict[str, tuple[int, int]] = {}
    at = 0
    for name, data in renditions:
        contents[name] = (at, len(data))
        at += len(data)
    table = msgspec.msgpack.encode(contents)
    return b"".join([_LENGTH.pack(len(table)), table, *(data for _, data in renditions)])


def blob_row(
    item: ItemId, project: ProjectId, place: str, sealed: Sealed, media_type: str, sealer: Sealer
) -> BlobRow:
    """The row by which `item` opens a blob: its key, sealed with the item's."""
    key = sealer.seal(sealed.key, key_aad(item, place))
    return BlobRow(item, place, project, sealed.name, sealed.size, media_type, key)


def adopted_row(
    item: ItemId,
    project: ProjectId,
    place: str,
    at: tuple[str, str],
    name: BlobName,
    size: int,
    media_type: str,
    sealer: Sealer,
) -> BlobRow:
    """The row of a file that stays where it lies: `at` is (root, path within it), `name` its SHA-256."""
    key = sealer.seal(at[1].encode(), key_aad(item, place))
    return BlobRow(item, place, project, name, size, media_type, key, at[0])


def key_aad(item: ItemId, place: str) -> bytes:
    """What the key of a blob is bound to."""
    return f"blob {item} {place}".encode()


def sealed_for(keys: Keys, tx: Transaction, project: ProjectId, content: bytes) -> Sealed:
    """`content` as a blob of `project`, not yet written."""
    return seal_blob(keys.project_key(tx, project, "blobs"), content)
