"""KITTI's object benchmark: a sweep and its pictures an item, boxes in space and on the left colour picture.

Geiger et al. (2012): velodyne/NAME.bin, image_2/NAME.png (and image_3), calib/NAME.txt, label_2/NAME.txt.
The ego frame is the velodyne's. A box on the picture comes in beside its cuboid, as a person's own; a
DontCare, which has no place in space, as a track of its own with a box alone. Alpha is computed when written.
Without any sweeps the items are pictures, and their boxes in space are left out.
"""

from collections.abc import Iterable, Iterator
from typing import Literal

from msgspec.structs import replace

from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.kitti_calibration import carried, rig_of
from plugins.pointcloud.formats.kitti_files import (
    Folders,
    calibration_in,
    own_files,
    own_names,
    place_rows,
    side_of,
    write_own_files,
)
from plugins.pointcloud.formats.kitti_labels import OBJECT_WORDS, Row, line_of, rows_of
from plugins.pointcloud.formats.kitti_writing import Rows, report
from plugins.pointcloud.formats.picture_sizes import sized
from plugins.pointcloud.formats.scene import Scene
from plugins.pointcloud.formats.scene_files import media_of
from plugins.pointcloud.formats.shared import (
    LIDAR,
    Problems,
    finished,
    folder_for,
    folder_of,
    media,
    missing_frame,
    name_of,
    stem_of,
    within,
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
from studio.domain.contracts.reading import Losses, as_problem, read_text
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.space import frame_near
from studio.domain.wording import counted

LABELS, CALIBRATIONS = "label_2", "calib"
_FOLDERS = {f"image_{at:02}": f"image_{at}" for at in range(4)}  # of pictures, by our names of cameras
_LISTS = ("train", "val", "test")
_SNIFFED_FILES = 20


class KittiObject:
    """Reads and writes KITTI's object benchmark."""

    name = "kitti_object"
    title = "KITTI object"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by label files of 15 or 16 words a line, or calibrations named as sweeps beside them."""
        sets = _sets(tree)
        if not sets:
            return None
        stems = sum(len(each.stems()) for each in sets)
        sweeps = sum(len(each.sweeps) for each in sets)
        classes: set[str] = set()
        for each in sets:
            for path in list(each.labels.values())[:_SNIFFED_FILES]:
                rows = rows_of(_text(tree, path), OBJECT_WORDS, path)
                classes |= {row.class_name for row in rows if isinstance(row, Row)}
        labelled = sum(len(each.labels) for each in sets)
        sure = 0.96 if sweeps else 0.8  # others write this layout for pictures alone
        held = f"{counted(sweeps, 'sweep')}, {counted(labelled, 'label file')}"
        summary = f"{counted(stems, 'frame')} of KITTI's object benchmark, {held}"
        return Sniffed(self.name, sure, stems, summary, tuple(sorted(classes)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a frame. A line or file that cannot be read is named, and the rest comes in."""
        for each in _sets(tree):
            splits = each.splits(tree)
            for stem in each.stems():
                problems = Problems()
                try:
                    item = _item(tree, each, stem, splits, budget, problems)
                except AtelierError as error:
                    yield as_problem(each.labels.get(stem, stem), error)
                    continue
                yield from problems
                yield finished(item.source, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """label_2/NAME.txt and calib/NAME.txt for each frame; points and pictures stay where they are."""
        losses = Losses()
        used: set[str] = set()
        for item in items:
            scene = Scene(item, losses)
            report(scene, tracks=False)
            rig = rig_of(scene, losses)
            rows = Rows(scene, rig)
            root, names, own = _home(scene, used)
            for frame, name in enumerate(names):
                lines = [line_of(row, tracking=False) for row in rows.at(frame, {})]
                sink.write(
                    within(root, f"{LABELS}/{name}.txt"), "".join(f"{each}\n" for each in lines).encode()
                )
                sink.write(within(root, f"{CALIBRATIONS}/{name}.txt"), rig.text.encode())
                if own:
                    alone = item if len(names) == 1 else _one_frame(scene, frame, within(item.name, name))
                    write_own_files(sink, root, name, alone, (name,))
        return losses.report()


class _Set:
    """One folder of the benchmark, as `training`: its files by stem."""

    def __init__(self, root: str) -> None:
        self.root = root
        self.labels: dict[str, str] = {}
        self.calibrations: dict[str, str] = {}
        self.sweeps: dict[str, str] = {}
        self.cameras: dict[str, dict[str, str]] = {}

    def stems(self) -> list[str]:
        """Every frame that has labels, points or a picture."""
        held = (self.labels, self.sweeps, *self.cameras.values())
        return sorted({stem for each in held for stem in each})

    def splits(self, tree: Tree) -> dict[str, str]:
        """Stem -> side of the split, as the lists in ImageSets say; empty where there are none."""
        found: dict[str, str] = {}
        there = set(tree.paths())
        for side in _LISTS:
            for folder in (self.root, folder_of(self.root)):
                path = within(folder, f"ImageSets/{side}.txt")
                if path in there:
                    for line in _text(tree, path).split():
                        found.setdefault(line, side)
        return found


def _sets(tree: Tree) -> list[_Set]:
    folders = Folders(tree)
    found: dict[str, _Set] = {}

    def at(root: str) -> _Set:
        return found.setdefault(root, _Set(root))

    for folder, kind in folders.kinds():
        if kind == "object":
            at(folder_of(folder)).labels = folders.texts[folder]
        elif kind == "calibration":
            at(folder_of(folder)).calibrations = folders.texts[folder]
    for root, name, path in own_names(tree, LABELS):
        held = at(root)
        held.labels = {**held.labels, name: path}
    for root, each in found.items():
        each.labels = each.labels or folders.texts.get(within(root, LABELS), {})  # none of which has a line
        each.sweeps = folders.sweeps(root)
        each.cameras = {str(name): held for name, held in folders.cameras(root).items()}
    return [each for _, each in sorted(found.items()) if _is_one(each)]


def _is_one(found: _Set) -> bool:
    """With labels, or with calibrations that are called as sweeps or pictures are."""
    others = {*found.sweeps, *(stem for held in found.cameras.values() for stem in held)}
    return bool(found.labels) or bool(others & found.calibrations.keys())


def _text(tree: Tree, path: str) -> str:
    """A text, or nothing where it cannot be read; `read` says why."""
    try:
        return read_text(tree, path, Budget())
    except AtelierError:
        return ""


def _item(
    tree: Tree, found: _Set, stem: str, splits: dict[str, str], budget: Budget, problems: Problems
) -> ReadItem:
    path = found.labels.get(stem)
    known = own_files(tree, found.root, stem, budget)
    streams = _media(found, stem, problems)
    split = splits.get(stem, "") if splits else side_of(found.root)
    source = next((each for file in streams for each in file.paths if each), path or stem)
    if known is not None:
        streams, missing = media_of(tree, *known)
        for each in missing:
            problems.add(each)
        source, split = known[1].name, known[1].split
    calibration = calibration_in(tree, found.calibrations.get(stem), budget, problems)
    streams, sensors = sized(tree, streams, calibration.entities)
    calibration = calibration._replace(entities=sensors)
    has_points = any(file.stream.kind == "points" for file in streams)
    tracks = KeyFrames(path or stem, LIDAR, 1)
    flat = []
    if path is not None:
        rows: list[tuple[int, Row]] = []
        for row in rows_of(read_text(tree, path, budget), OBJECT_WORDS, path):
            if isinstance(row, Row):
                rows.append((0, row))
            else:
                problems.add(row)
        if has_points:
            flat = place_rows(rows, path, tracks, calibration, problems)
        else:
            flat = place_rows(rows, path, tracks, calibration._replace(rectified=None), problems, "sweep")
    if flat and all(file.stream.id != calibration.picture for file in streams):
        streams = (*streams, media("image", calibration.picture, []))
    return ReadItem(
        source=source,
        media=streams,
        entities=(*calibration.entities, *tracks.entities(), *flat),
        state="accepted" if path is not None else "new",
        split=split,
        sidecar=carried(calibration.text) if calibration.text else b"",
    )


def _media(found: _Set, stem: str, problems: Problems) -> tuple[MediaFile, ...]:
    """The sweep first: its kind decides in which editor the item opens."""
    made: list[MediaFile] = []
    if found.sweeps or not found.cameras:
        made.append(media("points", LIDAR, [found.sweeps.get(stem, "")]))
    if found.sweeps and stem not in found.sweeps:
        problems.add(missing_frame(within(found.root, f"velodyne/{stem}.bin"), "This frame has no sweep."))
    for name, pictures in found.cameras.items():
        made.append(media("image", name, [pictures.get(stem, "")]))
    return tuple(made)


def _home(scene: Scene, used: set[str]) -> tuple[str, tuple[str, ...], bool]:
    """The folder of an item's labels, what its frames are called, and whether its files lie elsewhere."""
    paths = scene.paths(scene.reference)
    if len(paths) == 1 and name_of(folder_of(paths[0])) == "velodyne":
        root, stem = folder_of(folder_of(paths[0])), stem_of(paths[0])
        if within(root, stem) not in used:
            used.add(within(root, stem))
            return root, (stem,), not _is_beside(scene, root, stem)
    free = folder_for(within("training", name_of(scene.item.name) or "frame"), used)
    count = max(1, scene.frames)
    stem = name_of(free)
    names = (stem,) if count == 1 else tuple(f"{stem}_{frame:06}" for frame in range(count))
    return folder_of(free), names, True


def _is_beside(scene: Scene, root: str, stem: str) -> bool:
    """Whether the pictures lie where KITTI's would, so that nothing has to say where they are."""
    for camera in scene.cameras:
        folder = within(root, _FOLDERS.get(str(camera.stream.id), ""))
        if any(path and (folder_of(path), stem_of(path)) != (folder, stem) for path in camera.paths):
            return False
    return len(scene.item.streams) == 1 + len(scene.cameras)


def _one_frame(scene: Scene, frame: int, name: str) -> WriteItem:
    """An item of one frame of a log, for the list of its files."""
    streams, paths = [], []
    for stream in scene.item.streams:
        at = frame_near(stream, scene.time_ns(frame)) if scene.reference is not None else 0
        held = scene.paths(stream)
        streams.append(replace(stream, frames=1, times_ns=stream.times_ns[at : at + 1]))
        paths.append((held[at],) if held and held[at] else ())
    return replace(scene.item, name=name, streams=tuple(streams), source_paths=tuple(paths))
