"""What formats of point clouds share: strict numbers, angles as other tools write them, streams, boxes."""

import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from studio.domain.contracts.formats import Budget, MediaFile, Problem, ReadItem, Tree
from studio.domain.contracts.reading import as_problem
from studio.domain.document import Document
from studio.domain.entities import AnyEntity
from studio.domain.errors import AtelierError
from studio.domain.ids import StreamId
from studio.domain.space import joined, matrix_of, unit
from studio.domain.values import XYZ, Attributes, Quaternion, Value
from studio.domain.wire.projects import Stream, StreamKind

POINT_SUFFIXES = (
    ".pcd", ".ply", ".bin", ".las", ".laz", ".e57", ".feather", ".npy", ".npz",
    ".xyz", ".xyzi", ".xyzn", ".xyzrgb", ".pts", ".csv", ".txt",
)  # fmt: skip
PICTURE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
LIDAR = StreamId("lidar")
FARTHEST_M = 1e8  # from the origin, beyond which a number is no place on Earth
_HEAD_BYTES = 8192
# where the heads of PLY and PCD say how many points follow
_COUNTS = {
    "ply": re.compile(rb"\nelement\s+vertex\s+(\d{1,18})\s"),
    "pcd": re.compile(rb"\nPOINTS\s+(\d{1,18})\s"),
}
_ALIKE = 100  # problems of one kind in one file, after which only their number is said
# what reading a field that is not as it should be raises
FAULTS = (
    TypeError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    OverflowError,
    msgspec.ValidationError,
)


class Solid(NamedTuple):
    """A box in space: centre and size (length, width, height) in metres, rotation of unit length."""

    centre: XYZ
    size: XYZ
    rotation: Quaternion


