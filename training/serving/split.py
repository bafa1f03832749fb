"""Which arm answers whom: by a keyed hash of the caller, so nobody chooses and everybody keeps theirs."""

import hashlib
import hmac
from collections.abc import Sequence

_STEPS = 10_000


def place_of(key: bytes, token: bytes, caller: str) -> float:
    """Where a caller stands between 0 and 100; without `key` nobody can tell. `token`: its SHA-256."""
    said = hmac.new(key, token + caller.encode("utf-8", "replace"), hashlib.sha256).digest()
    return int.from_bytes(said[:8], "big") % _STEPS * 100 / _STEPS


def arm_at(place: float, shares: Sequence[int]) -> int:
    """The index of the arm at `place`; shares are per cents that add up to 100.

    Raising one share takes callers only from its neighbours in order; the others stay where they are.
    """
    reached = 0
    for index, share in enumerate(shares):
        reached += share
        if place < reached:
            return index
    return len(shares) - 1
