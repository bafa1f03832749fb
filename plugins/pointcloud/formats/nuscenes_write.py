"""nuScenes' tables out again: a scene for each item, a sample for each frame of its first points."""

import hashlib
from typing import Any

import msgspec

from plugins.pointcloud.formats.calibration import CENTRE, lens_of
from plugins.pointcloud.formats.nuscenes_tables import LIDAR_POINTS, RADAR_POINTS, VISIBILITY
from plugins.pointcloud.formats.scene import Scene, SceneBox
from studio.domain.contracts.formats import Sink, WriteItem
from studio.domain.contracts.reading import Losses
from studio.domain.entities import Box, Calibration, Track
from studio.domain.ids import StreamId, TrackId
from studio.domain.space import Pose, chained, ego_pose, frame_near, frame_time
from studio.domain.values import Attributes
from studio.domain.wire.projects import Stream

FOLDER = "v1.0-atelier"
_TABLES = (
    "attribute", "calibrated_sensor", "category", "ego_pose", "instance", "log", "map", "object_ann",
    "sample", "sample_annotation", "sample_data", "scene", "sensor", "visibility",
)  # fmt: skip
_MODALITIES = {"points": "lidar", "image": "camera"}
_UNSAID = -1  # points in a box: the devkit leaves boxes out that say 0
_MOST_COEFFICIENTS = 5  # k1 k2 p1 p2 k3

Row = dict[str, Any]


class TableWriter:
    """Gathers the rows of all items, and writes the tables at the end."""

    def __init__(self, losses: Losses) -> None:
        self._losses = losses
        self._rows: dict[str, dict[str, Row]] = {name: {} for name in _TABLES}

    def add(self, item: WriteItem) -> None:
        """One item as a scene."""
        scene = Scene(item, self._losses)
        scene.report(
            *("tracks", "track_name", "box_attributes", "made"),
            *("cameras", "systems", "all_poses", "boxes", "streams"),
        )
        if item.split:
            self._losses.add("side of the split")
        if scene.reference is None:
            self._losses.add("item without points")
            return
        _Writing(scene, self._rows, self._losses).write()

    def write(self, sink: Sink) -> None:
        """Every table, the empty ones too: the devkit asks for all."""
        for name, rows in self._rows.items():
            data = msgspec.json.format(msgspec.json.encode(list(rows.values())), indent=1)
            sink.write(f"{FOLDER}/{name}.json", data)


