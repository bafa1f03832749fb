"""What cameras show of the track in the film strip: the best one of each frame, its picture cut out beside
the GUI thread and kept.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

import numpy as np
from PySide6.QtCore import QObject, QRect, Signal
from PySide6.QtGui import QImage

from plugins.pointcloud.rig import Camera, Rig
from plugins.pointcloud.space_scene import Placement
from studio.domain.contracts.editing import EditorHost
from studio.domain.geometry import Rect
from studio.domain.ids import StreamId
from studio.domain.space import corners
from widgets.decoding import PictureDecoder

BESIDE = 0.35  # of a box's longer side, that its crop shows around it
LEAST_PX = 24.0  # of the picture, that a crop shows
SPARE = 0.6  # of a crop, that is decoded around it: an Edit that moves it a little needs no other picture
WITHIN = (360, 280)  # pixels of what is kept of one picture
KEPT = 200  # pictures: some 80 MB


class Seen(NamedTuple):
    """A camera, the frame of its own stream, and the part of its full-size picture that a crop shows."""

    camera: Camera
    picture: int
    rect: Rect


def best_sight(rig: Rig, frame: int, at: Placement) -> Seen | None:
    """What the camera that sees most of a cuboid at a frame shows around it; None where none sees it."""
    placed = corners(at.centre, at.size, at.rotation)
    best = rig.best(frame, placed)
    camera = rig.camera(best) if best is not None else None
    box = rig.box(camera, frame, placed) if camera is not None else None
    if camera is None or camera.calibration is None or box is None:
        return None
    return Seen(camera, rig.picture_of(camera, frame), _around(box, camera.calibration.size))


def _around(box: Rect, size: tuple[int, int]) -> Rect:
    left, top, right, bottom = box
    beside = max((right - left, bottom - top)) * BESIDE
    across = max(beside, (LEAST_PX - (right - left)) / 2)
    down = max(beside, (LEAST_PX - (bottom - top)) / 2)
    return _clipped((left - across, top - down, right + across, bottom + down), size)


def _clipped(rect: Rect, size: tuple[int, int]) -> Rect:
    return max(rect[0], 0.0), max(rect[1], 0.0), min(rect[2], size[0]), min(rect[3], size[1])


class _Cut(NamedTuple):
    """A part of a picture as it is kept: `image` shows `rect` of it."""

    rect: Rect
    image: QImage


class StripPictures(QObject):
    """`ready(frame)` tells that `image` has what was wanted; never, of a picture that cannot be had."""

    ready = Signal(int)

    def __init__(self, host: EditorHost, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._turn = 0  # of items: what comes late for another is dropped
        self._kept: OrderedDict[tuple[StreamId, int], _Cut] = OrderedDict()
        self._asked: set[tuple[StreamId, int, Rect]] = set()
        self._decoder = PictureDecoder(self)
        self._decoder.decoded.connect(self._decoded)

    def forget(self) -> None:
        """Another item, or none."""
        self._turn += 1
        self._kept.clear()
        self._asked.clear()

    def image(self, seen: Seen) -> QImage | None:
        """The part of the picture; None while it is not here."""
        kept = self._kept.get((seen.camera.id, seen.picture))
        if kept is None or not _covers(kept.rect, seen.rect):
            return None
        self._kept.move_to_end((seen.camera.id, seen.picture))
        per_px = np.array(kept.image.size().toTuple()) / np.subtract(kept.rect[2:], kept.rect[:2])
        left, top = (np.subtract(seen.rect[:2], kept.rect[:2]) * per_px).tolist()
        wide, high = (np.subtract(seen.rect[2:], seen.rect[:2]) * per_px).tolist()
        return kept.image.copy(QRect(round(left), round(top), max(round(wide), 1), max(round(high), 1)))

    def want(self, frame: int, seen: Seen) -> None:
        """Fetch and decode it for a frame of the reference stream."""
        calibration = seen.camera.calibration
        assert calibration is not None  # it sees something
        left, top, right, bottom = seen.rect
        wide, high = (right - left) * SPARE, (bottom - top) * SPARE
        rect = _clipped((left - wide, top - high, right + wide, bottom + high), calibration.size)
        asked = (seen.camera.id, seen.picture, rect)
        if asked in self._asked:
            return
        self._asked.add(asked)
        # as shares: a picture may have been made smaller than the size that its calibration is for
        across, down = calibration.size
        region = (rect[0] / across, rect[1] / down, rect[2] / across, rect[3] / down)
        turn = self._turn

        def take(data: bytes) -> None:
            if data and turn == self._turn:
                self._decoder.decode((turn, frame, *asked), data, WITHIN, region)

        self._host.media(seen.camera.id, seen.picture, "original", take)

    def _decoded(self, key: tuple[int, int, StreamId, int, Rect], image: QImage) -> None:
        turn, frame, camera, picture, rect = key
        if turn != self._turn:
            return
        self._asked.discard((camera, picture, rect))
        self._kept[camera, picture] = _Cut(rect, image)
        self._kept.move_to_end((camera, picture))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        self.ready.emit(frame)


def _covers(outer: Rect, inner: Rect) -> bool:
    return bool(
        (np.subtract(inner[:2], outer[:2]) >= -1e-6).all()
        and (np.subtract(outer[2:], inner[2:]) >= -1e-6).all()
    )
