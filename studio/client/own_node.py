"""A node of one's own: found where it runs, started where it does not, stopped on request.

It is an ordinary node in a process of its own that outlives the studio; a studio that was killed finds it
again. Its secret lies beside its data, readable by its owner alone.
"""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from studio.client.connection import Connection
from studio.domain.errors import AtelierError
from studio.domain.wire import routes
from studio.node_process import LOG, Begun, NodeNote, begin, is_alive, note_of

SECRET = "own.secret"
_PAUSE_S = 0.05
_GRACE_S = 3.0  # for a node that another studio started a moment earlier, and that has not said so yet


class OwnNode:
    """A running node on a workspace folder of this person."""

    def __init__(self, folder: Path, note: NodeNote, process: subprocess.Popen[bytes] | None = None) -> None:
        self.folder = folder
        self.address = note.where
        self.pid = note.pid
        self._process = process

    @property
    def started_here(self) -> bool:
        """Whether this process started it, and has not found it running."""
        return self._process is not None

    @classmethod
    def find(cls, folder: Path) -> OwnNode | None:
        """The node that runs on `folder` and answers, or None."""
        note = note_of(folder)
        if note is None or not is_alive(note.pid) or not _answers(note.where):
            return None
        return cls(folder, note)

    @classmethod
    def start(
        cls, folder: Path, wait_s: float = 60.0, python: str = sys.executable, begun: Begun | None = None
    ) -> OwnNode:
        """The node that runs on `folder`, started if need be; returns once it answers.

        begun: one that is on its way already. Raises `node.not_started` with the last sentence of its log,
        `node.slow_start` when `wait_s` are over: it may still be on its way then, and is found by the next
        call.
        """
        found = cls.find(folder)
        if found is not None and (begun is None or found.pid != begun.process.pid):
            return found
        logs = folder / "logs"
        try:
            begun = begun or begin(folder, python)
        except OSError as error:
            raise AtelierError(
                "node.not_started",
                "The node of this workspace could not be started.",
                detail=f"{error}",
                hint="Look whether the workspace folder can be written and has room.",
            ) from error
        process = begun.process
        deadline = time.monotonic() + wait_s
        ended_at: float | None = None
        while time.monotonic() < deadline:
            ended = process.poll() is not None
            if ended and ended_at is None:
                ended_at = time.monotonic()
            note = note_of(folder)
            # the note of a killed node may still lie there; and another studio may have been quicker
            if note is not None and (note.pid == process.pid or ended) and _answers(note.where):
                return cls(folder, note, process if note.pid == process.pid else None)
            in_grace = ended_at is not None and time.monotonic() - ended_at < _GRACE_S
            if ended and not in_grace and not _another_starts(note, process.pid):
                raise AtelierError(
                    "node.not_started",
                    "The node of this workspace could not be started. "
                    + (
                        _last_sentence(logs / LOG, begun.log_from)
                        or f"It ended with code {process.returncode}."
                    ),
                    detail=f"exit code {process.returncode}",
                    hint=f"Its log lies in {logs}; `atelier doctor` says what this machine lacks.",
                )
            time.sleep(_PAUSE_S)
        raise AtelierError(
            "node.slow_start",
            "The node of this workspace has not answered yet.",
            detail=_last_sentence(logs / LOG, begun.log_from),
            hint="Try again in a moment; a busy machine needs longer.",
        )

    @property
    def was_killed(self) -> bool:
        """Whether it ended otherwise than by being asked to: it takes its note away when it is."""
        if self._process is not None:
            self._process.poll()  # a dead child is there until somebody has looked
        note = note_of(self.folder)
        return note is not None and note.pid == self.pid and not is_alive(self.pid)

    def start_again(self, wait_s: float = 60.0) -> None:
        """Start it anew on its folder, or find who else has. Raises as `start`."""
        again = OwnNode.start(self.folder, wait_s)
        self.address, self.pid, self._process = again.address, again.pid, again._process

    def secret(self) -> str:
        """What signs its owner in. Raises `node.no_secret`."""
        try:
            return (self.folder / SECRET).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise AtelierError(
                "node.no_secret",
                "This workspace belongs to somebody else, or its node did not finish starting.",
                detail=str(error),
                hint="Sign in with a name and password instead.",
            ) from error

    def is_running(self) -> bool:
        """Whether it answers."""
        return _answers(self.address)

    def stop(self, wait_s: float = 20.0) -> bool:
        """Ask it to end, and wait; whether it is gone. What it was doing goes on at its next start."""
        import psutil  # 20 ms, and needed only where a node is looked for

        try:
            process = psutil.Process(self.pid)
            process.terminate()
            process.wait(wait_s)
        except psutil.NoSuchProcess:
            pass
        except psutil.TimeoutExpired:
            return False
        if self._process is not None:
            self._process.wait(1.0)
        return True


def _answers(address: str) -> bool:
    try:
        connection = Connection(address)
    except AtelierError:
        return False
    connection.closed.set()  # one try: whoever looks, looks again
    try:
        connection.call(routes.HANDSHAKE)
    except AtelierError as error:
        return error.code.startswith("wire.")  # it answers, in another schema: the client says so
    finally:
        connection.close()
    return True


def _another_starts(note: NodeNote | None, ours: int) -> bool:
    """Whether a node that is not ours runs here and has only not answered yet."""
    return note is not None and note.pid != ours and is_alive(note.pid)


def _last_sentence(log: Path, log_from: int) -> str:
    try:
        with log.open("rb") as file:
            file.seek(max(log_from, log.stat().st_size - 8192))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError:
        return ""
    return next((line.strip() for line in reversed(lines) if line.strip()), "")[:400]
