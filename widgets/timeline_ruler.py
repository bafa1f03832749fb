"""The ruler of a timeline, and the frame and range that are marked through all rows."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QPainter, QPalette, QPolygonF

from widgets.canvas.shape_paint import letter_color
from widgets.time_scale import TimeScale


class Ruler(NamedTuple):
    """Where a ruler lies: frames begin at `left` and go on to the end of the window."""

    left: int
    height: int
    wide: int  # of the window
    tall: int
    font: QFont


def paint_ruler(painter: QPainter, ruler: Ruler, scale: TimeScale, palette: QPalette) -> None:
    """The numbers of frames, counted from 1, as many as there is room for."""
    high = ruler.height
    painter.setFont(ruler.font)
    painter.fillRect(0, 0, ruler.wide, high, palette.color(QPalette.ColorRole.Window))
    painter.setPen(palette.color(QPalette.ColorRole.Mid))
    painter.drawLine(0, high - 1, ruler.wide, high - 1)
    metrics = painter.fontMetrics()
    first, last = scale.shown()
    step = scale.label_step(metrics.horizontalAdvance(f"{scale.frames:,}") + 22)
    painter.save()
    painter.setClipRect(ruler.left, 0, ruler.wide - ruler.left, ruler.tall)
    for frame in sorted({0, *range(first // step * step + step - 1, last, step)}):
        x = round(ruler.left + scale.middle_of(frame))
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(x, high - 6, x, high - 2)
        painter.setPen(palette.color(QPalette.ColorRole.WindowText))
        words = f"{frame + 1:,}"
        half = metrics.horizontalAdvance(words) // 2 + 2
        middle = min(max(x, ruler.left + half), ruler.wide - half) if frame in (0, scale.frames - 1) else x
        painter.drawText(QRect(middle - 60, 1, 120, high - 6), Qt.AlignmentFlag.AlignCenter, words)
    painter.restore()


def paint_marks(
    painter: QPainter,
    ruler: Ruler,
    scale: TimeScale,
    palette: QPalette,
    frame: int,
    frames: tuple[int, int] | None,
) -> None:
    """The current frame, and a range of frames, the second not included."""
    accent = palette.color(QPalette.ColorRole.Accent)
    painter.setFont(ruler.font)
    painter.setClipRect(ruler.left, 0, ruler.wide - ruler.left, ruler.tall)
    if frames is not None:
        left, right = (ruler.left + scale.x_of(each) for each in frames)
        painter.fillRect(QRectF(left, 0, right - left, ruler.tall), _faint(accent, 34))
        painter.fillRect(QRectF(left, ruler.height - 4, right - left, 3), accent)
    left, right = ruler.left + scale.x_of(frame), ruler.left + scale.x_of(frame + 1)
    if right - left > 3:
        painter.fillRect(QRectF(left, ruler.height, right - left, ruler.tall), _faint(accent, 38))
    middle = (left + right) / 2
    painter.fillRect(QRectF(round(middle) - 0.5, ruler.height - 2, 1.5, ruler.tall), accent)
    _paint_flag(painter, ruler, middle, f"{frame + 1:,}", accent)


def _paint_flag(painter: QPainter, ruler: Ruler, middle: float, words: str, accent: QColor) -> None:
    """The number of the current frame, with a tip that points at it."""
    high, half = ruler.height, painter.fontMetrics().horizontalAdvance(words) / 2 + 6
    centre = min(max(middle, ruler.left + half), ruler.wide - half)
    patch = QRectF(centre - half, 1, 2 * half, high - 7)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(accent)
    painter.drawRoundedRect(patch, 3, 3)
    tip = [(middle - 5, high - 7), (middle + 5, high - 7), (middle, high - 1)]
    painter.drawPolygon(QPolygonF([QPointF(x, y) for x, y in tip]))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
    painter.setPen(letter_color(accent))
    painter.drawText(patch, Qt.AlignmentFlag.AlignCenter, words)


def _faint(color: QColor, alpha: int) -> QColor:
    shade = QColor(color)
    shade.setAlpha(alpha)
    return shade
