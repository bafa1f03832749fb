"""The job that brings an import in: a worker reads and prepares, the node seals, stores and makes Edits.

Every item is known by (import, source path), so whatever was killed meanwhile, the rest and only the rest
comes in. A file that cannot be used is named in the report and stops nothing.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import ImportId
from studio.domain.wire.jobs import ImportProblem, ImportReport
from training.data.seen import with_new_classes
from training.data.worker_messages import Bad, Orders, Part, Planned, Prepared
from training.data.workers import Worker, WorkerDied
from training.store import imports as rows
from training.store import projects
from training.store import tasks as task_rows
from training.work import audit, tasks
from training.work import projects as projects_work
from training.work.import_items import Group, ItemMaker, problem_aad
from training.work.imports import OpenedImport, open_import
from training.work.running_job import RunningJob

_STEP_ITEMS = 256
_STEP_S = 2.0
_GROUP_BYTES = 64 * 1024 * 1024
_GROUP_ITEMS = 64
_DEATHS = 50  # of workers in one import; then its data are not worth the trouble
_PROBLEMS_SHOWN = 1000


def bring_in(job: RunningJob, one: ImportId) -> bytes:
    """Bring in all that is not in yet; the result is an `ImportReport`."""
    with job.node.store.read() as tx:
        opened = open_import(job.node, tx, one)
    bringing = _Bringing(job, opened)
    try:
        job.progress(0, 0, "Reading the label files")
        planned = job.step("classes", bringing.learn_classes)
        number = 0
        while job.step(f"items {number}", lambda: bringing.some_items(planned["items"])):
            number += 1
        job.step("finish", bringing.finish)
    finally:
        bringing.close()
    return canonical.encode(_report(job, one, tuple(planned["new"])))


class _Bringing:
    """One attempt at an import. What it knows beside the rows is made again after a kill."""

    def __init__(self, job: RunningJob, opened: OpenedImport) -> None:
        self._job = job
        self._node = job.node
        self._import = opened
        self._maker = ItemMaker(job.node, opened, job.asked_by)
        self._worker: Worker | None = None
        self._coming: Iterator[Part | Prepared | Bad] | None = None
        self._done = 0
        self._deaths = 0

    def learn_classes(self) -> dict[str, Any]:
        """Give the project the classes that it lacks; their names, and how many items there will be."""
        planned = self._plan()
        project = self._import.project
        with self._node.store.write() as tx:
            known = projects.ontology(tx, project)
            assert known is not None
            grown, new = with_new_classes(known, planned.classes, planned.template)
            if new:
                projects_work.add_ontology(self._node, tx, project, grown, self._job.asked_by)
        return {"items": planned.items, "new": list(new)}

    def some_items(self, total: int) -> bool:
        """Bring in some two seconds' worth; False when all are in."""
        coming = self._prepared()
        until = time.monotonic() + _STEP_S
        count = 0
        while count < _STEP_ITEMS and time.monotonic() < until and not self._job.stop_wanted():
            group, more = self._next_group(coming)
            self._maker.store(group)
            count += len(group)
            # a problem beside an item is none of the items that were counted
            self._done += sum(
                isinstance(each, Prepared) or (isinstance(each, Bad) and each.skipped) for each in group
            )
            self._job.progress(min(self._done, total), total, "Bringing in")
            if not more:
                return False
        return True

    def finish(self) -> None:
        """Offer what is unlabelled as tasks, where that was asked for; tidy up."""
        with self._node.store.write() as tx:
            if self._import.request.make_tasks:
                busy = task_rows.items_with_open(tx, self._import.project, tasks.CLOSED)
                waiting = [item for item in rows.untasked(tx, self._import.id) if item not in busy]
                tasks.make_for(self._node, tx, self._import.project, waiting)
            audit.append(self._node, tx, self._job.asked_by, "import.done", self._import.id)
            tx.emit("items", self._import.project)
        self._import.staging.discard()

    def close(self) -> None:
        """End the worker."""
        if self._worker is not None:
            self._worker.close()

    def _plan(self) -> Planned:
        worker = Worker(self._orders(plan=True, skip=frozenset()))
        try:
            for message in worker.messages():
                if isinstance(message, Planned):
                    return message
        except WorkerDied as died:
            raise _unreadable() from died
        finally:
            worker.close()
        raise _unreadable()

    def _prepared(self) -> Iterator[Part | Prepared | Bad]:
        if self._coming is None:
            with self._node.store.read() as tx:
                done = frozenset(rows.sources(tx, self._import.id))
            self._done = len(done)
            self._coming = self._follow_workers(done)
        return self._coming

    def _follow_workers(self, done: frozenset[str]) -> Iterator[Part | Prepared | Bad]:
        handled = set(done)
        avoid: set[str] = set()
        while True:
            before = len(handled)
            orders = self._orders(plan=False, skip=frozenset(handled), avoid=frozenset(avoid))
            self._worker = Worker(orders)
            try:
                for message in self._worker.messages():
                    if isinstance(message, Part):
                        yield message
                    elif isinstance(message, Prepared):
                        handled.add(message.item.source)
                        yield message
                    elif isinstance(message, Bad):
                        if message.skipped:
                            handled.add(message.source)
                        yield message
                return
            except WorkerDied as died:
                self._deaths += 1
                blamed = died.source if died.source not in handled else ""
                # killed between two items: nobody is to blame, as long as it got on at all
                if self._deaths > _DEATHS or (not blamed and len(handled) == before):
                    raise _unreadable() from died
                if blamed and died.path and died.path not in avoid:
                    avoid.add(died.path)
                    yield Bad(_deadly(died.path))
                elif blamed:
                    handled.add(blamed)
                    yield Bad(_deadly(blamed), blamed, skipped=True)
            finally:
                self._worker.close()

    def _orders(self, *, plan: bool, skip: frozenset[str], avoid: frozenset[str] = frozenset()) -> Orders:
        request = self._import.request
        if request.adopt:
            folder = self._node.roots.place_of(request.adopt)[1]
            return Orders(
                request.format,
                plan,
                folder=str(folder),
                clip_frames=request.clip_frames,
                skip=skip,
                avoid=avoid,
            )
        return Orders(
            request.format,
            plan,
            files=request.files,
            staging=str((self._node.folder / "staging").resolve()),
            import_id=self._import.id,
            staging_key=self._import.staging_key,
            clip_frames=request.clip_frames,
            skip=skip,
            avoid=avoid,
        )

    def _next_group(self, coming: Iterator[Part | Prepared | Bad]) -> tuple[Group, bool]:
        group: Group = []
        size = 0
        for message in coming:
            group.append(message)
            size += self._maker.size(message)
            if len(group) >= _GROUP_ITEMS or size >= _GROUP_BYTES or self._job.stop_wanted():
                return group, True
        return group, False


