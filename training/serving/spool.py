"""What was asked, kept for the node: sealed to its key, in a folder of bounded size."""

import logging
import os
import queue
import threading
from pathlib import Path

from msgspec import Struct

from studio.domain import canonical
from studio.domain.wire.releases import Answer
from training.data.sealing import seal_to

SUFFIX = ".asked"
_WAITING = 256  # requests whose sealing waits: pictures in memory, so few
LOG = logging.getLogger("atelier.service")


class Asked(Struct, frozen=True, forbid_unknown_fields=True):
    """One request as it came and was answered."""

    picture: bytes
    media_type: str
    answer: Answer
    time_ns: int
    # a keyed hash of who asked, where they said who: pictures of one source never stand on two sides
    group: str = ""


class Spool:
    """Seals and writes in a thread of its own, so that no answer waits for the disk.

    A full folder or a slow disk drops requests and counts them: a service answers first. A power cut may
    take the newest with it; nothing was promised about them.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(mode=0o700, exist_ok=True)
        for half in folder.glob("*.part"):
            half.unlink(missing_ok=True)
        self._queue: queue.Queue[tuple[Asked, bytes, int] | None] = queue.Queue(_WAITING)
        self._bytes = self._measured()
        self._written = 0
        self.dropped = 0
        self._thread = threading.Thread(target=self._write_all, name="spool", daemon=True)
        self._thread.start()

    def keep(self, asked: Asked, node_key: bytes, largest_bytes: int) -> None:
        """Have `asked` written; returns at once."""
        try:
            self._queue.put_nowait((asked, node_key, largest_bytes))
        except queue.Full:
            self.dropped += 1

    def close(self) -> None:
        """Write what waits, then stop."""
        self._queue.put(None)
        self._thread.join(10)

    def _write_all(self) -> None:
        while (waiting := self._queue.get()) is not None:
            asked, node_key, largest = waiting
            try:
                self._write(asked, node_key, largest)
            except OSError as error:
                self.dropped += 1
                LOG.warning("a request was not kept: %s", error.strerror)

    def _write(self, asked: Asked, node_key: bytes, largest: int) -> None:
        self._written += 1
        if self._written % 64 == 0 or self._bytes > largest:
            self._bytes = self._measured()  # the node takes files away meanwhile
        sealed = seal_to(node_key, canonical.encode(asked))
        if self._bytes + len(sealed) > largest:
            self.dropped += 1
            return
        path = self._folder / f"{asked.answer.request}{SUFFIX}"
        part = path.with_suffix(".part")
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
        part.replace(path)
        self._bytes += len(sealed)

    def _measured(self) -> int:
        total = 0
        with os.scandir(self._folder) as entries:
            for entry in entries:
                try:
                    total += entry.stat().st_size
                except FileNotFoundError:
                    continue  # the node has just taken it
        return total
