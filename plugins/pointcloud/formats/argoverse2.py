"""Argoverse 2 sensor logs: one folder a log, Arrow tables, times in nanoseconds.

Wilson et al., "Argoverse 2: Next Generation Datasets for Self-Driving Perception and Forecasting" (2021);
github.com/argoverse/av2-api. Sweeps and boxes stand in the egovehicle frame, whose axes are ours. A log is
one item: its frames are the sweeps that are there, cameras have frames of their own.
"""

from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Literal

import msgspec
import numpy as np

from plugins.pointcloud.formats.argoverse2_tables import read_table, table_bytes
from plugins.pointcloud.formats.calibration import EGO, Lens, camera, lens_of
from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.scene_files import NAME as FILES
from plugins.pointcloud.formats.scene_files import files_of, media_of, read_files
from plugins.pointcloud.formats.shared import (
    FAULTS,
    LIDAR,
    PICTURE_SUFFIXES,
    Problems,
    bad_box,
    finished,
    folder_of,
    media,
    name_of,
    number,
    rotation,
    solid,
    split_of,
    stem_of,
    within,
    xyz,
)
from studio.domain.contracts.formats import (
    Budget,
    Loss,
    MediaFile,
    Problem,
    ReadItem,
    Sink,
    Sniffed,
    Tree,
    WriteItem,
)
from studio.domain.contracts.reading import Losses, as_problem
from studio.domain.entities import AnyEntity, CoordinateSystem, EgoPose
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.ontology import Ontology
from studio.domain.space import Pose, frame_time
from studio.domain.values import Quaternion
from studio.domain.wire.projects import Stream
from studio.domain.wording import counted

LABELS = "annotations.feather"
POSES = "city_SE3_egovehicle.feather"
SENSORS = "calibration/egovehicle_SE3_sensor.feather"
LENSES = "calibration/intrinsics.feather"
POINTS = "num_interior_pts"  # kept as an attribute of each box

_ROTATION = ("qx", "qy", "qz", "qw")
_PLACE = ("tx_m", "ty_m", "tz_m")
_SIZE = ("length_m", "width_m", "height_m")
_POSE = dict.fromkeys(("qw", *_ROTATION[:3], *_PLACE), "float")
_LENS = dict.fromkeys(("fx_px", "fy_px", "cx_px", "cy_px", "k1", "k2", "k3"), "float")
_LABEL = {
    "timestamp_ns": "int",
    "track_uuid": "text",
    "category": "text",
    **dict.fromkeys(_SIZE, "float"),
    **_POSE,
    POINTS: "int",
}
_TYPES = {"int": "int64", "float": "float64", "text": "string"}
_SNIFFED_LOGS = 5
_Row = dict[str, Any]


