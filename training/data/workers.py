"""The node's side of a worker: start it, read what it says, and name the file when it dies of one."""

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

import training
from studio.domain.errors import AtelierError
from training.data.worker_messages import At, End, Failed, Message, Orders, messages, send

SILENCE_S = 120.0  # of a worker, after which it counts as hung
_AHEAD = 32  # messages that wait: the worker prepares while the node stores


class WorkerDied(Exception):
    """The worker ended in the middle; `source` is the item that it was at, empty for none, `path` the file
    of it where the item has several."""

    def __init__(self, source: str, path: str = "") -> None:
        super().__init__(source)
        self.source = source
        self.path = path


class Worker:
    """One worker process, from its orders to its end."""

    def __init__(self, orders: Orders) -> None:
        self._at = At("")
        self._read: queue.Queue[Message | None] = queue.Queue(_AHEAD)
        self._closed = threading.Event()
        # nothing else of the node's environment: it may hold what a hostile file must not read
        ours, plug_ins = str(Path(training.__file__).resolve().parents[1]), os.environ.get("PYTHONPATH", "")
        environment = {
            "PATH": "/usr/bin:/bin",
            "LANG": "C.UTF-8",
            "PYTHONPATH": os.pathsep.join(filter(None, [ours, plug_ins])),
        }
        self._process = subprocess.Popen(
            [sys.executable, "-P", "-m", "training.data.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            cwd=os.path.sep,
            start_new_session=True,
        )
        threading.Thread(target=self._follow, name="worker pipe", daemon=True).start()
        assert self._process.stdin is not None
        try:
            send(self._process.stdin, orders)  # type: ignore[arg-type]
            self._process.stdin.close()
        except BrokenPipeError:
            self.close()

    def messages(self) -> Iterator[Message]:
        """What it says, to its end. Raises `WorkerDied`, and the error of a worker that gave up."""
        while True:
            try:
                message = self._read.get(timeout=SILENCE_S)
            except queue.Empty:
                self.close()
                message = None
            match message:
                case None:
                    raise WorkerDied(self._at.source, self._at.path)
                case At():
                    self._at = message
                case Failed(code, text, detail, hint):
                    raise AtelierError(code, text, detail, hint)
                case End():
                    return
                case _:
                    yield message

    def close(self) -> None:
        """End it now."""
        self._closed.set()
        self._process.kill()
        self._process.wait()

    def _follow(self) -> None:
        assert self._process.stdout is not None
        try:
            with self._process.stdout as pipe:
                for message in messages(pipe):  # type: ignore[arg-type]
                    while not self._closed.is_set():
                        try:
                            self._read.put(message, timeout=0.5)
                            break
                        except queue.Full:
                            continue
        except (msgspec.DecodeError, ValueError, OSError):
            self._process.kill()
        while not self._closed.is_set():
            try:
                self._read.put(None, timeout=0.5)
                break
            except queue.Full:
                continue
        self._process.wait()
