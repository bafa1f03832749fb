"""What is computed beside the GUI is taken in order, and an undo waits for it."""

import threading

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from studio.pages.label.computing import Computing


def test_results_are_taken_in_the_order_asked(qtbot: QtBot) -> None:
    owner = QObject()
    computing, taken = Computing(owner), list[int]()
    for number in range(5):
        computing.add(lambda number=number: number, taken.append)
    qtbot.waitUntil(lambda: taken == [0, 1, 2, 3, 4])


def test_settling_waits_for_what_is_under_way(qtbot: QtBot) -> None:
    owner = QObject()
    computing, taken, may_go = Computing(owner), list[str](), threading.Event()

    def slow() -> str:
        may_go.wait(10)
        return "stroke"

    computing.add(slow, taken.append)
    threading.Timer(0.1, may_go.set).start()
    assert taken == []
    computing.settle()
    assert taken == ["stroke"]
    computing.settle()
    qtbot.wait(10)
    assert taken == ["stroke"], "and not once more"


def test_nothing_overtakes_a_result_that_asks_a_person(qtbot: QtBot) -> None:
    owner = QObject()
    computing, taken = Computing(owner), list[str]()

    def asks(result: str) -> None:
        qtbot.wait(50)  # a dialog: events come in
        computing.settle()
        taken.append(result)

    computing.add(lambda: "first", asks)
    computing.add(lambda: "second", taken.append)
    qtbot.waitUntil(lambda: taken == ["first", "second"])
