"""From tracks, shapes, relations and tags to OpenLABEL's elements, frames and data."""

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec

from plugins.image.formats.bounding import kind_of
from plugins.image.formats.openlabel_cameras import pinhole_of
from plugins.image.formats.openlabel_carry import (
    BLOB,
    ELEMENT,
    ELEMENTS,
    MADE,
    NAME,
    ONTOLOGY,
    OURS,
    PRESENT,
    REST,
    SPACE,
    STATE,
    STATIC,
    SYSTEM,
    as_text,
    cuboid,
    intervals,
    join_plain,
    own_and_carried,
    pose_of,
    rest_of,
)
from plugins.image.formats.openlabel_space import EGO, Solid, Space
from plugins.image.formats.openlabel_times import as_timestamp
from studio.domain.contracts.formats import WriteItem
from studio.domain.contracts.reading import Losses
from studio.domain.entities import (
    AnyEntity,
    Box,
    Calibration,
    CoordinateSystem,
    Cuboid,
    EgoPose,
    Keypoints,
    PluginShape,
    Polygon,
    Polyline,
    Polyline3,
    Relation,
    RotatedBox,
    Shape,
    Tag,
    Tile,
    Track,
)
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import Pose, frame_time
from studio.domain.values import Value
from studio.domain.wire.projects import Stream

_CLOCK = Stream(id=StreamId(""), name="", kind="points")  # of frames without times
TYPES = {"image": "camera", "video": "camera", "points": "lidar"}
NATIVE = (
    Track,
    Box,
    RotatedBox,
    Polygon,
    Polyline,
    Keypoints,
    Cuboid,
    Polyline3,
    Relation,
    Tag,
    CoordinateSystem,
)


