"""labelCloud: one JSON a cloud with boxes, one byte a point with classes, and a list of classes.

github.com/ch-sa/labelCloud (Sager et al. 2022). Boxes stand in the file's own axes: by centroid with angles
in degrees (centroid_abs) or radians (centroid_rel), turned about x, then y, then z of the cloud, or by their
eight corners (vertices). `_classes.json` says which of the two kinds of angles it is.
"""

import math
from collections.abc import Iterable, Iterator
from typing import Any, Literal

import msgspec
import numpy as np

from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.scene import Scene, in_axes_of
from plugins.pointcloud.formats.shared import (
    FAULTS,
    LIDAR,
    POINT_SUFFIXES,
    Problems,
    Solid,
    bad_box,
    finished,
    folder_of,
    malformed,
    media,
    missing_frame,
    name_of,
    number,
    points_in,
    solid,
    stem_of,
    text,
    whole,
    within,
    xyz,
)
from plugins.pointcloud.point_labels import PointLabels, joined, tiles_of
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
from studio.domain.contracts.reading import Files, Losses, as_problem, read_bytes, read_json
from studio.domain.entities import AnyEntity, Tile
from studio.domain.errors import AtelierError
from studio.domain.ontology import Ontology
from studio.domain.space import Floats, angles_of, quaternion_of, turn
from studio.domain.values import XYZ
from studio.domain.wording import counted

CLASSES, SEGMENTATION = "_classes.json", "segmentation"
UNASSIGNED = "unassigned"
LARGEST = 127  # a point has one signed byte
_SIDES = ("length", "width", "height")
_SKEW = 0.02  # by which the edges of a box may miss a right angle, of their length
_SNIFFED_FILES = 50
_DEGREES = ("centroid_abs", "vertices")


