"""An annotator and a reviewer with accounts of their own, each at a screen."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pyotp
import pytest

from studio.client import Client, OwnNode, jobs, uploads
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire import routes
from studio.domain.wire.people import NewTasks
from studio.domain.wire.projects import ItemQuery, NewProject
from studio.domain.wire.session import NewUser, Role, SetRoles
from tests.e2e.person import Person

PASSWORD = "correct horse battery staple"


class Office:
    """A node with one project of three pictures, a task for each, and people with roles."""

    def __init__(self, workspace: Path, pictures: Path) -> None:
        self._node = OwnNode.start(workspace)
        self.address = self._node.address
        self._client = Client.connect(self.address)
        self._client.own_sign_in(self._node.secret())
        wanted = NewProject(
            "Squares", Ontology(classes=(ClassType("square", title="square", letter="S", key="1"),))
        )
        self.project = self._client.call(routes.NEW_PROJECT, wanted)
        upload = uploads.Upload(
            self._client,
            self.project.id,
            pictures,
            format="image_folder",
            name="p",
            notes=workspace / "notes",
        )
        state = upload.run()
        assert state.job is not None
        jobs.report(self._client, state.job.id)
        self._client.call(routes.NEW_TASKS, NewTasks(ItemQuery()), project=self.project.id)
        self.keys: dict[str, pyotp.TOTP] = {}

    def hire(self, subject: str, name: str, *roles: Role) -> None:
        """Make an account with these roles in the project."""
        made = self._client.call(routes.NEW_USER, NewUser(subject, name, PASSWORD))
        self._client.call(routes.SET_ROLES, SetRoles(roles), project=self.project.id, user=made.user.id)
        self.keys[subject] = pyotp.parse_uri(made.totp_uri)

    def close(self) -> None:
        self._client.close()
        self._node.stop()


@pytest.fixture
def office(workspace: Path, pictures: Path):
    made = Office(workspace, pictures)
    yield made
    made.close()


def sign_in(person: Person, subject: str, code: str) -> None:
    """Name, password and code; then, since this machine has no keyring, a passphrase."""
    person.click("Name").type(subject)
    person.click("Password").type(PASSWORD)
    person.click("Code").type(code).press("Return")
    person.click("Passphrase").type("a passphrase of mine").press("Return")
    person.reads("State of your work", "Saved")
    person.click("Projects").press("Return")


def test_work_goes_to_review_and_back_and_is_accepted(
    sit_down: Callable[..., Person], office: Office
) -> None:
    office.hire("ann", "Ann", "annotator")
    office.hire("rita", "Rita", "reviewer")
    ann = sit_down("ann", "--address", office.address)
    sign_in(ann, "ann", office.keys["ann"].now())
    ann.press("alt+3", "ctrl+p")
    ann.reads("Task", "task of Ann")
    ann.boxes()
    ann.press("b")
    ann.drag((70.0, 60.0), (150.0, 145.0))
    ann.until(ann.boxes, "a box")
    ann.press("ctrl+u")
    ann.reads("Task", "unsure")
    ann.reads("State of your work", "Saved")
    ann.press("ctrl+Return")
    ann.reads("State of the item", "Submitted")
    ann.press("ctrl+shift+b")
    ann.reads("State of the item", "Being labelled")
    ann.press("ctrl+Return")
    ann.reads("State of the item", "Submitted")

    rita = sit_down("rita", "--address", office.address)
    sign_in(rita, "rita", office.keys["rita"].now())
    rita.press("alt+4")
    rita.see("1 task")
    rita.press("ctrl+p")
    rita.until(rita.boxes, "the box to review")
    rita.see("Work of Ann: 1 made.")
    rita.click("Note to the author").type("Too wide on the left")
    rita.click("Return to author")
    rita.see("Nothing waits for a review")

    ann.come_forward().press("ctrl+p")
    ann.see("Returned by Rita: Too wide on the left")
    ann.press("ctrl+Return")
    ann.reads("State of the item", "Submitted")

    rita.come_forward().see("1 task")
    rita.press("ctrl+p")
    rita.see("Work of Ann")
    rita.click("Accept")
    rita.see("Nothing waits for a review")
    ann.reads("State of the item", "Accepted")
