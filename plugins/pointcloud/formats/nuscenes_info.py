"""nuScenes as OpenMMLab's mmdetection3d lists it for training: info files, turned to JSON.

github.com/open-mmlab/mmdetection3d, docs/en/advanced_guides/datasets/nuscenes.md, info version 1.1. A sample
is an item: its sweep, up to six pictures and the boxes, which stand in the lidar's axes with their centre,
length, width, height and yaw. An info file is a pickle there, and pickles are never opened: turn it to JSON
first (Python writes NaN there for a speed that is unknown). What `cam_instances` lists are projections of the
same boxes, so they are not kept.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

import numpy as np

from plugins.pointcloud.formats.calibration import EGO, Lens, broken, camera, rigid
from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.nuscenes_tables import LIDAR_POINTS, RADAR_POINTS
from plugins.pointcloud.formats.picture_sizes import sized
from plugins.pointcloud.formats.shared import (
    FAULTS,
    PICTURE_SUFFIXES,
    POINT_SUFFIXES,
    Problems,
    bad_box,
    finished,
    malformed,
    media,
    missing_frame,
    number,
    numbers,
    solid,
    whole,
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
from studio.domain.contracts.reading import Files, as_problem, read_json
from studio.domain.entities import AnyEntity, Calibration, CoordinateSystem, EgoPose
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.ontology import Ontology
from studio.domain.space import Pose, chained, inverse, turn, yaw_of
from studio.domain.values import Value
from studio.domain.wording import counted

LIDAR = StreamId("LIDAR_TOP")
_HEAD_BYTES = 4096
_SNIFF_BYTES = 32 * 1024 * 1024


class NuScenesInfo:
    """Reads mmdetection3d's info files of nuScenes."""

    name = "nuscenes_info"
    title = "nuScenes (mmdetection3d info)"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = False

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by `metainfo` and `data_list` with lidar points in a JSON file."""
        samples = 0
        classes: set[str] = set()
        for path in _info_files(tree):
            if tree.size(path) > _SNIFF_BYTES:
                samples += 1
                continue
            try:
                content = read_json(tree, path, Budget(), allow_nan=True)
                samples += len(content["data_list"])
                classes |= set(map(str, content["metainfo"]["categories"]))
            except (AtelierError, KeyError, TypeError):
                continue  # `read` reports it
        if not samples:
            return None
        summary = f"{counted(samples, 'sample')} of nuScenes, listed by mmdetection3d"
        return Sniffed(self.name, 0.96, samples, summary, tuple(sorted(classes)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a sample. A box or sensor that cannot be is named, and the rest comes in."""
        files = Files(tree, (*POINT_SUFFIXES, *PICTURE_SUFFIXES))
        for path in _info_files(tree):
            try:
                content = read_json(tree, path, budget, allow_nan=True)
                listed, categories = content["data_list"], content["metainfo"]["categories"]
                names = {whole(label): str(name)[:512] for name, label in categories.items()}
            except AtelierError as error:
                yield as_problem(path, error)
                continue
            except FAULTS as error:
                yield malformed(path, error)
                continue
            for at, sample in enumerate(listed if isinstance(listed, list) else ()):
                reader = _Sample(path, sample, names, files)
                try:
                    item = reader.item(tree)
                except AtelierError as error:
                    yield as_problem(path, error)
                    continue
                except FAULTS as error:
                    yield malformed(path, f"sample {at}: {type(error).__name__}: {error}")
                    continue
                yield from reader.problems
                yield finished(path, item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """Raises `format.read_only`."""
        raise AtelierError(
            "format.read_only",
            "mmdetection3d makes its info files itself, from the data set's own tables.",
            hint="Choose another format.",
        )


def _info_files(tree: Tree) -> Iterator[str]:
    for path in tree.paths():
        if path.lower().endswith(".json"):
            with tree.open(path) as file:
                head = file.read(_HEAD_BYTES)
            if b'"metainfo"' in head and (b'"data_list"' in head or len(head) == _HEAD_BYTES):
                yield path


class _Sample:
    """Reads one sample."""

    def __init__(self, path: str, sample: Any, names: Mapping[int, str], files: Files) -> None:
        self._path = path
        self._sample = sample
        self._names = names
        self._files = files
        self.problems = Problems()

    def item(self, tree: Tree) -> ReadItem:
        """The sample. Raises `calibration.broken`, or what `FAULTS` are, where it has no lidar."""
        points = self._sample["lidar_points"]
        time_ns = _time(self._sample["timestamp"])
        lidar = rigid(str(LIDAR), _flat(points["lidar2ego"]))
        world = rigid("ego2global", _flat(self._sample["ego2global"]))
        streams = [self._media("points", str(LIDAR), points["lidar_path"], time_ns)]
        sensors: list[Calibration | CoordinateSystem] = [
            CoordinateSystem(EntityId(new_id()), str(LIDAR), EGO, lidar.translation, lidar.rotation)
        ]
        poses = {time_ns: world}
        for name, image in self._sample.get("images", {}).items():
            if image.get("img_path") is None:
                continue
            at = _time(image.get("timestamp", self._sample["timestamp"]))
            try:
                made, ego = _camera(str(name), image, lidar, world)
            except AtelierError as error:
                self.problems.add(as_problem(self._path, error))
            except FAULTS as error:
                self.problems.add(as_problem(self._path, broken(str(name), error)))
            else:
                sensors.append(made)
                poses.setdefault(at, ego)
            streams.append(self._media("image", str(name), image["img_path"], at))
        tracks = KeyFrames(self._path, LIDAR, 1)
        for instance in self._sample.get("instances") or ():
            self._box(instance, lidar, tracks)
        known, placed = sized(tree, streams, sensors)
        entities: list[AnyEntity] = [
            *(EgoPose(EntityId(new_id()), at, *poses[at]) for at in sorted(poses)),
            *placed,
            *tracks.entities(),
        ]
        source = str(self._sample.get("token") or f"{self._path} {self._sample.get('sample_idx', '')}")
        return ReadItem(source=source, media=known, entities=tuple(entities), state="accepted")

    def _media(self, kind: Literal["points", "image"], name: str, said: str, time_ns: int) -> MediaFile:
        found = self._files.find(said, self._path)
        if found is None:
            self.problems.add(missing_frame(said, f"The file of {name!r} is not there."))
        return media(kind, name, [found or ""], [time_ns])

    def _box(self, instance: Mapping[str, Any], lidar: Pose, tracks: KeyFrames) -> None:
        name = "unknown"
        try:
            # -1: a class that the data set has and the list leaves out
            label = instance.get("bbox_label_3d", instance["bbox_label"])
            name = self._names.get(label, name)
            if instance.get("bbox_3d") is None:
                return
            x, y, z, length, width, height, yaw = numbers(instance["bbox_3d"], 7)
            place = chained(lidar, Pose((x, y, z), turn(yaw)))
            # the list keeps the yaw alone of boxes that stood upright in the world, not in a tilted lidar:
            # the boxes that it gives on pictures say so, to 2 pixels instead of 4
            upright = turn(yaw_of(place.rotation))
            box = solid(place.translation, (length, width, height), upright)
            held: dict[str, Value] = {}
            for key in (LIDAR_POINTS, RADAR_POINTS):
                if instance.get(key) is not None and instance[key] >= 0:
                    held[key] = whole(instance[key])
            if instance.get("bbox_3d_isvalid") is False:
                held["valid"] = False
        except FAULTS as error:
            self.problems.add(bad_box(self._path, f"a {name}", error))
            return
        self.problems.add(tracks.box(tracks.track("", name), 0, box, tuple(sorted(held.items()))))


def _camera(name: str, image: Mapping[str, Any], lidar: Pose, world: Pose) -> tuple[Calibration, Pose]:
    """The camera in the ego frame at its own time, and where that was in the world then.

    `lidar2cam` goes from the lidar's time to the camera's, so it says how the vehicle moved in between.
    """
    pose = rigid(name, _flat(image["cam2ego"]))
    matrix = np.array([numbers(row[:3], 3) for row in image["cam2img"][:3]])
    made = camera(StreamId(name), Lens(matrix), pose)
    if image.get("lidar2cam") is None:
        return made, world
    to_camera = rigid(name, _flat(image["lidar2cam"]))
    in_world = chained(world, chained(lidar, inverse(to_camera)))
    return made, chained(in_world, inverse(pose))


def _flat(rows: Any) -> list[object]:
    return [value for row in rows for value in row]


def _time(seconds: object) -> int:
    """Nanoseconds; a double holds microseconds of our years, and no more."""
    found = number(seconds)
    if not 0 <= found < 9e9:
        raise ValueError(f"the time {found:g}")
    return round(found * 1e6) * 1000
