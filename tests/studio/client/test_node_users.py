"""A node whose studio was killed is ended by the next one, unless somebody else uses it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from studio.client import node_users

NODE = os.getpid()  # any process that is there stands for the node
USES = (
    "import sys; from pathlib import Path; from studio.client import node_users;"
    "node_users.enter(Path(sys.argv[1]), int(sys.argv[2])); print(flush=True); sys.stdin.read()"
)


@pytest.fixture
def other(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another process that started the node."""
    command = [sys.executable, "-c", USES, str(tmp_path), str(NODE)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_node_is_an_orphan_once_the_studio_that_started_it_was_killed(
    tmp_path: Path, other: subprocess.Popen[bytes]
) -> None:
    node_users.enter(tmp_path, None)
    assert not node_users.is_orphan(tmp_path, NODE)
    assert node_users.has_others(tmp_path)
    other.kill()
    other.wait()
    assert node_users.is_orphan(tmp_path, NODE)
    assert not node_users.is_orphan(tmp_path, NODE + 1), "a node that was started otherwise is let be"
    assert not node_users.has_others(tmp_path)
    node_users.forget(tmp_path)
    assert not node_users.is_orphan(tmp_path, NODE)
    assert list((tmp_path / "studios").iterdir()) == []


def test_a_number_that_another_process_has_by_now_is_not_the_studio(tmp_path: Path) -> None:
    node_users.enter(tmp_path, NODE)
    note = tmp_path / "studios" / str(os.getpid())
    note.write_bytes(note.read_bytes().replace(b'"born":', b'"born":9', 1))
    assert node_users.is_orphan(tmp_path, NODE)
    note.write_bytes(note.read_bytes().replace(b'"born":1', b'"born":91'))
    assert not node_users.is_orphan(tmp_path, NODE), "nor is it the node"


def test_where_nobody_left_a_note_there_is_no_orphan(tmp_path: Path) -> None:
    (tmp_path / "studios").mkdir()
    (tmp_path / "studios" / "12").write_bytes(b"nonsense")
    assert not node_users.is_orphan(tmp_path, NODE)
    assert not node_users.has_others(tmp_path)
