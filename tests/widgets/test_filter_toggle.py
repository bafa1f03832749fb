"""A filter's state is seen at a glance, in either theme."""

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage, QPalette
from PySide6.QtTest import QTest

from studio.shell.theme import palette_of
from widgets.filter_toggle import FilterToggle


def most_of(toggle: FilterToggle) -> QColor:
    """The colour of its background, away from words and mark."""
    return toggle.grab().toImage().pixelColor(toggle.width() // 2, 4)


def lightnesses(mark: QImage, x: int, y: int) -> list[bool]:
    """Along the mark's middle row and column, what differs from its corner."""
    corner = mark.pixel(0, 0)
    row = [mark.pixel(each, y) != corner for each in range(mark.width())]
    return row + [mark.pixel(x, each) != corner for each in range(mark.height())]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_on_is_told_from_off_by_colour_and_by_its_mark(qtbot, theme):
    toggle = FilterToggle("Confusions  12", True)
    qtbot.addWidget(toggle)
    palette = palette_of(theme)
    toggle.setPalette(palette)
    toggle.resize(toggle.sizeHint())
    assert most_of(toggle) == palette.color(QPalette.ColorRole.Highlight)
    ticked = toggle.grab().toImage().copy(9, 6, 14, 14)
    QTest.mouseClick(toggle, Qt.MouseButton.LeftButton)
    assert most_of(toggle) == palette.color(QPalette.ColorRole.Base)
    empty = toggle.grab().toImage().copy(9, 6, 14, 14)
    # whoever sees no colours sees the mark: a stroke from edge to edge, or an empty square
    assert lightnesses(ticked, 7, 7) != lightnesses(empty, 7, 7)


def test_it_turns_by_the_keyboard_and_does_not_change_its_width(qtbot):
    toggle = FilterToggle("Right", False)
    qtbot.addWidget(toggle)
    turned = []
    toggle.toggled.connect(turned.append)
    width = toggle.sizeHint().width()
    QTest.keyClick(toggle, Qt.Key.Key_Space)
    assert turned == [True]
    assert toggle.sizeHint().width() == width
