"""A driving log of any length as a folder: sweeps and camera pictures, named by one label file."""

from pathlib import Path

import msgspec

from plugins.image.formats.own_json import MARK, ItemFile
from studio.domain.entities import SCHEMA, Calibration, Cuboid, Track
from studio.domain.ids import EntityId, ShapeId, StreamId, TrackId, new_id
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud.points.point_files import sweep
from tests.training.uploading import picture

LIDAR, CAMERA = StreamId("lidar"), StreamId("CAM_FRONT")


def driving_log(folder: Path, frames: int, points: int = 500, name: str = "drive") -> Path:
    """One item of `frames` sweeps, each with a picture of its own 30 ms later and a cuboid."""
    sweeps = tuple(f"{name}/lidar/{frame:06}.bin" for frame in range(frames))
    pictures = tuple(f"{name}/camera/{frame:06}.png" for frame in range(frames))
    (folder / name / "lidar").mkdir(parents=True, exist_ok=True)
    for frame in range(frames):
        (folder / sweeps[frame]).write_bytes(sweep(points, frame))
        picture(folder / pictures[frame], frame)
    times = tuple(1_000_000_000 + frame * 100_000_000 for frame in range(frames))
    lidar = Stream(LIDAR, "lidar", "points", frames, rate_hz=10.0, times_ns=times)
    camera = Stream(
        CAMERA, "CAM_FRONT", "image", frames, 64, 48, times_ns=tuple(each + 30_000_000 for each in times)
    )
    track = Track(id=TrackId(new_id()), class_name="car")
    cuboids = [
        Cuboid(
            id=ShapeId(new_id()),
            track=track.id,
            stream=LIDAR,
            frame=frame,
            centre=(10.0 + frame, 2.0, 0.5),
            size=(4.0, 1.8, 1.5),
            rotation=(0.0, 0.0, 0.0, 1.0),
        )
        for frame in range(frames)
    ]
    lens = Calibration(
        id=EntityId(new_id()),
        stream=CAMERA,
        model="pinhole",
        size=(64, 48),
        intrinsics=(50.0, 0.0, 32.0, 0.0, 50.0, 24.0, 0.0, 0.0, 1.0),
    )
    item = ItemFile(MARK, SCHEMA, name, (lidar, camera), (sweeps, pictures), (track, *cuboids, lens))
    (folder / f"{name}.json").write_bytes(msgspec.json.encode(item))
    return folder
