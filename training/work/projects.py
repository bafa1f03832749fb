"""Projects, their labelling templates, and who is what in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from studio.domain.errors import AtelierError
from studio.domain.ids import ProjectId, UserId, new_id
from studio.domain.ontology import Ontology, check_ontology
from studio.domain.wire.projects import ClassCount, NewProject, Project, ProjectSummary
from studio.domain.wire.session import Role, UserInfo
from training.store import leases, projects, users
from training.store.engine import Transaction
from training.work import audit
from training.work.access import ALL_ROLES, Session, missing, refused

if TYPE_CHECKING:
    from training.node import Node

_LONGEST_NAME = 200
# what each role may hand out; nobody gives what they could not take back
_MAY_GIVE: dict[Role, frozenset[Role]] = {
    "admin": ALL_ROLES,
    "manager": frozenset(("annotator", "reviewer", "scientist", "manager")),
}


def create(node: Node, asked: NewProject, who: Session) -> Project:
    """Make a project; who makes it is its admin. Raises `project.name_wrong`, `ontology.malformed`."""
    name = asked.name.strip()
    if not name or len(name) > _LONGEST_NAME:
        raise AtelierError(
            "project.name_wrong",
            f"A project's name has between 1 and {_LONGEST_NAME} characters.",
            hint="Give it a name that your team will recognise.",
        )
    check_ontology(asked.ontology)
    project = Project(
        id=ProjectId(new_id()),
        name=name,
        ontology_version=1,
        created_ns=node.clock.now_ns(),
        description=asked.description,
    )
    with node.store.write() as tx:
        projects.add(tx, project, replace(asked.ontology, version=1))
        node.keys.new_project(tx, project.id)
        users.set_roles(tx, who.user, project.id, ALL_ROLES)
        audit.append(node, tx, who.user, "project.new", project.id)
        tx.emit("project", project.id)
        tx.after_commit(node.sessions.forget)
    return project


def of(node: Node, who: Session) -> tuple[Project, ...]:
    """The projects in which this person is somebody."""
    with node.store.read() as tx:
        return tuple(projects.several(tx, None if who.everything else list(who.roles)))


def read(node: Node, project: ProjectId) -> Project:
    """One project with its counts."""
    with node.store.read() as tx:
        return _get(tx, project)


def summary(node: Node, project: ProjectId) -> ProjectSummary:
    """What filters and charts need, from counters: it costs the same at a million items."""
    with node.store.read() as tx:
        states = projects.counts(tx, project, "state")
        shapes = projects.counts(tx, project, "class")
        having = projects.counts(tx, project, "class_items")
        return ProjectSummary(
            items=sum(states.values()),
            states=tuple(states.items()),
            classes=tuple(ClassCount(name, count, having.get(name, 0)) for name, count in shapes.items()),
            tags=tuple(projects.counts(tx, project, "tag").items()),
            unsure=projects.counts(tx, project, "unsure").get("", 0),
            remarks=projects.counts(tx, project, "remarks").get("", 0),
        )


def ontology(node: Node, project: ProjectId, version: int | None) -> Ontology:
    """One version of the labelling template, or the newest. Raises `access.missing`."""
    with node.store.read() as tx:
        found = projects.ontology(tx, project, version)
    if found is None:
        raise missing()
    return found


def new_ontology(node: Node, project: ProjectId, asked: Ontology, who: Session) -> Project:
    """Make `asked` the next version of the template. Raises `ontology.malformed`, `ontology.stale`."""
    with node.store.write() as tx:
        add_ontology(node, tx, project, asked, who.user)
        return _get(tx, project)


def add_ontology(node: Node, tx: Transaction, project: ProjectId, asked: Ontology, user: UserId) -> Ontology:
    """As `new_ontology`, in the caller's transaction; `asked.version` is the one that it was made from."""
    check_ontology(asked)
    now = projects.ontology(tx, project)
    if now is None:
        raise missing()
    if asked.version != now.version:
        raise AtelierError(
            "ontology.stale",
            "Somebody else changed the labelling template first. Yours was not saved.",
            detail=f"made from version {asked.version}, now {now.version}",
            hint="Open the template again and repeat your change.",
        )
    made = replace(asked, version=now.version + 1)
    projects.add_ontology(tx, project, made)
    audit.append(node, tx, user, "project.ontology", f"{project} {made.version}")
    tx.emit("project", project, revision=made.version)
    return made


def members(node: Node, project: ProjectId) -> tuple[UserInfo, ...]:
    """Who is what in a project."""
    with node.store.read() as tx:
        return tuple(users.members(tx, project))


def set_roles(
    node: Node, project: ProjectId, user: UserId, wanted: tuple[Role, ...], who: Session
) -> UserInfo:
    """Give somebody exactly these roles. Nobody raises themselves, and nobody gives or takes more than they
    may. Raises `access.refused`, `access.missing`, `project.last_admin`."""
    mine = who.roles_in(project)
    may_give = frozenset[Role]().union(*(_MAY_GIVE.get(role, frozenset()) for role in mine))
    with node.store.write() as tx:
        account = users.by_id(tx, user)
        if account is None or account.disabled:
            raise missing()
        held = users.roles_of(tx, user).get(project, frozenset())
        given = frozenset(wanted)
        if not (held ^ given) <= may_give or (user == who.user and given - held):
            raise refused()
        if "admin" in held - given and users.count_role(tx, project, "admin") == 1:
            raise AtelierError(
                "project.last_admin",
                "A project keeps at least one admin. Nothing was changed.",
                hint="Make somebody else an admin first.",
            )
        users.set_roles(tx, user, project, given)
        if not given:
            leases.drop_all_of(tx, user)
        audit.append(node, tx, who.user, "project.roles", f"{project} {user} {','.join(sorted(given))}")
        tx.emit("project", project, subject=user)
        tx.after_commit(node.sessions.forget)
        changed = users.info(tx, user)
    assert changed is not None
    return replace(changed, roles=((project, tuple(sorted(given))),))


def _get(tx: Transaction, project: ProjectId) -> Project:
    found = projects.get(tx, project)
    if found is None:
        raise missing()
    return found
