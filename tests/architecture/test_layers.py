"""The direction of imports: as the contracts see it, and as running processes show it.

import-linter cannot see import strings, so each process's `sys.modules` is the second wall.
"""

import os
import subprocess
import sys
from collections.abc import Iterable

import pytest

from tests.architecture.sources import ROOT, module_name, sources

NODE_ONLY = {
    "torch",
    "torchvision",
    "torchaudio",
    "open3d",
    "sqlalchemy",
    "alembic",
    "fastapi",
    "starlette",
    "dbos",
}
# run by others and never imported as a room: what closed environments hold, and Alembic's own script
SCRIPTS = (".inside.", ".migrations.env")
WINDOW_ONLY = {"PySide6", "shiboken6", "pyqtgraph", "superqt", "widgets"}


def loaded_by(code: str) -> set[str]:
    """The top-level names in `sys.modules` of a process that has run `code`."""
    done = subprocess.run(
        [
            sys.executable,
            "-c",
            f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})",
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def importing(names: Iterable[str]) -> str:
    """Code that imports modules; some are named by a number, which no import statement takes."""
    wanted = [name for name in names if not any(part in name for part in SCRIPTS)]
    return f"import importlib\nfor name in {wanted!r}: importlib.import_module(name)"


def test_every_import_contract_is_kept() -> None:
    command = [
        sys.executable,
        "-c",
        "from importlinter.cli import lint_imports_command as run; run()",
        "--no-cache",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_studios_process_loads_nothing_of_the_node() -> None:
    loaded = loaded_by("import studio.shell.main")
    assert loaded & (NODE_ONLY | {"training"}) == set()


def test_the_nodes_process_loads_nothing_of_the_window() -> None:
    assert loaded_by("import training.main") & WINDOW_ONLY == set()


def test_every_room_of_the_node_can_be_loaded_without_the_window() -> None:
    rooms = [module_name(path) for path in sources() if path.is_relative_to(ROOT / "training")]
    assert loaded_by(importing(rooms)) & WINDOW_ONLY == set()


def test_the_whole_studio_can_be_loaded_without_the_node() -> None:
    rooms = [
        module_name(path) for path in sources() if path.relative_to(ROOT).parts[0] in {"studio", "widgets"}
    ]
    assert loaded_by(importing(rooms)) & (NODE_ONLY | {"training"}) == set()


def test_the_client_is_a_python_api_without_a_window() -> None:
    rooms = [module_name(path) for path in sources() if path.is_relative_to(ROOT / "studio" / "client")]
    assert loaded_by(importing(rooms)) & (WINDOW_ONLY | NODE_ONLY) == set()


def test_the_domain_stands_on_msgspec_and_numpy_alone() -> None:
    rooms = [module_name(path) for path in sources() if path.is_relative_to(ROOT / "studio" / "domain")]
    bare = loaded_by("import msgspec, numpy")
    more = loaded_by(importing(rooms)) - bare - {"studio"}
    assert {name for name in more if name not in sys.stdlib_module_names} == set()


def test_what_is_slow_to_load_waits_until_the_window_is_painted() -> None:
    """Together they take longer than all the rest of the start (a second, of which pyqtgraph is half)."""
    assert (
        loaded_by("import studio.shell.main") & {"pyqtgraph", "scipy", "httpx", "keyring", "PIL", "OpenGL"}
        == set()
    )


# Audit events of work that an import has no business doing, in the process that imports.
_WATCH = """
import sys
found = []
def watch(event, arguments):
    if event not in {"subprocess.Popen", "socket.connect", "socket.bind", "sqlite3.connect", "os.mkdir",
                     "os.remove", "shutil.rmtree", "open", "_thread.start_new_thread"}:
        return
    if event == "open" and not (isinstance(arguments[1], str) and set(arguments[1]) & set("wax+")):
        return
    frame = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        file = frame.f_code.co_filename
        if frame.f_code.co_name == "<module>" and not file.startswith("<"):
            if name.partition(".")[0] in {"studio", "widgets", "plugins", "training", "resources"}:
                found.append(f"{name}: {event} {arguments}")
            return
        frame = frame.f_back
sys.addaudithook(watch)
"""


@pytest.mark.parametrize("half", ["studio", "widgets", "plugins", "training", "resources"])
def test_an_import_declares_and_does_nothing_else(half: str) -> None:
    names = [module_name(path) for path in sources() if path.is_relative_to(ROOT / half)]
    imports = importing(names)
    done = subprocess.run(
        [sys.executable, "-c", f"{_WATCH}\n{imports}\nprint(*found, sep=chr(10))"],
        cwd=ROOT,
        # a template's own import, `atelier_run`, is on the path of closed environments alone
        env=os.environ | {"PYTHONPATH": str(ROOT / "training" / "runs" / "inside")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == ""
