"""Which studios use a node of one's own: a small note each beside the node's data, while they run.

A note that a dead studio left says that nobody will end the node which that one had started.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import psutil
from msgspec import Struct

from studio.client.files import make_private, write_whole

_FOLDER = "studios"


class _Process(Struct, frozen=True):
    pid: int
    born: float  # seconds since 1970: a number alone may be another process's by now


class _User(Struct, frozen=True):
    studio: _Process
    started: _Process | None  # the node, where it started it itself


def enter(workspace: Path, started: int | None) -> None:
    """Note that this process uses the workspace's node; `started`: its pid, where this process started it.

    Raises OSError.
    """
    me = os.getpid()
    try:
        node = None if started is None else _process(started)
    except psutil.Error:
        node = None  # it has ended again
    user = _User(_process(me), node)
    write_whole(make_private(workspace / _FOLDER) / str(me), msgspec.json.encode(user))


def is_orphan(workspace: Path, node: int) -> bool:
    """Whether the studio that started the node of this pid is gone, and has not ended it."""
    return any(
        each.started is not None
        and each.started.pid == node
        and _is_alive(each.started)
        and not _is_alive(each.studio)
        for each in _users(workspace)
    )


def has_others(workspace: Path) -> bool:
    """Whether another living studio uses the workspace's node."""
    return any(each.studio.pid != os.getpid() and _is_alive(each.studio) for each in _users(workspace))


def leave(workspace: Path) -> None:
    """Take the note of this process away; the node goes on."""
    (workspace / _FOLDER / str(os.getpid())).unlink(missing_ok=True)


def forget(workspace: Path) -> None:
    """After the node has ended: take the notes of this process and of dead ones away."""
    leave(workspace)
    for each in _users(workspace):
        if not _is_alive(each.studio):
            (workspace / _FOLDER / str(each.studio.pid)).unlink(missing_ok=True)


def _users(workspace: Path) -> list[_User]:
    found: list[_User] = []
    for path in (workspace / _FOLDER).glob("[0-9]*"):
        try:
            found.append(msgspec.json.decode(path.read_bytes(), type=_User))
        except (OSError, msgspec.DecodeError):
            continue  # it has just been taken away
    return found


def _process(pid: int) -> _Process:
    return _Process(pid, psutil.Process(pid).create_time())


def _is_alive(process: _Process) -> bool:
    try:
        return abs(_process(process.pid).born - process.born) < 1.0
    except psutil.NoSuchProcess:
        return False
    except psutil.AccessDenied:
        return True  # what cannot be looked at counts as there: a node too many is better than one too few
