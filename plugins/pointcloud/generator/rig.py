"""The sensors of the ego car: two lidars and six cameras, and how a calibration can be wrong."""

import math
from typing import NamedTuple

import numpy as np
from msgspec.structs import replace

from plugins.pointcloud.generator.rays import Rays, bundled
from studio.domain.entities import Calibration
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, StreamId
from studio.domain.space import Floats, Pose, as_xyz, inward, joined, quaternion_of, turn, undone

LIDAR, LIDAR_AUX = StreamId("lidar"), StreamId("lidar_aux")
FAULTS = ("inverted", "transposed", "axes", "millimetres", "distortion", "size", "shifted")
# a camera's own axes (x right, y down, z forward) in those of a thing that looks along x
LOOKING = quaternion_of(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))


class Lidar(NamedTuple):
    """A spinning lidar. Its pose is in the ego frame; it fires `delay_s` after the frame's own time."""

    stream: StreamId
    pose: Pose
    elevations: Floats  # (R,) radians above its own horizon, one a ring, from below
    azimuths: Floats  # (C,) radians
    range_m: float
    delay_s: float


class Camera(NamedTuple):
    """A camera with its true calibration."""

    stream: StreamId
    calibration: Calibration
    delay_s: float


def lidars(columns: int) -> tuple[Lidar, ...]:
    """A 64-ring lidar on the roof with `columns` shots a ring, and a 16-ring one in the bumper.

    The rings stand as Velodyne's HDL-64E has them: 24.8 degrees below to 2 above, twice as dense in the
    upper half.
    """
    rings = np.radians(np.concatenate([np.linspace(-24.8, -8.8, 32), np.linspace(-8.4, 2.0, 32)]))
    turns = np.linspace(-math.pi, math.pi, columns, endpoint=False)
    ahead = np.linspace(-math.pi / 2, math.pi / 2, max(columns // 3, 1))
    return (
        Lidar(LIDAR, Pose((1.2, 0.0, 1.9), turn(yaw=0.01, pitch=0.005)), rings, turns, 100.0, 0.0),
        Lidar(
            LIDAR_AUX,
            Pose((3.6, 0.0, 0.65), turn(pitch=0.02)),
            np.radians(np.linspace(-15.0, 15.0, 16)),
            ahead,
            60.0,
            0.03,
        ),
    )


def shots(lidar: Lidar) -> Rays:
    """R * C rays in the lidar's axes, ring by ring."""
    up, round_ = np.meshgrid(lidar.elevations, lidar.azimuths, indexing="ij")
    across = np.cos(up)
    directions = np.stack([across * np.cos(round_), across * np.sin(round_), np.sin(up)])
    return bundled(directions.reshape(3, -1).astype(np.float32))


def cameras(size: tuple[int, int]) -> tuple[Camera, ...]:
    """Six around the car, looking outwards: two pinholes, three with lenses that bend, a fisheye behind."""
    width, height = size
    middle = (width / 2 + 3.0, height / 2 - 2.0)  # no real lens sits over the middle of its chip
    wide = 0.62 * width
    bent = (-0.28, 0.08, 0.0006, -0.0004, -0.011)
    seen = (
        ("CAM_FRONT", "pinhole", 0.85 * width, (), (1.7, 0.0, 1.5), 0.0, 0.02),
        ("CAM_FRONT_LEFT", "brown_conrady", wide, bent, (1.5, 0.5, 1.5), 55.0, 0.03),
        ("CAM_FRONT_RIGHT", "brown_conrady", wide, bent, (1.5, -0.5, 1.5), -55.0, 0.03),
        ("CAM_BACK_LEFT", "pinhole", wide, (), (1.0, 0.5, 1.5), 110.0, 0.03),
        ("CAM_BACK_RIGHT", "brown_conrady", wide, bent, (1.0, -0.5, 1.5), -110.0, 0.03),
        (
            "CAM_BACK",
            "kannala_brandt",
            0.32 * width,
            (0.02, -0.006, 0.001, -0.0002),
            (-0.9, 0.0, 1.1),
            180.0,
            0.25,
        ),
    )
    return tuple(
        Camera(
            StreamId(name),
            Calibration(
                id=EntityId(""),
                stream=StreamId(name),
                model=model,  # type: ignore[arg-type]
                size=size,
                intrinsics=(focal, 0.0, middle[0], 0.0, focal * 1.002, middle[1], 0.0, 0.0, 1.0),
                distortion=bends,
                translation=place,
                rotation=joined(turn(yaw=math.radians(yaw), pitch=down), LOOKING),
            ),
            0.008 * (number + 1),
        )
        for number, (name, model, focal, bends, place, yaw, down) in enumerate(seen)
    )


def wrong(true: Calibration, fault: str) -> Calibration:
    """A calibration as somebody would write it down wrongly. Raises `generator.unknown`.

    inverted: the pose of the ego frame in the camera. transposed: only its rotation turned back. axes: as
    if the camera's axes were a car's (x forward). millimetres: its place in thousandths. distortion: the
    lens as if it did not bend, or by the other model. size: of a picture half as large. shifted: a degree
    and a few centimetres off.
    """
    match fault:
        case "inverted":
            own = Pose(true.translation, true.rotation)
            return replace(
                true, translation=as_xyz(inward(own, np.zeros((1, 3)))[0]), rotation=undone(true.rotation)
            )
        case "transposed":
            return replace(true, rotation=undone(true.rotation))
        case "axes":
            return replace(true, rotation=joined(true.rotation, undone(LOOKING)))
        case "millimetres":
            x, y, z = (each * 1000 for each in true.translation)
            return replace(true, translation=(x, y, z))
        case "distortion":
            if true.model == "kannala_brandt":
                return replace(true, model="brown_conrady")
            bends = (-0.3, 0.1, 0.0, 0.0) if true.model == "pinhole" else ()
            return replace(true, model="brown_conrady" if bends else "pinhole", distortion=bends)
        case "size":
            width, height = true.size
            halved = [each / 2 for each in true.intrinsics[:6]]
            return replace(true, size=(width // 2, height // 2), intrinsics=(*halved, 0.0, 0.0, 1.0))
        case "shifted":
            x, y, z = true.translation
            return replace(
                true,
                translation=(x + 0.03, y - 0.04, z + 0.02),
                rotation=joined(turn(yaw=0.02, pitch=-0.012, roll=0.008), true.rotation),
            )
    raise unknown_fault(fault)


def unknown_fault(fault: str) -> AtelierError:
    """What is said where there is no such fault."""
    return AtelierError(
        "generator.unknown",
        f"There is no calibration fault called {fault!r}.",
        hint=f"Choose one of {', '.join(FAULTS)}.",
    )