class Argoverse2:
    """Reads and writes Argoverse 2 sensor logs."""

    name = "argoverse2"
    title = "Argoverse 2"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by its tables of labels or poses beside sweeps that are named by their time."""
        logs = _logs(tree)
        if not logs:
            return None
        classes: set[str] = set()
        for log in logs[:_SNIFFED_LOGS]:
            try:
                classes |= set(
                    read_table(tree, within(log, LABELS), {"category": "text"}, Budget())["category"]
                )
            except AtelierError:
                continue  # a log of the test split has none; what is broken `read` reports
        sweeps = sum(_is_sweep(path) for path in tree.paths())
        summary = f"{counted(len(logs), 'log')} of Argoverse 2 with {counted(sweeps, 'sweep')}"
        return Sniffed(self.name, 0.97, len(logs), summary, tuple(sorted(classes)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a log. A table that cannot be read is named, and the rest of its log comes in."""
        for log in _logs(tree):
            reader = _Log(tree, log, budget)
            try:
                item = reader.item()
            except AtelierError as error:
                yield as_problem(within(log, FILES), error)
                continue
            yield from reader.problems
            yield finished(log or LABELS, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """A folder for each item. Points and pictures stay in the files that they came in."""
        losses = Losses()
        used: set[str] = set()
        for item in items:
            scene = Scene(item, losses)
            folder = scene.home("sensors/lidar", used)
            scene.report("tracks", "box_attributes", "cameras", "systems", "all_poses", "streams")
            for name, data in _written(scene, losses):
                sink.write(within(folder, name), data)
        return losses.report()


def _is_sweep(path: str) -> bool:
    return path.endswith(".feather") and f"/{folder_of(path)}".endswith("/sensors/lidar")


def _logs(tree: Tree) -> list[str]:
    """Folders of logs: with sweeps or a list of files, and with a table of labels or poses."""
    paths = set(tree.paths())
    logs = {folder_of(path) for path in paths if name_of(path) in (LABELS, POSES)}
    data = {folder_of(folder_of(folder_of(path))) for path in paths if _is_sweep(path)}
    return sorted(log for log in logs if log in data or within(log, FILES) in paths)


class _Log:
    """Reads one log."""

    def __init__(self, tree: Tree, folder: str, budget: Budget) -> None:
        self._tree = tree
        self._folder = folder
        self._budget = budget
        self._there = [path for path in tree.paths() if folder == "" or path.startswith(f"{folder}/")]
        self.problems = Problems()

    def item(self) -> ReadItem:
        """The whole log. Raises `import.malformed` where its list of files is none."""
        known = read_files(self._tree, self._folder, self._budget)
        if known is not None:
            streams, missing = media_of(self._tree, within(self._folder, FILES), known)
            for each in missing:
                self.problems.add(each)
        else:
            streams = tuple(self._media())
        lidar = next((each.stream for each in streams if each.stream.kind == "points"), None)
        entities: list[AnyEntity] = [*self._poses(), *self._sensors()]
        if lidar is not None:
            entities += self._labels(lidar)
        name = known.name if known else self._folder or "log"
        return ReadItem(
            source=name,
            media=streams,
            entities=tuple(entities),
            group_key=self._folder,
            state="accepted",
            split=known.split if known else split_of(self._folder),
        )

    def _media(self) -> Iterator[MediaFile]:
        sweeps = self._timed([path for path in self._there if _is_sweep(path)])
        yield media("points", LIDAR, list(sweeps.values()), list(sweeps))
        cameras: dict[str, list[str]] = {}
        for path in self._there:
            folder = folder_of(path)
            if path.lower().endswith(PICTURE_SUFFIXES) and f"/{folder_of(folder)}".endswith(
                "/sensors/cameras"
            ):
                cameras.setdefault(name_of(folder), []).append(path)
        for name, paths in sorted(cameras.items()):
            if pictures := self._timed(paths):
                yield media("image", name, list(pictures.values()), list(pictures))

    def _timed(self, paths: list[str]) -> dict[int, str]:
        """Files by the time in their names, in order."""
        found: dict[int, str] = {}
        for path in paths:
            stem = stem_of(path)
            if not stem.isdecimal() or len(stem) > 18 or int(stem) in found:
                self.problems.add(
                    Problem(
                        path=path,
                        code="import.malformed",
                        message="The name of this file is no time of its own; it was left out.",
                        hint="Give it the name that it had in its log: a number of nanoseconds.",
                    )
                )
                continue
            found[int(stem)] = path
        return dict(sorted(found.items()))

    def _rows(self, table: str, columns: dict[str, str]) -> Iterator[_Row]:
        path = within(self._folder, table)
        if path not in self._there:
            return
        try:
            read = read_table(self._tree, path, columns, self._budget)
        except AtelierError as error:
            self.problems.add(as_problem(path, error))
            return
        for values in zip(*read.values(), strict=True):
            yield dict(zip(columns, values, strict=True))

    def _poses(self) -> Iterator[EgoPose]:
        path = within(self._folder, POSES)
        found: dict[int, EgoPose] = {}
        order: list[int] = []
        for row in self._rows(POSES, {"timestamp_ns": "int", **_POSE}):
            try:
                pose, time_ns = _pose(row), _time(row["timestamp_ns"])
            except FAULTS as error:
                self.problems.add(_bad_row(path, f"a pose cannot be: {error}"))
                continue
            made = EgoPose(
                id=EntityId(new_id()), time_ns=time_ns, translation=pose.translation, rotation=pose.rotation
            )
            if time_ns in found:
                self.problems.add(_bad_row(path, f"the time {time_ns} has two poses", "import.twice"))
                continue
            order.append(time_ns)
            found[time_ns] = made
        if any(later < earlier for earlier, later in pairwise(order)):
            self.problems.add(
                Problem(
                    path=path,
                    code="import.malformed",
                    message="The times of the poses are out of order; they were sorted.",
                    hint="Look whether the log was put together from several.",
                )
            )
        for time_ns in sorted(found):
            yield found[time_ns]

    def _sensors(self) -> Iterator[AnyEntity]:
        path = within(self._folder, SENSORS)
        poses: dict[str, Pose] = {}
        for row in self._rows(SENSORS, {"sensor_name": "text", **_POSE}):
            try:
                poses[row["sensor_name"]] = _pose(row)
            except FAULTS as error:
                self.problems.add(_broken(path, row["sensor_name"], error))
        lenses = {
            row["sensor_name"]: row
            for row in self._rows(
                LENSES, {"sensor_name": "text", **_LENS, "height_px": "int", "width_px": "int"}
            )
        }
        for name, row in lenses.items():
            try:
                yield _camera(name, row, poses.pop(name))
            except AtelierError as error:
                self.problems.add(as_problem(within(self._folder, LENSES), error))
            except FAULTS as error:
                self.problems.add(_broken(within(self._folder, LENSES), name, error))
        for name, pose in poses.items():
            yield CoordinateSystem(
                id=EntityId(new_id()),
                name=name,
                parent=EGO,
                translation=pose.translation,
                rotation=pose.rotation,
            )

    def _labels(self, lidar: Stream) -> Iterator[AnyEntity]:
        path = within(self._folder, LABELS)
        frames = {frame_time(lidar, frame): frame for frame in range(lidar.frames)}
        tracks = KeyFrames(path, lidar.id, lidar.frames)
        elsewhere: set[int] = set()
        lost = 0
        for row in self._rows(LABELS, _LABEL):
            frame = frames.get(row["timestamp_ns"])
            if frame is None:
                elsewhere.add(row["timestamp_ns"])
                lost += 1
                continue
            try:
                box = solid(xyz([row[key] for key in _PLACE]), xyz([row[key] for key in _SIZE]), _turned(row))
                track = tracks.track(row["track_uuid"], row["category"] or "unknown")
                held = ((POINTS, row[POINTS]),) if row[POINTS] >= 0 else ()
            except FAULTS as error:
                self.problems.add(bad_box(path, f"{row['category']} at {row['timestamp_ns']}", error))
                continue
            self.problems.add(tracks.box(track, frame, box, held))
        if elsewhere:
            self.problems.add(
                Problem(
                    path=path,
                    code="import.missing_file",
                    message=f"{len(elsewhere):,} labelled times have no sweep here; their {lost:,} boxes "
                    "were left out.",
                    hint="Copy the sweeps of these times into sensors/lidar, and import the log again.",
                )
            )
        yield from tracks.entities()


def _turned(row: _Row) -> Quaternion:
    return rotation(row[key] for key in _ROTATION)


def _pose(row: _Row) -> Pose:
    return Pose(xyz([row[key] for key in _PLACE]), _turned(row))


def _time(value: int) -> int:
    if not 0 <= value < 2**63:
        raise ValueError(f"the time {value}")
    return value


def _camera(name: str, row: _Row, pose: Pose) -> AnyEntity:
    fx, fy, cx, cy, k1, k2, k3 = (number(row[key]) for key in _LENS)
    # av2-api projects without the coefficients, so they are carried and not applied
    distortion = (k1, k2, 0.0, 0.0, k3) if any((k1, k2, k3)) else ()
    matrix = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1.0]])
    lens = Lens(matrix, "pinhole", distortion, (row["width_px"], row["height_px"]))
    return camera(StreamId(name), lens, pose)


