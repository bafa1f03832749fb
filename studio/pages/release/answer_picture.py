"""A picture with a service's answer drawn over it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QBuffer, QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QImage, QImageReader, QPainter, QPaintEvent, QPalette, QPen, QRegion
from PySide6.QtWidgets import QWidget

from studio.domain.errors import AtelierError
from studio.domain.wire.releases import Answer, Detection
from widgets.painted import paint_guarded

_SIDE = 2000  # pixels of a picture that are kept: more than a window shows
_FOUND = QColor("#e0641e")


class AnswerPicture(QWidget):
    """Empty, a picture, or a picture with boxes, classes and scores."""

    def __init__(self) -> None:
        super().__init__()
        self._picture = QImage()
        self._answer: Answer | None = None
        self._found: list[Detection] = []
        self.show_picture(QImage())

    def sizeHint(self) -> QSize:
        return QSize(620, 480)

    def show_picture(self, picture: QImage, answer: Answer | None = None, least_score: float = 0.0) -> None:
        """Another picture, with what was found on it once that is known, from a score on."""
        self._picture, self._answer = picture, answer
        self.setAccessibleName("Picture" if answer is None else "Picture with the answer")
        # the surest are drawn last, over all others
        found = sorted(shown(answer, least_score), key=lambda each: each.score) if answer is not None else []
        self._found = found
        said = ", ".join(_words(each) for each in reversed(found))
        self.setAccessibleDescription(
            said or ("nothing found" if answer is not None else "nothing asked yet")
        )
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self, event.region(), self._paint)

    def _paint(self, painter: QPainter, _region: QRegion) -> None:
        if self._picture.isNull():
            painter.fillRect(self.rect(), self.palette().color(QPalette.ColorRole.Base))
            return
        size = self._picture.size().scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
        at = QRectF(0, 0, size.width(), size.height())
        at.moveCenter(QRectF(self.rect()).center())
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, True)
        painter.drawImage(at, self._picture)
        if self._answer is None or not self._answer.width:
            return
        scale = at.width() / self._answer.width
        for each in self._found:
            left, top, right, bottom = (edge * scale for edge in each.xyxy)
            painter.setPen(QPen(_FOUND, 2))
            painter.drawRect(QRectF(at.left() + left, at.top() + top, right - left, bottom - top))
            self._label(painter, at.left() + left, at.top() + top, _words(each))

    def _label(self, painter: QPainter, left: float, bottom: float, words: str) -> None:
        text = painter.fontMetrics()
        # above its box, and below the upper edge of the window even where the box begins there
        top = max(bottom - text.height(), 0.0)
        plate = QRectF(left, top, text.horizontalAdvance(words) + 6, text.height())
        painter.fillRect(plate, self.palette().color(QPalette.ColorRole.Base))
        painter.setPen(self.palette().color(QPalette.ColorRole.Text))
        painter.drawText(plate, int(Qt.AlignmentFlag.AlignCenter), words)


def shown(answer: Answer, least_score: float) -> tuple[Detection, ...]:
    """What was found with at least this score."""
    return tuple(each for each in answer.detections if each.score >= least_score)


def read_picture(data: bytes) -> QImage:
    """A picture as a service sees it, turned as its EXIF says. Raises `picture.unreadable`. Any thread."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    reader.setAutoTransform(True)
    size = reader.size()
    if size.isValid() and max(size.width(), size.height()) > _SIDE:
        reader.setScaledSize(size.scaled(QSize(_SIDE, _SIDE), Qt.AspectRatioMode.KeepAspectRatio))
    picture = reader.read()
    if picture.isNull():
        raise AtelierError(
            "picture.unreadable",
            "This is no picture that can be read. Nothing was asked.",
            detail=reader.errorString(),
            hint="Choose a PNG or JPEG file, or an item.",
        )
    return picture


def read_file(path: Path) -> bytes:
    """The bytes of a file of the person's own. Raises `picture.unreadable`."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise AtelierError(
            "picture.unreadable",
            f"{path.name} could not be read. Nothing was asked.",
            detail=str(error),
            hint="Look whether it is there and open to you.",
        ) from error


def _words(each: Detection) -> str:
    return f"{each.class_name} {each.score:.2f}"
