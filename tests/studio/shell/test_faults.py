"""What brings a studio down is found in its log."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

from studio.shell import faults

_FALLING = """
import os, signal, sys
from pathlib import Path
from studio.shell.faults import CrashLog
log = CrashLog(Path(sys.argv[1]))
def where_it_fell():
    os.kill(os.getpid(), signal.SIGSEGV)
where_it_fell()
"""


def test_a_fall_is_told_once_by_the_next_run(tmp_path: Path, root: Path) -> None:
    ended = subprocess.run([sys.executable, "-c", _FALLING, str(tmp_path)], cwd=root, check=False)
    assert ended.returncode == -signal.SIGSEGV
    said = subprocess.run(
        [
            sys.executable,
            "-c",
            "import sys; from pathlib import Path; from studio.shell.faults import CrashLog, open_log\n"
            "folder = Path(sys.argv[1]); open_log(folder)\n"
            "for _ in range(2):\n"
            "    one = CrashLog(folder); print('fell' if one.earlier else 'well'); one.close()",
            str(tmp_path),
        ],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    )
    assert said.stdout.split() == ["fell", "well"]
    assert "where_it_fell" in (tmp_path / "studio.log").read_text()


def test_a_fault_is_logged_with_its_trace_and_told_without(tmp_path: Path) -> None:
    log = faults.open_log(tmp_path)
    try:
        raise ZeroDivisionError("of its own")
    except ZeroDivisionError as fault:
        error = faults.explain(fault)
    assert error.code == "studio.fault"
    assert "of its own" not in str(error)
    assert "of its own" in log.read_text()
