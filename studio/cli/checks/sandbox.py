"""Can training be shut in? Each part of the wall is tried as the node would use it."""

import importlib
import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path

from studio.cli.checks.row import PATIENCE_S, Row, tried

SANDBOX_USER = 20001  # whom a node that runs as root starts closed environments as; nobody's login

_REFUSES = "Training refuses to run rather than running open."

_FILTER = """
import errno, pyseccomp
filter = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
filter.add_rule(pyseccomp.ERRNO(errno.EPERM), "ptrace")
filter.load()
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
if libc.ptrace(0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
    raise SystemExit("a filter was loaded and a forbidden call went through")
"""


def bubblewrap() -> Row:
    """A closed environment is started: own users, processes, network and mounts."""
    if not sys.platform.startswith("linux"):
        return Row("sandbox", "warn", "Closed environments need Linux; a node elsewhere can train for you.")
    program = shutil.which("bwrap")
    if program is None:
        return Row(
            "sandbox", "bad", f"bubblewrap is not installed. {_REFUSES}", "Install the package bubblewrap."
        )
    closed = ["--unshare-all", "--unshare-user", "--disable-userns", "--die-with-parent", "--cap-drop", "ALL"]
    done = _as_sandbox_user([program, *closed, "--ro-bind", "/usr", "/usr", *_links(), "/usr/bin/true"])
    if done.returncode == 0:
        return Row("sandbox", "ok", "A closed environment starts: own users, processes, network and files.")
    return Row(
        "sandbox",
        "bad",
        f"A closed environment does not start ({done.stderr.strip() or done.returncode}). {_REFUSES}",
        "Allow unprivileged user namespaces: sysctl kernel.unprivileged_userns_clone=1 on Debian, "
        "kernel.apparmor_restrict_unprivileged_userns=0 or an AppArmor profile for bwrap on Ubuntu.",
    )


def seccomp() -> Row:
    """A filter is loaded and a forbidden call is tried."""
    if not sys.platform.startswith("linux"):
        return Row("seccomp", "warn", "System calls are filtered on Linux alone.")
    works, said = tried(_FILTER)
    if works:
        return Row("seccomp", "ok", "System calls are filtered: a forbidden one was tried and refused.")
    return Row(
        "seccomp",
        "bad",
        f"System calls cannot be filtered ({said}). {_REFUSES}",
        "Install libseccomp2 and pyseccomp (`make setup`); the kernel needs CONFIG_SECCOMP_FILTER.",
    )


def interpreter() -> Row:
    """The user whom training runs as starts this very Python and loads a library."""
    if not sys.platform.startswith("linux"):
        return Row("interpreter", "ok", f"Python {sys.version.split()[0]}.")
    done = _as_sandbox_user([sys.executable, "-I", "-c", "import numpy"])
    if done.returncode == 0:
        return Row("interpreter", "ok", f"Python {sys.version.split()[0]} starts for the sandbox's user too.")
    if _runs_closed():
        return Row(
            "interpreter",
            "ok",
            f"Python {sys.version.split()[0]} runs in a closed environment from where it is.",
        )
    closed = closed_folder(Path(sys.executable))
    return Row(
        "interpreter",
        "bad",
        f"The user whom training runs as cannot start {sys.executable}. {_REFUSES}",
        f"Let others pass through {closed} (chmod o+x), or move the checkout out of it."
        if closed
        else "Build .venv with an interpreter that every user can read: "
        "ATELIER_PYTHON=/usr/bin/python3 make setup, after removing .venv.",
    )


def _runs_closed() -> bool:
    """Whether a closed environment, as training starts it, reaches this Python behind a closed folder."""
    try:
        probe = importlib.import_module("training.environments.probe")
    except ImportError:
        return False  # a studio without the node's half
    return all(each.works for each in probe.probe() if each.name == "environment")


def closed_folder(program: Path) -> Path | None:
    """The first folder on the way to `program`, or to the file behind it, that other users cannot pass."""
    for path in (program, program.resolve()):
        for folder in reversed(path.parents):
            if not folder.stat().st_mode & stat.S_IXOTH:
                return folder
    return None


def _links() -> list[str]:
    return [
        part for name in ("bin", "lib", "lib64", "sbin") for part in ("--symlink", f"usr/{name}", f"/{name}")
    ]


def _as_sandbox_user(command: list[str]) -> subprocess.CompletedProcess[str]:
    is_root = os.geteuid() == 0
    try:
        return subprocess.run(
            command,
            user=SANDBOX_USER if is_root else None,
            group=SANDBOX_USER if is_root else None,
            extra_groups=[] if is_root else None,
            cwd="/",
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
    except (PermissionError, FileNotFoundError) as closed:
        return subprocess.CompletedProcess(command, 126, "", str(closed))
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(command, 124, "", "no answer")
