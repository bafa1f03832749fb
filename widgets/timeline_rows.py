"""Rows of a timeline: what one says, and how it is painted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray
from PySide6.QtCore import QLineF, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPen, QPolygonF

from widgets.canvas.primitives import draw_rects
from widgets.canvas.shape_paint import letter_color
from widgets.time_scale import TimeScale

HAND, AUTO, MODEL = 0, 1, 2
MARKED_FROM = 7.0  # pixels of a frame from which key frames have their own marks
PAD = 6
INDENT = 14


class TimeBar(Struct, frozen=True):
    """A run of frames, `stop` not included."""

    start: int
    stop: int
    look: Literal["seen", "between", "member"] = "seen"  # in every frame; computed; a member's interval
    text: str = ""
    color: str = ""  # empty: the row's
    movable: bool = False  # its ends can be dragged


@dataclass(frozen=True, eq=False)
class TimelineRow:
    """A track or a group's lane. `keys` are its key frames, ascending; `made` says of each how it came."""

    key: str
    title: str
    color: str = "#2f7ed8"
    keys: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))  # (N,)
    made: NDArray[np.uint8] = field(default_factory=lambda: np.empty(0, np.uint8))  # (N,) HAND, AUTO, MODEL
    bars: tuple[TimeBar, ...] = ()
    depth: int = 0
    fold: Literal["", "open", "closed"] = ""  # whether it has rows below it, and shows them
    is_lane: bool = False  # a group's, set apart from tracks
    note: str = ""  # a few letters at the right end of the title: a count


def paint_title(
    painter: QPainter, rect: QRect, row: TimelineRow | None, palette: QPalette, chosen: bool
) -> None:
    """The left column of a row: fold, colour, words. None: the row has not come yet."""
    paint_ground(painter, rect, palette, chosen, row is not None and row.is_lane)
    if row is None:
        painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        painter.drawText(rect.adjusted(PAD, 0, -PAD, 0), Qt.AlignmentFlag.AlignVCenter, "…")
        return
    left = rect.left() + PAD + row.depth * INDENT
    words = palette.color(QPalette.ColorRole.HighlightedText if chosen else QPalette.ColorRole.WindowText)
    middle = rect.center().y() + 0.5
    if row.fold:
        _paint_fold(painter, QPointF(left + 4, middle), row.fold == "open", words)
    left += INDENT
    side = rect.height() * 0.42
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(QPen(QColor(0, 0, 0, 60), 1))
    painter.setBrush(QColor(row.color))
    swatch = QRectF(left, middle - side / 2, side, side)
    painter.drawRoundedRect(swatch, side / 2 if row.is_lane else 2, side / 2 if row.is_lane else 2)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    metrics = painter.fontMetrics()
    room = metrics.horizontalAdvance(row.note) + PAD if row.note else 0
    text = QRect(round(left + side + PAD), rect.top(), 0, rect.height())
    text.setRight(rect.right() - PAD - room)
    painter.setPen(words)
    shown = metrics.elidedText(row.title, Qt.TextElideMode.ElideRight, text.width())
    painter.drawText(text, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)
    if row.note:
        if not chosen:
            painter.setPen(palette.color(QPalette.ColorRole.PlaceholderText))
        note = rect.adjusted(0, 0, -PAD, 0)
        painter.drawText(note, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignRight, row.note)


def paint_ground(painter: QPainter, rect: QRect, palette: QPalette, chosen: bool, is_lane: bool) -> None:
    """What a row stands on."""
    role = QPalette.ColorRole.Highlight if chosen else QPalette.ColorRole.Base
    if is_lane and not chosen:
        role = QPalette.ColorRole.AlternateBase
    painter.fillRect(rect, palette.color(role))
    painter.setPen(palette.color(QPalette.ColorRole.Midlight))
    painter.drawLine(rect.bottomLeft(), rect.bottomRight())


