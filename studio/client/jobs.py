"""Waiting for what a node does at length."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import msgspec

from studio.client.caller import Caller
from studio.client.problems import is_unreachable
from studio.client.retry import pauses
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, ProjectId
from studio.domain.wire import routes
from studio.domain.wire.documents import BatchReverted, BatchReverting, RevertBatch
from studio.domain.wire.jobs import ImportReport, Job

OVER = frozenset(("done", "failed", "cancelled"))
_PAUSE_S = 0.25


def watch(client: Caller, job: str, stop: threading.Event | None = None) -> Iterator[Job]:
    """The job whenever it has changed, until it is done, failed or cancelled, or `stop` is set.

    A node that is gone for a while is waited for. Raises what the node answers otherwise.
    """
    stop = stop or threading.Event()
    waits = pauses()
    last: Job | None = None
    while not stop.is_set():
        try:
            now: Job = client.call(routes.JOB, job=job)
        except AtelierError as error:
            if not is_unreachable(error):
                raise
            stop.wait(next(waits))
            continue
        waits = pauses()
        if now != last:
            last = now
            yield now
        if now.state in OVER:
            return
        stop.wait(_PAUSE_S)


def wait(client: Caller, job: str) -> Job:
    """The job once it is done. Raises `job.failed` with the job's own words, and `job.cancelled`."""
    *_, last = watch(client, job)
    if last.state == "failed":
        raise AtelierError(
            "job.failed",
            last.error or "The job failed.",
            detail=f"{last.error_code} {last.id}",
            hint="Mend what it names and try again; nothing that was done before is lost.",
        )
    if last.state == "cancelled":
        raise AtelierError("job.cancelled", "The job was called off.", detail=last.id)
    return last


def revert_batch(client: Caller, project: ProjectId, batch: BatchId) -> BatchReverted:
    """Take a batch back and wait for it; what that made is a batch itself. Raises as `wait`, `batch.busy`."""
    asked: BatchReverting = client.call(routes.REVERT_BATCH, RevertBatch(batch), project=project)
    assert asked.job is not None
    return msgspec.msgpack.decode(wait(client, asked.job).result, type=BatchReverted)


def report(client: Caller, job: str) -> ImportReport:
    """What an import brought in, once it is done. Raises as `wait`."""
    return msgspec.msgpack.decode(wait(client, job).result, type=ImportReport)
