"""The running node process: what it has loaded, and what its log looks like."""

import logging
import os
import signal
import tempfile
import time
from pathlib import Path

import pytest

from studio.domain.wire import routes
from tests.training.running import RunningNode
from tests.training.workspace import draw, furnished
from training.log import _OneLine

TELLING = (str(Path(__file__).parent / "telling_node.py"),)


def test_a_running_node_has_loaded_no_window_and_nothing_heavy() -> None:
    with tempfile.TemporaryDirectory(prefix="atelier-n-") as name:
        folder = Path(name) / "workspace"
        workspace = furnished(folder, 1, ())
        node = RunningNode(folder, entry=TELLING)
        try:
            owner = node.owner()
            fence = owner.call(routes.LEASE, item=workspace.items[0]).fence
            owner.call(routes.SAVE_EDIT, draw(fence=fence), item=workspace.items[0])
            os.kill(node.pid, signal.SIGUSR1)
            until = time.monotonic() + 20
            while not (folder / "modules").exists():
                assert time.monotonic() < until
                time.sleep(0.05)
            loaded = {name.partition(".")[0] for name in (folder / "modules").read_text().split()}
        finally:
            node.stop()
    assert "fastapi" in loaded
    assert "training" in loaded
    assert not loaded & {
        "PySide6",
        "pyqtgraph",
        "widgets",
        "torch",
        "open3d",
        "dbos",
        "pickletools",
        "sklearn",
        # what a node that has no service and starts no run answers without
        "alembic",
        "cv2",
        "httpx",
        "jsonschema",
        "onnx",
        "onnxruntime",
        "scipy",
    }


@pytest.mark.parametrize(
    "said",
    ["a\nb", "a\r\nb", "\x1b[2J", "a\x00b", "a\u2028b", "\x9b31m", "tab\tand\x7f"],
)
def test_what_is_quoted_in_the_log_forges_no_line_and_moves_no_cursor(said: str) -> None:
    record = logging.LogRecord("atelier.node", logging.INFO, "", 0, "from %s", (said,), None)
    line = _OneLine("%(levelname)s %(message)s").format(record)
    assert line.isprintable()
    assert line.startswith("INFO from ")
