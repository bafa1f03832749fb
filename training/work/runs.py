"""The rules of training runs: who starts one, what each state may become, what a finished one leaves.

queued -> running -> done | failed | refused
queued, running -> (pausing) paused -> queued         queued, running, paused -> (cancelling) cancelled
failed -> queued                                      going on from the last checkpoint
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, ModelId, ProjectId, RunId, new_id
from studio.domain.values import Value
from studio.domain.wire.training import LogLine, NewRun, Run, RunLog, RunLogQuery, RunState, Template
from training.data.provenance import labels_at
from training.runs import artifacts
from training.runs.child import Ending, new_key
from training.runs.shards import Source
from training.runs.templates import algorithm, form, installed_templates, on_the_wire, template_named
from training.store import lineage
from training.store import runs as rows
from training.work import audit
from training.work.access import Session, missing
from training.work.showing import shown

if TYPE_CHECKING:
    from training.data.frozen import FrozenItem
    from training.node import Node
    from training.runs.attempt import State
    from training.store.engine import Transaction

_ALL: tuple[RunState, ...] = ("queued", "running", "pausing", "paused", "cancelling")
_PAGE = 5_000  # points or lines of one answer


def templates(node: Node) -> list[Template]:
    """Every installed template with its form."""
    return [
        on_the_wire(each, form(each, node.spawner, _forms(node))) for each in installed_templates().values()
    ]


def new_run(node: Node, project: ProjectId, asked: NewRun, who: Session) -> Run:
    """Queue a run. Raises `run.unknown_template`, `run.bad_parameters`, `access.missing`."""
    template = template_named(asked.template)
    made = form(template, node.spawner, _forms(node))
    parameters = _checked(made.schema, asked.parameters)
    if not 0 <= asked.seed < 2**53:
        raise _bad_parameters("the seed is a whole number from 0 on")
    key = new_key()
    from training.store import snapshots as snapshot_rows

    with node.store.write() as tx:
        snapshot = snapshot_rows.get(tx, asked.snapshot)
        if snapshot is None or snapshot.project != project:
            raise missing()
        number = len(rows.of_project(tx, project)) + 1
        run = Run(
            id=RunId(new_id()),
            project=project,
            name=asked.name or f"{template.title} {number}",
            template=template.name,
            algorithm=algorithm(template),
            snapshot=asked.snapshot,
            snapshot_name=snapshot.name,
            parameters=parameters,
            seed=asked.seed,
            state="queued",
            created_ns=node.clock.now_ns(),
            author=who.name,
            environment=_environment(),
        )
        sealed = node.keys.project_sealer(tx, project).seal(key, _key_data(run.id))
        rows.add(tx, run, sealed)
        lineage.add(tx, project, ("run", run.id), ("snapshot", asked.snapshot), run.created_ns)
        audit.append(node, tx, who.user, "run.new", run.id)
        tx.emit("run", project, subject=run.id)
        tx.after_commit(node.runs.wanted, run.id)
    return run


def pause(node: Node, run: RunId, who: Session) -> Run:
    """Stop at the next safe point, with a checkpoint. Raises `run.not_running`."""
    with node.store.write() as tx:
        if rows.change(tx, run, ["queued"], state="paused", eta_ms=None):
            pass
        elif rows.change(tx, run, ["running"], state="pausing"):
            tx.after_commit(lambda: node.runs.stop(run, pause=True))
        else:
            raise _wrong_state("run.not_running", "The run is not under way, so there is nothing to pause.")
        return _changed(node, tx, run, who, "run.pause")


def resume(node: Node, run: RunId, who: Session) -> Run:
    """Go on from the last checkpoint. Raises `run.not_stopped`."""
    with node.store.write() as tx:
        if not rows.change(tx, run, ["paused", "failed"], state="queued", error="", hint="", ended_ns=0):
            raise _wrong_state("run.not_stopped", "Only a paused or failed run can go on.")
        tx.after_commit(node.runs.wanted, run)
        return _changed(node, tx, run, who, "run.resume")


def cancel(node: Node, run: RunId, who: Session) -> Run:
    """Stop for good. Raises `run.ended`."""
    with node.store.write() as tx:
        if rows.change(
            tx,
            run,
            ["queued", "paused", "failed"],
            state="cancelled",
            eta_ms=None,
            ended_ns=node.clock.now_ns(),
        ):
            pass
        elif rows.change(tx, run, ["running", "pausing"], state="cancelling"):
            tx.after_commit(lambda: node.runs.stop(run, pause=False))
        else:
            raise _wrong_state("run.ended", "The run has already ended.")
        return _changed(node, tx, run, who, "run.cancel")


def log(node: Node, run: RunId, query: RunLogQuery) -> RunLog:
    """What was logged from the given numbers on; at most 5,000 of each a call."""
    with node.store.read() as tx:
        project = rows.project_of(tx, run)
        if project is None:
            raise missing()
        points = rows.read_points(tx, run, query.after_point, _PAGE)
        sealed = rows.read_lines(tx, run, query.after_line, _PAGE)
        sealer = node.keys.project_sealer(tx, project)
    lines = tuple(msgspec.msgpack.decode(sealer.open(each, _line_data(run)), type=LogLine) for each in sealed)
    return RunLog(tuple(points), lines, query.after_point + len(points), query.after_line + len(lines))


def recover(node: Node) -> list[RunId]:
    """After a start: what a stopped node left under way is queued again, oldest first."""
    wanted = []
    with node.store.write() as tx:
        for run, state in rows.live(tx):
            if state == "pausing":
                rows.change(tx, run, [state], state="paused", eta_ms=None)
            elif state == "cancelling":
                rows.change(tx, run, [state], state="cancelled", eta_ms=None, ended_ns=node.clock.now_ns())
            else:
                rows.change(tx, run, [state], state="queued", eta_ms=None)
                wanted.append(run)
    return wanted


def begin(node: Node, run: RunId) -> Run | None:
    """Make a queued run's next attempt the one under way; None where it is no longer queued."""
    with node.store.write() as tx:
        held = rows.get(tx, run)
        if held is None or held.state != "queued":
            return None
        started = held.started_ns or node.clock.now_ns()
        rows.change(tx, run, ["queued"], state="running", attempt=held.attempt + 1, started_ns=started)
        tx.emit("run", held.project, subject=run)
        return rows.get(tx, run)


