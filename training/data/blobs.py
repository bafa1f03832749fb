"""Blobs: content-addressed within a project, sealed in chunks, read by ranges.

A blob's name is a keyed hash of its content, and so is its key: the same bytes in one project make the same
file, whoever writes it and however often, and nobody can tell from names what two projects share. Each
chunk is sealed with the blob's name, its number and whether it is the last, so chunks that are changed,
swapped, cut off or moved to another blob do not open. The nonce is the chunk's number: a key seals one
content only.
"""

import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from msgspec import Struct

from studio.domain.errors import AtelierError
from studio.domain.ids import BlobName, ProjectId, is_id
from training.data.files import disk_error, replace_files
from training.data.sealing import NONCE_BYTES, TAG_BYTES, broken

CHUNK_BYTES = 256 * 1024
_SEALED_CHUNK = CHUNK_BYTES + TAG_BYTES


class Place(Protocol):
    """Where sealed blobs lie: a folder or a bucket. They are immutable, so writing one twice is harmless."""

    def put(self, blobs: list[tuple[str, bytes]]) -> None:
        """Keep each durably; returns when all are."""

    def get(self, path: str, start: int, end: int) -> bytes:
        """Bytes [start, end) or fewer. Raises `blob.missing`."""

    def size(self, path: str) -> int | None:
        """Bytes of the sealed blob, or None where there is none."""

    def delete(self, path: str) -> None:
        """Remove it; one that is gone is no error."""

    def paths(self) -> Iterator[str]:
        """All that lie there."""


class Sealed(Struct, frozen=True):
    """A blob ready to be written: its name, its key, and the sealed bytes."""

    name: BlobName
    key: bytes
    size: int  # of the content
    data: bytes


class Blobs:
    """The node's blobs in one place."""

    def __init__(self, place: Place) -> None:
        self._place = place

    @property
    def place(self) -> Place:
        """Where they lie: for backups, which copy sealed bytes without opening them."""
        return self._place

    def put(self, project: ProjectId, sealed: list[Sealed]) -> None:
        """Write sealed blobs durably, before the row or Edit that names them. Raises `node.disk_full`."""
        self._place.put([(blob_path(project, each.name), each.data) for each in sealed])

    def read(self, project: ProjectId, name: BlobName, key: bytes, start: int, end: int) -> bytes:
        """Bytes [start, end) of the content. Raises `blob.missing`, `seal.broken`."""
        return b"".join(self.stream(project, name, key, start, end))

    def stream(self, project: ProjectId, name: BlobName, key: bytes, start: int, end: int) -> Iterator[bytes]:
        """As `read`, a chunk at a time. The chunks that it touches are checked; no other is read."""
        path = blob_path(project, name)
        stored = self._place.size(path)
        if stored is None:
            raise missing(name)
        count, last_bytes = divmod(stored, _SEALED_CHUNK)
        count += last_bytes > 0
        if count == 0:
            raise broken(f"blob {name}")
        cipher = AESGCM(key)
        first = max(0, start) // CHUNK_BYTES
        for number in range(first, min(count, -(-max(end, 1) // CHUNK_BYTES))):
            at = number * _SEALED_CHUNK
            piece = self._place.get(path, at, min(stored, at + _SEALED_CHUNK))
            content = _open_chunk(cipher, name, number, number == count - 1, piece)
            low = max(0, start - number * CHUNK_BYTES)
            high = end - number * CHUNK_BYTES
            if content[low:high]:
                yield content[low:high]

    def has(self, project: ProjectId, name: BlobName) -> bool:
        """Whether it lies there; says nothing of its soundness."""
        return self._place.size(blob_path(project, name)) is not None

    def check(self, project: ProjectId, name: BlobName, key: bytes) -> None:
        """Read all of it. Raises `blob.missing`, `seal.broken`."""
        for _ in self.stream(project, name, key, 0, 1 << 62):
            pass

    def delete(self, project: ProjectId, name: BlobName) -> None:
        """Remove a blob that nothing names any more."""
        self._place.delete(blob_path(project, name))


def seal_blob(project_secret: bytes, content: bytes) -> Sealed:
    """Name, key and sealed form of `content` under the project's blob secret. Deterministic."""
    digest = hashlib.sha256(content).digest()
    name = BlobName(hmac.new(project_secret, b"name" + digest, hashlib.sha256).hexdigest())
    key = hmac.new(project_secret, b"key" + digest, hashlib.sha256).digest()
    cipher = AESGCM(key)
    count = max(1, -(-len(content) // CHUNK_BYTES))
    view = memoryview(content)
    data = b"".join(
        cipher.encrypt(
            number.to_bytes(NONCE_BYTES, "big"),
            view[number * CHUNK_BYTES : (number + 1) * CHUNK_BYTES],
            _aad(name, number, number == count - 1),
        )
        for number in range(count)
    )
    return Sealed(name, key, len(content), data)


def blob_path(project: ProjectId, name: BlobName) -> str:
    """Where a blob lies, relative to the place: made of ids and hashes alone, never of people's names."""
    if not is_id(project) or len(name) != 64 or set(name) - set("0123456789abcdef"):
        raise missing(name)
    # sixteen folders: each is synced once a group, and holds a few ten thousand files at a million
    return f"{project}/{name[:1]}/{name}"


def missing(name: str) -> AtelierError:
    """The error of a blob that is not there."""
    return AtelierError(
        "blob.missing",
        "A stored file is missing on the node.",
        detail=name[:80],
        hint="Restore it from a backup: `atelier restore` names what is gone.",
    )


class Folder:
    """Blobs in a local folder: temporary file, fsync, rename, fsync of the folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, blobs: list[tuple[str, bytes]]) -> None:
        replace_files([(self._folder / path, data) for path, data in blobs])

    def get(self, path: str, start: int, end: int) -> bytes:
        try:
            with (self._folder / path).open("rb") as file:
                file.seek(start)
                return file.read(end - start)
        except FileNotFoundError as error:
            raise missing(path.rpartition("/")[2]) from error
        except OSError as error:
            raise disk_error(error) from error

    def size(self, path: str) -> int | None:
        try:
            return (self._folder / path).stat().st_size
        except FileNotFoundError:
            return None

    def delete(self, path: str) -> None:
        (self._folder / path).unlink(missing_ok=True)

    def paths(self) -> Iterator[str]:
        for file in sorted(self._folder.glob("*/?/*")):
            if not file.name.startswith("."):
                yield file.relative_to(self._folder).as_posix()


def _open_chunk(cipher: AESGCM, name: BlobName, number: int, last: bool, piece: bytes) -> bytes:
    try:
        return cipher.decrypt(number.to_bytes(NONCE_BYTES, "big"), piece, _aad(name, number, last))
    except (InvalidTag, ValueError) as error:
        raise broken(f"blob {name} chunk {number}") from error


def _aad(name: BlobName, number: int, last: bool) -> bytes:
    return f"{name} {number} {'last' if last else 'more'}".encode()
