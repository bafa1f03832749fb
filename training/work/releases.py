"""Releases: a candidate before the gate, a person who decides, and the service that answers with it."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from msgspec.structs import replace

from studio.domain.contracts.training import Judged
from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId, ReleaseId, new_id
from studio.domain.wire.evaluation import Prediction
from studio.domain.wire.jobs import Decision
from studio.domain.wire.releases import GateResult, NewRelease, Release
from studio.domain.wire.training import Model
from training.evaluation import gate, layers, sheet
from training.store import items, lineage, models, predictions, releases, suites, users
from training.store import jobs as job_rows
from training.store.engine import Transaction
from training.work import audit, reading, services
from training.work import suites as suite_rules
from training.work.access import Session, missing
from training.work.evaluation import metric_for
from training.work.items import streams_of
from training.work.predictions import model_of
from training.work.predictors import predictor_of
from training.work.running_job import RunningJob, StopJob
from training.work.seeing import Seeing

if TYPE_CHECKING:
    from training.node import Node


def new(node: Node, project: ProjectId, asked: NewRelease, who: Session) -> Release:
    """Put a candidate before the gate.

    Raises `model.missing`, `model.no_predictor`, `suite.missing`, `service.name`.
    """
    name = services.check_name(asked.service)
    with node.store.write() as tx:
        model = model_of(tx, project, asked.model)
        predictor_of(model)  # before anybody judges what could never answer
        suite = suites.get(tx, asked.suite)
        if suite is None or suite.project != project:
            raise AtelierError(
                "suite.missing", "There is no such suite in this project.", hint="Refresh the list."
            )
        made = Release(
            id=ReleaseId(new_id()),
            project=project,
            model=model.id,
            model_name=model.name,
            suite=suite.id,
            service=name,
            state="evaluating",
            asked_by=who.name,
            asked_ns=node.clock.now_ns(),
        )
        releases.add(tx, made, who.user, model.digest)
        node.jobs.ask(
            tx,
            "gate",
            f"Judge {model.name} for {name}"[:200],
            project,
            made.id,
            b"",
            who.user,
            unit="items",
        )
        lineage.add(tx, project, ("release", made.id), ("model", model.id), made.asked_ns)
        audit.append(node, tx, who.user, "release.ask", made.id, model.digest)
        tx.emit("service", project, subject=made.id)
    return made


def carry_out(job: RunningJob) -> bytes:
    """The job of kind `gate`: candidate and the model in service, on one version of the suite."""
    release = ReleaseId(job.subject)
    try:
        _judge(job, release)
    except StopJob:
        raise
    except AtelierError as error:
        with job.node.store.write() as tx:
            releases.failed(tx, release, str(error))
            tx.emit("service", job.project, subject=release)
        raise
    return b""


def of_project(node: Node, project: ProjectId) -> tuple[Release, ...]:
    """A project's releases, the newest first."""
    with node.store.read() as tx:
        return tuple(_settled(tx, each) for each in releases.of_project(tx, project))


def get(node: Node, release: str) -> Release:
    """One release."""
    with node.store.read() as tx:
        return _settled(tx, _known(tx, release))


def decide(node: Node, release: str, asked: Decision, who: Session) -> Release:
    """Accept or refuse what the gate has judged; an accepted model gets its first share at once.

    Raises `release.not_waiting`, `release.own_request`, `release.model_changed`, `release.suite_changed`,
    `release.note_missing`.
    """
    service = None
    with node.store.write() as tx:
        known = _known(tx, release)
        if known.state != "waiting":
            raise _not_waiting(known)
        _check_other_person(node, tx, known, who)
        if asked.approve:
            _check_unchanged(tx, known)
            _check_reason(known, asked)
        now_ns = node.clock.now_ns()
        if not releases.decided(tx, known.id, asked.approve, who.user, who.name, asked.note, now_ns):
            raise _not_waiting(known)
        verb = "release.accept" if asked.approve else "release.refuse"
        audit.append(node, tx, who.user, verb, known.id, releases.asked_by(tx, known.id)[1])
        if asked.approve:
            service = services.promote(node, tx, known.project, known.service, known.model, who.user)
            lineage.add(tx, known.project, ("service", service), ("release", known.id), now_ns)
            tx.emit("model", known.project, subject=known.model)
        tx.emit("service", known.project, subject=known.id)
    if service is not None:
        node.services.bring_up(service)
    return get(node, release)


