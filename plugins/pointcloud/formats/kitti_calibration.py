"""KITTI's calibration files out again: projections of rectified cameras, and where the velodyne is."""

import json
from contextlib import suppress
from typing import NamedTuple

import numpy as np

from plugins.pointcloud.formats.calibration import lens_of
from plugins.pointcloud.formats.calibration_kitti import from_kitti, velodyne_to_camera
from plugins.pointcloud.formats.scene import Scene
from studio.domain.contracts.reading import Losses
from studio.domain.entities import Calibration, CoordinateSystem
from studio.domain.errors import AtelierError
from studio.domain.space import Floats, Pose, as_matrix, as_pose, chained, inverse
from studio.domain.values import Quaternion

PICTURE = "image_02"  # the camera on whose pictures labels have boxes
IMU = "imu"
_CARRIED = "kitti_calibration"
_NAME = "atelier_camera_"
_SAME = 1e-6  # radians, metres and pixels by which two calibrations may differ and still be one
_ASIDE = 1e-4  # radians by which a camera may look elsewhere and still be rectified with the first
_AHEAD: Quaternion = (-0.5, 0.5, -0.5, 0.5)  # the axes of a camera that looks along x


class Rig(NamedTuple):
    """How an item is written: the file, the rectified camera 0 in the ego frame, the camera of labels."""

    text: str
    rectified: Pose
    camera: Calibration | None


def carried(text: str) -> bytes:
    """A calibration file as an item's sidecar keeps it: several files may say what the entities do."""
    return json.dumps({_CARRIED: text}).encode()


def rectified_of(text: str) -> Pose:
    """The rectified camera 0 in the velodyne's frame. Raises `calibration.broken`."""
    return inverse(as_pose(velodyne_to_camera(text)))


def rig_of(scene: Scene, losses: Losses) -> Rig:
    """The calibration of an item; the file that it came with, where that still says the same."""
    cameras = {str(each.stream): each for each in scene.calibrations}
    if (text := _kept(scene)) is not None:
        return Rig(text, rectified_of(text), cameras.get(PICTURE))
    lidar = scene.lidar()
    numbered = _numbered(scene)
    first = numbered.get(0) or numbered.get(2) or next(iter(numbered.values()), None)
    rectified = Pose(rotation=_AHEAD) if first is None else Pose(first.translation, first.rotation)
    lines: list[str] = []
    written: set[str] = set()
    for at in range(4):
        rows = np.eye(3, 4)
        camera = numbered.get(at)
        beside = None if camera is None else _beside(rectified, camera)
        if camera is not None and beside is not None:
            lens = lens_of(camera)
            rows = lens.matrix @ np.column_stack([np.eye(3), beside])
            written.add(camera.stream)
            if any(lens.distortion):
                losses.add("distortion of a lens")
        lines.append(f"P{at}: {_said(rows)}")
    for name in cameras.keys() - written:
        losses.add(f"camera {name!r}, which is not rectified with the first")
    to_camera = as_matrix(chained(inverse(rectified), lidar))
    to_lidar = as_matrix(chained(inverse(lidar), scene.in_ego(IMU) or lidar))
    lines += [f"R0_rect: {_said(np.eye(3))}", f"Tr_velo_to_cam: {_said(to_camera[:3])}"]
    lines += [f"Tr_imu_to_velo: {_said(to_lidar[:3])}"]
    # behind what readers by line number read: which cameras there really are, and what we call them
    named = {at: str(camera.stream) for at, camera in numbered.items() if camera.stream in written}
    if named != {at: f"image_{at:02}" for at in range(4)}:
        lines += [f"{_NAME}{at}: {json.dumps(name)}" for at, name in sorted(named.items())]
    of_labels = numbered.get(2) or first
    if of_labels is not None and of_labels.stream not in written:
        of_labels = None
    return Rig("\n".join(lines) + "\n", rectified, of_labels)


def names_in(text: str) -> dict[str, str]:
    """KITTI's name of each camera that there really is -> ours, as we write it behind a calibration.

    Empty for a file that is not ours: then every projection in it is a camera.
    """
    found: dict[str, str] = {}
    for line in text.splitlines():
        key, _, value = line.partition(": ")
        if key.startswith(_NAME) and key.removeprefix(_NAME) in ("0", "1", "2", "3"):
            with suppress(ValueError):
                name = json.loads(value)
                if isinstance(name, str) and 0 < len(name) <= 512:
                    found[f"image_0{key.removeprefix(_NAME)}"] = name
    return found


def _kept(scene: Scene) -> str | None:
    """The file that an item came with, as long as nobody changed what it says."""
    try:
        held = json.loads(scene.item.sidecar or b"{}")
        text = held[_CARRIED]
        said, _ = from_kitti(text)
    except (ValueError, KeyError, TypeError, AtelierError):
        return None
    now = {str(each.stream): _numbers_of(each) for each in scene.calibrations}
    now |= {f"system {each.name}": _numbers_of(each) for each in scene.systems}
    then = {
        str(each.stream) if isinstance(each, Calibration) else f"system {each.name}": _numbers_of(each)
        for each in said
    }
    same = now.keys() == then.keys() and all(np.allclose(now[key], then[key], atol=_SAME) for key in now)
    return text if same else None


def _numbers_of(held: Calibration | CoordinateSystem) -> Floats:
    pose = as_matrix(Pose(held.translation, held.rotation))
    inner = held.intrinsics if isinstance(held, Calibration) else ()
    return np.concatenate([pose.ravel(), np.array(inner, np.float64)])


def _numbered(scene: Scene) -> dict[int, Calibration]:
    """The cameras by KITTI's numbers: by their names, else the one that looks ahead is number 2."""
    named = {f"image_{at:02}": at for at in range(4)}
    found = {named[str(each.stream)]: each for each in scene.calibrations if str(each.stream) in named}
    if found:
        return found
    order = {str(camera.stream.id): place for place, camera in enumerate(scene.cameras)}
    others = sorted(
        (each for each in scene.calibrations if str(each.stream) in order),
        key=lambda each: (not str(each.stream).upper().endswith("FRONT"), order[str(each.stream)]),
    )
    return {2: others[0]} if others else {}


def _beside(rectified: Pose, camera: Calibration) -> Floats | None:
    """What is added to a point of the first camera in this one's axes; None where it looks elsewhere."""
    pose = chained(inverse(rectified), Pose(camera.translation, camera.rotation))
    if 2 * float(np.linalg.norm(pose.rotation[:3])) > _ASIDE:
        return None
    return -np.array([pose.translation]).T


def _said(rows: Floats) -> str:
    return " ".join(f"{value:.12e}" for value in np.asarray(rows).ravel())
