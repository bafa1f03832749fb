"""The rows of a timeline: any number, asked for as they come into sight; it reports and decides nothing."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from msgspec import Struct, structs
from PySide6.QtCore import QEvent, QPointF, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QPen,
    QPixmap,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QToolTip, QWidget

from studio.domain.contracts.editing import Modifier
from studio.domain.wording import counted
from widgets.canvas.pointers import key_name, modifiers_of
from widgets.painted import paint_guarded
from widgets.row_window import RowWindow
from widgets.time_scale import TimeScale
from widgets.timeline_rows import PAD, TimeBar, TimelineRow, bar_rect, lane_font, paint_frames, paint_title
from widgets.timeline_ruler import Ruler, paint_marks, paint_ruler

REST_MS = 30
EDGE_REACH = 5.0  # pixels from a bar's end in which it can be taken hold of
SLIP = 3  # pixels that a click may move
LEAST_TITLE, MOST_TITLE = 60, 600
WHEEL_STEP = 1.25


class RowPress(Struct, frozen=True):
    """What was pressed in a row."""

    key: str
    frame: int | None  # None: on its title
    modifiers: frozenset[Modifier] = frozenset()
    button: str = "left"


class BarMove(Struct, frozen=True):
    """An interval whose end was dragged."""

    key: str
    bar: int  # its place in the row's bars
    start: int
    stop: int


class _Grab(NamedTuple):
    """What a pressed button holds: the ruler, the column's border, an end of a bar, or a range."""

    what: str
    x: float
    row: str = ""
    bar: int = -1
    held: TimeBar | None = None
    is_start: bool = False


