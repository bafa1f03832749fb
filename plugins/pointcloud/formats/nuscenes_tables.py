"""nuScenes' tables: lists of rows in JSON that know one another by tokens. T4 datasets have the same ones.

Caesar et al. (2020), nuscenes.org/nuscenes#data-format; T4: github.com/tier4/tier4_perception_dataset. Only
the fields that are used are looked at; a row without one of them is left out and counted.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct

from plugins.pointcloud.formats.json_rows import rows_of
from plugins.pointcloud.formats.shared import Problems, folder_of, name_of, within
from studio.domain.contracts.formats import Budget, Problem, Tree
from studio.domain.contracts.reading import as_problem, read_json
from studio.domain.errors import AtelierError
from studio.domain.values import Finite

VISIBILITY, LIDAR_POINTS, RADAR_POINTS = "visibility", "num_lidar_pts", "num_radar_pts"
Token = Annotated[str, Meta(min_length=1, max_length=512)]
Numbers = list[Finite]
Micros = Annotated[int, Meta(ge=0, le=2**62 // 1000)]  # microseconds
_HEAD_BYTES = 4096
_NEEDED = ("sample", "sample_data", "calibrated_sensor", "sensor", "scene")


class Row(Struct, frozen=True):
    token: Token


class SensorRow(Row, frozen=True):
    channel: Token
    modality: str  # camera, lidar, radar


class CalibratedRow(Row, frozen=True):
    sensor_token: Token
    translation: Numbers
    rotation: Numbers  # w, x, y, z
    camera_intrinsic: list[Numbers] = []
    camera_distortion: Numbers = []


class PoseRow(Row, frozen=True):
    timestamp: Micros
    translation: Numbers
    rotation: Numbers


class LogRow(Row, frozen=True):
    logfile: str = ""


class SceneRow(Row, frozen=True):
    name: str = ""
    log_token: str = ""


class SampleRow(Row, frozen=True):
    timestamp: Micros
    scene_token: Token


class DataRow(Row, frozen=True):
    sample_token: Token
    calibrated_sensor_token: Token
    filename: Annotated[str, Meta(max_length=4096)]
    timestamp: Micros
    ego_pose_token: str = ""
    is_key_frame: bool = False
    width: Annotated[int, Meta(ge=0, le=100_000)] | None = 0
    height: Annotated[int, Meta(ge=0, le=100_000)] | None = 0


class NameRow(Row, frozen=True):
    """A category or an attribute."""

    name: Token


class VisibilityRow(Row, frozen=True):
    level: str = ""


class InstanceRow(Row, frozen=True):
    category_token: Token
    instance_name: str = ""


class AnnotationRow(Row, frozen=True):
    sample_token: Token
    instance_token: Token
    translation: Numbers
    size: Numbers  # width, length, height
    rotation: Numbers
    attribute_tokens: list[str] = []
    visibility_token: str = ""
    num_lidar_pts: int | None = None
    num_radar_pts: int | None = None
    automatic_annotation: bool = False


class RunLengths(Struct, frozen=True):
    """COCO's run lengths in base64."""

    size: list[int]  # height, width
    counts: str


class ObjectRow(Row, frozen=True):
    """A box on a picture, with or without a mask."""

    sample_data_token: Token
    category_token: Token
    bbox: Numbers  # left, top, right, bottom
    instance_token: str = ""
    attribute_tokens: list[str] = []
    mask: RunLengths | None = None
    automatic_annotation: bool = False


class SurfaceRow(Row, frozen=True):
    """A region of a picture that is no thing: a road, the sky."""

    sample_data_token: Token
    category_token: Token
    mask: RunLengths | None = None


R = TypeVar("R", bound=Row)
Keep = Callable[[R], bool]
WHOLE_BYTES = 64 * 1024**2  # of a table that is read at once, by the strictest reader


def table_folders(tree: Tree) -> list[str]:
    """Folders that hold the tables of a data set."""
    there = set(tree.paths())
    found: list[str] = []
    for path in sorted(there):
        folder = folder_of(path)
        if name_of(path) == "sample_data.json" and all(
            within(folder, f"{name}.json") in there for name in _NEEDED
        ):
            with tree.open(path) as file:
                head = file.read(_HEAD_BYTES)
            if head.lstrip().startswith(b"[") and (b'"calibrated_sensor_token"' in head or len(head) < 8):
                found.append(folder)
    return found


class Tables:
    """The tables of one folder, each read when it is first asked for."""

    def __init__(self, tree: Tree, folder: str, budget: Budget, problems: Problems) -> None:
        self.folder = folder
        self._tree = tree
        self._budget = budget
        self._problems = problems
        self._there = set(tree.paths())
        self._read: dict[str, Mapping[str, Any]] = {}

    def path(self, name: str) -> str:
        """Where a table lies."""
        return within(self.folder, f"{name}.json")

    def rows(self, name: str, kind: type[R], keep: Keep[R] | None = None) -> Mapping[str, R]:
        """The rows of a table by token; nothing where there is no such table, or none that can be read.

        keep: of a table that is too large to be held as a whole, the rows that are.
        """
        if name not in self._read:
            self._read[name] = self._rows(name, kind, keep)
        return self._read[name]

    def is_large(self, name: str) -> bool:
        """Whether a table is read row by row."""
        path = self.path(name)
        return path in self._there and self._tree.size(path) > WHOLE_BYTES

    def _rows(self, name: str, kind: type[R], keep: Keep[R] | None) -> Mapping[str, R]:
        path = self.path(name)
        if path not in self._there:
            return {}
        found: dict[str, R] = {}
        wrong: list[str] = []
        large, left_out = self.is_large(name), False
        try:
            for row in self._large(path, kind) if large else self._whole(path, kind):
                if isinstance(row, str):
                    wrong.append(row)
                elif large and keep is not None and not keep(row):
                    left_out = True
                else:
                    _put(found, row, wrong)
        except AtelierError as error:
            self._problems.add(as_problem(path, error))
        if left_out and not found:
            return self._rows(name, kind, None)  # a data set that does not tell: all of it, then
        self._tell_wrong(path, len(found), wrong)
        return found

    def _whole(self, path: str, kind: type[R]) -> Iterator[R | str]:
        """The rows of a table of usual size, or what is wrong with one."""
        content = read_json(self._tree, path, self._budget)
        for each in content if isinstance(content, list) else [content]:
            try:
                yield msgspec.convert(each, kind)
            except msgspec.ValidationError as error:
                yield str(error)

    def _large(self, path: str, kind: type[R]) -> Iterator[R | str]:
        """The same of a large one, without holding the file."""
        if self._tree.size(path) > self._budget.file_bytes:
            raise AtelierError(
                "import.too_large",
                f"{path!r} is larger than a file may be.",
                hint="Split the data set by its scenes.",
            )
        with self._tree.open(path) as file:
            yield from rows_of(file, path, kind)

    def _tell_wrong(self, path: str, sound: int, wrong: list[str]) -> None:
        if wrong:
            self._problems.add(
                Problem(
                    path=path,
                    code="import.malformed",
                    message=f"{len(wrong):,} of {sound + len(wrong):,} rows of this table are not as "
                    f"they should be and were left out; the first: {wrong[0]}.",
                    hint="Write the table again with the program that made it.",
                )
            )


def _put(found: dict[str, R], row: R, wrong: list[str]) -> None:
    if row.token in found:
        wrong.append(f"the token {row.token[:40]!r} stands twice")
    else:
        found[row.token] = row
