"""A way to the GUI thread, for what other threads want to have run there."""

from __future__ import annotations

import socket
import weakref
from collections import deque
from collections.abc import Callable
from contextlib import suppress

from PySide6.QtCore import QObject, QSocketNotifier


class Poster(QObject):
    """`post(function)` may be called on any thread; the function runs soon, on the thread that made this.

    By a socket and not by a signal: a thread that emits one may still be inside `QObject::doActivate` when
    what it brought has been dealt with and the sender is deleted, and then reads freed memory (seen with Qt
    6.11). A thread that posts touches nothing of Qt's, and holds nothing of it by holding `post`.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        ear, bell = socket.socketpair()
        self._ear = ear
        self._box = _Box(bell)
        self.post = self._box.post
        ear.setblocking(False)
        notifier = QSocketNotifier(ear.fileno(), QSocketNotifier.Type.Read, self)
        notifier.activated.connect(self._run)
        self.destroyed.connect(ear.close)
        weakref.finalize(self, ear.close)

    def _run(self) -> None:
        with suppress(BlockingIOError):
            self._ear.recv(64)
        if (function := self._box.taken()) is not None:
            function()


class _Box:
    """What waits to be run, and the bell that says so."""

    def __init__(self, bell: socket.socket) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._rung = False
        self._bell = bell
        bell.setblocking(False)
        weakref.finalize(self, bell.close)  # whoever rings it holds us

    def post(self, function: Callable[[], None]) -> None:
        """Run `function` on the thread that listens; silently dropped once nobody does."""
        self._waiting.append(function)
        if not self._rung:
            self._ring()

    def taken(self) -> Callable[[], None] | None:
        """The next function, with the bell rung for those behind it: it may fail, or hold an event loop."""
        self._rung = False  # before the queue is looked at: what is appended from here on rings anew
        if not self._waiting:
            return None
        function = self._waiting.popleft()
        if self._waiting:
            self._ring()
        return function

    def _ring(self) -> None:
        self._rung = True
        with suppress(OSError):  # nobody listens any more
            self._bell.send(b"\0")
