"""What other threads want to have run comes to the GUI thread, in order, and never to one that is gone."""

from __future__ import annotations

import gc
import os
import threading

from PySide6.QtCore import QEventLoop, QObject
from pytestqt.qtbot import QtBot

from widgets.posting import Poster


def test_functions_run_on_the_thread_that_made_it_in_their_order(qtbot: QtBot) -> None:
    poster, came = Poster(), []

    def post(name: int) -> None:
        for number in range(500):
            poster.post(lambda n=number: came.append((name, n, threading.current_thread())))

    threads = [threading.Thread(target=post, args=(name,)) for name in range(4)]
    for each in threads:
        each.start()
    qtbot.waitUntil(lambda: len(came) == 2000)
    assert {thread for *_, thread in came} == {threading.main_thread()}
    for name in range(4):
        assert [number for one, number, _ in came if one == name] == list(range(500))


def test_nothing_runs_once_it_is_deleted(qtbot: QtBot) -> None:
    owner = QObject()
    poster, came, go = Poster(owner), [], threading.Event()

    def post() -> None:
        go.wait(5)
        for _ in range(1000):
            poster.post(lambda: came.append(1))

    thread = threading.Thread(target=post)
    thread.start()
    owner.deleteLater()
    qtbot.wait(20)
    go.set()
    thread.join(5)
    qtbot.wait(20)
    assert came == []


def test_a_function_that_fails_takes_none_of_the_others_with_it(qtbot: QtBot) -> None:
    poster, came = Poster(), []

    def fail() -> None:
        raise ZeroDivisionError

    with qtbot.captureExceptions() as faults:
        poster.post(fail)
        poster.post(lambda: came.append("after"))
        qtbot.waitUntil(lambda: came == ["after"])
    assert [fault[0] for fault in faults] == [ZeroDivisionError]


def test_an_event_loop_inside_a_function_hears_of_the_next(qtbot: QtBot) -> None:
    poster, loop, came = Poster(), QEventLoop(), []
    poster.post(lambda: came.append(loop.exec()))
    poster.post(lambda: came.append("inside") or loop.quit())
    qtbot.waitUntil(lambda: len(came) == 2)
    assert came == ["inside", 0]


def test_it_leaves_no_descriptor_open(qtbot: QtBot) -> None:
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(50):
        owner = QObject()
        Poster(owner).post(lambda: None)
        owner.deleteLater()
    qtbot.wait(20)
    gc.collect()
    assert len(os.listdir("/proc/self/fd")) <= before
