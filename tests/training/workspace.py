"""A workspace with a project, items and people, made before its node starts."""

from pathlib import Path

import pyotp
from msgspec import Struct

from studio.domain import canonical
from studio.domain.edit import Edit, creation
from studio.domain.entities import SCHEMA, AnyEntity, Box, Track
from studio.domain.ids import EntityId, ItemId, OperationId, ProjectId, StreamId, UserId, new_id
from studio.domain.ontology import AttributeType, ClassType, Ontology
from studio.domain.wire import WIRE_SCHEMA, routes
from studio.domain.wire.documents import SaveEdit
from studio.domain.wire.projects import NewProject, Stream
from studio.domain.wire.session import NewUser, Role, SignIn
from tests.training.running import Person, RunningNode, answer_of
from training.node import Node, assemble
from training.work import items, people, projects
from training.work.access import ALL_ROLES, Session

PASSWORD = "correct horse battery"
ONTOLOGY = Ontology(
    classes=(
        ClassType("cell", attributes=(AttributeType("stage", "choice", choices=("young", "old")),)),
        ClassType("debris"),
    ),
    tags=(ClassType("blurred"),),
)
STREAM = StreamId("camera")

PEOPLE: dict[str, tuple[Role, ...]] = {
    "ann": ("annotator",),
    "bob": ("annotator",),
    "rita": ("reviewer",),
    "sam": ("scientist",),
    "mia": ("manager",),
    "rel": ("releaser",),
    "aud": ("auditor",),
    "adm": ("admin",),
    "eve": (),
}


class Workspace(Struct):
    """What was made: ids, and the one-time-code secrets of the people."""

    project: ProjectId
    items: list[ItemId]
    users: dict[str, UserId]
    secrets: dict[str, str]
    other: ProjectId  # where only Eve is somebody
    other_item: ItemId


def session(user: UserId, name: str = "", *, everything: bool = True) -> Session:
    """A session for calling services without a node process."""
    return Session(user, name, everything, b"", 2**62, {}, everything=everything)


def furnish(node: Node, count: int = 3, names: tuple[str, ...] = ("ann", "rita")) -> Workspace:
    """Make a project with `count` items and these people in it, and another project with Eve alone."""
    owner = session(UserId(new_id()), "Founder")
    project = projects.create(node, NewProject("Cells", ONTOLOGY), owner).id
    other = projects.create(node, NewProject("Elsewhere", ONTOLOGY), owner).id
    made = add_items(node, project, count)
    users: dict[str, UserId] = {}
    secrets: dict[str, str] = {}
    for name in names:
        new = people.create(node, NewUser(name, name.title(), PASSWORD, admin=name == "adm"), owner)
        users[name] = new.user.id
        secrets[name] = pyotp.parse_uri(new.totp_uri).secret
        projects.set_roles(node, project, new.user.id, PEOPLE[name], owner)
        if name == "eve":
            projects.set_roles(node, other, new.user.id, tuple(ALL_ROLES), owner)
    return Workspace(project, made, users, secrets, other, add_items(node, other, 1)[0])


def add_items(node: Node, project: ProjectId, count: int) -> list[ItemId]:
    """Items of one picture each."""
    picture = (Stream(STREAM, "camera", "image", width=640, height=480),)
    with node.store.write() as tx:
        return [
            items.create(node, tx, project, f"photo-{number:04d}.png", picture).id for number in range(count)
        ]


def furnished(folder: Path, count: int = 3, names: tuple[str, ...] = ("ann", "rita")) -> Workspace:
    """As `furnish`, on a folder that no node runs on."""
    folder.mkdir(parents=True, exist_ok=True)
    node = assemble(folder)
    try:
        return furnish(node, count, names)
    finally:
        node.close()


def sign_in(node: RunningNode, workspace: Workspace, name: str) -> Person:
    """Sign somebody in by password and one-time code."""
    code = pyotp.TOTP(workspace.secrets[name]).now()
    asked = SignIn(name, PASSWORD, code, wire=WIRE_SCHEMA, entities=SCHEMA)
    response = node.http.post("/sessions", content=canonical.encode(asked))
    return Person(node.http, answer_of(response, routes.SIGN_IN))


def a_box(
    class_name: str = "cell", xyxy: tuple[float, float, float, float] = (10.0, 10.0, 40.0, 30.0)
) -> tuple[Track, Box]:
    """One new box with its track."""
    track = Track(EntityId(new_id()), class_name)
    return track, Box(EntityId(new_id()), track.id, STREAM, 0, xyxy)


def draw(*entities: AnyEntity, fence: int = 1, base: int = 0) -> SaveEdit:
    """A save that makes `entities`, or one new box."""
    return save(creation("Draw box", *(entities or a_box()), tool="box"), fence=fence, base=base)


def save(edit: Edit, *, fence: int, base: int = 0) -> SaveEdit:
    """A save of `edit` under a new operation."""
    return SaveEdit(OperationId(new_id()), base, fence, 1, edit)
