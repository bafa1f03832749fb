"""How the editor gets its picture: whole where it is small, tile by tile where it is large."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage

from studio.domain.contracts.editing import EditorHost
from studio.domain.geometry import Rect
from studio.domain.wire.projects import Stream
from widgets.canvas.pyramid import Pyramid, halvings
from widgets.decoding import PictureDecoder, read_picture

WHOLE = "whole"
BACKDROP = "backdrop"
FIRST = "first"  # a backdrop made of the whole picture's bytes
AT_ONCE = 2_000_000  # pixels up to which a picture is decoded before anything of it is shown
FIRST_WITHIN = (1600, 1200)  # JPEG is decoded at a half, quarter or eighth in a fraction of the time


class PictureLoader(QObject):
    """Loads one frame at a time; what arrives for an earlier one is dropped.

    `arrived(part)` carries the rectangle that can now be painted better, None for all of it.
    """

    arrived = Signal(object)  # Rect | None
    unreadable = Signal()

    def __init__(self, host: EditorHost, parent: QObject) -> None:
        super().__init__(parent)
        self._host = host
        self._turn = 0
        self._pyramid: Pyramid | None = None
        self._waiting = b""
        self._decoder = PictureDecoder(self)
        self._decoder.decoded.connect(self._decoded)
        self._decoder.failed.connect(self._failed)

    def load(self, stream: Stream, frame: int) -> Pyramid:
        """An empty pyramid of the frame's size, which fills as bytes arrive."""
        self._turn += 1
        turn, host = self._turn, self._host
        size = (float(max(stream.width, 1)), float(max(stream.height, 1)))

        def ask(level: int, column: int, row: int) -> None:
            name = f"tile-{level}-{column}-{row}"
            host.media(stream.id, frame, name, lambda data: self._decode(turn, (level, column, row), data))

        if stream.levels:
            self._pyramid = Pyramid(size, stream.levels, ask)
            host.media(stream.id, frame, "thumb", lambda data: self._decode(turn, BACKDROP, data))
        else:
            self._pyramid = Pyramid(size, 1)
            host.media(stream.id, frame, "original", lambda data: self._decode(turn, WHOLE, data))
        return self._pyramid

    def forget(self) -> None:
        """No picture is open: what still arrives is dropped."""
        self._turn += 1
        self._pyramid = None

    def _decode(self, turn: int, part: object, data: bytes) -> None:
        if turn != self._turn:
            return
        pyramid = self._pyramid
        if part == WHOLE and pyramid is not None and pyramid.size[0] * pyramid.size[1] > AT_ONCE:
            self._waiting = data
            self._decoder.decode((turn, FIRST), data, FIRST_WITHIN)
        elif part == WHOLE:
            self._decoder.run((turn, part), lambda: _levels(data))
        else:
            self._decoder.decode((turn, part), data)

    def _decoded(self, key: tuple[int, object], made: object) -> None:
        turn, part = key
        pyramid = self._pyramid
        if turn != self._turn or pyramid is None:
            return
        if part == FIRST:
            data, self._waiting = self._waiting, b""
            self._decoder.run((turn, WHOLE), lambda: _levels(data))
        covered: Rect | None = None
        match part, made:
            case "whole", tuple():
                pyramid.put_levels(made)
            case str(), QImage():
                pyramid.put_backdrop(made)
            case (int(level), int(column), int(row)), QImage():
                pyramid.put(level, column, row, made)
                covered = pyramid.rect_of(level, column, row)
        self.arrived.emit(covered)

    def _failed(self, key: tuple[int, object]) -> None:
        if key[0] == self._turn and key[1] in (WHOLE, FIRST):
            self.unreadable.emit()


def _levels(data: bytes) -> tuple[QImage, ...] | None:
    image = read_picture(data, None, None)
    return None if image is None else halvings(image)
