"""Signing in and out: what a wrong guess learns, and how quickly access ends."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pyotp
import pytest

from studio.domain import canonical
from studio.domain.entities import SCHEMA
from studio.domain.errors import AtelierError
from studio.domain.wire import WIRE_SCHEMA, routes
from studio.domain.wire.session import ChangePassword, NewUser, OwnSignIn, SetRoles, Settings, SignIn
from tests.training.running import Person, RunningNode, answer_of, running_node
from tests.training.workspace import PASSWORD, PEOPLE, Workspace, furnished, sign_in


@pytest.fixture(scope="module")
def place() -> Iterator[tuple[RunningNode, Workspace]]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        workspace = furnished(folder, 1, tuple(PEOPLE))
        with running_node(folder) as node:
            yield node, workspace


def test_the_socket_and_the_secret_are_the_owners_alone(place: tuple[RunningNode, Workspace]) -> None:
    node, _ = place
    for name in ("node.sock", "own.secret", "node.json"):
        assert (node.folder / name).stat().st_mode & 0o077 == 0, name


def test_a_wrong_secret_of_the_own_node_is_refused(place: tuple[RunningNode, Workspace]) -> None:
    node, _ = place
    asked = OwnSignIn("guess", WIRE_SCHEMA, SCHEMA)
    assert node.http.post("/sessions/own", content=canonical.encode(asked)).status_code == 401


def test_a_wrong_password_a_wrong_code_and_nobody_look_the_same(
    place: tuple[RunningNode, Workspace],
) -> None:
    node, workspace = place
    code = pyotp.TOTP(workspace.secrets["sam"]).now()
    answers = [
        _try(node, "sam", "wrong password", code),
        _try(node, "sam", PASSWORD, "000000"),
        _try(node, "nobody", PASSWORD, code),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1


def test_a_one_time_code_counts_once(place: tuple[RunningNode, Workspace]) -> None:
    node, workspace = place
    code = pyotp.TOTP(workspace.secrets["mia"]).now()
    assert _try(node, "mia", PASSWORD, code).status_code == 200
    assert _try(node, "mia", PASSWORD, code).status_code == 401


def test_ten_wrong_passwords_make_the_name_wait_whether_it_exists_or_not(
    place: tuple[RunningNode, Workspace],
) -> None:
    node, workspace = place
    for name in ("bob", "no such person"):
        codes = [_try(node, name, "wrong password", "").json()["code"] for _ in range(10)]
        assert codes == ["session.wrong"] * 5 + ["session.locked"] * 5
    code = pyotp.TOTP(workspace.secrets["bob"]).now()
    right = _try(node, "bob", PASSWORD, code)
    assert right.json()["code"] == "session.locked"
    assert int(right.headers["Retry-After"]) > 0


def test_a_sign_out_ends_the_session_at_once(place: tuple[RunningNode, Workspace]) -> None:
    node, workspace = place
    ann = sign_in(node, workspace, "ann")
    assert ann.send(routes.ME).status_code == 200
    ann.call(routes.SIGN_OUT)
    assert ann.send(routes.ME).status_code == 401


def test_a_disabled_person_is_out_at_once_and_cannot_come_back(
    place: tuple[RunningNode, Workspace],
) -> None:
    node, workspace = place
    rel = sign_in(node, workspace, "rel")
    node.owner().call(routes.DISABLE_USER, user=rel.user.id)
    assert rel.send(routes.ME).status_code == 401
    later = pyotp.TOTP(workspace.secrets["rel"]).at(time.time() + 30)
    assert _try(node, "rel", PASSWORD, later).status_code == 401


def test_a_changed_role_counts_from_the_next_request_on(place: tuple[RunningNode, Workspace]) -> None:
    node, workspace = place
    aud, project = sign_in(node, workspace, "aud"), workspace.project
    owner = node.owner()
    assert aud.send(routes.SUMMARY, project=project).status_code == 200
    owner.call(routes.SET_ROLES, SetRoles(()), project=project, user=aud.user.id)
    assert aud.send(routes.SUMMARY, project=project).status_code == 404


def test_nobody_raises_themselves_and_a_manager_makes_no_releaser(
    place: tuple[RunningNode, Workspace],
) -> None:
    node, workspace = place
    project = workspace.project
    owner = node.owner()
    made = owner.call(routes.NEW_USER, NewUser("manager2", "Manager", PASSWORD))
    owner.call(routes.SET_ROLES, SetRoles(("manager",)), project=project, user=made.user.id)
    workspace.secrets["manager2"] = pyotp.parse_uri(made.totp_uri).secret
    manager = sign_in(node, workspace, "manager2")
    for roles, user in (
        (SetRoles(("manager", "annotator")), manager.user.id),
        (SetRoles(("releaser",)), workspace.users["sam"]),
        (SetRoles(()), workspace.users["adm"]),
    ):
        answer = manager.send(routes.SET_ROLES, roles, project=project, user=user)
        assert answer.status_code == 403
    given = manager.call(
        routes.SET_ROLES, SetRoles(("reviewer",)), project=project, user=workspace.users["sam"]
    )
    assert given.roles == ((project, ("reviewer",)),)


def test_a_new_password_ends_the_other_sessions(place: tuple[RunningNode, Workspace]) -> None:
    node, workspace = place
    first = sign_in(node, workspace, "rita")
    later = pyotp.TOTP(workspace.secrets["rita"]).at(time.time() + 30)
    second = Person(node.http, answer_of(_try(node, "rita", PASSWORD, later), routes.SIGN_IN))
    with pytest.raises(AtelierError) as weak:
        second.call(routes.CHANGE_PASSWORD, ChangePassword(PASSWORD, "short"))
    assert weak.value.code == "password.weak"
    second.call(routes.CHANGE_PASSWORD, ChangePassword(PASSWORD, "another long password"))
    assert first.send(routes.ME).status_code == 401
    assert second.send(routes.ME).status_code == 200


def test_settings_follow_the_person(place: tuple[RunningNode, Workspace]) -> None:
    node, _ = place
    kept = Settings((("keys", "B=box"), ("theme", "dark")))
    node.owner().call(routes.KEEP_SETTINGS, kept)
    assert node.owner().call(routes.SETTINGS) == kept


def test_the_databases_hold_no_token_and_no_password(place: tuple[RunningNode, Workspace]) -> None:
    node, _ = place
    owner = node.owner()
    held = b"".join(path.read_bytes() for path in node.folder.glob("node.db*"))
    assert owner.token.encode() not in held
    assert PASSWORD.encode() not in held


def _try(node: RunningNode, name: str, password: str, code: str) -> httpx.Response:
    asked = SignIn(name, password, code, wire=WIRE_SCHEMA, entities=SCHEMA)
    return node.http.post("/sessions", content=canonical.encode(asked))
