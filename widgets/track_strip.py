"""The film strip of one track: a cell a frame, each with small crops of the object, all under the hand."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QColor,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from studio.domain.contracts.editing import PointerKind
from studio.domain.wording import counted
from widgets.canvas.hand import KeyTaker
from widgets.canvas.pointers import BUTTONS, Button, key_name, modifiers_of
from widgets.painted import paint_guarded
from widgets.sheet_grid import GAP as BETWEEN
from widgets.sheet_grid import Grid
from widgets.strip_cells import (
    GAP,
    WORDS,
    CellPointer,
    Crop,
    CropName,
    Floats,
    Placed,
    SpaceCrop,
    StripCell,
    outline_pen,
    paint_caption,
    paint_crop,
    placed,
)
from widgets.strip_crops import StripCrops

REST_MS = 40
AHEAD = 4  # cells beside those in sight whose crops are asked for as well
NARROWEST, WIDEST = 84, 340
LOWEST = 64  # pixels, of a crop
ASPECT = 1.3  # of a crop
ZOOM_STEP, CLOSEST = 1.2, 8.0


class _Held(NamedTuple):
    """A press that goes on in the crop in which it began."""

    frame: int
    crop: CropName
    place: Placed
    button: Button


class TrackStrip(QAbstractScrollArea):
    """Cells in a row. `crops_wanted(frame)` is answered by `set_crops` or `crops_failed`, when it suits.

    `pointer` carries what a hand does in a crop, in metres or pixels; a drag stays with the crop in which it
    began. A click anywhere in a cell wants its frame. The wheel scrolls, with Ctrl it zooms all crops.
    """

    crops_wanted = Signal(int)  # frame
    pointer = Signal(object)  # a CellPointer
    frame_wanted = Signal(int)
    opened = Signal(int)  # a double click on a caption, or Return

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Track strip")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.key_taker: KeyTaker | None = None
        self.cells: tuple[StripCell, ...] = ()
        self.frame = -1
        self._at: dict[int, int] = {}  # frame -> place of its cell
        self._shown: tuple[CropName, ...] = ("top", "side", "camera")
        self._title = "No track"
        self._color = QColor("#2f7ed8")
        self.crops = StripCrops(self)
        self.crops.wanted.connect(self.crops_wanted)
        self._zoom = 1.0
        self._held: _Held | None = None
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._ask)
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(900, 300)

    # What it shows

    def set_track(self, title: str, color: str, cells: Sequence[StripCell]) -> None:
        """Another track, or none of whose crops hold any more."""
        self._title, self._color = title, QColor(color)
        self.crops.clear()
        self._set_cells(cells)
        self.show_frame(self.frame)

    def update_cells(self, cells: Sequence[StripCell], stale: Sequence[int] = ()) -> None:
        """The same track after an Edit; the crops of the frames `stale` are asked for again."""
        self._set_cells(cells)
        for frame in stale:
            self.crops.renew(frame)

    def _set_cells(self, cells: Sequence[StripCell]) -> None:
        self.cells = tuple(cells)
        self._at = {cell.frame: place for place, cell in enumerate(self.cells)}
        self._lay_out()
        self._describe()

    def set_shown(self, crops: Sequence[CropName]) -> None:
        """Which crops a cell has, from above."""
        self._shown = tuple(crops)
        self._lay_out()

    def set_crops(self, frame: int, crops: Mapping[CropName, Crop]) -> None:
        """What the crops of a frame show."""
        self.crops.put(frame, crops)
        self._changed()

    def crops_failed(self, frame: int) -> None:
        """There are none; they are not asked for again."""
        self.crops.put_none(frame)
        self._changed()

    def set_lines(self, frame: int, crop: CropName, lines: Floats) -> None:
        """Another outline of the object in one crop, while it is being dragged; (M, 2, 2) as in the crop."""
        self.crops.set_lines(frame, crop, lines)
        index = self._at.get(frame)
        if index is not None:
            self.viewport().update(QRect(*self._grid().rect(index, self.horizontalScrollBar().value())))

    def show_frame(self, frame: int) -> None:
        """Mark a frame and bring its cell into sight."""
        self.frame = frame
        index = self._at.get(frame)
        if index is not None:
            bar, grid = self.horizontalScrollBar(), self._grid()
            left, _, wide, _ = grid.rect(index, bar.value())
            if left < 0 or left + wide > grid.window[0]:
                bar.setValue(bar.value() + left + wide // 2 - grid.window[0] // 2)
        self.viewport().update()
        self._describe()

    # Places

    def _caption_height(self) -> int:
        return self.fontMetrics().height() + 4

    def _is_low(self, high: int) -> bool:
        """Whether crops one below the other would be too small for a hand: then they lie in a row."""
        return (high - self._caption_height()) / max(len(self._shown), 1) - GAP < LOWEST

    def _grid(self) -> Grid:
        window = self.viewport().width(), self.viewport().height()
        high = max(window[1] - 2 * BETWEEN, 48)
        count, room = max(len(self._shown), 1), high - self._caption_height()
        if self._is_low(high):
            wide = round((room - GAP) * ASPECT) * count
        else:
            wide = min(round((room / count - GAP) * ASPECT), WIDEST)
        return Grid(len(self.cells), (max(wide, NARROWEST), high), window, True)

    def _crop_rects(self, index: int) -> dict[CropName, tuple[int, int, int, int]]:
        left, top, wide, high = self._grid().rect(index, self.horizontalScrollBar().value())
        count, down = max(len(self._shown), 1), self._caption_height()
        if self._is_low(high):
            edges = [left + round(i * wide / count) for i in range(count + 1)]
            return {
                name: (edges[i] + GAP, top + down, edges[i + 1] - edges[i] - 2 * GAP, high - down - GAP)
                for i, name in enumerate(self._shown)
            }
        edges = [top + down + round(i * (high - down) / count) for i in range(count + 1)]
        return {
            name: (left + GAP, edges[i], wide - 2 * GAP, max(edges[i + 1] - edges[i] - GAP, 1))
            for i, name in enumerate(self._shown)
        }

    def _place(self, index: int, name: CropName) -> Placed:
        rect = self._crop_rects(index)[name]
        crop = self.crops.of(self.cells[index].frame).get(name)
        return placed(crop if crop is not None else SpaceCrop(), rect, self._zoom)

    def _under(self, at: QPointF) -> tuple[int, CropName | None] | None:
        """The cell at a place, and the crop where it is over one."""
        x, y = int(at.x()), int(at.y())
        index = self._grid().index_at(x, y, self.horizontalScrollBar().value())
        if index is None:
            return None
        for name, (left, top, wide, high) in self._crop_rects(index).items():
            if left <= x < left + wide and top <= y < top + high:
                return index, name
        return index, None

    def _lay_out(self) -> None:
        grid, bar = self._grid(), self.horizontalScrollBar()
        bar.setRange(0, max(grid.extent - grid.window[0], 0))
        bar.setPageStep(max(grid.window[0], 1))
        bar.setSingleStep(grid.step)
        self._changed()

    def _changed(self) -> None:
        self.viewport().update()
        self._rest.start()

    def _ask(self) -> None:
        """Ask for the crops of the cells in sight, then of those beside them."""
        if self.isVisible():
            shown = self._grid().shown(self.horizontalScrollBar().value())
            after, before = self.cells[shown.stop : shown.stop + AHEAD], self.cells[: shown.start][-AHEAD:]
            cells = [*self.cells[shown.start : shown.stop], *after, *before]
            self.crops.ask(cell.frame for cell in cells if cell.state != "absent")

    def _describe(self) -> None:
        words = [self._title, counted(len(self.cells), "frame")]
        index = self._at.get(self.frame)
        if index is not None:
            words.append(f"at frame {self.frame + 1:,}, {WORDS[self.cells[index].state]}")
        self.setAccessibleDescription("; ".join(words))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self.viewport(), event.region(), self._paint)

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        grid, scrolled = self._grid(), self.horizontalScrollBar().value()
        painter.fillRect(region.boundingRect(), self.palette().color(QPalette.ColorRole.Window))
        painter.setFont(self.font())
        if not self.cells:
            painter.setPen(self.palette().color(QPalette.ColorRole.PlaceholderText))
            painter.drawText(self.viewport().rect(), Qt.AlignmentFlag.AlignCenter, self._title)
        for index in grid.shown(scrolled):
            rect = QRect(*grid.rect(index, scrolled))
            if region.intersects(rect):
                self._paint_cell(painter, index, rect)

    def _paint_cell(self, painter: QPainter, index: int, rect: QRect) -> None:
        cell, palette = self.cells[index], self.palette()
        is_current = cell.frame == self.frame
        role = QPalette.ColorRole.Midlight if is_current else QPalette.ColorRole.Base
        painter.fillRect(rect, palette.color(role))
        caption = QRect(rect.left(), rect.top(), rect.width(), self._caption_height())
        paint_caption(painter, caption, cell, self._color, palette)
        for name in self._shown:
            place, crop = self._place(index, name), self.crops.of(cell.frame).get(name)
            lines = self.crops.lines_of(cell.frame, name)
            points = self.crops.points_of(cell.frame, name, place, self.devicePixelRatioF())
            paint_crop(painter, place, crop, points, lines, outline_pen(cell.state, self._color))
            if crop is None:
                self._say(painter, place, cell)
        accent = palette.color(QPalette.ColorRole.Accent if is_current else QPalette.ColorRole.Mid)
        painter.setPen(QPen(accent, 2 if is_current else 1))
        painter.drawRect(rect.adjusted(0, 0, -1, -1))

    def _say(self, painter: QPainter, place: Placed, cell: StripCell) -> None:
        words = "…"
        if cell.state == "absent":
            words = "not there"
        elif self.crops.is_answered(cell.frame):
            words = "no picture"
        painter.setPen(QColor("#8a94a3"))
        painter.drawText(QRect(*place.rect), Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap, words)

    # A hand

    def _report(self, kind: PointerKind, at: QPointF, event: QMouseEvent, held: _Held) -> None:
        place = held.place
        pointed = CellPointer(
            kind,
            held.frame,
            held.crop,
            place.to_crop((at.x(), at.y())),
            1 / place.per_unit,
            held.button,
            modifiers_of(event),
            time.monotonic_ns(),
        )
        self.pointer.emit(pointed)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, button = event.position(), BUTTONS.get(event.button())
        under = self._under(at)
        if under is None or button is None or self._held is not None:
            return
        index, name = under
        frame = self.cells[index].frame
        if frame != self.frame:
            self.frame_wanted.emit(frame)
        if name is not None and name in self.crops.of(frame):
            self._held = _Held(frame, name, self._place(index, name), button)
            self._report("press", at, event, self._held)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        if self._held is not None:
            self._report("move", at, event, self._held)
            return
        index, name = self._under(at) or (0, None)
        if name is not None and name in self.crops.of(self.cells[index].frame):
            over = _Held(self.cells[index].frame, name, self._place(index, name), "none")
            self._report("hover", at, event, over)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        held = self._held
        if held is not None and BUTTONS.get(event.button()) == held.button:
            self._held = None
            self._report("release", event.position(), event, held)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        under = self._under(event.position())
        if under is not None and under[1] is None:
            self.opened.emit(self.cells[under[0]].frame)
        else:
            self.mousePressEvent(event)

    def _lose_grab(self) -> None:
        if self._held is not None:
            held, self._held = self._held, None
            pointed = CellPointer("cancel", held.frame, held.crop, (0.0, 0.0), 1 / held.place.per_unit)
            self.pointer.emit(pointed)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._zoom = min(max(self._zoom * ZOOM_STEP ** (turned / 120), 1 / CLOSEST), CLOSEST)
            self._changed()
        else:
            bar = self.horizontalScrollBar()
            bar.setValue(bar.value() - round(turned * 0.8))
        event.accept()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            if self._take(event, only_ask=True):
                event.accept()
                return True
        if event.type() in (QEvent.Type.WindowDeactivate, QEvent.Type.Hide):
            self._lose_grab()
        return super().event(event)

    def _take(self, event: QKeyEvent, only_ask: bool) -> bool:
        name = key_name(event)
        return bool(name) and self.key_taker is not None and self.key_taker(name, only_ask)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self._take(event, only_ask=False):
            return
        index = self._at.get(self.frame, -1)
        name = key_name(event)
        if name in ("Left", "Right", "Home", "End", "PgUp", "PgDown") and self.cells:
            target = self._grid().moved(index, name) if index >= 0 else 0
            self.frame_wanted.emit(self.cells[target].frame)
        elif name == "Return" and index >= 0:
            self.opened.emit(self.frame)
        else:
            super().keyPressEvent(event)

    # Qt

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            under = self._under(QPointF(event.pos()))
            words = ""
            if under is not None:
                cell = self.cells[under[0]]
                words = f"{self._title}, frame {cell.frame + 1:,}: {WORDS[cell.state]}"
            QToolTip.showText(event.globalPos(), words, self.viewport())
            return True
        return super().viewportEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()
        self.show_frame(self.frame)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lay_out()
        self.viewport().update()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._changed()