def _judge(job: RunningJob, release: ReleaseId) -> None:
    node = job.node
    with node.store.write() as tx:
        known = _known(tx, release)
        candidate = model_of(tx, known.project, known.model)
        serving = services.in_service(tx, known.project, known.service)
        baseline = models.get(tx, serving) if serving and serving != candidate.id else None
        version = suite_rules.bring_up(node, tx, known.suite)
        members = suites.members(tx, known.suite)
        classes, few = gate.judged_classes(suites.labels_by_class(tx, [item for item, _ in members]))
    gate.check_large_enough(len(members), dict.fromkeys(classes, gate.FEWEST_LABELS))
    wanted = [item for item, _ in members]
    for model in (candidate, *((baseline,) if baseline else ())):
        Seeing(job, model, wanted).all()

    def weigh() -> None:
        result = _weighed(node, known, version, members, candidate, baseline, classes, few)
        with node.store.write() as tx:
            for model in (candidate, *((baseline,) if baseline else ())):
                suite_rules.look(node, tx, known.suite, version, model.id, job.asked_by)
            releases.judged(tx, known.id, result, version)
            tries = releases.tries(tx, known.suite, known.service)
            if tries > 1:
                releases.judged(tx, known.id, _with_tries(result, tries), version)
            tx.emit("service", known.project, subject=known.id)

    job.step("weigh", weigh)


def _weighed(
    node: Node,
    known: Release,
    version: int,
    members: list[tuple[ItemId, int]],
    candidate: Model,
    baseline: Model | None,
    classes: tuple[str, ...],
    few: tuple[str, ...],
) -> GateResult:
    with node.store.read() as tx:
        if suites.changed_members(tx, known.suite):
            raise _suite_changed()
        sides = [
            [gate.of_classes(each, classes) for each in _judged(node, tx, members, model)]
            for model in (candidate, *((baseline,) if baseline else ()))
        ]
    seed = int.from_bytes(hashlib.sha256(f"{known.suite} {version}".encode()).digest()[:4], "big")
    result = gate.judge(
        metric_for(candidate.template), sides[0], sides[1] if baseline else None, classes, seed
    )
    if few:
        left_out = f" Left out, with fewer than {gate.FEWEST_LABELS} labels: {', '.join(few)}."
        return replace(result, sentence=result.sentence + left_out)
    return result


def _judged(node: Node, tx: Transaction, members: list[tuple[ItemId, int]], model: Model) -> list[Judged]:
    """Every item of the suite as it is labelled now; one that the model could not see counts as empty."""
    seen = predictions.get(tx, model.id, [item for item, _ in members])
    found: list[Judged] = []
    for item, revision in members:
        stored = items.get(tx, item)
        if stored is None or stored.erased:
            continue
        sealer = node.keys.item_sealer(tx, item)
        row = seen.get(item)
        layer = layers.opened(row, sealer) if row else Prediction(item, model.id, (), ())
        labels = reading.read_in(node, tx, item).entities
        found.append(sheet.judged(stored, streams_of(stored, sealer), revision, labels, layer))
    return found


def _with_tries(result: GateResult, tries: int) -> GateResult:
    said = f" {tries} candidates have been judged on this suite: of many, one wins by luck."
    return replace(result, sentence=result.sentence + said)


def _check_other_person(node: Node, tx: Transaction, known: Release, who: Session) -> None:
    asker, _ = releases.asked_by(tx, known.id)
    if asker != who.user:
        return
    if sum(not person.disabled for person in users.everybody(tx)) > 1:
        raise AtelierError(
            "release.own_request",
            "You asked for this release, so somebody else decides it. Nothing was changed.",
            hint="Ask a person with the releaser role.",
        )
    # nobody else is there to look: allowed, and on record for whoever reads it later
    audit.append(node, tx, who.user, "release.alone", known.id)


def _check_unchanged(tx: Transaction, known: Release) -> None:
    _, digest = releases.asked_by(tx, known.id)
    model = models.get(tx, known.model)
    if model is None or model.digest != digest:
        raise AtelierError(
            "release.model_changed",
            "The model is not the one that was judged. Nothing was changed.",
            hint="Ask for a new release of it.",
        )
    if suites.changed_members(tx, known.suite):
        raise _suite_changed()


def _check_reason(known: Release, asked: Decision) -> None:
    if known.gate is not None and not known.gate.passes and not asked.note.strip():
        raise AtelierError(
            "release.note_missing",
            "This candidate did not pass the gate. Say why it is released all the same.",
            hint="One sentence is enough; it is kept with the decision.",
        )


def _suite_changed() -> AtelierError:
    return AtelierError(
        "release.suite_changed",
        "The sealed suite was corrected meanwhile, so both models must be judged again. Nothing was changed.",
        hint="Ask for the release once more.",
    )


def _not_waiting(known: Release) -> AtelierError:
    return AtelierError(
        "release.not_waiting",
        f"This release cannot be decided now: it is {known.state}.",
        hint="Refresh the list of releases.",
    )


def _settled(tx: Transaction, release: Release) -> Release:
    """A release whose job was stopped for good was not judged."""
    if release.state != "evaluating":
        return release
    jobs = [job for job in job_rows.of_project(tx, release.project) if job.subject == release.id]
    if any(job.state in ("failed", "cancelled") for job in jobs):
        return replace(release, state="failed", error=jobs[0].error or "It was cancelled.")
    return release


def _known(tx: Transaction, release: str) -> Release:
    found = releases.get(tx, release)
    if found is None:
        raise missing()
    return found