def _bad_row(path: str, why: str, code: str = "import.malformed") -> Problem:
    return Problem(
        path=path, code=code, message=f"Of this log {why}; it was left out.", hint="Mend the table."
    )


def _broken(path: str, sensor: str, why: Exception) -> Problem:
    return Problem(
        path=path,
        code="calibration.broken",
        message=f"The calibration of {sensor!r} cannot be ({why}); the sensor was left out.",
        hint="Mend the calibration and import again.",
    )


def _written(scene: Scene, losses: Losses) -> Iterator[tuple[str, bytes]]:
    yield FILES, msgspec.json.encode(files_of(scene.item, scene.names()))
    labels: dict[str, list[Any]] = {name: [] for name in _LABEL}
    for frame in range(scene.frames):
        for box in scene.boxes(frame):
            held = dict(box.attributes)
            points = held.pop(POINTS, None)
            if not isinstance(points, int) or isinstance(points, bool):
                losses.add("number of points in a box", "written as 0")
                points = 0
            for name in held if box.is_key else ():
                losses.add(f"attribute {name!r} of a box")
            row = {
                "timestamp_ns": scene.time_ns(frame),
                "track_uuid": scene.label_of(box.track),
                "category": box.track.class_name,
                **dict(zip(_SIZE, box.solid.size, strict=True)),
                **dict(zip(_ROTATION, box.solid.rotation, strict=True)),
                **dict(zip(_PLACE, box.solid.centre, strict=True)),
                POINTS: points,
            }
            for name, column in labels.items():
                column.append(row[name])
    yield LABELS, table_bytes({name: (_TYPES[_LABEL[name]], v) for name, v in labels.items()})
    if scene.poses:
        yield (
            POSES,
            table_bytes(
                {
                    "timestamp_ns": ("int64", [each.time_ns for each in scene.poses]),
                    **_pose_columns([Pose(each.translation, each.rotation) for each in scene.poses]),
                }
            ),
        )
    yield from _written_sensors(scene, losses)


