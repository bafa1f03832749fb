"""All cameras of a rig side by side, one of them large; pictures are decoded beside the GUI thread."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QSize, QTimer, Signal
from PySide6.QtGui import QImage, QPalette, QResizeEvent
from PySide6.QtWidgets import QWidget

from studio.domain.contracts.editing import Pointer
from studio.domain.space import Floats
from widgets.camera_cells import cells
from widgets.camera_view import NO_LINES, CameraView
from widgets.canvas.hand import KeyTaker
from widgets.canvas.pyramid import TILE, Pyramid, halvings
from widgets.cloud.drawn import LineSet
from widgets.decoding import PictureDecoder, picture_size, read_picture
from widgets.tear_off import TearOff

BYTES_KEPT = 256 * 1024**2  # of decoded pictures, all cameras together
FULL_AFTER_MS = 250  # a picture that is shown for so long is decoded in full, if that is seen
NO_PIXELS: Floats = np.empty((0, 2))
NO_COLORS: NDArray[np.uint8] = np.empty((0, 3), np.uint8)
ENLARGED = 1.05  # times the size in which it was decoded, from which on that is seen


class CameraStrip(QWidget):
    """A `CameraView` each for n cameras. A double click brings one to the front, or back into line.

    A picture is given as bytes (`put_picture`) and decoded as large as its cell (5 ms where all of it takes
    13), and whole once it is looked at closely; the latest are kept decoded.
    """

    pointer = Signal(str, object)  # camera, a Pointer in its picture's pixels
    picture_shown = Signal(str)  # camera: another picture of it is decoded and shown
    zoomed = Signal()  # one of them shows its picture larger or smaller than before
    front_changed = Signal(str)  # camera; empty: none is in front

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Cameras")
        self.cameras: dict[str, CameraView] = {}
        self.places: dict[str, TearOff] = {}  # where each stands, or stood before it was torn off
        self.front: str | None = None
        self._data: dict[str, tuple[str, bytes]] = {}  # camera -> key and bytes of what it shows
        self._kept: OrderedDict[tuple[str, str], _Kept] = OrderedDict()
        self._bytes = 0
        self._scales: dict[str, float] = {}  # screen pixels of one of the picture
        self._decoder = PictureDecoder(self)
        self._decoder.decoded.connect(self._decoded)
        self._decoder.failed.connect(self._failed)
        self._full = QTimer(self)
        self._full.setSingleShot(True)
        self._full.setInterval(FULL_AFTER_MS)
        self._full.timeout.connect(self._decode_whole)
        self._key_taker: KeyTaker | None = None

    def sizeHint(self) -> QSize:
        return QSize(960, 360)

    # Which cameras, and where

    def set_cameras(self, titles: Mapping[str, str]) -> None:
        """Show these cameras, by name, in this order; those that were there before keep what they show."""
        gone = [name for name in self.cameras if name not in titles]
        for name in gone:
            self.cameras.pop(name)
            self.places.pop(name).deleteLater()
            self._data.pop(name, None)
        made = {name: self.cameras.get(name) or self._new_camera(name) for name in titles}
        for name, title in titles.items():
            made[name].set_title(title)
            self.places[name].set_title(title)
        self.cameras = made
        if self.front not in self.cameras:
            self.front = None
        self._lay_out()

    def _new_camera(self, name: str) -> CameraView:
        camera = CameraView(name)
        self.places[name] = place = TearOff(name, camera, self)
        place.left_or_came.connect(lambda: self._torn(name))
        camera.pointer.connect(lambda pointer: self._pointed(name, pointer))
        camera.view_changed.connect(lambda view: self._viewed(name, view.scale))
        camera.hand.key_taker = self._key_taker
        place.show()
        return camera

    def _viewed(self, name: str, scale: float) -> None:
        self._full.start()
        if self._scales.get(name) != scale:
            self._scales[name] = scale
            self.zoomed.emit()

    def _torn(self, name: str) -> None:
        """What is torn off is as large as a person likes: it needs no room in front."""
        if self.front == name and self.places[name].is_torn:
            self.bring_to_front(None)
        self._full.start()

    def set_key_taker(self, taker: KeyTaker | None) -> None:
        """Who is offered the keys of every camera."""
        self._key_taker = taker
        for camera in self.cameras.values():
            camera.hand.key_taker = taker

    def bring_to_front(self, name: str | None) -> None:
        """Make one camera large, if it is not torn off; None puts all in line."""
        stands_here = name is None or (name in self.places and not self.places[name].is_torn)
        if name != self.front and stands_here:
            self.front = name
            self._lay_out()
            self._full.start()
            self.front_changed.emit(name or "")

    def set_mark(self, name: str | None) -> None:
        """Frame one camera, and no other."""
        accent = self.palette().color(QPalette.ColorRole.Accent).name()
        for each, camera in self.cameras.items():
            camera.set_mark(accent if each == name else None)

    def set_lines(self, lines: Mapping[str, LineSet], name: str = "rest") -> None:
        """One set of lines in every camera; a camera that is not named has none of them."""
        for each, camera in self.cameras.items():
            camera.set_lines(lines.get(each, NO_LINES), name)

    def _pointed(self, name: str, pointer: Pointer) -> None:
        if pointer.kind == "double" and not self.places[name].is_torn:
            self.bring_to_front(None if self.front == name else name)
        self.pointer.emit(name, pointer)

    def _lay_out(self) -> None:
        names = list(self.cameras)
        front = names.index(self.front) if self.front is not None else None
        for name, rect in zip(names, cells(len(names), front, (self.width(), self.height())), strict=True):
            self.places[name].setGeometry(*rect)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self._lay_out()
        super().resizeEvent(event)

    # Pictures

    def put_picture(self, name: str, key: str, data: bytes) -> None:
        """Show a picture, bytes of any format. One whose `key` was seen before is not decoded again."""
        self._data[name] = (key, data)
        self._full.start()
        kept = self._kept.get((name, key))
        if kept is not None:
            self._kept.move_to_end((name, key))
            self._show(name, kept)
            return
        camera = self.cameras[name]
        ratio = max(camera.devicePixelRatioF(), 1.0)
        room = max(round(camera.width() * ratio), 64), max(round(camera.height() * ratio), 64)
        self._decoder.run((name, key, False), partial(_small, data, room))

    def put_none(self, name: str, why: str) -> None:
        """There is no picture of this camera in this frame."""
        self._data.pop(name, None)
        self.cameras[name].show_picture(None)
        self.cameras[name].say(why)

    def is_shown(self, name: str, key: str) -> bool:
        """Whether a picture is what the camera shows, or is on its way to it."""
        return self._data.get(name, ("",))[0] == key

    def picture(self, name: str) -> QImage | None:
        """What a camera shows, decoded, as large as it is kept; None until it is."""
        key = self._data.get(name, ("",))[0]
        kept = self._kept.get((name, key))
        return kept.images[0] if kept is not None else None

    def set_points(self, points: Mapping[str, tuple[Floats, NDArray[np.uint8]]]) -> None:
        """Points over the pictures: pixels (N, 2), the farthest first, and (N, 3) RGB; others get none."""
        for name, camera in self.cameras.items():
            camera.set_points(*points.get(name, (NO_PIXELS, NO_COLORS)))

    def _decode_whole(self) -> None:
        """Decode in full what is shown larger than it was decoded, that in front first."""
        for name in sorted(self._data, key=lambda name: name != self.front):
            key, data = self._data[name]
            kept, camera = self._kept.get((name, key)), self.cameras[name]
            if kept is None or kept.is_whole:
                continue
            shown = kept.size[0] * camera.view.scale * camera.devicePixelRatioF()
            if shown > kept.images[0].width() * ENLARGED:
                self._decoder.run((name, key, True), partial(_whole, data))

    def _decoded(self, key: tuple[str, str, bool], made: _Kept) -> None:
        name, picture, is_whole = key
        before = self._kept.pop((name, picture), None)
        if before is not None:
            self._bytes -= before.bytes
        if before is not None and before.is_whole and not is_whole:
            made = before
        self._kept[name, picture] = made
        self._bytes += made.bytes
        while self._bytes > BYTES_KEPT and len(self._kept) > len(self.cameras):
            self._bytes -= self._kept.popitem(last=False)[1].bytes
        if name in self.cameras and self.is_shown(name, picture):
            self._show(name, made)
            if not made.is_whole and not self._full.isActive():
                self._full.start()

    def _failed(self, key: tuple[str, str, bool]) -> None:
        name, picture, _ = key
        if name in self.cameras and self.is_shown(name, picture):
            self.put_none(name, "This picture cannot be read")

    def _show(self, name: str, kept: _Kept) -> None:
        camera = self.cameras[name]
        levels = max(math.ceil(math.log2(max(*kept.size, 1) / TILE)) + 1, 1)
        pyramid = Pyramid((float(kept.size[0]), float(kept.size[1])), levels)
        if kept.is_whole:
            pyramid.put_levels(kept.images)
        else:
            pyramid.put_backdrop(kept.images[0])
        camera.say("")
        camera.show_picture(pyramid, keep_view=True)
        self.picture_shown.emit(name)


class _Kept(NamedTuple):
    """A decoded picture: one small image of it, or all its halvings."""

    size: tuple[int, int]  # of the whole picture
    images: tuple[QImage, ...]
    is_whole: bool

    @property
    def bytes(self) -> int:
        return sum(image.sizeInBytes() for image in self.images)


def _small(data: bytes, room: tuple[int, int]) -> _Kept | None:
    size, image = picture_size(data), read_picture(data, room, None)
    if image is None:
        return None
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    whole = (image.width(), image.height())
    return _Kept(size or whole, (image,), False) if size != whole else _Kept(whole, halvings(image), True)


def _whole(data: bytes) -> _Kept | None:
    image = read_picture(data, None, None)
    return None if image is None else _Kept((image.width(), image.height()), halvings(image), True)
