"""Sets of times as half-open intervals of int64 nanoseconds: sorted, apart from each other, none empty."""

from collections.abc import Iterable
from datetime import UTC, datetime

from studio.domain.entities import Member, Span2

Intervals = tuple[Span2, ...]
EARLIEST, LATEST = -(2**63), 2**63 - 1
ALWAYS: Intervals = ((EARLIEST, LATEST),)

_SINCE_1970_NS = 10**17  # beyond three years, a clock does not count from the start of a recording


def tidy(spans: Iterable[Span2]) -> Intervals:
    """The same times: sorted, those that touch joined, empty and reversed ones dropped."""
    out: list[Span2] = []
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if out and start <= out[-1][1]:
            out[-1] = (out[-1][0], max(out[-1][1], end))
        else:
            out.append((start, end))
    return tuple(out)


def union(first: Iterable[Span2], second: Iterable[Span2]) -> Intervals:
    """The times of either."""
    return tidy([*first, *second])


def common(first: Iterable[Span2], second: Iterable[Span2]) -> Intervals:
    """The times of both."""
    others = tidy(second)
    return tidy((max(start, low), min(end, high)) for start, end in tidy(first) for low, high in others)


def without(first: Iterable[Span2], second: Iterable[Span2]) -> Intervals:
    """The times of `first` that are not of `second`."""
    left = list(tidy(first))
    for low, high in tidy(second):
        left = [
            part
            for start, end in left
            for part in ((start, min(end, low)), (max(start, high), end))
            if part[0] < part[1]
        ]
    return tuple(left)


def holds(spans: Iterable[Span2], time_ns: int) -> bool:
    """Whether a time is among them."""
    return any(start <= time_ns < end for start, end in spans)


def times_of(member: Member) -> Intervals:
    """When a member belongs to its group; one without intervals always does."""
    return tidy(member.intervals) if member.intervals else ALWAYS


def as_intervals(times: Intervals) -> Intervals:
    """What a member holds to say `times`; empty ones cannot be said, for they would mean always."""
    return () if times == ALWAYS else times


def said(span: Span2) -> str:
    """A stretch of time in words: `from 1.5 s to 2 s`; an empty text for always."""
    start, end = span
    parts = [f"from {_moment(start)}"] if start > EARLIEST else []
    return " ".join([*parts, f"to {_moment(end)}"] if end < LATEST else parts)


def _moment(time_ns: int) -> str:
    if abs(time_ns) < _SINCE_1970_NS:
        return f"{time_ns / 1e9:.6g} s"
    return datetime.fromtimestamp(time_ns / 1e9, UTC).strftime("%H:%M:%S.%f")[:-4]