def key_of(node: Node, run: Run) -> bytes:
    """The run's own key."""
    with node.store.read() as tx:
        sealed = rows.key_of(tx, run.id)
        return node.keys.project_sealer(tx, run.project).open(sealed, _key_data(run.id))


def state_of(node: Node, run: RunId) -> RunState | None:
    """A run's state as it is now."""
    with node.store.read() as tx:
        held = rows.get(tx, run)
    return held.state if held else None


def sources(node: Node, run: Run) -> Iterator[Source]:
    """The snapshot's items for training and validation, as they were frozen."""
    from training.data.frozen import frozen_items
    from training.store import snapshots as snapshot_rows

    with node.store.read() as tx:
        snapshot = snapshot_rows.get(tx, run.snapshot)
    weight = snapshot.recipe.weight_of_machine_labels if snapshot else 1.0
    for split in ("train", "validation"):
        for item in frozen_items(node, run.snapshot, split):
            weights = dict.fromkeys(_by_machine(node, item), weight) if weight != 1.0 else {}
            told = shown(node, item.item, item.name, item.streams, item.entities, weights)
            yield Source(item.kind, split, item.group_key or item.item, told)


def _by_machine(node: Node, item: FrozenItem) -> frozenset[EntityId]:
    with node.store.read() as tx:
        sealer = node.keys.item_sealer(tx, item.item)
        return labels_at(tx, item.item, item.revision, sealer).by_machine


def note(node: Node, run: Run, text: str, level: str = "info") -> None:
    """Put the node's own words into the run's log."""
    with node.store.write() as tx:
        now = node.clock.now_ns()
        kept = [LogLine(now, level, line[:8_000]) for line in text.splitlines()[:2_000]]
        rows.add_log(tx, run.id, [], _sealed(node, tx, run, kept))
        tx.emit("log", run.project, subject=run.id)


def report(node: Node, run: Run, state: State) -> None:
    """Write down what an attempt said since the last time."""
    with node.store.write() as tx:
        rows.add_log(tx, run.id, state.points, _sealed(node, tx, run, state.lines))
        rows.change(
            tx,
            run.id,
            ["running", "pausing", "cancelling"],
            epoch=state.epoch,
            epochs=state.epochs,
            eta_ms=None if state.eta_s is None else round(state.eta_s * 1000),
            metrics=tuple(sorted(state.metrics.items())),
        )
        tx.emit("run", run.project, subject=run.id)


