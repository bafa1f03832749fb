"""Layers of predictions: made by jobs, shown beside the annotations, accepted as Edits under one batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from studio.domain import canonical
from studio.domain.edit import Edit
from studio.domain.errors import AtelierError
from studio.domain.ids import BatchId, ItemId, ModelId, ProjectId, UserId, new_id
from studio.domain.wire.evaluation import (
    Accepted,
    AcceptPredictions,
    Looked,
    Prediction,
    Predictions,
    PredictItems,
)
from studio.domain.wire.jobs import Job
from studio.domain.wire.projects import ItemQuery
from studio.domain.wire.training import Model
from training.evaluation import layers
from training.evaluation.accepting import acceptance, highest, shapes_in
from training.store import item_search, models, predictions
from training.store import jobs as job_rows
from training.store.engine import Transaction
from training.work import audit, documents, reading, suites, tasks
from training.work import items as items_work
from training.work.access import Session
from training.work.running_job import RunningJob
from training.work.seeing import Seeing

if TYPE_CHECKING:
    from training.node import Node

_ITEMS_A_STEP = 32


class _Acceptance(Struct, frozen=True):
    """What the job of accepting is asked."""

    asked: AcceptPredictions
    batch: BatchId


def ask(node: Node, project: ProjectId, asked: PredictItems, who: Session) -> Job:
    """Have a model look at items. Sealed ones are left out. Raises `prediction.no_items`, `model.missing`."""
    with node.store.write() as tx:
        model = model_of(tx, project, asked.model)
        wanted = _open_items(tx, project, asked.query)
        if not wanted:
            raise _no_items()
        job = node.jobs.ask(
            tx,
            "predict",
            f"Predict with {model.name}"[:200],
            project,
            asked.model,
            canonical.encode(asked),
            who.user,
            unit="items",
        )
        audit.append(node, tx, who.user, "prediction.ask", f"{asked.model} {len(wanted)}")
        made = job_rows.get(tx, job)
    assert made is not None
    return made


def carry_out(job: RunningJob) -> bytes:
    """The job of kind `predict`."""
    asked = canonical.decode_lenient(job.payload, PredictItems)
    assert job.project is not None
    with job.node.store.read() as tx:
        model = model_of(tx, job.project, asked.model)
        wanted = _open_items(tx, job.project, asked.query)
    return canonical.encode(Looked(Seeing(job, model, wanted).all()))


def of_item(node: Node, item: ItemId, who: Session) -> Predictions:
    """Every model's layer on one item, the newest first. Raises `suite.sealed`."""
    with node.store.read() as tx:
        suites.check_open(tx, item, who)
        sealer = node.keys.item_sealer(tx, item)
        return Predictions(tuple(layers.opened(row, sealer) for row in predictions.of_item(tx, item)))


def accept(node: Node, project: ProjectId, asked: AcceptPredictions, who: Session) -> Accepted:
    """Count what would be made of the predictions at or above the threshold, or have it made by a job.

    Accepted items are left as they are, or, where that is asked, reopened.
    """
    with node.store.read() as tx:
        model_of(tx, project, asked.model)
        seen = _seen_items(tx, project, asked)
        if not seen:
            raise _no_items()
        counted = _counted(node, tx, seen, asked)
    if asked.preview or not counted.items:
        return counted
    batch = BatchId(new_id())
    with node.store.write() as tx:
        job = node.jobs.ask(
            tx,
            "accept_predictions",
            f"Accept predictions on {counted.items} items",
            project,
            batch,
            canonical.encode(_Acceptance(asked, batch)),
            who.user,
            unit="items",
        )
        audit.append(node, tx, who.user, "prediction.accept", f"{asked.model} {batch}")
    return replace(counted, batch=batch, job=job)


