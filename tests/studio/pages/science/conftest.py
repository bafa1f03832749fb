"""The real window in this process, on a real node process with labelled pictures and two models."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from msgspec import Struct
from PySide6.QtWidgets import QApplication

from studio.client import Client, OwnNode, Session
from studio.domain.contracts.plugin import load_part
from studio.domain.wire import routes
from studio.shell.main import PAGES
from studio.shell.page import Page, Place
from studio.shell.settings import Settings
from studio.shell.window import MainWindow
from tests.training.loop_workspace import Loop, loop_workspace
from tests.training.running import Person, running_node
from widgets.posting import Poster

PATIENCE_S = 180.0


class Seat(Struct):
    """A person at the window, with the project open."""

    window: MainWindow
    client: Client
    loop: Loop
    until: Callable[[Callable[[], object]], None]
    owner: Person  # the same, by the wire

    def page(self, name: str, subject: str = "") -> Page:
        """Go to a page."""
        self.window.go(Place(name, subject=subject))
        found = self.window.stack.page(name)
        assert isinstance(found, Page)
        return found


@pytest.fixture
def seat(qapp: QApplication, tmp_path: Path) -> Iterator[Seat]:
    """The owner of a workspace with twenty pictures, one snapshot and two models, at the window."""

    def until(check: Callable[[], object]) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while not check():
            qapp.processEvents()
            time.sleep(0.01)
            assert time.monotonic() < deadline, "waited in vain"

    with tempfile.TemporaryDirectory(prefix="atelier-p-") as folder:
        place = Path(folder) / "ws"
        loop = loop_workspace(place, ())  # nobody else, so that the owner may decide on what they asked for
        with running_node(place) as running:
            node = OwnNode.find(place)
            assert node is not None
            client = Client.connect(node.address)
            client.own_sign_in(node.secret())
            window = MainWindow(qapp, load_part(PAGES), Settings(tmp_path), tmp_path / "studio.log")
            session = Session.open(client, tmp_path / "state", own_node=True, dispatch=Poster(window).post)
            window.desk.set_session(session)
            window.desk.set_project(client.call(routes.PROJECT, project=loop.workspace.project))
            window.resize(1400, 900)
            window.show()
            yield Seat(window, client, loop, until, running.owner())
            window.close()
            session.close()
            client.close()
            window.deleteLater()
            qapp.processEvents()
