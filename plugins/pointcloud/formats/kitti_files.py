"""Finding KITTI's files by what stands in them, and reading what its benchmarks have in common."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple, TypeGuard

import msgspec
from msgspec.structs import replace

from plugins.pointcloud.formats.calibration_kitti import from_kitti
from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.kitti_calibration import PICTURE, names_in, rectified_of
from plugins.pointcloud.formats.kitti_labels import (
    OBJECT_WORDS,
    TRACKING_WORDS,
    Rect,
    Row,
    on_picture,
    row_of,
    solid_of,
)
from plugins.pointcloud.formats.scene_files import SceneFiles, as_files, files_of
from plugins.pointcloud.formats.shared import (
    FAULTS,
    PICTURE_SUFFIXES,
    POINT_SUFFIXES,
    Problems,
    Solid,
    bad_box,
    folder_of,
    missing_frame,
    name_of,
    split_of,
    stem_of,
    within,
)
from studio.domain.cameras import box_on_picture
from studio.domain.contracts.formats import Budget, Sink, Tree, WriteItem
from studio.domain.contracts.reading import as_problem, read_json, read_text
from studio.domain.entities import AnyEntity, Box, Calibration, CoordinateSystem
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Pose, corners

TextKind = Literal["calibration", "raw calibration", "object", "tracking", ""]
OWN_FILES = "atelier_files"  # a folder of them beside the labels: the layout has one folder for many items
RATE_HZ = 10.0
STEP_NS = 100_000_000  # between two frames of KITTI, where no file says their times
SWEEPS = ("velodyne", "velodyne_points", "velodyne_reduced")
_POINTS = tuple(suffix for suffix in POINT_SUFFIXES if suffix not in (".txt", ".csv"))
_CAMERA = re.compile(r"image_0?([0-3])")
_HEAD_BYTES = 4096
_MOST_FRAMES = 1_000_000
_COMPUTED = 0.01  # pixels by which a box of ours differs from what was written of it, at most
_LOOKED_AT = 6  # files of one folder, until one says what they are


class Calibrated(NamedTuple):
    """What a calibration file says: its text, entities, and the rectified camera 0 in the ego frame."""

    text: str = ""
    entities: tuple[Calibration | CoordinateSystem, ...] = ()
    rectified: Pose | None = None
    picture: StreamId = StreamId(PICTURE)  # the camera on which labels have their boxes


class Folders:
    """The tree by folders: which text files it has, and which points and pictures by their stems."""

    def __init__(self, tree: Tree) -> None:
        self._tree = tree
        self.texts: dict[str, dict[str, str]] = {}
        self.points: dict[str, dict[str, str]] = {}
        self.pictures: dict[str, dict[str, str]] = {}
        for path in tree.paths():
            lower = path.lower()
            for held, suffixes in (
                (self.texts, (".txt",)),
                (self.points, _POINTS),
                (self.pictures, PICTURE_SUFFIXES),
            ):
                if lower.endswith(suffixes):
                    held.setdefault(folder_of(path), {})[stem_of(path)] = path

    def kinds(self) -> Iterator[tuple[str, TextKind]]:
        """Every folder with text files, and what they are."""
        for folder, held in sorted(self.texts.items()):
            paths = list(held.values())
            for path in paths[:: max(1, len(paths) // _LOOKED_AT)][:_LOOKED_AT]:
                if kind := text_kind(self._tree, path):
                    yield folder, kind
                    break

    def sweeps(self, root: str, inner: str = "") -> dict[str, str]:
        """Points files by stem in the sweeps' folder of `root`, or in the folder `inner` of that."""
        for name in SWEEPS:
            folder = within(within(root, name), inner) if inner else within(root, name)
            for each in (folder, within(folder, "data")):
                if each in self.points:
                    return self.points[each]
        return {}

    def cameras(self, root: str, inner: str = "") -> dict[StreamId, dict[str, str]]:
        """Pictures by stem of each camera of `root`, the left colour camera first."""
        found: dict[StreamId, dict[str, str]] = {}
        for folder, held in self.pictures.items():
            camera = folder.removesuffix("/data")
            if inner:
                if name_of(camera) != inner:
                    continue
                camera = folder_of(camera)
            number = _CAMERA.fullmatch(name_of(camera))
            if number is not None and folder_of(camera) == root:
                found[StreamId(f"image_{int(number[1]):02}")] = held
        return dict(sorted(found.items(), key=lambda each: (each[0] != PICTURE, each[0])))


def text_kind(tree: Tree, path: str) -> TextKind:
    """What a text file is, from its head."""
    with tree.open(path) as file:
        head = file.read(_HEAD_BYTES).decode("utf-8", "replace")
    if re.search(r"^P_rect_02:|^(R|T): ", head, re.MULTILINE):
        return "raw calibration"
    if re.search(r"^P2:?\s", head, re.MULTILINE) and re.search(
        r"^Tr(_velo(_to)?_cam)?:?\s", head, re.MULTILINE
    ):
        return "calibration"
    lines = [line for line in head.splitlines() if line.strip()]
    if lines and _is_label(lines[0], OBJECT_WORDS):
        return "object"
    return "tracking" if lines and _is_label(lines[0], TRACKING_WORDS) else ""


def _is_label(line: str, words: Sequence[int]) -> bool:
    """Whether a line is a label; a table of numbers, whose class would be one too, is none."""
    try:
        class_name = row_of(line, words).class_name
    except ValueError:
        return False
    return class_name[:1].isalpha()


