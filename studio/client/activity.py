"""How long a person really worked on an Edit: time between touches, without the long pauses."""

import time
from collections.abc import Callable

IDLE_S = 30.0


class ActivityClock:
    """Counts active seconds. A pause longer than 30 s does not count at all."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: float | None = None
        self._active_s = 0.0

    def touch(self) -> None:
        """A pointer or key event: the person is there."""
        now = self._now()
        if self._last is not None and now - self._last <= IDLE_S:
            self._active_s += now - self._last
        self._last = now

    def take(self) -> float:
        """The seconds since the last `take`, for the Edit that is made now."""
        self.touch()
        taken, self._active_s = self._active_s, 0.0
        return taken
