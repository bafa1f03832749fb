"""How shapes look: outlines by class, letters, the selected ones with grips. Painting looks nothing up."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import (
    QColor,
    QFont,
    QFontInfo,
    QGuiApplication,
    QPainter,
    QPainterPath,
    QPen,
    QPolygonF,
)

from widgets.canvas.drawables import Drawables, Outline, ShapeStyle
from widgets.canvas.primitives import draw_rects
from widgets.canvas.view import Floats, Rect, View

LINE = 2.0  # screen pixels
DOT = 3.0  # below this a shape is a dot
DETAIL = 1500  # more shapes than this in sight get neither dashes nor letters: they would be a blur
LETTER_ROOM = 16.0  # a box gets its letter from this side on
LABEL_REACH = 96.0  # a label may stand out of its shape by so much
GRIP = 8.0

PENS = {
    "solid": Qt.PenStyle.SolidLine,
    "dash": Qt.PenStyle.DashLine,
    "dot": Qt.PenStyle.DotLine,
    "dash_dot": Qt.PenStyle.DashDotLine,
    "long_dash": Qt.PenStyle.CustomDashLine,
}


def pen_of(style: ShapeStyle, width: float = LINE) -> QPen:
    """A cosmetic pen (the same width at every zoom) in the colour and dash of a style."""
    pen = QPen(color_of(style))
    pen.setWidthF(width)
    pen.setCosmetic(True)
    pen.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
    if style.dash == "long_dash":
        pen.setDashPattern([8.0, 4.0])
    elif style.look == "prediction":
        pen.setDashPattern([3.0, 2.0])
    else:
        pen.setStyle(PENS.get(style.dash, Qt.PenStyle.SolidLine))
    return pen


def color_of(style: ShapeStyle) -> QColor:
    color = QColor(style.color)
    if style.look == "muted":
        color.setAlpha(110)
    return color


def letter_color(background: QColor) -> QColor:
    """Black or white, whichever is read more easily on `background`."""
    bright = 0.299 * background.redF() + 0.587 * background.greenF() + 0.114 * background.blueF()
    return QColor("black") if bright > 0.55 else QColor("white")


def has_detail(view: View, shapes: Drawables) -> bool:
    """Whether so few shapes are in the window that dashes and letters can be read."""
    return len(shapes) <= DETAIL or len(shapes.within(view.shown())) <= DETAIL


def paint_shapes(
    painter: QPainter, view: View, shapes: Drawables, clip: Rect, detailed: bool = True, letters: bool = True
) -> int:
    """Paint the shapes that touch `clip` (screen pixels); returns how many.

    What it paints for a shape does not depend on `clip`, so a part painted again is the same to the pixel.
    """
    left, top = view.to_picture((clip[0] - LABEL_REACH, clip[1] - LABEL_REACH))
    right, bottom = view.to_picture((clip[2] + LABEL_REACH, clip[3] + LABEL_REACH))
    found = shapes.within((left, top, right, bottom))
    if not len(found):
        return 0
    boxes = np.round(view.boxes_to_screen(shapes.bounds[found]))
    small = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) < DOT
    lined = np.zeros(len(found), bool)
    if shapes.outlines:
        lined[:] = [int(i) in shapes.outlines for i in found]
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    for number in np.unique(shapes.style_of[found]).tolist():
        style = shapes.styles[number]
        mine = shapes.style_of[found] == number
        _fill(painter, style, _dots(boxes[mine & small]))
        _paint_boxes(painter, style, boxes[mine & ~small & ~lined], detailed)
    for at in np.flatnonzero(lined & ~small).tolist():
        index = int(found[at])
        paint_outline(painter, view, shapes.outlines[index], shapes.styles[shapes.style_of[index]])
    if detailed and letters:
        _paint_letters(painter, shapes, found, boxes, small)
    return len(found)


def _dots(boxes: Floats) -> Floats:
    middle = np.round((boxes[:, :2] + boxes[:, 2:]) / 2)
    return np.hstack([middle - 1, middle + 1])


def _fill(painter: QPainter, style: ShapeStyle, rects: Floats) -> None:
    if len(rects):
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color_of(style))
        draw_rects(painter, rects)


def _paint_boxes(painter: QPainter, style: ShapeStyle, boxes: Floats, detailed: bool) -> None:
    if not len(boxes):
        return
    if detailed and style.dash == "solid" and style.look != "prediction":
        _fill(painter, style, bars(boxes))  # half the cost of a stroked pen of this width
        return
    pen = pen_of(style)
    if not detailed:
        pen.setStyle(Qt.PenStyle.SolidLine)
        pen.setWidth(1)  # the one width that Qt draws fast
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    draw_rects(painter, boxes)


def bars(boxes: Floats, width: float = LINE) -> Floats:
    """(N, 4) boxes -> (4N, 4) filled rectangles that make their outlines, centred on the edge."""
    half = width / 2
    x0, y0, x1, y1 = boxes.T
    return np.vstack(
        [
            np.column_stack([x0 - half, y0 - half, x1 + half, y0 + half]),
            np.column_stack([x0 - half, y1 - half, x1 + half, y1 + half]),
            np.column_stack([x0 - half, y0 + half, x0 + half, y1 - half]),
            np.column_stack([x1 - half, y0 + half, x1 + half, y1 - half]),
        ]
    )


def polygon_on_screen(view: View, points: Iterable[tuple[float, float]]) -> QPolygonF:
    return QPolygonF([QPointF(*view.to_screen(point)) for point in points])


def paint_outline(
    painter: QPainter, view: View, outline: Outline, style: ShapeStyle, width: float = LINE
) -> None:
    """A polygon with its holes, or a line, as it stands."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(pen_of(style, width))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    if outline.closed:
        for ring in (outline.points, *outline.holes):
            painter.drawPolygon(polygon_on_screen(view, ring))
    else:
        painter.drawPolyline(polygon_on_screen(view, outline.points))
    painter.restore()


