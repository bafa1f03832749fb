"""The sample drive of the first page, in the real window at a real node."""

import tempfile
from pathlib import Path

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from studio.domain.wire import routes
from studio.domain.wire.projects import NewProject
from studio.pages.home.page import HomePage
from studio.pages.home.sample import DRIVE
from studio.shell.page import Place
from tests.studio.pages.conftest import Workplace


@pytest.fixture
def home(workplace: Workplace, qtbot: QtBot) -> HomePage:
    workplace.window.go(Place("home"))
    page = workplace.window.stack.page("home")
    assert isinstance(page, HomePage)
    qtbot.waitUntil(page.buttons["drive"].isEnabled, timeout=10_000)
    return page


def names(workplace: Workplace) -> list[str]:
    return [each.name for each in workplace.client.call(routes.PROJECTS).projects]


def test_cancelling_a_sample_ends_its_writing_and_leaves_no_files(
    workplace: Workplace, home: HomePage, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    home.buttons["drive"].click()
    qtbot.waitUntil(lambda: any(tmp_path.glob("atelier-sample-*")), timeout=10_000)
    assert not home.buttons["sample"].isEnabled()
    # what is being made is said, and how long it will take
    said = home.progress.accessibleDescription
    qtbot.waitUntil(lambda: "Picture" in said() and " left" in said(), timeout=20_000)
    assert home.progress.isVisible()
    (cancel,) = (each for each in home.progress.findChildren(QToolButton) if each.text() == "Cancel")
    cancel.click()
    qtbot.waitUntil(lambda: not any(tmp_path.glob("atelier-sample-*")), timeout=10_000)
    assert not home.progress.isVisible()
    assert home.buttons["sample"].isEnabled()
    assert DRIVE.name not in names(workplace)


def test_the_sample_drive_comes_with_its_labels_and_is_made_once(
    workplace: Workplace, home: HomePage, qtbot: QtBot
) -> None:
    desk = workplace.window.desk
    # what is left where somebody cancels while the sample is sent
    workplace.client.call(routes.NEW_PROJECT, NewProject(DRIVE.name, DRIVE.template(), DRIVE.description))
    home.buttons["drive"].click()
    qtbot.waitUntil(lambda: desk.project is not None and desk.project.name == DRIVE.name, timeout=240_000)
    project = desk.project
    assert project is not None
    assert project.items == 1
    ontology = workplace.client.call(
        routes.ONTOLOGY, project=project.id, version=project.ontology_version
    ).ontology
    assert {"car", "trailer"} <= {each.name for each in ontology.classes}
    car, lane = ontology.class_type("car"), ontology.class_type("lane")
    assert car is not None
    assert car.size_m is not None
    assert lane is not None
    assert lane.geometries == ("polyline3",)
    workplace.window.go(Place("home"))
    home.buttons["drive"].click()
    qtbot.waitUntil(lambda: not home.calls.is_running("sample"), timeout=20_000)
    assert names(workplace).count(DRIVE.name) == 1
