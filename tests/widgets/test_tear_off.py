"""A view in a window of its own: what is left says so, and it comes home by every way there is."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtGui import QAction, QGuiApplication, QKeySequence
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QPushButton, QSplitter, QVBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from studio.cli.screen import own_screen
from widgets.tear_off import TearOff, _TitleStrip, _TornWindow


class Ground:
    """A window with one view in a place of its own, and a key that the window has."""

    def __init__(self, qtbot: QtBot) -> None:
        self.view = QLineEdit()
        self.place = TearOff("Top view", self.view)
        self.window = QWidget()
        self.window.resize(400, 300)
        QVBoxLayout(self.window).addWidget(self.place)
        self.undone = 0
        undo = QAction("Undo", self.window)
        undo.setShortcut(QKeySequence("Ctrl+Shift+U"))
        undo.triggered.connect(self.undo)
        self.window.addAction(undo)
        self.told: list[bool] = []
        self.place.turned.connect(lambda: self.told.append(self.place.is_torn))
        qtbot.addWidget(self.window)
        self.window.show()
        qtbot.waitExposed(self.window)

    def undo(self) -> None:
        self.undone += 1

    @property
    def torn(self) -> _TornWindow:
        found = self.view.window()
        assert isinstance(found, _TornWindow)
        return found

    def is_home(self) -> bool:
        return self.view.window() is self.window and self.view.isVisible() and not self.place.is_torn

    def seen(self, kind: type[QWidget]) -> list[QWidget]:
        found = self.window.findChildren(kind)
        return [each for each in found if each.isVisible() and each.window() is self.window]

    def says(self) -> list[str]:
        return [each.text() for each in self.seen(QLabel)]


@pytest.fixture
def ground(qtbot: QtBot) -> Ground:
    return Ground(qtbot)


def by_its_window(ground: Ground) -> None:
    ground.torn.close()


def by_its_title(ground: Ground) -> None:
    QTest.mouseDClick(ground.torn.findChild(_TitleStrip), Qt.MouseButton.LeftButton, pos=QPoint(20, 8))


def by_the_empty_place(ground: Ground) -> None:
    (button,) = ground.seen(QPushButton)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def by_command(ground: Ground) -> None:
    ground.place.turn()


@pytest.mark.parametrize("way", [by_its_window, by_its_title, by_the_empty_place, by_command])
def test_it_stands_in_a_window_of_its_own_and_comes_home(
    ground: Ground, way: Callable[[Ground], None]
) -> None:
    QTest.mouseClick(ground.place._corner, Qt.MouseButton.LeftButton)
    assert ground.place.is_torn
    assert ground.view.isVisible()
    assert ground.torn.windowTitle() == "Top view"
    assert ground.says() == ["Top view is in a window of its own"]
    assert not ground.place._corner.isVisible()
    way(ground)
    assert ground.is_home()
    assert ground.says() == []
    assert ground.place._corner.isVisible()
    assert ground.told == [True, False]


def test_it_comes_home_to_the_share_that_it_was_torn_from(qtbot: QtBot) -> None:
    around = QSplitter()
    places = [TearOff(name, QLineEdit()) for name in ("left", "middle", "right")]
    for place in places:
        place.setMinimumWidth(40)
        around.addWidget(place)
    around.resize(1000, 200)
    qtbot.addWidget(around)
    around.show()
    qtbot.waitExposed(around)
    around.setSizes([500, 300, 200])
    before = around.sizes()
    places[0].tear_off()
    around.setSizes([10, 700, 290])
    places[0].come_home()
    assert around.sizes()[0] == pytest.approx(before[0], abs=4)
    assert around.sizes()[1] > 2 * around.sizes()[2]
    places[2].tear_off()
    around.setSizes([200, 200, 600])  # a person made more room for it
    wide = around.sizes()
    places[2].come_home()
    assert around.sizes() == wide


def test_keys_of_the_window_work_in_it(ground: Ground, qtbot: QtBot) -> None:
    ground.place.tear_off()
    qtbot.waitUntil(lambda: QApplication.activeWindow() is ground.torn)
    QTest.keyClick(
        ground.view, Qt.Key.Key_U, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    )
    assert ground.undone == 1
    QTest.keyClick(ground.view, Qt.Key.Key_A)
    assert ground.view.text() == "a"


def test_it_goes_and_comes_with_the_place_that_it_was_torn_from(ground: Ground) -> None:
    ground.place.tear_off()
    ground.place.hide()
    assert not ground.torn.isVisible()
    ground.place.show()
    assert ground.torn.isVisible()
    assert ground.place.is_torn


def test_it_comes_home_when_its_screen_goes_and_is_not_remembered_as_brought_home(ground: Ground) -> None:
    ground.place.tear_off()
    screen = ground.torn.screen()
    application = QGuiApplication.instance()
    application.screenRemoved.emit(screen)
    assert ground.is_home()
    assert ground.told == [True]


def test_where_it_is_moved_is_told_once_it_stays_there(ground: Ground, qtbot: QtBot) -> None:
    ground.place.tear_off(QRect(30, 40, 300, 200), quietly=True)
    assert ground.told == []
    QApplication.processEvents()
    with qtbot.waitSignal(ground.place.turned):
        ground.torn.move(90, 80)
    assert ground.place.place.size() == QRect(0, 0, 300, 200).size()


def test_a_place_that_is_thrown_away_takes_its_window_along(ground: Ground, qtbot: QtBot) -> None:
    ground.place.tear_off()
    torn = ground.torn
    with qtbot.waitSignal(torn.destroyed):
        ground.place.deleteLater()


def test_it_goes_to_the_second_screen_and_comes_home_when_that_is_unplugged() -> None:
    with own_screen((1600, 1000)) as screen:
        said = subprocess.run(
            [sys.executable, "-m", "tests.widgets.second_screen"],
            env=screen.environment(),
            cwd=Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
    assert said.stdout.split("\n")[:2] == ["torn onto RIGHT", "at home"], said.stderr
