"""The crops of a film strip: asked for by frame, the oldest forgotten, their points painted once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QPixmap

from widgets.strip_cells import Crop, CropName, Floats, Placed, SpaceCrop, splatted

IN_FLIGHT = 12  # frames that are asked for at once: what is scrolled past meanwhile is never asked for
PATIENCE_S = 20.0  # an answer that never comes must not hold its place for ever
KEPT = 300  # frames


class StripCrops(QObject):
    """`wanted(frame)` asks; `put` or `put_none` answers, when it suits."""

    wanted = Signal(int)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._crops: OrderedDict[int, dict[CropName, Crop]] = OrderedDict()
        self._points: dict[tuple[int, CropName], tuple[Placed, QPixmap]] = {}
        self._live: dict[tuple[int, CropName], Floats] = {}
        self._asked: dict[int, float] = {}  # frame -> when
        self._without: set[int] = set()

    def clear(self) -> None:
        """Another track: nothing of the old one holds, and nobody answers what was asked for it."""
        self._crops.clear()
        self._points.clear()
        self._live.clear()
        self._asked.clear()
        self._without.clear()

    def is_answered(self, frame: int) -> bool:
        """Whether it is known what there is of a frame."""
        return frame in self._crops or frame in self._without

    def of(self, frame: int) -> Mapping[CropName, Crop]:
        """The crops of a frame; empty where there are none, or not yet."""
        return self._crops.get(frame, {})

    def put(self, frame: int, crops: Mapping[CropName, Crop]) -> None:
        """What there is of a frame."""
        self._asked.pop(frame, None)
        self._without.discard(frame)
        self._forget_pictures(frame)
        self._crops[frame] = dict(crops)
        self._crops.move_to_end(frame)
        while len(self._crops) > KEPT:
            self._forget_pictures(self._crops.popitem(last=False)[0])

    def put_none(self, frame: int) -> None:
        """There is nothing, and it is not asked for again."""
        self._asked.pop(frame, None)
        self._crops.pop(frame, None)
        self._without.add(frame)

    def ask(self, frames: Iterable[int]) -> None:
        """Ask for what is missing, as much at once as is useful."""
        late = time.monotonic() - PATIENCE_S
        self._asked = {frame: asked for frame, asked in self._asked.items() if asked > late}
        for frame in frames:
            if len(self._asked) >= IN_FLIGHT:
                return
            if not self.is_answered(frame) and frame not in self._asked:
                self._want(frame)

    def renew(self, frame: int) -> None:
        """Ask again for what is here; it is shown until the answer comes."""
        self._without.discard(frame)
        if frame in self._crops:
            self._want(frame)

    def _want(self, frame: int) -> None:
        self._asked[frame] = time.monotonic()
        self.wanted.emit(frame)

    def set_lines(self, frame: int, name: CropName, lines: Floats) -> None:
        """Another outline than the crop's own, until its crops are put anew."""
        self._live[frame, name] = lines

    def lines_of(self, frame: int, name: CropName) -> Floats | None:
        """The object's outline in a crop; None where there is no such crop."""
        crop = self.of(frame).get(name)
        return None if crop is None else self._live.get((frame, name), crop.lines)

    def points_of(self, frame: int, name: CropName, place: Placed, ratio: float) -> QPixmap | None:
        """The points of a crop as a picture, wherever its cell is scrolled to; None for another kind."""
        crop = self.of(frame).get(name)
        if not isinstance(crop, SpaceCrop):
            return None
        held = self._points.get((frame, name))
        if held is None or not _is_alike(held[0], place) or held[1].devicePixelRatio() != ratio:
            held = self._points[frame, name] = place, splatted(crop, place, ratio)
        return held[1]

    def _forget_pictures(self, frame: int) -> None:
        self._points = {key: held for key, held in self._points.items() if key[0] != frame}
        self._live = {key: lines for key, lines in self._live.items() if key[0] != frame}


def _is_alike(one: Placed, other: Placed) -> bool:
    return one.rect[2:] == other.rect[2:] and one.per_unit == other.per_unit
