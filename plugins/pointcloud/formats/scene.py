"""An item as writers of driving logs see it: boxes frame by frame, sensors, poses, and what is lost of it."""

from collections import Counter
from collections.abc import Iterator
from typing import Literal, NamedTuple, TypeGuard

from msgspec.structs import replace

from plugins.pointcloud.formats.key_frames import Made
from plugins.pointcloud.formats.shared import Solid, folder_for, folder_of, kind_of, stem_of
from plugins.pointcloud.interpolation import TrackIndex
from studio.domain.contracts.formats import WriteItem
from studio.domain.contracts.reading import Losses
from studio.domain.document import Document
from studio.domain.entities import (
    AnyEntity,
    Box,
    Calibration,
    CoordinateSystem,
    Cuboid,
    EgoPose,
    Shape,
    Tag,
    Tile,
    Track,
)
from studio.domain.space import NO_TURN, Pose, as_xyz, chained, ego_pose, frame_time, inverse, unit
from studio.domain.values import Attributes
from studio.domain.wire.projects import Stream

EGO = "ego"
# what a format may hold beside boxes of classes: `Scene.report` counts the rest
Holding = Literal[
    "tracks",  # that boxes of several frames are one thing
    "key_frames",  # which of the boxes were computed
    "made",  # whether a person, a step or a model made a box
    "made_auto",  # only whether a person or a machine did
    "track_attributes",
    "box_attributes",
    "track_name",
    "poses",  # of the ego frame, at every frame
    "all_poses",  # of the ego frame, at any time
    "cameras",
    "systems",  # where the other sensors are
    "point_labels",
    "boxes",  # on cameras
    "tags",
    "streams",  # other sensors' files, the times of frames and the side of a split
    "no_boxes",  # not even those: what is said of a box is not asked
]
_KINDS: dict[type, Holding] = {Calibration: "cameras", Tile: "point_labels", Box: "boxes", Tag: "tags"}


class SceneBox(NamedTuple):
    """A box at one frame, in the ego frame at its time."""

    track: Track
    solid: Solid
    attributes: Attributes
    made: Made
    is_key: bool  # False: it lies between two key frames, or after the last


class Camera(NamedTuple):
    """A camera with a file a frame; an empty path where there is none."""

    stream: Stream
    paths: tuple[str, ...]
    calibration: Calibration | None


