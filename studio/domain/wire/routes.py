"""The one table of routes: what may be asked of a node, by which roles, with which messages.

The node registers its handlers from it, the client calls through it, and a test enumerates it, so a route
that is missing on either side or open to a wrong role is seen at once.
"""

from typing import Generic, TypeVar

from msgspec import Struct

from studio.domain.wire import documents as d
from studio.domain.wire import evaluation as e
from studio.domain.wire import jobs as j
from studio.domain.wire import people as t
from studio.domain.wire import projects as p
from studio.domain.wire import releases as r
from studio.domain.wire import session as s
from studio.domain.wire import training as tr
from studio.domain.wire.session import Empty, Role

Q = TypeVar("Q")
A = TypeVar("A")

Roles = frozenset[Role]
ANYBODY: Roles = frozenset(("annotator", "reviewer", "scientist", "manager", "releaser", "auditor", "admin"))
WORKERS: Roles = ANYBODY - {"auditor"}
ANNOTATE: Roles = frozenset(("annotator", "reviewer", "manager", "admin"))
REVIEW: Roles = frozenset(("reviewer", "manager", "admin"))
SCIENCE: Roles = frozenset(("scientist", "manager", "admin"))
SEE_SCIENCE: Roles = SCIENCE | {"reviewer", "releaser", "auditor"}
RELEASE: Roles = frozenset(("releaser", "admin"))
MANAGE: Roles = frozenset(("manager", "admin"))
AUDIT: Roles = frozenset(("auditor", "admin"))


class Route(Struct, Generic[Q, A], frozen=True):
    """One thing that can be asked. Names in braces are ids, made by the node or by their creator.

    `access`: `open` needs no session, `session` any signed-in person, `node_admin` an administrator of the
    node; `project` one of `roles` in the project that `{project}`, or the object named by the id, belongs to.
    Somebody without any role there gets the same 404 as for an id that does not exist; with the wrong
    role, 403. `raw` bodies and answers are bytes, not messages.
    """

    name: str
    method: str
    path: str
    request: type[Q]
    response: type[A]
    access: str = "project"
    roles: Roles = frozenset()
    raw_request: bool = False
    raw_response: bool = False


HANDSHAKE = Route("handshake", "GET", "/handshake", Empty, s.Handshake, "open")
SIGN_IN = Route("sign_in", "POST", "/sessions", s.SignIn, s.SignedIn, "open")
OWN_SIGN_IN = Route("own_sign_in", "POST", "/sessions/own", s.OwnSignIn, s.SignedIn, "open")
SIGN_OUT = Route("sign_out", "DELETE", "/sessions/current", Empty, Empty, "session")
ME = Route("me", "GET", "/me", Empty, s.UserInfo, "session")
CHANGE_PASSWORD = Route("change_password", "POST", "/me/password", s.ChangePassword, Empty, "session")
SETTINGS = Route("settings", "GET", "/me/settings", Empty, s.Settings, "session")
KEEP_SETTINGS = Route("keep_settings", "PUT", "/me/settings", s.Settings, Empty, "session")
EVENTS = Route("events", "GET", "/events", Empty, j.Event, "session", raw_response=True)
CHECKPOINT = Route("checkpoint", "GET", "/audit/checkpoint", Empty, s.Checkpoint, "session")
AUDIT_PAGE = Route("audit_page", "GET", "/audit/{after}", Empty, s.AuditPage, "node_admin")
USERS = Route("users", "GET", "/users", Empty, s.Users, "node_admin")
NEW_USER = Route("new_user", "POST", "/users", s.NewUser, s.NewUserMade, "node_admin")
DISABLE_USER = Route("disable_user", "POST", "/users/{user}/disable", Empty, s.UserInfo, "node_admin")

