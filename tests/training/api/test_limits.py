"""What is too large is refused before much of it was read; a fault of the node's own leaks nothing."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from studio.domain.wire import routes
from studio.domain.wire.session import Settings
from tests.training.running import RunningNode, running_node
from tests.training.workspace import draw, furnished
from training.api.app import LARGEST_OPEN, SMALL


def endless() -> Iterator[bytes]:
    """A body that says no length."""
    for _ in range(4096):
        yield bytes(65536)


def test_a_message_without_end_is_refused(node: RunningNode) -> None:
    headers = {"Authorization": f"Bearer {node.owner().token}"}
    answer = node.http.put("/me/settings", content=endless(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "wire.too_large")


def test_who_has_not_signed_in_may_say_little(node: RunningNode) -> None:
    for size, expected in ((LARGEST_OPEN, 400), (LARGEST_OPEN + 1, 413), (SMALL + 1, 413)):
        answer = node.http.post("/sessions", content=b"\xc1" + bytes(size - 1))
        assert answer.status_code == expected, size


def test_a_stranger_is_refused_before_a_large_body_is_read(node: RunningNode) -> None:
    answer = node.http.put("/me/settings", content=bytes(SMALL + 1))
    assert (answer.status_code, answer.json()["code"]) == (401, "session.missing")


def test_a_large_message_of_somebody_who_is_signed_in_is_taken(node: RunningNode) -> None:
    large = Settings(tuple((f"layout {number}", "x" * 90_000) for number in range(4)))
    owner = node.owner()
    owner.call(routes.KEEP_SETTINGS, large)
    assert owner.call(routes.SETTINGS) == large


def test_a_fault_of_the_nodes_own_is_a_number_for_the_log_and_leaks_nothing() -> None:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        item = furnished(folder, 1, ()).items[0]
        with running_node(folder) as node:
            owner = node.owner()
            fence = owner.call(routes.LEASE, item=item).fence
            with sqlite3.connect(folder / "node.db") as database:
                database.execute("UPDATE items SET revision = 'nonsense'")
            database.close()
            answer = owner.send(routes.SAVE_EDIT, draw(fence=fence), item=item)
        assert (answer.status_code, answer.json()["code"]) == (500, "node.fault")
        fault = answer.json()["detail"]
        assert len(fault) == 36
        for leaked in ("Traceback", "Error:", "nonsense", ".py", "SELECT"):
            assert leaked not in answer.text
        said = [line for line in (folder / "logs" / "node.log").read_text().splitlines() if fault in line]
        assert len(said) == 1, "one line, whatever it quotes"
        assert "Traceback" in said[0]
