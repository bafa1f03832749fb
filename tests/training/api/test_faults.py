"""F0: whatever is killed or full, an acknowledged save is there exactly once, and nothing is half there."""

import os
import resource
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from msgspec.structs import replace

from studio.domain.edit import change
from studio.domain.entities import Remark
from studio.domain.errors import AtelierError
from studio.domain.ids import EntityId, new_id
from studio.domain.wire import routes
from studio.domain.wire.documents import RevisionQuery
from studio.domain.wire.projects import ItemQuery
from tests.training.running import RunningNode
from tests.training.workspace import Workspace, a_box, draw, furnished, save
from training.cli.audit import run as verify_audit

FAULTY = (str(Path(__file__).parents[1] / "fault_node.py"),)
MOST_STEPS = 60


@pytest.fixture
def place() -> Iterator[tuple[Path, Workspace]]:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        yield folder, furnished(folder, 1, ())


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_node_killed_at_any_step_of_a_save_holds_all_of_it_or_nothing(
    place: tuple[Path, Workspace],
) -> None:
    folder, workspace = place
    item = workspace.items[0]
    node = RunningNode(folder, entry=FAULTY)
    track, box = a_box()
    boxes = [box]
    owner = node.owner()
    fence = owner.call(routes.LEASE, item=item).fence
    owner.call(routes.SAVE_EDIT, draw(track, box, fence=fence), item=item)
    revision, died = 1, []
    node.stop()
    node.start(FAULT_STEP="1")
    owner = node.owner()
    try:
        for step in range(1, MOST_STEPS):
            os.kill(node.pid, signal.SIGUSR1)
            new = replace(boxes[0], id=EntityId(new_id()))
            moved = replace(boxes[-1], xyxy=(float(step), 0.0, 100.0, 100.0))
            remark = Remark(EntityId(new_id()), "look", on=box.id)
            edit = draw(new, remark).edit.then(change("Move", (boxes[-1], moved)))
            asked = save(edit, fence=fence, base=revision)
            try:
                answer = owner.call(routes.SAVE_EDIT, asked, item=item)
                os.kill(node.pid, signal.SIGUSR2)
                acknowledged = True
            except httpx.TransportError:
                acknowledged = False
                died.append(step)
                node.wait_gone()
                node.start(FAULT_STEP=str(step + 1))
                owner = node.owner()
                # what the studio does: the same operation again
                answer = owner.call(routes.SAVE_EDIT, asked, item=item)
            revision += 1
            boxes = [*boxes[:-1], moved, new]
            assert answer.revision == revision
            state = owner.call(routes.DOCUMENT, item=item)
            held = {each.id: each for each in state.entities}
            assert [held.get(each.id) for each in boxes] == boxes
            assert len(held) == 1 + len(boxes) + step
            history = owner.call(routes.REVISIONS, RevisionQuery(), item=item).revisions
            assert [each.operation for each in history].count(asked.operation) == 1
            page = owner.call(routes.ITEMS, ItemQuery(), project=workspace.project)
            assert (page.rows[0].shapes, page.rows[0].remarks) == (len(boxes), step)
            if acknowledged:
                break
        else:
            pytest.fail("the save never came through: more steps than expected")
    finally:
        node.stop()
    assert died == list(range(1, step)), "it died at every step but the last"
    assert len(died) > 8
    assert verify_audit(["verify", str(folder)]) == 0


def test_a_full_disk_refuses_the_save_keeps_reading_and_goes_on_by_itself(
    place: tuple[Path, Workspace],
) -> None:
    folder, workspace = place
    item = workspace.items[0]
    node = RunningNode(folder)
    try:
        owner = node.owner()
        fence = owner.call(routes.LEASE, item=item).fence
        first = draw(fence=fence)
        owner.call(routes.SAVE_EDIT, first, item=item)
        written = (folder / "node.db-wal").stat().st_size
        unlimited = resource.RLIM_INFINITY
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (written, unlimited))
        refused = []
        for _ in range(3):
            asked = draw(fence=fence)
            with pytest.raises(AtelierError) as full:
                owner.call(routes.SAVE_EDIT, asked, item=item)
            refused.append((asked, full.value.code))
        # a bound on the file's size is to SQLite a disk that refuses, as a quota is
        assert {code for _, code in refused} <= {"node.disk_full", "node.disk_failed"}
        state = owner.call(routes.DOCUMENT, item=item)
        assert state.revision == 1
        resource.prlimit(node.pid, resource.RLIMIT_FSIZE, (unlimited, unlimited))
        for asked, _ in refused:
            owner.call(routes.SAVE_EDIT, asked, item=item)
        assert owner.call(routes.DOCUMENT, item=item).revision == 4
    finally:
        node.stop()
    assert verify_audit(["verify", str(folder)]) == 0


def test_a_second_node_on_one_folder_says_that_one_runs(place: tuple[Path, Workspace]) -> None:
    folder, _ = place
    node = RunningNode(folder)
    try:
        command = [sys.executable, "-m", "studio", "node", "--folder", str(folder)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert second.returncode == 2
        assert "A node already runs on" in second.stderr
        assert node.owner().user.admin
    finally:
        node.stop()


def test_a_taken_port_is_said_plainly(place: tuple[Path, Workspace]) -> None:
    folder, _ = place
    with socket.create_server(("127.0.0.1", 0)) as listener:
        command = [sys.executable, "-m", "studio", "node", "--folder", str(folder)]
        command += ["--address", f"127.0.0.1:{listener.getsockname()[1]}"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "another one" in done.stderr
    assert not (folder / "node.json").exists()


def test_a_node_does_not_answer_on_a_network_without_tls(place: tuple[Path, Workspace]) -> None:
    folder, _ = place
    command = [sys.executable, "-m", "studio", "node", "--folder", str(folder), "--address", "0.0.0.0:0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "TLS" in done.stderr


def test_a_folder_with_a_long_name_gets_a_short_socket(place: tuple[Path, Workspace]) -> None:
    folder, _ = place
    long = folder / ("long" * 30)
    node = RunningNode(long)
    try:
        assert node.owner().user.subject == "owner"
    finally:
        assert node.stop() == 0
    assert not (long / "node.json").exists()
    assert not (long / "own.secret").exists()


def test_the_databases_hold_no_pickles(place: tuple[Path, Workspace]) -> None:
    folder, workspace = place
    node = RunningNode(folder)
    try:
        owner = node.owner()
        fence = owner.call(routes.LEASE, item=workspace.items[0]).fence
        for _ in range(5):
            owner.call(routes.SAVE_EDIT, draw(fence=fence), item=workspace.items[0])
    finally:
        node.stop()
    seen = 0
    for path in folder.glob("*.db"):
        with sqlite3.connect(path) as database:
            tables = [
                name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type='table'")
            ]
            for table in tables:
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    for value in row:
                        seen += 1
                        assert not _is_pickle(value), f"{path.name} {table}"
        database.close()
    assert seen > 100


def _is_pickle(value: object) -> bool:
    """Whether bytes, or text that holds them in base64, begin as pickles of protocol 2 and later do."""
    if isinstance(value, str):
        return value[:3] in ("gAN", "gAR", "gAW", "gAJ")
    return (
        isinstance(value, bytes)
        and value[:1] == b"\x80"
        and value[1:2] in b"\x02\x03\x04\x05"
        and (value.endswith(b"."))
    )
