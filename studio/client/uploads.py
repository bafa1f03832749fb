"""Bringing a folder in: look at it, send what the node has not got, start the job there."""

from __future__ import annotations

import hashlib
import logging
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from msgspec import Struct

from studio.client.client import Client
from studio.client.files import make_private, write_whole
from studio.client.sniffing import Candidate, Looked, PreviewItem
from studio.domain import canonical
from studio.domain.contracts.archive import BROKEN, tree_of
from studio.domain.contracts.formats import Tree
from studio.domain.errors import AtelierError
from studio.domain.ids import ImportId, is_id, new_id
from studio.domain.wire import routes
from studio.domain.wire.jobs import CHUNK_BYTES, ImportState, NewImport, SourceFile
from studio.domain.wire.projects import AssetFacts
from studio.folders import state_folder

__all__ = ["Candidate", "PreviewItem", "Progress", "Upload", "sniff"]

SENDERS = 3
_LOG = logging.getLogger("atelier.client")


class Progress(Struct, frozen=True):
    """How far it is: `done` of `total` bytes, and how long it will still take, where that can be said."""

    done: int
    total: int
    unit: str
    eta_s: float | None
    text: str


def sniff(folder: Path, timeout_s: float = 180.0, python: str = sys.executable) -> list[Candidate]:
    """What the installed formats see in a folder, most confident first; empty where none recognises it.

    A process of its own with bounds does the looking. Raises `import.*` and `import.sniff_failed`.
    """
    try:
        done = subprocess.run(
            [python, "-m", "studio.client.sniffing", str(folder)],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _sniff_failed(str(error)) from error
    if done.stderr:
        _LOG.warning("looking into a folder: %s", done.stderr.decode("utf-8", "replace")[-4000:])
    try:
        if done.returncode:
            raise _sniff_failed(f"exit code {done.returncode}")
        looked = canonical.decode(done.stdout, Looked)
    except AtelierError as error:
        raise _sniff_failed(error.detail) from error
    if looked.code:
        raise AtelierError(looked.code, looked.message, hint=looked.hint)
    return list(looked.candidates)


class Upload:
    """One folder or zip archive on its way to a project.

    `run` may be called again, also by another studio: it goes on.
    """

    def __init__(
        self,
        client: Client,
        project: str,
        folder: Path,
        *,
        format: str,
        name: str,
        facts: AssetFacts = AssetFacts(),
        adopt: str = "",
        make_tasks: bool = False,
        clip_frames: int = 0,
        notes: Path | None = None,
    ) -> None:
        """`adopt` leaves media where they lie on the node; nothing is sent then. `notes` is where it is
        remembered which import is unfinished (by default the person's own folder)."""
        self._client = client
        self._project = project
        self._folder = folder
        self._request = NewImport(
            name=name,
            format=format,
            adopt=adopt,
            facts=facts,
            make_tasks=make_tasks,
            clip_frames=clip_frames,
        )
        of = "\0".join((client.handshake.node, project, str(folder.absolute()), format, adopt))
        self._note = (notes or state_folder() / "uploads") / hashlib.sha256(of.encode()).hexdigest()
        self.import_id = self._remembered()

    def run(
        self,
        on_progress: Callable[[Progress], object] = lambda progress: None,
        stop: threading.Event | None = None,
    ) -> ImportState:
        """Send what is missing and have the node begin; the state names the job.

        What `on_progress` raises ends it, and so does `stop` (`job.cancelled`); the next `run` goes on from
        there. Raises `import.*`, `upload.changed` and what the node answers.
        """
        stop = stop or threading.Event()
        tree = tree_of(self._folder)
        files = () if self._request.adopt else tuple(self._hashed(tree, on_progress, stop))
        request = NewImport(
            self._request.name,
            self._request.format,
            files,
            self._request.adopt,
            self._request.facts,
            self.import_id,
            self._request.make_tasks,
            self._request.clip_frames,
        )
        make_private(self._note.parent)
        write_whole(self._note, self.import_id.encode())
        state = self._client.call(routes.NEW_IMPORT, request, project=self._project)
        while state.job is None:
            self._send(tree, files, set(state.missing), on_progress, stop)
            state = self._client.call(routes.START_IMPORT, import_=self.import_id)
        self._note.unlink(missing_ok=True)
        return state

    def _remembered(self) -> ImportId:
        try:
            held = self._note.read_text("ascii")
        except (OSError, UnicodeDecodeError):
            held = ""
        return ImportId(held if is_id(held) else new_id())

    def _hashed(
        self, tree: Tree, on_progress: Callable[[Progress], object], stop: threading.Event
    ) -> Iterator[SourceFile]:
        paths = tree.paths()
        meter = _Meter(sum(map(tree.size, paths)), "Reading", on_progress, stop)
        for path in paths:
            chunks: list[bytes] = []
            size = 0
            for chunk in _chunks(tree, path):
                chunks.append(hashlib.sha256(chunk).digest())
                size += len(chunk)
                meter.add(len(chunk), path)
            yield SourceFile(path, size, tuple(chunks))

    def _send(
        self,
        tree: Tree,
        files: tuple[SourceFile, ...],
        missing: set[bytes],
        on_progress: Callable[[Progress], object],
        stop: threading.Event,
    ) -> None:
        places = {
            chunk: (file, number)
            for file in files
            for number, chunk in enumerate(file.chunks)
            if chunk in missing
        }
        sizes = {chunk: _size(file, number) for chunk, (file, number) in places.items()}
        meter = _Meter(sum(sizes.values()), "Sending", on_progress, stop)
        ended = threading.Event()

        def send(chunk: bytes) -> tuple[bytes, str]:
            file, number = places[chunk]
            if not (stop.is_set() or ended.is_set()):
                self._client.raw(
                    routes.PUT_CHUNK,
                    _chunk_of(tree, file, number, chunk),
                    import_=self.import_id,
                    chunk=chunk.hex(),
                )
            return chunk, file.path

        with ThreadPoolExecutor(SENDERS, thread_name_prefix="upload") as pool:
            try:
                for chunk, path in pool.map(send, places):
                    meter.add(sizes[chunk], path)
            finally:
                ended.set()


class _Meter:
    """Tells progress at most ten times a second, with the time that is left at the pace so far."""

    def __init__(
        self, total: int, text: str, tell: Callable[[Progress], object], stop: threading.Event
    ) -> None:
        self._total, self._text, self._tell, self._stop = total, text, tell, stop
        self._done = 0
        self._began = time.monotonic()
        self._told = 0.0

    def add(self, size: int, path: str) -> None:
        if self._stop.is_set():
            raise AtelierError(
                "job.cancelled",
                "The import was called off. What was sent is kept, and the next try goes on from there.",
            )
        self._done += size
        now = time.monotonic()
        if now - self._told < 0.1 and self._done < self._total:
            return
        self._told = now
        passed = now - self._began
        eta_s = passed * (self._total - self._done) / self._done if self._done and passed > 1 else None
        self._tell(Progress(self._done, self._total, "bytes", eta_s, f"{self._text} {path}"))


def _size(file: SourceFile, number: int) -> int:
    return min(CHUNK_BYTES, file.size - number * CHUNK_BYTES)


def _chunks(tree: Tree, path: str) -> Iterator[bytes]:
    try:
        with tree.open(path) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk
    except (OSError, *BROKEN) as error:
        raise _unreadable(path, error) from error


def _chunk_of(tree: Tree, file: SourceFile, number: int, chunk: bytes) -> bytes:
    try:
        with tree.open(file.path) as source:
            source.seek(number * CHUNK_BYTES)
            data = source.read(_size(file, number))
    except (OSError, *BROKEN) as error:
        raise _unreadable(file.path, error) from error
    if hashlib.sha256(data).digest() != chunk:
        raise AtelierError(
            "upload.changed",
            f"The file {file.path!r} was changed while it was being brought in. Nothing was imported yet.",
            hint="Wait until nothing writes into the folder, then import it again.",
        )
    return data


def _unreadable(path: str, error: Exception) -> AtelierError:
    return AtelierError(
        "import.missing_file",
        f"The file {path!r} cannot be read. Nothing was imported yet.",
        detail=str(error),
        hint="Make it readable or take it out, then import again.",
    )


def _sniff_failed(why: str) -> AtelierError:
    return AtelierError(
        "import.sniff_failed",
        "The folder could not be looked into. Nothing was imported.",
        detail=why[:400],
        hint="Choose the format by hand, or a folder with less in it.",
    )
