"""The gate's finding drawn: the difference with its 95 % interval, against zero."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRect, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPalette, QPen, QRegion
from PySide6.QtWidgets import QSizePolicy, QWidget

from studio.domain.wire.releases import GateResult
from widgets.painted import paint_guarded

GOOD, BAD, OPEN = "#2e9d4a", "#c62828", "#b26a00"


class GateBar(QWidget):
    """An interval on an axis; green right of zero, red left of it, amber over it."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName("Difference to the model in service")
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self._gate: GateResult | None = None

    def show_gate(self, gate: GateResult | None) -> None:
        """Draw this finding; None: nothing yet."""
        self._gate = gate
        self.setAccessibleDescription(gate.sentence if gate else "not evaluated yet")
        self.setToolTip(gate.sentence if gate else "")
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(360, 3 * self.fontMetrics().height() + 18)

    def minimumSizeHint(self) -> QSize:
        return QSize(200, self.sizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self, event.region(), self._paint)

    def _paint(self, painter: QPainter, _region: QRegion) -> None:
        gate = self._gate
        if gate is None:
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        low, high, middle = gate.low, gate.high, gate.difference
        zero = 0.0 if gate.baseline is not None else None
        values = [low, high, middle] + ([zero] if zero is not None else [])
        room = max(max(values) - min(values), 1e-3) * 0.25
        first, last = min(values) - room, max(values) + room
        line = self.fontMetrics().height()
        y = line + 12

        def x(value: float) -> float:
            return 8 + (value - first) / (last - first) * (self.width() - 16)

        text = self.palette().color(QPalette.ColorRole.WindowText)
        painter.setPen(QPen(text, 1))
        painter.drawLine(QPointF(8, y), QPointF(self.width() - 8, y))
        if zero is not None:
            painter.setPen(QPen(text, 1, Qt.PenStyle.DashLine))
            painter.drawLine(QPointF(x(zero), line), QPointF(x(zero), y + 12))
            self._word(painter, x(zero), 0, "in service")
        if zero is None:
            color = GOOD if gate.passes else BAD
        else:
            color = OPEN if low <= zero <= high else GOOD if low > zero else BAD
        painter.setPen(QPen(QColor(color), 6, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(x(low), y), QPointF(x(high), y))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(color))
        painter.drawEllipse(QPointF(x(middle), y), 7, 7)
        painter.setPen(text)
        sign = "+" if zero is not None else ""
        self._word(painter, x(middle), y + 14, f"{middle:{sign}.3f}  ({low:{sign}.3f} to {high:{sign}.3f})")

    def _word(self, painter: QPainter, x: float, top: float, word: str) -> None:
        width = self.fontMetrics().horizontalAdvance(word) + 4
        left = min(max(x - width / 2, 2), self.width() - width - 2)
        box = QRect(round(left), round(top), width, self.fontMetrics().height())
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), word)