class LabelCloud:
    """Reads and writes labelCloud's labels."""

    name = "labelcloud"
    title = "labelCloud"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by its list of classes, or by objects with centroids or corners."""
        found = [path for path in tree.paths() if _looks_right(tree, path)]
        labels = [each for path in found[:_SNIFFED_FILES] if (each := _content(tree, path, Budget()))]
        if not labels:
            return None
        used = set(_table(tree, found[0], Budget())[1].values())
        used |= {each for content in labels for each in map(_class_of, content["objects"])}
        summary = f"{counted(len(found), 'cloud')} labelled in labelCloud"
        return Sniffed(self.name, 0.93, len(found), summary, tuple(sorted(used - {""})))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a cloud. A box that cannot be is named, and the others come in."""
        clouds = Files(tree, POINT_SUFFIXES)
        used: set[str] = set()
        for path in tree.paths():
            if not _looks_right(tree, path):
                continue
            content = _content(tree, path, budget)
            if content is None:
                yield malformed(path, "it is no JSON, or no labels of labelCloud")
                continue
            cloud = _cloud_of(clouds, path, content)
            if cloud is None or cloud in used:
                why = "is not there" if cloud is None else "came in from another label file"
                said = str(content.get("filename") or stem_of(path))[:200]
                yield missing_frame(path, f"The cloud {said!r} {why}; its labels were left out.")
                continue
            used.add(cloud)
            reader = _Labels(tree, path, content, budget)
            item = reader.item(cloud)
            yield from reader.problems
            yield finished(path, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """`labels/NAME.json` for each frame, in centroid_abs; classes of points in `labels/segmentation`."""
        losses = Losses()
        writer = _Writer(losses)
        for item in items:
            scene = Scene(item, losses)
            scene.report("point_labels")
            for name, data in writer.files(scene):
                sink.write(f"labels/{name}", data)
        if writer.names:
            sink.write(
                f"labels/{CLASSES}", msgspec.json.format(msgspec.json.encode(writer.table()), indent=4)
            )
        return losses.report()


def _looks_right(tree: Tree, path: str) -> bool:
    """By its head alone: a JSON of objects in one file of points."""
    if not path.lower().endswith(".json") or name_of(path) == CLASSES:
        return False
    with tree.open(path) as file:
        head = file.read(2048)
    return b'"objects"' in head and b'"filename"' in head


def _content(tree: Tree, path: str, budget: Budget) -> dict[str, Any] | None:
    """The labels of one file; None where it holds none."""
    try:
        content = read_json(tree, path, budget)
    except AtelierError:
        return None
    if not isinstance(content, dict) or not isinstance(objects := content.get("objects"), list):
        return None
    boxes = [each for each in objects if isinstance(each, dict)]
    sound = all("centroid" in each or "vertices" in each for each in boxes)
    return content if sound and len(boxes) == len(objects) else None


def _class_of(entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return name if isinstance(name, str) else ""


def _cloud_of(clouds: Files, path: str, content: dict[str, Any]) -> str | None:
    for said in (content.get("path"), content.get("filename")):
        if isinstance(said, str) and said and (found := clouds.find(said, path)) is not None:
            return found
    return clouds.with_stem(stem_of(path))


def _table(tree: Tree, path: str, budget: Budget) -> tuple[str, dict[int, str]]:
    """The kind of angles, and the names of classes by number, that stand beside a label file or above it."""
    folder = folder_of(path)
    while True:
        beside = within(folder, CLASSES)
        if beside in tree.paths():
            return _read_table(tree, beside, budget)
        if not folder:
            return "", {}
        folder = folder_of(folder)


def _read_table(tree: Tree, path: str, budget: Budget) -> tuple[str, dict[int, str]]:
    try:
        content = read_json(tree, path, budget)
        default = content.get("default", 0)
        names = {whole(each["id"]): text(each["name"]) for each in content["classes"]}
    except (AtelierError, *FAULTS):
        return "", {}
    if isinstance(default, int):
        names[default] = ""  # what nobody has assigned yet
    return str(content.get("format", "")), names


class _Labels:
    """Reads the labels of one cloud."""

    def __init__(self, tree: Tree, path: str, content: dict[str, Any], budget: Budget) -> None:
        self._tree = tree
        self._path = path
        self._content = content
        self._budget = budget
        self._format, self._names = _table(tree, path, budget)
        self.problems = Problems()

    def item(self, cloud: str) -> ReadItem:
        """The cloud with its boxes and the labels of its points."""
        boxes = KeyFrames(self._path, LIDAR, 1)
        in_degrees = self._in_degrees()
        for at, entry in enumerate(self._content["objects"], 1):
            try:
                name = text(entry["name"])
                box = _box(entry, in_degrees)
            except FAULTS as error:
                self.problems.add(bad_box(self._path, f"object {at}", error))
                continue
            boxes.box(boxes.track("", name), 0, box)
        entities = list(boxes.entities())
        tiles, blobs = self._tiles(cloud)
        used = {name for name in self._names.values() if name} if tiles else set()
        return ReadItem(
            source=cloud,
            media=(media("points", LIDAR, [cloud]),),
            entities=(*entities, *tiles),
            state="accepted",
            blobs=tuple(blobs),
            classes=tuple(sorted(used)),
        )

    def _in_degrees(self) -> bool:
        if self._format:
            return self._format in _DEGREES
        # labelCloud's own: degrees from 0 to 360 unless told otherwise, and then radians about 0
        turns = [each.get("rotations") for each in self._content["objects"]]
        angles = [angle for each in turns if isinstance(each, dict) for angle in each.values()]
        return not any(isinstance(angle, int | float) and angle < 0 for angle in angles)

    def _tiles(self, cloud: str) -> tuple[list[AnyEntity], list[tuple[str, bytes]]]:
        path = within(within(folder_of(self._path), SEGMENTATION), f"{stem_of(self._path)}.bin")
        if path not in self._tree.paths():
            return [], []
        try:
            data = read_bytes(self._tree, path, self._budget.file_bytes)
        except AtelierError as error:
            self.problems.add(as_problem(path, error))
            return [], []
        points = points_in(self._tree, cloud)
        if points is not None and points != len(data):
            self.problems.add(
                malformed(path, f"it labels {len(data):,} points, and its cloud has {points:,}")
            )
            return [], []
        numbers, class_of = np.unique(np.frombuffer(data, np.int8), return_inverse=True)
        names = tuple(self._names.get(int(each), f"class {each}") for each in numbers) or ("",)
        labels = PointLabels(names, class_of.astype(np.uint16), np.zeros(len(data), np.uint32))
        tiles, blobs = tiles_of(labels, LIDAR, 0)
        return list(tiles), blobs


def _box(entry: dict[str, Any], in_degrees: bool) -> Solid:
    if "vertices" in entry:
        return _from_corners(np.array([xyz(each) for each in entry["vertices"]]))
    x, y, z = (number(entry["rotations"][axis]) for axis in "xyz")
    if in_degrees:
        x, y, z = math.radians(x), math.radians(y), math.radians(z)
    size = xyz(entry["dimensions"], _SIDES)
    return solid(xyz(entry["centroid"]), size, turn(yaw=z, pitch=y, roll=x))


def _from_corners(corners: Floats) -> Solid:
    """Of eight corners: rear right, rear left, front left, front right below, and the same above."""
    if corners.shape != (8, 3):
        raise ValueError(f"{len(corners)} corners")
    edges = np.array([corners[3] - corners[0], corners[1] - corners[0], corners[4] - corners[0]])
    size = np.linalg.norm(edges, axis=1)
    if size.min() <= 0:
        raise ValueError("corners that are one")
    axes = (edges / size[:, None]).T
    if not np.allclose(axes.T @ axes, np.eye(3), atol=_SKEW) or np.linalg.det(axes) < 0:
        raise ValueError("corners without right angles")
    x, y, z = (float(each) for each in corners.mean(axis=0))
    length, width, height = (float(each) for each in size)
    return solid((x, y, z), (length, width, height), quaternion_of(axes))


class _Writer:
    """Writes items, and gathers the classes of all of them."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._stems: set[str] = set()
        self.names: dict[str, int] = {}

    def files(self, scene: Scene) -> Iterator[tuple[str, bytes]]:
        """The label files of an item, one for each frame."""
        if not scene.frames:
            self._losses.add("item without points")
        if scene.frames > 1:
            self._losses.add("sequence of frames", "written as single clouds")
        if known := sum(bool(each.identity) for each in scene.tracks.values()):
            self._losses.add("identity of a track", count=known)
        paths = scene.paths(scene.reference)
        tiles = self._tiles(scene)
        for frame, name in enumerate(scene.names()):
            stem, number = name, 2
            while stem in self._stems:
                stem, number = f"{name}_{number}", number + 1
            self._stems.add(stem)
            if not paths[frame]:
                self._losses.add("frame without a file of points", "nothing leads back to its labels")
            content = {
                "folder": name_of(folder_of(paths[frame])),
                "filename": name_of(paths[frame]),
                "path": paths[frame],
                "objects": list(self._objects(scene, frame)),
            }
            self.names.setdefault(UNASSIGNED, 0)
            yield f"{stem}.json", msgspec.json.format(msgspec.json.encode(content), indent=4)
            if frame in tiles:
                yield f"{SEGMENTATION}/{stem}.bin", self._points(tiles[frame], scene)

    def table(self) -> dict[str, Any]:
        """`_classes.json`."""
        colours = ("#9da2ab", "#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#ee7733")
        return {
            "classes": [
                {"name": name, "id": at, "color": colours[at % len(colours)]}
                for name, at in sorted(self.names.items(), key=lambda each: each[1])
            ],
            "default": 0,
            "type": "object_detection",
            "format": "centroid_abs",
        }

    def _objects(self, scene: Scene, frame: int) -> Iterator[dict[str, Any]]:
        for box in scene.boxes(frame):
            own = in_axes_of(scene.lidar(), box.solid)
            yaw, pitch, roll = angles_of(own.rotation)
            self._number(box.track.class_name)
            yield {
                "name": box.track.class_name,
                "centroid": _named(("x", "y", "z"), own.centre),
                "dimensions": _named(_SIDES, own.size),
                "rotations": _named(("x", "y", "z"), (_degrees(roll), _degrees(pitch), _degrees(yaw))),
            }

    def _tiles(self, scene: Scene) -> dict[int, list[Tile]]:
        found: dict[int, list[Tile]] = {}
        for each in scene.item.entities:
            if isinstance(each, Tile):
                if scene.reference is None or each.stream != scene.reference.id or each.frame >= scene.frames:
                    self._losses.add("tile of another stream than the first points")
                else:
                    found.setdefault(each.frame, []).append(each)
        return found

    def _points(self, tiles: list[Tile], scene: Scene) -> bytes:
        labels = joined(tiles, scene.item.blob)
        if instances := int((labels.instance_of > 0).sum()):
            self._losses.add("instance of a point", count=instances)
        if UNASSIGNED in labels.classes:
            count = int((labels.class_of == labels.classes.index(UNASSIGNED)).sum())
            self._losses.add(f"point of the class {UNASSIGNED!r}", "written as not labelled", count)
        numbers = [0 if not name else self._number(name) for name in labels.classes] or [0]
        table = np.array(numbers)
        if beyond := int((table[labels.class_of] > LARGEST).sum()):
            self._losses.add("point of a class beyond the 127th", "written as unassigned", beyond)
        return np.where(table > LARGEST, 0, table)[labels.class_of].astype(np.int8).tobytes()

    def _number(self, name: str) -> int:
        return self.names.setdefault(name, len(self.names) + (UNASSIGNED not in self.names))


def _named(keys: Iterable[str], values: XYZ) -> dict[str, float]:
    return dict(zip(keys, values, strict=True))


def _degrees(angle: float) -> float:
    return math.degrees(angle) % 360.0
