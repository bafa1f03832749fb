"""From Supervisely's objects, figures and tags to tracks, cuboids, points and tags."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np

from plugins.pointcloud.formats.calibration import Cameras, Lens, camera, rigid
from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.scene_files import SceneFiles, as_files, media_of
from plugins.pointcloud.formats.shared import (
    FAULTS,
    LIDAR,
    PICTURE_SUFFIXES,
    Problems,
    bad_box,
    cameras_of,
    dicts,
    folder_of,
    malformed,
    media,
    missing_frame,
    name_of,
    number,
    numbers,
    points_in,
    split_of,
    text,
    whole,
    within,
)
from plugins.pointcloud.formats.supervisely_carry import (
    FRAMES,
    INSTANCE,
    OURS,
    PICTURES,
    POINTS,
    YES_OR_NO,
    box_of,
)
from plugins.pointcloud.point_labels import PointLabels, tiles_of
from studio.domain.contracts.formats import Budget, MediaFile, Problem, ReadItem, Tree
from studio.domain.contracts.reading import read_json
from studio.domain.entities import AnyEntity, Calibration, Tag, Tile
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import frame_time, inverse
from studio.domain.values import Value, attributes
from studio.domain.wire.projects import Stream

_Json = dict[str, Any]
_GAP = 100_000  # frames that a map of frames may leave out


class Reader:
    """Reads one annotation: of an episode, or of a single cloud, which is an episode of one frame."""

    def __init__(self, tree: Tree, path: str, dataset: str, meta: _Json, budget: Budget) -> None:
        self._tree = tree
        self._path = path
        self._dataset = dataset
        self._budget = budget
        self._there = [each for each in tree.paths() if each.startswith(f"{dataset}/") or not dataset]
        self._checks = set(_checks(meta))
        self._used: set[str] = set()
        self._numbers: dict[str, tuple[str, int]] = {}  # class and instance of what has only points
        self.problems = Problems()

    def item(self, content: _Json, clouds: list[str]) -> ReadItem:
        """clouds: the names of the frames' files. Raises `import.malformed`."""
        known = as_files(self._path, content[OURS]) if OURS in content else None
        streams = self._streams(known, clouds)
        lidar = next((each for each in streams if each.stream.kind == "points"), None)
        names = list(known.frames) if known else clouds
        entities: list[AnyEntity] = []
        tiles: list[Tile] = []
        blobs: dict[str, bytes] = {}
        if lidar is not None:
            boxes, of_points = self._objects(content, lidar.stream, is_ours=known is not None)
            entities += boxes
            entities += self._tags(content.get("tags"), lidar.stream)
            entities += self._calibrations(streams, names)
            for frame, figures in of_points.items():
                path = lidar.paths[frame] if frame < len(lidar.paths) else ""
                made, held = self._points(lidar.stream, frame, path, figures)
                tiles += made
                blobs |= held
        return ReadItem(
            source=known.name if known else self._source(clouds),
            media=streams,
            entities=(*entities, *tiles),
            group_key=self._dataset,
            state="accepted",
            split=known.split if known else split_of(self._dataset),
            blobs=tuple(blobs.items()),
            classes=tuple(sorted(self._used)),
        )

    def _source(self, clouds: list[str]) -> str:
        if name_of(self._path) != "annotation.json" and clouds:
            return within(within(self._dataset, POINTS), clouds[0])
        return self._dataset or self._path

    def _streams(self, known: SceneFiles | None, clouds: list[str]) -> tuple[MediaFile, ...]:
        if known is not None:
            streams, missing = media_of(self._tree, self._path, known)
            for each in missing:
                self.problems.add(each)
            return streams
        there = set(self._there)
        paths = [within(within(self._dataset, POINTS), name) for name in clouds]
        for name, path in zip(clouds, paths, strict=True):
            if name and path not in there:
                self.problems.add(missing_frame(path, "This frame's cloud is not there; its labels came in."))
        found = [media("points", LIDAR, [path if path in there else "" for path in paths])]
        beside = [self._pictures(name) for name in clouds]
        named = self._device_names(beside)
        found += [media("image", name, of_camera) for name, of_camera in named.items()]
        return tuple(found)

    def _pictures(self, cloud: str) -> list[str]:
        if not cloud:
            return []
        folders = {within(within(self._dataset, PICTURES), cloud.replace(".", "_"))}
        folders.add(within(within(self._dataset, PICTURES), cloud.rpartition(".")[0] or cloud))
        return [
            path
            for path in self._there
            if folder_of(path) in folders and path.lower().endswith(PICTURE_SUFFIXES)
        ]

    def _device_names(self, beside: list[list[str]]) -> dict[str, list[str]]:
        """Cameras by the device that their files name, else by their files' names."""
        devices: dict[str, dict[int, str]] = {}
        for frame, paths in enumerate(beside):
            for path in paths:
                device = self._meta_of(path).get("deviceId")
                if not isinstance(device, str) or not device.strip() or frame in devices.get(device, {}):
                    return cameras_of(beside)
                devices.setdefault(device[:200], {})[frame] = path
        return {
            name: [by_frame.get(frame, "") for frame in range(len(beside))]
            for name, by_frame in sorted(devices.items())
        }

    def _meta_of(self, picture: str) -> _Json:
        path = f"{picture}.json"
        if path not in self._tree.paths():
            return {}
        try:
            found = read_json(self._tree, path, self._budget).get("meta")
        except (AtelierError, *FAULTS):
            return {}
        return found if isinstance(found, dict) else {}

    def _calibrations(self, streams: tuple[MediaFile, ...], names: list[str]) -> Iterator[Calibration]:
        cameras = {str(each.stream.id): each for each in streams if each.stream.kind == "image"}
        gathered = Cameras()
        for path, name in self._sensor_files(cameras, names):
            said = self._meta_of(path[: -len(".json")]).get("sensorsData")
            gathered.add(path, name, partial(_calibration, said, cameras[name].stream))
        for problem in gathered.problems():
            self.problems.add(problem)
        yield from gathered.found()

    def _sensor_files(self, cameras: dict[str, MediaFile], names: list[str]) -> Iterator[tuple[str, str]]:
        """(file, camera) of everything that is said of cameras."""
        of_picture = {path: name for name, each in cameras.items() for path in each.paths if path}
        folder = within(self._dataset, PICTURES)
        for path in self._there:
            if not path.startswith(f"{folder}/") or not path.lower().endswith(".json"):
                continue
            if path.endswith(".figures.json"):
                self.problems.add(
                    Problem(
                        path=path,
                        code="import.unread_label",
                        message="Figures on a camera's picture are not read from this format.",
                        hint="Draw them here, or write them in another format.",
                    )
                )
                continue
            picture = path[: -len(".json")]
            device = self._meta_of(picture).get("deviceId")
            name = of_picture.get(picture, device if isinstance(device, str) else "")
            if name in cameras and self._meta_of(picture).get("sensorsData") is not None:
                yield path, name

    def _objects(
        self, content: _Json, lidar: Stream, *, is_ours: bool
    ) -> tuple[list[AnyEntity], dict[int, list[_Json]]]:
        objects = {str(each["key"]): each for each in dicts(content.get("objects")) if "key" in each}
        boxes = KeyFrames(self._path, LIDAR if lidar is None else lidar.id, lidar.frames)
        of_points: dict[int, list[_Json]] = {}
        for frame, figure in self._figures(content, lidar.frames):
            key = str(figure.get("objectKey"))
            entry = objects.get(key)
            if entry is None:
                self.problems.add(_unknown(self._path, key))
                continue
            try:
                class_name = text(entry["classTitle"])
                match figure.get("geometryType"):
                    case "cuboid_3d":
                        box = box_of(figure["geometry"])
                        held, later = self._values(entry.get("tags"))
                        track = boxes.track(key, class_name, attributes(**held))
                        own = {
                            name: value for first, last, name, value in later if first <= frame <= last
                        } | self._values(figure.get("tags"))[0]
                        self.problems.add(boxes.box(track, frame, box, attributes(**own)))
                    case "point_cloud":
                        self._number(key, class_name, entry, is_ours=is_ours)
                        of_points.setdefault(frame, []).append(figure)
                    case kind:
                        raise ValueError(f"its geometry {kind!r} is not one that is read")
            except FAULTS as error:
                self.problems.add(bad_box(self._path, f"figure {figure.get('key')!r:.60}", error))
        return list(boxes.entities()), of_points

    def _figures(self, content: _Json, frames: int) -> Iterator[tuple[int, _Json]]:
        for figure in dicts(content.get("figures")):
            yield 0, figure
        for entry in dicts(content.get("frames")):
            try:
                frame = whole(entry["index"])
                if frame >= frames:
                    raise ValueError(f"frame {frame} of {frames}")
            except FAULTS as error:
                self.problems.add(malformed(self._path, f"a frame is not one of its own: {error}"))
                continue
            for figure in dicts(entry.get("figures")):
                yield frame, figure

    def _number(self, key: str, class_name: str, entry: _Json, *, is_ours: bool) -> None:
        if key in self._numbers:
            return
        said = next(
            (each.get("value") for each in dicts(entry.get("tags")) if each.get("name") == INSTANCE), 0
        )
        taken = sum(name == class_name for name, _ in self._numbers.values())
        instance = 0 if is_ours else taken + 1
        if isinstance(said, int) and not isinstance(said, bool) and 0 < said < 2**32:
            instance = said
        self._numbers[key] = (class_name, instance)
        self._used.add(class_name)

    def _values(self, tags: object) -> tuple[dict[str, Value], list[tuple[int, int, str, Value]]]:
        """What tags say for good, and what they say from one frame to another."""
        held: dict[str, Value] = {}
        ranged: list[tuple[int, int, str, Value]] = []
        for each in dicts(tags):
            name, value = each.get("name"), self._value(each)
            if not isinstance(name, str) or not name or value is None:
                continue
            match each.get("frameRange"):
                case [int() as first, int() as last]:
                    ranged.append((first, last, name, value))
                case _:
                    held[name] = value
        return held, ranged

    def _value(self, tag: _Json) -> Value | None:
        value = tag.get("value")
        if value is None:
            return True
        if isinstance(value, str):
            is_check = tag.get("name") in self._checks and value in YES_OR_NO
            return value == "true" if is_check else value
        try:
            found = number(value)
        except FAULTS:
            return None
        return value if isinstance(value, int) else found

    def _tags(self, tags: object, lidar: Stream) -> Iterator[Tag]:
        for each in dicts(tags):
            name, value = each.get("name"), self._value(each)
            if not isinstance(name, str) or not name.strip() or value is None:
                continue
            held = () if each.get("value") is None else attributes(value=value)
            frame, interval = None, None
            match each.get("frameRange"):
                case [int() as first, int() as last] if 0 <= first <= last < lidar.frames:
                    if first == last:
                        frame = first
                    else:
                        interval = (frame_time(lidar, first), frame_end(lidar, last))
            yield Tag(
                id=EntityId(new_id()),
                class_name=name[:512],
                stream=None if frame is None else lidar.id,
                frame=frame,
                interval=interval,
                attributes=held,
            )

    def _points(
        self, lidar: Stream, frame: int, path: str, figures: list[_Json]
    ) -> tuple[list[Tile], dict[str, bytes]]:
        count = points_in(self._tree, path) if path else None
        if count is None:
            why = "it labels single points, and the cloud does not say how many it has"
            self.problems.add(malformed(self._path, f"{why} (frame {frame})"))
            return [], {}
        names = [""]
        class_of, instance_of = np.zeros(count, np.uint16), np.zeros(count, np.uint32)
        for figure in figures:
            class_name, instance = self._numbers[str(figure["objectKey"])]
            try:
                given = figure["geometry"]["indices"]
                places = np.array([whole(each) for each in given], np.int64)
                if len(places) and places.max() >= count:
                    raise ValueError(f"point {places.max()} of {count}")
            except FAULTS as error:
                self.problems.add(malformed(self._path, f"the points of a {class_name!r} cannot be: {error}"))
                continue
            if class_name not in names:
                names.append(class_name)
            class_of[places] = names.index(class_name)
            instance_of[places] = instance
        tiles, blobs = tiles_of(PointLabels(tuple(names), class_of, instance_of), lidar.id, frame)
        return tiles, dict(blobs)


