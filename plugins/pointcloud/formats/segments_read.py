"""From a sample of Segments.ai and its label to streams, poses, cameras, tracks and cuboids."""

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np

from plugins.pointcloud.formats.calibration import Lens, Model, broken, camera
from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.scene_files import as_files, media_of
from plugins.pointcloud.formats.segments_carry import OURS, TO_OPENCV, TRACKS
from plugins.pointcloud.formats.shared import (
    FAULTS,
    LIDAR,
    POINT_SUFFIXES,
    Problems,
    Solid,
    bad_box,
    dicts,
    malformed,
    media,
    missing_frame,
    name_of,
    number,
    plain_attributes,
    points_in,
    rotation,
    solid,
    text,
    whole,
    xyz,
)
from plugins.pointcloud.point_labels import PointLabels, tiles_of
from studio.domain.contracts.formats import Budget, MediaFile, Problem, ReadItem, Tree
from studio.domain.contracts.reading import Files, as_problem
from studio.domain.entities import AnyEntity, Box, Calibration, EgoPose, Polyline3, Tile, Track
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import Pose, as_xyz, chained, ego_pose, frame_time, inverse, inward, joined, turn
from studio.domain.values import Attributes
from studio.domain.wire.projects import Stream

_Json = dict[str, Any]
_BEST_LABELS = "ground-truth"


