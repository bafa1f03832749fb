"""Moments in words. No Qt."""

import time


def ago(time_ns: int, now_ns: int | None = None) -> str:
    """How long ago, roughly."""
    past = ((now_ns if now_ns is not None else time.time_ns()) - time_ns) / 1e9
    if past < 45:
        return "just now"
    if past < 5400:
        return f"{max(1, round(past / 60))} min ago"
    if past < 129_600:
        return f"{round(past / 3600)} h ago"
    return f"{round(past / 86_400)} days ago"


def moment(time_ns: int) -> str:
    """The moment itself, for a tooltip."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(time_ns / 1e9))
