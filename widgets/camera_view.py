"""One camera's picture with lines and points of space over it; an image canvas that can do that as well."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPixmap, QRegion
from PySide6.QtWidgets import QWidget

from widgets.canvas.shape_paint import letter_font
from widgets.canvas.view import XY, Floats, Rect, View
from widgets.cloud.drawn import LineSet
from widgets.cloud.line_paint import paint_lines
from widgets.cloud.lines import nearest_line
from widgets.cloud.scene import KEPT_LINES, LINES
from widgets.image_canvas import ImageCanvas

NO_LINES = LineSet()
FRAME = 2.0  # pixels of the frame around the camera that stands out


class CameraView(ImageCanvas):
    """An image canvas with sets of lines (`LINES`) and points, all in picture pixels.

    Pinned boxes are its shapes, as on any image canvas. `pointer` carries `Pointer`s in picture pixels.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.name = name
        self.view = View(margin=1.0)  # a strip has no room to spare
        self.setAccessibleName(f"Camera {name}")
        self._lines: dict[str, LineSet] = dict.fromkeys(LINES, NO_LINES)
        self._points: Floats = np.empty((0, 2))
        self._colors: NDArray[np.uint32] = np.empty(0, np.uint32)
        self._point_size = 2
        self._still: tuple[View, float, QPixmap] | None = None
        self._title = name
        self._mark: QColor | None = None

    def set_lines(self, lines: LineSet, name: str = "rest") -> None:
        """One of the sets of lines: ends are (N, 2, 2) picture pixels, NaN for what is not in sight."""
        if np.isnan(lines.ends).any(axis=(1, 2)).all():
            lines = NO_LINES
        if lines is not self._lines[name]:
            self._lines[name] = lines
            if name in KEPT_LINES:
                self._still = None
            self.update()

    def set_points(self, xy: Floats, colors: NDArray[np.uint8], size: int = 2) -> None:
        """Points over the picture. xy: (N, 2) picture pixels, the farthest first; colors: (N, 3) RGB."""
        wide = colors.astype(np.uint32)
        self._colors = (
            np.uint32(0xFF000000) | wide[:, 0] << np.uint32(16) | wide[:, 1] << np.uint32(8) | wide[:, 2]
        )
        self._points, self._point_size, self._still = xy, size, None
        self.update()

    @property
    def points(self) -> Floats:
        """(N, 2) the points over the picture, in its pixels."""
        return self._points

    def set_title(self, title: str) -> None:
        """What stands in the corner; the camera's name at first."""
        self._title = title
        self.update()

    def set_mark(self, color: str | None) -> None:
        """A frame around a camera that stands out; None for none."""
        self._mark = QColor(color) if color else None
        self.update()

    def line_at(self, xy: XY, radius: float = 8.0) -> str | None:
        """The key of the line near a place of the picture, what is painted last first; radius: screen."""
        at = self.view.to_screen(xy)
        for name in reversed(LINES):
            key = nearest_line(self.view, self._lines[name], at, radius)
            if key is not None:
                return key
        return None

    def show_rect(self, xyxy: Rect, share: float = 0.5) -> None:
        """Zoom to a part of the picture."""
        self.set_view(self.view.showing(xyxy, share))

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        super()._paint(painter, region)
        if self.pyramid is not None:
            self._paint_space(painter)
        self._paint_title(painter)

    def _paint_space(self, painter: QPainter) -> None:
        """Points and lines: what is at rest is kept as a picture, what moves is seen beyond the edges too."""
        if self._rest.isActive():
            self._still = None
            self._paint_still(painter, fine=False)
        else:
            painter.drawPixmap(0, 0, self._kept_still())
        for name in LINES:
            if name not in KEPT_LINES:
                paint_lines(painter, self.view, self._lines[name], casing=name == "active")

    def _kept_still(self) -> QPixmap:
        """What is at rest, made anew where it or the view has changed."""
        ratio = self.devicePixelRatioF()
        if self._still is None or self._still[:2] != (self.view, ratio):
            kept = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
            kept.setDevicePixelRatio(ratio)
            kept.fill(Qt.GlobalColor.transparent)
            with QPainter(kept) as into:
                self._paint_still(into, fine=True)
            self._still = self.view, ratio, kept
        return self._still[2]

    def _paint_still(self, painter: QPainter, fine: bool) -> None:
        left, top, right, bottom = self.view.rect_to_screen((0.0, 0.0, *self.view.picture))
        painter.save()
        painter.setClipRect(QRectF(left, top, right - left, bottom - top), Qt.ClipOperation.IntersectClip)
        if len(self._points):
            painter.drawImage(QRectF(0, 0, *self.view.window), self._splat_now(self.devicePixelRatioF()))
        for name in KEPT_LINES:
            paint_lines(painter, self.view, self._lines[name], fine)
        painter.restore()

    def _splat_now(self, ratio: float) -> QImage:
        wide, high = (max(round(side * ratio), 1) for side in self.view.window)
        at = (self._points * self.view.scale + np.array(self.view.offset)) * ratio
        side = max(round(self._point_size * ratio), 1)
        with np.errstate(invalid="ignore"):
            seen = ((at > -side) & (at < (wide, high))).all(axis=1)
        column, row = np.floor(at[seen] - (side - 1) / 2).astype(np.intp).T
        pixels = np.zeros((high, wide), np.uint32)
        flat, colors = pixels.reshape(-1), self._colors[seen]
        for dy in range(side):
            for dx in range(side):
                x, y = column + dx, row + dy
                inside = (x >= 0) & (x < wide) & (y >= 0) & (y < high)
                flat[y[inside] * wide + x[inside]] = colors[
                    inside
                ]  # of several on a pixel the last one stays
        image = QImage(pixels.data, wide, high, 4 * wide, QImage.Format.Format_ARGB32_Premultiplied)
        return image.copy()  # the array goes away with this call

    def _paint_title(self, painter: QPainter) -> None:
        if self._title:
            painter.setFont(letter_font())
            metrics = painter.fontMetrics()
            # cameras begin alike: CAM_FRONT_LEFT, CAM_FRONT_RIGHT
            words = metrics.elidedText(self._title, Qt.TextElideMode.ElideLeft, self.width() - 20)
            patch = QRectF(4, 4, metrics.horizontalAdvance(words) + 10, metrics.height() + 2)
            painter.fillRect(patch, QColor(0, 0, 0, 140))
            painter.setPen(QColor("white"))
            painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, words)
        if self._mark is not None:
            painter.setPen(QPen(self._mark, FRAME))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            half = FRAME / 2
            painter.drawRect(QRectF(self.rect()).adjusted(half, half, -half, -half))
