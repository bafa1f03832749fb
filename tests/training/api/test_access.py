"""Every route, every role, a stranger and nobody: the table of routes is what the node enforces."""

import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from msgspec import Struct
from sqlalchemy import Boolean, Integer, LargeBinary, Table
from sqlalchemy.types import Float

from studio.domain.ids import new_id
from studio.domain.wire import routes
from studio.domain.wire.routes import ROUTES, Route, path_of
from tests.training.running import Person, RunningNode, running_node
from tests.training.workspace import PEOPLE, Workspace, furnish, sign_in
from training.api.app import handlers
from training.node import assemble
from training.store.engine import Transaction
from training.store.schema import metadata

NONSENSE = b"\xc1"  # no message begins so: it is refused after the access check and before the handler

# whose rows stand for each name in braces
TABLES = {
    "import_": "imports",
    "job": "jobs",
    "run": "runs",
    "evaluation": "evaluations",
    "pool": "pools",
    "release": "releases",
    "service": "services",
    "task": "tasks",
}
IN_PROJECTS = [route for route in ROUTES if route.access == "project"]


class Objects(Struct):
    """One object of every kind, in the project, and another in the project where only Eve is."""

    mine: dict[str, str]
    theirs: dict[str, str]


class Everybody(Struct):
    """A running node with one person of each role signed in."""

    node: RunningNode
    workspace: Workspace
    objects: Objects
    people: dict[str, Person]


@pytest.fixture(scope="module")
def everybody() -> Iterator[Everybody]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        folder.mkdir()
        node = assemble(folder)
        workspace = furnish(node, 1, tuple(PEOPLE))
        with node.store.write() as tx:
            objects = Objects(
                _objects(tx, workspace.project, workspace.items[0]),
                _objects(tx, workspace.other, workspace.other_item),
            )
        node.close()
        with running_node(folder) as running:
            people = {each: sign_in(running, workspace, each) for each in PEOPLE}
            yield Everybody(running, workspace, objects, people)


def test_every_route_has_a_handler() -> None:
    assert {route.name for route in ROUTES} == set(handlers()[0])


def test_every_object_in_a_path_has_a_resolver() -> None:
    assert {_owner(route) for route in IN_PROJECTS} <= set(handlers()[1])


@pytest.mark.parametrize("route", IN_PROJECTS, ids=lambda route: route.name)
def test_a_route_of_a_project_is_open_to_its_roles_alone(
    everybody: Everybody, route: Route[Any, Any]
) -> None:
    for name, roles in PEOPLE.items():
        answer = _ask(everybody.people[name], route, everybody.objects.mine)
        if not roles:
            assert (answer.status_code, _code(answer)) == (404, "access.missing"), name
        elif set(roles) & route.roles:
            assert _code(answer) not in ("access.missing", "access.refused"), name
            assert answer.status_code not in (401, 403, 500), name
        else:
            assert (answer.status_code, _code(answer)) == (403, "access.refused"), name


@pytest.mark.parametrize("route", IN_PROJECTS, ids=lambda route: route.name)
def test_another_projects_object_looks_as_one_that_is_not_there(
    everybody: Everybody, route: Route[Any, Any]
) -> None:
    nowhere = {name: new_id() for name in everybody.objects.mine}
    admin = everybody.people["adm"]
    foreign, missing = (_ask(admin, route, ids) for ids in (everybody.objects.theirs, nowhere))
    assert foreign.status_code == missing.status_code == 404
    assert foreign.content == missing.content
    kept = ("content-type", "content-length")
    assert [foreign.headers[each] for each in kept] == [missing.headers[each] for each in kept]


@pytest.mark.parametrize(
    "route", [each for each in ROUTES if each.access == "node_admin"], ids=lambda route: route.name
)
def test_a_route_of_the_node_is_open_to_its_administrators_alone(
    everybody: Everybody, route: Route[Any, Any]
) -> None:
    for name in PEOPLE:
        answer = _ask(everybody.people[name], route, {"user": new_id(), "after": "0"})
        assert (answer.status_code == 403) == (name != "adm"), name


@pytest.mark.parametrize(
    "route", [each for each in ROUTES if each.access != "open"], ids=lambda route: route.name
)
def test_nobody_gets_past_the_door_without_a_session(everybody: Everybody, route: Route[Any, Any]) -> None:
    for token in ("", "Bearer", "Bearer wrong", "Basic YTpi"):
        path = path_of(route, **{name: new_id() for name in _names(route)})
        answer = everybody.node.http.request(route.method, path, headers={"Authorization": token})
        assert (answer.status_code, _code(answer)) == (401, "session.missing")


def test_an_unknown_path_is_a_404(everybody: Everybody) -> None:
    for path in ("/", "/docs", "/openapi.json", "/items", "/audit"):
        assert everybody.node.http.get(path).status_code in (404, 405)


def test_a_studio_of_another_schema_may_look_and_not_change(everybody: Everybody) -> None:
    from studio.domain import canonical
    from studio.domain.entities import SCHEMA
    from studio.domain.wire import WIRE_SCHEMA
    from studio.domain.wire.session import OwnSignIn

    secret = (everybody.node.folder / "own.secret").read_text()
    asked = OwnSignIn(secret, WIRE_SCHEMA, SCHEMA + 1)
    answer = everybody.node.http.post("/sessions/own", content=canonical.encode(asked))
    old = Person(everybody.node.http, canonical.decode(answer.content, routes.OWN_SIGN_IN.response))
    for route in IN_PROJECTS:
        reads = route.method == "GET" or route.name in (
            "items",
            "revisions",
            "tasks",
            "run_log",
            "matches",
            "compare",
        )
        answer = _ask(old, route, everybody.objects.mine)
        assert (_code(answer) == "session.read_only") == (not reads), route.name


def _ask(person: Person, route: Route[Any, Any], ids: dict[str, str]) -> httpx.Response:
    filled = {name: ids.get(name, "0" * 64) for name in _names(route)}
    return person.send(route, NONSENSE, **filled)


def _names(route: Route[Any, Any]) -> list[str]:
    return re.findall(r"\{(\w+)\}", route.path)


def _owner(route: Route[Any, Any]) -> str:
    return _names(route)[0]


def _code(answer: httpx.Response) -> str:
    if answer.headers.get("content-type") != "application/problem+json":
        return ""
    return str(answer.json()["code"])


def _objects(tx: Transaction, project: str, item: str) -> dict[str, str]:
    made = {"project": project, "item": item}
    for name, table in TABLES.items():
        made[name] = new_id()
        _insert(tx, metadata.tables[table], made[name], project, item)
    return made


def _insert(tx: Transaction, table: Table, key: str, project: str, item: str) -> None:
    """A row of `table` that says nothing but its id and project: enough to be found."""
    known: dict[str, object] = {"id": key, "project": project, "item": item, "state": "done"}
    row: dict[str, object] = {}
    for column in table.c:
        if column.name in known:
            row[column.name] = known[column.name]
        elif not column.nullable:
            kind = column.type
            row[column.name] = (
                False
                if isinstance(kind, Boolean)
                else 0
                if isinstance(kind, Integer)
                else 0.0
                if isinstance(kind, Float)
                else b""
                if isinstance(kind, LargeBinary)
                else new_id()
            )
    tx.execute(table.insert(), row)
