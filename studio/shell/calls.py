"""Background calls: work leaves the GUI thread and comes back as a value, never into a dead widget."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Hashable
from functools import partial
from typing import Any, NamedTuple

from PySide6.QtCore import QObject
from shiboken6 import isValid

from studio.domain.errors import AtelierError

Post = Callable[[Callable[[], None]], None]  # a `Poster`'s: by any thread, to the GUI thread


class Cancelled(Exception):
    """Raised inside a call's work by `check` when nobody waits for its result any more."""


class Workers:
    """A few daemon threads for calls. Daemons, so that a slow node never holds up closing the window."""

    def __init__(self, post: Post, count: int = 6) -> None:
        """`post` leads to the GUI thread."""
        self.post = post
        self._waiting: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._count = count
        for number in range(count):
            threading.Thread(target=self._serve, name=f"call-{number}", daemon=True).start()

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` on one of the threads; it must not raise."""
        self._waiting.put(work)

    def close(self) -> None:
        """Let each thread end after what it is doing."""
        for _ in range(self._count):
            self._waiting.put(None)

    def _serve(self) -> None:
        while (work := self._waiting.get()) is not None:
            work()
            del work  # what it knows of the window is not kept until the next one comes


class _Listeners(NamedTuple):
    """Who hears of a call, and what it does; dropped on the GUI thread, as widgets may hang on them."""

    work: Callable[[Call], Any]
    done: Callable[[Any], None]
    failed: Callable[[AtelierError], None]
    progress: Callable[[float, str], None] | None


class Call:
    """One piece of work in the background. No QObject: other threads hold it (see `Poster`)."""

    def __init__(self, owner: Calls, key: Hashable, post: Post) -> None:
        self.key = key
        self._owner = owner
        self._post = post
        self._stop = threading.Event()
        self._listeners: _Listeners | None = None

    def cancel(self) -> None:
        """Nobody hears of this call again; its work notices at its next `check`."""
        self._stop.set()

    @property
    def is_cancelled(self) -> bool:
        return self._stop.is_set()

    def check(self, share: float | None = None, text: str = "") -> None:
        """For the work itself: say how far it is (0 to 1). Raises `Cancelled` when it should stop."""
        if self._stop.is_set():
            raise Cancelled
        if share is not None:
            self._post(lambda: self._deliver("progress", (share, text)))

    def begin(self, listeners: _Listeners) -> Callable[[], None]:
        """What a worker is to do."""
        self._listeners = listeners
        return self._carry_out

    def _carry_out(self) -> None:
        kind, value = self._outcome()
        self._post(lambda: self._deliver(kind, value))

    def _outcome(self) -> tuple[str, Any]:
        assert self._listeners is not None
        try:
            self.check()
            return "done", self._listeners.work(self)
        except Cancelled:
            return "cancelled", None
        except AtelierError as error:
            return "failed", error
        except Exception as fault:  # noqa: BLE001  a door: it becomes a notification, its trace goes to the log
            return "fault", fault

    def _deliver(self, kind: str, value: Any) -> None:
        # on the GUI thread: what is late or superseded ends here, as does what a deleted page had asked for
        listeners, is_there = self._listeners, isValid(self._owner)
        assert listeners is not None
        live = is_there and not self._stop.is_set() and self._owner.is_current(self)
        if kind == "progress":
            if live and listeners.progress is not None:
                listeners.progress(*value)
            return
        self._listeners = None
        if is_there:
            self._owner.forget(self)
        if live and kind == "fault":
            listeners.failed(self._owner.explain(value))
        elif live and kind == "failed":
            listeners.failed(value)
        elif live and kind == "done":
            listeners.done(value)


class Calls(QObject):
    """The background calls of one page or dialog. A newer call of the same key cancels the older."""

    def __init__(
        self,
        owner: QObject,
        workers: Workers,
        show_error: Callable[[AtelierError], None],
        explain: Callable[[Exception], AtelierError],
    ) -> None:
        """`show_error` hears of failures that nobody asked for; `explain` logs a fault and names it."""
        super().__init__(owner)
        self._workers = workers
        self._show_error = show_error
        self.explain = explain
        self._running: dict[Hashable, Call] = {}
        self.destroyed.connect(partial(_cancel, self._running))

    def start(
        self,
        key: Hashable,
        work: Callable[[Call], Any],
        done: Callable[[Any], None],
        failed: Callable[[AtelierError], None] | None = None,
        progress: Callable[[float, str], None] | None = None,
    ) -> Call:
        """Run `work(call)` in the background; `done(result)` or `failed(error)` follows on the GUI thread.

        `key` names what is asked for, e.g. ("document", item). Results are plain data: structs, arrays,
        QImage, never a QPixmap or a widget.
        """
        self.cancel(key)
        call = Call(self, key, self._workers.post)
        self._running[key] = call
        self._workers.submit(call.begin(_Listeners(work, done, failed or self._show_error, progress)))
        return call

    def cancel(self, key: Hashable) -> None:
        """Cancel the call of this key, if there is one."""
        if (older := self._running.pop(key, None)) is not None:
            older.cancel()

    def cancel_all(self) -> None:
        """Cancel everything that is under way."""
        _cancel(self._running)

    def is_running(self, key: Hashable) -> bool:
        """Whether a call of this key is under way."""
        return key in self._running

    def is_current(self, call: Call) -> bool:
        """Whether `call` is the newest of its key."""
        return self._running.get(call.key) is call

    def forget(self, call: Call) -> None:
        """Drop a call that has ended."""
        if self.is_current(call):
            del self._running[call.key]


def _cancel(running: dict[Hashable, Call]) -> None:
    while running:
        running.popitem()[1].cancel()
