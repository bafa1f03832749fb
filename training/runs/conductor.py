"""Which run goes next: one at a time on this machine's processors, in the order in which they were asked for.

The run's row is the truth. A node that was killed finds its runs there and goes on with them by itself, each
from its last checkpoint: their environments died with it.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from studio.domain.errors import AtelierError
from studio.domain.ids import RunId
from studio.domain.wire.training import Run, RunState
from training.data.files import NO_ROOM
from training.environments.bounds import GIB, Bounds, machine_memory
from training.runs import shards
from training.runs.attempt import Attempt, State, forget_files
from training.runs.child import Ending
from training.runs.inside.atelier_wire import Cancel, Pause, Specification
from training.runs.templates import file_of, sight_of, template_named
from training.work import runs as rules

if TYPE_CHECKING:
    from training.node import Node

LOG = logging.getLogger("atelier.runs")

# before anything was trained, with nothing lost: the run was refused, not failed
_REFUSALS = {"run.no_items", "run.no_labels", "run.no_validation", "run.bad_parameters"}
_FOR_ROOM_S = 1.0
_RESERVE = 2 * GIB  # of memory, that the node and its database keep


def open_runs(node: Node) -> Conductor:
    """The node's runs; nothing starts before `resume`."""
    return Conductor(node)


def run_bounds() -> Bounds:
    """What a training run may take of this machine: all processors but one, which the window keeps."""
    cores = max(1, (os.cpu_count() or 1) - 1)
    memory = max(GIB, min(machine_memory() - _RESERVE, machine_memory() * 3 // 4))
    return Bounds(memory_bytes=memory, scratch_bytes=min(memory // 4, 4 * GIB), threads=cores)


class Conductor:
    """Carries runs out, in a thread of its own; others ask it to pause, cancel or go on."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._wanted: queue.SimpleQueue[RunId | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._current: tuple[RunId, Attempt] | None = None
        self._closing = False

    def resume(self) -> None:
        """Go on with what the last stop interrupted, oldest first."""
        for run in rules.recover(self._node):
            self.wanted(run)

    def wanted(self, run: RunId) -> None:
        """`run` is queued; it starts when those before it have ended."""
        with self._lock:
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="runs", daemon=True)
                self._thread.start()
        self._wanted.put(run)

    def stop(self, run: RunId, *, pause: bool) -> None:
        """Ask the run, if it is under way, to stop at its next safe point."""
        with self._lock:
            current = self._current
        if current and current[0] == run:
            current[1].child.tell(Pause() if pause else Cancel())

    def close(self) -> None:
        """Stop with the node: what runs now goes on from its last checkpoint when the node is back."""
        with self._lock:
            self._closing = True
            current, thread = self._current, self._thread
        if current:
            current[1].child.kill()
        self._wanted.put(None)
        if thread:
            thread.join()

    def _work(self) -> None:
        while (run := self._wanted.get()) is not None and not self._closing:
            try:
                self._carry_out(run)
            except AtelierError as error:
                state: RunState = "refused" if _is_refusal(error.code) else "failed"
                LOG.warning("run %s: %s %s", run, error.code, error.detail)
                self._end(run, state, 0.0, 0.0, error)
            except Exception:
                LOG.exception("run %s stopped on a fault of the node", run)
                fault = AtelierError(
                    "node.fault",
                    "The run stopped on a fault of the node. Its last checkpoint is safe.",
                    hint="The node's log has the details. Resume the run to try again.",
                )
                self._end(run, "failed", 0.0, 0.0, fault)

    def _carry_out(self, run_id: RunId) -> None:
        run = rules.begin(self._node, run_id)
        if run is None:
            return  # paused or cancelled while it waited
        began_s = time.monotonic()
        folder = run_folder(self._node.folder, run_id)
        template = template_named(run.template)
        key = rules.key_of(self._node, run)
        data = shards.written(folder / "shards") or shards.write(
            folder / "shards",
            run_id,
            key,
            sight_of(run.template),
            rules.sources(self._node, run),
            lambda: self._stopped(run_id),
        )
        if data is None:
            self._end_stopped(run_id)
            return
        if len(data.classes) == 1:
            rules.note(
                self._node, run, f"All labels are of one class, {data.classes[0]!r}: only where is learned."
            )
        if data.left_out:
            rules.note(
                self._node,
                run,
                f"Left out, since they are of another kind of data: {data.left_out} items.",
                "warning",
            )
        specification = Specification(
            task="train",
            run=run_id,
            attempt=run.attempt,
            key=key,
            template="",
            parameters=msgspec.json.encode(dict(run.parameters)),
            seed=run.seed,
            threads=run_bounds().threads,
        )
        attempt = Attempt(
            self._node.spawner,
            folder,
            specification,
            file_of(template),
            data,
            run_bounds(),
            lambda state: self._report(run, state),
        )
        with self._lock:
            self._current = (run_id, attempt)
        if self._stopped(run_id):  # asked for between the row and here
            attempt.child.tell(Pause() if rules.state_of(self._node, run_id) == "pausing" else Cancel())
        try:
            ending = attempt.wait()
        finally:  # what the node could not write down must not train on unseen
            attempt.child.kill()
            with self._lock:
                self._current = None
        if self._closing and ending.how == "failed":
            return  # the row says running, so the next start goes on
        self._conclude(run, attempt, ending, time.monotonic() - began_s)

    def _conclude(self, run: Run, attempt: Attempt, ending: Ending, wall_s: float) -> None:
        folder = run_folder(self._node.folder, run.id)
        if ending.how == "done":
            rules.finish(self._node, run, attempt.model, ending, wall_s)
            forget_files(folder, keep_checkpoint=False)
        elif ending.how == "failed":
            if ending.detail:
                rules.note(self._node, run, ending.detail, "error")
            error = AtelierError(ending.code, ending.message, ending.detail, ending.hint)
            self._end(
                run.id, "refused" if _is_refusal(ending.code) else "failed", ending.cpu_s, wall_s, error
            )
            forget_files(folder, keep_checkpoint=True)
        else:
            self._end(run.id, "paused" if ending.how == "paused" else "cancelled", ending.cpu_s, wall_s)
            forget_files(folder, keep_checkpoint=ending.how == "paused")

    def _report(self, run: Run, state: State) -> None:
        rules.report(self._node, run, state)

    def _end(
        self, run: RunId, state: RunState, cpu_s: float, wall_s: float, error: AtelierError | None = None
    ) -> None:
        """Write the end down. On a full disk it waits for room, so that the runs after this one come."""
        while not self._closing:
            try:
                rules.end(self._node, run, state, cpu_s, wall_s, error)
                return
            except AtelierError as trouble:
                if trouble.code not in NO_ROOM:
                    raise
                time.sleep(_FOR_ROOM_S)

    def _end_stopped(self, run: RunId) -> None:
        if not self._closing:
            pausing = rules.state_of(self._node, run) == "pausing"
            self._end(run, "paused" if pausing else "cancelled", 0.0, 0.0)

    def _stopped(self, run: RunId) -> bool:
        return self._closing or rules.state_of(self._node, run) in ("pausing", "cancelling")


def run_folder(node_folder: Path, run: RunId) -> Path:
    """A run's own folder: shards while it runs, checkpoints, what landed."""
    return node_folder / "runs" / run


def _is_refusal(code: str) -> bool:
    return code in _REFUSALS or code.startswith("sandbox.")
