"""Points laid over pictures by their depth, and coloured from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from plugins.pointcloud.camera_bench import CameraBench
from plugins.pointcloud.linkage.colouring import coloured, overlay
from plugins.pointcloud.linkage.solving import seen_from
from studio.domain.entities import Calibration
from studio.domain.space import Floats
from widgets.cloud.drawn import Look
from widgets.cloud.ramps import ramp
from widgets.cloud.scene import CloudScene
from widgets.decoding import PictureDecoder

MOST_POINTS = 400_000  # on pictures: more than that is no longer told apart
NEAR_M, FAR_M = 2.0, 60.0  # the two ends of the ramp of depths
UNSEEN = (96, 100, 108)  # of points that no camera shows
SETTLE_MS = 120  # pictures come one by one: wait for the next before it is all done again


class _Seen(NamedTuple):
    """What the pictures are made into beside the GUI thread."""

    overlays: dict[str, tuple[Floats, NDArray[np.uint8]]]
    colours: dict[str, NDArray[np.uint8]]


class PicturePoints(QObject):
    """Two switches, `over` and `coloured`. `refresh` when points, pictures, frame or calibration changed."""

    def __init__(self, cameras: CameraBench, scene: CloudScene, parent: QObject) -> None:
        super().__init__(parent)
        self._cameras = cameras
        self._scene = scene
        self.over = False
        self.coloured = False
        self._look: Look | None = None  # before points were coloured from pictures
        self._turn = 0
        self._worker = PictureDecoder(self)
        self._worker.decoded.connect(self._made)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SETTLE_MS)
        self._soon.timeout.connect(self._begin)
        cameras.strip.picture_shown.connect(lambda _camera: self.refresh())

    def turn_over(self) -> bool:
        """Points on the pictures by their depth, or none."""
        self.over = not self.over
        if not self.over:
            self._cameras.strip.set_points({})
        self.refresh()
        return True

    def turn_coloured(self) -> bool:
        """Points in the colours of the pictures, or as they were coloured before."""
        self.coloured = not self.coloured
        if not self.coloured and self._look is not None:
            was = self._look
            now = self._scene.look
            self._scene.set_look(replace(now, mode=was.mode, low=was.low, high=was.high, ramp=was.ramp))
            self._look = None
        self.refresh()
        return True

    def refresh(self) -> None:
        """Do it again soon, where either is switched on."""
        self._turn += 1
        if self.over or self.coloured:
            self._soon.start()

    def _begin(self) -> None:
        rig, frame = self._cameras.rig, self._cameras.frame
        if rig is None or frame is None:
            return
        clouds = {cloud.key: cloud.placed(slice(None)) for cloud in self._scene.visible_clouds()}
        seen: list[tuple[Calibration, NDArray[np.uint8] | None]] = []
        for camera in rig.cameras:
            if camera.calibration is not None:
                image = self._cameras.strip.picture(camera.id)
                held = seen_from(camera.calibration, rig.shift(camera, frame))
                seen.append((held, _rgb(image) if image is not None else None))
        over, coloured_too = self.over, self.coloured
        self._worker.run(self._turn, lambda: _made_of(clouds, seen, over, coloured_too))

    def _made(self, turn: object, seen: _Seen) -> None:
        if turn != self._turn:
            return  # something has changed since
        if self.over:
            self._cameras.strip.set_points(seen.overlays)
        if self.coloured:
            for key, colours in seen.colours.items():
                if key in self._scene.clouds and len(self._scene.clouds[key]) == len(colours):
                    self._scene.set_labels(key, colours, field="rgb")
            if self._look is None:
                self._look = self._scene.look
            self._scene.set_look(replace(self._scene.look, mode="rgb"))


def _made_of(
    clouds: dict[str, Floats],
    cameras: list[tuple[Calibration, NDArray[np.uint8] | None]],
    over: bool,
    coloured_too: bool,
) -> _Seen:
    overlays: dict[str, tuple[Floats, NDArray[np.uint8]]] = {}
    if over and clouds:
        points = np.concatenate(list(clouds.values()))
        points = points[:: max(1, -(-len(points) // MOST_POINTS))]
        table = ramp("turbo")[::-1, :3]  # near is warm
        for camera, _ in cameras:
            laid = overlay(points, camera, hide=True)
            share = (laid.depths - NEAR_M) / (FAR_M - NEAR_M)
            overlays[camera.stream] = laid.pixels, table[np.clip(share * 255, 0, 255).astype(np.intp)]
    colours: dict[str, NDArray[np.uint8]] = {}
    if coloured_too:
        pictures = [(camera, picture) for camera, picture in cameras if picture is not None]
        for key, points in clouds.items():
            found, shown = coloured(points, pictures)
            found[~shown] = UNSEEN
            colours[key] = np.column_stack([found, np.zeros(len(found), np.uint8)])
    return _Seen(overlays, colours)


def _rgb(image: QImage) -> NDArray[np.uint8]:
    """(height, width, 3) red, green, blue; a copy."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    found: NDArray[np.uint8] = rows[:, : 3 * plain.width()].reshape(plain.height(), plain.width(), 3).copy()
    return found