def _written_sensors(scene: Scene, losses: Losses) -> Iterator[tuple[str, bytes]]:
    poses: dict[str, Pose] = {}
    lenses: dict[str, list[Any]] = {name: [] for name in ("sensor_name", *_LENS, "height_px", "width_px")}
    for each in scene.calibrations:
        lens = lens_of(each)
        k1, k2, _, _, k3 = (*lens.distortion, 0.0, 0.0, 0.0, 0.0, 0.0)[:5]
        if lens.model != "pinhole":
            losses.add("lens that bends", "its k1, k2, k3 are written, and readers take pictures as straight")
        if lens.matrix[0, 1]:
            losses.add("skew of a camera")
        poses[each.stream] = Pose(each.translation, each.rotation)
        row = (
            *(each.stream, lens.matrix[0, 0], lens.matrix[1, 1], lens.matrix[0, 2], lens.matrix[1, 2]),
            *(k1, k2, k3, lens.size[1], lens.size[0]),
        )
        for name, value in zip(lenses, row, strict=True):
            lenses[name].append(value)
    for system in scene.systems:
        pose = scene.in_ego(system.name)
        if pose is None:
            losses.add("frame of reference that nothing joins to the ego frame")
        elif system.name in poses:
            losses.add("frame of reference with the name of a camera")
        else:
            if system.parent not in ("", EGO):
                losses.add("parent of a frame of reference", "written as its pose in the ego frame")
            poses[system.name] = pose
    if poses:
        columns = {"sensor_name": ("string", list(poses)), **_pose_columns(list(poses.values()))}
        yield SENSORS, table_bytes(columns)
    if lenses["sensor_name"]:
        kinds = {"sensor_name": "string", "height_px": "int64", "width_px": "int64"}
        yield LENSES, table_bytes({name: (kinds.get(name, "float64"), v) for name, v in lenses.items()})


def _pose_columns(poses: list[Pose]) -> dict[str, tuple[str, list[Any]]]:
    names = (*_ROTATION, *_PLACE)
    rows = [dict(zip(names, (*pose.rotation, *pose.translation), strict=True)) for pose in poses]
    return {name: ("float64", [row[name] for row in rows]) for name in _POSE}
