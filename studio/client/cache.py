"""What was fetched once, sealed on this machine: small values in an index, media in files of sealed chunks.

Every value is bound to its name, so that nothing can be swapped; what does not open is as if it were not
there, and is fetched again. The oldest unused goes first when there is too much.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path
from typing import Any

from studio.client.files import make_private
from studio.client.sealing import NONCE_BYTES, TAG_BYTES, Seal, name_for

SMALL_BYTES = 32 * 1024
CHUNK_BYTES = 128 * 1024  # stays in the processor's cache: whole files of 8 MiB are five times slower to open
_SEALED = CHUNK_BYTES + NONCE_BYTES + TAG_BYTES
_TOUCH_AFTER_S = 60.0
_SUFFIX = ".sealed"


class Cache:
    """Bytes by name; names are given as parts, and never stand on the disk. Any thread may use it."""

    def __init__(self, folder: Path, key: bytes, limit_bytes: int = 4 * 1024**3) -> None:
        """`OSError` where the folder cannot be used."""
        from diskcache import Cache as Index  # sqlite3 and 30 ms, needed only once a session is open

        self._key = key
        self._seal = Seal(key)
        self._files = make_private(folder / "media")
        self._limit = limit_bytes
        self._lock = threading.Lock()
        # str keys and bytes values alone: anything else diskcache would pickle
        self._index: Any = Index(
            str(make_private(folder / "index")),
            size_limit=max(limit_bytes // 8, 1024 * 1024),
            disk_min_file_size=2 * SMALL_BYTES,
            eviction_policy="least-recently-used",
        )
        self._sizes = {each.name: each.stat().st_size for each in self._files.glob(f"*/*{_SUFFIX}")}
        self._bytes = sum(self._sizes.values())

    def get(self, *name: str) -> bytes | None:
        """What was put under this name, or None where it is not there or was altered."""
        hidden = name_for(self._key, *name)
        sealed = None if f"{hidden}{_SUFFIX}" in self._sizes else self._index.get(hidden)
        if isinstance(sealed, bytes):
            opened = self._seal.open(sealed, hidden.encode())
            if opened is None:
                self._index.delete(hidden)
            return opened
        path = self._path(hidden)
        try:
            data = path.read_bytes()
            opened = self._opened(hidden, data)
            if opened is None:
                self._forget(path)
            elif path.stat().st_mtime + _TOUCH_AFTER_S < time.time():
                os.utime(path)
        except FileNotFoundError:
            return None
        except OSError:  # a disk that fails costs a fetch, not the work
            return None
        return opened

    def put(self, data: bytes, *name: str) -> None:
        """Keep `data` under this name as long as there is room; a full disk is no error."""
        hidden = name_for(self._key, *name)
        if len(data) <= SMALL_BYTES:
            with contextlib.suppress(OSError):
                self._index.set(hidden, self._seal.close(data, hidden.encode()))
            self._forget(self._path(hidden))  # it may have been large before
            return
        if len(data) > self._limit // 4:
            return
        sealed = self._closed(hidden, data)
        path = self._path(hidden)
        self._make_room(len(sealed))
        made = path.with_name(f".{path.name}.{threading.get_ident()}")
        try:
            make_private(path.parent)
            made.write_bytes(sealed)
            made.replace(path)
        except OSError:
            made.unlink(missing_ok=True)
            return
        with self._lock:
            self._bytes += len(sealed) - self._sizes.get(path.name, 0)
            self._sizes[path.name] = len(sealed)
        if hidden in self._index:  # it was small before
            self._index.delete(hidden)

    def has(self, *name: str) -> bool:
        """Whether something lies there; it may still turn out to be altered."""
        hidden = name_for(self._key, *name)
        return hidden in self._index or f"{hidden}{_SUFFIX}" in self._sizes

    @property
    def media_bytes(self) -> int:
        """How much the files of sealed media take."""
        return self._bytes

    def clear(self) -> None:
        """Forget everything."""
        self._index.clear()
        for path in self._files.glob(f"*/*{_SUFFIX}"):
            self._forget(path)

    def close(self) -> None:
        """Let the index go."""
        self._index.close()

    def _path(self, hidden: str) -> Path:
        return self._files / hidden[:2] / f"{hidden}{_SUFFIX}"

    def _closed(self, hidden: str, data: bytes) -> bytes:
        view = memoryview(data)
        parts = range(0, max(len(data), 1), CHUNK_BYTES)
        return b"".join(
            self._seal.close(bytes(view[at : at + CHUNK_BYTES]), _aad(hidden, number, at == parts[-1]))
            for number, at in enumerate(parts)
        )

    def _opened(self, hidden: str, sealed: bytes) -> bytes | None:
        parts = range(0, len(sealed), _SEALED)
        opened: list[bytes] = []
        for number, at in enumerate(parts):
            part = self._seal.open(sealed[at : at + _SEALED], _aad(hidden, number, at == parts[-1]))
            if part is None:
                return None
            opened.append(part)
        return b"".join(opened) if opened else None

    def _make_room(self, size: int) -> None:
        with self._lock:
            if self._bytes + size <= self._limit:
                return
        by_age: list[tuple[float, int, Path]] = []
        for path in self._files.glob(f"*/*{_SUFFIX}"):
            with contextlib.suppress(FileNotFoundError):
                held = path.stat()
                by_age.append((held.st_mtime, held.st_size, path))
        for _, _, path in sorted(by_age):
            if self._bytes + size <= self._limit * 0.9:
                return
            self._forget(path)

    def _forget(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
        with self._lock:
            self._bytes -= self._sizes.pop(path.name, 0)


def _aad(hidden: str, number: int, is_last: bool) -> bytes:
    return f"{hidden} {number} {is_last}".encode()