def calibration_in(tree: Tree, path: str | None, budget: Budget, problems: Problems) -> Calibrated:
    """A calibration file; what of it cannot be is named, and the rest holds."""
    if path is None:
        return Calibrated()
    try:
        text = read_text(tree, path, budget)
    except AtelierError as error:
        problems.add(as_problem(path, error))
        return Calibrated()
    return calibrated(text, path, problems)


def calibrated(text: str, path: str, problems: Problems) -> Calibrated:
    """What the text of a calibration says; what of it cannot be is named."""
    found, wrong = from_kitti(text)
    for each in wrong:
        problems.add(as_problem(path, each))
    names = names_in(text)
    entities = tuple(
        replace(each, stream=StreamId(names.get(str(each.stream), str(each.stream))))
        if isinstance(each, Calibration)
        else each
        for each in found
        if not names or not isinstance(each, Calibration) or str(each.stream) in names
    )
    picture = StreamId(names.get(PICTURE, PICTURE))
    try:
        rectified = rectified_of(text)
    except AtelierError:
        return Calibrated(text, entities, None, picture)  # `from_kitti` has said why
    return Calibrated(text, entities, rectified, picture)


def frames_between(numbers: Iterable[int]) -> dict[int, int]:
    """A source's number of a frame -> ours: all from the first to the last, unless they lie too far apart."""
    ordered = sorted(set(numbers)) or [0]
    if ordered[-1] - ordered[0] >= _MOST_FRAMES:
        return {number: frame for frame, number in enumerate(ordered)}
    return {number: number - ordered[0] for number in range(ordered[0], ordered[-1] + 1)}


def side_of(root: str) -> str:
    """`test` for KITTI's folder of that name. Its `training` says that there are labels, not what trains."""
    return "test" if split_of(root) == "test" else ""


def by_number(held: Mapping[str, str]) -> dict[int, str]:
    """Files whose names are numbers, by these."""
    return {int(stem): path for stem, path in sorted(held.items()) if stem.isdecimal() and len(stem) <= 18}


def place_rows(
    rows: Iterable[tuple[int, Row]],
    path: str,
    tracks: KeyFrames,
    calibration: Calibrated,
    problems: Problems,
    lacking: str = "calibration",
) -> list[AnyEntity]:
    """Gather the boxes of (frame, row) in `tracks`; the answer is their boxes on pictures.

    A box on the picture that is just what the camera sees of the cuboid was computed, and is left away.
    Without a rectified camera no box has a place in space: their number is said, with what is `lacking`, and
    those on pictures stay.
    """
    camera = next((each for each in calibration.entities if _is_camera(each, calibration.picture)), None)
    flat: list[AnyEntity] = []
    lost = 0
    for frame, row in rows:
        track = tracks.track(str(row.track) if row.track >= 0 else "", row.class_name)
        box: Solid | None = None
        try:
            if calibration.rectified is not None:
                box = solid_of(row, calibration.rectified)
            elif max(row.size) > 0:
                lost += 1
        except FAULTS as error:
            problems.add(bad_box(path, f"a {row.class_name} at frame {frame}", error))
        if box is not None:
            made: Literal["model", "hand"] = "model" if row.score is not None else "hand"
            if (problem := tracks.box(track, frame, box, row.attributes, made=made)) is not None:
                problems.add(problem)
                continue
        xyxy = on_picture(row)
        if xyxy is not None and not (box is not None and camera is not None and _is_seen(box, camera, xyxy)):
            flat.append(
                Box(
                    id=EntityId(new_id()),
                    track=track.id,
                    stream=calibration.picture,
                    frame=frame,
                    xyxy=xyxy,
                    attributes=() if box is not None else row.attributes,
                )
            )
    if lost:
        problems.add(
            missing_frame(
                path, f"{lost:,} boxes in space were left out: there is no {lacking} beside these labels."
            )
        )
    return flat


def _is_camera(entity: AnyEntity, name: StreamId) -> TypeGuard[Calibration]:
    return isinstance(entity, Calibration) and entity.stream == name


def _is_seen(box: Solid, camera: Calibration, xyxy: Rect) -> bool:
    seen = box_on_picture(corners(box.centre, box.size, box.rotation), camera)
    return seen is not None and max(abs(a - b) for a, b in zip(seen, xyxy, strict=True)) < _COMPUTED


def own_files(tree: Tree, root: str, name: str, budget: Budget) -> tuple[str, SceneFiles] | None:
    """The list of files that we wrote beside the labels of an item, and its path.

    Raises `import.malformed`, `import.bad_json`.
    """
    path = within(root, f"{OWN_FILES}/{name}.json")
    if path not in tree.paths():
        return None
    return path, as_files(path, read_json(tree, path, budget))


def own_names(tree: Tree, labels: str) -> Iterator[tuple[str, str, str]]:
    """Root, name and label file of every item that we wrote with a list of its files.

    labels: the folder of label files, which tells one benchmark from the other.
    """
    there = set(tree.paths())
    for path in sorted(there):
        folder = folder_of(path)
        if name_of(folder) == OWN_FILES and path.endswith(".json"):
            root, name = folder_of(folder), stem_of(path)
            label = within(root, f"{labels}/{name}.txt")
            if label in there:
                yield root, name, label


def write_own_files(sink: Sink, root: str, name: str, item: WriteItem, frames: tuple[str, ...]) -> None:
    """What `own_files` reads: for an item whose files do not lie where KITTI's would."""
    sink.write(within(root, f"{OWN_FILES}/{name}.json"), msgspec.json.encode(files_of(item, frames)))
