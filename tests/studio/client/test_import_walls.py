"""What loading the client brings along, and what it does not."""

import subprocess
import sys
from pathlib import Path

import pytest

FORBIDDEN = (
    "PySide6",
    "fcntl",
    "resource",
    "pwd",
    "grp",
    "termios",
    "torch",
    "open3d",
    "sqlalchemy",
    "fastapi",
)


def _loaded(root: Path, code: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules)"],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return set(done.stdout.split())


@pytest.fixture(scope="module")
def plain(root: Path) -> set[str]:
    """What the interpreter and the libraries that the client stands on load by themselves."""
    return _loaded(root, "import subprocess, tempfile, concurrent.futures, httpx, pathlib")


def test_the_client_loads_no_qt_no_node_and_nothing_that_is_posix_alone(root: Path, plain: set[str]) -> None:
    modules = (
        "studio.client, studio.client.uploads, studio.client.jobs, studio.client.sniffing, "
        "studio.client.session, studio.client.device_key, studio.client.journal"
    )
    loaded = _loaded(root, f"import {modules}") - plain
    assert not [name for name in FORBIDDEN if name in loaded]
    assert not [name for name in loaded if name.partition(".")[0] in ("training", "widgets", "plugins")]


def test_our_own_lines_name_posix_modules_only_inside_functions(root: Path) -> None:
    for path in (root / "studio" / "client").glob("*.py"):
        for line in path.read_text("utf-8").splitlines():
            assert not line.startswith(("import fcntl", "import resource", "import pwd")), path.name