PROJECTS = Route("projects", "GET", "/projects", Empty, p.Projects, "session")
NEW_PROJECT = Route("new_project", "POST", "/projects", p.NewProject, p.Project, "session")
PROJECT = Route("project", "GET", "/projects/{project}", Empty, p.Project, roles=ANYBODY)
SUMMARY = Route("summary", "GET", "/projects/{project}/summary", Empty, p.ProjectSummary, roles=ANYBODY)
MEMBERS = Route("members", "GET", "/projects/{project}/people", Empty, s.Users, roles=ANYBODY)
SET_ROLES = Route(
    "set_roles", "PUT", "/projects/{project}/people/{user}", s.SetRoles, s.UserInfo, roles=MANAGE
)
ONTOLOGY = Route(
    "ontology", "GET", "/projects/{project}/ontologies/{version}", Empty, p.OntologyVersion, roles=ANYBODY
)
NEW_ONTOLOGY = Route(
    "new_ontology", "POST", "/projects/{project}/ontologies", p.OntologyVersion, p.Project, roles=MANAGE
)
ITEMS = Route("items", "POST", "/projects/{project}/items/query", p.ItemQuery, p.ItemPage, roles=ANYBODY)
ITEM = Route("item", "GET", "/items/{item}", Empty, p.Item, roles=ANYBODY)
ERASE_ITEM = Route("erase_item", "DELETE", "/items/{item}", Empty, Empty, roles=MANAGE)
MEDIA = Route(  # rendition: original, thumb, or tile-LEVEL-COLUMN-ROW; Range is honoured on the original
    "media",
    "GET",
    "/items/{item}/streams/{stream}/frames/{frame}/{rendition}",
    Empty,
    bytes,
    roles=ANYBODY,
    raw_response=True,
)
PUT_BLOB = Route(
    "put_blob", "PUT", "/items/{item}/blobs/{blob}", bytes, Empty, roles=ANNOTATE, raw_request=True
)
GET_BLOB = Route(
    "get_blob", "GET", "/items/{item}/blobs/{blob}", Empty, bytes, roles=ANYBODY, raw_response=True
)

DOCUMENT = Route("document", "GET", "/items/{item}/document", Empty, d.DocumentState, roles=ANYBODY)
SAVE_EDIT = Route("save_edit", "POST", "/items/{item}/edits", d.SaveEdit, d.Saved, roles=ANNOTATE)
REVISIONS = Route(
    "revisions", "POST", "/items/{item}/revisions/query", d.RevisionQuery, d.Revisions, roles=ANYBODY
)
LEASE = Route("lease", "POST", "/items/{item}/lease", Empty, d.Lease, roles=ANNOTATE)
END_LEASE = Route("end_lease", "DELETE", "/items/{item}/lease", Empty, Empty, roles=ANNOTATE)
FINDINGS = Route("findings", "GET", "/items/{item}/findings", Empty, d.Findings, roles=ANYBODY)
DRAFTS = Route("drafts", "GET", "/items/{item}/drafts", Empty, d.Drafts, roles=ANNOTATE)
KEEP_DRAFT = Route("keep_draft", "PUT", "/items/{item}/drafts/{draft}", d.Draft, Empty, roles=ANNOTATE)
DROP_DRAFT = Route("drop_draft", "DELETE", "/items/{item}/drafts/{draft}", Empty, Empty, roles=ANNOTATE)
HAND_IN_JOURNAL = Route("hand_in_journal", "POST", "/journals", d.HandIn, d.HandedIn, "session")
REVERT_BATCH = Route(
    "revert_batch",
    "POST",
    "/projects/{project}/batches/revert",
    d.RevertBatch,
    d.BatchReverting,
    roles=MANAGE,
)

TASKS = Route("tasks", "POST", "/projects/{project}/tasks/query", t.TaskQuery, t.Tasks, roles=WORKERS)
NEW_TASKS = Route("new_tasks", "POST", "/projects/{project}/tasks", t.NewTasks, t.TasksMade, roles=MANAGE)
PULL_NEXT = Route("pull_next", "POST", "/projects/{project}/tasks/next", t.PullNext, t.Pulled, roles=ANNOTATE)
NOTE_TASK = Route("note_task", "PUT", "/tasks/{task}/note", t.TaskNote, t.Task, roles=ANNOTATE)
SUBMIT_TASK = Route("submit_task", "POST", "/tasks/{task}/submit", t.TaskNote, t.Task, roles=ANNOTATE)
SKIP_TASK = Route("skip_task", "POST", "/tasks/{task}/skip", t.TaskNote, t.Task, roles=ANNOTATE)
TAKE_BACK_TASK = Route("take_back_task", "POST", "/tasks/{task}/take_back", Empty, t.Pulled, roles=ANNOTATE)
OPEN_REVIEW = Route("open_review", "POST", "/tasks/{task}/review", Empty, t.Pulled, roles=REVIEW)
RETURN_TASK = Route("return_task", "POST", "/tasks/{task}/return", t.TaskNote, t.Task, roles=REVIEW)
ACCEPT_TASK = Route("accept_task", "POST", "/tasks/{task}/accept", t.TaskNote, t.Task, roles=REVIEW)

