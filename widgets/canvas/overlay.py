"""What is drawn live over the layers: hovered, selected and unfinished shapes, marks, cross lines."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from msgspec import Struct
from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPen

from widgets.canvas.drawables import Drawables, Mark
from widgets.canvas.shape_paint import (
    color_of,
    letter_font,
    paint_active,
    paint_grips,
    paint_label,
    pen_of,
    shape_path,
)
from widgets.canvas.view import XY, Rect, View

RING = 26.0  # screen pixels that a pulsing ring reaches around its box
PIN = "#f9a825"


class Overlay(Struct, frozen=True, eq=False):
    """Everything that is painted over the layers at each paint; small."""

    active: Drawables = Drawables()
    grips: bool = True
    preview: Drawables = Drawables()
    hover: Drawables = Drawables()
    marks: tuple[Mark, ...] = ()
    pulse: float = 0.0
    crosshair: bool = False
    mouse: XY | None = None  # screen pixels
    cursor: XY | None = None  # picture pixels

    def parts_unlike(self, other: Overlay) -> Iterator[Rect]:
        """The rectangles of the picture in which this overlay has something that `other` has not."""
        for mine, theirs in (
            (self.active, other.active),
            (self.preview, other.preview),
            (self.hover, other.hover),
        ):
            if mine is not theirs and len(mine):
                yield _bounds(mine)
        if self.grips != other.grips and len(self.active):
            yield _bounds(self.active)

    def lines_unlike(self, other: Overlay, view: View) -> Iterator[Rect]:
        """The rectangles of the screen for lines and marks, which are not as large as the picture says."""
        if (self.mouse, self.crosshair) != (other.mouse, other.crosshair) and self.crosshair and self.mouse:
            yield from _cross(self.mouse, view)
        if self.cursor != other.cursor and self.cursor:
            yield from _cross(view.to_screen(self.cursor), view)
        if self.marks != other.marks or self.pulse != other.pulse:
            for mark in self.marks:
                left, top, right, bottom = view.rect_to_screen(mark.xyxy)
                reach = RING + 4 if mark.kind == "ring" else 16.0
                yield left - reach, top - reach - 8, max(right, left + 200) + reach, bottom + reach


def _bounds(shapes: Drawables) -> Rect:
    low, high = shapes.bounds[:, :2].min(axis=0), shapes.bounds[:, 2:].max(axis=0)
    return float(low[0]), float(low[1]), float(high[0]), float(high[1])


def _cross(at: XY, view: View) -> Iterator[Rect]:
    yield at[0] - 2, 0.0, at[0] + 3, view.window[1]
    yield 0.0, at[1] - 2, view.window[0], at[1] + 3


def paint_overlay(painter: QPainter, view: View, overlay: Overlay) -> None:
    """Paint all of it."""
    for index in range(len(overlay.hover)):
        _paint_hover(painter, view, overlay.hover, index)
    paint_active(painter, view, overlay.active, overlay.grips)
    for index in range(len(overlay.preview)):
        _paint_preview(painter, view, overlay.preview, index)
    for mark in overlay.marks:
        _paint_mark(painter, view, mark, overlay.pulse)
    if overlay.crosshair and overlay.mouse is not None:
        _paint_cross(painter, overlay.mouse, view, Qt.PenStyle.DashLine)
    if overlay.cursor is not None:
        _paint_cross(painter, view.to_screen(overlay.cursor), view, Qt.PenStyle.SolidLine)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)


def _paint_hover(painter: QPainter, view: View, shapes: Drawables, index: int) -> None:
    style = shapes.styles[shapes.style_of[index]]
    fill = QColor(color_of(style))
    fill.setAlpha(48)
    path = shape_path(view, shapes, index)
    painter.fillPath(path, fill)
    painter.strokePath(path, pen_of(style, 3.0))


def _paint_preview(painter: QPainter, view: View, shapes: Drawables, index: int) -> None:
    style = shapes.styles[shapes.style_of[index]]
    path = shape_path(view, shapes, index)
    painter.strokePath(path, QPen(QColor(0, 0, 0, 140), 4.0))
    painter.strokePath(path, pen_of(style, 2.0))
    if outline := shapes.outlines.get(index):
        paint_grips(painter, [view.to_screen(point) for point in outline.points])
    else:
        left, top, right, bottom = shapes.bounds[index].tolist()
        at = view.to_screen((right, bottom))
        painter.setFont(letter_font())
        paint_label(
            painter, at[0] + 6, at[1] + 4, f"{right - left:.0f} × {bottom - top:.0f}", QColor("black")
        )


def _paint_mark(painter: QPainter, view: View, mark: Mark, pulse: float) -> None:
    left, top, right, bottom = view.rect_to_screen(mark.xyxy)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    if mark.kind == "ring":
        grown = 6.0 + (RING - 6.0) * (0.5 - 0.5 * float(np.cos(2 * np.pi * pulse)))
        frame = QRectF(left, top, right - left, bottom - top).adjusted(-grown, -grown, grown, grown)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for color, width in ((QColor(0, 0, 0, 170), 5.0), (QColor(PIN), 3.0)):
            painter.setPen(QPen(color, width))
            painter.drawRoundedRect(frame, 8, 8)
    else:
        painter.setPen(QPen(QColor("black"), 1.0))
        painter.setBrush(QColor(PIN))
        painter.drawEllipse(QPointF(left, top), 7.0, 7.0)
    if mark.text:
        painter.setFont(letter_font())
        paint_label(painter, left + 10, top - 20, mark.text, QColor(PIN))


def _paint_cross(painter: QPainter, at: XY, view: View, style: Qt.PenStyle) -> None:
    x, y = round(at[0]) + 0.5, round(at[1]) + 0.5
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    # A dark line under a light one is seen on any picture.
    for color, line in ((QColor(0, 0, 0, 160), Qt.PenStyle.SolidLine), (QColor("white"), style)):
        pen = QPen(color, 1.0, line)
        painter.setPen(pen)
        painter.drawLine(QLineF(x, 0, x, view.window[1]))
        painter.drawLine(QLineF(0, y, view.window[0], y))
