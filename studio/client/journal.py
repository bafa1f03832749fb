"""The journal: every unsent Edit and unfinished gesture of one person, on this machine's disk.

One thread owns the file. It takes all that waits, appends it, syncs once, and only then says that it is
kept. When nothing is open any more the file is begun anew, so that it does not grow.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO

from msgspec import Struct

from studio.client import journal_file
from studio.client.files import lock, make_private, sync_folder, write_whole
from studio.client.kept_blobs import KeptBlobs
from studio.client.ledger import Ended, Kept, Ledger, Record, SetAside
from studio.client.sealing import name_for
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId
from studio.domain.wire.documents import Draft

BEGIN_ANEW_BYTES = 256 * 1024  # beyond this, a file whose records are mostly ended is written anew
_FULL = (errno.ENOSPC, errno.EDQUOT)
_FULL_PAUSE_S = 2.0


class _Waiting(Struct):
    record: Record
    durable: Callable[[], None] | None


class Journal:
    """Of one person at one node. Any thread may append; callbacks come from the journal's own thread."""

    def __init__(self, folder: Path, key: bytes, node: str, user: str, node_key: bytes) -> None:
        """Open it, with all that earlier studios left; their files are joined into ours.

        Two studios of one person on one machine have a file each. Damage is no refusal: it stands in
        `warnings`, and what could be read is there. `OSError` where the folder cannot be used at all.
        """
        self.ledger = Ledger()
        self.warnings: list[AtelierError] = []
        self.stopped: AtelierError | None = None  # the disk failed: nothing is kept here any more
        self.full = False  # the disk is full: it is tried again
        self.on_trouble: Callable[[], None] = lambda: None
        self._owner = (key, node, user, node_key)
        self._changed = threading.Condition()
        self._waiting: list[_Waiting] = []
        self._busy = False
        self._closing = False
        make_private(folder)
        self._path, self._lock = self._own_file(folder, name_for(key, "journal", node, user))
        self.blobs = KeptBlobs(self._path, self._owner)
        self._adopt(folder, name_for(key, "journal", node, user))
        self.blobs.keep_only(self.ledger.named(), damaged=bool(self.warnings))
        self._begin_anew()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    def append(
        self,
        record: Record,
        durable: Callable[[], None] | None = None,
        blobs: Mapping[str, bytes] | None = None,
    ) -> None:
        """Take `record` down; `durable` is called once it is on disk, in order.

        blobs: what an Edit names, by SHA-256; it is on disk before the Edit is.
        """
        with self._changed:
            if blobs and isinstance(record, Kept):
                self.blobs.add(record.operation, record.item, blobs)
            self.ledger.add(record)
            self._waiting.append(_Waiting(record, durable))
            self._changed.notify_all()

    def blob(self, item: ItemId, name: str) -> bytes | None:
        """What an open Edit names by this SHA-256; None where none brought it."""
        return self.blobs.get(item, name)

    def items(self) -> set[ItemId]:
        """Items with an Edit that is open."""
        with self._changed:
            return self.ledger.items()

    def of(self, item: ItemId) -> tuple[list[Kept], list[tuple[SetAside, Kept]], list[Draft]]:
        """What is open on one item: pending Edits, those in the tray with their conflict, drafts."""
        with self._changed:
            return self.ledger.of(item)

    def sync(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything appended so far is on disk."""
        with self._changed:
            return (
                self._changed.wait_for(
                    lambda: self.stopped is not None or not (self._waiting or self._busy), timeout_s
                )
                and self.stopped is None
            )

    def close(self) -> None:
        """Put what waits on disk and let the file go. It stays, for the next studio."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join()
        self._lock.close()

    def _own_file(self, folder: Path, name: str) -> tuple[Path, IO[bytes]]:
        slot = 0
        while True:
            held = lock(folder / f"{name}-{slot}.lock")
            if held is not None:
                return folder / f"{name}-{slot}.journal", held
            slot += 1

    def _adopt(self, folder: Path, name: str) -> None:
        """Read our own file, then those of studios of this person that are not running any more."""
        self._joined: list[tuple[Path, IO[bytes]]] = []
        looked_at: set[Path] = set()
        for path in [self._path, *sorted(folder.glob(f"{name}-*.journal"))]:
            if path in looked_at or not path.exists():
                continue
            looked_at.add(path)
            if path != self._path:
                held = lock(path.with_suffix(".lock"))
                if held is None:
                    continue
                self._joined.append((path, held))
            self._read(path)
            self.blobs.adopt(path)

    def _read(self, path: Path) -> None:
        try:
            contents = journal_file.read(path, self._owner[0])
        except AtelierError as error:
            self.warnings.append(error)
            _put_aside(path)
            return
        if contents is None:
            self.warnings.append(
                AtelierError(
                    "journal.locked",
                    "A journal on this machine was sealed under another key, so its Edits cannot be sent "
                    "from here. Nothing of it was removed.",
                    detail=path.name,
                    hint="If the keyring or passphrase is another one now, hand the file in to the node.",
                )
            )
            _put_aside(path)
            return
        for record in contents.records:
            self.ledger.add(record)
        if contents.damage is not None:
            self.warnings.append(contents.damage)
            _put_aside(path)

    def _begin_anew(self) -> None:
        """Write our file with what is open and nothing else; after that the joined ones are not needed."""
        key, node, user, node_key = self._owner
        with self._changed:
            live = list(self.ledger.records())
        self._head, self._seal, begin = journal_file.new_head(key, node, user, node_key)
        data = begin + journal_file.framed(self._seal, self._head, 0, live)
        write_whole(self._path, data)
        self._number, self._size, self._begun = len(live), len(data), len(data)
        self._file = _opened(self._path)
        for path, held in self._joined:
            path.unlink(missing_ok=True)
            held.close()
        if self._joined:
            sync_folder(self._path.parent)
        self._joined = []

    def _run(self) -> None:
        while True:
            with self._changed:
                self._busy = False
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._waiting or self._closing)
                if not self._waiting:
                    break
                batch, self._waiting = self._waiting, []
                self._busy = True
            if self.stopped is None and self._write(batch):
                for each in batch:
                    if each.durable is not None:
                        each.durable()
                self._tidy()
            self._let_go(batch)
        os.close(self._file)

    def _write(self, batch: list[_Waiting]) -> bool:
        data = journal_file.framed(self._seal, self._head, self._number, (each.record for each in batch))
        while True:
            try:
                for each in batch:
                    if isinstance(each.record, Kept):
                        self.blobs.write(each.record.operation)
                _write_at(self._file, self._size, data)
                os.fsync(self._file)
            except OSError as error:
                if error.errno in _FULL and not self._closing:
                    with contextlib.suppress(OSError):
                        os.ftruncate(self._file, self._size)
                    self._trouble(full=True)
                    with self._changed:
                        self._changed.wait_for(lambda: self._closing, _FULL_PAUSE_S)
                    continue
                # after a failed sync nobody knows what is on disk: never try the same file again
                self._stop(error)
                return False
            self._trouble(full=False)
            self._number += len(batch)
            self._size += len(data)
            return True

    def _let_go(self, batch: list[_Waiting]) -> None:
        """What only ended Edits named is not needed here any more; that they ended is on disk."""
        if self.blobs and any(isinstance(each.record, Ended) for each in batch):
            with self._changed:
                named = set(self.ledger.named())
            self.blobs.keep_only(named)

    def _tidy(self) -> None:
        with self._changed:
            idle = not self._waiting
            done = not self.ledger
        dead = done or self._size > 4 * self._begun + BEGIN_ANEW_BYTES
        if not (idle and dead and self._size > BEGIN_ANEW_BYTES):
            return
        os.close(self._file)  # Windows replaces no file that is open
        try:
            self._begin_anew()
        except OSError as error:
            if error.errno in _FULL:
                self._file = _opened(self._path)
            else:
                self._file = os.open(os.devnull, os.O_WRONLY)
                self._stop(error)

    def _trouble(self, full: bool) -> None:
        if self.full != full:
            self.full = full
            self.on_trouble()

    def _stop(self, error: OSError) -> None:
        self.stopped = AtelierError(
            "journal.stopped",
            "The journal on this machine cannot be written. Edits are still sent to the node, "
            "but are not kept here.",
            detail=f"{error}",
            hint="Wait for *saved* before you close the studio; then look at the disk.",
        )
        self.on_trouble()


def _write_at(handle: int, offset: int, data: bytes) -> None:
    os.lseek(handle, offset, os.SEEK_SET)
    view = memoryview(data)
    while view:
        view = view[os.write(handle, view) :]


def _opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0))


def _put_aside(path: Path) -> None:
    """Keep a copy of a file that we cannot use, under a name that no studio opens."""
    number = 1
    while (aside := path.with_suffix(f".aside-{number}")).exists():
        number += 1
    write_whole(aside, path.read_bytes())
