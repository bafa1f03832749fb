"""What the point-cloud tests stand on: streams, tracks and key frames in a few words."""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.interpolation import TrackIndex
from studio.domain.document import Document
from studio.domain.edit import Edit
from studio.domain.entities import AnyEntity, Box, Cuboid, EgoPose, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.space import Pose, as_xyz, chained, ego_pose, inverse, turn
from studio.domain.values import XYZ
from studio.domain.wire.projects import Stream

LIDAR, FRONT = StreamId("lidar"), StreamId("CAM_FRONT")
CAR: XYZ = (4.5, 1.8, 1.5)
STEP_NS = 100_000_000


def streams(
    frames: int = 20, times_ns: Sequence[int] = (), camera_shift_ns: int = 30_000_000
) -> list[Stream]:
    """A lidar, and a camera that is a little late."""
    times = tuple(times_ns) or tuple(frame * STEP_NS for frame in range(frames))
    later = tuple(time + camera_shift_ns for time in times)
    return [
        Stream(LIDAR, "Lidar", "points", frames=len(times), times_ns=times),
        Stream(FRONT, "Front", "image", frames=len(times), width=1600, height=900, times_ns=later),
    ]


def car(class_name: str = "car", **given: object) -> Track:
    """A new track."""
    return Track(TrackId(new_id()), class_name, **given)  # type: ignore[arg-type]


def key(
    track: Track,
    frame: int,
    x: float = 0.0,
    y: float = 0.0,
    yaw: float = 0.0,
    z: float = 0.75,
    size: XYZ = CAR,
    **given: object,
) -> Cuboid:
    """A key frame in the ego frame."""
    place = (float(x), float(y), float(z))
    made = Cuboid(ShapeId(new_id()), TrackId(track.id), LIDAR, frame, place, size, turn(yaw))
    return made if not given else _with(made, given)


def _with(cuboid: Cuboid, given: dict[str, object]) -> Cuboid:
    return replace(cuboid, **given)


def pin(track: Track, frame: int) -> Box:
    """A box of the track that a person has put right in the camera."""
    return Box(ShapeId(new_id()), TrackId(track.id), FRONT, frame, (10.0, 10.0, 60.0, 50.0))


def driving(frames: int, speed: float = 8.0, yaw_rate: float = 0.2, x: float = 0.0) -> list[EgoPose]:
    """Ego poses on an arc, one a frame."""
    poses = []
    for frame in range(frames):
        yaw, time_s = yaw_rate * frame * 0.1, frame * 0.1
        if yaw_rate:
            place = (x + speed / yaw_rate * math.sin(yaw), speed / yaw_rate * (1 - math.cos(yaw)), 0.0)
        else:
            place = (x + speed * time_s, 0.0, 0.0)
        poses.append(EgoPose(EntityId(new_id()), frame * STEP_NS, place, turn(yaw)))
    return poses


def in_ego(poses: Sequence[EgoPose], frame: int, cuboid: Cuboid) -> Cuboid:
    """A cuboid whose pose was given in the world, at that frame in the ego frame."""
    here = chained(inverse(ego_pose(poses, frame * STEP_NS)), Pose(cuboid.centre, cuboid.rotation))
    return _with(cuboid, {"centre": as_xyz(np.array(here.translation)), "rotation": here.rotation})


def indexed(entities: Iterable[AnyEntity], frames: int = 20) -> TrackIndex:
    """The index of a new document."""
    return TrackIndex(Document(entities), streams(frames))


def done(index: TrackIndex, edit: Edit | None) -> Edit:
    """Apply an Edit that has to be there, and take it into the index; as it was applied."""
    assert edit is not None
    fitted = index.document.apply(edit)
    index.refresh(fitted.changes)
    return fitted


def undone(index: TrackIndex, edit: Edit) -> None:
    """Take an applied Edit back."""
    index.document.apply(edit.inverse())
    index.refresh(edit.changes)


def ways(index: TrackIndex) -> dict[TrackId, dict[int, list[float]]]:
    """Where each track is seen in the world: centres by frame, rounded to a tenth of a micrometre."""
    sweep = index.sweep(world=True)
    return {
        track: {
            int(frame): np.round(sweep.centres[frame, row], 7).tolist()
            for frame in np.flatnonzero(sweep.seen[:, row])
        }
        for row, track in enumerate(sweep.tracks)
    }
