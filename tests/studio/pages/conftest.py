"""The window, in this process, at a real node with a project of a few pictures."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from studio.client import Client, OwnNode, jobs, uploads
from studio.domain.contracts.plugin import load_part
from studio.domain.ontology import ClassType, Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import NewProject, Project
from studio.shell.main import PAGES
from studio.shell.settings import Settings
from studio.shell.studio import Studio
from studio.shell.window import MainWindow

PICTURES = 12


class Workplace:
    """A window that is connected, the project that is open in it, and a second client beside it."""

    def __init__(
        self, node: OwnNode, window: MainWindow, studio: Studio, client: Client, project: Project
    ) -> None:
        self.node = node
        self.window = window
        self.studio = studio
        self.client = client
        self.project = project


@pytest.fixture(scope="session")
def filled_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[OwnNode, Client, Project]]:
    """A real node with a project of twelve pictures without labels."""
    folder = tmp_path_factory.mktemp("ws")
    pictures = tmp_path_factory.mktemp("pictures")
    for number in range(PICTURES):
        picture = Image.new("RGB", (320, 240), (200, 200, 16 * number))
        picture.save(pictures / f"photo-{number:02}.png")
    node = OwnNode.start(folder)
    client = Client.connect(node.address)
    client.own_sign_in(node.secret())
    classes = tuple(ClassType(name, title=name, letter=name[0].upper()) for name in ("car", "van"))
    project = client.call(routes.NEW_PROJECT, NewProject("Photos", Ontology(classes=classes)))
    upload = uploads.Upload(
        client, project.id, pictures, format="image_folder", name="p", notes=folder / "notes"
    )
    state = upload.run()
    assert state.job is not None
    jobs.report(client, state.job.id)
    yield node, client, client.call(routes.PROJECT, project=project.id)
    client.close()
    node.stop()


@pytest.fixture
def workplace(
    qapp: QApplication, qtbot: QtBot, tmp_path: Path, filled_node: tuple[OwnNode, Client, Project]
) -> Iterator[Workplace]:
    """The window, connected, with the project open."""
    node, client, project = filled_node
    settings = Settings(tmp_path)
    window = MainWindow(qapp, load_part(PAGES), settings, tmp_path / "studio.log")
    window.resize(1300, 850)
    window.show()
    studio = Studio(window, settings, node.folder, "")
    studio.begin()
    qtbot.waitUntil(lambda: window.desk.is_connected, timeout=30_000)
    window.desk.set_project(project)
    yield Workplace(node, window, studio, client, project)
    studio.end()
    window.close()
    window.deleteLater()
