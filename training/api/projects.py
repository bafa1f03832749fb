"""Routes of projects, labelling templates and members."""

from studio.domain.ids import ProjectId, UserId
from studio.domain.wire.projects import NewProject, OntologyVersion, Project, Projects, ProjectSummary
from studio.domain.wire.session import Empty, SetRoles, UserInfo, Users
from training.api.call import Call, Handler, Resolver
from training.store import projects as rows
from training.work import projects
from training.work.access import missing


def _project(call: Call[object]) -> ProjectId:
    return ProjectId(call.ids["project"])


def all_of_mine(call: Call[Empty]) -> Projects:
    """The projects in which the person is somebody."""
    return Projects(projects.of(call.node, call.who))


def new_project(call: Call[NewProject]) -> Project:
    """Make a project."""
    return projects.create(call.node, call.body, call.who)


def project(call: Call[Empty]) -> Project:
    """One project."""
    return projects.read(call.node, _project(call))


def summary(call: Call[Empty]) -> ProjectSummary:
    """Its counts."""
    return projects.summary(call.node, _project(call))


def members(call: Call[Empty]) -> Users:
    """Who is what in it."""
    return Users(projects.members(call.node, _project(call)))


def set_roles(call: Call[SetRoles]) -> UserInfo:
    """Give somebody roles in it."""
    user = UserId(call.ids["user"])
    return projects.set_roles(call.node, _project(call), user, call.body.roles, call.who)


def ontology(call: Call[Empty]) -> OntologyVersion:
    """One version of its labelling template; 0 means the newest."""
    text = call.ids["version"]
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise missing()
    return OntologyVersion(projects.ontology(call.node, _project(call), int(text) or None))


def new_ontology(call: Call[OntologyVersion]) -> Project:
    """Make the next version."""
    return projects.new_ontology(call.node, _project(call), call.body.ontology, call.who)


HANDLERS: dict[str, Handler] = {
    "projects": all_of_mine,
    "new_project": new_project,
    "project": project,
    "summary": summary,
    "members": members,
    "set_roles": set_roles,
    "ontology": ontology,
    "new_ontology": new_ontology,
}
PROJECT_OF: dict[str, Resolver] = {"project": rows.exists}