def _paint_letters(
    painter: QPainter, shapes: Drawables, found: np.ndarray, boxes: Floats, small: np.ndarray
) -> None:
    painter.setFont(letter_font())
    sides = np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1])
    for at in np.flatnonzero(~small & (sides >= LETTER_ROOM)).tolist():
        index = int(found[at])
        style = shapes.styles[shapes.style_of[index]]
        text = " ".join(part for part in (style.letter, shapes.texts.get(index, "")) if part)
        if text:
            paint_label(painter, float(boxes[at, 0]), float(boxes[at, 1]), text, color_of(style))


def letter_font() -> QFont:
    """A little smaller than the person's own text."""
    font = QGuiApplication.font()
    font.setPixelSize(max(round(QFontInfo(font).pixelSize() * 0.85), 8))
    font.setBold(True)
    return font


def paint_label(painter: QPainter, left: float, top: float, text: str, color: QColor) -> None:
    """A few letters on a patch of colour, inside the corner at (left, top)."""
    metrics = painter.fontMetrics()
    patch = QRectF(left, top, float(metrics.horizontalAdvance(text) + 6), float(metrics.height()))
    painter.fillRect(patch, color)
    painter.setPen(letter_color(color))
    painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, text)


def paint_active(painter: QPainter, view: View, shapes: Drawables, grips: bool) -> None:
    """The selected shapes, drawn live: a dark casing, a light fill and, with `grips`, handles."""
    for index in range(len(shapes)):
        style = shapes.styles[shapes.style_of[index]]
        color = color_of(style)
        path = shape_path(view, shapes, index)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, index in shapes.outlines)
        fill = QColor(color)
        fill.setAlpha(38)
        painter.fillPath(path, fill)
        casing = QPen(QColor(0, 0, 0, 170), 5.0)
        casing.setJoinStyle(Qt.PenJoinStyle.MiterJoin)
        painter.strokePath(path, casing)
        painter.strokePath(path, pen_of(style, 3.0))
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    if grips:
        for index in range(len(shapes)):
            paint_grips(painter, grip_points(view, shapes, index))


def shape_path(view: View, shapes: Drawables, index: int) -> QPainterPath:
    """The outline of one shape on the screen."""
    path = QPainterPath()
    if outline := shapes.outlines.get(index):
        for ring in (outline.points, *outline.holes):
            path.addPolygon(polygon_on_screen(view, ring))
            if outline.closed:
                path.closeSubpath()
        return path
    left, top, right, bottom = np.round(view.boxes_to_screen(shapes.bounds[index : index + 1]))[0].tolist()
    path.addRect(QRectF(left, top, right - left, bottom - top))
    return path


def grip_points(view: View, shapes: Drawables, index: int) -> list[tuple[float, float]]:
    """Where the grips of a shape are on the screen: vertices of an outline, 8 places of a box."""
    if outline := shapes.outlines.get(index):
        return [view.to_screen(point) for ring in (outline.points, *outline.holes) for point in ring]
    left, top, right, bottom = view.boxes_to_screen(shapes.bounds[index : index + 1])[0].tolist()
    return box_grips((left, top, right, bottom))


def box_grips(xyxy: Rect) -> list[tuple[float, float]]:
    """Corners and middles of edges, clockwise from the top left."""
    left, top, right, bottom = xyxy
    x, y = (left + right) / 2, (top + bottom) / 2
    return [
        (left, top),
        (x, top),
        (right, top),
        (right, y),
        (right, bottom),
        (x, bottom),
        (left, bottom),
        (left, y),
    ]


def paint_grips(painter: QPainter, points: Iterable[tuple[float, float]]) -> None:
    """Small white squares, as large at every zoom."""
    painter.setPen(QPen(QColor(0, 0, 0, 200), 1.0))
    painter.setBrush(QColor("white"))
    half = GRIP / 2
    for x, y in points:
        painter.drawRect(QRectF(round(x - half), round(y - half), GRIP, GRIP))
