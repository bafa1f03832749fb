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
from studio.domain.contracts.formats import (
    Budget,
    Clips,
    Format,
    Media,
    MediaFile,
    Problem,
    ReadItem,
    Templated,
    Tree,
)
from studio.domain.contracts.plugin import installed_plugins, load_part
from studio.domain.contracts.reading import as_problem
from studio.domain.contracts.tree import FolderTree
from studio.domain.errors import AtelierError
from studio.domain.wire.jobs import ImportProblem
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
    Part,
    Planned,
    Prepared,
    PreparedFrame,
    receive,
    send,
)

_PIECE = 1024 * 1024
RUN_BYTES = 64 * 1024 * 1024  # prepared of one file that travel and are sealed at once


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
        send(pipe, _plan(format_, tree, orders))
        send(pipe, End())
        return
    for path in tree.paths():
        if (archive := _archive(path)) is not None:
            send(pipe, Bad(archive))
    preparing = _Preparing(tree, staged, orders.avoid)
    for read in _items(format_, tree, orders.clip_frames):
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


def _items(format_: Format, tree: Tree, clip_frames: int) -> Iterator[ReadItem | Problem]:
    """What the format reads; where clips are wanted and the modality knows how, in clips."""
    for read in format_.read(tree, Budget()):
        clips = _clips_of(read) if clip_frames and isinstance(read, ReadItem) else None
        if clips is None or isinstance(read, Problem):
            yield read
        else:
            yield from clips(read, clip_frames)


def _clips_of(read: ReadItem) -> Clips | None:
    kind = read.media[0].stream.kind if read.media else ""
    parts = [each.clips for each in installed_plugins() if kind in each.streams and each.clips]
    found: Clips | None = load_part(parts[0]) if parts else None
    return found


def _plan(format_: Format, tree: Tree, orders: Orders) -> Planned:
    seen = Seen()
    items = 0
    for read in _items(format_, tree, orders.clip_frames):
        if isinstance(read, ReadItem):
            items += read.source not in orders.skip
            seen.look_at(read.entities)
            seen.know(read.classes)
    template = format_.template(tree, Budget()) if isinstance(format_, Templated) else None
    return Planned(items, seen.classes(), template)


class _Preparing:
    """Checks the media of items, and prepares what the canvases need of them."""

    def __init__(self, tree: Tree, staged: bool, avoid: frozenset[str]) -> None:
        self._tree = tree
        self._staged = staged
        self._avoid = avoid
        self._media: dict[str, Media | None] = {}
        self._budget = Budget()

    def prepared(self, read: ReadItem) -> Iterator[At | Part | Prepared | Bad]:
        """The item with its streams as they really are and what does not fit them, or why it is left out.

        A file that cannot be used is named, and its item comes in without that frame, unless nothing else is
        left of its first stream. Frames of an item that has many, or is large, go before it, one by one.
        """
        sizes: dict[str, tuple[int, int]] = {}
        streams: list[Stream] = []
        held: list[PreparedFrame] = []
        has_many = sum(bool(path) for file in read.media for path in file.paths) > 1
        in_parts = False
        for number, file in enumerate(read.media):
            found: list[Stream] = []
            wrong: list[Problem] = []
            for made in self._frames(read.source, file, has_many):
                match made:
                    case At():
                        yield made
                    case ImportProblem():
                        wrong.append(made)
                    case PreparedFrame():
                        if held and (has_many or made.run):
                            yield Part(read.source, held.pop(), is_first=not in_parts)
                            in_parts = True
                        held.append(made)
                        if made.run == 0:
                            found.append(made.stream)
                        if made.stream.width and made.stream.height and made.path:
                            sizes[made.path] = made.stream.width, made.stream.height
            if wrong and not found and number == 0:
                yield Bad(wrong[0], read.source, skipped=True)
                return
            for problem in wrong:
                yield Bad(problem)
            streams.append(_as_found(file, found))
        for problem in misfits(read, sizes):
            yield Bad(problem)
        yield Prepared(read, tuple(streams), tuple(held), in_parts=in_parts)

    def _frames(
        self, source: str, file: MediaFile, has_many: bool
    ) -> Iterator[At | PreparedFrame | ImportProblem]:
        """Every file of a stream with what was prepared of it, or what is wrong with it."""
        if file.text is not None:
            yield PreparedFrame(file.stream, 0, "", text=file.text)
            return
        for frame, path in enumerate(file.paths):
            if not path or path in self._avoid:
                continue
            if has_many:
                yield At(source, path)
            try:
                yield from self._runs(file, frame, path)
            except AtelierError as error:
                yield as_problem(path, error)
            except (MemoryError, OSError, ValueError) as error:
                yield _unreadable(path, error)

    def _runs(self, file: MediaFile, frame: int, path: str) -> Iterator[PreparedFrame]:
        """One file, and what was prepared of it in runs that are not too large to travel."""
        media = self._media_of(file.stream.kind)
        if media is None:
            if self._tree.size(path) > self._budget.file_bytes:
                raise AtelierError("media.too_large", "The file is larger than is allowed.")
            yield PreparedFrame(file.stream, frame, path)
            return
        with self._local(path) as local:
            stream = _as_found(file, [media.probe(local, self._budget)])
            views: list[tuple[str, bytes]] = []
            run, size = 0, 0
            for view in media.renditions(local, stream, self._budget):
                if views and size + len(view[1]) > RUN_BYTES:
                    yield PreparedFrame(stream, frame, "" if run else path, tuple(views), run=run)
                    views, run, size = [], run + 1, 0
                views.append(view)
                size += len(view[1])
            yield PreparedFrame(stream, frame, "" if run else path, tuple(views), run=run)

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


def _as_found(file: MediaFile, found: list[Stream]) -> Stream:
    """The stream with what its files themselves say: how large, of which kind, how many points in all.

    What only the label file knows stays: which stream it is, when its frames were, and, for a stream
    without a file that can be used, the size that it names.
    """
    declared = file.stream
    if not found:
        return declared
    first = found[0]
    return replace(
        first,
        id=declared.id,
        name=declared.name,
        frames=max(first.frames, len(file.paths)),
        width=first.width or declared.width,
        height=first.height or declared.height,
        points=sum(each.points for each in found),
        rate_hz=first.rate_hz or declared.rate_hz,
        times_ns=first.times_ns or declared.times_ns,
    )


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