class Writer:
    """Writes one item."""

    def __init__(self, item: WriteItem, losses: Losses) -> None:
        self._item = item
        self._losses = losses
        self._kept: dict[str, Any] = _kept(item.sidecar)
        self._tracks = {each.id: each for each in item.entities if isinstance(each, Track)}
        self._shapes: dict[EntityId, list[AnyEntity]] = defaultdict(list)
        for each in item.entities:
            if isinstance(each, Shape):
                self._shapes[each.track].append(each)
        self._is_sequence = any(stream.frames > 1 for stream in item.streams)
        self._frames: dict[int, dict[str, Any]] = {}
        kept = {int(frame): each for frame, each in self._kept.get("frame_properties", {}).items()}
        self._space = Space(self._kept.get("coordinate_systems", {}), kept)
        self._made: dict[str, list[str]] = {"frames": [], "streams": [], "coordinate_systems": []}

    def content(self) -> dict[str, Any]:
        """The object that stands under `openlabel`."""
        ours = {
            "name": self._item.name,
            "split": self._item.split,
            "streams": [msgspec.to_builtins(stream) for stream in self._item.streams],
            "paths": {
                stream.name: list(paths)
                for stream, paths in zip(self._item.streams, self._item.source_paths, strict=False)
                if any(paths)
            },
            MADE: self._made,
        }
        kept = self._kept.get("metadata", {"schema_version": "1.0.0"})
        made: dict[str, Any] = {"metadata": {**kept, OURS: ours}}
        for key in ("ontologies", "resources"):
            if key in self._kept:
                made[key] = self._kept[key]
        elements: dict[str, dict[str, Any]] = {f"{each}s": {} for each in ELEMENTS}
        for track in self._tracks.values():
            element = self._element_of(track)
            elements[f"{element}s"][track.id] = self._element(track, element)
        self._carry(elements["contexts"])
        made |= {key: value for key, value in elements.items() if value}
        if relations := self._relations():
            made["relations"] = relations
        if tags := self._tags():
            made["tags"] = tags
        if systems := self._coordinate_systems():
            made["coordinate_systems"] = systems
        if streams := self._streams():
            made["streams"] = streams
        for frame, properties in self._frame_properties():
            self._frame(frame)["frame_properties"] = properties
        if self._frames:
            made["frames"] = {str(frame): self._frames[frame] for frame in sorted(self._frames)}
            made["frame_intervals"] = intervals(set(self._frames))
        return made

    def _element_of(self, track: Track) -> str:
        said = dict(track.attributes).get(ELEMENT, "object")
        return said if isinstance(said, str) and said in ELEMENTS else "object"

    def _frame(self, frame: int) -> dict[str, Any]:
        return self._frames.setdefault(frame, {})

    def _element(self, track: Track, element: str) -> dict[str, Any]:
        own, carried = own_and_carried(track.attributes)
        left = rest_of(carried)
        name = track.name
        if track.identity:
            name = as_text({OURS: {"name": track.name, "identity": track.identity}})
        made: dict[str, Any] = {"name": name, "type": track.class_name}
        if ONTOLOGY in carried:
            made["ontology_uid"] = carried[ONTOLOGY]
        made |= {key: left[key] for key in ("resource_uid", "coordinate_system") if key in left}
        data = join_plain(own, left.get("data", {}))
        present: set[int] = set()
        for shape in self._shapes[track.id]:
            if isinstance(shape, PluginShape) and shape.plugin_kind == PRESENT:
                start, end = shape.frame or 0, dict(shape.values).get("frame_end", shape.frame or 0)
                present |= set(range(start, int(end) + 1)) if isinstance(end, int) else {start}
                continue
            frame = getattr(shape, "frame", None)
            if not self._is_sequence or dict(getattr(shape, "attributes", ())).get(STATIC) or frame is None:
                target = data
            else:
                present.add(frame)
                inside = self._frame(frame).setdefault(f"{element}s", {}).setdefault(track.id, {})
                target = inside.setdefault(f"{element}_data", {})
            self._put(shape, target)
        for frame in present:
            self._frame(frame).setdefault(f"{element}s", {}).setdefault(track.id, {})
        if data:
            made[f"{element}_data"] = data
        if present:
            made["frame_intervals"] = intervals(present)
        return made

    def _put(self, shape: AnyEntity, target: dict[str, Any]) -> None:
        if isinstance(shape, PluginShape) and shape.plugin_kind == STATE:
            held = dict(shape.values)
            left = json.loads(str(held.pop(REST, "{}")))
            for kind, values in join_plain(held, left).items():
                target.setdefault(kind, []).extend(values)
            return
        kind, datum = self._datum(shape)
        if kind:
            target.setdefault(kind, []).append(datum)

    def _datum(self, shape: AnyEntity) -> tuple[str, dict[str, Any]]:
        own, carried = own_and_carried(getattr(shape, "attributes", ()))
        ours: dict[str, Any] = {"id": shape.id, "stream": getattr(shape, "stream", "")}
        if getattr(shape, "order", ""):
            ours["order"] = getattr(shape, "order", "")
        if NAME not in carried:
            ours["name"] = ""
        datum: dict[str, Any] = {"name": str(carried.get(NAME, "shape"))}
        kind = ""
        match shape:
            case Box():
                left, top, right, bottom = shape.xyxy
                kind = "bbox"
                datum["val"] = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top]
                ours["xyxy"] = list(shape.xyxy)
            case RotatedBox():
                kind = "rbbox"
                datum["val"] = [*shape.centre, *shape.size, shape.angle_rad]
            case Polygon():
                kind = "poly2d"
                datum |= {"val": _flat(shape.outline), "closed": True, "mode": "MODE_POLY2D_ABSOLUTE"}
                if shape.holes:
                    ours["holes"] = shape.holes
            case Polyline():
                kind = "poly2d"
                datum |= {"val": _flat(shape.points), "closed": False, "mode": "MODE_POLY2D_ABSOLUTE"}
            case Keypoints():
                kind = "point2d"
                datum["val"] = list(shape.points[0][1]) if shape.points else [0.0, 0.0]
                ours["points"] = shape.points
            case Cuboid():
                kind = "cuboid"
                ours |= {"ends_here": shape.ends_here, "made": shape.made}
                datum |= self._cuboid(shape, carried)
            case Polyline3():
                kind = "poly3d"
                datum |= {"closed": shape.closed, **self._line(shape, carried)}
            case PluginShape() if shape.plugin_kind.startswith("openlabel."):
                kind = shape.plugin_kind.removeprefix("openlabel.")
        left_over = rest_of(carried)
        attributes = join_plain(own, left_over.pop("attributes", {}))
        datum |= left_over
        if SYSTEM in carried:
            datum["coordinate_system"] = carried[SYSTEM]
        if attributes:
            datum["attributes"] = attributes
        datum[OURS] = ours
        return kind, datum

    def _cuboid(self, shape: Cuboid, carried: dict[str, Value]) -> dict[str, Any]:
        """The value and its coordinate system: as they stood, where nobody has moved the cuboid since."""
        own = Solid(shape.centre, shape.size, shape.rotation)
        system, val = _as_it_stood(carried)
        stays = shape.coordinate_system not in ("", EGO)
        if val is not None:
            stood = Solid(**cuboid(val))
            placed = stood if stays else self._space.solid_in_ego(system, stood, shape.frame)
            if placed == own:
                return _with_system(val, system)
        if stays or not system:
            here = shape.coordinate_system if stays else self._space.name_of_ego()
            return _with_system([*own.centre, *own.rotation, *own.size], here)
        there = self._space.solid_out_of_ego(system, own, shape.frame)
        if there is None:
            return _with_system([*own.centre, *own.rotation, *own.size], self._space.name_of_ego())
        return _with_system([*there.centre, *there.rotation, *there.size], system)

    def _line(self, shape: Polyline3, carried: dict[str, Value]) -> dict[str, Any]:
        """As `_cuboid`, of a line."""
        if shape.coordinate_system not in ("", EGO):
            return _with_system(_flat(shape.points), shape.coordinate_system)
        system, val = _as_it_stood(carried)
        if system:
            points = tuple(zip(*[map(float, val or ())] * 3, strict=False))
            if val and self._space.points_in_ego(system, points, shape.frame) == shape.points:
                return _with_system(val, system)
            there = self._space.points_out_of_ego(system, shape.points, shape.frame)
            if there is not None:
                return _with_system(_flat(there), system)
        return _with_system(_flat(shape.points), self._space.name_of_ego())

    def _carry(self, contexts: dict[str, Any]) -> None:
        """Entities that OpenLABEL has no word for travel as contexts that only we read."""
        blobs: set[str] = set()
        for entity in self._item.entities:
            native = isinstance(entity, NATIVE) or (
                isinstance(entity, PluginShape) and entity.plugin_kind.startswith("openlabel.")
            )
            if not native:
                texts = [{"name": "entity", "val": msgspec.json.encode(entity).decode()}]
                if isinstance(entity, Tile) and entity.blob not in blobs:
                    blobs.add(entity.blob)
                    data = base64.b64encode(self._item.blob(entity.blob)).decode()
                    texts.append({"name": BLOB, "val": data})
                contexts[entity.id] = {
                    "name": "",
                    "type": f"{OURS}:{kind_of(entity)}",
                    "context_data": {"text": texts},
                }

    def _relations(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for each in self._item.entities:
            if not isinstance(each, Relation):
                continue
            source, target = self._agent(each.source), self._agent(each.target)
            if not source or not target:
                self._losses.add("relation between other things than objects")
                continue
            own, carried = own_and_carried(each.attributes)
            for name in own:
                self._losses.add(f"attribute {name!r} of a relation")
            left = rest_of(carried)
            uid = str(left.pop("uid", each.id))
            if uid in made:
                for key, agent in (("rdf_subjects", source), ("rdf_objects", target)):
                    if agent not in made[uid][key]:
                        made[uid][key].append(agent)
                continue
            made[uid] = {
                "name": str(carried.get(NAME, "")),
                "type": each.class_name,
                "rdf_subjects": [source],
                "rdf_objects": [target],
                **left,
            }
            if ONTOLOGY in carried:
                made[uid]["ontology_uid"] = carried[ONTOLOGY]
        return made

    def _agent(self, key: EntityId) -> dict[str, str] | None:
        track = self._tracks.get(key)
        return {"uid": key, "type": self._element_of(track)} if track else None

    def _tags(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for each in self._item.entities:
            if not isinstance(each, Tag):
                continue
            own, carried = own_and_carried(each.attributes)
            ours: dict[str, Any] = {"attributes": own} if own else {}
            for key in ("stream", "frame", "interval"):
                if getattr(each, key) is not None:
                    ours[key] = getattr(each, key)
            ontology: Value = carried.get(ONTOLOGY, "")
            made[each.id] = {"type": each.class_name, "ontology_uid": ontology, **rest_of(carried)}
            if ours:
                made[each.id][OURS] = ours
        return made

    def _coordinate_systems(self) -> dict[str, Any]:
        """Those that were in the file, as they stood where nobody has moved them; then what is new."""
        kept = self._kept.get("coordinate_systems", {})
        here = {each.name: each for each in self._item.entities if isinstance(each, CoordinateSystem)}
        made: dict[str, Any] = {
            name: each
            for name, each in kept.items()
            if name in here or name == self._space.ego or name in self._space.outer
        }
        fresh = {name: each for name, each in here.items() if not self._is_as_kept(each)}
        for name, each in fresh.items():
            parent = self._space.name_of_ego() if each.parent == EGO else each.parent
            made[name] = {
                **kept.get(name, {"type": "sensor_cs" if each.parent == EGO else "local_cs"}),
                "parent": parent,
                "children": [],
                "pose_wrt_parent": _transform(Pose(each.translation, each.rotation)),
                OURS: each.id,
            }
        self._make_systems(made)
        for name, system in made.items():
            if name not in kept or name in fresh:
                system["children"] = [child for child, each in made.items() if each["parent"] == name]
        return made

    def _is_as_kept(self, system: CoordinateSystem) -> bool:
        kept = self._kept.get("coordinate_systems", {}).get(system.name)
        if kept is None:
            return False
        pose, parent = self._space.in_ego(system.name), EGO
        if pose is None:
            own = pose_of(kept.get("pose_wrt_parent"))
            pose, parent = Pose(*own) if own else Pose(), kept.get("parent", "")
        return (system.parent, system.translation, system.rotation) == (parent, *pose)

    def _make_systems(self, made: dict[str, Any]) -> None:
        """What other programs need beside them: the ego frame, the world, and the cameras' own axes."""
        cameras = {
            str(stream.name): each
            for each in self._item.entities
            if isinstance(each, Calibration)
            for stream in self._item.streams
            if stream.id == each.stream
        }
        wanted: dict[str, Any] = {}
        ego = self._space.name_of_ego()
        has_sensors = any(each["parent"] == ego for each in made.values())
        if ego not in made and (cameras or has_sensors or self._poses()):
            world = self._space.world() if self._poses() else ""
            wanted[ego] = {"type": "local_cs", "parent": world}
        if self._poses() and self._space.world() not in made:
            wanted[self._space.world()] = {"type": "scene_cs", "parent": ""}
        for name, each in cameras.items():
            if name not in made:
                pose = _transform(Pose(each.translation, each.rotation))
                wanted[name] = {"type": "sensor_cs", "parent": ego, "pose_wrt_parent": pose}
        for name, system in wanted.items():
            self._made["coordinate_systems"].append(name)
            made[name] = {**system, "children": [], OURS: MADE}

    def _poses(self) -> dict[int, EgoPose]:
        return {each.time_ns: each for each in self._item.entities if isinstance(each, EgoPose)}

    def _frame_properties(self) -> Iterator[tuple[int, dict[str, Any]]]:
        """What was said of frames, and for other programs their times, files and ego poses."""
        kept = {int(frame): dict(each) for frame, each in self._kept.get("frame_properties", {}).items()}
        reference = self._item.streams[0] if self._item.streams else None
        poses = self._poses()
        clock = reference if reference is not None and reference.times_ns else _CLOCK
        key = f"{self._space.name_of_ego()}_to_{self._space.world()}"
        said = {name for each in kept.values() for name in each}
        frames = range(reference.frames) if self._is_sequence and reference is not None else range(0)
        for frame in sorted({*kept, *frames}):
            properties = kept.get(frame, {})
            pose = poses.get(frame_time(clock, frame))
            if self._space.poses or "transforms" in said:
                properties |= self._moved(properties, frame, pose, key)
            elif pose is not None:
                properties["transforms"] = {key: self._ego_to_world(pose)}
                self._note("transforms")
            if "timestamp" not in said and clock is reference:
                properties["timestamp"] = as_timestamp(frame_time(clock, frame))
                self._note("timestamp")
            if "streams" not in said and (files := self._files_at(frame)):
                properties["streams"] = files
                self._note("streams")
            if properties:
                yield frame, properties

    def _moved(
        self, properties: dict[str, Any], frame: int, pose: EgoPose | None, key: str
    ) -> dict[str, Any]:
        """A frame's transforms, with the ego pose as it is now where somebody changed it."""
        was = self._space.poses.get(frame)
        now = None if pose is None else Pose(pose.translation, pose.rotation)
        if was == now:
            return {}
        between = {self._space.ego, *self._space.outer}
        left = {
            name: each
            for name, each in properties.get("transforms", {}).items()
            if not {each.get("src"), each.get("dst")} <= between
        }
        if pose is not None:
            left[key] = self._ego_to_world(pose)
        return {"transforms": left}

    def _ego_to_world(self, pose: EgoPose) -> dict[str, Any]:
        return {
            "src": self._space.name_of_ego(),
            "dst": self._space.world(),
            "transform_src_to_dst": _transform(Pose(pose.translation, pose.rotation)),
        }

    def _files_at(self, frame: int) -> dict[str, Any]:
        pairs = zip(self._item.streams, self._item.source_paths, strict=False)
        return {
            stream.name: {"uri": paths[frame]}
            for stream, paths in pairs
            if len(paths) > 1 and frame < len(paths) and paths[frame]
        }

    def _note(self, key: str) -> None:
        if key not in self._made["frames"]:
            self._made["frames"].append(key)

    def _streams(self) -> dict[str, Any]:
        made = dict(self._kept.get("streams", {}))
        lenses = {each.stream: each for each in self._item.entities if isinstance(each, Calibration)}
        for number, stream in enumerate(self._item.streams):
            paths = self._item.source_paths[number] if number < len(self._item.source_paths) else ()
            if stream.name in made:
                continue
            self._made["streams"].append(stream.name)
            made[stream.name] = {
                "type": TYPES.get(stream.kind, "other"),
                "uri": paths[0] if len(paths) == 1 else "",
                "description": "",
            }
            lens = lenses.get(stream.id)
            if lens is not None and (pinhole := pinhole_of(lens)) is not None:
                made[stream.name]["stream_properties"] = {"intrinsics_pinhole": pinhole}
        return made


def _with_system(val: list[Any], system: str) -> dict[str, Any]:
    return {"val": list(val), "coordinate_system": system}


def _as_it_stood(carried: dict[str, Value]) -> tuple[str, list[Any] | None]:
    """The coordinate system and the value that a geometry had in its file; none where it was the ego's."""
    text = carried.get(SPACE, "")
    found = json.loads(text) if isinstance(text, str) and text else {}
    return str(found.get("system", "")), found.get("val")


def _transform(pose: Pose) -> dict[str, Any]:
    return {"quaternion": list(pose.rotation), "translation": list(pose.translation)}


def _kept(sidecar: bytes) -> dict[str, Any]:
    """What a reader of ours kept; nothing where the sidecar is another format's."""
    try:
        found = json.loads(sidecar) if sidecar else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("metadata"), dict) else {}


def _flat(points: tuple[tuple[float, ...], ...]) -> list[float]:
    return [value for point in points for value in point]
