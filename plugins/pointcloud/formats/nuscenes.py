"""nuScenes and T4 data sets: a scene an item, its key frames the frames, everything in the ego frame.

A scene's samples are the item's frames: lidars first, then radars, then cameras, each with the file of its
key frame and its own time. Boxes are said there in the world; here they stand in the ego frame at the time of
the first lidar. Sweeps between key frames have no labels and stay out. Boxes and masks on pictures (T4's
object_ann and surface_ann) come in beside the cuboids of their tracks.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.formats.calibration import CENTRE, EGO, Lens, broken, camera
from plugins.pointcloud.formats.key_frames import KeyFrames
from plugins.pointcloud.formats.nuscenes_tables import (
    LIDAR_POINTS,
    RADAR_POINTS,
    VISIBILITY,
    AnnotationRow,
    CalibratedRow,
    DataRow,
    InstanceRow,
    LogRow,
    NameRow,
    ObjectRow,
    PoseRow,
    RunLengths,
    SampleRow,
    SceneRow,
    SensorRow,
    SurfaceRow,
    Tables,
    VisibilityRow,
    table_folders,
)
from plugins.pointcloud.formats.nuscenes_write import TableWriter
from plugins.pointcloud.formats.shared import (
    FAULTS,
    PICTURE_SUFFIXES,
    POINT_SUFFIXES,
    Problems,
    bad_box,
    finished,
    media,
    missing_frame,
    name_of,
    rotation,
    solid,
    xyz,
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
from studio.domain.contracts.reading import Files, Losses, as_problem
from studio.domain.entities import (
    INLINE_MASK_BYTES,
    AnyEntity,
    Box,
    CoordinateSystem,
    Cuboid,
    EgoPose,
    Mask,
    Track,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.ontology import Ontology
from studio.domain.space import Pose, chained, inverse
from studio.domain.values import Attributes, Value
from studio.domain.wire.projects import StreamKind
from studio.domain.wording import counted

STATE = "state"  # the name of an attribute that is said without one
_FIRST = ("LIDAR_CONCAT", "LIDAR_TOP")
_AROUND = ("FRONT", "FRONT_RIGHT", "BACK_RIGHT", "BACK", "BACK_LEFT", "FRONT_LEFT")
_WIDE = 1.2  # times its length, from which on a box is wide
_ORDER = {"lidar": 0, "radar": 1, "camera": 2}
_KINDS: dict[str, StreamKind] = {"lidar": "points", "radar": "points", "camera": "image"}


class NuScenes:
    """Reads and writes nuScenes' and T4's tables."""

    name = "nuscenes"
    title = "nuScenes / T4"
    fidelity: Literal["lossless", "lossy"] = "lossy"
    can_write = True

    def sniff(self, tree: Tree) -> Sniffed | None:
        """Recognised by its tables of samples, their data and sensors."""
        folders = table_folders(tree)
        scenes = samples = 0
        classes: set[str] = set()
        for folder in folders:
            tables = Tables(tree, folder, Budget(), Problems())
            scenes += len(tables.rows("scene", SceneRow))
            samples += len(tables.rows("sample", SampleRow))
            classes |= {row.name for row in tables.rows("category", NameRow).values()}
        if not scenes:
            return None
        summary = f"{counted(scenes, 'scene')} of nuScenes with {counted(samples, 'key frame')}"
        return Sniffed(self.name, 0.97, scenes, summary, tuple(sorted(classes)))

    def read(self, tree: Tree, budget: Budget) -> Iterator[ReadItem | Problem]:
        """One item a scene. A row or file that cannot be used is named, and the rest comes in."""
        files = Files(tree, (*POINT_SUFFIXES, *PICTURE_SUFFIXES))
        folders = table_folders(tree)
        for folder in folders:
            problems = Problems()
            tables = Tables(tree, folder, budget, problems)
            index = _Index(tables)
            yield from problems
            for scene in tables.rows("scene", SceneRow).values():
                reader = _Scene(tables, index, scene, files)
                source = scene.name or scene.token
                item = reader.item(source if len(folders) == 1 else f"{folder}/{source}")
                yield from reader.problems
                if item is not None:
                    yield finished(tables.path("scene"), item, budget)

    def write(self, items: Iterable[WriteItem], ontology: Ontology, sink: Sink) -> tuple[Loss, ...]:
        """The tables of one data set. Points and pictures stay in the files that they came in."""
        losses = Losses()
        tables = TableWriter(losses)
        for item in items:
            tables.add(item)
        tables.write(sink)
        return losses.report()


class _Index:
    """What a scene asks of the tables again and again, by the token that it asks with."""

    def __init__(self, tables: Tables) -> None:
        self.channels: dict[str, SensorRow] = {}  # by calibrated_sensor
        sensors = tables.rows("sensor", SensorRow)
        self.order = {each.channel: place for place, each in enumerate(sensors.values())}
        for each in tables.rows("calibrated_sensor", CalibratedRow).values():
            if each.sensor_token in sensors:
                self.channels[each.token] = sensors[each.sensor_token]
        self.samples: dict[str, list[SampleRow]] = {}  # by scene
        for sample in tables.rows("sample", SampleRow).values():
            self.samples.setdefault(sample.scene_token, []).append(sample)
        self.data: dict[str, list[DataRow]] = {}  # by sample
        # of millions of sweeps between key frames none is used
        data = tables.rows("sample_data", DataRow, keep=lambda row: row.is_key_frame)
        self.poses = {row.ego_pose_token for row in data.values()}
        for row in data.values():
            self.data.setdefault(row.sample_token, []).append(row)
        self.names = Counter(name_of(row.filename) for rows in self.data.values() for row in rows)
        self.annotations: dict[str, list[AnnotationRow]] = {}  # by sample
        for box in tables.rows("sample_annotation", AnnotationRow).values():
            self.annotations.setdefault(box.sample_token, []).append(box)
        self.objects: dict[str, list[ObjectRow]] = {}  # by sample_data
        for flat in tables.rows("object_ann", ObjectRow).values():
            self.objects.setdefault(flat.sample_data_token, []).append(flat)
        self.surfaces: dict[str, list[SurfaceRow]] = {}  # by sample_data
        for surface in tables.rows("surface_ann", SurfaceRow).values():
            self.surfaces.setdefault(surface.sample_data_token, []).append(surface)


class _Scene:
    """Reads one scene."""

    def __init__(self, tables: Tables, index: _Index, scene: SceneRow, files: Files) -> None:
        self._tables = tables
        self._index = index
        self._scene = scene
        self._files = files
        self.problems = Problems()
        self._samples = self._in_order(index.samples.get(scene.token, []))
        # channel -> the key frame's data of each sample that has some
        self._data: dict[str, dict[int, DataRow]] = {}
        self._modality: dict[str, str] = {}
        for frame, sample in enumerate(self._samples):
            for row in self._key_data(sample):
                sensor = index.channels[row.calibrated_sensor_token]
                if _KINDS.get(sensor.modality):
                    self._data.setdefault(sensor.channel, {}).setdefault(frame, row)
                    self._modality[sensor.channel] = sensor.modality
        self._channels = sorted(self._data, key=self._rank)

    def item(self, source: str) -> ReadItem | None:
        """The scene; None where it has no sensor with data."""
        if not self._channels:
            self.problems.add(
                Problem(
                    path=self._tables.path("sample_data"),
                    code="import.malformed",
                    message=f"The scene {source!r} has no sample with data of a sensor; it was left out.",
                    hint="Look whether its tables belong together.",
                )
            )
            return None
        streams = tuple(self._media(channel) for channel in self._channels)
        poses = self._poses()
        log = self._tables.rows("log", LogRow).get(self._scene.log_token)
        drive = log.logfile if log is not None else ""
        entities: list[AnyEntity] = [*poses.values(), *self._sensors()]
        entities += self._boxes(streams, poses)
        return ReadItem(
            source=source,
            media=streams,
            entities=tuple(entities),
            group_key=drive or source,
            sequence=drive,
            state="accepted",
        )

    def _in_order(self, samples: Sequence[SampleRow]) -> list[SampleRow]:
        if any(later.timestamp < earlier.timestamp for earlier, later in pairwise(samples)):
            self.problems.add(
                Problem(
                    path=self._tables.path("sample"),
                    code="import.malformed",
                    message=f"The samples of {self._scene.name!r} are out of order; they were sorted.",
                    hint="Look whether the scene was put together from several.",
                )
            )
        return sorted(samples, key=lambda each: each.timestamp)

    def _key_data(self, sample: SampleRow) -> Iterator[DataRow]:
        rows = [
            row
            for row in self._index.data.get(sample.token, ())
            if row.calibrated_sensor_token in self._index.channels
        ]
        keys = [row for row in rows if row.is_key_frame]
        yield from keys or rows

    def _rank(self, channel: str) -> tuple[int, int, int]:
        """Lidars first, the whole one before the top one; cameras around the vehicle from the front; the
        others as the table of sensors has them."""
        kind = _ORDER[self._modality[channel]]
        place = _FIRST.index(channel) if channel in _FIRST else len(_FIRST)
        if self._modality[channel] == "camera":
            side = channel.upper().removeprefix("CAM_")
            place = _AROUND.index(side) if side in _AROUND else len(_AROUND)
        return kind, place, self._index.order[channel]

    def _media(self, channel: str) -> MediaFile:
        rows = self._data[channel]
        paths: list[str] = []
        gone: list[str] = []
        for frame in range(len(self._samples)):
            row = rows.get(frame)
            path = self._find(row.filename) if row else None
            paths.append(path or "")
            if path is None and (row is None or row.filename):
                gone.append(row.filename if row else f"sample {frame}")
        if gone:
            self.problems.add(
                missing_frame(gone[0], f"{len(gone):,} of {len(paths):,} files of {channel!r} are not there.")
            )
        times = [(rows.get(frame) or sample).timestamp * 1000 for frame, sample in enumerate(self._samples)]
        made = media(_KINDS[self._modality[channel]], channel, paths, times)
        if made.stream.kind != "image":
            return made
        first = next(iter(rows.values()))
        return MediaFile(replace(made.stream, width=first.width or 0, height=first.height or 0), made.paths)

    def _find(self, filename: str) -> str | None:
        """The file of a row. By its last part alone only where no other row has the same: 001.jpg of another
        camera is another picture."""
        found = self._files.find(filename, self._tables.path("sample_data"))
        if found is None or f"/{found}".endswith(f"/{filename}"):
            return found
        return found if self._index.names[name_of(filename)] == 1 else None

    def _poses(self) -> dict[int, EgoPose]:
        """By time in nanoseconds, sorted: of every file that is used, at its own time."""
        used = self._index.poses
        rows = self._tables.rows("ego_pose", PoseRow, keep=lambda row: row.token in used)
        found: dict[int, EgoPose] = {}
        for channel in self._channels:
            for data in self._data[channel].values():
                row, time_ns = rows.get(data.ego_pose_token), data.timestamp * 1000
                if row is None or time_ns in found:
                    continue
                try:
                    pose = _pose(row)
                except FAULTS as error:
                    self.problems.add(_bad_pose(self._tables.path("ego_pose"), error))
                    continue
                found[time_ns] = EgoPose(EntityId(new_id()), time_ns, pose.translation, pose.rotation)
        return dict(sorted(found.items()))

    def _sensors(self) -> Iterator[AnyEntity]:
        rows = self._tables.rows("calibrated_sensor", CalibratedRow)
        path = self._tables.path("calibrated_sensor")
        for channel in self._channels:
            used = {row.calibrated_sensor_token for row in self._data[channel].values()}
            data = next(iter(self._data[channel].values()))
            if len(used) > 1:
                self.problems.add(
                    Problem(
                        path=path,
                        code="calibration.broken",
                        message=f"{channel!r} has {len(used)} calibrations in a scene; the first was taken.",
                        hint="Split the scene where the sensor was moved.",
                    )
                )
            row = rows[data.calibrated_sensor_token]
            try:
                pose = _pose(row)
                if self._modality[channel] == "camera":
                    if not row.camera_intrinsic:
                        continue  # nothing is said of its lens
                    yield _camera(channel, row, pose, (data.width or 0, data.height or 0))
                else:
                    yield CoordinateSystem(EntityId(new_id()), channel, EGO, pose.translation, pose.rotation)
            except AtelierError as error:
                self.problems.add(as_problem(path, error))
            except FAULTS as error:
                self.problems.add(as_problem(path, broken(channel, error)))

    def _boxes(self, streams: Sequence[MediaFile], poses: Mapping[int, EgoPose]) -> Iterator[AnyEntity]:
        reference = next((file.stream for file in streams if file.stream.kind == "points"), None)
        path = self._tables.path("sample_annotation")
        first = streams[0].stream
        tracks = KeyFrames(path, (reference or first).id, len(self._samples))
        held = _Held(self._tables, tracks)
        if reference is not None:
            for frame, sample in enumerate(self._samples):
                pose = poses.get(reference.times_ns[frame])
                for row in self._index.annotations.get(sample.token, ()):
                    self._box(row, frame, pose, held)
        flat: list[AnyEntity] = []
        for channel in self._channels:
            for frame, data in self._data[channel].items():
                for each in self._index.objects.get(data.token, ()):
                    flat += self._on_picture(each, StreamId(channel), frame, held)
                for surface in self._index.surfaces.get(data.token, ()):
                    track = held.track("", surface.category_token)
                    flat += self._mask(surface.mask, track, StreamId(channel), frame, ())
        self._look_at_sizes(tracks)
        yield from tracks.entities()
        yield from flat

    def _look_at_sizes(self, tracks: KeyFrames) -> None:
        """Some write length, width, height where the tables have width, length, height."""
        boxes = [each for each in tracks.entities() if isinstance(each, Cuboid)]
        wide = sum(each.size[1] > each.size[0] * _WIDE for each in boxes)
        if wide > len(boxes) / 2:
            self.problems.add(
                Problem(
                    path=self._tables.path("sample_annotation"),
                    code="import.bad_box",
                    message=f"{wide:,} of {len(boxes):,} boxes are wider than long. They came in as they "
                    "stand: a size there is width, length, height.",
                    hint="If the first number is the length, swap the two in the table and import again.",
                )
            )

    def _box(self, row: AnnotationRow, frame: int, pose: EgoPose | None, held: "_Held") -> None:
        path = self._tables.path("sample_annotation")
        track = held.track(row.instance_token, "")
        try:
            if pose is None:
                raise ValueError("the ego frame has no pose then")
            width, length, height = xyz(row.size)
            in_world = _pose(row)
            ego = inverse(Pose(pose.translation, pose.rotation))
            place = chained(ego, in_world)
            box = solid(place.translation, (length, width, height), place.rotation)
        except FAULTS as error:
            self.problems.add(bad_box(path, f"{track.class_name} at frame {frame}", error))
            return
        made: Literal["auto", "hand"] = "auto" if row.automatic_annotation else "hand"
        self.problems.add(held.tracks.box(track, frame, box, held.attributes(row), made=made))

    def _on_picture(self, row: ObjectRow, stream: StreamId, frame: int, held: "_Held") -> Iterator[AnyEntity]:
        track = held.track(row.instance_token, row.category_token)
        said = tuple(sorted(held.states(row.attribute_tokens).items()))
        path = self._tables.path("object_ann")
        try:
            if len(row.bbox) != 4:
                raise ValueError(f"{len(row.bbox)} numbers are no box")
            left, top, right, bottom = (each + CENTRE for each in row.bbox)
            if right <= left or bottom <= top:
                raise ValueError("it is empty")
        except FAULTS as error:
            self.problems.add(bad_box(path, f"{track.class_name} on {stream!r} at frame {frame}", error))
        else:
            yield Box(EntityId(new_id()), track.id, stream, frame, (left, top, right, bottom), said)
        yield from self._mask(row.mask, track, stream, frame, said)

    def _mask(
        self, mask: RunLengths | None, track: Track, stream: StreamId, frame: int, said: Attributes
    ) -> Iterator[AnyEntity]:
        if mask is None:
            return
        path = self._tables.path("object_ann")
        try:
            counts = base64.b64decode(mask.counts, validate=True)
            height, width = mask.size
            if min(height, width) < 1 or max(height, width) > 100_000:
                raise ValueError(f"a mask of {width} x {height} pixels")
            if not 0 < len(counts) <= INLINE_MASK_BYTES:
                raise ValueError(f"its run lengths have {len(counts):,} bytes")
        except (binascii.Error, ValueError) as error:
            self.problems.add(bad_box(path, f"the mask of {track.class_name} on {stream!r}", error))
            return
        yield Mask(EntityId(new_id()), track.id, stream, frame, (height, width), counts, said)


class _Held:
    """The tracks of a scene, and what is said of them by tokens."""

    def __init__(self, tables: Tables, tracks: KeyFrames) -> None:
        self.tracks = tracks
        self._instances = tables.rows("instance", InstanceRow)
        self._classes = tables.rows("category", NameRow)
        self._names = tables.rows("attribute", NameRow)
        self._visibility = tables.rows("visibility", VisibilityRow)

    def track(self, instance: str, category: str) -> Track:
        """The track of an instance; one of its own without. A category that no table has is `unknown`."""
        known = self._instances.get(instance)
        of = known.category_token if known is not None else category
        name = self._classes[of].name if of in self._classes else "unknown"
        return self.tracks.track(instance, name, name=known.instance_name[:512] if known else "")

    def states(self, tokens: Sequence[str]) -> dict[str, Value]:
        """Attributes by the name in front of their dot: vehicle.moving is the vehicle's, moving the state."""
        found: dict[str, list[str]] = {}
        for token in tokens:
            if token in self._names:
                name, dot, value = self._names[token].name.partition(".")
                found.setdefault(name if dot else STATE, []).append(value if dot else name)
        return {name: values[0] if len(values) == 1 else tuple(values) for name, values in found.items()}

    def attributes(self, row: AnnotationRow) -> Attributes:
        """All that is said of a box."""
        said = self.states(row.attribute_tokens)
        if (known := self._visibility.get(row.visibility_token)) is not None and known.level:
            said[VISIBILITY] = known.level
        for name, count in ((LIDAR_POINTS, row.num_lidar_pts), (RADAR_POINTS, row.num_radar_pts)):
            if count is not None and count >= 0:
                said[name] = count
        return tuple(sorted(said.items()))


def _pose(row: CalibratedRow | PoseRow | AnnotationRow) -> Pose:
    """Raises ValueError."""
    if len(row.rotation) != 4:
        raise ValueError(f"{len(row.rotation)} numbers are no rotation")
    w, x, y, z = row.rotation
    return Pose(xyz(row.translation), rotation((x, y, z, w)))


def _camera(channel: str, row: CalibratedRow, pose: Pose, size: tuple[int, int]) -> AnyEntity:
    if [len(each) for each in row.camera_intrinsic] != [3, 3, 3]:
        raise broken(channel, "its matrix is not nine numbers")
    distortion = tuple(row.camera_distortion) if any(row.camera_distortion) else ()
    model: Literal["brown_conrady", "pinhole"] = "brown_conrady" if distortion else "pinhole"
    return camera(StreamId(channel), Lens(np.array(row.camera_intrinsic), model, distortion, size), pose)


def _bad_pose(path: str, why: Exception) -> Problem:
    return Problem(
        path=path,
        code="import.malformed",
        message=f"A pose of the ego frame cannot be ({why}); it was left out.",
        hint="Write the table again with the program that made it.",
    )
