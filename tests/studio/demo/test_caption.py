"""The guide's bar covers nothing, and its buttons say what the person wants."""

from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect
from PySide6.QtWidgets import QApplication, QPushButton
from pytestqt.qtbot import QtBot

from studio.demo.caption import Caption
from studio.domain.contracts.plugin import load_part
from studio.shell.main import PAGES
from studio.shell.page import Place
from studio.shell.settings import Settings
from studio.shell.theme import palette_of
from studio.shell.window import MainWindow

LONGEST = "Some items are set aside: no model trains on them, and they answer only with figures."


@pytest.mark.parametrize("size", [(1600, 1000), (1280, 800)])
def test_the_page_makes_room_for_the_guide(
    qapp: QApplication, qtbot: QtBot, tmp_path: Path, size: tuple[int, int]
) -> None:
    window = MainWindow(qapp, load_part(PAGES), Settings(tmp_path), tmp_path / "studio.log")
    window.setPalette(palette_of("light"))
    caption = Caption(window)
    caption.say("Seal a suite", LONGEST, "3 of 12")
    window.resize(*size)
    window.show()
    window.go(Place("home"))
    qtbot.waitUntil(lambda: caption.height() > 20)
    rects = [
        QRect(each.mapTo(window, QPoint()), each.size())
        for each in (caption, window.rail, window.stack, window.status, window.menuBar())
    ]
    assert not any(rects[0].intersects(other) for other in rects[1:])
    assert caption.height() < 64
    words = caption._words
    seen = window.grab(QRect(words.mapTo(window, QPoint()), words.size())).toImage()
    shades = [seen.pixelColor(x, y).lightness() for x in range(300) for y in range(seen.height())]
    assert sorted(shades)[len(shades) // 2] < 90 < 200 < max(shades)  # light words on a dark bar
    assert words.fontMetrics().horizontalAdvance(LONGEST) <= words.width()
    window.close()
    window.deleteLater()


def test_its_buttons_are_wishes(qapp: QApplication, tmp_path: Path) -> None:
    window = MainWindow(qapp, load_part(PAGES), Settings(tmp_path), tmp_path / "studio.log")
    caption = Caption(window)
    pause, stop = (
        next(
            each for each in caption.findChildren(QPushButton) if each.accessibleName() == f"{name} the guide"
        )
        for name in ("Pause", "Stop")
    )
    assert caption.wish() == ""
    pause.click()
    assert (caption.wish(), pause.text()) == ("pause", "Go on")
    pause.click()
    assert caption.wish() == ""
    stop.click()
    assert caption.wish() == "stop"
    window.close()
    window.deleteLater()
