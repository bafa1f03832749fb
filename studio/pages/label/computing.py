"""What an editor has computed beside the GUI thread before it becomes an Edit, taken in the order asked."""

from __future__ import annotations

import contextlib
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from PySide6.QtCore import QObject, Qt, Signal


class Computing(QObject):
    """One piece of work after the other. `settle` waits for all: an undo must not overtake a stroke."""

    _ready = Signal()

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._beside = ThreadPoolExecutor(1, "computing")  # its thread is begun with the first work
        self._waiting: deque[tuple[Future[Any], Callable[[Any], None]]] = deque()
        self._is_taking = False
        self._ready.connect(self._take, Qt.ConnectionType.QueuedConnection)

    def add(self, work: Callable[[], Any], done: Callable[[Any], None]) -> None:
        """Carry out `work`; `done` gets its result on the GUI thread, also by way of `settle`."""
        future = self._beside.submit(work)
        self._waiting.append((future, done))
        future.add_done_callback(self._tell)

    def settle(self) -> None:
        """Wait for what is asked, and have it taken. While one result is taken, the others wait behind it."""
        while self._waiting and not self._is_taking:
            self._waiting[0][0].exception()  # waits; what went wrong is raised where it is taken
            self._take()

    def _tell(self, _future: Future[Any]) -> None:
        with contextlib.suppress(RuntimeError):  # the page was deleted meanwhile: nobody asks any more
            self._ready.emit()

    def _take(self) -> None:
        # what takes a result may ask a person, and events come in meanwhile: nothing overtakes it
        while self._waiting and not self._is_taking and self._waiting[0][0].done():
            future, done = self._waiting.popleft()
            self._is_taking = True
            try:
                done(future.result())
            finally:
                self._is_taking = False
