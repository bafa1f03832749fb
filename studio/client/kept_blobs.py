"""What open Edits name, on this disk until the node has it: each Edit's in a sealed file of its own.

The files lie beside the journal and are made as it is (head, sealed records, a key in a box for the node), so
that a journal which cannot be sent any more is handed in with what was painted. They are no part of the
journal itself: a stroke over a large cloud is megabytes, which are neither held in memory nor written again
whenever the journal is begun anew.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from msgspec import Struct

from studio.client import journal_file
from studio.client.files import write_whole
from studio.client.ledger import BlobKept
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, OperationId

SUFFIX = ".blobs"
_ASIDE = ".blobs-aside"
_LOG = logging.getLogger("atelier.client")

Named = tuple[ItemId, str]  # an item, and the SHA-256 of what one of its Edits names


class _Parcel(Struct):
    """What one Edit brought: in memory until it is on disk."""

    names: frozenset[Named]
    records: tuple[BlobKept, ...] = ()
    path: Path | None = None


class KeptBlobs:
    """Of one journal file. Any thread may use it; `write` and `keep_only` are the journal's thread's."""

    def __init__(self, journal: Path, owner: tuple[bytes, str, str, bytes]) -> None:
        """owner: this machine's key, node, user, and the node's public key, as the journal has them."""
        self._journal = journal
        self._owner = owner
        self._lock = threading.Lock()
        self._parcels: dict[str, _Parcel] = {}  # by the operation that brought them
        self._reading = threading.Lock()
        self._last: tuple[Path, dict[Named, bytes]] | None = None
        self.on_dropped: Callable[[BlobKept], None] = lambda kept: None  # the node has it, or nobody wants it

    def adopt(self, journal: Path) -> None:
        """Take over what lies beside `journal`, whose studio does not run any more, or is this one."""
        for path in journal.parent.glob(f".{journal.stem}.*{SUFFIX}.*"):
            path.unlink(missing_ok=True)  # a studio was killed while it wrote it, so its Edit was never kept
        for path in sorted(journal.parent.glob(f"{journal.stem}.*{SUFFIX}")):
            operation = path.name.split(".")[1]
            records = self._read(path)
            ours = self._path(operation)
            if path != ours:
                path.replace(ours)
            names = frozenset((each.item, each.name) for each in records)
            self._parcels[operation] = _Parcel(names, path=ours)

    def add(self, operation: OperationId, item: ItemId, blobs: Mapping[str, bytes]) -> None:
        """Hold what an Edit names, by SHA-256; on disk it is after `write`."""
        records = tuple(BlobKept(item, name, content) for name, content in blobs.items())
        with self._lock:
            self._parcels[operation] = _Parcel(frozenset((item, name) for name in blobs), records)

    def write(self, operation: OperationId) -> None:
        """Put what this Edit brought on disk, if it brought any. `OSError` where the disk refuses."""
        with self._lock:
            parcel = self._parcels.get(operation)
        if parcel is None or not parcel.records:
            return
        head, seal, begin = journal_file.new_head(*self._owner)
        path = self._path(operation)
        write_whole(path, begin + journal_file.framed(seal, head, 0, parcel.records))
        with self._lock:
            self._parcels[operation] = _Parcel(parcel.names, path=path)

    def get(self, item: ItemId, name: str) -> bytes | None:
        """The content of this SHA-256, or None where no open Edit brought it."""
        with self._lock:
            found = next((each for each in self._parcels.values() if (item, name) in each.names), None)
        if found is None:
            return None
        held = self._contents(found)
        return held.get((item, name))

    def __bool__(self) -> bool:
        return bool(self._parcels)

    def _contents(self, parcel: _Parcel) -> dict[Named, bytes]:
        """What an Edit brought; the file that was read last is not read again for its next piece."""
        if parcel.path is None:
            return {(each.item, each.name): each.content for each in parcel.records}
        with self._reading:
            if self._last is None or self._last[0] != parcel.path:
                self._last = parcel.path, {(e.item, e.name): e.content for e in self._read(parcel.path)}
            return self._last[1]

    def keep_only(self, named: Iterable[Named], damaged: bool = False) -> None:
        """Let go of every file of which nothing is named any more; after damage it is only put aside."""
        wanted = set(named)
        with self._lock:
            gone = {key: each for key, each in self._parcels.items() if wanted.isdisjoint(each.names)}
        for key, parcel in gone.items():
            for each in parcel.records or (self._read(parcel.path) if parcel.path is not None else ()):
                self.on_dropped(each)
            with self._lock:
                del self._parcels[key]
            if parcel.path is not None and damaged:
                parcel.path.replace(parcel.path.with_suffix(_ASIDE))
            elif parcel.path is not None:
                parcel.path.unlink(missing_ok=True)
        if gone:
            with self._reading:
                self._last = None

    def _path(self, operation: str) -> Path:
        return self._journal.with_name(f"{self._journal.stem}.{operation}{SUFFIX}")

    def _read(self, path: Path) -> tuple[BlobKept, ...]:
        """What a file holds; nothing of one that is gone, damaged or sealed under another key."""
        try:
            contents = journal_file.read(path, self._owner[0])
        except FileNotFoundError:
            return ()
        except (AtelierError, OSError) as error:
            _LOG.warning("%s cannot be read: %s", path.name, error)
            return ()
        records = contents.records if contents is not None else ()
        return tuple(each for each in records if isinstance(each, BlobKept))


def files_beside(journal: Path) -> list[Path]:
    """What was kept for the Edits of a journal, also of one that was put aside, oldest first."""
    stem = journal.name.split(".")[0]
    return sorted(journal.parent.glob(f"{stem}.*{SUFFIX}*"))
