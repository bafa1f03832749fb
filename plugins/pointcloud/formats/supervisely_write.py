"""From tracks, cuboids, points and tags to Supervisely's objects, figures and tags."""

import uuid
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
from msgspec import Struct

from plugins.pointcloud.formats.calibration import lens_of
from plugins.pointcloud.formats.scene import Camera, Scene, SceneBox, in_axes_of
from plugins.pointcloud.formats.scene_files import files_of
from plugins.pointcloud.formats.shared import folder_for, folder_of, name_of, safe_name, within
from plugins.pointcloud.formats.supervisely_carry import (
    ANNOTATION,
    FRAMES,
    INSTANCE,
    KEYS,
    LABELS,
    META,
    OURS,
    PICTURES,
    POINTS,
    YES_OR_NO,
    TagType,
    geometry_of,
    type_of,
)
from plugins.pointcloud.formats.supervisely_read import frame_end
from plugins.pointcloud.point_labels import joined
from studio.domain.contracts.reading import Losses
from studio.domain.entities import Tag, Tile, Track
from studio.domain.ids import EntityId
from studio.domain.space import Pose, as_matrix, inverse
from studio.domain.values import Value

_SPACE = uuid.UUID("6f1e1f0a-6a55-4e37-9a55-3a3c7d2b9d10")  # of keys that are made of names
_COLOURS = ("#4477AA", "#EE6677", "#228833", "#CCBB44", "#66CCEE", "#AA3377", "#EE7733", "#009988")
_Json = dict[str, Any]


class _Project(Struct):
    """What stands once for all items of a project."""

    kind: str
    shapes: dict[str, set[str]]
    tags: dict[str, TagType]


