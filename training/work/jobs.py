"""Durable jobs: the row is the truth, DBOS carries it out.

queued -> running -> done | failed
queued, running -> (pausing) paused -> queued        queued, running, paused -> (cancelling) cancelled
failed -> queued                                     a retry goes on where the last attempt stopped
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from importlib import import_module
from typing import TYPE_CHECKING, Any

from studio.domain.errors import AtelierError
from studio.domain.ids import JobId, ProjectId, UserId, new_id
from studio.domain.wire.jobs import Job, JobState
from training.data.files import NO_ROOM
from training.store import jobs as rows
from training.store.connections import plainly
from training.store.engine import Transaction
from training.work import audit
from training.work.access import missing
from training.work.job_kinds import KINDS
from training.work.running_job import RunningJob, StopJob

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.jobs")

_AT_ONCE = 2  # that do work; others wait as queued
_FOR_ROOM_S = 1.0
_STARTS = 3  # without getting on: then the job itself is what stops the node


def open_jobs(node: Node) -> Jobs:
    """The node's jobs; nothing is started before `resume` or the first job."""
    return Jobs(node)


class Jobs:
    """Asks for jobs, carries them out, and stops them at safe points."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._wanted: queue.SimpleQueue[JobId | None] = queue.SimpleQueue()
        self._starter: threading.Thread | None = None
        self._slots = threading.BoundedSemaphore(_AT_ONCE)
        self._lock = threading.Lock()
        self._stops: dict[JobId, threading.Event] = {}
        self._closing = False

    def ask(
        self,
        tx: Transaction,
        kind: str,
        title: str,
        project: ProjectId | None,
        subject: str,
        payload: bytes,
        asked_by: UserId,
        unit: str = "",
    ) -> JobId:
        """Have a job of `kind` done once this transaction is durable.

        `payload` is MessagePack by kind and holds ids and settings, never content.
        """
        assert kind in KINDS, kind
        job = Job(JobId(new_id()), kind, title, "queued", project, subject, unit=unit)
        now_ns = self._node.clock.now_ns()
        rows.add(tx, job, asked_by, payload, now_ns)
        tx.emit("job", project=project, subject=job.id)
        tx.after_commit(self._want, job.id)
        return job.id

    def resume(self) -> None:
        """Go on with what a stop or kill of the node interrupted."""
        with self._node.store.write() as tx:
            for job, _, state in rows.live(tx):
                if state == "pausing":
                    self._move(tx, job, ("pausing",), "paused")
                elif state == "cancelling":
                    self._move(tx, job, ("cancelling",), "cancelled")
                else:
                    tx.after_commit(self._want, job)

    def close(self) -> None:
        """Have every running job stop at its next safe point, to go on at the next start."""
        with self._lock:
            self._closing = True
            stops = list(self._stops.values())
        for stop in stops:
            stop.set()
        if self._starter is not None:
            self._wanted.put(None)
            self._starter.join()

    def get(self, job: JobId) -> Job:
        """One job. Raises `access.missing`."""
        with self._node.store.read() as tx:
            return _known(rows.get(tx, job))

    def of_project(self, project: ProjectId) -> list[Job]:
        """A project's jobs, newest first."""
        with self._node.store.read() as tx:
            return rows.of_project(tx, project)

    def pause(self, job: JobId, who: UserId) -> Job:
        """Stop it at its next safe point; `resume_job` goes on from there. Raises `job.over`."""
        with self._node.store.write() as tx:
            moved = self._move(tx, job, ("queued",), "paused") or self._move(tx, job, ("running",), "pausing")
            return self._asked(tx, job, who, "job.pause", moved)

    def cancel(self, job: JobId, who: UserId) -> Job:
        """Stop it at its next safe point for good; what it made stays. Raises `job.over`."""
        with self._node.store.write() as tx:
            moved = self._move(tx, job, ("queued", "paused"), "cancelled") or self._move(
                tx, job, ("running", "pausing"), "cancelling"
            )
            return self._asked(tx, job, who, "job.cancel", moved)

    def resume_job(self, job: JobId, who: UserId) -> Job:
        """Go on with a paused job, or try a failed one again. Raises `job.over`."""
        with self._node.store.write() as tx:
            moved = self._again(tx, job, ("paused", "failed"))
            answer = self._asked(tx, job, who, "job.resume", moved)
            tx.after_commit(self._want, job)
            return answer

    def _asked(self, tx: Transaction, job: JobId, who: UserId, action: str, moved: bool) -> Job:
        known = _known(rows.get(tx, job))
        if not moved:
            raise AtelierError(
                "job.over",
                f"This cannot be done: the job is {known.state}.",
                hint="Nothing was changed by this.",
            )
        audit.append(self._node, tx, who, action, job)
        if known.state in ("pausing", "cancelling"):
            tx.after_commit(self._stop, job)
        return known

    def _move(
        self, tx: Transaction, job: JobId, when: tuple[JobState, ...], to: JobState, **values: Any
    ) -> bool:
        now_ns = self._node.clock.now_ns()
        if not rows.change(tx, job, when, state=to, changed_ns=now_ns, eta_ms=None, **values):
            return False
        tx.emit("job", project=rows.project_of(tx, job), subject=job)
        return True

    def _again(self, tx: Transaction, job: JobId, when: tuple[JobState, ...]) -> bool:
        orders = rows.orders(tx, job)
        fresh: dict[str, Any] = {"error_code": "", "error": "", "message": "", "starts": 0}
        return orders is not None and self._move(tx, job, when, "queued", attempt=orders[0] + 1, **fresh)

    def _stop(self, job: JobId) -> None:
        with self._lock:
            if stop := self._stops.get(job):
                stop.set()

    def _want(self, job: JobId) -> None:
        with self._lock:
            if self._closing:
                return
            if self._starter is None:
                self._starter = threading.Thread(target=self._start_wanted, name="jobs", daemon=True)
                self._starter.start()
        self._wanted.put(job)

    def _start_wanted(self) -> None:
        # DBOS costs 1.7 s to import: a node that has no jobs never pays for it
        from training.work import durable

        durable.launch(self._node.folder / "jobs.db", self._carry_out)
        while (job := self._wanted.get()) is not None:
            try:
                self._start(job, durable.start)
            except Exception:
                LOG.exception("job %s was not started", job)
        durable.stop(wait_s=20)

    def _start(self, job: JobId, start: Any) -> None:
        with self._node.store.read() as tx:
            orders = rows.orders(tx, job)
        if orders is not None and not start(f"{job}:{orders[0]}"):
            # DBOS holds this attempt for over (a node that was stopped in good order), the row does not
            with self._node.store.write() as tx:
                self._again(tx, job, ("queued", "running"))
                tx.after_commit(self._want, job)

    def _carry_out(self, workflow: str) -> None:
        """Called by DBOS, on a thread of its own, also after a kill."""
        job, _, attempt = workflow.partition(":")
        with self._slots:
            running = self._begin(JobId(job), int(attempt))
            if running is None:
                return
            try:
                self._end(running, "done", result=_function(running.kind)(running))
            except StopJob:
                self._stopped(running)
            except AtelierError as error:
                LOG.warning("job %s: %s %s %s", job, error.code, error, error.detail)
                self._end(running, "failed", error_code=error.code, error=str(error))
            except Exception as error:
                LOG.exception("job %s", job)
                # the engine keeps a database of its own, which may have no room either
                if (plain := plainly(error)) is not None:
                    self._end(running, "failed", error_code=plain.code, error=str(plain))
                else:
                    self._faulted(running, error)
            finally:
                with self._lock:
                    self._stops.pop(running.id, None)

    def _begin(self, job: JobId, attempt: int) -> RunningJob | None:
        with self._node.store.write() as tx:
            orders, known = rows.orders(tx, job), rows.get(tx, job)
            if orders is None or known is None or orders[0] != attempt:
                return None  # a later attempt is under way
            starts = rows.starts(tx, job)
            if starts >= _STARTS:
                self._park(tx, job)
                return None
            if not self._move(tx, job, ("queued", "running"), "running", starts=starts + 1):
                return None
        stop = threading.Event()
        with self._lock:
            self._stops[job] = stop
            if self._closing:
                stop.set()
        with self._node.store.read() as tx:
            # asked to stop before there was anything to tell
            if rows.state_of(tx, job) in ("pausing", "cancelling"):
                stop.set()
        return RunningJob(self._node, known, orders[1], orders[2], stop)

    def _park(self, tx: Transaction, job: JobId) -> None:
        self._move(
            tx,
            job,
            ("queued", "running"),
            "failed",
            error_code="job.parked",
            error=f"This job stopped the node {_STARTS} times without getting on; it was put aside.",
        )

    def _end(self, running: RunningJob, state: JobState, **values: Any) -> None:
        """Write the end down. On a full disk it waits for room: nobody else would ever say how it ended."""
        while True:
            try:
                with self._node.store.write() as tx:
                    self._move(tx, running.id, rows.LIVE, state, **values)
                return
            except AtelierError as trouble:
                if trouble.code not in NO_ROOM or self._closing:
                    raise
                time.sleep(_FOR_ROOM_S)

    def _stopped(self, running: RunningJob) -> None:
        with self._node.store.write() as tx:
            if not self._move(tx, running.id, ("pausing",), "paused") and not self._move(
                tx, running.id, ("cancelling",), "cancelled"
            ):
                # the node itself stops, in good order: the next start goes on, and this one is not held
                # against the job
                rows.change(tx, running.id, ("running",), starts=0)

    def _faulted(self, running: RunningJob, error: Exception) -> None:
        with self._node.store.write() as tx:
            if type(error).__module__.startswith("dbos"):
                # its record does not fit this code (an upgrade): what the rows say is enough to go on
                self._again_after(tx, running.id)
                return
            self._move(
                tx,
                running.id,
                rows.LIVE,
                "failed",
                error_code="job.fault",
                error="The job stopped on a fault of its own. What it had done is kept.",
            )

    def _again_after(self, tx: Transaction, job: JobId) -> None:
        orders = rows.orders(tx, job)
        assert orders is not None
        self._move(tx, job, ("queued", "running"), "queued", attempt=orders[0] + 1)
        tx.after_commit(self._want, job)


def _function(kind: str) -> Any:
    module, _, name = KINDS[kind].partition(":")
    return getattr(import_module(module), name)


def _known(job: Job | None) -> Job:
    if job is None:
        raise missing()
    return job
