"""The limited process that opens people's files: `python -m training.data.worker`.

It reads an import's label files and prepares its media; it has no key but that of the import's own chunks,
no network, bounded memory, and no way to the node but a pipe. If it dies of a file, the file is named.
"""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec.structs import replace

from studio.domain.contracts.fitting import misfits
from studio.domain.contracts.formats import Budget, Format, Media, MediaFile, Problem, ReadItem, Tree
from studio.domain.contracts.plugin import installed_plugins, load_part
from studio.domain.contracts.reading import as_problem
from studio.domain.contracts.tree import FolderTree
from studio.domain.errors import AtelierError
from studio.domain.wire.projects import Stream
from training.data.limits import give_up
from training.data.seen import Seen
from training.data.staging import StagedTree, Staging
from training.data.worker_messages import (
    At,
    Bad,
    End,
    Failed,
    Orders,
    Planned,
    Prepared,
    PreparedFrame,
    receive,
    send,
)

_PIECE = 1024 * 1024


def main() -> int:
    """Take orders from stdin, answer on stdout; whatever else prints goes nowhere."""
    out = os.fdopen(os.dup(1), "wb", buffering=0)
    os.dup2(2, 1)
    data = receive(sys.stdin.buffer)
    if data is None:
        return 0
    orders = msgspec.msgpack.decode(data, type=Orders)
    with os.fdopen(os.dup(out.fileno()), "wb", buffering=_PIECE) as pipe:
        try:
            format_ = find_format(orders.format)
            give_up()
            _work(orders, format_, pipe)
        except AtelierError as error:
            send(pipe, Failed(error.code, error.message, error.detail, error.hint))
        except MemoryError:
            send(pipe, _failed("more memory is needed than is allowed"))
        except Exception as error:  # noqa: BLE001  the worker's door: a reader's fault must not look like an end
            send(pipe, _failed(f"{type(error).__name__}: {error}"))
    return 0


def find_format(name: str) -> Format:
    """The installed format of this name. Raises `import.unknown_format`."""
    for plugin in installed_plugins():
        for part in plugin.formats:
            found: Format = load_part(part)()
            if found.name == name:
                return found
    raise AtelierError(
        "import.unknown_format",
        f"The node has no format {name!r}.",
        hint="Install its plug-in on the node, or choose another format.",
    )


def _work(orders: Orders, format_: Format, pipe: BinaryIO) -> None:
    tree, staged = _tree(orders)
    if orders.plan:
        send(pipe, _plan(format_, tree, orders.skip))
        send(pipe, End())
        return
    for path in tree.paths():
        if (archive := _archive(path)) is not None:
            send(pipe, Bad(archive))
    preparing = _Preparing(tree, staged)
    for read in format_.read(tree, Budget()):
        if isinstance(read, Problem):
            send(pipe, Bad(read))
        elif read.source not in orders.skip:
            send(pipe, At(read.source))
            for each in preparing.prepared(read):
                send(pipe, each)
    send(pipe, End())


def _tree(orders: Orders) -> tuple[Tree, bool]:
    if orders.folder:
        return FolderTree(Path(orders.folder)), False
    staging = Staging(Path(orders.staging), orders.import_id, orders.staging_key)
    return StagedTree(staging, orders.files), True


def _plan(format_: Format, tree: Tree, skip: frozenset[str]) -> Planned:
    seen = Seen()
    items = 0
    for read in format_.read(tree, Budget()):
        if isinstance(read, ReadItem):
            items += read.source not in skip
            seen.look_at(read.entities)
            seen.know(read.classes)
    return Planned(items, seen.classes())


