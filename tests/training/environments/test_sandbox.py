"""A closed environment, tried from inside: what must not work is attempted, one by one."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from studio.domain.errors import AtelierError
from tests.training.environments.inside import running, said
from training.environments import sandbox
from training.environments.bounds import Bounds, LegacyGroup, NoGroup, UnifiedGroup, make_group

ATTEMPTS = Path(__file__).with_name("attempts.py")
PERMITTED_TO_NOBODY = """
    ptrace syslog personality pivot_root mount umount2 swapon reboot init_module kexec_load add_key
    request_key
    keyctl unshare perf_event_open fanotify_init open_by_handle_at setns process_vm_readv kcmp bpf userfaultfd
    io_uring_setup open_tree fsopen pidfd_getfd TIOCSTI
""".split()  # noqa: SIM905  a list of words is read as words
PERMITTED_TO_NOBODY += ["TIOCSTI in the low half", "clone with a user namespace"]
FAMILIES = ["vsock", "vsock in the low half", "alg", "packet", "bluetooth", "audit", "audit in the low half"]
CASES = [(name, "Operation not permitted") for name in PERMITTED_TO_NOBODY]
CASES += [(f"socket {name}", "Address family not supported by protocol") for name in FAMILIES]


def attempts(*, filtered: bool) -> dict[str, Any]:
    """What `attempts.py` found inside; a server of ours listens on the host meanwhile."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = str(server.getsockname()[1])
        code, text, _ = said(
            [sandbox.PYTHON, "-I", "/closed/attempts.py", port],
            reads={"/closed/attempts.py": ATTEMPTS},
            filtered=filtered,
        )
    assert code == 0, text
    found: dict[str, Any] = json.loads(text.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def inside() -> Mapping[str, Any]:
    return attempts(filtered=True)


@pytest.mark.parametrize(("name", "error"), CASES)
def test_a_way_around_the_walls_is_refused(inside: Mapping[str, Any], name: str, error: str) -> None:
    assert inside[name] == error


def test_without_the_filter_some_of_them_would_work() -> None:
    found = attempts(filtered=False)
    assert [found[name] for name in ("io_uring_setup", "add_key", "kcmp", "socket vsock")] == ["ok"] * 4


def test_there_is_no_network(inside: Mapping[str, Any]) -> None:
    assert inside["connect out"] == "Network is unreachable"
    assert inside["connect to the host"] == "Connection refused"


def test_nothing_of_the_host_is_visible(inside: Mapping[str, Any]) -> None:
    assert inside["root"] == [
        "bin",
        "closed",
        "dev",
        "env",
        "etc",
        "lib",
        "lib64",
        "proc",
        "sbin",
        "tmp",
        "usr",
    ]
    assert len(inside["processes"]) <= 3
    assert str(Path.cwd()) not in inside["command line"]
    assert not set(inside["environment"]) & set(os.environ) - {"HOME", "PATH", "LANG", "PWD", "TMPDIR"} - {
        name for name in inside["environment"] if name.startswith(("OMP_", "MKL_", "PYTHON"))
    }
    assert inside["environment of 1"] == ""


def test_nothing_may_be_done_by_right(inside: Mapping[str, Any]) -> None:
    assert inside["capabilities"] == ["0000000000000000"]


def test_only_the_scratch_folder_can_be_written(inside: Mapping[str, Any]) -> None:
    places = ("write to the root", "write to the interpreter", "write to dev")
    assert {inside[place] for place in places} == {"Read-only file system"}


def test_none_of_our_packages_can_be_imported(inside: Mapping[str, Any]) -> None:
    assert inside["packages"] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_host_sees_a_user_of_its_own() -> None:
    with running([sandbox.PYTHON, "-c", "import time; time.sleep(30)"]) as started:
        status = Path(f"/proc/{started.process.pid}/status").read_text()
        user = int(next(line.split()[1] for line in status.splitlines() if line.startswith("Uid:")))
        started.kill()
    assert user >= 20001


def test_too_much_memory_ends_the_environment_and_is_told_apart() -> None:
    code, _, was_out_of_memory = said(
        [sandbox.PYTHON, "-c", "x = bytearray(900 << 20)"], bounds=Bounds(memory_bytes=256 << 20)
    )
    assert code != 0
    assert was_out_of_memory


def test_a_fork_bomb_stays_small() -> None:
    bomb = """
import os, time
made = 0
try:
    while True:
        if os.fork() == 0:
            time.sleep(60)
        made += 1
except OSError:
    print(made, flush=True)
"""
    code, text, _ = said([sandbox.PYTHON, "-c", bomb], bounds=Bounds(processes=40))
    assert code == 0
    assert int(text) <= 40


def test_the_scratch_folder_is_bounded() -> None:
    fill = """
import errno
def full(path):
    try:
        with open(path, "wb") as file:
            while True:
                file.write(bytes(1 << 20))
    except OSError as error:
        return errno.errorcode[error.errno]
print(full("/tmp/a"), full("/dev/shm/a"))
"""
    code, text, _ = said([sandbox.PYTHON, "-c", fill], bounds=Bounds(scratch_bytes=16 << 20))
    assert code == 0
    assert set(text.split()) <= {"ENOSPC", "EFBIG"}


def test_without_bubblewrap_nothing_is_started(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(AtelierError) as caught:
        said([sandbox.PYTHON, "-c", "print('open')"])
    assert caught.value.code == "sandbox.missing"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_lies_behind_a_closed_folder_is_reached_without_opening_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / "data").mkdir(parents=True)
    (home / "data" / "word").write_text("here")
    home.chmod(0o700)
    code, text, _ = said(
        [sandbox.PYTHON, "-c", "print(open('/closed/data/word').read())"],
        reads={"/closed/data": home / "data"},
    )
    assert (code, text) == (0, "here\n")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_what_its_user_may_not_read_is_refused_by_name(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("no")
    secret.chmod(0o600)
    with pytest.raises(AtelierError) as caught:
        said([sandbox.PYTHON, "-c", "pass"], reads={"/closed/secret": secret})
    assert caught.value.code == "sandbox.unreadable"
    assert str(secret) in caught.value.message


def test_it_dies_with_whoever_started_it(root: Path) -> None:
    starter = """
import sys, time
from training.environments import sandbox
from training.environments.bounds import Bounds
command = [sandbox.PYTHON, "-c", "import time; time.sleep(600)"]
one = sandbox.start("orphan", command, bounds=Bounds(), reads={})
print(one.process.pid, flush=True)
time.sleep(600)
"""
    with subprocess.Popen(
        [sys.executable, "-c", starter], cwd=root, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdout is not None
        family = _family(int(node.stdout.readline()))
        os.kill(node.pid, signal.SIGKILL)
    assert len(family) >= 3  # the outer process, process 1 inside, the command
    assert _gone(family)


def test_it_leaves_nothing_when_killed_at_once() -> None:
    one = sandbox.start(
        "at-once", [sandbox.PYTHON, "-c", "import time; time.sleep(600)"], bounds=Bounds(), reads={}
    )
    family = _family(one.process.pid)
    one.kill()
    one.wait()
    assert len(family) >= 3
    assert _gone(family)


def test_the_groups_of_a_killed_node_are_swept_away() -> None:
    group = make_group("left", Bounds())
    if isinstance(group, NoGroup):
        pytest.skip("no control group may be made here")
    group.remove()
    assert not any(file.parent.exists() for file in group.procs())


def test_the_bounds_are_written_as_cgroup_v2_wants_them(tmp_path: Path) -> None:
    (tmp_path / "cgroup.controllers").write_text("cpu memory pids")
    (tmp_path / "cgroup.procs").write_text("")
    group = UnifiedGroup("one", Bounds(memory_bytes=1 << 30, processes=32, cores=0.5), tmp_path)
    held = {file.name: file.read_text() for file in group.folder.iterdir()}
    assert held == {
        "memory.max": "1073741824",
        "memory.swap.max": "0",
        "memory.oom.group": "1",
        "pids.max": "32",
        "cpu.max": "50000 100000",
    }
    (group.folder / "memory.events").write_text("low 0\noom 1\noom_kill 2\n")
    (group.folder / "cpu.stat").write_text("usage_usec 1500000\nuser_usec 1\n")
    assert group.was_out_of_memory()
    assert group.cpu_s() == 1.5


def test_a_share_of_a_processor_is_held() -> None:
    group = make_group("share", Bounds(cores=0.5))
    if isinstance(group, LegacyGroup):
        quota = (group.folders["cpu"] / "cpu.cfs_quota_us").read_text()
        assert int(quota) == 50_000
    group.remove()


def _family(pid: int) -> list[int]:
    """This process and all below it."""
    below = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in below for each in _family(int(child)))]


def _gone(family: list[int]) -> bool:
    """Whether all of them end in time."""
    deadline = time.monotonic() + 20
    while any(map(_is_alive, family)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not any(map(_is_alive, family))


def _is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