class Reader:
    """Reads one sample."""

    def __init__(self, tree: Tree, path: str, dataset: _Json, budget: Budget) -> None:
        self._tree = tree
        self._path = path
        self._budget = budget
        self._names, self._of_tracks = _categories(dataset)
        self._task = str(dataset["task_type"])
        self._used: set[str] = set()
        self._labels_of_ours: dict[str, str] = {}
        self.problems = Problems()

    def item(self, sample: Any) -> ReadItem:
        """Raises `import.malformed` where it is no sample."""
        try:
            name, given = text(sample["name"]), sample["attributes"]
            kept = sample.get("metadata") or {}
            ours, labels_of_ours = kept.get(OURS), kept.get(TRACKS) or {}
            self._labels_of_ours = {str(at): text(label) for at, label in labels_of_ours.items()}
            sensors = _sensors(given, self._task)
            frames = _frames(next(each for kind, _, each in sensors if kind == "points"))
        except (StopIteration, *FAULTS) as error:
            raise AtelierError(
                "import.malformed",
                f"{self._path!r} holds a sample that is none: {error or 'it has no cloud'}.",
                hint="Download the release again from Segments.ai.",
            ) from error
        known = as_files(self._path, ours) if ours is not None else None
        if known is not None:
            streams, missing = media_of(self._tree, self._path, known)
            for each in missing:
                self.problems.add(each)
        else:
            streams = tuple(self._streams(frames, sensors))
        lidar = next((each for each in streams if each.stream.kind == "points"), None)
        entities: list[AnyEntity] = []
        blobs: dict[str, bytes] = {}
        if lidar is not None:
            poses = list(self._poses(frames, lidar.stream))
            entities += [*poses, *self._cameras(frames, streams)]
            labels = _label(sample, sensors)
            tracks = KeyFrames(self._path, lidar.stream.id, lidar.stream.frames)
            others = list(self._labels(labels.get(""), lidar, poses, tracks, blobs))
            for stream in streams:
                others += self._boxes(labels.get(str(stream.stream.id)), stream.stream, tracks)
            entities += [*tracks.entities(), *others]
        return ReadItem(
            source=name,
            media=streams,
            entities=tuple(entities),
            group_key=name,
            state="accepted",
            split=known.split if known else "",
            blobs=tuple(blobs.items()),
            classes=tuple(sorted(self._used)),
        )

    def _streams(self, frames: list[_Json], sensors: list[tuple[str, str, _Json]]) -> Iterator[MediaFile]:
        times = self._times(frames)
        clouds = Files(self._tree, POINT_SUFFIXES)
        paths = [self._find(clouds, each.get("pcd")) for each in frames]
        if not all(paths):
            said = _url(frames[paths.index("")].get("pcd"))
            count = paths.count("")
            self.problems.add(
                missing_frame(
                    self._path,
                    f"{count:,} of {len(paths):,} clouds are not there, the first {name_of(said)!r}; labels "
                    "came in without them.",
                )
            )
        yield media("points", LIDAR, paths, times, len(paths))
        pictures = Files(self._tree, ("",))
        for name in _camera_names(frames):
            held = [self._find(pictures, _image(frame, name)) for frame in frames]
            yield media("image", name, held, times, len(held))
        for kind, name, given in sensors:
            if kind == "image":
                images = _frames(given)
                held = [self._find(pictures, each.get("image")) for each in images]
                yield media("image", name, held, self._times(images), len(held))

    def _find(self, files: Files, said: object) -> str:
        """The file that a URL means: by its path beside the release, else by its name."""
        url = _url(said).partition("?")[0]
        return (files.find(url, self._path) if url else None) or ""

    def _times(self, frames: list[_Json]) -> list[int]:
        given = [each.get("timestamp") for each in frames]
        if all(each is None for each in given):
            return []
        try:
            times = [int(each) if isinstance(each, int | str) else round(number(each)) for each in given]
        except FAULTS:
            return []  # a text: a name of the frame
        if any(abs(each) >= 2**63 for each in times) or any(b <= a for a, b in pairwise(times)):
            self.problems.add(malformed(self._path, "the times of a sample's frames are out of order"))
            return []
        return times

    def _poses(self, frames: list[_Json], lidar: Stream) -> Iterator[EgoPose]:
        for frame, each in enumerate(frames[: lidar.frames]):
            said = each.get("ego_pose")
            if said is None:
                continue
            try:
                pose = Pose(xyz(said["position"]), _turned(said["heading"]))
            except FAULTS as error:
                self.problems.add(malformed(self._path, f"the ego pose of frame {frame} cannot be: {error}"))
                continue
            yield EgoPose(
                id=EntityId(new_id()),
                time_ns=frame_time(lidar, frame),
                translation=pose.translation,
                rotation=pose.rotation,
            )

    def _cameras(self, frames: list[_Json], streams: tuple[MediaFile, ...]) -> Iterator[Calibration]:
        found: dict[str, Calibration] = {}
        wrong: dict[str, Problem] = {}
        sizes = {str(each.stream.id): (each.stream.width, each.stream.height) for each in streams}
        for frame in frames:
            for at, image in enumerate(_images(frame)):
                name = _image_name(image, at)
                if name in found or name in wrong or name not in sizes or image.get("intrinsics") is None:
                    continue
                try:
                    found[name] = _calibration(name, image, sizes[name])
                except AtelierError as error:
                    wrong[name] = as_problem(self._path, error)
                except FAULTS as error:
                    wrong[name] = as_problem(self._path, broken(name, f"a field is wrong ({error})"))
        for problem in wrong.values():
            self.problems.add(problem)
        yield from found.values()

    def _labels(
        self,
        label: _Json | None,
        lidar: MediaFile,
        poses: list[EgoPose],
        tracks: KeyFrames,
        blobs: dict[str, bytes],
    ) -> Iterator[AnyEntity]:
        for frame, given in self._label_frames(label, lidar.stream.frames):
            pose = ego_pose(poses, frame_time(lidar.stream, frame))
            annotations = dicts(given.get("annotations"))
            if (points := given.get("point_annotations")) is not None:
                yield from self._points(lidar, frame, annotations, points, blobs)
                continue
            for each in annotations:
                try:
                    yield from self._annotation(each, lidar.stream, frame, pose, tracks)
                except FAULTS as error:
                    what = f"object {each.get('id', '?')!r:.40} at frame {frame}"
                    self.problems.add(bad_box(self._path, what, error))

    def _label_frames(self, label: _Json | None, frames: int) -> Iterator[tuple[int, _Json]]:
        if label is None:
            return
        listed = label.get("frames")
        if listed is None:
            yield 0, label
            return
        given = dicts(listed)
        if len(given) > frames:
            self.problems.add(malformed(self._path, f"a label has {len(given)} frames, its sample {frames}"))
        yield from enumerate(given[:frames])

    def _annotation(
        self, each: _Json, lidar: Stream, frame: int, pose: Pose, tracks: KeyFrames
    ) -> Iterator[AnyEntity]:
        class_name = self._class_of(each)
        if class_name is None:
            return
        alone = each.get("id", "") if lidar.frames == 1 else f"{frame} {each.get('id', '')}"
        key = self._key(each.get("track_id", alone))
        own, of_track = self._split(class_name, each.get("attributes"))
        match each.get("type"):
            case "cuboid":
                track = tracks.track(key, class_name, of_track)
                box = _in_ego(pose, _box(each))
                is_key = each.get("is_keyframe", True) is not False
                self.problems.add(tracks.box(track, frame, box, own, is_key=is_key))
            case "polygon" | "polyline" as kind:
                points = np.array([xyz(point) for point in each["points"]])
                if len(points) < 2:
                    raise ValueError("a line of one point")
                track = tracks.track(key, class_name, of_track)
                yield Polyline3(
                    id=EntityId(new_id()),
                    track=track.id,
                    stream=lidar.id,
                    frame=frame,
                    points=tuple(as_xyz(point) for point in inward(pose, points)),
                    closed=kind == "polygon",
                    attributes=own,
                )
            case kind:
                raise ValueError(f"its type {kind!r:.40} is not one that is read")

    def _key(self, said: object) -> str:
        """What a track is known by: what it was called before we wrote it, else its number."""
        return self._labels_of_ours.get(str(said), str(said))

    def _class_of(self, each: _Json) -> str | None:
        found = self._names.get(_id(each.get("category_id")))
        if found is None:
            self.problems.add(
                Problem(
                    path=self._path,
                    code="import.unknown_class",
                    message=f"Object {each.get('id', '?')!r:.40} has category "
                    f"{each.get('category_id')!r:.40}, which the release does not list; it was left out.",
                    hint="Add the category to the dataset, and make the release again.",
                )
            )
        return found

    def _split(self, class_name: str, given: object) -> tuple[Attributes, Attributes]:
        """Attributes of the box, and those that the category has once a track."""
        held = plain_attributes(given)
        once = self._of_tracks.get(class_name, set())
        return (
            tuple(each for each in held if each[0] not in once),
            tuple(each for each in held if each[0] in once),
        )

    def _points(
        self,
        lidar: MediaFile,
        frame: int,
        annotations: list[_Json],
        points: Any,
        blobs: dict[str, bytes],
    ) -> Iterator[Tile]:
        try:
            ids = np.array([whole(each) for each in points], np.int64)
        except FAULTS as error:
            self.problems.add(malformed(self._path, f"the points of frame {frame} cannot be: {error}"))
            return
        path = lidar.paths[frame] if frame < len(lidar.paths) else ""
        count = points_in(self._tree, path) if path else None
        if count is not None and count != len(ids):
            why = f"frame {frame} has {count:,} points and labels of {len(ids):,}"
            self.problems.add(malformed(self._path, why))
            return
        names, objects = [""], {0: (0, 0)}
        for each in annotations:
            class_name = self._class_of(each)
            if class_name is None or not isinstance(each.get("id"), int):
                continue
            if class_name not in names:
                names.append(class_name)
            instance = each.get("track_id", each["id"])
            instance = instance if isinstance(instance, int) and 0 <= instance < 2**32 else 0
            objects[each["id"]] = (names.index(class_name), instance)
        self._used.update(names[1:])
        used, place = np.unique(ids, return_inverse=True)
        known = [objects.get(int(each), (0, 0)) for each in used] or [(0, 0)]
        class_of = np.array([each[0] for each in known], np.uint16)[place]
        instance_of = np.array([each[1] for each in known], np.uint32)[place]
        tiles, held = tiles_of(PointLabels(tuple(names), class_of, instance_of), lidar.stream.id, frame)
        blobs.update(held)
        yield from tiles

    def _boxes(self, label: _Json | None, stream: Stream, tracks: KeyFrames) -> Iterator[AnyEntity]:
        """Boxes on a camera's pictures, of the tracks of the cloud where they have the same number."""
        for frame, given in self._label_frames(label, stream.frames):
            for each in dicts(given.get("annotations")):
                class_name = self._class_of(each)
                if class_name is None:
                    continue
                try:
                    if each.get("type") != "bbox":
                        raise ValueError(f"its type {each.get('type')!r:.40} is not one that is read")
                    (left, top), (right, bottom) = (
                        [number(value) for value in point] for point in each["points"]
                    )
                    if left >= right or top >= bottom:
                        raise ValueError("it is empty")
                    key = self._key(each.get("track_id", f"{stream.id} {frame} {each.get('id', '')}"))
                    own, of_track = self._split(class_name, each.get("attributes"))
                except FAULTS as error:
                    what = f"object {each.get('id', '?')!r:.40} on {stream.name!r}"
                    self.problems.add(bad_box(self._path, what, error))
                    continue
                track: Track = tracks.track(key, class_name, of_track)
                yield Box(
                    id=EntityId(new_id()),
                    track=track.id,
                    stream=stream.id,
                    frame=frame,
                    xyxy=(left, top, right, bottom),
                    attributes=own,
                )


