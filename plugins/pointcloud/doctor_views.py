"""What the calibration doctor looks at: frames of a drive, made ready off the GUI thread."""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from plugins.pointcloud import doctor
from plugins.pointcloud.bench import SpaceBench
from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.doctor import Outlines, Prepared
from plugins.pointcloud.sweeps import Sweeps, sensor_pose
from studio.domain.ids import StreamId
from studio.domain.space import Floats, Pose, outward
from studio.domain.values import XYZ
from widgets.decoding import PictureDecoder, read_picture


def spread(frames: int, count: int, visible: int) -> tuple[int, ...]:
    """So many frames of a drive, evenly spread, the visible one among them."""
    count = max(1, min(count, frames))
    if count == 1:
        return (visible,)
    even = np.linspace(0, frames - 1, count).round().astype(int).tolist()
    even[min(range(count), key=lambda at: abs(even[at] - visible))] = visible
    return tuple(sorted(set(even)))


class DoctorViews(QObject):
    """One camera at a time. `moved` says how many frames are ready, of how many; `ended` that all are.

    A frame without points or without a picture is left out.
    """

    moved = Signal(int, int)
    ended = Signal()

    def __init__(self, bench: SpaceBench, sweeps: Sweeps, cameras: CameraBench, parent: QObject) -> None:
        super().__init__(parent)
        self._bench = bench
        self._sweeps = sweeps
        self._cameras = cameras
        self._turn = 0
        self._outlines: dict[int, Outlines] = {}  # of sweeps, in the ego frame then: cameras share them
        self.views: list[Prepared] = []
        self._key: tuple[StreamId, tuple[int, ...]] | None = None
        self._left: list[int] = []  # frames that are still to be made ready
        self._waits_for: int | None = None  # a frame whose sweep is on its way
        self._worker = PictureDecoder(self)
        self._worker.decoded.connect(self._made)
        self._worker.failed.connect(lambda turn: self._next() if turn == self._turn else None)
        sweeps.came.connect(self._came)

    @property
    def frames(self) -> int:
        """How many frames were asked for."""
        return len(self._key[1]) if self._key is not None else 0

    @property
    def is_busy(self) -> bool:
        return bool(self._left)

    def forget(self) -> None:
        """Another item, or another calibration of its sensors."""
        self.stop()
        self._outlines.clear()
        self.views, self._key = [], None

    def stop(self) -> None:
        """What is on its way is not wanted any more; what is ready stays only if all of it is."""
        self._turn += 1
        if self._left:
            self._left, self._key, self.views = [], None, []
        self._waits_for = None

    def want(self, camera: StreamId, frames: tuple[int, ...]) -> bool:
        """Make these frames ready, unless they are; whether they are. `ended` tells otherwise."""
        if self._key == (camera, frames):
            return not self._left
        self.stop()
        self._key, self.views, self._left = (camera, frames), [], list(frames)
        self.moved.emit(0, len(frames))
        self._look_at(self._left[0])
        return False

    def _look_at(self, frame: int) -> None:
        if self._sweeps.has_come(frame):
            self._fetch_picture(frame)
        else:
            self._waits_for = frame
            self._sweeps.fetch(frame)

    def _came(self, frame: int) -> None:
        if frame == self._waits_for:
            self._waits_for = None
            self._fetch_picture(frame)

    def _fetch_picture(self, frame: int) -> None:
        scene, rig = self._bench.scene, self._cameras.rig
        camera = rig.camera(self._key[0]) if rig is not None and self._key is not None else None
        points = self._sweeps.points_at(frame)
        if scene is None or rig is None or camera is None or points is None:
            self._next()
            return
        turn, known, shift = self._turn, self._outlines.get(frame), rig.shift(camera, frame)
        sensor = sensor_pose(scene.document, scene.stream).translation

        def take(data: bytes) -> None:
            if turn == self._turn:
                self._worker.run(turn, partial(_view_of, data, frame, points, sensor, known, shift))

        self._bench.host.media(camera.id, rig.picture_of(camera, frame), "original", take)

    def _made(self, turn: int, made: tuple[int, Outlines, Prepared]) -> None:
        if turn == self._turn:
            frame, outlines, view = made
            self._outlines[frame] = outlines
            self.views.append(view)
            self._next()

    def _next(self) -> None:
        if not self._left:
            return
        self._left.pop(0)
        self.moved.emit(self.frames - len(self._left), self.frames)
        if self._left:
            self._look_at(self._left[0])
        else:
            self.ended.emit()


def _view_of(
    data: bytes, frame: int, points: Floats, sensor: XYZ, known: Outlines | None, shift: Pose
) -> tuple[int, Outlines, Prepared] | None:
    """The outlines of a sweep in the ego frame then, and beside the picture at its own moment."""
    image = read_picture(data, None, None) if data else None
    if image is None:
        return None
    own = known if known is not None else doctor.outlines_of(points, sensor)
    then = Outlines(outward(shift, own.inner), outward(shift, own.outer), own.weights)
    (view,) = doctor.prepared([doctor.View(points, _grey(image), sensor)], [then])
    return frame, own, view


def _grey(image: QImage) -> NDArray[np.uint8]:
    plain = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    found: NDArray[np.uint8] = rows[:, : plain.width()].copy()
    return found
