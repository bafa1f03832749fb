"""Work beside the GUI: answers come through the dispatch, late ones never."""

import threading
import time

import pytest

from studio.client import ActivityClock, Background, Task
from tests.studio.client.test_open_document import until


class Post:
    """A GUI thread's queue, emptied by hand."""

    def __init__(self) -> None:
        self.waiting: list[object] = []

    def __call__(self, call: object) -> None:
        self.waiting.append(call)

    def empty(self) -> None:
        while self.waiting:
            self.waiting.pop(0)()  # type: ignore[operator]


def test_an_answer_is_told_through_the_dispatch() -> None:
    post, told = Post(), []
    background = Background(post)
    background.call("a", lambda task: 6 * 7, told.append)
    until(lambda: bool(post.waiting))
    assert told == []
    post.empty()
    assert told == [42]
    background.close()


def test_a_newer_call_under_one_key_calls_the_older_off() -> None:
    told: list[str] = []
    background = Background()
    held = threading.Event()

    def slow(task: Task) -> str:
        held.wait(10)
        task.check()
        return "old"

    older = background.call("document", slow, told.append)
    background.call("document", lambda task: "new", told.append)
    assert older.is_cancelled
    held.set()
    until(lambda: told == ["new"])
    time.sleep(0.02)
    assert told == ["new"]
    background.close()


def test_an_answer_that_comes_after_the_cancel_is_dropped_even_when_it_was_posted() -> None:
    post, told = Post(), []
    background = Background(post)
    background.call("a", lambda task: 1, told.append)
    until(lambda: bool(post.waiting))
    background.cancel("a")
    post.empty()
    assert told == []
    background.close()


def test_what_goes_wrong_is_told_and_progress_comes_before() -> None:
    told: list[object] = []
    background = Background()

    def work(task: Task) -> None:
        task.check(0.5, "half")
        raise ValueError("no")

    background.call(
        "a",
        work,
        told.append,
        failed=lambda error: told.append(str(error)),
        progress=lambda *at: told.append(at),
    )
    until(lambda: told == [(0.5, "half"), "no"])
    background.close()


def test_what_goes_wrong_and_nobody_asked_for_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    background = Background()
    background.call("quiet", lambda task: 1 / 0, print)
    until(lambda: "ZeroDivisionError" in caplog.text)
    background.close()


def test_closing_calls_everything_off() -> None:
    background = Background(workers=1)
    begun, stopped = threading.Event(), threading.Event()

    def work(task: Task) -> None:
        begun.set()
        try:
            while True:
                task.check()
                time.sleep(0.001)
        finally:
            stopped.set()

    background.call("a", work, print)
    assert begun.wait(10)
    background.close()
    assert stopped.wait(10)


def test_active_seconds_leave_long_pauses_out() -> None:
    now = [0.0]
    clock = ActivityClock(lambda: now[0])
    for at in (0.0, 2.0, 12.0, 100.0, 103.0):  # 88 s of coffee
        now[0] = at
        clock.touch()
    now[0] = 104.0
    assert clock.take() == 16.0
    now[0] = 105.0
    assert clock.take() == 1.0
    now[0] = 200.0
    assert clock.take() == 0.0
