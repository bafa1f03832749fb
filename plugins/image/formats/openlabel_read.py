"""From OpenLABEL's elements, frames and data to tracks, shapes, relations and tags."""

import base64
import hashlib
import json
import math
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
from msgspec.structs import replace

from plugins.image.formats.openlabel_cameras import calibration_of
from plugins.image.formats.openlabel_carry import (
    BLOB,
    ELEMENT,
    ELEMENTS,
    MADE,
    NAME,
    ONTOLOGY,
    OURS,
    PLAIN,
    PRESENT,
    REST,
    SPACE,
    STATE,
    STATIC,
    SYSTEM,
    as_text,
    cuboid,
    intervals,
    pose_of,
    split_plain,
)
from plugins.image.formats.openlabel_space import EGO, Solid, Space
from plugins.image.formats.openlabel_times import frame_times
from studio.domain.contracts.formats import MediaFile, Problem, ReadItem
from studio.domain.contracts.reading import Files
from studio.domain.entities import (
    AnyEntity,
    Box,
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
    Tag,
    Track,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, TrackId, is_id, new_id
from studio.domain.space import Pose, frame_time
from studio.domain.values import Value, attributes
from studio.domain.wire.projects import Stream, StreamKind

KINDS: dict[str, StreamKind] = {"camera": "image", "lidar": "points", "radar": "points"}
SPACE_KINDS = ("cuboid", "poly3d", "point3d", "mesh")
MOST_FRAMES = 1_000_000
SIDECAR = ("metadata", "ontologies", "resources", "streams", "coordinate_systems", "frame_intervals")


class Reader:
    """Reads one file's content, which has been validated against the schema."""

    def __init__(self, path: str, content: dict[str, Any], files: Files) -> None:
        """Raises `import.malformed` where it numbers more frames than a sequence may have."""
        self._path = path
        self._content = content
        self._files = files
        self._ours: dict[str, Any] = content["metadata"].get(OURS, {})
        self._ids: dict[tuple[str, str], EntityId] = {}
        self._streams: dict[str, Stream] = {}
        self._declared = content.get("streams", {})
        self._frames = _by_number(path, content.get("frames", {}))
        self._frame_count = max(self._frames, default=0) + 1
        self._properties = {frame: at.get("frame_properties", {}) for frame, at in self._frames.items()}
        self._space = Space(content.get("coordinate_systems", {}), self._properties)
        self._times = frame_times(self._properties, self._frame_count)
        self._carried: list[AnyEntity] = []
        self._blobs: list[tuple[str, bytes]] = []
        self._foreign: set[EntityId] = set()  # cuboids of files that do not say where a track ends
        self.problems: list[Problem] = []

    def item(self) -> ReadItem:
        """The whole file as one item. Raises `import.malformed` where what it says cannot be."""
        for each in self._ours.get("streams", ()):
            own = msgspec.convert(each, Stream)
            self._streams[own.name] = own
        for name, stream in self._declared.items():
            kind = KINDS.get(stream.get("type", ""))
            if kind is not None:
                size = stream.get("stream_properties", {}).get("intrinsics_pinhole", {})
                self._stream(name, kind, size.get("width_px", 0), size.get("height_px", 0))
        entities: list[AnyEntity] = []
        try:
            for element in ELEMENTS:
                for uid, content in self._content.get(f"{element}s", {}).items():
                    entities += self._element(element, uid, content)
            entities += self._relations()
            entities += self._tags()
            entities += self._coordinate_systems()
            entities += self._calibrations()
            entities += self._ego_poses()
        except (
            TypeError,
            ValueError,
            KeyError,
            IndexError,
            AttributeError,
            OverflowError,
            msgspec.ValidationError,
        ) as error:
            raise AtelierError(
                "import.malformed",
                f"{self._path!r} keeps to OpenLABEL's schema, but holds what no geometry can be: {error}.",
                hint="Write the file again with the program that made it.",
            ) from error
        if not self._streams:
            self._stream("image", "image")
        media = [MediaFile(stream, self._media(name)) for name, stream in self._streams.items()]
        media.sort(key=lambda each: each.stream.kind != "points")  # the reference comes first
        files = [path for each in media for path in each.paths if path]
        return ReadItem(
            source=self._ours.get("name") or (files[0] if len(files) == 1 else self._path),
            split=self._ours.get("split", ""),
            media=tuple(media),
            entities=tuple(self._ended(entities) + self._carried),
            state="accepted",
            sidecar=self._sidecar(),
            blobs=tuple(self._blobs),
        )

    def _stream(self, name: str, kind: StreamKind, width: int = 0, height: int = 0) -> StreamId:
        if name not in self._streams:
            self._streams[name] = Stream(
                id=StreamId(name),
                name=name,
                kind=kind,
                frames=self._frame_count,
                width=max(0, int(width)),
                height=max(0, int(height)),
                times_ns=self._times,
            )
        return self._streams[name].id

    def _media(self, name: str) -> tuple[str, ...]:
        """The files of a stream, by frame where frames name their own; one that is not there is empty."""
        said: list[str] = list(self._ours.get("paths", {}).get(name, ()))
        if not said:
            by_frame = {
                frame: str(each.get("streams", {}).get(name, {}).get("uri", ""))
                for frame, each in self._properties.items()
            }
            if any(by_frame.values()):
                said = [by_frame.get(frame, "") for frame in range(self._frame_count)]
        if not said:
            said = [self._declared.get(name, {}).get("uri", "")]
        found = tuple((self._files.find(uri, self._path) or "") if uri else "" for uri in said)
        return found if any(found) else ()

    def _stream_of(self, kind: str, system: str) -> StreamId:
        wanted: StreamKind = "points" if kind in SPACE_KINDS else "image"
        # what stands in a camera's axes is still in space, and shown among the points
        if system in self._streams and (wanted == "image" or self._streams[system].kind == wanted):
            return self._streams[system].id
        for stream in self._streams.values():
            if stream.kind == wanted:
                return stream.id
        return self._stream(wanted, wanted)

    def _first_stream(self) -> StreamId:
        for stream in self._streams.values():
            return stream.id
        return self._stream("image", "image")

    def _element(self, element: str, uid: str, content: dict[str, Any]) -> Iterator[AnyEntity]:
        plain, rest = split_plain(
            {kind: values for kind, values in content.get(f"{element}_data", {}).items() if kind in PLAIN}
        )
        if content.get("type", "").startswith(f"{OURS}:"):
            for each in content[f"{element}_data"]["text"]:
                if each["name"] == BLOB:
                    data = base64.b64decode(each["val"], validate=True)
                    self._blobs.append((hashlib.sha256(data).hexdigest(), data))
                else:
                    self._carried.append(msgspec.json.decode(each["val"], type=AnyEntity))
            return
        held: dict[str, Value] = dict(plain)
        if element != "object":
            held[ELEMENT] = element
        if "ontology_uid" in content:
            held[ONTOLOGY] = content["ontology_uid"]
        left = {"data": rest} if rest else {}
        for key in ("resource_uid", "coordinate_system"):
            if key in content:
                left[key] = content[key]
        if left:
            held[REST] = as_text(left)
        name, identity = content.get("name", ""), ""
        if name.startswith("{") and f'"{OURS}"' in name:
            said = json.loads(name)[OURS]
            name, identity = said["name"], said["identity"]
        track = Track(
            id=TrackId(self._id(element, uid)),
            class_name=content["type"],
            name=name,
            identity=identity,
            attributes=attributes(**held),
        )
        yield track
        yield from self._data(track, element, content.get(f"{element}_data", {}), None)
        seen: set[int] = set()
        empty: set[int] = set()
        for frame, at in sorted(self._frames.items()):
            inside = at.get(f"{element}s", {}).get(uid)
            if inside is None:
                continue
            made = list(self._data(track, element, inside.get(f"{element}_data", {}), frame))
            (seen if made else empty).add(frame)
            yield from made
        said = content.get("frame_intervals") or intervals(empty)
        yield from self._presence(track, said, seen)

    def _presence(self, track: Track, said: list[dict[str, int]], seen: set[int]) -> Iterator[AnyEntity]:
        for interval in said:
            start, end = interval["frame_start"], interval["frame_end"]
            if not 0 <= start <= end < MOST_FRAMES:
                raise ValueError(f"no frames go from {start} to {end}")
            if not all(frame in seen for frame in (start, end)) or len(seen) < end - start + 1:
                yield PluginShape(
                    id=EntityId(new_id()),
                    track=track.id,
                    stream=self._first_stream(),
                    plugin_kind=PRESENT,
                    version=1,
                    frame=start,
                    values=(("frame_end", end),),
                )

    def _data(
        self, track: Track, element: str, data: dict[str, Any], frame: int | None
    ) -> Iterator[AnyEntity]:
        for kind, values in data.items():
            if kind not in PLAIN:
                for datum in values:
                    yield self._shape(track, kind, datum, frame)
        if frame is None:
            return
        held, rest = split_plain({kind: values for kind, values in data.items() if kind in PLAIN})
        if held or rest:
            if rest:
                held[REST] = as_text(rest)
            yield PluginShape(
                id=EntityId(new_id()),
                track=track.id,
                stream=self._first_stream(),
                plugin_kind=STATE,
                version=1,
                frame=frame,
                values=attributes(**held),
            )

    def _shape(self, track: Track, kind: str, datum: dict[str, Any], frame: int | None) -> AnyEntity:
        left = dict(datum)
        ours = left.pop(OURS, {})
        system = str(left.pop("coordinate_system", ""))
        held, rest = split_plain(left.pop("attributes", {}))
        stream = StreamId(ours["stream"]) if "stream" in ours else self._stream_of(kind, system)
        held[NAME] = str(left.pop("name", ""))
        if system and system != stream and kind not in ("cuboid", "poly3d"):
            held[SYSTEM] = system
        if frame is None and self._frames:
            held[STATIC] = True
        if rest:
            left["attributes"] = rest
        if "name" in ours:
            del held[NAME]
        made = self._geometry(kind, left, ours)
        if made[0] is not PluginShape:
            read = ("val", "closed", "mode") if kind in ("poly2d", "poly3d") else ("val",)
            left = {key: value for key, value in left.items() if key not in read}
        if left:
            held[REST] = as_text(left)
        shape, values = made
        if shape in (Cuboid, Polyline3):
            brought = self._bring_to_ego(shape, values, system, frame or 0)
            values["coordinate_system"] = EGO if brought else system
            if (brought and not self._space.is_ego(system)) or _by_angles(kind, datum):
                held[SPACE] = as_text({"system": system, "val": datum["val"]})
        if shape is Cuboid and "id" in ours:
            values["ends_here"] = bool(ours.get("ends_here", False))
            values["made"] = ours.get("made", "hand")
        if "order" in ours:
            values["order"] = ours["order"]
        made_shape: AnyEntity = shape(
            id=EntityId(ours["id"]) if is_id(str(ours.get("id", ""))) else EntityId(new_id()),
            track=track.id,
            stream=stream,
            frame=frame or 0,
            attributes=attributes(**held),
            **values,
        )
        if shape is Cuboid and "id" not in ours:
            self._foreign.add(made_shape.id)
        return made_shape

    def _bring_to_ego(self, shape: Any, values: dict[str, Any], system: str, frame: int) -> bool:
        """Move a geometry into the ego frame, where the file's coordinate systems lead there."""
        if shape is Cuboid:
            if min(values["size"]) <= 0:
                return self._space.is_ego(system)  # it says that something is there, not where
            given = Solid(values["centre"], values["size"], values["rotation"])
            placed = self._space.solid_in_ego(system, given, frame)
            if placed is not None:
                values |= placed._asdict()
            return placed is not None
        points = self._space.points_in_ego(system, values["points"], frame)
        if points is not None:
            values["points"] = points
        return points is not None

    def _ended(self, entities: list[AnyEntity]) -> list[AnyEntity]:
        """Files of others list every frame of a track: the last box of each run is its end."""
        seen = {(each.track, each.stream, each.frame) for each in entities if isinstance(each, Cuboid)}
        return [
            replace(each, ends_here=True)
            if isinstance(each, Cuboid)
            and each.id in self._foreign
            and (each.track, each.stream, each.frame + 1) not in seen
            and (self._space.poses or not dict(each.attributes).get(STATIC))
            else each
            for each in entities
        ]

    def _geometry(self, kind: str, datum: dict[str, Any], ours: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
        val = datum.get("val")
        match kind:
            case "bbox":
                x, y, w, h = map(_finite, val or ())
                box = (x - w / 2, y - h / 2, x + w / 2, y + h / 2)
                exact = tuple(map(_finite, ours.get("xyxy", box)))
                close = all(abs(a - b) < 1e-6 for a, b in zip(exact, box, strict=True))
                return Box, {"xyxy": exact if close else box}
            case "rbbox":
                x, y, w, h, angle = map(_finite, val or ())
                return RotatedBox, {"centre": (x, y), "size": (w, h), "angle_rad": angle}
            case "poly2d" if _absolute(datum):
                points = _points(datum)
                if datum.get("closed"):
                    holes = tuple(tuple(map(tuple, hole)) for hole in ours.get("holes", ()))
                    return Polygon, {"outline": points, "holes": holes}
                return Polyline, {"points": points}
            case "point2d":
                x, y = map(_finite, val or ())
                points = ours.get("points", ((datum.get("id", ""), (x, y), 2),))
                return Keypoints, {
                    "points": tuple((str(n), (float(p[0]), float(p[1])), s) for n, p, s in points)
                }
            case "cuboid" if val is not None:
                return Cuboid, cuboid([_finite(each) for each in val])
            case "cuboid" if val is None and {"quaternion", "size"} <= datum.keys():
                centre = datum.get("translation") or datum.get("traslation") or ()
                both = [*centre, *datum["quaternion"], *datum["size"]]
                return Cuboid, cuboid([_finite(each) for each in both])
            case "poly3d" if isinstance(val, list) and len(val) % 3 == 0:
                flat = [_finite(each) for each in val]
                points3 = tuple(zip(flat[::3], flat[1::3], flat[2::3], strict=True))
                return Polyline3, {"points": points3, "closed": bool(datum.get("closed"))}
            case _:
                return PluginShape, {
                    "plugin_kind": f"openlabel.{kind}",
                    "version": 1,
                    "anchors": _anchors(kind, datum),
                }

    def _relations(self) -> Iterator[AnyEntity]:
        for uid, content in self._content.get("relations", {}).items():
            pairs = [
                (self._id(s["type"], s["uid"]), self._id(o["type"], o["uid"]))
                for s in content["rdf_subjects"]
                for o in content["rdf_objects"]
            ]
            held: dict[str, Value] = {}
            if content.get("name"):
                held[NAME] = content["name"]
            if "ontology_uid" in content:
                held[ONTOLOGY] = content["ontology_uid"]
            left = {key: content[key] for key in ("frame_intervals", "resource_uid") if key in content}
            if len(pairs) > 1:
                left["uid"] = uid
            if left:
                held[REST] = as_text(left)
            for source, target in pairs:
                yield Relation(
                    id=EntityId(uid) if is_id(uid) and len(pairs) == 1 else EntityId(new_id()),
                    class_name=content["type"],
                    source=source,
                    target=target,
                    attributes=attributes(**held),
                )

    def _tags(self) -> Iterator[AnyEntity]:
        for uid, content in self._content.get("tags", {}).items():
            ours = content.get(OURS, {})
            held: dict[str, Value] = dict(ours.get("attributes", {}))
            if content["ontology_uid"]:
                held[ONTOLOGY] = content["ontology_uid"]
            left = {key: value for key, value in content.items() if key not in ("type", "ontology_uid", OURS)}
            if left:
                held[REST] = as_text(left)
            interval = ours.get("interval")
            yield Tag(
                id=EntityId(uid) if is_id(uid) else EntityId(new_id()),
                class_name=content["type"],
                stream=ours.get("stream"),
                frame=ours.get("frame"),
                interval=(interval[0], interval[1]) if interval else None,
                attributes=attributes(**held),
            )

    def _coordinate_systems(self) -> Iterator[AnyEntity]:
        """Sensors by their poses in the ego frame; what nothing joins to it, as it stands."""
        for name, content in self._content.get("coordinate_systems", {}).items():
            ours = content.get(OURS, "")
            if ours == MADE or name == self._space.ego or name in self._space.outer:
                continue
            pose, parent = self._space.in_ego(name), EGO
            if pose is None:
                own = pose_of(content.get("pose_wrt_parent"))
                pose, parent = Pose(*own) if own else Pose(), content.get("parent", "")
            yield CoordinateSystem(
                id=EntityId(ours) if is_id(str(ours)) else EntityId(new_id()),
                name=name,
                parent=parent,
                translation=pose.translation,
                rotation=pose.rotation,
            )

    def _calibrations(self) -> Iterator[AnyEntity]:
        if self._ours:
            return  # what we wrote ourselves is carried, to the last bit
        for name, stream in self._declared.items():
            pinhole = stream.get("stream_properties", {}).get("intrinsics_pinhole")
            if name not in self._streams or not isinstance(pinhole, dict):
                continue
            try:
                made = calibration_of(self._streams[name].id, pinhole, self._space.in_ego(name) or Pose())
            except ValueError as error:
                self.problems.append(_broken(self._path, name, error))
                continue
            if made is not None:
                yield made

    def _ego_poses(self) -> Iterator[AnyEntity]:
        if self._ours:
            return  # carried, as calibrations are
        clock = Stream(
            id=StreamId(""), name="", kind="points", frames=self._frame_count, times_ns=self._times
        )
        for frame, pose in self._space.poses.items():
            yield EgoPose(
                id=EntityId(new_id()),
                time_ns=frame_time(clock, frame),
                translation=pose.translation,
                rotation=pose.rotation,
            )

    def _sidecar(self) -> bytes:
        kept: dict[str, Any] = {key: self._content[key] for key in SIDECAR if key in self._content}
        kept["metadata"] = {key: value for key, value in kept["metadata"].items() if key != OURS}
        made = self._ours.get(MADE, {})
        properties = {
            str(frame): left
            for frame, each in self._properties.items()
            if (left := {key: value for key, value in each.items() if key not in made.get("frames", ())})
        }
        if properties:
            kept["frame_properties"] = properties
        for key in ("streams", "coordinate_systems"):
            left = {name: each for name, each in kept.get(key, {}).items() if name not in made.get(key, ())}
            kept.pop(key, None)
            if left:
                kept[key] = left
        return as_text(kept).encode()

    def _id(self, element: str, uid: str) -> EntityId:
        key = (element, uid)
        if key not in self._ids:
            self._ids[key] = EntityId(uid if is_id(uid) else new_id())
        return self._ids[key]


def _by_number(path: str, frames: dict[str, Any]) -> dict[int, Any]:
    far = next((key for key in frames if len(key) > 9 or int(key) >= MOST_FRAMES), None)
    if far is not None:
        raise AtelierError(
            "import.malformed",
            f"{path!r} has a frame {far[:20]}; a sequence has at most {MOST_FRAMES:,} frames.",
            hint="Write the file again with the program that made it.",
        )
    return {int(key): frame for key, frame in frames.items()}


def _broken(path: str, camera: str, why: Exception) -> Problem:
    return Problem(
        path=path,
        code="calibration.broken",
        message=f"The calibration of {camera!r} cannot be: {why}. It was left out.",
        hint="Mend the calibration in the file and import again.",
    )


def _by_angles(kind: str, datum: dict[str, Any]) -> bool:
    """Whether a cuboid is turned by three angles, which a quaternion does not give back to the last bit."""
    return kind == "cuboid" and len(datum.get("val") or ()) == 9


def _finite(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value!r} is not a finite number")
    return number


def _absolute(datum: dict[str, Any]) -> bool:
    mode = datum.get("mode", "MODE_POLY2D_ABSOLUTE")
    val = datum.get("val")
    return (
        mode in ("MODE_POLY2D_ABSOLUTE", "MODE_POLY2D_RELATIVE")
        and isinstance(val, list)
        and len(val) % 2 == 0
    )


def _points(datum: dict[str, Any]) -> tuple[tuple[float, float], ...]:
    flat = [_finite(each) for each in datum["val"]]
    points = list(zip(flat[::2], flat[1::2], strict=True))
    if datum.get("mode") == "MODE_POLY2D_RELATIVE":
        for number, _ in enumerate(list(pairwise(points)), 1):
            (x, y), (dx, dy) = points[number - 1], points[number]
            points[number] = (x + dx, y + dy)
    return tuple(points)


def _anchors(kind: str, datum: dict[str, Any]) -> tuple[tuple[float, ...], ...]:
    if kind == "mesh":
        return tuple(tuple(map(_finite, each["val"])) for each in datum.get("point3d", {}).values())
    val = datum.get("val")
    if kind == "point3d" and isinstance(val, list):
        return (tuple(map(_finite, val)),)
    if kind == "poly2d" and isinstance(val, list) and len(val) >= 2:
        return ((_finite(val[0]), _finite(val[1])),)
    return ((0.0, 0.0),)
