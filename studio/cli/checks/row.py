"""One line of the doctor's report."""

import subprocess
import sys
from typing import Literal

import msgspec

State = Literal["ok", "warn", "bad"]

PATIENCE_S = 20.0


class Row(msgspec.Struct, frozen=True):
    """What was looked at, how it is, what that means for the work, and how to mend it."""

    name: str
    state: State
    means: str
    mend: str = ""


def tried(code: str, *, environment: dict[str, str] | None = None) -> tuple[bool, str]:
    """Run Python `code` in a process of its own: whether it ended well, and the last line it said.

    A driver or a keyring that crashes or asks a question takes that process with it and not the doctor.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=PATIENCE_S,
        )
    except subprocess.TimeoutExpired:
        return False, f"no answer within {PATIENCE_S:.0f} s"
    said = (done.stdout if done.returncode == 0 else done.stderr or done.stdout).strip().splitlines()
    return done.returncode == 0, said[-1] if said else f"ended with code {done.returncode}"
