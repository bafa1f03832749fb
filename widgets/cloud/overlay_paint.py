"""What is painted over and under the points: grid, faces, words, marks, grips, and what tells directions."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QLinearGradient, QPainter, QPalette, QPen, QPolygonF

from studio.domain.space import Pose, matrix_of
from widgets.canvas.shape_paint import letter_color, letter_font
from widgets.cloud.drawn import Face, Grip, SpaceMark, SpaceText
from widgets.cloud.space_view import PLANES, XY, Floats, Side, SpaceView

# points are bright on dark in either theme, as photographs are; a light one only has a lighter dark
BACKGROUNDS = {True: ("#20262f", "#0f1216"), False: ("#3d4653", "#262c35")}
AXIS_COLORS = ("#ff6b6b", "#69db7c", "#74a9ff")
GRID = QColor(255, 255, 255, 26)
PIN = "#f9a825"
MOST_TEXTS = 150
GRIP = 9.0
EDGE_PX = 2  # that words keep from the edges of a window and from its caption
STEPS = (1.0, 2.0, 5.0)
CORNER_TOP = 8.0


def paint_background(painter: QPainter, view: SpaceView, dark: bool) -> None:
    """A quiet gradient: lighter above, where a horizon would be."""
    top, bottom = BACKGROUNDS[dark]
    if view.flat:
        painter.fillRect(QRectF(0, 0, *view.window), QColor(bottom))
        return
    shade = QLinearGradient(0, 0, 0, view.window[1])
    shade.setColorAt(0, QColor(top))
    shade.setColorAt(1, QColor(bottom))
    painter.fillRect(QRectF(0, 0, *view.window), shade)


def nice_step(least: float) -> float:
    """The least of 1, 2, 5, 10, 20, … (and their fractions) that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(max(least, 1e-6)))
    return next((step * power for step in STEPS if step * power >= least * 0.999), 10 * power)


def grid_segments(view: SpaceView, side: Side, frame: Pose, ground_z: float | None) -> Floats:
    """(N, 2, 3) lines of metres: on the ground around the centre, or over the plane of a flat view."""
    if side != "space":
        return _plane_grid(view, side, frame)
    if ground_z is None:
        return np.empty((0, 2, 3))
    step = nice_step(max(view.distance / 8, 1.0))
    reach = 12 * step
    middle = np.round(np.array(view.centre[:2]) / step) * step
    along = np.arange(-12, 13) * step
    ends = np.array([-reach, reach])
    lines = []
    for axis in (0, 1):
        made = np.zeros((len(along), 2, 3))
        made[:, :, axis] = middle[axis] + ends
        made[:, :, 1 - axis] = (middle[1 - axis] + along)[:, None]
        made[:, :, 2] = ground_z
        lines.append(made)
    return np.concatenate(lines)


def _plane_grid(view: SpaceView, side: Side, frame: Pose) -> Floats:
    step = nice_step(70 * view.scale)
    axes = matrix_of(frame.rotation)
    origin = np.array(frame.translation)
    own = (np.array(view.centre) - origin) @ axes
    reach = math.hypot(*view.window) / 2 * view.scale
    lines = []
    for across, along in (PLANES[side], PLANES[side][::-1]):
        at = (
            np.arange(math.floor((own[across] - reach) / step), math.ceil((own[across] + reach) / step) + 1)
            * step
        )
        made = np.tile(own, (len(at), 2, 1))
        made[:, :, across] = at[:, None]
        made[:, :, along] = own[along] + np.array([-reach, reach])
        lines.append(made)
    return np.concatenate(lines) @ axes.T + origin