def _categories(dataset: _Json) -> tuple[dict[int | str, str], dict[str, set[str]]]:
    """Names by id, and of each the attributes that a track has once."""
    names: dict[int | str, str] = {}
    once: dict[str, set[str]] = {}
    given = dataset.get("task_attributes")
    for each in dicts(given.get("categories") if isinstance(given, dict) else None):
        try:
            name = text(each["name"])
        except FAULTS:
            continue
        names.setdefault(_id(each.get("id")), name)
        once[name] = {
            str(one.get("name")) for one in dicts(each.get("attributes")) if one.get("is_track_level") is True
        }
    return names, once


def _sensors(given: _Json, task: str) -> list[tuple[str, str, _Json]]:
    """(kind, name, attributes) of each sensor of a sample; a plain sample is its one lidar."""
    if not task.startswith("multisensor"):
        return [("points", "", given)]
    found = []
    for each in dicts(given["sensors"]):
        kind = "points" if str(each["task_type"]).startswith("pointcloud") else "image"
        found.append((kind, text(each["name"]), each["attributes"]))
    return found


def _frames(given: _Json) -> list[_Json]:
    frames = given.get("frames")
    found = [given] if frames is None else dicts(frames)
    if not found or (isinstance(frames, list) and len(frames) != len(found)):
        raise ValueError("it has no frames")
    return found


