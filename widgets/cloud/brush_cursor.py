"""A mouse pointer that shows how far a brush reaches: a ring that is seen on dark and bright points."""

from __future__ import annotations

from functools import lru_cache

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QColor, QCursor, QPainter, QPen, QPixmap


@lru_cache(maxsize=64)
def brush_cursor(radius_px: int) -> QCursor:
    """A ring of a radius in logical pixels, with a dot in its middle."""
    side = 2 * radius_px + 5
    picture = QPixmap(side, side)
    picture.fill(Qt.GlobalColor.transparent)
    middle = QPointF(side / 2, side / 2)
    with QPainter(picture) as painter:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        for color, width in ((QColor(0, 0, 0, 170), 3.0), (QColor(255, 255, 255, 240), 1.2)):
            painter.setPen(QPen(color, width))
            painter.drawEllipse(middle, radius_px, radius_px)
            painter.drawEllipse(middle, 0.8, 0.8)
    return QCursor(picture, side // 2, side // 2)
