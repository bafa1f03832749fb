"""Background calls: work leaves the GUI thread and comes back as a value, never into a dead widget."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal

from studio.domain.errors import AtelierError


class Cancelled(Exception):
    """Raised inside a call's work by `check` when nobody waits for its result any more."""


class Workers:
    """A few daemon threads for calls. Daemons, so that a slow node never holds up closing the window."""

    def __init__(self, count: int = 6) -> None:
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


class Call(QObject):
    """One piece of work in the background. A child of its owner's `Calls`: it dies with the page."""

    progress = Signal(float, str)
    done = Signal(object)
    failed = Signal(object)  # an AtelierError
    _raw = Signal(str, object)

    def __init__(self, owner: Calls, key: Hashable) -> None:
        super().__init__(owner)
        self.key = key
        self._owner = owner
        self._stop = threading.Event()
        self._raw.connect(self._deliver, Qt.ConnectionType.QueuedConnection)

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
            self._send("progress", (share, text))

    def _send(self, kind: str, value: object) -> None:
        try:
            self._raw.emit(kind, value)
        except RuntimeError:  # the owner was deleted meanwhile: that is a cancel
            self._stop.set()

    def _carry_out(self, work: Callable[[Call], Any]) -> None:
        try:
            self.check()
            result = work(self)
        except Cancelled:
            self._send("cancelled", None)
        except AtelierError as error:
            self._send("failed", error)
        except Exception as fault:  # noqa: BLE001  a door: it becomes a notification, its trace goes to the log
            self._send("fault", fault)
        else:
            self._send("done", result)

    def _deliver(self, kind: str, value: Any) -> None:
        # on the GUI thread: what is late or superseded ends here
        live = not self._stop.is_set() and self._owner.is_current(self)
        if kind == "progress":
            if live:
                self.progress.emit(*value)
            return
        self._owner.forget(self)
        if live and kind == "fault":
            self.failed.emit(self._owner.explain(value))
        elif live and kind == "failed":
            self.failed.emit(value)
        elif live and kind == "done":
            self.done.emit(value)
        self.deleteLater()


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
        call = Call(self, key)
        call.done.connect(done)
        call.failed.connect(failed or self._show_error)
        if progress is not None:
            call.progress.connect(progress)
        self._running[key] = call
        self._workers.submit(lambda: call._carry_out(work))
        return call

    def cancel(self, key: Hashable) -> None:
        """Cancel the call of this key, if there is one."""
        if (older := self._running.pop(key, None)) is not None:
            older.cancel()

    def cancel_all(self) -> None:
        """Cancel everything that is under way."""
        for key in list(self._running):
            self.cancel(key)

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
