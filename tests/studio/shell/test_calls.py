"""Background calls: values come back, late ones do not, and nothing is swallowed."""

from __future__ import annotations

import threading
from collections.abc import Callable

from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from studio.domain.errors import AtelierError
from studio.shell.calls import Call, Calls

Make = Callable[[QObject], Calls]


def test_a_result_arrives_on_the_gui_thread(qtbot: QtBot, make_calls: Make) -> None:
    owner, came = QObject(), []
    calls = make_calls(owner)
    calls.start("sum", lambda _call: 1 + 1, lambda value: came.append((value, threading.current_thread())))
    qtbot.waitUntil(lambda: bool(came))
    assert came == [(2, threading.main_thread())]
    assert not calls.is_running("sum")


def test_a_newer_call_of_the_same_key_silences_the_older(qtbot: QtBot, make_calls: Make) -> None:
    owner, came, go = QObject(), [], threading.Event()
    calls = make_calls(owner)
    first = calls.start("item", lambda _call: go.wait(5) and "old", came.append)
    calls.start("item", lambda _call: "new", came.append)
    qtbot.waitUntil(lambda: came == ["new"])
    go.set()
    qtbot.wait(50)
    assert came == ["new"]
    assert first is not None


def test_work_that_was_called_off_notices_at_its_next_check(qtbot: QtBot, make_calls: Make) -> None:
    owner, ended, begun = QObject(), threading.Event(), threading.Event()

    def work(call: Call) -> None:
        begun.set()
        try:
            while True:
                call.check(0.5, "half")
                threading.Event().wait(0.005)
        finally:
            ended.set()

    calls = make_calls(owner)
    calls.start("long", work, lambda _none: None)
    qtbot.waitUntil(begun.is_set)
    calls.cancel("long")
    qtbot.waitUntil(ended.is_set)


def test_a_deleted_page_hears_nothing(qtbot: QtBot, make_calls: Make) -> None:
    owner, came, go = QObject(), [], threading.Event()
    make_calls(owner).start("late", lambda _call: go.wait(5), came.append)
    owner.deleteLater()
    qtbot.wait(30)
    go.set()
    qtbot.wait(80)
    assert came == []


def test_a_failure_that_nobody_asked_for_is_shown(
    qtbot: QtBot, make_calls: Make, errors: list[AtelierError]
) -> None:
    owner = QObject()
    calls = make_calls(owner)

    def refuse(_call: Call) -> None:
        raise AtelierError("document.stale", "Somebody was quicker.")

    def break_down(_call: Call) -> None:
        raise ZeroDivisionError

    calls.start("a", refuse, lambda _none: None)
    qtbot.waitUntil(lambda: [error.code for error in errors] == ["document.stale"])
    calls.start("b", break_down, lambda _none: None)
    qtbot.waitUntil(lambda: [error.code for error in errors] == ["document.stale", "studio.fault"])
    assert "Traceback" not in str(errors[1])


def test_progress_is_told_while_it_runs(qtbot: QtBot, make_calls: Make) -> None:
    owner, told, done = QObject(), [], []

    def work(call: Call) -> str:
        for step in range(3):
            call.check(step / 2, f"step {step}")
        return "end"

    make_calls(owner).start("p", work, done.append, progress=lambda share, text: told.append((share, text)))
    qtbot.waitUntil(lambda: done == ["end"])
    assert told == [(0.0, "step 0"), (0.5, "step 1"), (1.0, "step 2")]
