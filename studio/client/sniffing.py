"""Looking into a folder in a process of its own, with bounds: what somebody hands over may be made to harm.

`python -m studio.client.sniffing FOLDER` writes canonical MessagePack of `Looked` to stdout and nothing else.
"""

from __future__ import annotations

import importlib
import itertools
import logging
import sys
import time
from pathlib import Path

from msgspec import Struct

from studio.domain import canonical
from studio.domain.contracts.archive import ZipTree, is_archive, tree_of
from studio.domain.contracts.formats import Budget, Format, Problem, Sniffed, Tree
from studio.domain.contracts.plugin import Plugin, installed_plugins, load_part
from studio.domain.entities import Shape
from studio.domain.errors import AtelierError

MEMORY_BYTES = 4 * 1024**3
CPU_S = 120
PREVIEW_ITEMS = 12
PREVIEW_S = 3.0
_LOG = logging.getLogger("atelier.sniffing")


class PreviewItem(Struct, frozen=True):
    """One of the first items as the format would read it: its name, its files, how many shapes it has."""

    source: str
    paths: tuple[str, ...]
    shapes: int
    frames: int = 1  # of its first stream
    cuts: bool = False  # whether its plug-in can cut it into clips


class Candidate(Struct, frozen=True):
    """What one format sees in the folder, and the first items as it would read them."""

    sniffed: Sniffed
    title: str
    preview: tuple[PreviewItem, ...] = ()
    problems: tuple[Problem, ...] = ()
    archive: str = ""  # the one archive of the folder, where the data lies in it


class Looked(Struct, frozen=True):
    """The answer of the process: candidates, most confident first, or why there is none."""

    candidates: tuple[Candidate, ...] = ()
    code: str = ""
    message: str = ""
    hint: str = ""


def look(folder: Path, plugins: list[Plugin] | None = None) -> Looked:
    """What the formats of the installed plug-ins see in `folder`, or in the one archive that lies in it.

    A format that fails is passed over.
    """
    try:
        known = plugins or installed_plugins()
        tree = tree_of(folder)
        candidates = _candidates(tree, known)
        archives = [path for path in tree.paths() if is_archive(folder / path)]
        if not candidates and len(archives) == 1 and folder.is_dir():
            candidates = _candidates(ZipTree(folder / archives[0]), known, archives[0])
    except AtelierError as error:
        return Looked((), error.code, error.message, error.hint)
    return Looked(tuple(candidates))


def _candidates(tree: Tree, known: list[Plugin], archive: str = "") -> list[Candidate]:
    parts = [part for each in known for part in each.formats]
    found: list[tuple[Format, Sniffed]] = []
    for part in dict.fromkeys(parts):
        try:
            loaded = load_part(part)
            made: Format = loaded() if isinstance(loaded, type) else loaded
            sniffed = made.sniff(tree)
        except Exception:  # noqa: BLE001  one format that breaks on what lies there must not hide the others
            _LOG.exception("format %s", part)
            continue
        if sniffed is not None and sniffed.confidence > 0:
            found.append((made, sniffed))
    found.sort(key=lambda each: -each[1].confidence)
    cuttable = {kind for each in known if each.clips for kind in each.streams}
    return [_candidate(made, tree, sniffed, cuttable, archive) for made, sniffed in found]


def _candidate(made: Format, tree: Tree, sniffed: Sniffed, cuttable: set[str], archive: str) -> Candidate:
    items: list[PreviewItem] = []
    problems: list[Problem] = []
    until = time.monotonic() + PREVIEW_S
    try:
        for each in itertools.islice(made.read(tree, Budget()), 4 * PREVIEW_ITEMS):
            if isinstance(each, Problem):
                problems.append(each)
            else:
                paths = tuple(path for media in each.media for path in media.paths if path)
                shapes = sum(isinstance(e, Shape) for e in each.entities)
                first = each.media[0] if each.media else None
                frames = max(len(first.paths), first.stream.frames) if first is not None else 0
                cuts = first is not None and first.stream.kind in cuttable
                items.append(PreviewItem(each.source, paths, shapes, frames, cuts))
            if len(items) >= PREVIEW_ITEMS or time.monotonic() > until:
                break
    except Exception:  # noqa: BLE001  the preview is an extra; the import will say what is wrong, item by item
        _LOG.exception("preview of %s", made.name)
    return Candidate(sniffed, made.title, tuple(items), tuple(problems), archive)


def bound() -> None:
    """Bounds of this process where the system has them: memory, processor time, no files written, no core."""
    try:
        resource = importlib.import_module("resource")
    except ModuleNotFoundError:  # Windows; the parent's clock is the bound there
        return
    for name, limit in (
        ("RLIMIT_AS", MEMORY_BYTES),
        ("RLIMIT_CPU", CPU_S),
        ("RLIMIT_FSIZE", 0),
        ("RLIMIT_CORE", 0),
    ):
        which = getattr(resource, name)
        _, hard = resource.getrlimit(which)
        wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(which, (wanted, wanted))


def main() -> int:
    """Look into the folder that the command line names."""
    out = sys.stdout.buffer
    sys.stdout = sys.stderr  # what a format prints must not get between
    bound()
    out.write(canonical.encode(look(Path(sys.argv[1]))))
    out.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
