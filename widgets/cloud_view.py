"""The cloud view: paints a scene of points and lines and reports pointers and keys; it decides nothing."""

from __future__ import annotations

import math
import time

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QImage,
    QInputEvent,
    QKeyEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPixmap,
    QRegion,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from studio.domain.contracts.editing import PointerKind
from studio.domain.space import Pose, matrix_of
from studio.domain.values import XYZ
from widgets.canvas.pointers import Button, device_of, key_name, modifiers_of
from widgets.cloud import overlay_paint
from widgets.cloud.drawn import Grip, LineStyle, Region, one_style
from widgets.cloud.hand import SpaceHand
from widgets.cloud.line_paint import paint_lines
from widgets.cloud.lines import nearest_line
from widgets.cloud.picking import Pick, nearest_point
from widgets.cloud.pointer import SpacePointer
from widgets.cloud.relief import shadows
from widgets.cloud.renderer import Budget, Frame, Renderer, Shot, next_slice, shared_out
from widgets.cloud.scene import KEPT_LINES, LINES, CloudScene
from widgets.cloud.space_view import XY, Side, SpaceView, in_plane
from widgets.decoding import PictureDecoder
from widgets.painted import paint_guarded

REST_MS = 150  # after the last event the rest of the points is drawn
SLICE_S = 0.04  # of drawing at a time, so that a hand never waits longer
SHOW_S = 0.1  # between two paints of what is drawn bit by bit
PICKED = 200_000  # points that are looked at while a pointer hovers
KEY_ORBIT_PX, KEY_PAN_PX = 14.0, 40.0  # what an arrow key stands for
GRID_STYLE = LineStyle("#ffffff", 1.0, alpha=0.11)
TITLES: dict[Side, str] = {"space": "", "top": "Top", "side": "Side", "front": "Front"}


