"""SemanticKITTI: a class and an instance for every point of a sequence of sweeps.

Behley et al. (2019), semantic-kitti.org/dataset.html. A folder a sequence: velodyne/NAME.bin,
labels/NAME.label (32 bits a point: class below, instance above), poses.txt and calib.txt as in KITTI's
odometry benchmark, times.txt in seconds. The ego frame is the velodyne's.
"""

import re
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import pairwise
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import NDArray

from plugins.pointcloud.formats import semantic_kitti_classes as classes
from plugins.pointcloud.formats.calibration import rigid
from plugins.pointcloud.formats.calibration_kitti import from_kitti, velodyne_to_camera
from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.scene_files import NAME as FILES
from plugins.pointcloud.formats.scene_files import files_of, media_of, read_files
from plugins.pointcloud.formats.shared import (
    LIDAR,
    PICTURE_SUFFIXES,
    Problems,
    finished,
    folder_of,
    malformed,
    media,
    missing_frame,
    name_of,
    points_in,
    split_of,
    stem_of,
    within,
)
from plugins.pointcloud.point_labels import RUN, PointLabels, joined, tiles_of
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
from studio.domain.contracts.reading import Losses, as_problem, read_bytes, read_text
from studio.domain.entities import AnyEntity, Calibration, EgoPose, Tile
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, new_id
from studio.domain.ontology import Ontology
from studio.domain.space import Floats, Pose, as_matrix, as_pose, frame_time, inverse
from studio.domain.wire.projects import Stream
from studio.domain.wording import counted

SWEEPS, LABELS = "velodyne", "labels"
POSES, CALIBRATION, TIMES = "poses.txt", "calib.txt", "times.txt"
POINT_BYTES = 16  # of a velodyne sweep: x, y, z, remission as float32
_CAMERA = re.compile(r"image_0?([0-3])")
_SNIFFED_FILES = 3
_MOST_POINTS = 4096 * RUN


