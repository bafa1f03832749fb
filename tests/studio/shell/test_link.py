"""Whose node ends with which studio."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from studio.client import OwnNode
from studio.node_process import is_alive
from studio.shell.calls import Calls
from studio.shell.link import Link
from widgets.posting import Poster

STUDIO = (
    "import sys; from pathlib import Path; from studio.client import OwnNode, node_users;"
    "folder = Path(sys.argv[1]); own = OwnNode.start(folder);"
    "node_users.enter(folder, own.pid if own.started_here else None);"
    "print(own.pid, flush=True); sys.stdin.read()"
)


class Other:
    """Another studio's process on the workspace."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-c", STUDIO, str(folder)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.node = int(self._process.stdout.readline())

    def kill(self) -> None:
        with self._process as process:
            process.kill()


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A workspace; its node is ended afterwards."""
    made = tmp_path_factory.mktemp("ws") / "w"
    yield made
    if (node := OwnNode.find(made)) is not None:
        node.stop()


def test_a_node_whose_studio_was_killed_ends_with_the_last_one_that_uses_it(
    qtbot: QtBot, folder: Path, make_calls: Callable[[QObject], Calls]
) -> None:
    owner = QObject()
    first = Other(folder)
    second = Other(folder)
    link = Link(make_calls(owner), Poster().post, owner)
    with qtbot.waitSignal(link.opened, timeout=30_000) as opened:
        link.open_own(folder)
    session = opened.args[0]
    link.look_whether_busy(session)
    link.stop_own()
    assert is_alive(first.node), "the studio that started it is there to end it"
    first.kill()
    link.look_whether_busy(session)
    link.stop_own()
    assert is_alive(first.node), "another studio uses it"
    second.kill()
    qtbot.waitUntil(lambda: session.work.connection == "online", timeout=10_000)
    link.look_whether_busy(session)
    session.close()
    session.client.close()
    link.stop_own()
    assert not is_alive(first.node)
    assert list((folder / "studios").iterdir()) == []


def test_a_node_that_no_studio_started_is_left_running(
    qtbot: QtBot, folder: Path, make_calls: Callable[[QObject], Calls]
) -> None:
    node = OwnNode.start(folder)
    owner = QObject()
    link = Link(make_calls(owner), Poster().post, owner)
    with qtbot.waitSignal(link.opened, timeout=30_000) as opened:
        link.open_own(folder)
    session = opened.args[0]
    session.close()
    session.client.close()
    link.stop_own()
    assert node.is_running()