def paint_faces(painter: QPainter, view: SpaceView, faces: Iterable[Face]) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    for face in faces:
        at = view.to_screen(np.array(face.points))
        if np.isnan(at).any() or np.abs(at[:, :2]).max() > 1e5:
            continue
        color = QColor(face.color)
        color.setAlphaF(face.alpha)
        painter.setBrush(color)
        painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y, _ in at.tolist()]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_texts(
    painter: QPainter, view: SpaceView, texts: Sequence[SpaceText], caption: QRectF | None = None
) -> int:
    """Words at their places, the nearest first, none over another; returns how many.

    They are moved off the edges of the window, and from under the caption (pixels) to below it.
    """
    if not texts:
        return 0
    at = view.to_screen(np.array([text.xyz for text in texts]))
    with np.errstate(invalid="ignore"):
        seen = (
            (at[:, 0] > -40)
            & (at[:, 0] < view.window[0] + 40)
            & (at[:, 1] > 0)
            & (at[:, 1] < view.window[1] + 30)
        )
    order = np.flatnonzero(seen)[np.argsort(at[seen, 2])].tolist()
    painter.setFont(letter_font())
    metrics = painter.fontMetrics()
    high = metrics.height() + 2
    taken = np.empty((0, 4))
    for number in order:
        if len(taken) >= MOST_TEXTS:
            break
        wide = metrics.horizontalAdvance(texts[number].text) + 10
        left, top = round(at[number, 0] - wide / 2), round(at[number, 1] - high - 3)
        left = max(EDGE_PX, min(left, round(view.window[0]) - wide - EDGE_PX))
        top = max(EDGE_PX, min(top, round(view.window[1]) - high - EDGE_PX))
        if caption is not None and caption.intersects(QRectF(left, top, wide, high)):
            top = math.ceil(caption.bottom()) + EDGE_PX
        box = (left, top, left + wide, top + high)
        if len(taken) and _covers(taken, box):
            continue
        taken = np.vstack([taken, box])
        paint_chip(painter, QRectF(left, top, wide, high), texts[number].text, QColor(texts[number].color))
    return len(taken)


def _covers(taken: Floats, box: tuple[float, float, float, float]) -> bool:
    return bool(
        (
            (taken[:, 0] < box[2]) & (taken[:, 2] > box[0]) & (taken[:, 1] < box[3]) & (taken[:, 3] > box[1])
        ).any()
    )


def paint_chip(painter: QPainter, patch: QRectF, text: str, color: QColor) -> None:
    """A few words on a rounded patch of colour."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    fill = QColor(color)
    fill.setAlpha(225)
    painter.setBrush(fill)
    painter.drawRoundedRect(patch, 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(letter_color(color))
    painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, text)


def paint_marks(painter: QPainter, view: SpaceView, marks: Sequence[SpaceMark], pulse: float) -> None:
    """Pins and rings. pulse: how far a ring has pulsed, 0 to 1."""
    if not marks:
        return
    at = view.to_screen(np.array([mark.xyz for mark in marks]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for mark, (x, y, _) in zip(marks, at.tolist(), strict=True):
        if math.isnan(x) or abs(x) > 1e5 or abs(y) > 1e5:
            continue
        if mark.kind == "ring":
            radius = (
                mark.radius_m / view.pixel_m(mark.xyz) + 6 + 20 * (0.5 - 0.5 * math.cos(2 * math.pi * pulse))
            )
            painter.setBrush(Qt.BrushStyle.NoBrush)
            for color, width in ((QColor(0, 0, 0, 170), 5.0), (QColor(PIN), 3.0)):
                painter.setPen(QPen(color, width))
                painter.drawEllipse(QPointF(x, y), radius, radius)
        else:
            painter.setPen(QPen(QColor("black"), 1.0))
            painter.setBrush(QColor(PIN))
            painter.drawEllipse(QPointF(x, y), 6.0, 6.0)
        if mark.text:
            painter.setFont(letter_font())
            metrics = painter.fontMetrics()
            wide, high = metrics.horizontalAdvance(mark.text) + 10, metrics.height() + 2
            paint_chip(
                painter, QRectF(round(x + 10), round(y - 10 - high), wide, high), mark.text, QColor(PIN)
            )
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_grips(painter: QPainter, view: SpaceView, grips: Sequence[Grip]) -> None:
    """Handles, as large at every zoom; one under the pointer is filled."""
    if not grips:
        return
    at = view.to_screen(np.array([grip.xyz for grip in grips]))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for grip, (x, y, _) in zip(grips, at.tolist(), strict=True):
        if math.isnan(x) or abs(x) > 1e5 or abs(y) > 1e5:
            continue
        half = GRIP / 2 + (1.5 if grip.hot else 0)
        painter.setPen(QPen(QColor(0, 0, 0, 210), 1.2))
        painter.setBrush(QColor(PIN if grip.hot else "white"))
        if grip.kind == "disc":
            painter.drawEllipse(QPointF(x, y), half, half)
        else:
            painter.drawRect(QRectF(round(x - half) + 0.5, round(y - half) + 0.5, 2 * half - 1, 2 * half - 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_outline(painter: QPainter, corners: Sequence[XY]) -> None:
    """What a hand has drawn over the window so far, and dashed how it would be closed."""
    if len(corners) < 2:
        return
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    line = QPolygonF([QPointF(x, y) for x, y in corners])
    for color, width in ((QColor(0, 0, 0, 170), 3.5), (QColor(PIN), 1.6)):
        painter.setPen(QPen(color, width))
        painter.drawPolyline(line)
        painter.setPen(QPen(color, width / 2, Qt.PenStyle.DashLine))
        painter.drawLine(line[line.size() - 1], line[0])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_axes(painter: QPainter, view: SpaceView, axes: Floats) -> None:
    """Which way x, y and z go, in the lower left corner. axes: (3, 3), columns."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setFont(letter_font())
    high = painter.fontMetrics().height()
    reach = 1.6 * high
    middle = QPointF(reach + high, view.window[1] - reach - high)
    seen = view.axes() @ axes
    for number in np.argsort(seen[2]).tolist():
        right, up, back = seen[:, number].tolist()
        if math.hypot(right, up) < 0.15:
            continue
        color = QColor(AXIS_COLORS[number])
        color.setAlpha(255 if back > -0.3 else 150)
        end = middle + QPointF(right, -up) * reach
        painter.setPen(QPen(color, 2.0))
        painter.drawLine(QLineF(middle, end))
        label = middle + QPointF(right, -up) * (reach + high * 0.6)
        patch = QRectF(label.x() - high, label.y() - high / 2, 2 * high, high)
        painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, "xyz"[number])
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_scale(painter: QPainter, view: SpaceView) -> None:
    """A bar of round metres in the lower right corner of a flat view."""
    painter.setFont(letter_font())
    high = painter.fontMetrics().height()
    step = nice_step(60 * view.scale)
    long = step / view.scale
    right, bottom = view.window[0] - 12, view.window[1] - 12
    painter.setPen(QPen(QColor(255, 255, 255, 210), 2))
    left = right - long
    painter.drawLine(QLineF(left, bottom, right, bottom))
    for x in (left, right):
        painter.drawLine(QLineF(x, bottom - 5, x, bottom))
    words = f"{step:g} m" if step >= 1 else f"{step * 100:g} cm"
    room = QRectF(left - 100, bottom - high - 6, long + 200, high)
    painter.drawText(room, Qt.AlignmentFlag.AlignCenter, words)