class CloudView(QWidget):
    """A scene in perspective. Several views may share one scene; each has a camera, `view`, of its own.

    `pointer` carries every event as a `SpacePointer`; keys go to `hand.key_taker` first, then arrows orbit
    (with Shift they pan), + and - zoom, Home shows everything.
    """

    pointer = Signal(object)  # a SpacePointer
    view_changed = Signal(object)  # a SpaceView
    refined = Signal()  # every point is drawn, in relief where the look says so
    painting_failed = Signal()

    side: Side = "space"

    def __init__(self, scene: CloudScene, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Cloud view")
        self.setAccessibleDescription("No points")
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.scene = scene
        self.view = SpaceView()
        self.frame = Pose()  # whose axes a flat view and its plane coordinates follow
        self.region: Region | None = None  # what this view shows beside what the scene's look says
        self.grips: tuple[Grip, ...] = ()
        self.fault_marks = 0
        self.budget = Budget()
        self.hand = SpaceHand(
            self, lambda: self.view, self._make_pointer, self._hold, turns=self.side == "space"
        )
        self.hand.pointer.connect(self.pointer)
        self.hand.pointer.connect(self._pivot_on_double)
        self.hand.view_wanted.connect(self.set_view)
        self.hand.moved.connect(self._mouse_moved)
        self._frame: Frame | None = None
        self._drawn_by: Renderer | None = None
        self._stale = True  # the points have to be drawn anew
        self._base: QPixmap | None = None  # points and what lies still over them
        self._shadows: QImage | None = None  # over the points, once they are all drawn
        self._shape = 0  # grows whenever other points are drawn, so that shadows of others are known
        self._beside = PictureDecoder(self)
        self._beside.decoded.connect(self._shaded)
        self._mouse: XY | None = None
        self._cursor: XYZ | None = None
        self._crosshair = False
        self._outline: tuple[XY, ...] = ()
        self._pulse = 0.0
        self._words = ""
        self._title = TITLES[self.side]
        self.rest_ms = REST_MS
        self._is_moving = False
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.timeout.connect(self._refine)
        self._slice = 100_000
        self._shown_at = 0.0
        scene.points_changed.connect(self._points_changed)
        scene.points_arrived.connect(self._points_arrived)
        scene.labels_changed.connect(self._labels_changed)
        scene.lines_changed.connect(self._lines_changed)
        scene.words_changed.connect(self._words_changed)

    def sizeHint(self) -> QSize:
        return QSize(800, 600)

    # What is shown

    def set_region(self, region: Region | None) -> None:
        """Show only the points of a region, in this view alone."""
        if region != self.region:
            self.region = region
            self._points_changed()

    def set_grips(self, grips: tuple[Grip, ...]) -> None:
        """Handles over the lines."""
        if grips != self.grips:
            self.grips = grips
            self.update()

    def set_outline(self, corners: tuple[XY, ...]) -> None:
        """An outline that a hand draws over the window, closed by a dashed line; of one corner, none."""
        if corners != self._outline:
            self._outline = corners
            self.update()

    def set_crosshair(self, on: bool) -> None:
        """Lines through the mouse pointer, to the edges of the window."""
        self._crosshair = on
        self.update()

    def set_keyboard_cursor(self, xyz: XYZ | None) -> None:
        """A cross at a point of the scene, which keys move."""
        self._cursor = xyz
        self.update()

    def set_pulse(self, phase: float) -> None:
        """How far a ring has pulsed, 0 to 1."""
        self._pulse = phase
        self.update()

    def set_title(self, title: str) -> None:
        """A few words in the upper left corner."""
        self._title = title
        self._words_changed()

    def say(self, text: str) -> None:
        """Words in the middle: why there is nothing to see. Empty: nothing."""
        self._words = text
        self.update()

    def describe(self, text: str) -> None:
        """What a screen reader says of the scene: "23 cuboids, car #4 selected"."""
        if text != self.accessibleDescription():
            self.setAccessibleDescription(text)

    # Where it is looked at from

    def set_view(self, view: SpaceView) -> None:
        """Look from another place, or at another one; the window's size stays its own."""
        view = view.resized((float(self.width()), float(self.height())))
        if view != self.view:
            self.view = view
            self._points_changed()
            self.view_changed.emit(view)

    def fit(self) -> None:
        """Nearly all points; the few far ones are left out."""
        bounds = self.scene.bounds()
        if bounds is not None:
            points = self.scene.sample()
            near = ((points >= bounds[0]) & (points <= bounds[1])).all(axis=1)
            self.set_view(self.view.fitted_to(points[near] if near.any() else np.array(bounds)))

    def zoom(self, factor: float) -> None:
        """Closer or farther, to the middle of the window."""
        self.set_view(self.view.zoomed(factor, (self.width() / 2, self.height() / 2)))

    def bring_into_sight(self, xyz: XYZ) -> None:
        """Move, never zoom or turn, if a point is out of the window."""
        self.set_view(self.view.containing(xyz))

    def pivot_at(self, xy: XY) -> bool:
        """Orbit about the point under a place of the window from now on; whether there is one."""
        pick = self.pick(xy)
        if pick is not None:
            self.set_view(replace(self.view, pivot=pick.xyz))
        return pick is not None

    def mouse_xy(self) -> XY | None:
        """Where the mouse pointer is over this view; None while it is elsewhere."""
        return self._mouse

    # What is there

    def pick(self, xy: XY, radius: float = 8.0, whole: bool = False) -> Pick | None:
        """The point of a cloud near a place of the window; `whole` looks at points not drawn yet, too."""
        clouds = self.scene.visible_clouds()
        drawn = None
        if not whole:
            done = self._frame.drawn if self._frame is not None else {}
            drawn = shared_out({each.key: min(done.get(each.key, 0), len(each)) for each in clouds}, PICKED)
        return nearest_point(self.view, clouds, xy, self.scene.look, self.region, drawn, radius)

    def line_at(self, xy: XY, radius: float = 8.0) -> str | None:
        """The key of the line near a place of the window, what is painted last first."""
        for name in reversed(LINES):
            key = nearest_line(self.view, self.scene.lines[name], xy, radius)
            if key is not None:
                return key
        return None

    def _hold(self, xy: XY) -> XYZ | None:
        pick = None if self.view.flat else self.pick(xy, radius=12.0)
        return None if pick is None else pick.xyz

    def _make_pointer(
        self, kind: PointerKind, at: QPointF, event: QInputEvent, button: Button
    ) -> SpacePointer:
        xy = (at.x(), at.y())
        origin, direction = self.view.ray(xy)
        device, pressure, tilt = device_of(event)
        return SpacePointer(
            kind,
            xy,
            origin,
            direction,
            self.view,
            self.side,
            None if self.side == "space" else in_plane(self.side, self.frame, origin),
            self.view.scale,
            button,
            modifiers_of(event),
            device,
            pressure,
            tilt,
            time.monotonic_ns(),
        )

    def _pivot_on_double(self, pointer: SpacePointer) -> None:
        if pointer.kind == "double" and self.side == "space":
            self.pivot_at(pointer.xy)  # moves nothing, so a tool may use the double click as well

    # What changed

    def _points_changed(self) -> None:
        self._stale, self._base = True, None
        self._drop_shadows()
        self._rest.stop()
        self.scene.moved_at = time.perf_counter()
        self.update()

    def _points_arrived(self) -> None:
        if not self._rest.isActive():
            self._rest.start(0)

    def _labels_changed(self, key: str, places: np.ndarray) -> None:
        if self._frame is None or self._stale:
            return
        self._frame.redraw(self.scene.clouds[key], places)
        self._base = None
        self.update()

    def _lines_changed(self, name: str) -> None:
        if name in KEPT_LINES:
            self._base = None
        self.update()

    def _words_changed(self) -> None:
        self._base = None
        self.update()

    def _mouse_moved(self, at: XY | None) -> None:
        self._mouse = at
        if self._crosshair:
            self.update()

    # Points

    def _sizes(self) -> dict[str, int]:
        return {cloud.key: len(cloud) for cloud in self.scene.visible_clouds()}

    def _shot(self) -> Shot:
        return Shot(self.view, self.scene.look, self.region, self.devicePixelRatioF())

    def _points(self) -> Frame:
        """The frame, drawn anew with as many points as there is time for where it has to be."""
        renderer = self.scene.renderer()
        if self._frame is None or renderer is not self._drawn_by:
            self._frame, self._drawn_by, self._stale = renderer.new_frame(), renderer, True
        if self._stale:
            started = time.perf_counter()
            sizes = self._sizes()
            counts = shared_out(sizes, self.budget.points)
            self._frame.start(self._shot(), self.scene.visible_clouds(), counts)
            self.budget.took(time.perf_counter() - started, sum(counts.values()))
            self._stale = False
            self._is_moving = True
            self._rest.start(self.rest_ms)
        return self._frame

    def _refine(self) -> None:
        """Draw on for a while; then let the window live, and come back."""
        if self._frame is None or self._stale or not self.isVisible():
            return
        wait_s = self.scene.moved_at + self.rest_ms / 1000 - time.perf_counter()
        if wait_s > 0:  # another view of the scene is under the hand: it must not wait for this one
            self._rest.start(math.ceil(wait_s * 1000))
            return
        self._is_moving = False
        counts = next_slice(self._sizes(), self._frame.drawn, self._slice)
        if counts is None:
            self._finish()
            return
        before = sum(self._frame.drawn.values())
        started = time.perf_counter()
        self._frame.extend(self.scene.visible_clouds(), counts)
        self._drop_shadows()
        now = time.perf_counter()
        done = sum(self._frame.drawn.values()) - before
        self._slice = round(min(max(done * SLICE_S / max(now - started, 1e-4), 20_000), 4_000_000))
        self._base = None
        if now - self._shown_at > SHOW_S:
            self._shown_at = now
            self.update()
        self._rest.start(0)

    def _finish(self) -> None:
        """Every point is drawn: paint once more with all care, in relief where that is wanted."""
        if self.scene.look.relief and self._shadows is None and self._frame is not None:
            depth, view, ratio = self._frame.depth(), self.view, self.devicePixelRatioF()
            self._beside.run(self._shape, lambda: shadow_picture(depth, view, ratio))
            return
        self._base = None
        self.update()
        self.refined.emit()

    def _shaded(self, shape: int, shadows: QImage) -> None:
        if shape == self._shape and not self._stale:
            self._shadows = shadows
            self._finish()

    def _drop_shadows(self) -> None:
        self._shadows = None
        self._shape += 1

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        if not paint_guarded(self, event.region(), self._paint):
            self.fault_marks += 1
            self._base = None
            self.painting_failed.emit()

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        if self._stale or self._frame is None or self._base is None:
            self._paint_base(painter)
        else:
            painter.drawPixmap(0, 0, self._base)
        for name in LINES:
            if name not in KEPT_LINES:
                paint_lines(painter, self.view, self.scene.lines[name], casing=name == "active")
        overlay_paint.paint_marks(painter, self.view, self.scene.marks, self._pulse)
        overlay_paint.paint_grips(painter, self.view, self.grips)
        overlay_paint.paint_outline(painter, self._outline)
        if self._crosshair and self._mouse is not None:
            overlay_paint.paint_cross(painter, self._mouse, self.view, dashed=True)
        if self._cursor is not None:
            x, y, _ = self.view.to_screen(np.array([self._cursor]))[0].tolist()
            if x == x:  # it is no number where the point is behind the eye
                overlay_paint.paint_cross(painter, (x, y), self.view, dashed=False)
        if self._words:
            painter.setFont(self.font())
            painter.setPen(self.palette().color(QPalette.ColorRole.BrightText))
            wrapped = int(Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap)
            painter.drawText(self.rect(), wrapped, self._words)

    def _paint_base(self, painter: QPainter) -> None:
        """Points and still lines: straight onto the window while they move, else kept as a picture."""
        was_stale = self._stale
        frame = self._points()
        if was_stale:
            self._paint_still(painter, frame, fine=False)
            return
        ratio = self.devicePixelRatioF()
        self._base = QPixmap(round(self.width() * ratio), round(self.height() * ratio))
        self._base.setDevicePixelRatio(ratio)
        with QPainter(self._base) as kept:
            self._paint_still(kept, frame, fine=not self._is_moving)
        painter.drawPixmap(0, 0, self._base)

    def _paint_still(self, painter: QPainter, frame: Frame, fine: bool) -> None:
        view = self.view
        overlay_paint.paint_background(painter, view, overlay_paint.is_dark(self.palette()))
        grid = overlay_paint.grid_segments(view, self.side, self.frame, self.scene.ground_z)
        paint_lines(painter, view, one_style(grid, GRID_STYLE), fine=fine)
        painter.drawImage(QRectF(0, 0, *view.window), frame.image())
        if self._shadows is not None:
            painter.drawImage(QRectF(0, 0, *view.window), self._shadows)
        overlay_paint.paint_faces(painter, view, self.scene.faces)
        for name in KEPT_LINES:
            paint_lines(painter, view, self.scene.lines[name], fine)
        caption = overlay_paint.caption_patch(painter, view, self._title)
        overlay_paint.paint_texts(painter, view, self.scene.texts, caption)
        overlay_paint.paint_axes(painter, view, matrix_of(self.frame.rotation))
        if view.flat:
            overlay_paint.paint_scale(painter, view)
        note = self.scene.renderer().note if self.side == "space" else ""
        overlay_paint.paint_corner(painter, view, self._title, note)

    # Qt

    def keyPressEvent(self, event: QKeyEvent) -> None:
        moved = _moved_by(self.view, key_name(event))
        if moved is not None:
            self.set_view(moved)
        elif event.key() == Qt.Key.Key_Home and not event.modifiers():
            self.fit()
        else:
            super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange):
            self._base = None
            self.update()
        super().changeEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.view = self.view.resized((float(self.width()), float(self.height())))
        self._points_changed()
        self.view_changed.emit(self.view)
        super().resizeEvent(event)


def shadow_picture(depth: NDArray[np.float32], view: SpaceView, ratio: float) -> QImage:
    """The relief as a picture to paint over the points."""
    made = shadows(depth, view, ratio)
    tall, wide = made.shape
    packed = QImage.Format.Format_ARGB32_Premultiplied
    return QImage(made.data, wide, tall, 4 * wide, packed).copy()  # the array goes away with this call


def _moved_by(view: SpaceView, key: str) -> SpaceView | None:
    """Where a key takes the camera; None for a key that takes it nowhere."""
    arrows = {"Left": (1.0, 0.0), "Right": (-1.0, 0.0), "Up": (0.0, 1.0), "Down": (0.0, -1.0)}
    middle = (view.window[0] / 2, view.window[1] / 2)
    plain = key.removeprefix("Shift+")
    if plain in arrows:
        x, y = arrows[plain]
        if view.flat or plain != key:
            return view.panned((x * KEY_PAN_PX, y * KEY_PAN_PX))
        return view.orbited((x * KEY_ORBIT_PX, y * KEY_ORBIT_PX))
    if key in ("+", "="):
        return view.zoomed(1.2, middle)
    return view.zoomed(1 / 1.2, middle) if key == "-" else None
