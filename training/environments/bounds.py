"""How much of the machine a closed environment may take, and the control group that holds it to that.

Both hierarchies are written: v2 (most production machines) and v1 (also hybrid). Where neither may be used
(an ordinary user without delegation) `rlimits` remain, and `Group.exact` says so.
"""

import contextlib
import os
import signal
import time
from pathlib import Path
from typing import Protocol

from msgspec import Struct

GIB = 1024**3
CGROUPS = Path("/sys/fs/cgroup")
_LEAF = "atelier-node"
_CONTROLLERS = "+memory +pids +cpu"


class Bounds(Struct, frozen=True):
    """What one closed environment may use."""

    memory_bytes: int = 6 * GIB
    scratch_bytes: int = 2 * GIB  # of /tmp inside, which is memory
    processes: int = 256
    cores: float = 0.0  # of CPU time per second; 0: as many as there are
    threads: int = 0  # that libraries are told to start; 0: one a core
    open_files: int = 4096


class Group(Protocol):
    """A control group made for one environment; the launcher joins it before anything untrusted runs."""

    exact: bool  # memory and processes are held as a whole, not only per process

    def procs(self) -> list[Path]:
        """The files into which a process writes its id to join."""

    def was_out_of_memory(self) -> bool: ...

    def cpu_s(self) -> float:
        """Seconds of CPU time that all in it have taken; 0 where nobody counts."""

    def remove(self) -> None:
        """Kill what is left in it and take it away."""


def machine_memory() -> int:
    """Bytes of memory that this machine has."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def make_group(name: str, bounds: Bounds, root: Path = CGROUPS) -> Group:
    """A group with these bounds: of v2 where it may be used, else of v1, else none that is exact."""
    for kind in (UnifiedGroup, LegacyGroup):
        try:
            return kind(f"atelier-{os.getpid()}-{name}", bounds, root)
        except OSError:
            continue  # not mounted, or not ours to use
    return NoGroup()


def sweep(root: Path = CGROUPS) -> None:
    """Take away groups whose node was killed before it could."""
    for path in {root / controller / own.lstrip("/") for controller, own in _own_groups().items()}:
        for folder in path.glob("atelier-*-*"):
            node = folder.name.split("-")[1]
            if node.isdigit() and not Path("/proc", node).exists():
                _remove([folder])


class NoGroup:
    """Where no control group may be made: rlimits alone hold each process."""

    exact = False

    def procs(self) -> list[Path]:
        return []

    def was_out_of_memory(self) -> bool:
        return False

    def cpu_s(self) -> float:
        return 0.0

    def remove(self) -> None:
        return None


class UnifiedGroup:
    """cgroup v2: one folder in the one hierarchy."""

    exact = True

    def __init__(self, name: str, bounds: Bounds, root: Path = CGROUPS) -> None:
        own = _own_groups().get("")
        if own is None or not (root / "cgroup.controllers").is_file():
            raise FileNotFoundError("cgroup v2 is not mounted here")
        home = root / own.lstrip("/")
        if home.name == _LEAF:
            home = home.parent
        try:
            _write(home / "cgroup.subtree_control", _CONTROLLERS)
        except OSError:
            # a group with members hands no controllers down: the node steps aside, and nobody else is moved
            leaf = home / _LEAF
            leaf.mkdir(exist_ok=True)
            _write(leaf / "cgroup.procs", str(os.getpid()))
            _write(home / "cgroup.subtree_control", _CONTROLLERS)
        self.folder = home / name
        self.folder.mkdir()
        try:
            _write(self.folder / "memory.max", str(bounds.memory_bytes))
            with contextlib.suppress(FileNotFoundError):  # a kernel without swap accounting
                _write(self.folder / "memory.swap.max", "0")
            _write(self.folder / "memory.oom.group", "1")
            _write(self.folder / "pids.max", str(bounds.processes))
            if bounds.cores:
                _write(self.folder / "cpu.max", f"{round(bounds.cores * 100_000)} 100000")
        except OSError:
            self.folder.rmdir()
            raise

    def procs(self) -> list[Path]:
        return [self.folder / "cgroup.procs"]

    def was_out_of_memory(self) -> bool:
        events = dict(line.split() for line in (self.folder / "memory.events").read_text().splitlines())
        return int(events.get("oom_kill", "0")) > 0

    def cpu_s(self) -> float:
        used = dict(line.split() for line in (self.folder / "cpu.stat").read_text().splitlines())
        return int(used["usage_usec"]) / 1e6

    def remove(self) -> None:
        _remove([self.folder])


class LegacyGroup:
    """cgroup v1: one folder in each controller's hierarchy."""

    exact = True

    def __init__(self, name: str, bounds: Bounds, root: Path = CGROUPS) -> None:
        own = _own_groups()
        self.folders: dict[str, Path] = {}
        files: dict[str, dict[str, str]] = {
            "cpuacct": {},
            "memory": {"memory.limit_in_bytes": str(bounds.memory_bytes)},
            "pids": {"pids.max": str(bounds.processes)},
        }
        if bounds.cores:
            quota = {"cpu.cfs_period_us": "100000", "cpu.cfs_quota_us": str(round(bounds.cores * 100_000))}
            files["cpu"] = quota
        try:
            for controller, values in files.items():
                if controller not in own:
                    raise FileNotFoundError(f"the controller {controller} is not mounted here")
                folder = root / controller / own[controller].lstrip("/") / name
                folder.mkdir()
                self.folders[controller] = folder
                for file, value in values.items():
                    _write(folder / file, value)
            with contextlib.suppress(OSError):  # only there where swap is accounted
                _write(self.folders["memory"] / "memory.memsw.limit_in_bytes", str(bounds.memory_bytes))
        except OSError:
            _remove(list(self.folders.values()))
            raise

    def procs(self) -> list[Path]:
        return [folder / "cgroup.procs" for folder in self.folders.values()]

    def was_out_of_memory(self) -> bool:
        control = (self.folders["memory"] / "memory.oom_control").read_text().splitlines()
        return any(line.startswith("oom_kill ") and line != "oom_kill 0" for line in control)

    def cpu_s(self) -> float:
        return int((self.folders["cpuacct"] / "cpuacct.usage").read_text()) / 1e9

    def remove(self) -> None:
        _remove(list(self.folders.values()))


def _own_groups() -> dict[str, str]:
    """This process's group by controller; of v2 under the empty name."""
    groups = {}
    for line in Path("/proc/self/cgroup").read_text().splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            groups[controller] = path
    return groups


def _write(file: Path, value: str) -> None:
    # one write call: the kernel takes a value whole
    with open(file, "wb", buffering=0) as out:
        out.write(value.encode())


def _remove(folders: list[Path]) -> None:
    """Take groups away, killing what is in them. A process that is exiting keeps its group for a moment."""
    for folder in folders:
        for _ in range(100):
            try:
                folder.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                for process in (folder / "cgroup.procs").read_text().split():
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(int(process), signal.SIGKILL)
                time.sleep(0.02)
