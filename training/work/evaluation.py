"""Evaluations: a model on the validation part of a snapshot, and the verdicts that people give."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from studio.domain.contracts.plugin import installed_plugins, load_parts
from studio.domain.contracts.training import Judged, Judgement, Metric
from studio.domain.errors import AtelierError
from studio.domain.ids import EvaluationId, ItemId, ProjectId, SnapshotId, UserId, new_id
from studio.domain.wire.evaluation import (
    Comparison,
    Evaluation,
    Match,
    Matches,
    MatchQuery,
    NewEvaluation,
    NewVerdict,
)
from studio.domain.wire.training import Model
from training.evaluation import layers, sheet
from training.evaluation.comparing import compare as compare_matches
from training.store import evaluations, items, lineage, predictions
from training.store import jobs as job_rows
from training.store.engine import Transaction
from training.store.evaluations import StoredMatch
from training.work import audit, pools, suites, tasks
from training.work.access import Session, missing
from training.work.items import streams_of
from training.work.predictions import model_of
from training.work.running_job import RunningJob, StopJob
from training.work.seeing import Seeing
from training.work.showing import rendition

if TYPE_CHECKING:
    from training.data.frozen import FrozenItem
    from training.node import Node

_MOST_MATCHES = 2_000  # in one answer


def new(node: Node, project: ProjectId, asked: NewEvaluation, who: Session) -> Evaluation:
    """Ask for an evaluation. Raises `model.missing`, `snapshot.missing`, `evaluation.iou`."""
    if not 0 < asked.iou <= 1:
        raise AtelierError(
            "evaluation.iou", "The overlap that counts as found must lie between 0 and 1.", hint="Try 0.5."
        )
    with node.store.write() as tx:
        model = model_of(tx, project, asked.model)
        _check_snapshot(tx, project, asked.snapshot)
        made = Evaluation(
            id=EvaluationId(new_id()),
            project=project,
            model=model.id,
            model_name=model.name,
            snapshot=asked.snapshot,
            split=asked.split,
            iou=asked.iou,
            state="running",
            created_ns=node.clock.now_ns(),
        )
        job = node.jobs.ask(
            tx,
            "evaluate",
            f"Evaluate {model.name}"[:200],
            project,
            made.id,
            b"",
            who.user,
            unit="items",
        )
        made = replace(made, job=job)
        evaluations.add(tx, made)
        for source in (("model", model.id), ("snapshot", asked.snapshot)):
            lineage.add(tx, project, ("evaluation", made.id), source, made.created_ns)
        audit.append(node, tx, who.user, "evaluation.new", made.id)
        tx.emit("model", project, subject=made.id)
    return made


def carry_out(job: RunningJob) -> bytes:
    """The job of kind `evaluate`."""
    with job.node.store.read() as tx:
        evaluation = evaluations.get(tx, job.subject)
    assert evaluation is not None
    try:
        _evaluate(job, evaluation)
    except StopJob:
        raise
    except AtelierError as error:
        with job.node.store.write() as tx:
            evaluations.put(tx, replace(evaluation, state="failed", error=str(error)))
            tx.emit("model", evaluation.project, subject=evaluation.id)
        raise
    return b""


def of_project(node: Node, project: ProjectId) -> tuple[Evaluation, ...]:
    """A project's evaluations, the newest first, without their curves: lists do not show them."""
    with node.store.read() as tx:
        found = evaluations.of_project(tx, project)
        return tuple(replace(_settled(tx, each), curves=()) for each in found)


def get(node: Node, evaluation: str) -> Evaluation:
    """One evaluation with all its figures."""
    with node.store.read() as tx:
        return _settled(tx, _known(tx, evaluation))


def matches(node: Node, evaluation: str, query: MatchQuery) -> Matches:
    """A window of the outcomes that match, the most certain first. What was sealed since is left out."""
    with node.store.read() as tx:
        known = _known(tx, evaluation)
        limit = min(max(query.limit, 0), _MOST_MATCHES)
        total, found = evaluations.find_matches(tx, known.id, query, limit)
        sealed = suites.suite_items(tx, known.project)
        return Matches(total, _opened(node, tx, [row for row in found if row.item not in sealed]))