def _corner_patch(painter: QPainter, view: SpaceView, text: str, top: float) -> tuple[QRectF, str]:
    """A line of the upper left corner: where, and as much of it as fits."""
    metrics = painter.fontMetrics()
    words = metrics.elidedText(text, Qt.TextElideMode.ElideRight, round(view.window[0]) - 28)
    return QRectF(8, top, metrics.horizontalAdvance(words) + 12, metrics.height() + 4), words


def caption_patch(painter: QPainter, view: SpaceView, title: str) -> QRectF | None:
    """Where `paint_corner` will put the title."""
    painter.setFont(letter_font())
    return _corner_patch(painter, view, title, CORNER_TOP)[0] if title else None


def paint_corner(painter: QPainter, view: SpaceView, title: str, note: str) -> None:
    """What a view shows, in the upper left corner, and below it what a person should know."""
    painter.setFont(letter_font())
    top = CORNER_TOP
    for text, color in ((title, QColor(0, 0, 0, 110)), (note, QColor(140, 90, 0, 190))):
        if not text:
            continue
        patch, words = _corner_patch(painter, view, text, top)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.fillRect(patch, color)
        painter.setPen(QColor("white"))
        painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, words)
        top += patch.height() + 4


def paint_cross(painter: QPainter, at: XY, view: SpaceView, dashed: bool) -> None:
    """Lines through a place to the edges of the window."""
    x, y = round(at[0]) + 0.5, round(at[1]) + 0.5
    style = Qt.PenStyle.DashLine if dashed else Qt.PenStyle.SolidLine
    for color, line in ((QColor(0, 0, 0, 160), Qt.PenStyle.SolidLine), (QColor(255, 255, 255, 150), style)):
        painter.setPen(QPen(color, 1.0, line))
        painter.drawLine(QLineF(x, 0, x, view.window[1]))
        painter.drawLine(QLineF(0, y, view.window[0], y))


def is_dark(palette: QPalette) -> bool:
    """Whether the theme around the view is a dark one."""
    return palette.color(QPalette.ColorRole.Window).lightness() < 128
