"""Ticking by a click anywhere on a row, and by the keyboard."""

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QListWidgetItem, QStyle, QStyleOptionViewItem

from widgets.tick_list import TickList

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def ticks(qtbot):
    made = TickList("Classes")
    qtbot.addWidget(made)
    for name in ("car", "van", "a class with a rather long name"):
        row = QListWidgetItem(name)
        row.setFlags(Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsUserCheckable)
        row.setCheckState(Qt.CheckState.Unchecked)
        made.addItem(row)
    made.resize(260, 160)
    made.show()
    return made


def ticked(ticks: TickList) -> list[str]:
    rows = [ticks.item(row) for row in range(ticks.count())]
    return [row.text() for row in rows if row.checkState() == Qt.CheckState.Checked]


def box_of(ticks: TickList, row: int) -> QPoint:
    option = QStyleOptionViewItem()
    ticks.initViewItemOption(option)
    option.features |= QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator
    option.rect = ticks.visualItemRect(ticks.item(row))
    return (
        ticks.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, option, ticks).center()
    )


def test_a_click_on_the_name_the_box_or_the_empty_end_of_a_row_ticks_it(ticks):
    rows = [ticks.visualItemRect(ticks.item(row)) for row in range(3)]
    QTest.mouseClick(ticks.viewport(), LEFT, pos=QPoint(60, rows[0].center().y()))
    assert ticked(ticks) == ["car"]
    QTest.mouseClick(ticks.viewport(), LEFT, pos=box_of(ticks, 1))
    assert ticked(ticks) == ["car", "van"]
    QTest.mouseClick(ticks.viewport(), LEFT, pos=QPoint(rows[0].right() - 3, rows[0].center().y()))
    assert ticked(ticks) == ["van"]


def test_each_click_is_told_once_and_the_other_button_does_nothing(ticks):
    heard = []
    ticks.itemChanged.connect(lambda row: heard.append(row.text()))
    middle = ticks.visualItemRect(ticks.item(0)).center()
    QTest.mouseClick(ticks.viewport(), LEFT, pos=middle)
    QTest.mouseClick(ticks.viewport(), Qt.MouseButton.RightButton, pos=middle)
    assert heard == ["car"]
    QTest.mouseClick(ticks.viewport(), LEFT, pos=QPoint(60, 150))  # below the rows
    assert heard == ["car"]


def test_space_ticks_the_row_that_the_arrows_chose(ticks):
    ticks.setFocus()
    ticks.setCurrentRow(0)
    QTest.keyClick(ticks, Qt.Key.Key_Down)
    QTest.keyClick(ticks, Qt.Key.Key_Space)
    assert ticked(ticks) == ["van"]
    QTest.keyClick(ticks, Qt.Key.Key_Space)
    assert ticked(ticks) == []
