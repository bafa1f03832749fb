"""The times of frames as OpenLABEL files say them, and as we write them."""

import itertools
from datetime import UTC, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any


def frame_times(properties: dict[int, dict[str, Any]], frames: int) -> tuple[int, ...]:
    """Nanoseconds of each frame, where all say a time and it grows; else none."""
    if frames > len(properties):
        return ()
    said = [properties.get(frame, {}).get("timestamp") for frame in range(frames)]
    times = [_nanoseconds(each) for each in said]
    known = [each for each in times if each is not None]
    grows = all(a < b for a, b in pairwise(known))
    return tuple(known) if len(known) == frames and grows and frames > 1 else ()


def _nanoseconds(said: Any) -> int | None:
    """A time as files say it: a date, or seconds (milli-, micro-, nanoseconds by their size)."""
    try:
        if isinstance(said, str) and not said.replace(".", "").replace("-", "", 1).isdecimal():
            whole, _, part = said.replace("Z", "+00:00").partition(".")
            digits = "".join(itertools.takewhile(str.isdecimal, part))
            zone = part[len(digits) :]
            moment = datetime.fromisoformat(whole + zone)
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=UTC)
            return int(moment.timestamp()) * 10**9 + int((digits + "0" * 9)[:9])
        number = Decimal(str(said))
    except (ValueError, ArithmeticError, OverflowError):
        return None
    if isinstance(said, bool) or not number.is_finite():
        return None
    power = next((each for each, size in ((0, 1e17), (3, 1e14), (6, 1e11)) if abs(number) >= size), 9)
    found = int((number * 10**power).to_integral_value())
    return found if abs(found) < 2**63 else None


def as_timestamp(time_ns: int) -> str:
    """A time as a text that `frame_times` reads back to the nanosecond: seconds."""
    whole, part = divmod(abs(time_ns), 10**9)
    return f"{'-' if time_ns < 0 else ''}{whole}.{part:09}"
