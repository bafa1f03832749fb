"""The image canvas: paints a picture with shapes and reports pointers and keys; it decides nothing."""

from __future__ import annotations

import math

from msgspec.structs import replace
from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QPainter, QPaintEvent, QPalette, QRegion, QResizeEvent
from PySide6.QtWidgets import QWidget

from widgets.canvas.drawables import Drawables, Mark, differences
from widgets.canvas.hand import Hand
from widgets.canvas.layers import CachedLayer
from widgets.canvas.overlay import Overlay, paint_overlay
from widgets.canvas.pyramid import Pyramid
from widgets.canvas.shape_paint import LABEL_REACH, has_detail, paint_shapes
from widgets.canvas.tone import PLAIN, Tone
from widgets.canvas.view import XY, Rect, View
from widgets.painted import paint_guarded

REST_MS = 60  # after the last event everything is made crisp
LIVE_MARGIN = 12.0  # casing and grips around a shape that is drawn live


class ImageCanvas(QWidget):
    """A picture, shapes over it, and a hand: `pointer` carries every event in picture pixels.

    Keys go to `hand.key_taker`.
    """

    pointer = Signal(object)  # a Pointer
    view_changed = Signal(object)  # a View
    painting_failed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Image canvas")
        self.setAccessibleDescription("No picture")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.view = View()
        self.pyramid: Pyramid | None = None
        self.hand = Hand(self, lambda: self.view)
        self.hand.pointer.connect(self.pointer)
        self.hand.view_wanted.connect(self.set_view)
        self.hand.moved.connect(self._mouse_moved)
        self.fault_marks = 0
        self._shapes = Drawables()
        self._predictions = Drawables()
        self._overlay = Overlay()
        self._letters = True
        self._words = ""
        self._detailed = True
        self._fitted = True  # the view follows the window until the person moves it
        self._tone = PLAIN
        background = self.palette().color(QPalette.ColorRole.Dark)
        self._picture_layer = CachedLayer(self._paint_picture, background)
        self._shape_layer = CachedLayer(self._paint_shapes)
        self._prediction_layer = CachedLayer(self._paint_predictions)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._make_crisp)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    # What is shown

    def show_picture(self, pyramid: Pyramid | None, keep_view: bool = False) -> None:
        """Show another picture, whole unless `keep_view`. None: nothing is open."""
        self.pyramid = pyramid
        if pyramid is not None:
            pyramid.set_tone(self._tone)
            same = self.view.picture == pyramid.size
            self.view = replace(self.view, picture=pyramid.size)
            if not (keep_view and same):
                self.view = self.view.fitted()
                self._fitted = True
        self._picture_layer.invalidate()
        self._view_moved()

    def picture_arrived(self, part: Rect | None = None) -> None:
        """More of the pyramid is there: paint that part, or all of it, anew."""
        if part is None:
            self._picture_layer.invalidate()
        else:
            self._picture_layer.patch([part])
        self.update()

    def set_shapes(self, shapes: Drawables) -> None:
        """The shapes at rest. Only where they differ from before is anything painted."""
        old, self._shapes = self._shapes, shapes
        self._change(self._shape_layer, old, shapes)

    def set_predictions(self, shapes: Drawables) -> None:
        """A layer over the shapes: what a model says."""
        old, self._predictions = self._predictions, shapes
        self._change(self._prediction_layer, old, shapes)

    def set_active(self, shapes: Drawables, grips: bool = True) -> None:
        """The shapes that are selected or being dragged; drawn live, over the rest."""
        self._set_overlay(replace(self._overlay, active=shapes, grips=grips))

    def set_preview(self, shapes: Drawables) -> None:
        """Shapes that are being made."""
        self._set_overlay(replace(self._overlay, preview=shapes))

    def set_hover(self, shapes: Drawables) -> None:
        """The shape under the pointer."""
        self._set_overlay(replace(self._overlay, hover=shapes))

    def set_marks(self, marks: tuple[Mark, ...]) -> None:
        """Pins and rings."""
        self._set_overlay(replace(self._overlay, marks=marks))

    def set_pulse(self, phase: float) -> None:
        """How far a ring has pulsed, 0 to 1."""
        self._set_overlay(replace(self._overlay, pulse=phase))

    def set_crosshair(self, on: bool) -> None:
        """Lines through the mouse pointer, to the edges of the window."""
        self._set_overlay(replace(self._overlay, crosshair=on))

    def set_keyboard_cursor(self, xy: XY | None) -> None:
        """The cross that arrow keys move, in picture pixels."""
        self._set_overlay(replace(self._overlay, cursor=xy))

    def say(self, text: str) -> None:
        """Words in the middle of the picture's place: why there is none. Empty: nothing."""
        self._words = text
        self.update()

    def set_letters(self, on: bool) -> None:
        """Whether shapes carry their class letter."""
        self._letters = on
        self._shape_layer.invalidate()
        self._prediction_layer.invalidate()
        self.update()

    def set_tone(self, tone: Tone) -> None:
        """Brightness, contrast and gamma; they stay for the next picture."""
        self._tone = tone
        if self.pyramid is not None:
            self.pyramid.set_tone(tone)
        self._picture_layer.invalidate()
        self.update()

    def describe(self, text: str) -> None:
        """What a screen reader says of the picture: "3 shapes, car #2 selected"."""
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)

    # Where it is looked at

    def set_view(self, view: View) -> None:
        """Look at another place."""
        self._fitted = False
        self.view = view
        self._view_moved()

    def bring_into_sight(self, xyxy: Rect) -> None:
        """Move, never zoom, if a box is out of the window."""
        view = self.view.containing(xyxy)
        if view is not self.view:
            self.set_view(view)

    def fit(self) -> None:
        """The whole picture."""
        self.set_view(self.view.fitted())
        self._fitted = True

    def show_actual_size(self) -> None:
        """One picture pixel on one device pixel."""
        self.set_view(self.view.at_scale(1.0 / self.devicePixelRatioF()))

    def zoom(self, factor: float) -> None:
        """Closer or farther, to the middle of the window."""
        self.set_view(self.view.zoomed(factor, (self.width() / 2, self.height() / 2)))

    def mouse_in_picture(self) -> XY | None:
        """Where the mouse pointer is, in picture pixels; None while it is elsewhere."""
        return None if self._overlay.mouse is None else self.view.to_picture(self._overlay.mouse)

    def _view_moved(self) -> None:
        detailed = has_detail(self.view, self._shapes)
        if detailed != self._detailed:
            self._detailed = detailed
            self._shape_layer.invalidate()
        self._rest.start()
        self.view_changed.emit(self.view)
        self.update()

    def _make_crisp(self) -> None:
        for layer in (self._picture_layer, self._shape_layer, self._prediction_layer):
            if layer.is_blurred or layer.is_coarse:
                layer.invalidate()
                self.update()

    # Painting

    def _change(self, layer: CachedLayer, old: Drawables, new: Drawables) -> None:
        detailed = has_detail(self.view, new) if layer is self._shape_layer else self._detailed
        rects = differences(old, new) if detailed == self._detailed else None
        self._detailed = detailed
        if rects is None:
            layer.invalidate()
            self.update()
            return
        layer.patch(rects)
        region = QRegion()
        for rect in rects:
            region += _live_rect(self.view.rect_to_screen(rect))
        self.update(region)

    def _set_overlay(self, overlay: Overlay) -> None:
        old, self._overlay = self._overlay, overlay
        region = QRegion()
        for one, other in ((old, overlay), (overlay, old)):
            for part in one.parts_unlike(other):
                region += _live_rect(self.view.rect_to_screen(part))
            for rect in one.lines_unlike(other, self.view):
                region += _whole_rect(rect)
        self.update(region)

    def paintEvent(self, event: QPaintEvent) -> None:
        if not paint_guarded(self, event.region(), self._paint):
            self.fault_marks += 1
            for layer in (self._picture_layer, self._shape_layer, self._prediction_layer):
                layer.invalidate()  # what a fault cut short must not be kept
            self.painting_failed.emit()

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        ratio = self.devicePixelRatioF()
        self._picture_layer.paint(painter, self.view, ratio)
        if len(self._shapes):
            self._shape_layer.paint(painter, self.view, ratio)
        if len(self._predictions):
            self._prediction_layer.paint(painter, self.view, ratio)
        paint_overlay(painter, self.view, self._overlay)
        if self._words:
            painter.setPen(self.palette().color(QPalette.ColorRole.BrightText))
            wrapped = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect(), wrapped, self._words)

    def _paint_picture(self, painter: QPainter, view: View, clip: Rect) -> None:
        if self.pyramid is not None:
            moving = self._rest.isActive()
            self._picture_layer.is_coarse = moving and view.scale < 1
            self.pyramid.paint(painter, view, clip, smooth=not moving)

    def _paint_shapes(self, painter: QPainter, view: View, clip: Rect) -> None:
        paint_shapes(painter, view, self._shapes, clip, self._detailed, self._letters)

    def _paint_predictions(self, painter: QPainter, view: View, clip: Rect) -> None:
        paint_shapes(painter, view, self._predictions, clip, self._detailed, self._letters)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() == QEvent.Type.PaletteChange:
            self._picture_layer.opaque = self.palette().color(QPalette.ColorRole.Dark)
            self._picture_layer.invalidate()
        elif event.type() == QEvent.Type.FontChange:  # letters and scores follow the text's size
            for layer in (self._shape_layer, self._prediction_layer):
                layer.invalidate()
            self.update()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        window = float(self.width()), float(self.height())
        self.view = self.view.resized(window)
        if self._fitted:
            self.view = self.view.fitted()
        self._view_moved()
        super().resizeEvent(event)

    def _mouse_moved(self, at: XY | None) -> None:
        hover = self._overlay.hover if at is not None else Drawables()
        self._set_overlay(replace(self._overlay, mouse=at, hover=hover))


def _live_rect(rect: Rect) -> QRect:
    """Where a shape that is drawn live may leave paint, its size beside it included."""
    left, top, right, bottom = rect
    return _whole_rect(
        (left - LIVE_MARGIN, top - LIVE_MARGIN, right + LABEL_REACH + LIVE_MARGIN, bottom + 2 * LIVE_MARGIN)
    )


def _whole_rect(rect: Rect) -> QRect:
    # Far out of the window a coordinate would not fit Qt's 32-bit integers.
    left, top, right, bottom = (min(max(edge, -1e6), 1e6) for edge in rect)
    x, y = math.floor(left), math.floor(top)
    return QRect(x, y, math.ceil(right) - x, math.ceil(bottom) - y)
