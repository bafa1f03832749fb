"""The event hub: what was committed, in order, to every studio that listens."""

import threading
from collections import deque
from collections.abc import Callable

from studio.domain.wire.jobs import Event

_KEPT = 10_000  # a studio that was away longer sees a gap and fetches again


class Events:
    """Keeps the latest events and hands new ones to listeners; callable from any thread."""

    def __init__(self, head: int = 0) -> None:
        """`head`: the number of the last event before this start of the node."""
        self._head = head
        self._lock = threading.Lock()
        self._kept: deque[Event] = deque(maxlen=_KEPT)
        self._listeners: dict[int, Callable[[Event | None], None]] = {}
        self._next = 0
        self._closed = False

    def publish(self, events: list[Event]) -> None:
        """Called by the store after a commit, in the order of the numbers."""
        with self._lock:
            self._kept.extend(events)
            self._head = events[-1].number
            listeners = list(self._listeners.values())
        for listener in listeners:
            for event in events:
                listener(event)

    def since(self, number: int) -> list[Event]:
        """The events after `number` that are still kept. A gap in the numbers means: fetch again."""
        with self._lock:
            return [event for event in self._kept if event.number > number]

    def head(self) -> int:
        """The number of the last event; a studio that has heard of a lower one missed something."""
        with self._lock:
            return self._head

    def listen(self, listener: Callable[[Event | None], None]) -> Callable[[], None]:
        """Have `listener` called with each new event, and with None when the node stops; returns the way out.

        It is called on the thread that wrote, and must not block.
        """
        with self._lock:
            key, self._next = self._next, self._next + 1
            if not self._closed:
                self._listeners[key] = listener
        if self._closed:
            listener(None)

        def leave() -> None:
            with self._lock:
                self._listeners.pop(key, None)

        return leave

    def close(self) -> None:
        """Let every listener go: the node stops."""
        with self._lock:
            self._closed = True
            listeners = list(self._listeners.values())
            self._listeners.clear()
        for listener in listeners:
            listener(None)