class TimelineGrid(QAbstractScrollArea):
    """Titles on the left, frames on the right, a ruler above, the current frame as a line through all.

    `rows_wanted(offset, count)` is answered by `set_rows`. The wheel scrolls rows, with Shift frames, with
    Ctrl it zooms. Which rows are selected and which frame is shown is told by `set_selected` and `set_frame`;
    a press only reports.
    """

    rows_wanted = Signal(int, int)
    frame_wanted = Signal(int)
    row_pressed = Signal(object)  # a RowPress
    row_opened = Signal(object)  # a RowPress: a double click, or Return
    fold_wanted = Signal(str)  # key
    bar_moved = Signal(object)  # a BarMove, when the hand lets go
    range_wanted = Signal(object)  # (start, stop) of frames, or None
    key_frame_wanted = Signal(int)  # -1: the one before, 1: the next, of what is selected
    scale_changed = Signal(object)  # a TimeScale

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Timeline")
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.viewport().setMouseTracking(True)
        self.scale = TimeScale()
        self.frame = 0
        self.selected: frozenset[str] = frozenset()
        self.range: tuple[int, int] | None = None
        self.current = -1  # the row that keys are at
        self._times_ns: tuple[int, ...] = ()
        self._rows: RowWindow[TimelineRow] = RowWindow()
        self._title_width = 0
        self._grab: _Grab | None = None
        self._moved: BarMove | None = None
        self._kept: QPixmap | None = None  # everything but what the current frame marks
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._ask)
        self.verticalScrollBar().valueChanged.connect(self._changed)
        self._describe()

    def sizeHint(self) -> QSize:
        return QSize(900, 200)

    # What it shows

    def set_frames(self, count: int, times_ns: Sequence[int] = ()) -> None:
        """So many frames, and when each was, where that is known; all of them are shown."""
        self._times_ns = tuple(times_ns) if len(times_ns) == count else ()
        self.frame = min(self.frame, max(count - 1, 0))
        self._set_scale(TimeScale(max(count, 1), self._frames_width()).fitted())
        self._describe()

    def set_total(self, total: int) -> None:
        """Another list of `total` rows, or the same one changed: what is known of rows is forgotten."""
        self._rows.reset(total)
        self.current = min(self.current, total - 1)
        self._lay_out()
        self._describe()

    def set_rows(self, offset: int, rows: Sequence[TimelineRow]) -> None:
        """Rows from `offset` on, as they came."""
        self._rows.put(offset, rows)
        self._changed()

    def rows_failed(self, offset: int) -> None:
        """Rows did not come; they are asked for again when they are next in sight."""
        self._rows.failed(offset)

    def replace_row(self, row: TimelineRow) -> None:
        """Another state of a row that is here already, known by its key."""
        index = self.index_of(row.key)
        if index is not None:
            self.set_rows(index, [row])

    def index_of(self, key: str) -> int | None:
        """Where a row that is here lies."""
        return next((index for index, row in self._rows.known() if row.key == key), None)

    def set_frame(self, frame: int) -> None:
        """Mark the frame that is shown and keep it in sight."""
        self.frame = min(max(frame, 0), self.scale.frames - 1)
        self._set_scale(self.scale.containing(self.frame))
        self.viewport().update()
        self._describe()

    def set_selected(self, keys: frozenset[str]) -> None:
        """The rows that are selected."""
        if keys != self.selected:
            self.selected = keys
            self._changed()

    def set_range(self, frames: tuple[int, int] | None) -> None:
        """A run of frames to mark on the ruler, the second not included."""
        self.range = frames
        self.viewport().update()

    def show_row(self, index: int) -> None:
        """Bring a row into sight."""
        bar, high = self.verticalScrollBar(), self._row_height()
        room = self.viewport().height() - self._ruler_height()
        if index * high < bar.value():
            bar.setValue(index * high)
        elif (index + 1) * high > bar.value() + room:
            bar.setValue((index + 1) * high - room)

    def fit(self) -> None:
        """All frames."""
        self._set_scale(self.scale.fitted())

    def zoom(self, factor: float) -> None:
        """Wider or narrower frames, about the current one."""
        self._set_scale(self.scale.zoomed(factor, self.scale.middle_of(self.frame)))

    # Places

    def _row_height(self) -> int:
        return self.fontMetrics().height() + 8

    def _ruler_height(self) -> int:
        return self.fontMetrics().height() + 10

    def title_width(self) -> int:
        """Pixels of the column of titles."""
        usual = self.fontMetrics().horizontalAdvance("n") * 22
        return min(self._title_width or usual, max(self.viewport().width() - 80, LEAST_TITLE))

    def _frames_width(self) -> float:
        return float(max(self.viewport().width() - self.title_width() - PAD, 1))

    def _row_at(self, y: float) -> int | None:
        if y < self._ruler_height():
            return None
        index = int((y - self._ruler_height() + self.verticalScrollBar().value()) // self._row_height())
        return index if index < self._rows.total else None

    def _rect_of(self, index: int) -> QRect:
        top = self._ruler_height() + index * self._row_height() - self.verticalScrollBar().value()
        return QRect(0, top, self.viewport().width(), self._row_height())

    def _shown_rows(self) -> range:
        high = self._row_height()
        first = self.verticalScrollBar().value() // high
        last = (self.verticalScrollBar().value() + self.viewport().height()) // high + 1
        return range(min(first, self._rows.total), min(last, self._rows.total))

    def _x(self, at: QPointF) -> float:
        """Of a place in the window, on the scale."""
        return at.x() - self.title_width()

    # Changes

    def _set_scale(self, scale: TimeScale) -> None:
        if scale != self.scale:
            self.scale = scale
            self._changed()
            self.scale_changed.emit(scale)

    def _changed(self) -> None:
        self._kept = None
        self.viewport().update()
        self._rest.start()

    def _lay_out(self) -> None:
        room = max(self.viewport().height() - self._ruler_height(), 1)
        bar = self.verticalScrollBar()
        bar.setRange(0, max(self._rows.total * self._row_height() - room, 0))
        bar.setPageStep(room)
        bar.setSingleStep(self._row_height())
        self._set_scale(self.scale.resized(self._frames_width()))
        self._changed()

    def _ask(self) -> None:
        if self.isVisible():
            shown = self._shown_rows()
            for offset, count in self._rows.missing(shown.start - len(shown), shown.stop + len(shown)):
                self.rows_wanted.emit(offset, count)

    def _describe(self) -> None:
        words = [f"frame {self.frame + 1:,} of {self.scale.frames:,}", counted(self._rows.total, "row")]
        row = self._rows.row(self.current) if self.current >= 0 else None
        if row is not None:
            words.append(f"at {row.title}, {len(row.keys):,} key frames")
        self.setAccessibleDescription("; ".join(words))

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self.viewport(), event.region(), self._paint)

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        ratio = self.devicePixelRatioF()
        if self._kept is None:
            size = self.viewport().size()
            self._kept = QPixmap(round(size.width() * ratio), round(size.height() * ratio))
            self._kept.setDevicePixelRatio(ratio)
            with QPainter(self._kept) as into:
                self._paint_rows(into)
                paint_ruler(into, self._ruler(), self.scale, self.palette())
        painter.drawPixmap(0, 0, self._kept)
        paint_marks(painter, self._ruler(), self.scale, self.palette(), self.frame, self.range)

    def _ruler(self) -> Ruler:
        size = self.viewport().size()
        return Ruler(self.title_width(), self._ruler_height(), size.width(), size.height(), self.font())

    def _paint_rows(self, painter: QPainter) -> None:
        palette, wide = self.palette(), self.title_width()
        painter.fillRect(self.viewport().rect(), palette.color(QPalette.ColorRole.Base))
        plain, bold = self.font(), lane_font(self.font())
        for index in self._shown_rows():
            rect, row = self._rect_of(index), self._rows.row(index)
            chosen = row is not None and row.key in self.selected
            painter.setFont(bold if row is not None and row.is_lane else plain)
            paint_title(painter, QRect(0, rect.top(), wide - 1, rect.height()), row, palette, chosen)
            if index == self.current and self.hasFocus():
                painter.setPen(QPen(palette.color(QPalette.ColorRole.Accent), 2))
                painter.drawLine(1, rect.top() + 2, 1, rect.bottom() - 2)
            if row is None:
                continue
            painter.setFont(plain)
            frames = rect.adjusted(wide, 0, 0, 0)
            painter.save()
            painter.setClipRect(frames)
            paint_frames(painter, frames, self._with_moved(row), self.scale, palette, chosen)
            painter.restore()
        painter.setPen(palette.color(QPalette.ColorRole.Mid))
        painter.drawLine(wide - 1, 0, wide - 1, self.viewport().height())

    def _with_moved(self, row: TimelineRow) -> TimelineRow:
        """A row with the interval that is being dragged as it would become."""
        move = self._moved
        if move is None or move.key != row.key or move.bar >= len(row.bars):
            return row
        bars = list(row.bars)
        bars[move.bar] = structs.replace(bars[move.bar], start=move.start, stop=move.stop)
        return dataclasses.replace(row, bars=tuple(bars))

    # A hand

    def mousePressEvent(self, event: QMouseEvent) -> None:
        at, held = event.position(), modifiers_of(event)
        button = "right" if event.button() == Qt.MouseButton.RightButton else "left"
        if event.button() == Qt.MouseButton.MiddleButton:
            self._grab = _Grab("pan", at.x())
            return
        if abs(at.x() - self.title_width()) <= 3:
            self._grab = _Grab("border", at.x())
            return
        if at.y() < self._ruler_height():
            if at.x() > self.title_width() and button == "left":
                self._grab = _Grab("range" if "shift" in held else "ruler", self._x(at))
                if "shift" not in held:
                    self.frame_wanted.emit(self.scale.frame_at(self._x(at)))
            return
        index = self._row_at(at.y())
        row = self._rows.row(index) if index is not None else None
        if index is None or row is None:
            return
        self.current = index
        self._describe()
        if self._on_fold(at, row):
            self.fold_wanted.emit(row.key)
            return
        if button == "left" and self._take_bar(at, row, index):
            return
        frame = self.scale.frame_at(self._x(at)) if at.x() >= self.title_width() else None
        self._changed()
        self.row_pressed.emit(RowPress(row.key, frame, held, button))
        if frame is not None and button == "left" and not held:
            self.frame_wanted.emit(frame)
            self._grab = _Grab("ruler", self._x(at))

    def _on_fold(self, at: QPointF, row: TimelineRow) -> bool:
        left = PAD + row.depth * 14
        return bool(row.fold) and left - 5 <= at.x() <= left + 13

    def _take_bar(self, at: QPointF, row: TimelineRow, index: int) -> bool:
        found = self._bar_end(at, row, index)
        if found is None:
            return False
        number, is_start = found
        self._grab = _Grab("bar", self._x(at), row.key, number, row.bars[number], is_start)
        return True

    def _bar_end(self, at: QPointF, row: TimelineRow, index: int) -> tuple[int, bool] | None:
        """Which movable bar's end lies at a place: its number, and whether it is the start."""
        rect = self._rect_of(index).adjusted(self.title_width(), 0, 0, 0)
        for number, bar in enumerate(row.bars):
            if bar.movable and at.x() >= rect.left():
                place = bar_rect(rect, bar, self.scale)
                for x, is_start in ((place.left(), True), (place.right(), False)):
                    if abs(at.x() - x) <= EDGE_REACH:
                        return number, is_start
        return None

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        at, grab = event.position(), self._grab
        if grab is None:
            self._show_cursor(at)
            return
        match grab.what:
            case "pan":
                self._set_scale(self.scale.panned(at.x() - grab.x))
                self._grab = grab._replace(x=at.x())
            case "border":
                self._title_width = round(min(max(at.x(), LEAST_TITLE), MOST_TITLE))
                self._lay_out()
            case "ruler":
                frame = self.scale.frame_at(self._x(at))
                if frame != self.frame:
                    self.frame_wanted.emit(frame)
            case "range":
                ends = sorted((self.scale.frame_at(grab.x), self.scale.frame_at(self._x(at))))
                self.set_range((ends[0], ends[1] + 1))
            case "bar":
                self._moved = _dragged(grab, self.scale.edge_at(self._x(at)))
                self._changed()

    def _show_cursor(self, at: QPointF) -> None:
        index = self._row_at(at.y())
        row = self._rows.row(index) if index is not None else None
        on_end = index is not None and row is not None and self._bar_end(at, row, index) is not None
        shape = Qt.CursorShape.ArrowCursor
        if on_end:
            shape = Qt.CursorShape.SizeHorCursor
        elif abs(at.x() - self.title_width()) <= 3:
            shape = Qt.CursorShape.SplitHCursor
        self.viewport().setCursor(shape)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        grab, self._grab = self._grab, None
        if grab is None:
            return
        if grab.what == "range":
            if abs(self._x(event.position()) - grab.x) < SLIP:
                self.set_range(None)
            self.range_wanted.emit(self.range)
        moved, self._moved = self._moved, None
        if grab.what == "bar" and moved is not None:
            self._changed()
            if grab.held is not None and (moved.start, moved.stop) != (grab.held.start, grab.held.stop):
                self.bar_moved.emit(moved)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = event.position()
        index = self._row_at(at.y())
        row = self._rows.row(index) if index is not None else None
        if row is not None and not self._on_fold(at, row):
            frame = self.scale.frame_at(self._x(at)) if at.x() >= self.title_width() else None
            self.row_opened.emit(RowPress(row.key, frame, modifiers_of(event)))

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned, held = event.angleDelta(), event.modifiers()
        if held & Qt.KeyboardModifier.ControlModifier:
            factor = WHEEL_STEP ** ((turned.y() or turned.x()) / 120)
            self._set_scale(self.scale.zoomed(factor, self._x(event.position())))
        elif held & Qt.KeyboardModifier.ShiftModifier or abs(turned.x()) > abs(turned.y()):
            self._set_scale(self.scale.panned((turned.x() or turned.y()) * 0.6))
        else:
            bar = self.verticalScrollBar()
            bar.setValue(bar.value() - round(turned.y() * 0.5))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match key_name(event):
            case "Left":
                self.frame_wanted.emit(max(self.frame - 1, 0))
            case "Right":
                self.frame_wanted.emit(min(self.frame + 1, self.scale.frames - 1))
            case "Ctrl+Left":
                self.key_frame_wanted.emit(-1)
            case "Ctrl+Right":
                self.key_frame_wanted.emit(1)
            case "Home":
                self.frame_wanted.emit(0)
            case "End":
                self.frame_wanted.emit(self.scale.frames - 1)
            case "Up" | "Down" | "Shift+Up" | "Shift+Down" as key:
                self._step_row(-1 if key.endswith("Up") else 1, modifiers_of(event))
            case "Return" if row := self._rows.row(self.current) if self.current >= 0 else None:
                self.row_opened.emit(RowPress(row.key, None))
            case "+" | "=" | "Ctrl++" | "Ctrl+=":
                self.zoom(WHEEL_STEP)
            case "-" | "Ctrl+-":
                self.zoom(1 / WHEEL_STEP)
            case _:
                super().keyPressEvent(event)

    def _step_row(self, by: int, held: frozenset[Modifier]) -> None:
        if not self._rows.total:
            return
        self.current = min(max(self.current + by, 0), self._rows.total - 1)
        self.show_row(self.current)
        self._changed()
        self._describe()
        row = self._rows.row(self.current)
        if row is not None:
            self.row_pressed.emit(RowPress(row.key, None, held))

    # Qt

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent):
            words = self._tip(QPointF(event.pos()))
            QToolTip.showText(event.globalPos(), words, self.viewport())
            return True
        return super().viewportEvent(event)

    def _tip(self, at: QPointF) -> str:
        index = self._row_at(at.y())
        row = self._rows.row(index) if index is not None else None
        words = [] if row is None else [row.title]
        if at.x() >= self.title_width():
            frame = self.scale.frame_at(self._x(at))
            words.append(f"frame {frame + 1:,}")
            if self._times_ns:
                words.append(f"{(self._times_ns[frame] - self._times_ns[0]) / 1e9:.2f} s")
            if row is not None and frame in row.keys:
                made = int(row.made[int(np.searchsorted(row.keys, frame))])
                words.append(("made by hand", "made by the machine", "made by a model")[made])
        return ", ".join(words)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lay_out()
        self._kept = None
        self.viewport().update()

    def focusInEvent(self, event: QEvent) -> None:
        self._changed()

    def focusOutEvent(self, event: QEvent) -> None:
        self._changed()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._changed()


def _dragged(grab: _Grab, edge: int) -> BarMove:
    """A bar with one end at a border between frames; at least one frame is left."""
    assert grab.held is not None
    if grab.is_start:
        return BarMove(grab.row, grab.bar, min(edge, grab.held.stop - 1), grab.held.stop)
    return BarMove(grab.row, grab.bar, grab.held.start, max(edge, grab.held.start + 1))