NEW_IMPORT = Route(
    "new_import", "POST", "/projects/{project}/imports", j.NewImport, j.ImportState, roles=MANAGE
)
PUT_CHUNK = Route(
    "put_chunk", "PUT", "/imports/{import_}/chunks/{chunk}", bytes, Empty, roles=MANAGE, raw_request=True
)
START_IMPORT = Route("start_import", "POST", "/imports/{import_}/start", Empty, j.ImportState, roles=MANAGE)
JOBS = Route("jobs", "GET", "/projects/{project}/jobs", Empty, j.Jobs, roles=ANYBODY)
JOB = Route("job", "GET", "/jobs/{job}", Empty, j.Job, roles=ANYBODY)
PAUSE_JOB = Route("pause_job", "POST", "/jobs/{job}/pause", Empty, j.Job, roles=SCIENCE)
RESUME_JOB = Route("resume_job", "POST", "/jobs/{job}/resume", Empty, j.Job, roles=SCIENCE)
CANCEL_JOB = Route("cancel_job", "POST", "/jobs/{job}/cancel", Empty, j.Job, roles=SCIENCE)
LINEAGE = Route(
    "lineage", "GET", "/projects/{project}/lineage/{kind}/{id}", Empty, j.Lineage, roles=SEE_SCIENCE
)
NEW_EXPORT = Route(
    "new_export", "POST", "/projects/{project}/exports", j.NewExport, j.AirlockRequest, roles=SCIENCE
)
AIRLOCK = Route("airlock", "GET", "/projects/{project}/airlock", Empty, j.AirlockRequests, roles=ANYBODY)
DECIDE_AIRLOCK = Route(
    "decide_airlock",
    "POST",
    "/projects/{project}/airlock/{request}",
    j.Decision,
    j.AirlockRequest,
    roles=REVIEW,
)
FETCH_EXPORT = Route(
    "fetch_export",
    "GET",
    "/projects/{project}/airlock/{request}/file",
    Empty,
    bytes,
    roles=SCIENCE,
    raw_response=True,
)

SNAPSHOTS = Route("snapshots", "GET", "/projects/{project}/snapshots", Empty, tr.Snapshots, roles=SEE_SCIENCE)
NEW_SNAPSHOT = Route(
    "new_snapshot", "POST", "/projects/{project}/snapshots", tr.NewSnapshot, tr.Snapshot, roles=SCIENCE
)
TEMPLATES = Route("templates", "GET", "/templates", Empty, tr.Templates, "session")
RUNS = Route("runs", "GET", "/projects/{project}/runs", Empty, tr.Runs, roles=SEE_SCIENCE)
NEW_RUN = Route("new_run", "POST", "/projects/{project}/runs", tr.NewRun, tr.Run, roles=SCIENCE)
RUN = Route("run", "GET", "/runs/{run}", Empty, tr.Run, roles=SEE_SCIENCE)
RUN_LOG = Route("run_log", "POST", "/runs/{run}/log", tr.RunLogQuery, tr.RunLog, roles=SEE_SCIENCE)
PAUSE_RUN = Route("pause_run", "POST", "/runs/{run}/pause", Empty, tr.Run, roles=SCIENCE)
RESUME_RUN = Route("resume_run", "POST", "/runs/{run}/resume", Empty, tr.Run, roles=SCIENCE)
CANCEL_RUN = Route("cancel_run", "POST", "/runs/{run}/cancel", Empty, tr.Run, roles=SCIENCE)
MODELS = Route("models", "GET", "/projects/{project}/models", Empty, tr.Models, roles=SEE_SCIENCE)

