"""Scenes: everything that moves, what the sensors make of it, and the labels that are exactly true."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.generator import classes
from plugins.pointcloud.generator.actors import CLUTTER, Actor, Counts, ego_path, populate
from plugins.pointcloud.generator.ground import Ground
from plugins.pointcloud.generator.paths import STEP_S, Path
from plugins.pointcloud.generator.pictures import Picture, lens_of, picture
from plugins.pointcloud.generator.rig import (
    FAULTS,
    LIDAR,
    Camera,
    Lidar,
    cameras,
    lidars,
    shots,
    unknown_fault,
    wrong,
)
from plugins.pointcloud.generator.sweeps import sweep
from studio.domain.entities import (
    AnyEntity,
    Calibration,
    CoordinateSystem,
    Cuboid,
    EgoPose,
    Group,
    Member,
    Track,
)
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import Floats, Pose, as_xyz, chained, ego_pose, inverse, outward
from studio.domain.wire.projects import Stream

PERIOD_NS = 100_000_000
Say = Callable[[float, str], None]  # how much of the scene is made (0 to 1), and what is being made
_SWEEP_COST = 0.25  # of that of a picture
_FIRST_NS = 1_700_000_000_000_000_000  # a drive's clock counts from 1970, so its times need all their digits


class Scene(NamedTuple):
    """A drive: an item's streams and entities, and the data that they stand for.

    hits: as `clouds`, (N,) the place in `tracks` of what each point lies on; -1 for ground and clutter.
    calibrations: the true ones, by camera; those among `entities` may have the fault that was asked for.
    """

    streams: tuple[Stream, ...]
    clouds: dict[StreamId, list[Cloud]]
    hits: dict[StreamId, list[NDArray[np.int32]]]
    images: dict[StreamId, list[Picture]]
    entities: tuple[AnyEntity, ...]
    tracks: tuple[Track, ...]
    calibrations: dict[StreamId, Calibration]

    def cuboids(self, frame: int) -> list[Cuboid]:
        """The labels of one frame of the lidar, in the ego frame."""
        return [each for each in self.entities if isinstance(each, Cuboid) and each.frame == frame]

    def ego_poses(self) -> list[EgoPose]:
        """Where the ego car was, sorted by time."""
        return [each for each in self.entities if isinstance(each, EgoPose)]

    def in_ego(self, stream: StreamId, frame: int) -> Floats:
        """(N, 3) the points of one frame in the ego frame at that frame's own time."""
        placed = next(
            each for each in self.entities if isinstance(each, CoordinateSystem) and each.name == stream
        )
        cloud = self.clouds[stream][frame]
        return outward(Pose(placed.translation, placed.rotation), cloud.xyz.astype(np.float64))


def generate(
    seed: int,
    *,
    frames: int = 20,
    counts: Counts = Counts(),
    ego: str = "straight",
    slope: float = 0.0,
    columns: int = 1050,
    noise_m: float = 0.02,
    dropout: float = 0.03,
    picture_size: tuple[int, int] | None = (640, 400),
    fault: str = "",
    faulty: Sequence[str] = (),
    say: Say = lambda _share, _what: None,
) -> Scene:
    """A drive of so many frames at 10 Hz. The same arguments give the same scene, ids included.

    ego: straight, turning or still. slope: the steepest rise of the ground (0.04: 4 %). columns: shots of
    each of the main lidar's 64 rings. picture_size: width and height, None for no pictures (they take most of
    the time). fault: one of `rig.FAULTS` in the calibrations of the cameras named in `faulty` (empty: of
    all). say: told before each frame of each sensor. Raises `generator.unknown`, `generator.crowded`.
    """
    _check(frames, fault)
    rng = np.random.default_rng(seed)
    seconds = frames * PERIOD_NS / 1e9 + 0.2
    way = ego_path(ego, seconds)
    world = _World(populate(rng, counts, way, seconds), Ground(slope), _ego_poses(way, Ground(slope)))
    ids = _Ids(seed)
    streams: list[Stream] = []
    clouds: dict[StreamId, list[Cloud]] = {}
    touched: dict[StreamId, list[NDArray[np.int32]]] = {}
    rig = cameras(picture_size) if picture_size else ()
    progress = _Progress(say, frames * (_SWEEP_COST * len(lidars(columns)) + len(rig)))
    for lidar in lidars(columns):
        clouds[lidar.stream], touched[lidar.stream] = _sweeps(
            rng, lidar, world, frames, noise_m, dropout, progress
        )
        streams.append(
            _stream(lidar.stream, "points", frames, lidar.delay_s, points=len(clouds[lidar.stream][0].xyz))
        )
    images = {each.stream: _pictures(each, world, frames, progress) for each in rig}
    streams += [_stream(each.stream, "image", frames, each.delay_s, each.calibration.size) for each in rig]
    true = {each.stream: _with_id(each.calibration, ids) for each in rig}
    given = [
        wrong(each, fault) if fault and (not faulty or each.stream in faulty) else each
        for each in true.values()
    ]
    labels, tracks, place = _labels(world, touched[LIDAR], frames, ids)
    systems = [
        CoordinateSystem(ids.new(), str(each.stream), "ego", each.pose.translation, each.pose.rotation)
        for each in lidars(columns)
    ]
    poses = [EgoPose(ids.new(), each.time_ns, each.translation, each.rotation) for each in world.ego]
    return Scene(
        tuple(streams),
        clouds,
        {stream: [place[each] for each in some] for stream, some in touched.items()},
        images,
        (*labels, *systems, *given, *poses),
        tracks,
        true,
    )


