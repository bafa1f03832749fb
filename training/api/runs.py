"""Routes of templates, runs and models."""

from msgspec.structs import replace

from studio.domain.ids import RunId
from studio.domain.wire.session import Empty
from studio.domain.wire.training import Models, NewRun, Run, RunLog, RunLogQuery, Runs, Templates
from training.api.call import Call, Handler, Resolver
from training.store import models as model_rows
from training.store import runs as rows
from training.store import services
from training.work import runs
from training.work.access import missing


def templates(call: Call[Empty]) -> Templates:
    """What can be trained, and with which parameters."""
    return Templates(tuple(runs.templates(call.node)))


def list_runs(call: Call[Empty]) -> Runs:
    """A project's runs, newest first."""
    assert call.project is not None
    with call.node.store.read() as tx:
        return Runs(tuple(rows.of_project(tx, call.project)))


def new_run(call: Call[NewRun]) -> Run:
    """Queue a run."""
    assert call.project is not None
    return runs.new_run(call.node, call.project, call.body, call.who)


def run(call: Call[Empty]) -> Run:
    """One run."""
    with call.node.store.read() as tx:
        held = rows.get(tx, RunId(call.ids["run"]))
    if held is None:
        raise missing()
    return held


def run_log(call: Call[RunLogQuery]) -> RunLog:
    """What a run logged since the last question."""
    return runs.log(call.node, RunId(call.ids["run"]), call.body)


def pause_run(call: Call[Empty]) -> Run:
    """Stop at the next safe point."""
    return runs.pause(call.node, RunId(call.ids["run"]), call.who)


def resume_run(call: Call[Empty]) -> Run:
    """Go on from the last checkpoint."""
    return runs.resume(call.node, RunId(call.ids["run"]), call.who)


def cancel_run(call: Call[Empty]) -> Run:
    """Stop for good."""
    return runs.cancel(call.node, RunId(call.ids["run"]), call.who)


def models(call: Call[Empty]) -> Models:
    """A project's models, newest first."""
    assert call.project is not None
    with call.node.store.read() as tx:
        serving = services.models_in_service(tx, call.project)
        found = model_rows.of_project(tx, call.project)
    return Models(tuple(replace(each, in_service=each.id in serving) for each in found))


HANDLERS: dict[str, Handler] = {
    "templates": templates,
    "runs": list_runs,
    "new_run": new_run,
    "run": run,
    "run_log": run_log,
    "pause_run": pause_run,
    "resume_run": resume_run,
    "cancel_run": cancel_run,
    "models": models,
}

PROJECT_OF: dict[str, Resolver] = {"run": rows.project_of, "model": model_rows.project_of}
