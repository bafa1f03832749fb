"""What the code of a job is handed: its orders, its steps, and the wish that it stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from studio.domain.errors import AtelierError
from studio.domain.ids import JobId, ProjectId, UserId
from studio.domain.wire.jobs import Job
from training.store import jobs as rows

if TYPE_CHECKING:
    from training.node import Node

T = TypeVar("T")

_BETWEEN_S = 0.5  # progress is written at most twice a second


class StopJob(Exception):
    """Raised at a safe point of a job that should pause, be cancelled, or make way for the node's stop."""


class RunningJob:
    """One attempt at a job. Its code lives from step to step; each step may run twice after a kill."""

    def __init__(self, node: Node, job: Job, asked_by: UserId, payload: bytes, stop: threading.Event) -> None:
        self.node = node
        self.id: JobId = job.id
        self.kind = job.kind
        self.project: ProjectId | None = job.project
        self.subject = job.subject
        self.asked_by = asked_by
        self.payload = payload
        self._stop = stop
        self._began_s = time.monotonic()
        self._began_at: int | None = None
        self._written_s = 0.0
        self._said = (-1, -1, "")

    def step(self, name: str, work: Callable[[], T]) -> T:
        """The result of `work`, which is recorded: after a kill it is read, not done again.

        It should take about two seconds, give back plain values (None, bool, int, float, str, bytes, list,
        dict), and may run twice, as a kill may come between its end and the record. Stops before it where
        that is wanted. Whatever `work` raises ends the job with that error.
        """
        # DBOS takes 1.7 s to import: a node that only names jobs does not pay for it
        from training.work import durable

        self.check_stop()
        raised: list[Exception] = []

        def kept() -> Any:
            try:
                return {"result": work()}
            except Exception as error:  # noqa: BLE001  DBOS would write the exception itself to its file
                raised.append(error)
                return {"failed": True}

        answer = durable.step(name, kept)
        if raised:
            raise raised[0]
        if "failed" in answer:  # recorded by an attempt that was killed before it could say so
            raise AtelierError(
                "job.interrupted",
                "The job was interrupted while it failed. What it had done is kept.",
                hint="Start it again: it goes on where it stopped.",
            )
        result: T = answer["result"]
        return result

    def stop_wanted(self) -> bool:
        """Whether the job should end at its next safe point."""
        return self._stop.is_set()

    def check_stop(self) -> None:
        """A safe point: leaves the job's code where it should stop. Raises `StopJob`, which is not caught."""
        if self.stop_wanted():
            raise StopJob

    def progress(self, done: int, total: int, message: str = "", unit: str = "") -> None:
        """How far it is. Written and told at most twice a second; the last of all is always written."""
        if self._began_at is None:
            self._began_at = done
        now_s = time.monotonic()
        said = (done, total, message)
        if said == self._said or (now_s - self._written_s < _BETWEEN_S and done < total):
            return
        fresh = done - self._began_at
        rate = fresh / (now_s - self._began_s) if fresh > 0 else 0.0
        values: dict[str, Any] = {
            "done": done,
            "total": total,
            "message": message,
            "eta_ms": int((total - done) / rate * 1000) if rate else None,
            "changed_ns": self.node.clock.now_ns(),
            "starts": 0,
        }
        if unit:
            values["unit"] = unit
        with self.node.store.write() as tx:
            rows.change(tx, self.id, rows.LIVE, **values)
            tx.emit("job", project=self.project, subject=self.id)
        self._written_s, self._said = now_s, said
