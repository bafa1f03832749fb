"""From tracks, shapes, relations and tags to OpenLABEL's elements, frames and data."""

import json
from collections import defaultdict
from typing import Any

import msgspec

from plugins.image.formats.bounding import kind_of
from plugins.image.formats.openlabel_carry import (
    ELEMENT,
    ELEMENTS,
    NAME,
    ONTOLOGY,
    OURS,
    PRESENT,
    REST,
    STATE,
    STATIC,
    SYSTEM,
    as_text,
    intervals,
    join_plain,
    own_and_carried,
    rest_of,
)
from studio.domain.contracts.formats import WriteItem
from studio.domain.contracts.reading import Losses
from studio.domain.entities import (
    AnyEntity,
    Box,
    CoordinateSystem,
    Cuboid,
    Keypoints,
    PluginShape,
    Polygon,
    Polyline,
    Polyline3,
    Relation,
    RotatedBox,
    Shape,
    Tag,
    Track,
)
from studio.domain.ids import EntityId
from studio.domain.values import Value

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

    def content(self) -> dict[str, Any]:
        """The object that stands under `openlabel`."""
        ours = {
            "name": self._item.name,
            "split": self._item.split,
            "streams": [msgspec.to_builtins(stream) for stream in self._item.streams],
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
        for frame, properties in self._kept.get("frame_properties", {}).items():
            self._frame(int(frame))["frame_properties"] = properties
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
                datum["val"] = [*shape.centre, *shape.rotation, *shape.size]
                datum["coordinate_system"] = shape.coordinate_system
            case Polyline3():
                kind = "poly3d"
                datum |= {"val": _flat(shape.points), "closed": shape.closed}
                datum["coordinate_system"] = shape.coordinate_system
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

    def _carry(self, contexts: dict[str, Any]) -> None:
        """Entities that OpenLABEL has no word for travel as contexts that only we read."""
        for entity in self._item.entities:
            native = isinstance(entity, NATIVE) or (
                isinstance(entity, PluginShape) and entity.plugin_kind.startswith("openlabel.")
            )
            if not native:
                text = {"name": "entity", "val": msgspec.json.encode(entity).decode()}
                contexts[entity.id] = {
                    "name": "",
                    "type": f"{OURS}:{kind_of(entity)}",
                    "context_data": {"text": [text]},
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
        kept = self._kept.get("coordinate_systems", {})
        made: dict[str, Any] = {}
        for each in self._item.entities:
            if isinstance(each, CoordinateSystem):
                made[each.name] = kept.get(each.name) or {
                    "type": "local_cs",
                    "parent": each.parent,
                    "children": [],
                    "pose_wrt_parent": {
                        "quaternion": list(each.rotation),
                        "translation": list(each.translation),
                    },
                    OURS: each.id,
                }
        for name, system in made.items():
            if name not in kept:
                system["children"] = [child for child, each in made.items() if each["parent"] == name]
        return made

    def _streams(self) -> dict[str, Any]:
        made = dict(self._kept.get("streams", {}))
        for number, stream in enumerate(self._item.streams):
            paths = self._item.source_paths[number] if number < len(self._item.source_paths) else ()
            if stream.name not in made:
                made[stream.name] = {
                    "type": TYPES.get(stream.kind, "other"),
                    "uri": paths[0] if paths else "",
                    "description": "",
                }
        return made


def _kept(sidecar: bytes) -> dict[str, Any]:
    """What a reader of ours kept; nothing where the sidecar is another format's."""
    try:
        found = json.loads(sidecar) if sidecar else {}
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("metadata"), dict) else {}


def _flat(points: tuple[tuple[float, ...], ...]) -> list[float]:
    return [value for point in points for value in point]
