"""A camera on a car, and a hand on its picture."""

import numpy as np

from plugins.pointcloud.camera_sight import CameraSight, space_pointer
from plugins.pointcloud.rig import Rig
from plugins.pointcloud.timeline import Timeline
from studio.domain.contracts.editing import Modifier, Pointer, PointerKind
from studio.domain.document import Document
from studio.domain.entities import Calibration, EgoPose
from studio.domain.ids import EntityId, StreamId, new_id
from studio.domain.space import joined, quaternion_of, turn
from studio.domain.values import XYZ
from studio.domain.wire.projects import Stream
from tests.plugins.pointcloud.space_ground import LIDAR

FRONT = StreamId("front")
# camera axes (x right, y down, z forward) in the ego frame (x forward, y left, z up)
AHEAD = quaternion_of(np.array([[0.0, 0.0, 1.0], [-1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]))


def camera(model: str = "pinhole", distortion: tuple[float, ...] = (), yaw: float = 0.0) -> Calibration:
    return Calibration(
        EntityId(new_id()),
        FRONT,
        model,  # type: ignore[arg-type]
        (1280, 720),
        (700.0, 0.0, 640.0, 0.0, 700.0, 360.0, 0.0, 0.0, 1.0),
        distortion,
        (1.5, 0.0, 1.4),
        joined(turn(yaw), AHEAD),
    )


def streams(times_ns: tuple[int, ...] = (), frames: int = 11) -> tuple[Stream, ...]:
    lidar_times = tuple(frame * 100_000_000 for frame in range(11))
    return (
        Stream(LIDAR, "lidar", "points", frames=11, times_ns=lidar_times),
        Stream(FRONT, "front", "image", frames=frames, width=1280, height=720, times_ns=times_ns),
    )


def rig_with(*entities, times_ns: tuple[int, ...] = (), frames: int = 11) -> Rig:
    document = Document(entities)
    poses = [each for each in entities if isinstance(each, EgoPose)]
    given = streams(times_ns, frames)
    return Rig(document, given, Timeline(given, poses))


class CameraHand:
    """Moves a tool over a camera's picture, by places of the scene or by pixels."""

    def __init__(self, tool, scene, sight: CameraSight) -> None:
        self.tool, self.scene, self.sight = tool, scene, sight
        self.edits = []

    def pixel(self, xyz: XYZ) -> tuple[float, float]:
        x, y, _ = self.sight.to_screen(np.array([xyz]))[0].tolist()
        return x, y

    def at(
        self, kind: PointerKind, xy: tuple[float, float], modifiers: frozenset[Modifier] = frozenset()
    ) -> None:
        pointer = space_pointer(self.sight, Pointer(kind, xy, 1.0, "left", modifiers))
        edit = self.tool.handle(pointer, self.scene)
        if edit is not None:
            self.edits.append(self.scene.document.apply(edit))
            self.scene.refresh(edit.changes)
        if (wanted := self.tool.wanted_selection()) is not None:
            self.scene.selection = wanted