def dicts(given: object) -> list[dict[str, Any]]:
    """The objects in a list; whatever else is in it, or is no list, is passed over."""
    return [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []


def number(value: object) -> float:
    """A finite number. Raises ValueError for anything else; yes and no are none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ValueError(f"{value!r:.40} is not a finite number")
    return float(value)


def numbers(values: object, count: int) -> tuple[float, ...]:
    """`count` finite numbers of a list. Raises ValueError."""
    if not isinstance(values, list | tuple) or len(values) != count:
        raise ValueError(f"{values!r:.60} is not a list of {count} numbers")
    return tuple(number(each) for each in values)


def whole(value: object) -> int:
    """A whole number that is not negative. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError(f"{value!r:.40} is not a whole number")
    return value


def text(value: object) -> str:
    """A text that is not empty. Raises ValueError."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{value!r:.40} is not a name")
    return value[:512]


def xyz(value: object, keys: Sequence[str] = ("x", "y", "z")) -> XYZ:
    """Three finite numbers under `keys`, or in a list. Raises ValueError, KeyError."""
    given = [value[key] for key in keys] if isinstance(value, Mapping) else value
    x, y, z = numbers(given, 3)
    return x, y, z


def rotation(values: Iterable[object]) -> Quaternion:
    """A unit quaternion of x, y, z, w. Raises ValueError where all four are 0 or one is no number."""
    x, y, z, w = (number(each) for each in values)
    if max(map(abs, (x, y, z, w))) < 1e-6:
        raise ValueError("a rotation of length 0")
    return unit((x, y, z, w))


def solid(centre: XYZ, size: XYZ, turned: Quaternion) -> Solid:
    """A box that can be. Raises ValueError where it has no volume or lies nowhere."""
    if min(size) <= 0 or max(size) > 1e4:
        raise ValueError(f"a size of {size[0]:g} x {size[1]:g} x {size[2]:g} m")
    if max(map(abs, centre)) > FARTHEST_M:
        raise ValueError(f"a place at {centre[0]:g}, {centre[1]:g}, {centre[2]:g} m")
    return Solid(centre, size, turned)


def from_euler_xyz(x: float, y: float, z: float) -> Quaternion:
    """Radians about x, then about the turned y, then about the twice turned z: three.js's order XYZ."""
    about_x = (math.sin(x / 2), 0.0, 0.0, math.cos(x / 2))
    about_y = (0.0, math.sin(y / 2), 0.0, math.cos(y / 2))
    about_z = (0.0, 0.0, math.sin(z / 2), math.cos(z / 2))
    return joined(joined(about_x, about_y), about_z)


def as_euler_xyz(turned: Quaternion) -> XYZ:
    """The inverse of `from_euler_xyz`, each in [-pi, pi]; where y is a quarter turn, z is 0."""
    r = matrix_of(turned)
    level = math.hypot(r[0, 0], r[0, 1])
    y = math.atan2(r[0, 2], level)
    if level < 1e-9:
        return math.atan2(r[2, 1], r[1, 1]) + 0.0, y, 0.0
    return math.atan2(-r[1, 2], r[2, 2]) + 0.0, y + 0.0, math.atan2(-r[0, 1], r[0, 0]) + 0.0


def name_of(path: str) -> str:
    """The last part of a path."""
    return path.rpartition("/")[2]


def folder_of(path: str) -> str:
    """The path of the folder that a file lies in; empty for the top."""
    return path.rpartition("/")[0]


def stem_of(path: str) -> str:
    """The last part of a path without its suffix."""
    name = name_of(path)
    return name.rpartition(".")[0] or name


def safe_name(name: str) -> str:
    """A name as part of a path: letters, digits, - and _ stay."""
    return "".join(each if each.isalnum() or each in "-_" else "_" for each in name) or "_"


def within(folder: str, name: str) -> str:
    """The path of `name` in a folder; the top is empty."""
    return f"{folder}/{name}" if folder else name


def media(
    kind: StreamKind, name: str, paths: Sequence[str], times_ns: Sequence[int] = (), frames: int = 0
) -> MediaFile:
    """A stream with one file a frame; an empty path where a frame has none, no paths where none has."""
    stream = Stream(
        id=StreamId(name), name=name, kind=kind, frames=max(1, len(paths), frames), times_ns=tuple(times_ns)
    )
    return MediaFile(stream, tuple(paths) if any(paths) else ())


def cameras_of(frames: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    """Pictures beside each frame as cameras with a path a frame, empty where one has none there.

    A camera is known by the name of its files, or of their folder, where one of the two comes back from frame
    to frame; else the first picture of each frame is one camera, the second another, and so on.
    """
    most = max((len(paths) for paths in frames), default=0)
    for told_by in (stem_of, lambda path: name_of(folder_of(path))):
        names = {told_by(path) for paths in frames for path in paths}
        apart = all(len({told_by(path) for path in paths}) == len(paths) for paths in frames)
        if apart and "" not in names and len(names) <= most and (len(frames) > 1 or told_by is stem_of):
            return {
                name: [next((path for path in paths if told_by(path) == name), "") for paths in frames]
                for name in sorted(names)
            }
    return {f"image_{at}": [paths[at] if at < len(paths) else "" for paths in frames] for at in range(most)}


def plain_attributes(given: object) -> Attributes:
    """What of a mapping an attribute can hold, sorted by name; lists of texts are choices."""
    found: dict[str, Value] = {}
    for name, value in given.items() if isinstance(given, Mapping) else ():
        if (held := _held(value)) is not None:
            found[str(name)] = held
    return tuple(sorted(found.items()))


def _held(value: object) -> Value | None:
    match value:
        case str() | bool():
            return value
        case int():
            return value if abs(value) < 2**53 else None
        case float():
            return value if math.isfinite(value) else None
        case list() if value and all(isinstance(each, str) for each in value):
            return tuple(value)
        case _:
            return None


def as_json(value: Value) -> Any:
    """An attribute's value as JSON has it."""
    return list(value) if isinstance(value, tuple) else value


def kind_of(entity: AnyEntity) -> str:
    """The entity's kind as it stands on the wire."""
    return str(entity.__struct_config__.tag)


def points_in(tree: Tree, path: str) -> int | None:
    """How many points a file says it has, from its head alone; None where its kind does not say it there."""
    suffix = path.lower().rpartition(".")[2]
    if suffix not in _COUNTS:
        return None
    with tree.open(path) as file:
        said = _COUNTS[suffix].search(file.read(_HEAD_BYTES))
    return int(said[1]) if said else None


def folder_for(item_name: str, used: set[str]) -> str:
    """A folder for an item's label files that no other has. Names are data: none leads out of the top."""
    parts = [part for part in item_name.replace("\\", "/").split("/") if part not in ("", ".", "..")]
    parts = ["".join("_" if each in '\0:*?"<>|' else each for each in part) for part in parts] or ["scene"]
    if parts[-1].lower().endswith((*POINT_SUFFIXES, *PICTURE_SUFFIXES, ".json")):
        parts[-1] = parts[-1].rpartition(".")[0] or "scene"
    free, number = "/".join(parts), 2
    while free in used:
        free, number = f"{'/'.join(parts)}_{number}", number + 1
    used.add(free)
    return free


def split_of(path: str) -> str:
    """`train`, `val` or `test` where a folder of the path is called so, else an empty text."""
    known = {"train": "train", "training": "train", "val": "val", "validation": "val"}
    known |= {"test": "test", "testing": "test"}
    return next((known[part] for part in path.lower().split("/") if part in known), "")


class Problems:
    """What is wrong with a source; of many alike the first hundred, and how many more there were."""

    def __init__(self) -> None:
        self._said: list[Problem] = []
        self._count: Counter[tuple[str, str]] = Counter()

    def add(self, problem: Problem | None) -> None:
        """One more; None is none."""
        if problem is None:
            return
        kind = (problem.path, problem.code)
        self._count[kind] += 1
        if self._count[kind] <= _ALIKE:
            self._said.append(problem)

    def __iter__(self) -> Iterator[Problem]:
        yield from self._said
        for (path, code), count in self._count.items():
            if count > _ALIKE:
                yield Problem(
                    path=path,
                    code=code,
                    message=f"{count - _ALIKE:,} more of this kind were left out as well.",
                    hint="Mend what made the first of them.",
                )


def finished(path: str, item: ReadItem, budget: Budget) -> ReadItem | Problem:
    """The item, or why it cannot be one: too many entities, or references that lead nowhere."""
    if len(item.entities) > budget.entities:
        return Problem(
            path=path,
            code="import.too_large",
            message=f"This item would have {len(item.entities):,} labels; {budget.entities:,} are allowed.",
            hint="Cut the recording into shorter ones.",
        )
    try:
        Document(item.entities)
    except AtelierError as error:
        return as_problem(path, error)
    return item


def bad_box(path: str, what: str, why: object) -> Problem:
    """A box that was left out."""
    return Problem(
        path=path,
        code="import.bad_box",
        message=f"The box of {what} cannot be: {why}. It was left out.",
        hint="Mend it there, or draw it here.",
    )


def missing_frame(path: str, message: str) -> Problem:
    """A file of a frame that is not there."""
    return Problem(
        path=path,
        code="import.missing_file",
        message=message,
        hint="Put it beside the others and import again.",
    )


def malformed(path: str, why: object) -> Problem:
    """A label file that is not what it says."""
    return Problem(
        path=path,
        code="import.malformed",
        message=f"{path!r} is not as it should be: {why}. It was left out.",
        hint="Write it again with the program that made it.",
    )
