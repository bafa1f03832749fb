"""The contact sheet and its kin, with 100,000 rows."""

import pytest
from PySide6.QtCore import QBuffer, QIODevice, QObject, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QFont, QImage, QPainter, QPalette
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from widgets.contact_sheet import ContactSheet
from widgets.film_strip import FilmStrip
from widgets.item_table import ItemTable, TableRow
from widgets.row_window import RowWindow
from widgets.sheet_cells import Badge, SheetBox, SheetCell, crop_around, paint_cell
from widgets.sheet_grid import Grid

MANY = 100_000


def jpeg(color: str, width: int = 64, height: int = 48) -> bytes:
    image = QImage(width, height, QImage.Format.Format_RGB32)
    image.fill(QColor(color))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    return bytes(buffer.data().data())


class Source(QObject):
    """Answers a sheet as a page would; lives as long as the sheet."""

    def __init__(self, sheet: ContactSheet, total: int = MANY) -> None:
        super().__init__(sheet)
        self.sheet = sheet
        self.total = total
        self.rows: list[tuple[int, int]] = []
        self.pictures: list[str] = []
        self.crop = None
        sheet.rows_wanted.connect(self.give_rows)
        sheet.picture_wanted.connect(self.give_picture)
        sheet.set_total(total)

    def give_rows(self, offset: int, count: int) -> None:
        self.rows.append((offset, count))
        cells = [
            SheetCell(
                f"k{n}",
                f"photo-{n}.jpg",
                f"{n % 9} shapes",
                (Badge("new"),),
                (640, 480),
                (SheetBox((10, 10, 200, 200)),),
                self.crop,
            )
            for n in range(offset, offset + count)
        ]
        self.sheet.set_rows(offset, cells)

    def give_picture(self, name: str) -> None:
        self.pictures.append(name)
        if name == "k1":
            self.sheet.picture_failed(name)
        else:
            self.sheet.set_picture(name, jpeg("#336699"))


