"""The picture as tiles of 256 pixels at halving scales: what is missing is asked for, once."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable

import numpy as np
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPixmap

from widgets.canvas.tone import PLAIN, Tone, toned
from widgets.canvas.view import XY, Rect, View

TILE = 256
KEPT = 600
NEAREST_FROM = 4.0  # from this scale on pixels are shown as they are
GRID_FROM = 16.0

Place = tuple[int, int, int]
"""Level, column, row."""


class Pyramid:
    """Tiles of one picture. `ask(level, column, row)` is called once for each tile that is missing.

    Level n is the picture at 1 / 2**n; the tile at the right and lower edge is smaller. A whole picture is
    given by `put_levels`, tiles of a large one by `put`.
    """

    def __init__(self, size: XY, levels: int, ask: Callable[[int, int, int], None] | None = None) -> None:
        self.size = size
        self.levels = max(levels, 1)
        self._ask = ask
        self._asked: set[Place] = set()
        self._images: OrderedDict[Place, QImage] = OrderedDict()
        self._pixmaps: OrderedDict[Place, QPixmap] = OrderedDict()
        self._whole: tuple[QImage, ...] = ()
        self._backdrop: QImage | None = None
        self._tone = PLAIN

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing yet to show."""
        return not (self._whole or self._images or self._backdrop)

    def put_levels(self, images: tuple[QImage, ...]) -> None:
        """The whole picture, at full size and at each half of it."""
        self._whole = images
        self.levels = len(images)
        self._pixmaps.clear()

    def put_backdrop(self, image: QImage) -> None:
        """A small version of the whole picture, shown until tiles come."""
        self._backdrop = image

    def put(self, level: int, column: int, row: int, image: QImage) -> None:
        """One tile."""
        place = (level, column, row)
        self._images[place] = image
        self._pixmaps.pop(place, None)
        while len(self._images) > KEPT:
            gone, _ = self._images.popitem(last=False)
            self._asked.discard(gone)

    def set_tone(self, tone: Tone) -> None:
        self._tone = tone
        self._pixmaps.clear()

    def level_for(self, scale: float) -> int:
        """The level whose pixels are nearest to the screen's."""
        return min(max(math.floor(math.log2(1 / scale) + 0.3), 0), self.levels - 1)

    def rect_of(self, level: int, column: int, row: int) -> Rect:
        """What a tile covers, in picture pixels."""
        side = TILE * 2**level
        right, bottom = min((column + 1) * side, self.size[0]), min((row + 1) * side, self.size[1])
        return float(column * side), float(row * side), float(right), float(bottom)

    def paint(self, painter: QPainter, view: View, clip: Rect, smooth: bool) -> None:
        """Paint what lies in `clip` (screen pixels)."""
        left, top = view.to_picture(clip[:2])
        right, bottom = view.to_picture(clip[2:])
        left, top = max(left, 0.0), max(top, 0.0)
        right, bottom = min(right, self.size[0]), min(bottom, self.size[1])
        if left >= right or top >= bottom:
            return
        smooth = smooth and view.scale < NEAREST_FROM
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
        level = self.level_for(view.scale)
        side = TILE * 2**level
        for row in range(int(top // side), math.ceil(bottom / side)):
            for column in range(int(left // side), math.ceil(right / side)):
                self._paint_tile(painter, view, (level, column, row))
        if view.scale >= GRID_FROM:
            _paint_grid(painter, view, (left, top, right, bottom))

    def _paint_tile(self, painter: QPainter, view: View, place: Place) -> None:
        covered = self.rect_of(*place)
        # Both edges are rounded alike, or seams show between neighbours.
        x0, y0, x1, y1 = (round(edge) for edge in view.rect_to_screen(covered))
        target = QRect(x0, y0, x1 - x0, y1 - y0)
        pixmap = self._pixmap(place)
        if pixmap is not None:
            painter.drawPixmap(target, pixmap)
            return
        if place not in self._asked and self._ask is not None:
            self._asked.add(place)
            self._ask(*place)
        self._paint_coarser(painter, place, covered, target)

    def _paint_coarser(self, painter: QPainter, place: Place, covered: Rect, target: QRect) -> None:
        level, column, row = place
        for up in range(1, self.levels - level):
            above = (level + up, column >> up, row >> up)
            if (pixmap := self._pixmap(above)) is not None:
                outer = self.rect_of(*above)
                fx = pixmap.width() / max(outer[2] - outer[0], 1e-9)
                fy = pixmap.height() / max(outer[3] - outer[1], 1e-9)
                source = QRectF(
                    (covered[0] - outer[0]) * fx,
                    (covered[1] - outer[1]) * fy,
                    (covered[2] - covered[0]) * fx,
                    (covered[3] - covered[1]) * fy,
                )
                painter.drawPixmap(QRectF(target), pixmap, source)
                return
        if self._backdrop is not None:
            fx, fy = self._backdrop.width() / self.size[0], self._backdrop.height() / self.size[1]
            corner = QPointF(covered[0] * fx, covered[1] * fy)
            end = QPointF(covered[2] * fx, covered[3] * fy)
            painter.drawImage(QRectF(target), self._backdrop, QRectF(corner, end))

    def _pixmap(self, place: Place) -> QPixmap | None:
        if (held := self._pixmaps.get(place)) is not None:
            self._pixmaps.move_to_end(place)
            return held
        image = self._image(place)
        if image is None:
            return None
        pixmap = QPixmap.fromImage(in_tone(image, self._tone))
        self._pixmaps[place] = pixmap
        while len(self._pixmaps) > KEPT:
            self._pixmaps.popitem(last=False)
        return pixmap

    def _image(self, place: Place) -> QImage | None:
        level, column, row = place
        if self._whole:
            whole = self._whole[level]
            rect = QRect(column * TILE, row * TILE, TILE, TILE) & whole.rect()
            return whole.copy(rect) if not rect.isEmpty() else None
        if (image := self._images.get(place)) is not None:
            self._images.move_to_end(place)
        return image


def halvings(image: QImage) -> tuple[QImage, ...]:
    """The picture in RGB32 and its halvings down to one tile; for a worker, since it takes a while."""
    levels = [image.convertToFormat(QImage.Format.Format_RGB32)]
    while max(levels[-1].width(), levels[-1].height()) > TILE:
        last = levels[-1]
        levels.append(
            last.scaled(
                max(1, math.ceil(last.width() / 2)),
                max(1, math.ceil(last.height() / 2)),
                Qt.AspectRatioMode.IgnoreAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            ).convertToFormat(QImage.Format.Format_RGB32)
        )
    return tuple(levels)


def in_tone(image: QImage, tone: Tone) -> QImage:
    """`image` in RGB32 as it is shown under `tone`."""
    image = image.convertToFormat(QImage.Format.Format_RGB32)
    if tone == PLAIN:
        return image
    held = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine() // 4, 4)
    shown = np.ascontiguousarray(toned(held, tone))
    made = QImage(shown.data, image.width(), image.height(), image.bytesPerLine(), QImage.Format.Format_RGB32)
    return made.copy()  # the array goes away with this call


def _paint_grid(painter: QPainter, view: View, shown: Rect) -> None:
    painter.setPen(QColor(128, 128, 128, 70))
    left, top, right, bottom = view.rect_to_screen(shown)
    for x in range(math.ceil(shown[0]), math.floor(shown[2]) + 1):
        at = round(view.to_screen((float(x), 0.0))[0])
        painter.drawLine(at, int(top), at, int(bottom))
    for y in range(math.ceil(shown[1]), math.floor(shown[3]) + 1):
        at = round(view.to_screen((0.0, float(y)))[1])
        painter.drawLine(int(left), at, int(right), at)
