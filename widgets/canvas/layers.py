"""A layer that is painted once and then shifted: what makes pan and zoom cheap with 10,000 shapes.

It is a picture larger than the window by a margin. A pan blits it shifted; when the margin is used up it is
scrolled and only the strips that came into sight are painted. A zoom blits it scaled until the factor is too
far off; it is made crisp again when the hand rests. A changed shape repaints its own rectangle. What it holds
is always what painting everything anew would give; a test compares the two.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable

from msgspec.structs import replace
from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPixmap

from widgets.canvas.shape_paint import LABEL_REACH
from widgets.canvas.view import Rect, View

MARGIN = 256  # logical pixels on each side
FARTHEST = 0.66, 1.5  # beyond this a scaled layer looks wrong

PaintInto = Callable[[QPainter, View, Rect], None]
"""Paints what lies in a rectangle (of the screen that the view describes) and nothing outside it."""


class CachedLayer:
    """One layer. `paint_into` gets a view of the layer's own, larger window."""

    def __init__(self, paint_into: PaintInto, opaque: QColor | None = None) -> None:
        self._paint_into = paint_into
        self.opaque = opaque
        self._pixmap: QPixmap | None = None
        self._built = View()  # of the window without margins
        self._ratio = 1.0
        self.is_blurred = False  # whether the last paint blitted at another scale than it was built for
        self.is_coarse = False  # set by whoever painted into it in a hurry
        self.rebuilds = 0
        self.patches = 0

    def invalidate(self) -> None:
        """Paint everything anew at the next paint."""
        self._pixmap = None

    def patch(self, rects: Iterable[Rect]) -> None:
        """Paint these rectangles of the picture anew (with room for lines and letters around them)."""
        if self._pixmap is None:
            return
        wide = self._wide(self._built)
        for rect in rects:
            left, top, right, bottom = wide.rect_to_screen(rect)
            self._repaint((left - 4, top - 4, max(right + 4, left + LABEL_REACH), max(bottom + 4, top + 40)))

    def paint(self, painter: QPainter, view: View, ratio: float) -> None:
        """Put the layer on the screen. ratio: device pixels per logical pixel."""
        if self._pixmap is None or self._ratio != ratio or self._built.window != view.window:
            self._rebuild(view, ratio)
        if self._built.scale == view.scale:
            self._paint_shifted(painter, view)
            return
        factor = view.scale / self._built.scale
        target = self._scaled_rect(view, factor)
        covers = target.contains(QRectF(0, 0, *view.window))
        if not FARTHEST[0] <= factor <= FARTHEST[1] or not covers:
            self._rebuild(view, ratio)
            self._paint_shifted(painter, view)
            return
        self.is_blurred = True
        assert self._pixmap is not None
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
        painter.drawPixmap(target, self._pixmap, QRectF(self._pixmap.rect()))

    def _scaled_rect(self, view: View, factor: float) -> QRectF:
        left = view.offset[0] - (self._built.offset[0] + MARGIN) * factor
        top = view.offset[1] - (self._built.offset[1] + MARGIN) * factor
        width, height = (side + 2 * MARGIN for side in view.window)
        return QRectF(left, top, width * factor, height * factor)

    def _paint_shifted(self, painter: QPainter, view: View) -> None:
        self.is_blurred = False
        dx, dy = self._shift(view)
        if abs(dx) > MARGIN or abs(dy) > MARGIN or not self._is_whole(dx, dy):
            self._scroll(view)
            dx = dy = 0.0
        assert self._pixmap is not None
        painter.drawPixmap(QPointF(dx - MARGIN, dy - MARGIN), self._pixmap)

    def _is_whole(self, dx: float, dy: float) -> bool:
        """Whether a shift is of whole device pixels, so that it blurs nothing."""
        return all(abs(d * self._ratio - round(d * self._ratio)) < 1e-6 for d in (dx, dy))

    def _shift(self, view: View) -> tuple[float, float]:
        return view.offset[0] - self._built.offset[0], view.offset[1] - self._built.offset[1]

    def _scroll(self, view: View) -> None:
        """Bring the layer's middle back under the window; paint the strips that came in."""
        dx, dy = self._shift(view)
        pixmap = self._pixmap
        assert pixmap is not None
        wide_width, wide_height = (side + 2 * MARGIN for side in view.window)
        if not self._is_whole(dx, dy) or abs(dx) >= wide_width or abs(dy) >= wide_height:
            self._rebuild(view, self._ratio)
            return
        pixmap.scroll(round(dx * self._ratio), round(dy * self._ratio), pixmap.rect())
        self._built = view
        # One pixel of overlap: what stood on the old border was cut there.
        if dx:
            left, right = (0.0, dx + 1) if dx > 0 else (wide_width + dx - 1, wide_width)
            self._repaint((left, 0.0, right, wide_height))
        if dy:
            top, bottom = (0.0, dy + 1) if dy > 0 else (wide_height + dy - 1, wide_height)
            self._repaint((0.0, top, wide_width, bottom))

    def _wide(self, view: View) -> View:
        window = view.window[0] + 2 * MARGIN, view.window[1] + 2 * MARGIN
        return replace(view, window=window, offset=(view.offset[0] + MARGIN, view.offset[1] + MARGIN))

    def _rebuild(self, view: View, ratio: float) -> None:
        size = [math.ceil((side + 2 * MARGIN) * ratio) for side in view.window]
        if self._pixmap is None or [self._pixmap.width(), self._pixmap.height()] != size:
            self._pixmap = QPixmap(*size)
            if self.opaque is None:
                self._pixmap.fill(Qt.GlobalColor.transparent)  # or it would have no alpha channel
        self._pixmap.setDevicePixelRatio(ratio)
        self._built, self._ratio = view, ratio
        self.rebuilds += 1
        self._repaint((0.0, 0.0, view.window[0] + 2 * MARGIN, view.window[1] + 2 * MARGIN))

    def _repaint(self, screen: Rect) -> None:
        pixmap = self._pixmap
        assert pixmap is not None
        left, top = math.floor(screen[0]), math.floor(screen[1])
        rect = QRect(left, top, math.ceil(screen[2]) - left, math.ceil(screen[3]) - top)
        rect &= QRect(0, 0, math.ceil(pixmap.width() / self._ratio), math.ceil(pixmap.height() / self._ratio))
        if rect.isEmpty():
            return
        self.patches += 1
        with QPainter(pixmap) as painter:
            painter.setClipRect(rect)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_Source)
            painter.fillRect(rect, self.opaque or Qt.GlobalColor.transparent)
            painter.setCompositionMode(QPainter.CompositionMode.CompositionMode_SourceOver)
            clip = (rect.left(), rect.top(), rect.left() + rect.width(), rect.top() + rect.height())
            self._paint_into(painter, self._wide(self._built), (*map(float, clip),))  # type: ignore[arg-type]
