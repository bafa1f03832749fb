"""Routes of imports, jobs, lineage, and the one door out."""

from studio.domain.ids import ImportId, JobId, ProjectId
from studio.domain.wire.jobs import (
    AirlockRequest,
    AirlockRequests,
    Decision,
    ImportState,
    Job,
    Jobs,
    Lineage,
    NewExport,
    NewImport,
)
from studio.domain.wire.session import Empty
from training.api.call import Call, Handler, RawAnswer, Resolver
from training.store import imports as import_rows
from training.store import jobs as rows
from training.work import exports, imports
from training.work import lineage as lineage_work


def new_import(call: Call[NewImport]) -> ImportState:
    """Register an import; says what has to be sent."""
    return imports.new_import(call.node, ProjectId(call.ids["project"]), call.body, call.who)


def put_chunk(call: Call[bytes]) -> Empty:
    """Take in a part of a file."""
    imports.put_chunk(call.node, ImportId(call.ids["import_"]), call.ids["chunk"], call.body)
    return Empty()


def start_import(call: Call[Empty]) -> ImportState:
    """Bring in what was sent."""
    return imports.start_import(call.node, ImportId(call.ids["import_"]), call.who)


def jobs(call: Call[Empty]) -> Jobs:
    """A project's jobs, newest first."""
    return Jobs(tuple(call.node.jobs.of_project(ProjectId(call.ids["project"]))))


def job(call: Call[Empty]) -> Job:
    """One job."""
    found: Job = call.node.jobs.get(JobId(call.ids["job"]))
    return found


def pause_job(call: Call[Empty]) -> Job:
    """Stop it at its next safe point, to go on later."""
    found: Job = call.node.jobs.pause(JobId(call.ids["job"]), call.who.user)
    return found


def resume_job(call: Call[Empty]) -> Job:
    """Go on with a paused or failed one."""
    found: Job = call.node.jobs.resume_job(JobId(call.ids["job"]), call.who.user)
    return found


def cancel_job(call: Call[Empty]) -> Job:
    """Stop it for good."""
    found: Job = call.node.jobs.cancel(JobId(call.ids["job"]), call.who.user)
    return found


def lineage(call: Call[Empty]) -> Lineage:
    """What something was made from, and what was made from it."""
    project = ProjectId(call.ids["project"])
    return lineage_work.of(call.node, project, call.ids["kind"], call.ids["id"], call.who)


def new_export(call: Call[NewExport]) -> AirlockRequest:
    """Ask for labelled data to leave."""
    return exports.new_export(call.node, ProjectId(call.ids["project"]), call.body, call.who)


def airlock(call: Call[Empty]) -> AirlockRequests:
    """What was asked to leave, newest first."""
    return AirlockRequests(exports.of_project(call.node, ProjectId(call.ids["project"]), call.who))


def decide_airlock(call: Call[Decision]) -> AirlockRequest:
    """Let it pass, or not."""
    return exports.decide(call.node, ProjectId(call.ids["project"]), call.ids["request"], call.body, call.who)


def fetch_export(call: Call[Empty]) -> RawAnswer:
    """The file of a request that passed."""
    project = ProjectId(call.ids["project"])
    size, pieces = exports.fetch(call.node, project, call.ids["request"], call.who)
    headers = {"content-length": str(size), "cache-control": "no-store"}
    return RawAnswer(pieces, "application/zip", headers=headers)


HANDLERS: dict[str, Handler] = {
    "new_import": new_import,
    "put_chunk": put_chunk,
    "start_import": start_import,
    "jobs": jobs,
    "job": job,
    "pause_job": pause_job,
    "resume_job": resume_job,
    "cancel_job": cancel_job,
    "lineage": lineage,
    "new_export": new_export,
    "airlock": airlock,
    "decide_airlock": decide_airlock,
    "fetch_export": fetch_export,
}
PROJECT_OF: dict[str, Resolver] = {
    "import_": import_rows.project_of,
    "job": lambda tx, job: rows.project_of(tx, JobId(job)),
}