def token(*parts: object) -> str:
    """A token that the same parts always have."""
    return hashlib.md5("\0".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


class _Writing:
    """One scene."""

    def __init__(self, scene: Scene, rows: dict[str, dict[str, Row]], losses: Losses) -> None:
        assert scene.reference is not None
        self._scene = scene
        self._reference = scene.reference
        self._rows = rows
        self._losses = losses
        self._name = scene.item.name
        self._token = token("scene", self._name)
        self._samples = [token("sample", self._name, frame) for frame in range(scene.frames)]
        self._data: dict[tuple[StreamId, int], str] = {}  # stream and frame -> sample_data
        self._instances: dict[TrackId, str] = {}
        self._last: dict[str, Row] = {}  # instance -> its latest annotation

    def write(self) -> None:
        """All rows of it."""
        self._put("log", token("log", self._name), logfile="", vehicle="", date_captured="", location="")
        self._put(
            "scene",
            self._token,
            name=self._name,
            description="",
            log_token=token("log", self._name),
            nbr_samples=len(self._samples),
            first_sample_token=self._samples[0],
            last_sample_token=self._samples[-1],
        )
        for frame, key in enumerate(self._samples):
            self._put(
                "sample",
                key,
                timestamp=self._micros(self._scene.time_ns(frame)),
                scene_token=self._token,
                **_neighbours(self._samples, frame),
            )
        calibrations = {each.stream: each for each in self._scene.calibrations}
        for stream in self._scene.item.streams:
            if stream.kind in _MODALITIES:
                self._write_stream(stream, calibrations.get(stream.id))
            else:
                self._losses.add(f"stream of kind {stream.kind}")
        self._report_poses()
        self._report_systems()
        for frame, sample in enumerate(self._samples):
            for box in self._scene.boxes(frame):
                self._write_box(box, frame, sample)
        for each in self._scene.item.entities:
            if isinstance(each, Box):
                self._write_flat(each)

    def _put(self, table: str, key: str, **fields: Any) -> Row:
        return self._rows[table].setdefault(key, {"token": key, **fields})

    def _write_stream(self, stream: Stream, calibration: Calibration | None) -> None:
        sensor, calibrated = token("sensor", stream.id), token("calibrated", self._name, stream.id)
        modality = "radar" if "RADAR" in str(stream.id).upper() else _MODALITIES[stream.kind]
        self._put("sensor", sensor, channel=str(stream.id), modality=modality)
        pose = self._scene.in_ego(str(stream.id)) or Pose()
        matrix: list[list[float]] = []
        distortion: list[float] = []
        size = (stream.width, stream.height)
        if calibration is not None:
            pose = Pose(calibration.translation, calibration.rotation)
            lens = lens_of(calibration)
            matrix = lens.matrix.tolist()
            size = calibration.size if any(calibration.size) else size
            distortion = self._coefficients(calibration)
        self._put(
            "calibrated_sensor",
            calibrated,
            sensor_token=sensor,
            **_placed(pose),
            camera_intrinsic=matrix,
            camera_distortion=distortion,
        )
        paths = self._scene.paths(stream)
        chosen = [frame_near(stream, self._scene.time_ns(frame)) for frame in range(self._scene.frames)]
        if unused := stream.frames - len(set(chosen)):
            self._losses.add("frame of a sensor between samples", count=unused)
        keys = [token("data", self._name, stream.id, frame) for frame in range(len(chosen))]
        for frame, at in enumerate(chosen):
            time_ns = frame_time(stream, at)
            ego = token("ego", self._name, time_ns)
            self._put(
                "ego_pose",
                ego,
                timestamp=self._micros(time_ns),
                **_placed(ego_pose(self._scene.poses, time_ns)),
            )
            self._put(
                "sample_data",
                keys[frame],
                sample_token=self._samples[frame],
                ego_pose_token=ego,
                calibrated_sensor_token=calibrated,
                filename=paths[at],
                fileformat=paths[at].rpartition(".")[2],
                width=size[0] if modality == "camera" else 0,
                height=size[1] if modality == "camera" else 0,
                timestamp=self._micros(time_ns),
                is_key_frame=True,
                **_neighbours(keys, frame),
            )
            self._data.setdefault((stream.id, at), keys[frame])

    def _coefficients(self, calibration: Calibration) -> list[float]:
        if calibration.model == "kannala_brandt":
            self._losses.add("fisheye lens", "written as one that keeps lines straight")
            return []
        held = list(calibration.distortion)
        if any(held[_MOST_COEFFICIENTS:]):
            self._losses.add("further coefficient of a lens")
        if calibration.model == "pinhole":
            if any(held):
                self._losses.add("coefficient of a lens that is not applied")
            return []
        return [*held, *[0.0] * _MOST_COEFFICIENTS][:_MOST_COEFFICIENTS]

    def _micros(self, time_ns: int) -> int:
        return round(time_ns / 1000)

    def _report_poses(self) -> None:
        written = {
            frame_time(stream, at)
            for stream in self._scene.item.streams
            for (of, at) in self._data
            if of == stream.id
        }
        held = {each.time_ns for each in self._scene.poses}
        if between := len(held - written):
            self._losses.add("pose of the ego frame between frames", count=between)
        if computed := len(written - held):
            self._losses.add("pose of the ego frame at a frame", "computed from those around", computed)
        if broken := sum(time % 1000 != 0 for time in written):
            self._losses.add("time of a frame", "written in whole microseconds", broken)
        for stream in self._scene.item.streams:
            if stream.kind in _MODALITIES and not stream.times_ns:
                self._losses.add("stream without times", "written with times by its rate")

    def _report_systems(self) -> None:
        points = {str(each.id) for each in self._scene.item.streams if each.kind == "points"}
        for system in self._scene.systems:
            if system.name not in points:
                self._losses.add("frame of reference of a sensor")

    def _write_box(self, box: SceneBox, frame: int, sample: str) -> None:
        if box.made == "model":
            self._losses.add("cuboid made by model", "written as automatic")
        solid = chained(self._scene.pose(frame), Pose(box.solid.centre, box.solid.rotation))
        length, width, height = box.solid.size
        key = token("annotation", self._name, box.track.id, frame)
        instance = self._instance(box.track)
        held = dict(box.attributes)
        visibility = held.pop(VISIBILITY, "")
        if visibility and isinstance(visibility, str):
            self._put("visibility", token("visibility", visibility), level=visibility, description="")
        elif visibility != "":
            self._lost(VISIBILITY, box.is_key)
        counts: dict[str, int] = {}
        for name in (LIDAR_POINTS, RADAR_POINTS):
            value = held.pop(name, _UNSAID)
            if isinstance(value, bool) or not isinstance(value, int) or value < _UNSAID:
                self._lost(name, box.is_key)
                value = _UNSAID
            counts[name] = value
        latest = self._last.get(instance)
        row = self._put(
            "sample_annotation",
            key,
            sample_token=sample,
            instance_token=instance,
            attribute_tokens=self._attributes(tuple(held.items()), box.is_key),
            visibility_token=token("visibility", visibility)
            if isinstance(visibility, str) and visibility
            else "",
            **_placed(solid),
            size=[width, length, height],
            **counts,
            automatic_annotation=box.made != "hand",
            prev="" if latest is None else latest["token"],
            next="",
        )
        if latest is not None:
            latest["next"] = key
        self._last[instance] = row
        known = self._rows["instance"][instance]
        known["nbr_annotations"] += 1
        known["first_annotation_token"] = known["first_annotation_token"] or key
        known["last_annotation_token"] = key

    def _write_flat(self, box: Box) -> None:
        data = self._data.get((box.stream, box.frame))
        if data is None:
            self._losses.add("box on a picture between samples")
            return
        track = self._scene.tracks[box.track]
        left, top, right, bottom = (each - CENTRE for each in box.xyxy)
        self._put(
            "object_ann",
            token("object", box.id),
            sample_data_token=data,
            instance_token=self._instance(track),
            category_token=self._category(track),
            attribute_tokens=self._attributes(box.attributes, is_key=True),
            bbox=[left, top, right, bottom],
            mask=None,
        )

    def _category(self, track: Track) -> str:
        key = token("category", track.class_name)
        self._put("category", key, name=track.class_name, description="")
        return key

    def _instance(self, track: Track) -> str:
        """A track's token: what it was called there, else its id, as long as no other scene has it."""
        if track.id not in self._instances:
            key = self._scene.label_of(track)
            if key in self._rows["instance"]:
                if track.identity:
                    self._losses.add("identity of a track", "written as another one")
                key = token("instance", self._name, track.id)
            self._instances[track.id] = key
            self._put(
                "instance",
                key,
                category_token=self._category(track),
                instance_name=track.name,
                nbr_annotations=0,
                first_annotation_token="",
                last_annotation_token="",
            )
        return self._instances[track.id]

    def _attributes(self, held: Attributes, is_key: bool) -> list[str]:
        """Tokens of texts and choices, each called NAME.VALUE; everything else has no room."""
        found: list[str] = []
        for name, value in held:
            values = (value,) if isinstance(value, str) else value
            if (
                not isinstance(values, tuple)
                or "." in name
                or not name
                or (len(values) == 1) != isinstance(value, str)
            ):
                self._lost(name, is_key)
                continue
            for each in values:
                key = token("attribute", name, each)
                self._put("attribute", key, name=f"{name}.{each}", description="")
                found.append(key)
        return found

    def _lost(self, name: str, is_key: bool) -> None:
        if is_key:
            self._losses.add(f"attribute {name!r} of a box")


def _placed(pose: Pose) -> Row:
    x, y, z, w = pose.rotation
    return {"translation": list(pose.translation), "rotation": [w, x, y, z]}


def _neighbours(keys: list[str], at: int) -> Row:
    return {"prev": keys[at - 1] if at else "", "next": keys[at + 1] if at + 1 < len(keys) else ""}
