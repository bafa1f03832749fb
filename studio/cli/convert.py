"""`atelier convert SRC DST --to F`: labelled data in another format, with what that loses."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath

import msgspec
from msgspec.structs import replace

from studio.cli.frame import DONE, Parser, answer
from studio.cli.reading import Found, formats, read_folder, said
from studio.domain.contracts.formats import Budget, Format, Loss, ReadItem, Templated, WriteItem, no_blob
from studio.domain.contracts.tree import FolderTree
from studio.domain.entities import Track
from studio.domain.errors import AtelierError
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wording import counted


class FolderSink:
    """Writes below a folder. Names are data: a path that would leave it is refused."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.written = 0

    def write(self, path: str, data: bytes) -> None:
        """Raises `export.bad_name`, `export.disk`."""
        target = self.place(path)
        try:
            target.write_bytes(data)
        except OSError as error:
            raise AtelierError(
                "export.disk",
                f"{path!r} could not be written: {error.strerror}. The source is untouched.",
                hint="Free some space or choose another folder, and run it again.",
            ) from error
        self.written += 1

    def place(self, path: str) -> Path:
        """Where `path` lies below the folder; its folders are made."""
        parts = PurePosixPath(path).parts
        if not parts or path.startswith("/") or any(part in ("..", "") or "\0" in part for part in parts):
            raise AtelierError(
                "export.bad_name",
                f"The name {path!r} would lead out of the folder; nothing more was written.",
                hint="Rename the item and try again.",
            )
        target = self.root.joinpath(*parts)
        target.parent.mkdir(parents=True, exist_ok=True)
        return target


def run(argv: list[str]) -> int:
    """Write `DST` beside its final place and move it there whole; print the loss report."""
    parser = Parser("convert", "Write labelled data in another format, with a loss report.")
    parser.add_argument("source", type=Path, help="a file or folder")
    parser.add_argument("target", type=Path, help="a folder that does not exist yet, or an empty one")
    parser.add_argument("--to", required=True, help=f"one of: {', '.join(_writable())}")
    parser.add_argument("--from", dest="source_format", default="", help="the source's format")
    arguments = parser.parse_args(argv)
    if arguments.to not in _writable():
        raise AtelierError(
            "export.unknown_format",
            f"There is no format {arguments.to!r} to write.",
            hint=f"Choose one of: {', '.join(_writable())}.",
        )
    if arguments.target.exists() and (not arguments.target.is_dir() or any(arguments.target.iterdir())):
        raise AtelierError(
            "export.not_empty",
            f"{arguments.target.name!r} exists and is not an empty folder; nothing was written over.",
            hint="Name a folder that does not exist yet.",
        )
    found = read_folder(arguments.source, arguments.source_format)
    writer = formats()[arguments.to]
    try:
        sink, losses = _carry_over(arguments.source, arguments.target, found, writer)
    except OSError as error:
        raise AtelierError(
            "export.disk",
            f"{arguments.target.name!r} could not be written: {error.strerror}. The source is untouched.",
            hint="Choose a folder that you may write to and that has room.",
        ) from error
    report = {
        "from": found.format.name,
        "to": writer.name,
        "items": len(found.items),
        "files": sink.written,
        "losses": [msgspec.to_builtins(loss) for loss in losses],
        "warnings": [said(problem) for problem in found.problems],
    }
    lines = [f"{counted(len(found.items), 'item')} written as {writer.title}."]
    lines += [f"  lost: {loss.count:,} x {loss.what} ({loss.how})" for loss in losses]
    lines += [f"  to look at: {said(problem)}" for problem in found.problems[:20]]
    if len(found.problems) > 20:
        lines.append(f"  and {len(found.problems) - 20:,} more to look at (see --json)")
    lines += [] if losses or found.problems else ["  Nothing was lost."]
    answer(report, as_json=arguments.json, text="\n".join(lines))
    return DONE


def _carry_over(
    source: Path, target: Path, found: Found, writer: Format
) -> tuple[FolderSink, tuple[Loss, ...]]:
    """Write beside `target` and move it there whole."""
    parent = target.absolute().parent
    parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".converting-", dir=parent) as folder:
        sink = FolderSink(Path(folder) / "made")
        sink.root.mkdir()
        losses = writer.write(_written(found), _ontology(source, found), sink)
        _copy_media(FolderTree(source), found, sink)
        if target.exists():
            target.rmdir()
        os.replace(sink.root, target)
    return sink, losses


def _writable() -> list[str]:
    return sorted(name for name, each in formats().items() if each.can_write)


def _written(found: Found) -> Iterator[WriteItem]:
    for item in found.items:
        yield WriteItem(
            name=item.source,
            streams=tuple(file.stream for file in item.media),
            entities=item.entities,
            source_paths=tuple(file.paths for file in item.media),
            split=item.split,
            sidecar=item.sidecar,
            blob=partial(_blob, dict(item.blobs)),
        )


def _blob(blobs: dict[str, bytes], name: str) -> bytes:
    return blobs[name] if name in blobs else no_blob(name)


def _ontology(source: Path, found: Found) -> Ontology:
    """The template that came with the data, if any, and classes that they use besides."""
    held: Ontology | None = None
    if isinstance(found.format, Templated):
        held = found.format.template(FolderTree(source), Budget())
    known = held or Ontology()
    names = {
        entity.class_name for item in found.items for entity in item.entities if isinstance(entity, Track)
    }
    names |= {name for item in found.items for name in item.classes}
    names -= {each.name for each in known.classes}
    return replace(known, classes=(*known.classes, *(ClassType(name=name) for name in sorted(names))))


def _copy_media(tree: FolderTree, found: Found, sink: FolderSink) -> None:
    for path in sorted({path for item in found.items for path in _binary_paths(item)}):
        shutil.copyfile(tree.local(path), sink.place(path))
        sink.written += 1


def _binary_paths(item: ReadItem) -> Iterator[str]:
    for file in item.media:
        if file.text is None:
            yield from filter(None, file.paths)