class _Preparing:
    """Checks the media of items, and prepares what the canvases need of them."""

    def __init__(self, tree: Tree, staged: bool) -> None:
        self._tree = tree
        self._staged = staged
        self._media: dict[str, Media | None] = {}
        self._budget = Budget()

    def prepared(self, read: ReadItem) -> Iterator[Prepared | Bad]:
        """The item with its streams as they really are and what does not fit them, or why it is left out."""
        sizes: dict[str, tuple[int, int]] = {}
        streams: list[Stream] = []
        frames: list[PreparedFrame] = []
        for file in read.media:
            path = file.paths[0] if file.paths else read.source
            try:
                stream, made = self._stream(file, sizes)
            except AtelierError as error:
                yield Bad(as_problem(path, error), read.source, skipped=True)
                return
            except (MemoryError, OSError, ValueError) as error:
                yield Bad(_unreadable(path, error), read.source, skipped=True)
                return
            streams.append(stream)
            frames += made
        for problem in misfits(read, sizes):
            yield Bad(problem)
        yield Prepared(read, tuple(streams), tuple(frames))

    def _stream(
        self, file: MediaFile, sizes: dict[str, tuple[int, int]]
    ) -> tuple[Stream, list[PreparedFrame]]:
        stream = file.stream
        if file.text is not None:
            return stream, [PreparedFrame(stream, 0, "", text=file.text)]
        media = self._media_of(stream.kind)
        frames: list[PreparedFrame] = []
        for frame, path in enumerate(file.paths):
            views: tuple[tuple[str, bytes], ...] = ()
            if media is not None:
                with self._local(path) as local:
                    found = media.probe(local, self._budget)
                    if found.width and found.height:
                        sizes[path] = found.width, found.height
                    # the label file says which stream it is and when, the file itself how large
                    stream = replace(
                        found,
                        id=stream.id,
                        name=stream.name,
                        frames=max(1, len(file.paths)),
                        rate_hz=found.rate_hz or stream.rate_hz,
                        times_ns=found.times_ns or stream.times_ns,
                    )
                    views = tuple(media.renditions(local, stream, self._budget))
            elif self._tree.size(path) > self._budget.file_bytes:
                raise AtelierError("media.too_large", "The file is larger than is allowed.")
            frames.append(PreparedFrame(stream, frame, path, views))
        return stream, frames

    def _media_of(self, kind: str) -> Media | None:
        if kind not in self._media:
            parts = [each.media for each in installed_plugins() if kind in each.streams and each.media]
            self._media[kind] = load_part(parts[0])() if parts else None
        return self._media[kind]

    @contextmanager
    def _local(self, path: str) -> Iterator[Path]:
        if isinstance(self._tree, FolderTree):
            yield self._tree.local(path)
            return
        if self._tree.size(path) > self._budget.file_bytes:
            raise AtelierError("media.too_large", "The file is larger than is allowed.")
        # in memory, so that what is sealed in staging never lies readable on a disk
        with _memory_file() as file, self._tree.open(path) as source:
            while piece := source.read(_PIECE):
                file.write(piece)
            file.flush()
            yield Path(f"/proc/self/fd/{file.fileno()}") if hasattr(os, "memfd_create") else Path(file.name)


def _memory_file() -> BinaryIO:
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("media"), "w+b")
    return tempfile.NamedTemporaryFile()  # type: ignore[return-value]


def _archive(path: str) -> Problem | None:
    if not path.lower().endswith((".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")):
        return None
    return Problem(
        path=path,
        code="import.archive",
        message="An archive is not opened: what is packed in it was not brought in.",
        hint="Unpack it into a folder first, and import the folder.",
    )


def _unreadable(path: str, error: Exception) -> Problem:
    return Problem(
        path=path,
        code="media.broken",
        message="The file cannot be read; it was left out.",
        hint=f"Copy it again from where it came ({type(error).__name__}).",
    )


def _failed(detail: str) -> Failed:
    return Failed(
        "import.unreadable",
        "The import stopped: its label files cannot be read. What came in before is kept.",
        detail[:500],
        "Try `atelier inspect` on the folder: it names the file.",
    )


if __name__ == "__main__":
    sys.exit(main())
