"""A text as a QR code (ISO/IEC 18004), for a telephone's camera."""

from __future__ import annotations

import segno
from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QRegion
from PySide6.QtWidgets import QSizePolicy, QWidget

from widgets.painted import paint_guarded

QUIET = 4  # modules of light margin that the standard asks for, on each side
MODULE = 5  # pixels a module at least wants: a camera at arm's length still tells them apart


class QrCode(QWidget):
    """Always dark on light: many readers refuse the inverse, so no theme changes it.

    Each module is a whole number of pixels; what is left over is light margin.
    """

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.rows: tuple[bytes, ...] = ()  # of modules, 1 is dark; the margin is not among them

    def show_text(self, text: str) -> None:
        """Draw another text; an empty one draws nothing. Raises ValueError above 2,331 bytes."""
        code = segno.make(text, error="m", micro=False) if text else None
        self.rows = tuple(bytes(row) for row in code.matrix) if code is not None else ()
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        side = (len(self.rows) + 2 * QUIET) * MODULE if self.rows else 0
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self, event.region(), self._paint)

    def _paint(self, painter: QPainter, _region: QRegion) -> None:
        if not self.rows:
            return
        painter.fillRect(self.rect(), Qt.GlobalColor.white)
        count = len(self.rows)
        module = max(1, min(self.width(), self.height()) // (count + 2 * QUIET))
        left, top = (self.width() - count * module) // 2, (self.height() - count * module) // 2
        for y, row in enumerate(self.rows):
            for x, is_dark in enumerate(row):
                if is_dark:
                    square = QRect(left + x * module, top + y * module, module, module)
                    painter.fillRect(square, Qt.GlobalColor.black)
