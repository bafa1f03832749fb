"""Work beside the GUI, without Qt: keyed tasks on a few threads, called off by newer ones of their key."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from studio.client.mailbox import Dispatch

_LOG = logging.getLogger("atelier.client")


class Cancelled(Exception):
    """Raised by `Task.check` where the task was called off; not an error."""


class Task:
    """One call under way. The worker calls `check` often."""

    def __init__(self, key: Hashable, tell: Callable[[float | None, str], None]) -> None:
        self.key = key
        self._stop = threading.Event()
        self._tell = tell

    @property
    def is_cancelled(self) -> bool:
        """Whether it was called off."""
        return self._stop.is_set()

    def check(self, done: float | None = None, text: str = "") -> None:
        """Report progress (0 to 1, or None) and a short text; raises `Cancelled` when called off."""
        if self._stop.is_set():
            raise Cancelled
        if done is not None or text:
            self._tell(done, text)

    def cancel(self) -> None:
        """Call it off; its answer will not be told."""
        self._stop.set()


class Background:
    """Runs functions on threads and hands their answers back through `dispatch`; late ones are dropped."""

    def __init__(self, dispatch: Dispatch | None = None, workers: int = 4) -> None:
        self._dispatch: Dispatch = dispatch or (lambda call: call())
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="background")
        self._lock = threading.Lock()
        self._tasks: dict[Hashable, Task] = {}

    def call(
        self,
        key: Hashable,
        work: Callable[[Task], Any],
        done: Callable[[Any], None],
        failed: Callable[[Exception], None] | None = None,
        progress: Callable[[float | None, str], None] | None = None,
    ) -> Task:
        """Run `work`; then `done` with its answer, or `failed` with what it raised (by default it is logged).

        A newer call under the same key calls the older off.
        """

        def tell(share: float | None, text: str) -> None:
            if progress is not None:
                self._dispatch(lambda: progress(share, text) if self._is_current(task) else None)

        task = Task(key, tell)
        with self._lock:
            older = self._tasks.pop(key, None)
            self._tasks[key] = task
        if older is not None:
            older.cancel()

        def run() -> None:
            try:
                task.check()
                answer = work(task)
            except Cancelled:
                self._end(task, lambda: None)
            except Exception as error:  # noqa: BLE001  the door of background work: it is told or logged
                told = error  # `error` is unbound when the lambda runs
                if failed is None:
                    _LOG.error("background %s", key, exc_info=error)
                self._end(task, lambda: failed(told) if failed is not None else None)
            else:
                self._end(task, lambda: done(answer))

        self._pool.submit(run).add_done_callback(_log_fault)
        return task

    def cancel(self, key: Hashable) -> None:
        """Call off what runs under `key`."""
        with self._lock:
            task = self._tasks.pop(key, None)
        if task is not None:
            task.cancel()

    def close(self) -> None:
        """Call everything off and take no more."""
        with self._lock:
            tasks, self._tasks = list(self._tasks.values()), {}
        for each in tasks:
            each.cancel()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _is_current(self, task: Task) -> bool:
        return not task.is_cancelled and self._tasks.get(task.key) is task

    def _end(self, task: Task, then: Callable[[], None]) -> None:
        def work() -> None:
            with self._lock:
                current = self._is_current(task)
                if current:
                    del self._tasks[task.key]
            if current:
                then()

        self._dispatch(work)


def _log_fault(future: Future[None]) -> None:
    fault = None if future.cancelled() else future.exception()
    if fault is not None:  # of whoever took the answer in
        _LOG.error("background", exc_info=fault)
