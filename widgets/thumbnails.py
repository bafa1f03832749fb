"""The pictures of a contact sheet: asked for by name, decoded beside the GUI thread, the oldest forgotten."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QImage, QPixmap

from widgets.decoding import PictureDecoder
from widgets.sheet_cells import SheetCell

BYTES_KEPT = 96 * 1024**2
IN_FLIGHT = 24  # asked for at once: what is scrolled past in the meantime is then never asked for
PATIENCE_S = 20.0  # an answer that never comes must not hold its place for ever


class Thumbnails(QObject):
    """`wanted(name)` asks for a picture's bytes; `changed` tells that one is there or that there is none."""

    wanted = Signal(str)
    changed = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._pixmaps: OrderedDict[object, QPixmap] = OrderedDict()
        self._bytes = 0
        self._broken: set[object] = set()  # names and keys
        self._asked: dict[str, float] = {}  # name -> when
        self._decoding: set[object] = set()
        self._decoder = PictureDecoder(self)
        self._decoder.decoded.connect(self._decoded)
        self._decoder.failed.connect(self._failed)

    def __len__(self) -> int:
        return len(self._pixmaps)

    def forget_questions(self) -> None:
        """Another list: nobody answers what was asked for the old one, and what was broken may be mended."""
        self._asked.clear()
        self._broken.clear()

    def get(self, cell: SheetCell) -> QPixmap | None:
        """The picture of a cell, where it is here."""
        pixmap = self._pixmaps.get(cell.picture_key)
        if pixmap is not None:
            self._pixmaps.move_to_end(cell.picture_key)
        return pixmap

    def is_broken(self, cell: SheetCell) -> bool:
        """Whether it is known that there is none."""
        return cell.picture_name in self._broken or cell.picture_key in self._broken

    def ask(self, cells: Iterable[SheetCell]) -> None:
        """Ask for the pictures that are missing, as many at once as is useful."""
        late = time.monotonic() - PATIENCE_S
        self._asked = {name: asked for name, asked in self._asked.items() if asked > late}
        for cell in cells:
            if len(self._asked) + len(self._decoding) >= IN_FLIGHT:
                return
            key, name = cell.picture_key, cell.picture_name
            known = key in self._pixmaps or key in self._decoding or self.is_broken(cell)
            if not known and name not in self._asked:
                self._asked[name] = time.monotonic()
                self.wanted.emit(name)

    def put(self, name: str, data: bytes, cells: Iterable[SheetCell], side: int) -> None:
        """Decode a picture for each of `cells` that goes by its name, at most `side` device pixels wide."""
        self._asked.pop(name, None)
        for cell in cells:
            key = cell.picture_key
            if cell.picture_name == name and key not in self._pixmaps and key not in self._decoding:
                self._decoding.add(key)
                self._decoder.decode(key, data, (side, side), _region(cell))

    def put_none(self, name: str) -> None:
        """There is no such picture; it is not asked for again."""
        self._asked.pop(name, None)
        self._broken.add(name)
        self.changed.emit()

    def _decoded(self, key: object, image: QImage) -> None:
        self._decoding.discard(key)
        pixmap = QPixmap.fromImage(image)
        self._pixmaps[key] = pixmap
        self._bytes += _bytes_of(pixmap)
        while self._bytes > BYTES_KEPT and len(self._pixmaps) > 1:
            _, gone = self._pixmaps.popitem(last=False)
            self._bytes -= _bytes_of(gone)
        self.changed.emit()

    def _failed(self, key: object) -> None:
        self._decoding.discard(key)
        self._broken.add(key)
        self.changed.emit()


def _region(cell: SheetCell) -> tuple[float, float, float, float] | None:
    if cell.crop is None or not all(cell.size):
        return None
    (left, top, right, bottom), (width, height) = cell.crop, cell.size
    return left / width, top / height, right / width, bottom / height


def _bytes_of(pixmap: QPixmap) -> int:
    return pixmap.width() * pixmap.height() * 4