def _report(job: RunningJob, one: ImportId, new_classes: tuple[str, ...]) -> ImportReport:
    assert job.project is not None
    with job.node.store.read() as tx:
        sealer = job.node.keys.project_sealer(tx, job.project)
        found = [
            (skipped, canonical.decode_lenient(sealer.open(data, problem_aad(one)), ImportProblem))
            for skipped, data in rows.problems(tx, one)
        ]
        count, shapes = rows.made(tx, one)
    ordered = sorted((problem for _, problem in found), key=lambda each: (each.path, each.message))
    return ImportReport(
        items=count,
        shapes=shapes,
        skipped=sum(skipped for skipped, _ in found),
        problems=tuple(ordered[:_PROBLEMS_SHOWN]),
        problem_count=len(found),
        new_classes=new_classes,
    )


def _deadly(source: str) -> ImportProblem:
    return ImportProblem(
        path=source,
        code="import.deadly_file",
        message="Opening this file ended the program that reads it, or took too long; it was left out.",
        hint="The file is damaged or hostile. Mend it and import it again.",
    )


def _unreadable() -> AtelierError:
    return AtelierError(
        "import.unreadable",
        "The import stopped: its label files cannot be read. What came in before is kept.",
        hint="Try `atelier inspect` on the folder: it names the file.",
    )