class Writer:
    """Writes items into projects: one of episodes, one of single clouds, or those that items came from."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._projects: dict[str, _Project] = {}
        self._datasets: set[str] = set()
        self._labels: set[str] = set()

    def files(self, scene: Scene) -> Iterator[tuple[str, bytes]]:
        """The files of one item."""
        if scene.frames > 1:
            dataset = self._dataset(scene)
            clouds = self._clouds(scene)
            yield within(dataset, FRAMES), _json({str(at): name for at, name in enumerate(clouds)})
            path = within(dataset, ANNOTATION)
        else:
            dataset, name = self._single(scene)
            clouds = [name]
            path = within(within(dataset, LABELS), f"{name}.json")
        kind = "point_cloud_episodes" if scene.frames > 1 else "point_clouds"
        project = self._projects.setdefault(folder_of(dataset), _Project(kind, {}, {}))
        yield path, _json(_Annotation(scene, project, self._losses).content(clouds))
        for frame, name in enumerate(clouds):
            folder = within(within(dataset, PICTURES), name.replace(".", "_"))
            for camera in scene.cameras:
                if camera.calibration is not None:
                    picture = _picture_name(camera, frame)
                    yield within(folder, f"{picture}.json"), _json(_sensor(scene, camera, picture))

    def projects(self) -> Iterator[tuple[str, bytes]]:
        """The files that stand once a project."""
        for folder, project in self._projects.items():
            yield within(folder, META), _json(_meta(project))
            yield within(folder, KEYS), _json({"tags": {}, "objects": {}, "figures": {}, "videos": {}})

    def _dataset(self, scene: Scene) -> str:
        own = scene.home(POINTS, self._datasets)
        return own if folder_of(own) or own in self._projects else within("episodes", own)

    def _single(self, scene: Scene) -> tuple[str, str]:
        """The dataset of a cloud, and its name there that no other cloud has."""
        path = (scene.paths(scene.reference) or ("",))[0]
        dataset = folder_of(folder_of(path))
        if name_of(folder_of(path)) != POINTS or not dataset:
            dataset = "point_clouds/ds0"
        base = name_of(path) or f"{name_of(folder_for(scene.item.name, set()))}.pcd"
        stem, _, suffix = base.rpartition(".")
        name, number = base, 2
        while within(dataset, name) in self._labels:
            name, number = f"{stem or base}_{number}.{suffix}", number + 1
        self._labels.add(within(dataset, name))
        return dataset, name

    def _clouds(self, scene: Scene) -> list[str]:
        names = [name_of(path) for path in scene.paths(scene.reference)]
        if all(names) and len(set(names)) == len(names):
            return names
        return [f"{name}.pcd" for name in scene.names()]


class _Annotation:
    """Makes the annotation of one item."""

    def __init__(self, scene: Scene, project: _Project, losses: Losses) -> None:
        self._scene = scene
        self._project = project
        self._losses = losses
        self._is_episode = scene.frames > 1
        self._ranged: dict[EntityId, dict[tuple[str, Value], list[int]]] = defaultdict(dict)
        self._of_points: dict[tuple[str, int], _Json] = {}

    def content(self, clouds: list[str]) -> _Json:
        frames = [list(self._figures(frame)) for frame in range(self._scene.frames)]
        used = {figure["objectKey"] for figures in frames for figure in figures}
        objects = [each for each in map(self._object, self._scene.tracks.values()) if each["key"] in used]
        content: _Json = {
            "description": "",
            "key": uuid.uuid5(_SPACE, self._scene.item.name).hex,
            "tags": list(self._item_tags()),
            "objects": [*objects, *self._of_points.values()],
            OURS: msgspec.to_builtins(files_of(self._scene.item, tuple(clouds))),
        }
        if not self._is_episode:
            return content | {"figures": frames[0] if frames else []}
        listed = [{"index": at, "figures": figures} for at, figures in enumerate(frames) if figures]
        return content | {"framesCount": len(frames), "frames": listed}

    def _figures(self, frame: int) -> Iterator[_Json]:
        for box in self._scene.boxes(frame):
            yield self._figure(box, frame)
        yield from self._point_figures(frame)

    def _figure(self, box: SceneBox, frame: int) -> _Json:
        key = _key(self._scene.label_of(box.track), box.track)
        made: _Json = {
            "key": _made_key(key, frame),
            "objectKey": key,
            "geometryType": "cuboid_3d",
            "geometry": geometry_of(in_axes_of(self._scene.lidar(), box.solid)),
        }
        self._project.shapes.setdefault(box.track.class_name, set()).add("cuboid_3d")
        tags = []
        for name, value in box.attributes:
            held = self._tag(name, value, "box")
            if held is None:
                continue
            if self._is_episode:
                self._ranged[box.track.id].setdefault((name, held["value"]), []).append(frame)
            else:
                tags.append(held)
        return made | {"tags": tags} if tags else made

    def _object(self, track: Track) -> _Json:
        label = self._scene.label_of(track)
        key = _key(label, track)
        if track.identity and key != label:
            self._losses.add("identity of a track that is no UUID", "written as one made of it")
        tags = [held for name, value in track.attributes if (held := self._tag(name, value, "track"))]
        for (name, value), frames in self._ranged.get(track.id, {}).items():
            for first, last in _runs(frames):
                tags.append({"name": name, "value": value, "frameRange": [first, last]})
        for at, tag in enumerate(tags):
            tag["key"] = _made_key(key, f"tag {at}")
        return {"key": key, "classTitle": track.class_name, "tags": tags}

    def _tag(self, name: str, value: Value, of: str) -> _Json | None:
        """A tag that says an attribute; None where the tag of this name holds another type."""
        kind = type_of(value)
        known = self._project.tags.setdefault(name, kind)
        if known != kind:
            self._losses.add(f"attribute {name!r} of a {of}", "left out: it is of two types")
            return None
        match value:
            case bool():
                return {"name": name, "value": YES_OR_NO[0 if value else 1]}
            case tuple():
                self._losses.add(f"attribute {name!r} of a {of}", "its choices written as one text")
                return {"name": name, "value": ", ".join(value)}
            case _:
                return {"name": name, "value": value}

    def _item_tags(self) -> Iterator[_Json]:
        lidar = self._scene.reference
        for each in self._scene.item.entities:
            if not isinstance(each, Tag) or lidar is None:
                continue
            held = dict(each.attributes)
            value = held.pop("value", None)
            for name in held:
                self._losses.add(f"attribute {name!r} of a tag")
            made: _Json | None = {"name": each.class_name, "value": None}
            if value is not None:
                made = self._tag(each.class_name, value, "tag")
            elif self._project.tags.setdefault(each.class_name, "none") != "none":
                made = None
                self._losses.add("tag of two types")
            if made is None:
                continue
            if (span := self._span(each)) is not None:
                made["frameRange"] = span
            made["key"] = _made_key(str(each.id), "tag")
            yield made

    def _span(self, tag: Tag) -> list[int] | None:
        """The frames that a tag is of; None for all. What does not begin and end with frames is lost."""
        scene, lidar = self._scene, self._scene.reference
        if lidar is None:
            return None
        if tag.frame is not None:
            if tag.stream not in (None, lidar.id) or tag.frame >= scene.frames:
                self._losses.add("tag of another stream's frame", "written as one of the whole item")
                return None
            return [tag.frame, tag.frame]
        if tag.interval is None:
            return None
        start, end = tag.interval
        inside = [frame for frame in range(scene.frames) if start <= scene.time_ns(frame) < end]
        if not inside:
            self._losses.add("tag of a time between frames", "written as one of the whole item")
            return None
        first, last = inside[0], inside[-1]
        if (scene.time_ns(first), frame_end(lidar, last)) != tag.interval or first == last:
            self._losses.add("time of a tag", "written as whole frames")
        return [first, last]

    def _point_figures(self, frame: int) -> Iterator[_Json]:
        lidar = self._scene.reference
        tiles = [
            each
            for each in self._scene.item.entities
            if isinstance(each, Tile)
            and lidar is not None
            and each.stream == lidar.id
            and each.frame == frame
        ]
        if not tiles:
            return
        labels = joined(tiles, self._scene.item.blob)
        both = labels.class_of.astype(np.uint64) << np.uint64(32) | labels.instance_of
        for pair in np.unique(both):
            name, instance = labels.classes[int(pair >> np.uint64(32))], int(pair & np.uint64(0xFFFFFFFF))
            if not name:
                if instance:
                    self._losses.add("instance of a point without a class", count=int((both == pair).sum()))
                continue
            key = uuid.uuid5(_SPACE, f"{self._scene.item.name} {name} {instance}").hex
            if (name, instance) not in self._of_points:
                tags = (
                    [{"name": INSTANCE, "value": instance, "key": _made_key(key, "tag")}] if instance else []
                )
                self._of_points[name, instance] = {"key": key, "classTitle": name, "tags": tags}
                self._project.shapes.setdefault(name, set()).add("point_cloud")
                if tags:
                    self._project.tags.setdefault(INSTANCE, "any_number")
            yield {
                "key": _made_key(key, frame),
                "objectKey": key,
                "geometryType": "point_cloud",
                "geometry": {"indices": np.flatnonzero(both == pair).tolist()},
            }


def _sensor(scene: Scene, camera: Camera, picture: str) -> _Json:
    assert camera.calibration is not None  # the caller has looked
    lens = lens_of(camera.calibration)
    pose = Pose(camera.calibration.translation, camera.calibration.rotation)
    outer = as_matrix(inverse(pose)) @ as_matrix(scene.lidar())
    return {
        "name": picture,
        "meta": {
            "deviceId": str(camera.stream.id),
            "sensorsData": {
                "extrinsicMatrix": [float(each) for each in outer[:3].ravel()],
                "intrinsicMatrix": [float(each) for each in lens.matrix.ravel()],
            },
        },
    }


def _picture_name(camera: Camera, frame: int) -> str:
    path = camera.paths[frame] if frame < len(camera.paths) else ""
    suffix = path.rpartition(".")[2] if "." in name_of(path) else "png"
    return f"{safe_name(str(camera.stream.id))}.{suffix}"


def _meta(project: _Project) -> _Json:
    return {
        "classes": [
            {
                "title": name,
                "shape": next(iter(shapes)) if len(shapes) == 1 else "any",
                "color": _COLOURS[at % len(_COLOURS)],
                "geometry_config": {},
            }
            for at, (name, shapes) in enumerate(sorted(project.shapes.items()))
        ],
        "tags": [
            {
                "name": name,
                "value_type": kind,
                "color": _COLOURS[at % len(_COLOURS)],
                "applicable_type": "all",
                "classes": [],
                **({"values": YES_OR_NO} if kind == "oneof_string" else {}),
            }
            for at, (name, kind) in enumerate(sorted(project.tags.items()))
        ],
        "projectType": project.kind,
    }


def _key(label: str, track: Track) -> str:
    """An object's key, which is a UUID: the track's own, or one made of what it was called elsewhere."""
    try:
        uuid.UUID(label)
    except ValueError:
        return uuid.uuid5(_SPACE, f"{track.class_name} {label}").hex
    return label


def _made_key(key: str, of: object) -> str:
    return uuid.uuid5(_SPACE, f"{key} {of}").hex


def _runs(frames: list[int]) -> Iterator[tuple[int, int]]:
    """Contiguous stretches, both ends inside."""
    first = last = None
    for frame in sorted(frames):
        if first is None or last is None or frame != last + 1:
            if first is not None and last is not None:
                yield first, last
            first = frame
        last = frame
    if first is not None and last is not None:
        yield first, last


def _json(content: _Json) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=2)