def _paint_fold(painter: QPainter, middle: QPointF, is_open: bool, color: QColor) -> None:
    x, y = middle.x(), middle.y()
    corners = [(-4, -2), (4, -2), (0, 3)] if is_open else [(-2, -4), (-2, 4), (3, 0)]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(color)
    painter.drawPolygon(QPolygonF([QPointF(x + dx, y + dy) for dx, dy in corners]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_frames(
    painter: QPainter, rect: QRect, row: TimelineRow, scale: TimeScale, palette: QPalette, chosen: bool
) -> None:
    """Bars and key frames of a row; `rect` begins where the first pixel of the scale lies."""
    shade = QColor(palette.color(QPalette.ColorRole.Highlight))
    shade.setAlpha(46)
    paint_ground(painter, rect, palette, False, row.is_lane)
    if chosen:
        painter.fillRect(rect.adjusted(0, 0, 0, -1), shade)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    for bar in row.bars:
        _paint_bar(painter, rect, bar, row, scale)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    _paint_keys(painter, rect, row, scale, palette)


def bar_rect(rect: QRect, bar: TimeBar, scale: TimeScale) -> QRectF:
    """Where a bar lies, cut to the window."""
    left = max(scale.x_of(bar.start), -20.0) + rect.left()
    right = min(scale.x_of(bar.stop), scale.width + 20.0) + rect.left()
    high = {"seen": 0.46, "between": 0.16, "member": 0.72}[bar.look] * rect.height()
    return QRectF(left, rect.center().y() + 0.5 - high / 2, max(right - left, 1.0), high)


def _paint_bar(painter: QPainter, rect: QRect, bar: TimeBar, row: TimelineRow, scale: TimeScale) -> None:
    place = bar_rect(rect, bar, scale)
    if place.right() < rect.left() or place.left() > rect.right():
        return
    color = QColor(bar.color or row.color)
    if bar.look == "between":
        pen = QPen(color, 2.0)
        pen.setDashPattern([3.0, 2.0])
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        middle = place.center().y()
        painter.drawLine(QLineF(place.left(), middle, place.right(), middle))
        return
    fill = QColor(color)
    fill.setAlpha(130 if bar.look == "seen" else 175)
    painter.setPen(QPen(color, 1.0) if bar.look == "member" else Qt.PenStyle.NoPen)
    painter.setBrush(fill)
    painter.drawRoundedRect(place.adjusted(0.5, 0, -0.5, 0), 3, 3)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if bar.text and place.width() > 16:
        painter.setPen(letter_color(color))
        inner = place.adjusted(5, -4, -3, 4)
        inner.setLeft(max(inner.left(), rect.left() + 5.0))
        shown = painter.fontMetrics().elidedText(bar.text, Qt.TextElideMode.ElideRight, int(inner.width()))
        painter.drawText(inner, Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft, shown)


def _paint_keys(
    painter: QPainter, rect: QRect, row: TimelineRow, scale: TimeScale, palette: QPalette
) -> None:
    low, high = (np.searchsorted(row.keys, edge) for edge in scale.shown())
    keys, made = row.keys[low:high], row.made[low:high]
    if not len(keys):
        return
    ink = palette.color(QPalette.ColorRole.WindowText)
    if scale.per_frame < MARKED_FROM:
        _paint_strokes(painter, rect, keys, made, scale, QColor(row.color), ink)
        return
    side = min(rect.height() * 0.5, scale.per_frame + 2)
    paper = palette.color(QPalette.ColorRole.Base)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    middle = rect.center().y() + 0.5
    for frame, how in zip(keys.tolist(), made.tolist(), strict=True):
        at = QPointF(rect.left() + scale.middle_of(frame), middle)
        paint_key_mark(painter, at, side, how, QColor(row.color), ink, paper)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def paint_key_mark(
    painter: QPainter, at: QPointF, side: float, how: int, color: QColor, ink: QColor, paper: QColor
) -> None:
    """A filled diamond: by hand; a hollow circle: by the machine, unseen; a hollow square: by a model."""
    half = side / 2
    painter.setPen(QPen(ink if how == HAND else color, 1.4))
    painter.setBrush(color if how == HAND else paper)
    if how == HAND:
        corners = [(0.0, -half), (half, 0.0), (0.0, half), (-half, 0.0)]
        painter.drawPolygon(QPolygonF([at + QPointF(dx, dy) for dx, dy in corners]))
    elif how == AUTO:
        painter.drawEllipse(at, half * 0.75, half * 0.75)
    else:
        reach = half * 0.72
        painter.drawRect(QRectF(at.x() - reach, at.y() - reach, 2 * reach, 2 * reach))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def _paint_strokes(
    painter: QPainter,
    rect: QRect,
    keys: NDArray[np.int32],
    made: NDArray[np.uint8],
    scale: TimeScale,
    color: QColor,
    ink: QColor,
) -> None:
    """Key frames too close for marks: a stroke each, at most one a pixel, taller where a hand made it."""
    x = np.floor((keys + 0.5 - scale.first) * scale.per_frame).astype(np.intp)
    painter.setPen(Qt.PenStyle.NoPen)
    for by_hand, tall, shade in ((False, 0.4, color), (True, 0.62, ink)):
        at = np.unique(x[(made == HAND) == by_hand]).astype(np.float64)
        if len(at):
            half = rect.height() * tall / 2
            top = np.full(len(at), rect.center().y() + 0.5 - half)
            left = rect.left() + at
            painter.setBrush(shade)
            draw_rects(painter, np.column_stack([left, top, left + 1, top + 2 * half]))
    painter.setBrush(Qt.BrushStyle.NoBrush)


def lane_font(font: QFont) -> QFont:
    """For groups' titles."""
    bold = QFont(font)
    bold.setBold(True)
    return bold