class SemanticKitti:
    """Reads and writes SemanticKITTI."""

    name = "semantic_kitti"
    title = "SemanticKITTI"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by label files of 32 bits a point beside sweeps."""
        sequences = _sequences(tree)
        if not sequences:
            return None
        used: set[str] = set()
        for sequence in sequences[:_SNIFFED_FILES]:
            names = _names(tree, sequence, Budget())
            for path in _label_files(tree, sequence)[:_SNIFFED_FILES]:
                with tree.open(path) as file:
                    numbers = np.frombuffer(file.read(4 * RUN)[: tree.size(path) // 4 * 4], "<u4") & 0xFFFF
                used |= {classes.name_of(int(each), names) for each in np.unique(numbers)}
        labelled = sum(len(_label_files(tree, each)) for each in sequences)
        held = counted(labelled, "labelled sweep")
        summary = f"{counted(len(sequences), 'sequence')} of SemanticKITTI with {held}"
        return Sniffed(self.name, 0.95, len(sequences), summary, tuple(sorted(used - {""})))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a sequence. Labels that do not fit their sweep are named, and the rest comes in."""
        for sequence in _sequences(tree):
            reader = _Sequence(tree, sequence, budget)
            try:
                item = reader.item()
            except AtelierError as error:
                yield as_problem(within(sequence, FILES), error)
                continue
            yield from reader.problems
            yield finished(sequence or LABELS, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """A folder for each item, and one table of the classes' numbers. Boxes are not held."""
        losses = Losses()
        used: set[str] = set()
        names = dict(classes.STANDARD)
        written = False
        for item in items:
            written = True
            scene = Scene(item, losses)
            scene.report("poses", "cameras", "point_labels", "streams", "no_boxes")
            folder = scene.home(SWEEPS, used)
            sink.write(within(folder, FILES), msgspec.json.encode(files_of(item, scene.names())))
            labelled = False
            for name, data in _labels(scene, names, losses):
                sink.write(within(folder, name), data)
                labelled = True
            if not labelled:
                losses.add("item without labels of points", "nothing of it is found again")
            for name, text in _texts(scene, losses):
                sink.write(within(folder, name), text.encode())
        if written:
            sink.write(classes.FILE, classes.written(names))
        return losses.report()


def _sequences(tree: Tree) -> list[str]:
    paths = tree.paths()
    labelled = {folder_of(folder_of(path)) for path in paths if _is_label(path)}
    data = {folder_of(folder_of(path)) for path in paths if name_of(folder_of(path)) == SWEEPS}
    data |= {folder_of(path) for path in paths if name_of(path) == FILES}
    return sorted(labelled & data)


def _is_label(path: str) -> bool:
    return path.endswith(".label") and name_of(folder_of(path)) == LABELS


def _label_files(tree: Tree, sequence: str) -> list[str]:
    folder = within(sequence, LABELS)
    return [path for path in tree.paths() if _is_label(path) and folder_of(path) == folder]


def _names(tree: Tree, sequence: str, budget: Budget) -> dict[int, str]:
    """The table of classes in the folder or one above it, else the standard's."""
    there, folder = set(tree.paths()), sequence
    while True:
        path = within(folder, classes.FILE)
        if path in there:
            try:
                return classes.names_in(read_text(tree, path, budget)) or dict(classes.STANDARD)
            except AtelierError:
                return dict(classes.STANDARD)
        if not folder:
            return dict(classes.STANDARD)
        folder = folder_of(folder)


class _Sequence:
    """Reads one sequence."""

    def __init__(self, tree: Tree, folder: str, budget: Budget) -> None:
        self._tree = tree
        self._folder = folder
        self._budget = budget
        self._there = [path for path in tree.paths() if not folder or path.startswith(f"{folder}/")]
        self._used: set[str] = set()
        self.problems = Problems()

    def item(self) -> ReadItem:
        """The whole sequence. Raises `import.malformed` where its list of files is none."""
        known = read_files(self._tree, self._folder, self._budget)
        if known is not None:
            streams, missing = media_of(self._tree, within(self._folder, FILES), known)
            for each in missing:
                self.problems.add(each)
            names = known.frames
        else:
            sweeps = sorted(path for path in self._there if folder_of(path) == within(self._folder, SWEEPS))
            names = tuple(stem_of(path) for path in sweeps)
            streams = tuple(self._media(sweeps))
        lidar = next((each for each in streams if each.stream.kind == "points"), None)
        entities: list[AnyEntity] = []
        blobs: dict[str, bytes] = {}
        if lidar is not None:
            cameras, to_camera = self._calibration()
            there = {each.stream.id for each in streams}
            entities += [each for each in cameras if each.stream in there]
            entities += self._poses(lidar.stream, names, to_camera)
            for tile, blob in self._tiles(lidar, names):
                entities.append(tile)
                blobs[tile.blob] = blob
        return ReadItem(
            source=known.name if known else self._folder or SWEEPS,
            media=streams,
            entities=tuple(entities),
            group_key=self._folder,
            state="accepted",
            split=known.split if known else split_of(self._folder),
            blobs=tuple(blobs.items()),
            classes=tuple(sorted(self._used - {""})),
        )

    def _media(self, sweeps: list[str]) -> Iterator[MediaFile]:
        names = [stem_of(path) for path in sweeps]
        times = self._times(names)
        yield media("points", LIDAR, sweeps, times)
        pictures: dict[str, dict[str, str]] = {}
        for path in self._there:
            said = _CAMERA.fullmatch(name_of(folder_of(path)))
            if said and path.lower().endswith(PICTURE_SUFFIXES):
                pictures.setdefault(f"image_0{said[1]}", {})[stem_of(path)] = path
        for camera, by_name in sorted(pictures.items()):
            yield media("image", camera, [by_name.get(name, "") for name in names], times)

    def _lines(self, name: str, frames: list[str] | tuple[str, ...]) -> list[str]:
        """One line a frame, by its place or, in a part of a sequence, by its number; else none."""
        path = within(self._folder, name)
        if path not in self._there:
            return []
        try:
            lines = [line for line in read_text(self._tree, path, self._budget).splitlines() if line.strip()]
        except AtelierError as error:
            self.problems.add(as_problem(path, error))
            return []
        if len(lines) == len(frames):
            return lines
        if all(each.isdecimal() and int(each) < len(lines) for each in frames):
            return [lines[int(each)] for each in frames]
        self.problems.add(malformed(path, f"{len(lines)} lines for {len(frames)} frames"))
        return []

    def _times(self, names: list[str]) -> list[int]:
        lines = self._lines(TIMES, names)
        try:
            times = [int((Decimal(line.strip()) * 10**9).to_integral_value()) for line in lines]
        except (InvalidOperation, ValueError, OverflowError) as error:
            self.problems.add(malformed(within(self._folder, TIMES), f"a time is no number ({error})"))
            return []
        if any(abs(time) >= 2**63 for time in times) or any(b <= a for a, b in pairwise(times)):
            self.problems.add(malformed(within(self._folder, TIMES), "its times are out of order"))
            return []
        return times

    def _calibration(self) -> tuple[list[Calibration], Floats]:
        path = within(self._folder, CALIBRATION)
        if path not in self._there:
            return [], np.eye(4)
        try:
            text = read_text(self._tree, path, self._budget)
            found, wrong = from_kitti(text)
            for each in wrong:
                self.problems.add(as_problem(path, each))
            cameras = [each for each in found if isinstance(each, Calibration)]
            return cameras, as_matrix(rigid("velodyne", velodyne_to_camera(text).ravel().tolist()))
        except AtelierError as error:
            self.problems.add(as_problem(path, error))
            return [], np.eye(4)

    def _poses(self, lidar: Stream, names: tuple[str, ...], to_camera: Floats) -> Iterator[EgoPose]:
        for frame, line in enumerate(self._lines(POSES, names)[: lidar.frames]):
            try:
                pose = rigid("ego", [float(each) for each in line.split()])
            except (AtelierError, ValueError) as error:
                why = error.message if isinstance(error, AtelierError) else str(error)
                self.problems.add(malformed(within(self._folder, POSES), f"line {frame + 1}: {why}"))
                continue
            own = as_pose(np.linalg.inv(to_camera) @ as_matrix(pose) @ to_camera)
            yield EgoPose(
                id=EntityId(new_id()),
                time_ns=frame_time(lidar, frame),
                translation=own.translation,
                rotation=own.rotation,
            )

    def _tiles(self, lidar: MediaFile, names: tuple[str, ...]) -> Iterator[tuple[Tile, bytes]]:
        known = _names(self._tree, self._folder, self._budget)
        files = {stem_of(path): path for path in _label_files(self._tree, self._folder)}
        for frame, name in enumerate(names[: lidar.stream.frames]):
            path = files.pop(name, "")
            if not path:
                continue
            sweep = lidar.paths[frame] if frame < len(lidar.paths) else ""
            try:
                labels = self._labels(path, sweep, known)
            except AtelierError as error:
                self.problems.add(as_problem(path, error))
                continue
            tiles, blobs = tiles_of(labels, lidar.stream.id, frame)
            by_name = dict(blobs)
            yield from ((tile, by_name[tile.blob]) for tile in tiles)
        for path in files.values():
            self.problems.add(missing_frame(path, "There is no sweep for these labels; they were left out."))

    def _labels(self, path: str, sweep: str, known: dict[int, str]) -> PointLabels:
        data = read_bytes(self._tree, path, min(self._budget.file_bytes, 4 * _MOST_POINTS))
        is_velodyne = sweep.endswith(".bin")
        points = self._tree.size(sweep) // POINT_BYTES if is_velodyne else points_in(self._tree, sweep)
        if len(data) != 4 * (len(data) // 4 if points is None else points):
            raise AtelierError(
                "import.malformed",
                f"It labels {len(data) / 4:,g} points, and its sweep has {points or 0:,}; it was left out.",
                hint="Look whether the labels belong to this sweep.",
            )
        values = np.frombuffer(data, "<u4")
        numbers, class_of = np.unique(values & 0xFFFF, return_inverse=True)
        used = tuple(classes.name_of(int(each), known) for each in numbers) or ("",)
        self._used.update(used)
        return PointLabels(used, class_of.astype(np.uint16), (values >> 16).astype(np.uint32))


def _labels(scene: Scene, names: dict[int, str], losses: Losses) -> Iterator[tuple[str, bytes]]:
    """The label files of an item; `names` grows by the numbers of classes that it lacks."""
    by_frame: dict[int, list[Tile]] = {}
    for each in scene.item.entities:
        if isinstance(each, Tile):
            if scene.reference is None or each.stream != scene.reference.id or each.frame >= scene.frames:
                losses.add("tile of another stream than the first points")
            else:
                by_frame.setdefault(each.frame, []).append(each)
    frames = scene.names()
    smaller = _smaller(joined(tiles, scene.item.blob).instance_of for tiles in by_frame.values())
    if smaller:
        losses.add(
            "instance number above 65,535", "written as another one, the same in all sweeps", len(smaller)
        )
    for frame, tiles in sorted(by_frame.items()):
        labels = joined(tiles, scene.item.blob)
        unlabelled = classes.STANDARD[0]
        number = classes.numbered(set(labels.classes) - {unlabelled}, names) | {unlabelled: 0}
        names |= {each: name for name, each in number.items() if each and each not in names}
        if unlabelled in labels.classes:
            count = int((labels.class_of == labels.classes.index(unlabelled)).sum())
            losses.add(f"point of the class {unlabelled!r}", "written as not labelled", count)
        instance = labels.instance_of.copy()
        for large in np.unique(instance[instance > classes.LARGEST]).tolist():
            instance[instance == large] = smaller[large]
        table = np.array([number[name] for name in labels.classes] or [0], np.uint32)
        values = table[labels.class_of] | instance.astype(np.uint32) << 16
        yield f"{LABELS}/{frames[frame]}.label", values.astype("<u4").tobytes()


def _smaller(instances: Iterable[NDArray[np.uint32]]) -> dict[int, int]:
    """A free number for each instance beyond 16 bits, as those of tracks are; 0 where none is left."""
    used: set[int] = set()
    for each in instances:
        used.update(np.unique(each).tolist())
    free = (number for number in range(1, classes.LARGEST + 1) if number not in used)
    return {large: next(free, 0) for large in sorted(used) if large > classes.LARGEST}


def _texts(scene: Scene, losses: Losses) -> Iterator[tuple[str, str]]:
    cameras, to_camera = _kitti_cameras(scene, losses)
    lines = [f"P{at}: {_row(matrix)}" for at, matrix in sorted(cameras.items())]
    yield CALIBRATION, "".join(f"{line}\n" for line in [*lines, f"Tr: {_row(to_camera[:3])}"])
    if scene.reference is not None:
        yield TIMES, "".join(f"{_seconds(scene.time_ns(frame))}\n" for frame in range(scene.frames))
    if scene.poses:
        back = np.linalg.inv(to_camera)
        poses = [to_camera @ as_matrix(scene.pose(frame)) @ back for frame in range(scene.frames)]
        yield POSES, "".join(f"{_row(each[:3])}\n" for each in poses)


def _kitti_cameras(scene: Scene, losses: Losses) -> tuple[dict[int, Floats], Floats]:
    """Projections of the cameras that stand beside the first, and the velodyne's pose in its axes."""
    found: dict[int, Floats] = {}
    to_camera: Floats = np.eye(4)
    for each in scene.calibrations:
        said = _CAMERA.fullmatch(each.stream)
        outer = as_matrix(inverse(Pose(each.translation, each.rotation)))
        if said and not found:
            to_camera = outer
        beside: Floats = outer @ np.linalg.inv(to_camera)
        if said is None or not np.allclose(beside[:3, :3], np.eye(3), atol=1e-6) or each.model != "pinhole":
            losses.add("calibration")
            continue
        matrix = np.array(each.intrinsics).reshape(3, 3).copy()
        matrix[:2, 2] -= 0.5
        found[int(said[1])] = matrix @ beside[:3]
    return found, to_camera


def _row(matrix: Floats) -> str:
    return " ".join(repr(float(each)) for each in matrix.ravel())


def _seconds(time_ns: int) -> str:
    whole, part = divmod(abs(time_ns), 10**9)
    return f"{'-' if time_ns < 0 else ''}{whole}.{part:09}"
