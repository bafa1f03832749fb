"""The one long-lived thread that starts closed environments.

A parent-death signal follows the thread that started a process, not the whole process: from a pool's thread
that ends, the environment would die with it. So everything is started here, and all of it dies with the node.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from training.environments import bounds, sandbox
from training.environments.sandbox import Sandbox

if TYPE_CHECKING:
    from training.node import Node


class Spawner:
    """Starts sandboxes for whoever asks, from a thread that lives as long as it."""

    def __init__(self) -> None:
        self._asked: queue.Queue[tuple[Callable[[], Sandbox], Future[Sandbox]] | None] = queue.Queue()
        self._running: dict[int, Sandbox] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._work, name="spawner", daemon=True)
        self._thread.start()

    def start(self, name: str, command: list[str], **how: Any) -> Sandbox:
        """As `sandbox.start`, from the spawner's thread; raises what it raises."""
        answer: Future[Sandbox] = Future()
        self._asked.put((lambda: sandbox.start(name, command, **how), answer))
        started = answer.result()
        with self._lock:
            self._running[started.process.pid] = started
        return started

    def ended(self, one: Sandbox) -> None:
        """`one` was waited for."""
        with self._lock:
            self._running.pop(one.process.pid, None)

    def close(self) -> None:
        """Kill what is still running, and end the thread."""
        with self._lock:
            running = list(self._running.values())
        for one in running:
            one.kill()
        for one in running:
            one.wait()
        self._asked.put(None)
        self._thread.join()

    def _work(self) -> None:
        while (asked := self._asked.get()) is not None:
            start, answer = asked
            try:
                answer.set_result(start())
            except Exception as error:  # noqa: BLE001  handed to whoever asked
                answer.set_exception(error)


def open_spawner(node: Node) -> Spawner:
    """The node's spawner; groups that a killed node left behind are taken away first."""
    with contextlib.suppress(OSError):
        bounds.sweep()
    return Spawner()