class Scene:
    """One item. Everything that a writer needs is a field; `report` counts what it leaves."""

    def __init__(self, item: WriteItem, losses: Losses) -> None:
        self.item = item
        self.losses = losses
        self.reference = next((each for each in item.streams if each.kind == "points"), None)
        self.frames = self.reference.frames if self.reference else 0
        self.poses = sorted(
            (each for each in item.entities if isinstance(each, EgoPose)), key=lambda each: each.time_ns
        )
        self._systems = {each.name: each for each in item.entities if isinstance(each, CoordinateSystem)}
        self._calibrations = {each.stream: each for each in item.entities if isinstance(each, Calibration)}
        self.tracks = {each.id: each for each in item.entities if isinstance(each, Track)}
        self._identities = Counter((each.identity, each.class_name) for each in self.tracks.values())
        self._on_cameras = {each.track for each in item.entities if isinstance(each, Box)}
        self._index = self._indexed()

    @property
    def cameras(self) -> list[Camera]:
        """The cameras, in the order of their streams."""
        return [
            Camera(stream, self.paths(stream), self._calibrations.get(stream.id))
            for stream in self.item.streams
            if stream.kind in ("image", "video")
        ]

    @property
    def systems(self) -> list[CoordinateSystem]:
        """Where other frames of reference are, the reference stream's own included."""
        return list(self._systems.values())

    @property
    def calibrations(self) -> list[Calibration]:
        """The calibration of every camera that has one."""
        return list(self._calibrations.values())

    def label_of(self, track: Track) -> str:
        """What a format with ids of its own calls a track: what it was called there, else our id."""
        own = self._identities[track.identity, track.class_name] == 1 and track.identity
        return own or track.id

    def paths(self, stream: Stream | None) -> tuple[str, ...]:
        """One path a frame of a stream; empty where a frame has no file."""
        if stream is None:
            return ()
        at = [each.id for each in self.item.streams].index(stream.id)
        held = self.item.source_paths[at] if at < len(self.item.source_paths) else ()
        return (*held, *[""] * (stream.frames - len(held)))

    def home(self, inner: str, used: set[str]) -> str:
        """A folder for the label files that no other item has: that of the log itself, where all its points
        lie in the folder `inner` of it, else one of its own."""
        folders = {f"/{folder_of(path)}" for path in self.paths(self.reference)}
        folder = folders.pop() if len(folders) == 1 else ""
        own = folder.removesuffix(f"/{inner}").removeprefix("/")
        if not folder.endswith(f"/{inner}") or own in used:
            return folder_for(self.item.name, used)
        used.add(own)
        return own

    def names(self) -> tuple[str, ...]:
        """What label files call the frames: the names of the points files, or numbers."""
        stems = tuple(stem_of(path) for path in self.paths(self.reference))
        if all(stems) and len(set(stems)) == len(stems):
            return stems
        return tuple(f"{frame:06}" for frame in range(self.frames))

    def time_ns(self, frame: int) -> int:
        """When a frame is, on the item's clock."""
        assert self.reference is not None  # there are no frames without it
        return frame_time(self.reference, frame)

    def pose(self, frame: int) -> Pose:
        """The ego frame in the world at a frame."""
        return ego_pose(self.poses, self.time_ns(frame))

    def lidar(self) -> Pose:
        """Where the points' own axes stand in the ego frame."""
        return self.in_ego(str(self.reference.id)) or Pose() if self.reference else Pose()

    def boxes(self, frame: int) -> Iterator[SceneBox]:
        """Every box that is seen at a frame, those between key frames too, in the order of tracks."""
        if self._index is None:
            return
        placed = self._index.cuboids_at(frame)
        for at, key in enumerate(placed.tracks):
            stored = self._index.key_frame(key, frame)
            before = stored or self._index.neighbours(key, frame)[0]
            if before is None:
                continue
            x, y, z, w = (float(each) for each in placed.rotations[at])
            solid = Solid(as_xyz(placed.centres[at]), as_xyz(placed.sizes[at]), unit((x, y, z, w)))
            if stored is not None:  # what is stored, to the last bit
                solid = Solid(stored.centre, stored.size, stored.rotation)
            made: Made = stored.made if stored is not None else "auto"
            yield SceneBox(self.tracks[key], solid, before.attributes, made, stored is not None)

    def report(self, *holds: Holding) -> None:
        """Count everything of this item that a format does not hold; `holds` says what it does."""
        for entity in self.item.entities:
            self._report_one(entity, holds)
        if self._index is not None and "no_boxes" not in holds:
            self._report_boxes(holds)
        self._report_poses(holds)
        if "streams" not in holds:
            self._report_streams()

    def _report_streams(self) -> None:
        for stream in self.item.streams:
            if self.reference is None or stream.id != self.reference.id:
                self.losses.add("stream of another sensor")
            elif stream.times_ns:
                self.losses.add("time of a frame", count=len(stream.times_ns))
        if self.item.split:
            self.losses.add("side of the split")

    def _report_one(self, entity: AnyEntity, holds: tuple[Holding, ...]) -> None:
        match entity:
            case Track():
                self._report_track(entity, holds)
            case Cuboid() if "no_boxes" in holds:
                self.losses.add("shape cuboid")
            case Cuboid():
                self._report_cuboid(entity, holds)
            case EgoPose():
                return
            case CoordinateSystem():
                if "systems" not in holds:
                    own = self.reference is not None and entity.name == str(self.reference.id)
                    how = "everything written in the axes of the points" if own else "left out"
                    self.losses.add("frame of reference of a sensor", how)
            case _ if _KINDS.get(type(entity)) not in holds:
                what = f"shape {kind_of(entity)}" if isinstance(entity, Shape) else kind_of(entity)
                self.losses.add(what)

    def _report_track(self, track: Track, holds: tuple[Holding, ...]) -> None:
        if track.name and "track_name" not in holds:
            self.losses.add("name of a track")
        if "track_attributes" not in holds:
            for name, _ in track.attributes:
                self.losses.add(f"attribute {name!r} of a track")
        keys = self._index.key_frames(track.id) if self._index is not None else ()
        if "boxes" in holds and track.id in self._on_cameras:
            return
        if not keys or "no_boxes" in holds:
            self.losses.add(f"track without a cuboid ({track.class_name})")

    def _report_cuboid(self, cuboid: Cuboid, holds: tuple[Holding, ...]) -> None:
        if self.reference is None or cuboid.stream != self.reference.id:
            self.losses.add("cuboid on another stream than the first points")
            return
        if cuboid.frame >= self.frames:
            self.losses.add("cuboid beyond the last frame")
            return
        if cuboid.coordinate_system not in ("", EGO):
            resolved = self.in_ego(cuboid.coordinate_system) is not None
            how = "written in the ego frame" if resolved else "left out"
            self.losses.add("cuboid in another frame of reference", how)
        if "box_attributes" not in holds:
            for name, _ in cuboid.attributes:
                self.losses.add(f"attribute {name!r} of a box")
        known = "made" in holds or (cuboid.made == "auto" and "made_auto" in holds)
        if cuboid.made != "hand" and not known:
            self.losses.add(f"cuboid made by {cuboid.made}", "written as made by hand")

    def _report_boxes(self, holds: tuple[Holding, ...]) -> None:
        assert self._index is not None
        stored = Counter(each.track for each in self.item.entities if self._is_box(each))
        for key in self._index.tracks:
            keys = self._index.key_frames(key)
            if twice := stored[key] - len(keys):
                self.losses.add("second cuboid of a track at one frame", count=twice)
            seen = sum(stop - first for first, stop in self._index.runs(key))
            if "tracks" not in holds and seen > 1:
                self.losses.add("track over several frames", "written as one thing a frame")
            if "key_frames" not in holds and seen > len(keys):
                self.losses.add("box between key frames", "written as a key frame", seen - len(keys))

    def _report_poses(self, holds: tuple[Holding, ...]) -> None:
        if not self.poses or "all_poses" in holds:
            return
        if "poses" not in holds:
            self.losses.add("pose of the ego frame", count=len(self.poses))
            return
        frames = {self.time_ns(frame) for frame in range(self.frames)}
        times = {each.time_ns for each in self.poses}
        if between := len(times - frames):
            self.losses.add("pose of the ego frame between frames", count=between)
        if computed := len(frames - times):
            self.losses.add("pose of the ego frame at a frame", "computed from those around", computed)

    def _indexed(self) -> TrackIndex | None:
        if self.reference is None:
            return None
        held: list[AnyEntity] = [*self.tracks.values(), *self.poses]
        for each in self.item.entities:
            if self._is_box(each):
                held.append(self._brought_to_ego(each))
        return TrackIndex(Document(held), self.item.streams)

    def _is_box(self, entity: AnyEntity) -> TypeGuard[Cuboid]:
        return (
            isinstance(entity, Cuboid)
            and self.reference is not None
            and entity.stream == self.reference.id
            and entity.track in self.tracks
            and entity.frame < self.frames
            and self.in_ego(entity.coordinate_system or EGO) is not None
        )

    def _brought_to_ego(self, cuboid: Cuboid) -> Cuboid:
        system = self.in_ego(cuboid.coordinate_system or EGO)
        if cuboid.coordinate_system in ("", EGO) or system is None:
            return cuboid
        pose = chained(system, Pose(cuboid.centre, cuboid.rotation))
        return replace(cuboid, centre=pose.translation, rotation=pose.rotation, coordinate_system=EGO)

    def in_ego(self, name: str) -> Pose | None:
        """Where a named frame of reference stands in the ego frame; None where nothing leads there."""
        pose = Pose()
        for _ in range(len(self._systems) + 1):
            if name == EGO:
                return pose
            system = self._systems.get(name)
            if system is None:
                return None
            pose = chained(Pose(system.translation, unit(system.rotation)), pose)
            name = system.parent or EGO
        return None  # they stand in a circle


def in_axes_of(frame: Pose, solid: Solid) -> Solid:
    """A box of the ego frame in the axes of a sensor that stands at `frame` in it."""
    if frame.rotation == NO_TURN and not any(frame.translation):
        return solid
    pose = chained(inverse(frame), Pose(solid.centre, solid.rotation))
    return Solid(pose.translation, solid.size, pose.rotation)
