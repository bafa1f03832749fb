"""Starting: what is told where no window can be opened, and what is not loaded before the first paint."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psutil

LATE = {"httpx", "pyqtgraph", "cryptography", "torch", "open3d", "sqlalchemy", "fastapi", "scipy"}

FIRST_PAINT = """
import json, sys
from studio.shell import main
from studio.shell.studio import Studio
from PySide6.QtWidgets import QApplication

def begin(self):
    loaded = sorted({name.partition(".")[0] for name in sys.modules})
    import psutil
    children = [each.pid for each in psutil.Process().children() if "node" in each.cmdline()]
    light = QApplication.palette().window().color().lightness()
    print(json.dumps({"loaded": loaded, "nodes": children, "light": light}))
    QApplication.quit()

Studio.begin = begin
main.run([])
"""


def started(code: str, home: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    kept |= {f"XDG_{name}_HOME": str(home) for name in ("CONFIG", "STATE", "DATA")}
    return subprocess.run(
        [sys.executable, "-c", code] if "\n" in code else [sys.executable, "-m", "studio", *code.split()],
        env=kept | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def nodes_on(home: Path) -> list[int]:
    """The node processes on a workspace below `home`."""
    found = psutil.process_iter(["cmdline"])
    return [
        each.pid for each in found if any(word.startswith(str(home)) for word in each.info["cmdline"] or [])
    ]


def test_without_a_display_a_sentence_and_exit_code_two(tmp_path: Path) -> None:
    done = started("studio", tmp_path, QT_QPA_PLATFORM="xcb")
    assert done.returncode == 2
    assert "There is no display to open the window on." in done.stderr
    assert "Traceback" not in done.stderr


def test_a_display_that_does_not_answer_is_named(tmp_path: Path) -> None:
    done = started("studio", tmp_path, QT_QPA_PLATFORM="xcb", DISPLAY=":29876")
    assert done.returncode == 2
    assert "The display :29876 does not answer." in done.stderr


def test_a_page_that_there_is_not_is_refused(tmp_path: Path) -> None:
    done = started("studio --page nowhere", tmp_path, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 2
    assert "nowhere" in done.stderr


def test_the_first_paint_waits_for_nothing_heavy(tmp_path: Path) -> None:
    done = started(FIRST_PAINT, tmp_path, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 0, done.stderr
    loaded = set(json.loads(done.stdout.splitlines()[-1])["loaded"])
    assert "PySide6" in loaded
    assert loaded & LATE == set()


def test_the_node_is_on_its_way_before_the_window_and_goes_with_one_that_is_closed_at_once(
    tmp_path: Path,
) -> None:
    done = started(FIRST_PAINT, tmp_path, QT_QPA_PLATFORM="offscreen")
    assert done.returncode == 0, done.stderr
    assert len(json.loads(done.stdout.splitlines()[-1])["nodes"]) == 1
    assert nodes_on(tmp_path) == []


def test_the_look_of_one_window_can_be_asked_for(tmp_path: Path) -> None:
    def lightness(theme: str) -> int:
        code = FIRST_PAINT.replace("main.run([])", f"main.run(['--theme', {theme!r}])")
        done = started(code, tmp_path, QT_QPA_PLATFORM="offscreen")
        assert done.returncode == 0, done.stderr
        found: int = json.loads(done.stdout.splitlines()[-1])["light"]
        return found

    assert lightness("dark") < 60 < 200 < lightness("light")


def test_a_page_that_there_is_not_begins_no_node(tmp_path: Path) -> None:
    started("studio --page nowhere", tmp_path, QT_QPA_PLATFORM="offscreen")
    assert not (tmp_path / "atelier" / "workspace").exists()
