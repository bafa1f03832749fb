"""Painting that a fault cannot break: what failed is logged and marked, and the next paint works again.

A painter left open by an exception makes every later paint of the window fail, so painters are only ever
opened by `with`, here.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QColor, QPainter, QPen, QRegion
from PySide6.QtWidgets import QWidget

log = logging.getLogger(__name__)

FAULT = "This part could not be drawn. Your work is safe; the details are in the log."


def paint_guarded(widget: QWidget, region: QRegion, paint: Callable[[QPainter, QRegion], None]) -> bool:
    """Paint `widget` by `paint`; whether it went well. A fault is logged and drawn as a mark."""
    try:
        with QPainter(widget) as painter:
            paint(painter, region)
    except Exception:  # whatever it is, the window must go on being painted
        log.exception("painting %s failed", widget.accessibleName() or type(widget).__name__)
        with QPainter(widget) as painter:
            paint_fault(painter, widget.rect())
        return False
    return True


def paint_fault(painter: QPainter, rect: QRect) -> None:
    """A hatched frame and a sentence, in colours that no theme uses."""
    painter.setPen(QPen(QColor("#c62828"), 3))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(1, 1, -2, -2))
    painter.drawLine(rect.topLeft(), rect.bottomRight())
    painter.drawLine(rect.topRight(), rect.bottomLeft())
    words = rect.adjusted(12, 12, -12, -12)
    flags = int(Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop | Qt.TextFlag.TextWordWrap)
    needed = painter.fontMetrics().boundingRect(words, flags, FAULT).adjusted(-6, -4, 6, 4)
    painter.fillRect(needed, QColor("#fff3f3"))
    painter.setPen(QColor("#7f0000"))
    painter.drawText(words, flags, FAULT)
