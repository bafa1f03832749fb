"""A display of our own leaves nothing behind, however it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from studio.cli.screen import own_screen
from studio.domain.errors import AtelierError


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_two_that_start_at_once_get_displays_of_their_own() -> None:
    with own_screen((300, 200)) as first, own_screen((300, 200)) as second:
        assert first.display != second.display


def test_a_stopped_command_takes_the_display_and_the_window_manager_with_it() -> None:
    script = "import sys, time; print('up', flush=True); time.sleep(600)"
    outer = subprocess.Popen(
        [sys.executable, "-m", "studio.cli.screen", sys.executable, "-c", script], stdout=subprocess.PIPE
    )
    assert outer.stdout is not None
    assert outer.stdout.readline() == b"up\n"
    started = children(outer.pid)
    assert len(started) == 3
    os.kill(outer.pid, signal.SIGTERM)
    assert outer.wait(20) == 128 + signal.SIGTERM
    outer.stdout.close()
    assert [pid for pid in started if is_running(pid)] == []


def test_the_commands_own_exit_code_comes_back() -> None:
    command = [sys.executable, "-m", "studio.cli.screen", sys.executable, "-c", "raise SystemExit(7)"]
    assert subprocess.run(command).returncode == 7


def test_a_missing_program_is_named_with_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AtelierError) as refused, own_screen():
        pass
    assert refused.value.code == "screen.missing"
    assert "Xvfb" in refused.value.message
