"""Small pictures of how a class looks: its colour, dash and letter."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QFont, QIcon, QPainter, QPixmap

from widgets.canvas.drawables import ShapeStyle
from widgets.canvas.shape_paint import color_of, letter_color, pen_of

SIDE = 18


@lru_cache(maxsize=512)
def swatch(style: ShapeStyle, ratio: float = 2.0) -> QIcon:
    """An icon of a style; sharp up to `ratio` device pixels a pixel."""
    pixmap = QPixmap(round(SIDE * ratio), round(SIDE * ratio))
    pixmap.setDevicePixelRatio(ratio)
    pixmap.fill(Qt.GlobalColor.transparent)
    color = color_of(style)
    with QPainter(pixmap) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(pen_of(style, 2.0))
        painter.drawRect(QRectF(1.5, 1.5, SIDE - 3, SIDE - 3))
        painter.fillRect(QRectF(4, 4, SIDE - 8, SIDE - 8), color)
        font = QFont()
        font.setPixelSize(10)
        font.setBold(True)
        painter.setFont(font)
        painter.setPen(letter_color(color))
        painter.drawText(QRectF(0, 0, SIDE, SIDE), Qt.AlignmentFlag.AlignCenter, style.letter[:1])
    icon = QIcon(pixmap)
    icon.addPixmap(pixmap, QIcon.Mode.Selected)  # or Qt tints it, and a class is told by its colour
    return icon