def _label(sample: _Json, sensors: list[tuple[str, str, _Json]]) -> dict[str, _Json]:
    """The label of the cloud under an empty name, and of each camera under its own."""
    labels = sample.get("labels")
    if not isinstance(labels, dict):
        return {}
    held = labels.get(_BEST_LABELS) or next((each for each in labels.values() if each), None)
    given = held.get("attributes") if isinstance(held, dict) else None
    if not isinstance(given, dict):
        return {}
    if "sensors" not in given:
        return {"": given}
    kinds = {name: kind for kind, name, _ in sensors}
    return {
        "" if kinds.get(str(each.get("name"))) == "points" else str(each.get("name")): each["attributes"]
        for each in dicts(given["sensors"])
        if isinstance(each.get("attributes"), dict)
    }


def _images(frame: _Json) -> list[_Json]:
    return dicts(frame.get("images"))


def _image_name(image: _Json, at: int) -> str:
    name = image.get("name")
    return name[:200] if isinstance(name, str) and name.strip() else f"image_{at}"


def _camera_names(frames: list[_Json]) -> list[str]:
    names = {_image_name(image, at): None for frame in frames for at, image in enumerate(_images(frame))}
    return [name for name in names if name != LIDAR]


def _image(frame: _Json, name: str) -> _Json | None:
    return next((each for at, each in enumerate(_images(frame)) if _image_name(each, at) == name), None)


def _url(said: object) -> str:
    url = said.get("url") if isinstance(said, dict) else None
    return url if isinstance(url, str) else ""


def _box(each: _Json) -> Solid:
    if (given := each.get("rotation")) is not None:
        turned = _turned(given)
    else:
        turned = turn(number(each["yaw"]))
    return solid(xyz(each["position"]), xyz(each["dimensions"]), turned)


def _turned(given: _Json) -> tuple[float, float, float, float]:
    return rotation(given[key] for key in ("qx", "qy", "qz", "qw"))


def _in_ego(pose: Pose, box: Solid) -> Solid:
    if pose == Pose():
        return box
    own = chained(inverse(pose), Pose(box.centre, box.rotation))
    return Solid(own.translation, box.size, own.rotation)


def _calibration(name: str, image: _Json, size: tuple[int, int]) -> Calibration:
    matrix = np.array([[number(each) for each in row] for row in image["intrinsics"]["intrinsic_matrix"]])
    outer = image["extrinsics"]
    pose = Pose(xyz(outer["translation"]), _turned(outer["rotation"]))
    if image.get("camera_convention", "OpenGL") != "OpenCV":
        pose = Pose(pose.translation, joined(pose.rotation, TO_OPENCV))
    model: Model = "pinhole"
    distortion: tuple[float, ...] = ()
    if (bent := image.get("distortion")) is not None:
        k = bent["coefficients"]
        if bent["model"] == "fisheye":
            model, distortion = "kannala_brandt", tuple(number(k[key]) for key in ("k1", "k2", "k3", "k4"))
        else:
            order = ("k1", "k2", "p1", "p2", "k3")
            model, distortion = "brown_conrady", tuple(number(k.get(key, 0.0)) for key in order)
    return camera(StreamId(name), Lens(matrix, model, distortion, size), pose)


def _id(value: object) -> int | str:
    return value if isinstance(value, int | str) else f"unreadable id {value!r:.40}"
