"""What time it is: wall time for records, monotonic time for leases and delays."""

import time
from typing import Protocol


class Clock(Protocol):
    """The two times. Order never comes from `now_ns`: a clock may be set back."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""

    def monotonic_s(self) -> float:
        """Seconds since some moment; never goes back."""


class SystemClock:
    """The machine's own."""

    def now_ns(self) -> int:
        return time.time_ns()

    def monotonic_s(self) -> float:
        return time.monotonic()
