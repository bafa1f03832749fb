"""Files of points without labels: surveys, scans and sweeps, whatever they are called.

A folder with several files whose names are all numbers is one sequence, an item with a frame a file, in the
order of the numbers; where these are times (nanoseconds or microseconds since 1970) they are the times of the
frames. Every other file is an item.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from plugins.pointcloud.formats.shared import (
    LIDAR,
    PICTURE_SUFFIXES,
    folder_of,
    media,
    split_of,
    stem_of,
)
from plugins.pointcloud.points.reading import SUFFIXES, head_of, kind_of
from plugins.pointcloud.points.text import is_surely_points
from studio.domain.contracts.formats import (
    Budget,
    Loss,
    Problem,
    ReadItem,
    Sink,
    Sniffed,
    Tree,
    WriteItem,
)
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.wording import counted

LABELS = (".json", ".xml")
_CERTAIN = (".pcd", ".ply", ".las", ".laz", ".e57")  # names that nothing else has; the others are looked into
_TEXTS = (".txt", ".csv", ".asc", ".xyz", ".pts")
_ANY = (".txt", ".csv")  # names under which tables of anything come
_HEADS = 400  # files that are looked into before it is said what a folder holds
_MOST_DIGITS = 19
_YEAR_2000_US, _YEAR_2200_US = 946_684_800_000_000, 7_258_118_400_000_000


class PointFolder:
    """Every file of points below a folder, without labels."""

    name = "point_folder"
    title = "Point clouds without labels"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = False

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Any file of points will do, so any format that knows the labels beside it comes first."""
        found = list(_point_files(tree, _HEADS))
        if not found:
            return None
        sequences = _sequences(found)
        items = len(found) - sum(map(len, sequences)) + len(sequences)
        parts = []
        if sequences:
            frames = sum(map(len, sequences))
            parts.append(
                f"{counted(len(sequences), 'sequence')} with {counted(frames, 'frame')} named by number"
            )
        if alone := items - len(sequences):
            parts.append(counted(alone, "single point cloud"))
        pictures = sum(path.lower().endswith(PICTURE_SUFFIXES) for path in tree.paths())
        warnings = (
            (f"Without {counted(pictures, 'picture')}: nothing says where their cameras were",)
            if pictures
            else ()
        )
        # one scan among pictures is an addition to these; a table of numbers may hold anything
        sure = 0.15 if 2 * len(found) >= pictures else 0.08
        if all(path.lower().endswith(_TEXTS) for path in found):
            sure = 0.05
        return Sniffed(self.name, sure, items, f"{' and '.join(parts)}, without labels", warnings=warnings)

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """Sequences first, then the files that are no frame of one."""
        found = list(_point_files(tree))
        used: set[str] = set()
        for frames in _sequences(found):
            used.update(frames)
            times = _times(frames)
            source = folder_of(frames[0]) or "sweeps"
            file = media("points", LIDAR, frames, times)
            yield ReadItem(source=source, media=(file,), group_key=source, split=split_of(source))
        for path in found:
            if path not in used:
                yield ReadItem(source=path, media=(media("points", LIDAR, [path]),), split=split_of(path))
        for path in tree.paths():
            if path.lower().endswith(LABELS):
                yield Problem(
                    path=path,
                    code="import.unread_label",
                    message="This may be a label file, but no format reads it.",
                    hint="Mend it, or choose its format by hand to see more.",
                )

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """Raises `format.read_only`."""
        raise AtelierError(
            "format.read_only",
            "Files of points hold no labels, so labels cannot be written to them.",
            hint="Choose another format.",
        )


def _point_files(tree: Tree, heads: int | None = None) -> Iterator[str]:
    """Paths of files of points: by names that nothing else has, else by what stands in them.

    heads: how many files are looked into at most; beyond, those named as one that held points count as well.
    """
    looked = 0
    known: set[str] = set()
    for path in tree.paths():
        suffix = f".{path.lower().rpartition('.')[2]}"
        if suffix in _CERTAIN:
            yield path
        elif suffix in SUFFIXES:
            if heads is not None and looked >= heads:
                if suffix in known:
                    yield path
                continue
            looked += 1
            with tree.open(path) as file:
                head = head_of(file)
            kind = kind_of(head, tree.size(path), path)
            if kind is not None and (suffix not in _ANY or _is_convincing(kind.name, head, tree.size(path))):
                known.add(suffix)
                yield path


def _is_convincing(kind: str, head: bytes, size: int) -> bool:
    return kind != "text" or is_surely_points(head, size)


def _sequences(paths: Iterable[str]) -> list[list[str]]:
    """The files of each folder of which several are named by numbers alone, in the order of these."""
    folders: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        suffix = path.lower().rpartition(".")[2]
        folders.setdefault((folder_of(path), suffix), []).append(path)
    found = []
    for held in folders.values():
        stems = [_stem(path) for path in held]
        if len(held) > 1 and all(stem.isdecimal() and len(stem) <= _MOST_DIGITS for stem in stems):
            found.append(sorted(held, key=lambda path: (int(_stem(path)), path)))
    return found


def _stem(path: str) -> str:
    """The name without its suffix, of which .pcd.bin and .copc.laz are two."""
    stem = stem_of(path)
    return stem.removesuffix(".pcd").removesuffix(".copc")


def _times(frames: list[str]) -> list[int]:
    """Nanoseconds, where all names are times of this century or the next; else nothing."""
    numbers = [int(_stem(path)) for path in frames]
    for scale in (1, 1000):
        if all(_YEAR_2000_US < number * scale // 1000 < _YEAR_2200_US for number in numbers):
            return [number * scale for number in numbers]
    return []
