"""A contact sheet of any length: asks for the rows and pictures that it shows, and for no others."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import (
    QFocusEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPalette,
    QRegion,
    QResizeEvent,
    QShowEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QAbstractScrollArea, QScrollBar, QWidget

from studio.domain.wording import counted
from widgets.canvas.pointers import key_name
from widgets.painted import paint_guarded
from widgets.row_window import RowWindow
from widgets.sheet_cells import SheetCell, caption_height, paint_cell
from widgets.sheet_grid import GAP, Grid
from widgets.sheet_selection import Selection
from widgets.thumbnails import Thumbnails

REST_MS = 40
ASPECT = 0.82  # of the place for a picture: most are wider than high
SMALLEST, LARGEST = 96, 480
MOVES = ("Left", "Right", "Up", "Down", "PgUp", "PgDown", "Home", "End")


class ContactSheet(QAbstractScrollArea):
    """Cells in a grid, or in one row (`strip`). Rows and pictures come when they come.

    `rows_wanted(offset, count)` is answered by `set_rows`, `picture_wanted(name)` by `set_picture` (bytes of
    any picture format) or `picture_failed`. Click, Ctrl and Shift select; Enter or a double click opens;
    Ctrl and wheel change the size.
    """

    rows_wanted = Signal(int, int)
    picture_wanted = Signal(str)
    selection_changed = Signal()
    current_changed = Signal(str)  # key
    opened = Signal(str)  # key
    size_changed = Signal(int)

    def __init__(
        self, parent: QWidget | None = None, strip: bool = False, name: str = "Contact sheet"
    ) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        off, needed = Qt.ScrollBarPolicy.ScrollBarAlwaysOff, Qt.ScrollBarPolicy.ScrollBarAsNeeded
        self.setHorizontalScrollBarPolicy(needed if strip else off)
        self.setVerticalScrollBarPolicy(off if strip else needed)
        self._strip = strip
        self._side = 168
        self._rows: RowWindow[SheetCell] = RowWindow()
        self._selection = Selection()
        self.thumbnails = Thumbnails(self)
        self.thumbnails.wanted.connect(self.picture_wanted)
        self.thumbnails.changed.connect(self._changed)
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(REST_MS)
        self._rest.timeout.connect(self._ask)
        self._describe()

    # What it shows

    def set_total(self, total: int) -> None:
        """Another list of `total` rows, or the same one changed: what is known of rows is forgotten."""
        self._rows.reset(total)
        self.thumbnails.forget_questions()
        self._selection.clear()
        self._lay_out()
        self.scroll_bar.setValue(0)
        self.selection_changed.emit()
        self._describe()

    def set_rows(self, offset: int, cells: Sequence[SheetCell]) -> None:
        """Rows from `offset` on, as they came."""
        self._rows.put(offset, cells)
        self._changed()

    def rows_failed(self, offset: int) -> None:
        """Rows did not come; they are asked for again when they are next in sight."""
        self._rows.failed(offset)

    def replace_cell(self, cell: SheetCell) -> None:
        """Another state of a row that is shown already, known by its key."""
        index = self.index_of(cell.key)
        if index is not None:
            self._rows.put(index, [cell])
            self._changed()

    def set_picture(self, name: str, data: bytes) -> None:
        """The picture of every cell in sight that goes by this name."""
        room = LARGEST / 2 if self._side <= LARGEST / 2 else LARGEST
        side = round(room * max(self.devicePixelRatioF(), 1.0))
        self.thumbnails.put(name, data, self._shown_cells(), side)
        self._rest.start()

    def picture_failed(self, name: str) -> None:
        """There is no such picture; its cells say so and it is not asked for again."""
        self.thumbnails.put_none(name)

    # Size and place

    @property
    def side(self) -> int:
        """Width of a cell, pixels."""
        return self._side

    def set_side(self, side: int) -> None:
        """Make the cells larger or smaller; the current one stays in sight."""
        self._side = min(max(side, SMALLEST), LARGEST)
        self._lay_out()
        if self._selection.current >= 0:
            self.scroll_to(self._selection.current)
        self.size_changed.emit(self._side)

    @property
    def scroll_bar(self) -> QScrollBar:
        """The one that goes through the list."""
        return self.horizontalScrollBar() if self._strip else self.verticalScrollBar()

    def grid(self) -> Grid:
        window = self.viewport().width(), self.viewport().height()
        if self._strip:
            height = max(window[1] - 2 * GAP, 64)
            width = max(round((height - caption_height(self.fontMetrics(), 1)) * 1.3), 48)
            return Grid(self._rows.total, (width, height), window, True)
        height = round(self._side * ASPECT) + caption_height(self.fontMetrics(), 2)
        return Grid(self._rows.total, (self._side, height), window)

    def scroll_to(self, index: int) -> None:
        """Bring a cell into sight."""
        bar, grid = self.scroll_bar, self.grid()
        left, top, width, height = grid.rect(index, bar.value())
        start, length, room = (left, width, grid.window[0]) if self._strip else (top, height, grid.window[1])
        if start < 0:
            bar.setValue(bar.value() + start - 8)
        elif start + length > room:
            bar.setValue(bar.value() + start + length - room + 8)

    def sizeHint(self) -> QSize:
        return QSize(400, 130) if self._strip else QSize(720, 540)

    def _lay_out(self) -> None:
        grid, bar = self.grid(), self.scroll_bar
        room = grid.window[0 if self._strip else 1]
        bar.setRange(0, max(grid.extent - room, 0))
        bar.setPageStep(room)
        bar.setSingleStep(max(grid.step // 3, 1))
        self._changed()

    # Selection

    def selected_indices(self) -> list[int]:
        """The chosen rows by index; some may not have been loaded."""
        return sorted(self._selection.chosen)

    def selected_keys(self) -> list[str]:
        """The keys of the chosen rows that are loaded."""
        rows = (self._rows.row(index) for index in self.selected_indices())
        return [row.key for row in rows if row is not None]

    def current_cell(self) -> SheetCell | None:
        """The cell that the keyboard is at."""
        index = self._selection.current
        return self._rows.row(index) if index >= 0 else None

    @property
    def current_index(self) -> int:
        """-1 where there is none."""
        return self._selection.current

    def set_current(self, index: int) -> None:
        """Choose one cell and bring it into sight."""
        if 0 <= index < self._rows.total:
            self._selection.click(index)
            self._chosen(index)

    def select_all(self) -> None:
        self._selection.choose_all(self._rows.total)
        self._chosen(self._selection.current, scroll=False)

    def index_of(self, key: str) -> int | None:
        """Where a loaded row is."""
        return next((index for index, cell in self._rows.known() if cell.key == key), None)

    def _chosen(self, index: int, scroll: bool = True) -> None:
        if scroll and index >= 0:
            self.scroll_to(index)
        self._changed()
        self._describe()
        self.selection_changed.emit()
        if (cell := self.current_cell()) is not None:
            self.current_changed.emit(cell.key)

    def _describe(self) -> None:
        cell, total, chosen = self.current_cell(), self._rows.total, len(self._selection.chosen)
        words = [counted(total, "item")]
        if cell is not None:
            words.append(f"at {self._selection.current + 1:,}: {cell.words()}")
        if chosen:
            words.append(f"{chosen:,} selected")
        self.setAccessibleDescription("; ".join(words))

    # Asking

    def _changed(self) -> None:
        self.viewport().update()
        self._rest.start()

    def _shown_cells(self) -> list[SheetCell]:
        shown = self.grid().shown(self.scroll_bar.value())
        return [cell for index in shown if (cell := self._rows.row(index)) is not None]

    def _ask(self) -> None:
        if not self.isVisible():
            return
        shown = self.grid().shown(self.scroll_bar.value())
        ahead = len(shown)
        for offset, count in self._rows.missing(shown.start - ahead, shown.stop + ahead):
            self.rows_wanted.emit(offset, count)
        self.thumbnails.ask(self._shown_cells())

    # Qt

    def paintEvent(self, event: QPaintEvent) -> None:
        paint_guarded(self.viewport(), event.region(), self._paint)

    def _paint(self, painter: QPainter, region: QRegion) -> None:
        grid, scrolled = self.grid(), self.scroll_bar.value()
        painter.fillRect(region.boundingRect(), self.palette().color(QPalette.ColorRole.Window))
        for index in grid.shown(scrolled):
            rect = QRect(*grid.rect(index, scrolled))
            if not region.intersects(rect):
                continue
            cell = self._rows.row(index)
            picture = self.thumbnails.get(cell) if cell is not None else None
            chosen = index in self._selection.chosen
            current = index == self._selection.current and self.hasFocus()
            broken = cell is not None and self.thumbnails.is_broken(cell)
            lines = 1 if self._strip else 2
            paint_cell(painter, rect, cell, picture, self.palette(), chosen, current, broken, lines)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._lay_out()

    def scrollContentsBy(self, dx: int, dy: int) -> None:
        self._changed()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._lay_out()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._lay_out()
        self.viewport().update()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.viewport().update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.viewport().update()

    def _index_at(self, event: QMouseEvent) -> int | None:
        at = event.position().toPoint()
        return self.grid().index_at(at.x(), at.y(), self.scroll_bar.value())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event)
        held = event.modifiers()
        if index is None:
            if not held:
                self._selection.chosen = set()
                self._chosen(-1)
            return
        is_menu = event.button() == Qt.MouseButton.RightButton and index in self._selection.chosen
        if not is_menu:
            ctrl = bool(held & Qt.KeyboardModifier.ControlModifier)
            shift = bool(held & Qt.KeyboardModifier.ShiftModifier)
            self._selection.click(index, toggle=ctrl, stretch=shift)
            self._chosen(index, scroll=False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self._index_at(event)
        cell = self._rows.row(index) if index is not None else None
        if cell is not None:
            self.opened.emit(cell.key)

    def wheelEvent(self, event: QWheelEvent) -> None:
        turned = event.angleDelta().y() or event.angleDelta().x()
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier and not self._strip:
            self.set_side(round(self._side * 1.15 ** (turned / 120)))
        else:
            self.scroll_bar.setValue(self.scroll_bar.value() - round(turned * 0.8))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        name = key_name(event)
        plain = name.removeprefix("Ctrl+").removeprefix("Shift+")
        at = self._selection.current
        if plain in MOVES and self._rows.total:
            target = self.grid().moved(at, plain) if at >= 0 else 0
            self._selection.move(target, stretch="Shift+" in name, keep="Ctrl+" in name)
            self._chosen(target)
        elif name in ("Space", "Ctrl+Space") and at >= 0:
            self._selection.click(at, toggle=True)
            self._chosen(at)
        elif name == "Return" and (cell := self.current_cell()) is not None:
            self.opened.emit(cell.key)
        elif name == "Ctrl+A":
            self.select_all()
        elif name in ("Ctrl++", "Ctrl+=", "Ctrl+-") and not self._strip:
            self.set_side(round(self._side * (1.15 if name != "Ctrl+-" else 1 / 1.15)))
        else:
            super().keyPressEvent(event)