def frame_end(lidar: Stream, frame: int) -> int:
    """When a frame ends: when the next one begins."""
    if frame + 1 < lidar.frames:
        return frame_time(lidar, frame + 1)
    step = frame_time(lidar, frame) - frame_time(lidar, frame - 1) if frame else 100_000_000
    return frame_time(lidar, frame) + max(step, 1)


def frame_names(tree: Tree, dataset: str, budget: Budget) -> list[str]:
    """The clouds of an episode in order: as its map says, else by name. Raises `import.bad_json`."""
    path = within(dataset, FRAMES)
    if path not in tree.paths():
        folder = within(dataset, POINTS)
        return sorted(name_of(each) for each in tree.paths() if folder_of(each) == folder)
    content = read_json(tree, path, budget)
    try:
        found = {whole(int(key)): text(value) for key, value in content.items()}
        if max(found, default=0) > len(found) + _GAP:
            raise ValueError(f"frame {max(found)} of {len(found)}")
    except FAULTS as error:
        raise AtelierError(
            "import.malformed", f"{path!r} does not say which cloud is which frame.", str(error), "Mend it."
        ) from error
    return [found.get(frame, "") for frame in range(max(found, default=-1) + 1)]


def _checks(meta: _Json) -> Iterator[str]:
    for tag in dicts(meta.get("tags")):
        if tag.get("value_type") == "oneof_string" and tag.get("values") == YES_OR_NO:
            yield str(tag.get("name"))


def _calibration(said: Any, stream: Stream) -> Calibration:
    matrix = np.array(numbers(said["intrinsicMatrix"], 9)).reshape(3, 3)
    pose = inverse(rigid(stream.id, said["extrinsicMatrix"]))
    return camera(StreamId(stream.id), Lens(matrix, size=(stream.width, stream.height)), pose)


def _unknown(path: str, key: str) -> Problem:
    return Problem(
        path=path,
        code="import.unknown_label",
        message=f"A figure belongs to the object {key!r:.60}, which is not there; it was left out.",
        hint="Mend the annotation, or export it again.",
    )