EVALUATIONS = Route(
    "evaluations", "GET", "/projects/{project}/evaluations", Empty, e.Evaluations, roles=SEE_SCIENCE
)
NEW_EVALUATION = Route(
    "new_evaluation", "POST", "/projects/{project}/evaluations", e.NewEvaluation, e.Evaluation, roles=SCIENCE
)
EVALUATION = Route("evaluation", "GET", "/evaluations/{evaluation}", Empty, e.Evaluation, roles=SEE_SCIENCE)
MATCHES = Route(
    "matches", "POST", "/evaluations/{evaluation}/matches", e.MatchQuery, e.Matches, roles=SEE_SCIENCE
)
VERDICT = Route(
    "verdict",
    "PUT",
    "/evaluations/{evaluation}/matches/{match}",
    e.NewVerdict,
    e.Match,
    roles=SCIENCE | REVIEW,
)
COMPARE = Route(
    "compare", "POST", "/evaluations/{evaluation}/compare", e.CompareWith, e.Comparison, roles=SEE_SCIENCE
)
PREDICT_ITEMS = Route(
    "predict_items", "POST", "/projects/{project}/predictions", e.PredictItems, j.Job, roles=SCIENCE
)
PREDICTIONS = Route("predictions", "GET", "/items/{item}/predictions", Empty, e.Predictions, roles=ANYBODY)
ACCEPT_PREDICTIONS = Route(
    "accept_predictions",
    "POST",
    "/projects/{project}/predictions/accept",
    e.AcceptPredictions,
    e.Accepted,
    roles=MANAGE,
)
POOLS = Route("pools", "GET", "/projects/{project}/pools", Empty, e.Pools, roles=ANYBODY)
ADD_TO_POOL = Route("add_to_pool", "POST", "/pools/{pool}/items", e.PoolItems, e.Pool, roles=SCIENCE | REVIEW)

SUITES = Route("suites", "GET", "/projects/{project}/suites", Empty, r.Suites, roles=SEE_SCIENCE)
NEW_SUITE = Route("new_suite", "POST", "/projects/{project}/suites", r.NewSuite, r.Suite, roles=REVIEW)
RELEASES = Route("releases", "GET", "/projects/{project}/releases", Empty, r.Releases, roles=SEE_SCIENCE)
NEW_RELEASE = Route(
    "new_release", "POST", "/projects/{project}/releases", r.NewRelease, r.Release, roles=SCIENCE
)
RELEASE_ = Route("release", "GET", "/releases/{release}", Empty, r.Release, roles=SEE_SCIENCE)
DECIDE_RELEASE = Route(
    "decide_release", "POST", "/releases/{release}/decide", j.Decision, r.Release, roles=RELEASE
)
SERVICES = Route("services", "GET", "/projects/{project}/services", Empty, r.Services, roles=SEE_SCIENCE)
SET_ARMS = Route("set_arms", "PUT", "/services/{service}/arms", r.SetArms, r.Service, roles=RELEASE)
ROLL_BACK = Route("roll_back", "POST", "/services/{service}/roll_back", Empty, r.Service, roles=RELEASE)
STOP_SERVICE = Route("stop_service", "POST", "/services/{service}/stop", Empty, r.Service, roles=RELEASE)
START_SERVICE = Route("start_service", "POST", "/services/{service}/start", Empty, r.Service, roles=RELEASE)
SERVICE_TOKEN = Route(
    "service_token", "POST", "/services/{service}/token", Empty, r.ServiceToken, roles=RELEASE
)
TRY_SERVICE = Route(
    "try_service", "POST", "/services/{service}/try", r.TryService, r.Answer, roles=SEE_SCIENCE
)

ROUTES: tuple[Route[object, object], ...] = tuple(
    value for value in globals().values() if isinstance(value, Route)
)


def path_of(route: Route[Q, A], **ids: str | int) -> str:
    """The route's path with its ids filled in. Raises KeyError where one is missing."""
    return route.path.format(**ids)
