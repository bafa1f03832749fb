"""News for one owner thread: taken in one after the other, in the order they came."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable

from msgspec import Struct

Dispatch = Callable[[Callable[[], None]], None]


class _Letter(Struct):
    work: Callable[[], None]
    done: threading.Event | None
    error: Exception | None = None


class Mailbox:
    """Runs what is posted on the thread that `dispatch` leads to; without one, on whoever posts, locked."""

    def __init__(self, dispatch: Dispatch | None) -> None:
        self.lock = threading.RLock()
        self.is_closed = False
        self._dispatch = dispatch or (lambda call: call())
        self._letters: deque[_Letter] = deque()
        self._is_anybodys = dispatch is None
        self._owner = 0
        if dispatch is not None:
            dispatch(self._meet_owner)

    def post(self, work: Callable[[], None]) -> None:
        """Have `work` done soon."""
        self._letters.append(_Letter(work, None))
        self._dispatch(self.empty)

    def hand_over(self, work: Callable[[], None]) -> bool:
        """Have `work` done, and wait for it; whether it was. What it raises is raised here."""
        letter = _Letter(work, threading.Event())
        self._letters.append(letter)
        self._dispatch(self.empty)
        assert letter.done is not None
        while not letter.done.wait(0.25):
            if self.is_closed:  # the owner's thread may be gone, or be waiting for us
                return False
        if letter.error is not None:
            raise letter.error
        return True

    def empty_here(self) -> bool:
        """Do what was posted where this is the owner's thread; whether it is."""
        if not self._is_anybodys and threading.get_ident() != self._owner:
            return False
        self.empty()
        return True

    def _meet_owner(self) -> None:
        self._owner = threading.get_ident()

    def empty(self) -> None:
        """Do what was posted; on the owner's thread."""
        with self.lock:
            while self._letters:
                letter = self._letters.popleft()
                try:
                    letter.work()
                except Exception as error:
                    if letter.done is None:
                        raise
                    letter.error = error
                finally:
                    if letter.done is not None:
                        letter.done.set()