def verdict(node: Node, evaluation: str, match: str, asked: NewVerdict, who: Session) -> Match:
    """Say what an outcome means. The same verdict again changes nothing more.

    `label_wrong` sends an accepted item back to review; everything else puts it among the bad cases.
    """
    with node.store.write() as tx:
        known = _known(tx, evaluation)
        found = evaluations.get_match(tx, known.id, match)
        if found is None or found.item in suites.suite_items(tx, known.project):
            raise AtelierError(
                "match.missing", "There is no such object in this evaluation.", hint="Refresh the sheet."
            )
        sealer = node.keys.item_sealer(tx, found.item)
        note = sheet.sealed_note(asked.note, found, sealer)
        evaluations.judge(tx, found, asked.verdict, note, who.user, node.clock.now_ns())
        audit.append(node, tx, who.user, f"verdict.{asked.verdict}", f"{known.id} {found.id}")
        if asked.verdict == "label_wrong":
            why = asked.note or "An evaluation shows that a label is wrong."
            tasks.reopen(node, tx, found.item, who.user, why)
            tx.emit("item", known.project, found.item, known.id)
        else:
            _add_bad_case(node, tx, known, found, asked, who.user)
        again = evaluations.get_match(tx, known.id, match)
        assert again is not None
        return _opened(node, tx, [again])[0]


def compare(node: Node, first: str, second: EvaluationId, project: ProjectId) -> Comparison:
    """Two evaluations object by object. Raises `evaluation.not_comparable`."""
    with node.store.read() as tx:
        one, two = _known(tx, first), evaluations.get(tx, second)
        if two is None or two.project != project:
            raise missing()
        same = (one.snapshot, one.split, one.iou) == (two.snapshot, two.split, two.iou)
        if not same or one.state != "done" or two.state != "done":
            raise AtelierError(
                "evaluation.not_comparable",
                "These two evaluations cannot be compared: they are of different data, or one is not done.",
                hint="Evaluate both models on the same split of one snapshot.",
            )
        sealed = suites.suite_items(tx, project)
        sides = [
            _opened(node, tx, [row for row in evaluations.all_matches(tx, each.id) if row.item not in sealed])
            for each in (one, two)
        ]
    return compare_matches(one, two, *sides)


def metric_for(template: str) -> Metric:
    """The metric that judges models of a template. Raises `evaluation.no_metric`."""
    plugins = installed_plugins()
    known = {each.name: each for plugin in plugins for each in load_parts(plugin.templates)}
    for plugin in plugins if template in known else ():
        for part in load_parts(plugin.metrics):
            metric: Metric = part() if isinstance(part, type) else part
            if metric.modality == known[template].modality:
                return metric
    raise AtelierError(
        "evaluation.no_metric", "No installed plug-in can judge this kind of data.", hint="Install one."
    )


def judged(node: Node, model: str, frozen: list[FrozenItem]) -> list[Judged]:
    """Labels as they were frozen beside what the model saw; items that it could not see are left out."""
    found: list[Judged] = []
    with node.store.read() as tx:
        seen = predictions.get(tx, model, [each.item for each in frozen])  # type: ignore[arg-type]
        sealers = node.keys.item_sealers(tx, list(seen))
        for each in frozen:
            stored = items.get(tx, each.item)
            if each.item in seen and stored is not None:
                sealer = sealers[each.item]
                layer = layers.opened(seen[each.item], sealer)
                streams = streams_of(stored, sealer)
                reader = partial(rendition, node, each.item)
                found.append(sheet.judged(stored, streams, each.revision, each.entities, layer, reader))
    return found