@pytest.fixture
def sheet(qtbot):
    made = ContactSheet()
    qtbot.addWidget(made)
    made.resize(800, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def shown(sheet: ContactSheet) -> range:
    return sheet.grid().shown(sheet.scroll_bar.value())


def test_only_rows_near_what_is_shown_are_asked_for(sheet, qtbot):
    source = Source(sheet)
    qtbot.waitUntil(lambda: bool(source.rows))
    assert sum(count for _, count in source.rows) <= 400
    sheet.scroll_bar.setValue(sheet.scroll_bar.maximum())
    qtbot.waitUntil(lambda: sheet.index_of(f"k{MANY - 1}") is not None)
    assert len(source.rows) <= 4
    assert source.rows == list(dict.fromkeys(source.rows))


def test_pictures_come_for_what_is_shown_and_a_broken_one_is_asked_for_once(sheet, qtbot):
    source = Source(sheet)
    qtbot.waitUntil(lambda: len(source.pictures) >= len(shown(sheet)), timeout=8000)
    qtbot.waitUntil(lambda: len(sheet.thumbnails) >= len(shown(sheet)) - 1, timeout=8000)
    assert set(source.pictures) == {f"k{n}" for n in shown(sheet)}
    assert source.pictures.count("k1") == 1


def test_the_pictures_are_painted(sheet, qtbot):
    Source(sheet, 3)
    qtbot.waitUntil(lambda: len(sheet.thumbnails) == 2, timeout=8000)
    left, top, width, height = sheet.grid().rect(0, 0)
    image = sheet.viewport().grab().toImage()
    assert image.pixelColor(left + width // 2, top + height // 2 - 19) == QColor("#336699")


def test_keys_go_through_the_sheet_and_shift_stretches(sheet, qtbot):
    Source(sheet)
    qtbot.waitUntil(lambda: sheet.index_of("k5") is not None)
    sheet.set_current(0)
    columns = sheet.grid().columns
    QTest.keyClick(sheet, Qt.Key.Key_Right)
    QTest.keyClick(sheet, Qt.Key.Key_Down)
    assert sheet.current_index == columns + 1
    QTest.keyClick(sheet, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert sheet.selected_keys() == [f"k{columns + 1}", f"k{columns + 2}"]
    QTest.keyClick(sheet, Qt.Key.Key_End)
    assert sheet.current_index == MANY - 1
    QTest.keyClick(sheet, Qt.Key.Key_A, Qt.KeyboardModifier.ControlModifier)
    assert len(sheet.selected_indices()) == MANY


def test_clicks_select_and_a_double_click_or_enter_opens(sheet, qtbot):
    Source(sheet)
    qtbot.waitUntil(lambda: sheet.index_of("k5") is not None)
    opened = []
    sheet.opened.connect(opened.append)
    left, top, width, height = sheet.grid().rect(2, 0)
    middle = QPoint(left + width // 2, top + height // 2)
    QTest.mouseClick(sheet.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    assert sheet.selected_keys() == ["k2"]
    assert "at 3: photo-2.jpg" in sheet.accessibleDescription()
    QTest.mouseDClick(sheet.viewport(), Qt.MouseButton.LeftButton, pos=middle)
    QTest.keyClick(sheet, Qt.Key.Key_Return)
    assert opened == ["k2", "k2"]


def test_larger_cells_keep_the_current_one_in_sight(sheet, qtbot):
    Source(sheet)
    sheet.set_current(5000)
    sheet.set_side(300)
    assert 5000 in shown(sheet)
    assert sheet.side == 300


def test_a_crop_is_cut_out_of_the_whole_picture(sheet, qtbot):
    source = Source(sheet, 1)
    image = QImage(640, 480, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    for x in range(100, 200):
        for y in range(100, 200):
            image.setPixelColor(x, y, QColor("#cc0000"))
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")
    source.crop = (110, 110, 190, 190)
    source.give_picture = lambda name: None
    source.give_rows(0, 1)
    sheet.picture_wanted.disconnect()
    sheet.set_current(0)
    sheet.set_picture("k0", bytes(buffer.data().data()))
    qtbot.waitUntil(lambda: len(sheet.thumbnails) == 1)
    cut = sheet.thumbnails.get(sheet.current_cell()).toImage()
    assert (cut.width(), cut.height()) == (80, 80)
    assert cut.pixelColor(5, 5) == QColor("#cc0000")


def test_a_crop_lies_on_the_picture_and_holds_the_box():
    for xyxy in ((0, 0, 10, 10), (600, 440, 640, 480), (300, 10, 310, 470)):
        left, top, right, bottom = crop_around(xyxy, (640, 480))
        assert 0 <= left <= xyxy[0]
        assert 0 <= top <= xyxy[1]
        assert xyxy[2] <= right <= 640
        assert xyxy[3] <= bottom <= 480


def test_the_film_strip_opens_on_a_click_and_marks_without_opening(qtbot):
    strip = FilmStrip()
    qtbot.addWidget(strip)
    strip.resize(800, 120)
    strip.show()
    qtbot.waitExposed(strip)
    Source(strip, 500)
    qtbot.waitUntil(lambda: strip.index_of("k9") is not None)
    opened = []
    strip.opened.connect(opened.append)
    strip.show_current(7)
    assert opened == []
    QTest.keyClick(strip, Qt.Key.Key_Right)
    assert opened == ["k8"]


def test_a_table_of_many_rows_asks_for_what_it_shows(qtbot):
    table = ItemTable(("Name", "Shapes"), frozenset({1}))
    qtbot.addWidget(table)
    asked = []

    def give(offset: int, count: int) -> None:
        asked.append((offset, count))
        table.set_rows(
            offset, [TableRow(f"k{n}", (f"photo-{n}", str(n))) for n in range(offset, offset + count)]
        )

    table.rows_wanted.connect(give)
    table.resize(600, 400)
    table.show()
    qtbot.waitExposed(table)
    table.set_total(MANY)
    qtbot.waitUntil(lambda: bool(asked))
    table.scrollToBottom()
    qtbot.waitUntil(lambda: table.rows.row_at(MANY - 1) is not None)
    assert len(asked) <= 4
    opened = []
    table.opened.connect(opened.append)
    table.set_current(MANY - 1)
    QTest.keyClick(table, Qt.Key.Key_Return)
    assert opened == [f"k{MANY - 1}"]
    assert table.selected_keys() == [f"k{MANY - 1}"]


def test_pages_of_rows_are_asked_for_once_and_forgotten_when_unused():
    rows: RowWindow[int] = RowWindow(page=10, kept=3)
    rows.reset(95)
    assert rows.missing(5, 25) == [(0, 10), (10, 10), (20, 10)]
    assert rows.missing(5, 25) == []
    rows.failed(10)
    assert rows.missing(5, 25) == [(10, 10)]
    for offset in range(0, 50, 10):
        rows.put(offset, range(offset, offset + 10))
    assert rows.row(5) is None
    assert rows.row(45) == 45
    assert rows.missing(90, 200) == [(90, 5)]


def test_a_picture_that_is_never_answered_does_not_hold_up_the_others(sheet, qtbot, monkeypatch):
    asked = []
    source = Source(sheet)
    sheet.picture_wanted.disconnect()
    sheet.picture_wanted.connect(asked.append)
    monkeypatch.setattr("widgets.thumbnails.IN_FLIGHT", 2)
    qtbot.waitUntil(lambda: len(asked) == 2)
    sheet.scroll_to(500)
    qtbot.wait(120)
    assert len(asked) == 2
    monkeypatch.setattr("widgets.thumbnails.PATIENCE_S", -1.0)
    sheet.scroll_to(900)
    qtbot.waitUntil(lambda: len(asked) == 4)
    assert source.rows


@pytest.mark.parametrize("strip", [False, True])
def test_every_cell_is_found_where_it_is_painted(strip):
    grid = Grid(57, (100, 90), (640, 300), strip)
    for scrolled in (0, 33, 400):
        for index in range(57):
            left, top, width, height = grid.rect(index, scrolled)
            assert grid.index_at(left + 3, top + 3, scrolled) == index
            assert grid.index_at(left + width + 2, top + 3, scrolled) is None
            on_screen = left + width > 0 and top + height > 0 and left < 640 and top < 300
            assert index in grid.shown(scrolled) or not on_screen


@pytest.fixture
def large_text():
    before = QApplication.font()
    larger = QFont(before)
    larger.setPointSizeF(before.pointSizeF() * 2)
    yield lambda: QApplication.setFont(larger)
    QApplication.setFont(before)


def test_cells_and_rows_follow_the_size_of_the_text(sheet, qtbot, large_text):
    table = ItemTable(("Name",))
    qtbot.addWidget(table)
    table.show()
    cell, row = sheet.grid().cell, table.verticalHeader().defaultSectionSize()
    large_text()
    qtbot.waitUntil(lambda: sheet.grid().cell[1] > cell[1] + 15)
    assert sheet.grid().cell[0] == cell[0]
    assert table.verticalHeader().defaultSectionSize() > row + 8


@pytest.mark.parametrize(("is_sentence", "kept"), [(False, "end"), (True, "beginning")])
def test_of_a_caption_that_is_too_long_that_is_kept_which_tells(qtbot, is_sentence, kept):
    def drawn(caption: str) -> QImage:
        picture = QImage(120, 120, QImage.Format.Format_RGB32)
        picture.fill(Qt.GlobalColor.white)
        cell = SheetCell("k", caption=caption, is_sentence=is_sentence)
        with QPainter(picture) as painter:
            paint_cell(painter, QRect(0, 0, 120, 120), cell, None, QPalette(), False, False)
        return picture

    middle = " much that is written in every one of these captions "
    assert (drawn("one" + middle + "x") != drawn("two" + middle + "x")) is (kept == "beginning")
    assert (drawn("x" + middle + "one") != drawn("x" + middle + "two")) is (kept == "end")
