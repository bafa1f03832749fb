"""The process of a node of one's own: begun before anything heavy is loaded, found by the note it leaves.

`studio.client.own_node` waits for its answer and stops it. This much stands apart, so that a studio can begin
it with its very first step: on a machine with two processors the node then starts while the window opens.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import msgspec
from msgspec import Struct

NOTE = "node.json"
LOG = "start.log"  # what it says before its own log is open, and why it ended


class NodeNote(Struct, frozen=True):
    """What a running node writes about itself into `node.json`."""

    pid: int
    version: str = ""
    socket: str = ""
    address: str = ""

    @property
    def where(self) -> str:
        """Its address, as `Client.connect` takes it."""
        return f"unix:{self.socket}" if self.socket else self.address


class Begun(Struct, frozen=True):
    """A node that is on its way."""

    process: subprocess.Popen[bytes]
    log_from: int  # where in the log its own words begin


def note_of(folder: Path) -> NodeNote | None:
    """The note in a workspace; its node may have been killed meanwhile."""
    try:
        return msgspec.json.decode((folder / NOTE).read_bytes(), type=NodeNote)
    except (OSError, msgspec.DecodeError):
        return None


def begin(folder: Path, python: str = sys.executable) -> Begun:
    """Start a node on `folder`, made where it is missing; it ends by itself where one runs there already.

    Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    with (logs / LOG).open("ab") as log:
        log_from = log.tell()
        return Begun(
            _spawned([python, "-m", "studio", "node", "--folder", str(folder)], log.fileno()), log_from
        )


def begin_early(folder: Path) -> Begun | None:
    """As `begin`, where no note says that one runs; None too where it cannot be started: whoever waits for
    it tries again and says why."""
    note = note_of(folder)
    if note is not None and is_alive(note.pid):
        return None
    try:
        return begin(folder)
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Whether there is a process of this number."""
    if sys.platform == "win32":
        import psutil  # 20 ms, which other systems need not spend before the window is there

        return bool(psutil.pid_exists(pid))
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OverflowError:
        return False
    except PermissionError:
        pass  # it is somebody else's
    return pid > 0


def _spawned(command: list[str], log: int) -> subprocess.Popen[bytes]:
    # it must survive the studio and its terminal
    if sys.platform == "win32":
        flags = subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.DETACHED_PROCESS
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=True, creationflags=flags
        )
    environment = {key: value for key, value in os.environ.items() if not key.startswith("QT_")}
    return subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        close_fds=True,
        start_new_session=True,
        env=environment,
    )
