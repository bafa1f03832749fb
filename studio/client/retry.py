"""Pauses between tries: growing, with jitter, so that fifty studios do not come back in one second."""

import random
from collections.abc import Iterator

FIRST_S = 0.2
LONGEST_S = 15.0
_jitter = random.SystemRandom()  # studios started from one image must not share their pauses


def pauses(first_s: float = FIRST_S, longest_s: float = LONGEST_S) -> Iterator[float]:
    """Seconds to wait before each next try, without end; each between half and all of a doubling bound."""
    bound = first_s
    while True:
        yield _jitter.uniform(bound / 2, bound)
        bound = min(bound * 2, longest_s)
