"""A service's answer to one picture, drawn over it."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPaintEvent, QPalette, QPen, QRegion
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QVBoxLayout, QWidget

from studio.domain.wire.releases import Answer
from widgets.painted import paint_guarded


class AnswerDialog(QDialog):
    """The picture with what the service found, and which model said so."""

    def __init__(self, picture: bytes, answer: Answer, model_name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle("The service answered")
        shown = _Picture(QImage.fromData(picture), answer)
        found = len(answer.detections)
        said = QLabel(
            f"{model_name} found {found:,} objects. Request {answer.request}; "
            "it comes back as latest online data."
        )
        said.setTextFormat(Qt.TextFormat.PlainText)
        said.setWordWrap(True)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.addWidget(shown, 1)
        column.addWidget(said)
        column.addWidget(buttons)


class _Picture(QWidget):
    def __init__(self, picture: QImage, answer: Answer) -> None:
        super().__init__()
        self.setAccessibleName("Picture with the answer")
        said = ", ".join(f"{each.class_name} {each.score:.2f}" for each in answer.detections)
        self.setAccessibleDescription(said or "nothing found")
        self._picture, self._answer = picture, answer

    def sizeHint(self) -> QSize:
        return self._picture.size().scaled(QSize(760, 560), Qt.AspectRatioMode.KeepAspectRatio)

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self, event.region(), self._paint)

    def _paint(self, painter: QPainter, _region: QRegion) -> None:
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        at = QRectF(0, 0, size.width(), size.height())
        at.moveCenter(QRectF(self.rect()).center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(at, self._picture)
        if not self._answer.width:
            return
        scale = at.width() / self._answer.width
        for each in self._answer.detections:
            left, top, right, bottom = (edge * scale for edge in each.xyxy)
            painter.setPen(QPen(QColor("#e0641e"), 2))
            painter.drawRect(QRectF(at.left() + left, at.top() + top, right - left, bottom - top))
            word = f"{each.class_name} {each.score:.2f}"
            width = painter.fontMetrics().horizontalAdvance(word) + 6
            plate = QRectF(at.left() + left, at.top() + top - painter.fontMetrics().height(), width, 0)
            plate.setHeight(painter.fontMetrics().height())
            painter.fillRect(plate, self.palette().color(QPalette.ColorRole.Base))
            painter.setPen(self.palette().color(QPalette.ColorRole.Text))
            painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter), word)