def end(
    node: Node, run: RunId, state: RunState, cpu_s: float, wall_s: float, error: AtelierError | None = None
) -> None:
    """The attempt is over, without a model."""
    with node.store.write() as tx:
        held = rows.get(tx, run)
        if held is None:
            return
        rows.spend(tx, run, round(cpu_s * 1000), round(wall_s * 1000))
        rows.change(
            tx,
            run,
            _ALL,
            state=state,
            eta_ms=None,
            ended_ns=0 if state == "paused" else node.clock.now_ns(),
            error=error.message if error else "",
            hint=error.hint if error else "",
        )
        audit.append(node, tx, audit.NODE, f"run.{state}", run)
        tx.emit("run", held.project, subject=run)


def finish(node: Node, run: Run, landed: Path, ending: Ending, wall_s: float) -> ModelId:
    """Check and keep the model that a run made. Raises `model.unsound`, `node.disk_full`."""
    from training.work import models

    found = models.landed(landed, run.template)
    with node.store.read() as tx:
        held = rows.get(tx, run.id) or run
    metrics = dict(held.metrics) | dict(ending.metrics)
    with node.store.write() as tx:
        model = models.register(node, tx, run, found, tuple(sorted(ending.metrics)))
        rows.spend(tx, run.id, round(ending.cpu_s * 1000), round(wall_s * 1000))
        rows.change(
            tx,
            run.id,
            _ALL,
            state="done",
            model=model,
            eta_ms=None,
            epoch=held.epoch,
            ended_ns=node.clock.now_ns(),
            metrics=tuple(sorted(metrics.items())),
        )
        lineage.add(tx, run.project, ("model", model), ("run", run.id), node.clock.now_ns())
        audit.append(node, tx, audit.NODE, "run.done", run.id, artifacts.digest(found.files))
        tx.emit("run", run.project, subject=run.id)
        tx.emit("model", run.project, subject=model)
    return model


def _changed(node: Node, tx: Transaction, run: RunId, who: Session, action: str) -> Run:
    held = rows.get(tx, run)
    if held is None:
        raise missing()
    audit.append(node, tx, who.user, action, run)
    tx.emit("run", held.project, subject=run)
    return held


def _checked(schema: bytes, given: tuple[tuple[str, Value], ...]) -> tuple[tuple[str, Value], ...]:
    import jsonschema  # 60 ms, which a node starts without

    values: dict[str, Any] = {
        name: list(value) if isinstance(value, tuple) else value for name, value in given
    }
    decoded = msgspec.json.decode(schema)
    form_schema = decoded["$defs"][decoded["$ref"].rpartition("/")[2]] if "$ref" in decoded else decoded
    unknown = sorted(set(values) - set(form_schema.get("properties", {})))
    if unknown:
        raise _bad_parameters(f"{unknown[0]} is not one of {', '.join(form_schema.get('properties', {}))}")
    try:
        jsonschema.validate(values, decoded)
    except jsonschema.ValidationError as wrong:
        raise _bad_parameters(f"{'.'.join(map(str, wrong.path))}: {wrong.message}") from wrong
    return tuple(sorted(given))


def _bad_parameters(why: str) -> AtelierError:
    return AtelierError(
        "run.bad_parameters",
        f"Nothing was started: a parameter is not allowed ({why}).",
        hint="Correct it and start again.",
    )


def _wrong_state(code: str, message: str) -> AtelierError:
    return AtelierError(code, message, hint="Refresh the list of runs.")


def _sealed(node: Node, tx: Transaction, run: Run, kept: list[LogLine]) -> list[bytes]:
    if not kept:
        return []
    sealer = node.keys.project_sealer(tx, run.project)
    return [sealer.seal(msgspec.msgpack.encode(each), _line_data(run.id)) for each in kept]


def _environment() -> str:
    """What a run is trained with, for whoever wants to repeat it."""
    parts = [f"{name} {version(name)}" for name in ("torch", "numpy", "opencv-python-headless", "onnx")]
    return ", ".join([f"Python {platform.python_version()}", *parts, platform.machine()])


def _forms(node: Node) -> Path:
    return node.folder / "runs" / "forms"


def _key_data(run: RunId) -> bytes:
    return f"run-key:{run}".encode()


def _line_data(run: RunId) -> bytes:
    return f"run-line:{run}".encode()
