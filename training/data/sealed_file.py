"""A file that is sealed while it is written and opened while it is read, a chunk at a time."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from training.data.files import disk_error, sync_folder
from training.data.sealing import NONCE_BYTES, TAG_BYTES, broken

_CHUNK = 256 * 1024


class SealedWriter:
    """Something to write bytes to, once, from front to back. The key must be fresh: it seals one file."""

    def __init__(self, path: Path, key: bytes, name: str) -> None:
        """`path` appears when `close` is done. `name` is what the file is bound to."""
        self._path = path
        self._part = path.with_suffix(".part")
        self._cipher = AESGCM(key)
        self._name = name
        self._held = bytearray()
        self._number = 0
        self.size = 0
        try:
            self._part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file: IO[bytes] = self._part.open("wb")
        except OSError as error:
            raise disk_error(error) from error

    def write(self, data: bytes) -> int:
        """Raises `node.disk_full`."""
        self._held += data
        self.size += len(data)
        # the last chunk is known as such only at the end, so one is always held back
        while len(self._held) > _CHUNK:
            self._put(bytes(self._held[:_CHUNK]), last=False)
            del self._held[:_CHUNK]
        return len(data)

    def flush(self) -> None:
        """Nothing: what is written counts when `close` is done."""

    def close(self) -> None:
        """Make the file durable under its path."""
        self._put(bytes(self._held), last=True)
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            os.replace(self._part, self._path)
        except OSError as error:
            self.abandon()
            raise disk_error(error) from error
        sync_folder(self._path.parent)

    def abandon(self) -> None:
        """Remove what was written."""
        self._file.close()
        self._part.unlink(missing_ok=True)

    def _put(self, piece: bytes, last: bool) -> None:
        nonce = self._number.to_bytes(NONCE_BYTES, "big")
        try:
            self._file.write(self._cipher.encrypt(nonce, piece, _aad(self._name, self._number, last)))
        except OSError as error:
            self.abandon()
            raise disk_error(error) from error
        self._number += 1


def read_sealed(path: Path, key: bytes, name: str) -> Iterator[bytes]:
    """The content, a chunk at a time. Raises `seal.broken` where it was changed, cut or moved."""
    cipher = AESGCM(key)
    try:
        size = path.stat().st_size
        file = path.open("rb")
    except OSError as error:
        raise broken(path.name) from error
    with file:
        count = max(1, -(-size // (_CHUNK + TAG_BYTES)))
        for number in range(count):
            piece = file.read(_CHUNK + TAG_BYTES)
            try:
                aad = _aad(name, number, number == count - 1)
                yield cipher.decrypt(number.to_bytes(NONCE_BYTES, "big"), piece, aad)
            except (InvalidTag, ValueError) as error:
                raise broken(name) from error


def _aad(name: str, number: int, last: bool) -> bytes:
    return f"{name} {number} {'last' if last else 'more'}".encode()
