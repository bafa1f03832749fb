"""Pictures decoded beside the GUI thread: bytes in, QImage out, on the thread of the one who asked."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QBuffer, QByteArray, QObject, QRect, QRunnable, QSize, Qt, QThreadPool, Signal
from PySide6.QtGui import QImage, QImageReader

from widgets.posting import Poster

log = logging.getLogger(__name__)

Region = tuple[float, float, float, float]
"""Left, top, right, bottom as shares of the picture's width and height."""


class PictureDecoder(QObject):
    """Decodes in Qt's thread pool; `decoded` carries the key and what was made of the bytes."""

    decoded = Signal(object, object)  # key, what the work returned
    failed = Signal(object)  # key

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._poster = Poster(self)

    def decode(
        self, key: Any, data: bytes, within: tuple[int, int] | None = None, region: Region | None = None
    ) -> None:
        """Make a QImage of `data`, cut to `region` and no larger than `within` (width, height)."""
        self.run(key, lambda: read_picture(data, within, region))

    def run(self, key: Any, work: Callable[[], Any]) -> None:
        """Carry out `work` beside the GUI thread; None from it counts as failed."""
        QThreadPool.globalInstance().start(_Work(self._poster.post, self._tell, key, work))

    def _tell(self, key: Any, made: Any) -> None:
        if made is None:
            self.failed.emit(key)
        else:
            self.decoded.emit(key, made)


class _Work(QRunnable):
    def __init__(
        self,
        post: Callable[[Callable[[], None]], None],
        tell: Callable[[Any, Any], None],
        key: Any,
        work: Callable[[], Any],
    ) -> None:
        super().__init__()
        self._post, self._tell, self._key, self._work = post, tell, key, work

    def run(self) -> None:
        try:
            made = self._work()
        except Exception:  # a worker has nobody above it to tell
            log.exception("decoding a picture failed")
            made = None
        tell, key = self._tell, self._key
        self._post(lambda: tell(key, made))


def read_picture(data: bytes, within: tuple[int, int] | None, region: Region | None) -> QImage | None:
    """The picture in `data`, or None where it is none. JPEG is scaled while it is decoded."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    reader = QImageReader(buffer)
    size = reader.size()
    if region is not None and size.isValid():
        left, top = int(region[0] * size.width()), int(region[1] * size.height())
        right, bottom = round(region[2] * size.width()), round(region[3] * size.height())
        part = QRect(left, top, max(right - left, 1), max(bottom - top, 1)) & QRect(0, 0, *size.toTuple())
        reader.setClipRect(part)
        size = part.size()
    if within is not None and size.isValid():
        fitted = size.scaled(QSize(*within), Qt.AspectRatioMode.KeepAspectRatio)
        if fitted.width() < size.width():
            reader.setScaledSize(fitted.expandedTo(QSize(1, 1)))
    image = reader.read()
    return None if image.isNull() else image


def picture_size(data: bytes) -> tuple[int, int] | None:
    """Width and height as the header says, without decoding; None where it does not."""
    buffer = QBuffer()
    buffer.setData(QByteArray(data))
    buffer.open(QBuffer.OpenModeFlag.ReadOnly)
    size = QImageReader(buffer).size()
    return (size.width(), size.height()) if size.isValid() else None
