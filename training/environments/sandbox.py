"""Starts a command in a closed environment: bubblewrap, a system-call filter, bounds, and nothing of ours.

Inside there is the interpreter with its libraries, what is bound read-only, a bounded /tmp, and the inherited
descriptors; no network, no environment, no other process. Without a sandbox nothing runs: there is no open
way beside this one.
"""

import contextlib
import json
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from studio.domain.errors import AtelierError
from training.environments import seccomp
from training.environments.bounds import Bounds, Group, machine_memory, make_group

PYTHON = "/env/bin/python"  # the interpreter's path inside
_LAUNCHER = Path(__file__).with_name("launch.py")
_OURS = ("studio", "widgets", "plugins", "training", "resources")
# says that everything around it stands, and becomes the command only when told to: who dies before that, or
# kills it, leaves nothing behind (bubblewrap binds its inner process's life to the outer one late)
_GATE = ["/bin/sh", "-c", 'echo >&0 && read -r go && exec "$@" </dev/null', "sh"]
_SETUP_S = 60  # a machine that needs longer to make an environment is out of order
_FIRST_USER = 20001
_users_taken: set[int] = set()


@dataclass
class Sandbox:
    """A running closed environment."""

    process: subprocess.Popen[bytes]
    group: Group
    alias: str
    user: int | None
    ended: bool = field(default=False)
    out_of_memory: bool = field(default=False)  # known once it ended, as are the seconds of CPU time
    cpu_s: float = field(default=0.0)
    _waiting: threading.Lock = field(default_factory=threading.Lock)

    def kill(self) -> None:
        """End it at once; its process namespace goes with it."""
        if not self.ended:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)

    def wait(self) -> int:
        """Its exit code, once it ended; frees what it held. Safe to call again."""
        with self._waiting:
            if not self.ended:
                # not Popen's own wait: this one says what was used, by all that it had waited for in turn
                _, status, used = os.wait4(self.process.pid, 0)
                self.process.returncode = os.waitstatus_to_exitcode(status)
                self.cpu_s = self.group.cpu_s() or used.ru_utime + used.ru_stime
                self.ended = True
                self.out_of_memory = self.group.was_out_of_memory()
                self.group.remove()
                with contextlib.suppress(OSError):
                    os.rmdir(self.alias)
                if self.user is not None:
                    _users_taken.discard(self.user)
            return self.process.returncode


def start(
    name: str,
    command: Sequence[str],
    *,
    bounds: Bounds,
    reads: Mapping[str, Path],
    descriptors: Sequence[int] = (),
    environment: Mapping[str, str] | None = None,
    output: int = subprocess.DEVNULL,
    filtered: bool = True,
) -> Sandbox:
    """Start `command` (paths as inside; `PYTHON` is the interpreter) in a closed environment.

    reads: path inside -> file or folder of the node's, bound read-only. `descriptors` are inherited under
    their own numbers. `output` takes stdout and stderr. Call it from a thread that lives as long as
    the node: the environment dies with the thread that started it. Back when everything
    around the command stands.
    `filtered=False` leaves the system-call filter out, for the test that the filter is what refuses.
    Raises `sandbox.missing`, `sandbox.unreadable`, `sandbox.failed`.
    """
    bwrap = shutil.which("bwrap")
    if sys.platform != "linux" or bwrap is None:
        raise AtelierError(
            "sandbox.missing",
            "Nothing was started: closed environments need bubblewrap, which this machine lacks.",
            hint="Install the package bubblewrap; `atelier doctor` says what else is missing.",
        )
    user = _free_user() if os.geteuid() == 0 else None
    group = make_group(name, bounds)
    alias = tempfile.mkdtemp(prefix="atelier-closed-")
    os.chmod(alias, 0o755)  # the environment's user must pass through it, and it is empty
    status_r, status_w = os.pipe()
    ours, theirs = socket.socketpair()
    plan_fd = os.memfd_create("plan", 0)
    filter_fd = os.memfd_create("filter", 0)
    try:
        os.write(filter_fd, seccomp.program())
        os.lseek(filter_fd, 0, os.SEEK_SET)
        arguments = _arguments(bounds, environment or {})
        if filtered:
            arguments += ["--seccomp", str(filter_fd)]
        plan = {
            "bwrap": bwrap,
            "node": os.getpid(),
            "user": user,
            "alias": alias,
            "status": status_w,
            "groups": [str(file) for file in group.procs()],
            "limits": _limits(bounds, group),
            "arguments": arguments,
            "binds": [(str(source), inside) for inside, source in {**_interpreter(), **reads}.items()],
            "last_arguments": [*_hidden_packages(), "--remount-ro", "/dev", "--remount-ro", "/"],
            "command": [*_GATE, *command],
        }
        os.write(plan_fd, json.dumps(plan).encode())
        os.lseek(plan_fd, 0, os.SEEK_SET)
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(_LAUNCHER), str(plan_fd)],
            env={},
            stdin=theirs.fileno(),
            stdout=output,
            stderr=output,
            pass_fds=[plan_fd, status_w, filter_fd, *descriptors],
            start_new_session=True,
        )
    except BaseException:
        group.remove()
        os.rmdir(alias)
        ours.close()
        os.close(status_r)
        os.close(status_w)
        if user is not None:
            _users_taken.discard(user)
        raise
    finally:
        theirs.close()
        os.close(plan_fd)
        os.close(filter_fd)
    os.close(status_w)
    with os.fdopen(status_r, "rb") as status:
        said = status.read()  # ends at the launcher's exec, or with what stopped it
    sandbox = Sandbox(process, group, alias, user)
    if said:
        ours.close()
        sandbox.wait()
        raise _refusal(json.loads(said))
    with ours:
        if not _is_opened(ours):
            sandbox.kill()
            code = sandbox.wait()
            raise _refusal({"what": "failed", "detail": f"bubblewrap ended with code {code}"})
    return sandbox