def _check(frames: int, fault: str) -> None:
    if frames < 1:
        raise AtelierError(
            "generator.unknown", f"A scene has at least one frame, not {frames}.", hint="Ask for one or more."
        )
    if fault and fault not in FAULTS:
        raise unknown_fault(fault)


class _Progress:
    """How much of the work is done, told as each frame begins."""

    def __init__(self, say: Say, whole: float) -> None:
        self._say = say
        self._whole = whole
        self._done = 0.0

    def begin(self, what: str, cost: float) -> None:
        self._say(self._done / self._whole, what)
        self._done += cost


class _World(NamedTuple):
    actors: list[Actor]
    ground: Ground
    ego: list[EgoPose]

    def poses(self, time_ns: int) -> list[Pose]:
        """Of each actor's foot, at a time."""
        seconds = (time_ns - _FIRST_NS) / 1e9
        return [self.ground.standing(*each.path.at(seconds)) for each in self.actors]


class _Ids:
    """UUIDv7 text from a seed: a fixed time, and random bits that the seed gives."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng([seed, 7])

    def new(self) -> EntityId:
        high, low = (int(each) for each in self._rng.integers(0, 2**62, 2))
        random = f"{high:016x}{low:016x}"
        return EntityId(f"018bcfe5-6800-7{random[1:4]}-8{random[4:7]}-{random[7:19]}")


def time_of(frame: int, delay_s: float = 0.0) -> int:
    """Nanoseconds of a frame of a stream that is so much later than the main lidar."""
    return _FIRST_NS + frame * PERIOD_NS + round(delay_s * 1e9)


def _ego_poses(way: Path, ground: Ground) -> list[EgoPose]:
    """One a row of the path, so that what is interpolated between them is what was driven."""
    found: list[EgoPose] = []
    for row, (x, y, yaw) in enumerate(way.rows):
        pose = ground.standing(float(x), float(y), float(yaw))
        found.append(
            EgoPose(EntityId(""), _FIRST_NS + row * round(STEP_S * 1e9), pose.translation, pose.rotation)
        )
    return found


def _stream(
    stream: StreamId,
    kind: str,
    frames: int,
    delay_s: float,
    size: tuple[int, int] = (0, 0),
    points: int = 0,
) -> Stream:
    return Stream(
        id=stream,
        name=str(stream),
        kind=kind,  # type: ignore[arg-type]
        frames=frames,
        width=size[0],
        height=size[1],
        points=points,
        rate_hz=1e9 / PERIOD_NS,
        duration_ns=frames * PERIOD_NS,
        times_ns=tuple(time_of(frame, delay_s) for frame in range(frames)),
    )


def _sweeps(
    rng: np.random.Generator,
    lidar: Lidar,
    world: _World,
    frames: int,
    noise_m: float,
    dropout: float,
    progress: _Progress,
) -> tuple[list[Cloud], list[NDArray[np.int32]]]:
    rays = shots(lidar)
    bodies = [each.body for each in world.actors]
    labels = np.array(
        [classes.LABEL_OF.get(each.class_name, classes.CLUTTER_LABEL) for each in world.actors]
        + [classes.GROUND_LABEL],
        np.uint16,
    )
    clouds, touched = [], []
    for frame in range(frames):
        progress.begin(f"Sweep {frame + 1} of {frames} of {lidar.stream}", _SWEEP_COST)
        now = time_of(frame, lidar.delay_s)
        pose = chained(ego_pose(world.ego, now), lidar.pose)
        found = sweep(
            rng,
            lidar,
            rays,
            pose,
            bodies,
            world.poses(now),
            labels,
            world.ground,
            noise_m,
            dropout,
        )
        clouds.append(found.cloud)
        touched.append(found.bodies)
    return clouds, touched


def _pictures(camera: Camera, world: _World, frames: int, progress: _Progress) -> list[Picture]:
    lens = lens_of(camera.calibration)
    own = Pose(camera.calibration.translation, camera.calibration.rotation)
    bodies = [each.body for each in world.actors]
    found = []
    for frame in range(frames):
        progress.begin(f"Picture {frame + 1} of {frames} of {camera.stream}", 1.0)
        now = time_of(frame, camera.delay_s)
        pose = chained(ego_pose(world.ego, now), own)
        found.append(picture(lens, camera.calibration.size, pose, bodies, world.poses(now), world.ground))
    return found


def _with_id(camera: Calibration, ids: _Ids) -> Calibration:
    return replace(camera, id=ids.new())


def _labels(
    world: _World, touched: Sequence[NDArray[np.int32]], frames: int, ids: _Ids
) -> tuple[list[AnyEntity], tuple[Track, ...], NDArray[np.int32]]:
    """Labels, their tracks, and the place among these of each actor's (and, last, the ground's: -1).

    A unit is labelled from the first frame in which a shot of the main lidar hits any of it to the last,
    also where it is hidden in between; what is never hit has no label.
    """
    runs = _runs(world.actors, touched)
    place = np.full(len(world.actors) + 1, -1, np.int32)
    made: list[AnyEntity] = []
    tracks: list[Track] = []
    groups: dict[int, Group] = {}
    for number, actor in enumerate(world.actors):
        if actor.class_name == CLUTTER or actor.unit not in runs:
            continue
        first, last = runs[actor.unit]
        track = Track(ids.new(), actor.class_name, name=f"{actor.class_name} {len(tracks) + 1}")
        place[number] = len(tracks)
        tracks.append(track)
        made.append(track)
        made += _key_frames(world, actor, track, first, last, ids)
        if actor.group:
            if actor.unit not in groups:
                groups[actor.unit] = Group(ids.new(), actor.group, f"{actor.group} {len(groups) + 1}")
                made.append(groups[actor.unit])
            leaves = time_of(0, min(actor.leaves_s, 1e6))
            span = (time_of(first), min(time_of(last + 1), max(leaves, time_of(first) + 1)))
            made.append(Member(ids.new(), groups[actor.unit].id, track.id, actor.role, (span,)))
    return made, tuple(tracks), place


def _runs(actors: Sequence[Actor], touched: Sequence[NDArray[np.int32]]) -> Mapping[int, tuple[int, int]]:
    """First and last frame in which each unit is hit."""
    runs: dict[int, tuple[int, int]] = {}
    for frame, bodies in enumerate(touched):
        for number in np.unique(bodies[bodies >= 0]):
            unit = actors[number].unit
            runs[unit] = (runs[unit][0] if unit in runs else frame, frame)
    return runs


def _key_frames(
    world: _World, actor: Actor, track: Track, first: int, last: int, ids: _Ids
) -> list[AnyEntity]:
    found: list[AnyEntity] = []
    for frame in range(first, last + 1):
        now = time_of(frame)
        foot = world.ground.standing(*actor.path.at((now - _FIRST_NS) / 1e9))
        here = chained(inverse(ego_pose(world.ego, now)), foot)
        centre = as_xyz(outward(here, np.array([actor.body.centre]))[0])
        found.append(
            Cuboid(
                ids.new(),
                track.id,
                LIDAR,
                frame,
                centre,
                actor.body.size,
                here.rotation,
                ends_here=frame == last,
            )
        )
    return found