def _evaluate(job: RunningJob, evaluation: Evaluation) -> None:
    from training.data.frozen import frozen_items

    node = job.node
    with node.store.read() as tx:
        model = model_of(tx, evaluation.project, evaluation.model)
        sealed = suites.suite_items(tx, evaluation.project)
    frozen = [
        each for each in frozen_items(node, evaluation.snapshot, evaluation.split) if each.item not in sealed
    ]
    if not frozen:
        raise AtelierError(
            "evaluation.empty",
            f"Nothing was judged: the snapshot's {evaluation.split!r} part holds no item.",
            hint="Make a snapshot with a validation share, or choose another part.",
        )
    Seeing(job, model, [each.item for each in frozen]).all()
    job.step("judge", lambda: _judge(node, evaluation, judged(node, model.id, frozen), model))


def _judge(node: Node, evaluation: Evaluation, found: list[Judged], model: Model) -> None:
    judgement = metric_for(model.template).judge(found, model.classes, evaluation.iou)
    done = _done(evaluation, judgement, len(found))
    with node.store.write() as tx:
        sealers = node.keys.item_sealers(tx, [ItemId(each.item) for each in found])
        rows = [
            sheet.stored(done.id, rank, match, sealers[match.item])
            for rank, match in enumerate(judgement.matches)
        ]
        evaluations.put_matches(tx, done.id, rows)
        evaluations.put(tx, done)
        tx.emit("model", done.project, subject=done.id)


def _done(evaluation: Evaluation, judgement: Judgement, count: int) -> Evaluation:
    outcomes: dict[str, int] = {}
    for match in judgement.matches:
        outcomes[match.outcome] = outcomes.get(match.outcome, 0) + 1
    return replace(
        evaluation,
        state="done",
        items=count,
        threshold=judgement.threshold,
        metrics=judgement.metrics,
        per_class=judgement.per_class,
        slices=judgement.slices,
        curves=judgement.curves,
        confusion_classes=judgement.confusion_classes,
        confusion=judgement.confusion,
        outcomes=tuple(sorted(outcomes.items())),
        error="",
    )


def _add_bad_case(
    node: Node, tx: Transaction, evaluation: Evaluation, found: StoredMatch, asked: NewVerdict, user: UserId
) -> None:
    pool = pools.ensure(node, tx, evaluation.project, "bad_cases")
    seen = f"{found.outcome.replace('_', ' ')} of {evaluation.model_name}"
    reason = ": ".join(part for part in (asked.verdict.replace("_", " "), seen, asked.note) if part)
    pools.put(node, tx, pool.id, (found.item,), reason, user)
    lineage.add(tx, evaluation.project, ("pool", pool.id), ("evaluation", evaluation.id), node.clock.now_ns())


def _opened(node: Node, tx: Transaction, rows: list[StoredMatch]) -> tuple[Match, ...]:
    sealers = node.keys.item_sealers(tx, [row.item for row in rows])
    now = {item: items.get(tx, item) for item in {row.item for row in rows}}
    return tuple(
        sheet.opened(row, held, sealers[row.item]) for row in rows if (held := now[row.item]) is not None
    )


def _settled(tx: Transaction, evaluation: Evaluation) -> Evaluation:
    """An evaluation whose job was stopped for good did not come to its end."""
    if evaluation.state != "running" or evaluation.job is None:
        return evaluation
    job = job_rows.get(tx, evaluation.job)
    if job is None or job.state not in ("failed", "cancelled"):
        return evaluation
    return replace(evaluation, state="failed", error=job.error or "It was cancelled.")


def _known(tx: Transaction, evaluation: str) -> Evaluation:
    found = evaluations.get(tx, evaluation)
    if found is None:
        raise missing()
    return found


def _check_snapshot(tx: Transaction, project: ProjectId, snapshot: SnapshotId) -> None:
    from training.store import snapshots

    if snapshots.project_of(tx, snapshot) != project:
        raise AtelierError(
            "snapshot.missing",
            "There is no such snapshot in this project.",
            hint="Refresh the list of snapshots.",
        )