def carry_out_acceptance(job: RunningJob) -> bytes:
    """The job of kind `accept_predictions`: one Edit for each item, all under one batch."""
    orders = canonical.decode_lenient(job.payload, _Acceptance)
    assert job.project is not None
    with job.node.store.read() as tx:
        seen = _seen_items(tx, job.project, orders.asked)
    items = shapes = 0
    for start in range(0, len(seen), _ITEMS_A_STEP):
        some = seen[start : start + _ITEMS_A_STEP]

        def work(some: list[ItemId] = some) -> list[int]:
            return _accept_some(job.node, some, orders, job.asked_by)

        count, made = job.step(f"items {start}", work)
        items += count
        shapes += made
        job.progress(min(start + _ITEMS_A_STEP, len(seen)), len(seen))
    return canonical.encode(Accepted(items, shapes, orders.batch, job.id))


def model_of(tx: Transaction, project: ProjectId, model: ModelId) -> Model:
    """A model of this project. Raises `model.missing`."""
    found = models.get(tx, model)
    if found is None or found.project != project:
        raise AtelierError(
            "model.missing", "There is no such model in this project.", hint="Refresh the list of models."
        )
    return found


def _counted(node: Node, tx: Transaction, seen: list[ItemId], asked: AcceptPredictions) -> Accepted:
    """What acceptance would make of the layers on `seen`."""
    items = shapes = accepted = 0
    best: float | None = None
    for item in seen:
        is_accepted = reading.live_item(tx, item).state == "accepted"
        edit = _edit(node, tx, item, asked)
        accepted += bool(edit) and is_accepted
        if is_accepted and asked.leave_accepted:
            continue
        if edit:
            items += 1
            shapes += shapes_in(edit)
        elif not items and (here := _highest(node, tx, item, asked.model)) is not None:
            best = here if best is None else max(best, here)
    return Accepted(items, shapes, accepted_items=accepted, highest=None if items else best)


def _accept_some(node: Node, some: list[ItemId], orders: _Acceptance, user: UserId) -> list[int]:
    items = shapes = 0
    for item in some:

        def work(tx: Transaction, item: ItemId = item) -> int:
            stored = reading.live_item(tx, item)
            if stored.state == "accepted" and orders.asked.leave_accepted:
                return 0
            edit = _edit(node, tx, item, orders.asked)
            if edit is None or not edit:
                return 0
            documents.append(
                node,
                tx,
                stored,
                edit,
                user,
                ontology_version=edit.ontology_version,
                batch=orders.batch,
            )
            # what a model made nobody has looked at: accepted work is looked at again
            tasks.reopen(node, tx, item, user, "Predictions were accepted on this item.")
            if stored.state == "new":
                items_work.set_state(tx, reading.live_item(tx, item), "labelling")
            return shapes_in(edit)

        made = node.store.grouped(work)
        items += made > 0
        shapes += made
    return [items, shapes]


def _edit(node: Node, tx: Transaction, item: ItemId, asked: AcceptPredictions) -> Edit | None:
    layer = _layer(node, tx, item, asked.model)
    if layer is None:
        return None
    state = reading.read_in(node, tx, item)
    return acceptance(layer, state.entities, asked.threshold, state.ontology_version)


def _highest(node: Node, tx: Transaction, item: ItemId, model: ModelId) -> float | None:
    layer = _layer(node, tx, item, model)
    return None if layer is None else highest(layer, reading.read_in(node, tx, item).entities)


def _layer(node: Node, tx: Transaction, item: ItemId, model: ModelId) -> Prediction | None:
    stored = predictions.get(tx, model, [item]).get(item)
    return None if stored is None else layers.opened(stored, node.keys.item_sealer(tx, item))


def _seen_items(tx: Transaction, project: ProjectId, asked: AcceptPredictions) -> list[ItemId]:
    wanted = _open_items(tx, project, asked.query)
    seen = predictions.get(tx, asked.model, wanted)
    return [item for item in wanted if item in seen]


def _open_items(tx: Transaction, project: ProjectId, query: ItemQuery) -> list[ItemId]:
    sealed = suites.suite_items(tx, project)
    return [item for item in item_search.matching(tx, project, query) if item not in sealed]


def _no_items() -> AtelierError:
    return AtelierError(
        "prediction.no_items",
        "No item matches, or the model has looked at none of those that do. Nothing was changed.",
        hint="Predict on these items first, or choose others.",
    )
