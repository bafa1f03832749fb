"""What every test may ask for: the shared data, a real display, a real PostgreSQL server.

Nothing here stands in for a part of Atelier. The person's own folders, keyring and session bus are out of
reach of every test and of every process that one starts.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from hypothesis import settings

from studio.cli.screen import Screen, own_screen
from tests.postgres import Postgres, running_postgres

ROOT = Path(__file__).resolve().parents[1]

# Short, since Unix sockets that lie below it have a path of at most 107 bytes.
_PERSON = Path(tempfile.mkdtemp(prefix="atelier-t-"))
for _name in ("CONFIG_HOME", "DATA_HOME", "STATE_HOME", "CACHE_HOME", "RUNTIME_DIR"):
    (_PERSON / _name.lower()).mkdir(mode=0o700)
    os.environ[f"XDG_{_name}"] = str(_PERSON / _name.lower())
os.environ["PYTHONHASHSEED"] = "0"
os.environ.pop("DBUS_SESSION_BUS_ADDRESS", None)
# Widgets inside the test process need no display; the real window is a process of its own, on `display`.
os.environ |= {"QT_QPA_PLATFORM": "offscreen", "QT_SCALE_FACTOR": "1", "QT_FONT_DPI": "96"}

settings.register_profile("atelier", deadline=None, database=None, derandomize="CI" in os.environ)
settings.load_profile("atelier")


def pytest_sessionfinish(session: pytest.Session) -> None:
    """End what a test left running: a node outlives whoever started it, and would take its folder's place."""
    made = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    for process in psutil.process_iter(["cmdline"]):
        words = process.info["cmdline"] or []
        if any(word.startswith((f"{made}{os.sep}", str(_PERSON))) for word in words):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.terminate()


def pytest_unconfigure() -> None:
    """Remove the person's folders that this run was given."""
    shutil.rmtree(_PERSON, ignore_errors=True)


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository."""
    return ROOT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets; read in place, never written.

    It lies beside the repository, or where ATELIER_TEST_DATA says.
    """
    folder = Path(os.environ.get("ATELIER_TEST_DATA") or ROOT.parent / "shared" / "data")
    if not folder.is_dir():
        pytest.skip("the real data sets are not on this machine: set ATELIER_TEST_DATA to their folder")
    return folder


@pytest.fixture(scope="session")
def third_party(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pip installed a plug-in that is no part of Atelier; a process has it by its PYTHONPATH."""
    source = tmp_path_factory.mktemp("source") / "atelier-reader"
    shutil.copytree(ROOT / "tests" / "third_party" / "atelier-reader", source)  # a build writes beside it
    site = tmp_path_factory.mktemp("site")
    offline = ["--no-index", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "-q"]
    command = [sys.executable, "-m", "pip", "install", *offline, "--target", str(site), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return site


@pytest.fixture(scope="session")
def display() -> Iterator[Screen]:
    """A real X display with a window manager; the program under test gets `display.environment()`."""
    with own_screen() as screen:
        yield screen


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A real PostgreSQL server of our own; `postgres.fresh_database()` gives the URL of an empty database."""
    with running_postgres() as server:
        yield server
