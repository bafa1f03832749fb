"""Rectangles and lines from numpy to QPainter, without a Python object for each.

A QRectF and a QLineF are four doubles side by side, which is a row of a float64 array. Wrapping the address
of the first row gives Qt the whole array: 10,000 rectangles in 13.5 ms instead of 33.7 by a list (the way of
pyqtgraph's `PrimitiveArray`, whose import would cost 0.4 s of the start). Where that layout does not hold,
lists are used.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PySide6.QtCore import QLineF, QRectF
from PySide6.QtGui import QPainter
from shiboken6 import Shiboken

from widgets.canvas.view import Floats

FEW = 16  # below this a list costs no more


def draw_rects(painter: QPainter, xyxy: Floats) -> None:
    """Outline (and fill, where the painter has a brush) each rectangle. xyxy: (N, 4), screen pixels."""
    rows = np.ascontiguousarray(np.hstack([xyxy[:, :2], xyxy[:, 2:] - xyxy[:, :2]]), np.float64)
    if len(rows) > FEW and rows_are_primitives():
        first: QRectF = Shiboken.wrapInstance(rows.ctypes.data, QRectF)  # type: ignore[assignment]
        painter.drawRects(first, len(rows))
    elif len(rows):
        painter.drawRects([QRectF(*row) for row in rows.tolist()])


def draw_lines(painter: QPainter, ends: Floats) -> None:
    """Draw each line. ends: (N, 4) x0, y0, x1, y1 or (N, 2, 2), screen pixels."""
    rows = np.ascontiguousarray(ends.reshape(-1, 4), np.float64)
    if len(rows) > FEW and rows_are_primitives():
        first: QLineF = Shiboken.wrapInstance(rows.ctypes.data, QLineF)  # type: ignore[assignment]
        painter.drawLines(first, len(rows))
    elif len(rows):
        painter.drawLines([QLineF(*row) for row in rows.tolist()])


@lru_cache(maxsize=1)
def rows_are_primitives() -> bool:
    """Whether Qt reads a row of doubles as what it is; asked once, with one row."""
    rows = np.array([[1.0, 2.0, 3.0, 4.0]])
    try:
        rect = Shiboken.wrapInstance(rows.ctypes.data, QRectF)
        line = Shiboken.wrapInstance(rows.ctypes.data, QLineF)
    except (AttributeError, TypeError):
        return False
    return bool(rect == QRectF(1, 2, 3, 4) and line == QLineF(1, 2, 3, 4))