def _is_opened(gate: socket.socket) -> bool:
    """Wait until everything stands, then let the command begin; False where it never came to that."""
    gate.settimeout(_SETUP_S)
    try:
        if not gate.recv(1):
            return False
        gate.sendall(b"\n")
    except OSError:
        return False
    return True


def _arguments(bounds: Bounds, environment: Mapping[str, str]) -> list[str]:
    """bubblewrap's arguments, apart from what is bound."""
    lines = [
        "--unshare-all --unshare-user --disable-userns --uid 1000 --gid 1000 --hostname closed",
        "--die-with-parent --new-session --cap-drop ALL --clearenv",
        "--ro-bind /usr /usr --symlink usr/bin /bin --symlink usr/lib /lib --symlink usr/lib64 /lib64",
        "--symlink usr/sbin /sbin --ro-bind-try /etc/ld.so.cache /etc/ld.so.cache",
        "--ro-bind-try /etc/alternatives /etc/alternatives --proc /proc --dev /dev",
        f"--size {bounds.scratch_bytes} --tmpfs /tmp --size {bounds.scratch_bytes} --tmpfs /dev/shm",
        "--chdir /tmp",
    ]
    threads = str(bounds.threads or os.cpu_count() or 1)
    own = {
        "HOME": "/tmp",
        "TMPDIR": "/tmp",
        "PATH": "/env/bin:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "OMP_NUM_THREADS": threads,
        "MKL_NUM_THREADS": threads,
        # threads that wait for work sleep: spinning takes CPU time from whoever shares the machine
        "OMP_WAIT_POLICY": "PASSIVE",
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONHASHSEED": "0",
    }
    words = " ".join(lines).split()
    for name, value in {**own, **environment}.items():
        words += ["--setenv", name, value]
    return words


def _limits(bounds: Bounds, group: Group) -> dict[str, int]:
    limits = {
        "RLIMIT_CORE": 0,
        "RLIMIT_NOFILE": bounds.open_files,
        "RLIMIT_FSIZE": bounds.scratch_bytes,
        "RLIMIT_MEMLOCK": 64 * 1024**2,
    }
    if not group.exact:
        # of one process, and of this user's processes: the best there is without a control group
        limits["RLIMIT_DATA"] = min(bounds.memory_bytes, machine_memory())
        limits["RLIMIT_NPROC"] = bounds.processes
    return limits


def _interpreter() -> dict[str, Path]:
    """This interpreter's environment as /env, and where its standard library lies if not under /usr."""
    reads = {"/env": Path(sys.prefix)}
    base = Path(sys.base_prefix)
    if not base.is_relative_to("/usr"):
        reads[str(base)] = base
    return reads


def _hidden_packages() -> list[str]:
    """Arguments that put an unreadable folder over each package of ours that is installed."""
    site = Path(sysconfig.get_path("purelib"))
    words: list[str] = []
    if site.is_relative_to(sys.prefix):
        inside = Path("/env") / site.relative_to(sys.prefix)
        for name in _OURS:
            if (site / name).is_dir():
                words += ["--perms", "0000", "--tmpfs", str(inside / name)]
    return words


def _free_user() -> int:
    """A user id that is nobody's login and no other environment's."""
    for user in range(_FIRST_USER, _FIRST_USER + 10_000):
        if user not in _users_taken and not _is_somebody(user):
            _users_taken.add(user)
            return user
    raise AtelierError(
        "sandbox.failed",
        "Nothing was started: every user id for closed environments is taken.",
        hint="Wait until some of the running jobs have ended.",
    )


def _is_somebody(user: int) -> bool:
    try:
        pwd.getpwuid(user)
    except KeyError:
        return False
    return True


def _refusal(said: dict[str, str]) -> AtelierError:
    if said["what"] == "unreadable":
        return AtelierError(
            "sandbox.unreadable",
            "Nothing was started: the closed environment's user may not read "
            f"{said['detail']}, and it never runs as anybody else.",
            hint="Let others read it (`chmod -R o+rX`), or build the environment where they can.",
        )
    return AtelierError(
        "sandbox.failed",
        "Nothing was started: the closed environment could not be made.",
        detail=said["detail"],
        hint="`atelier doctor` tries each part and says how to mend it.",
    )
