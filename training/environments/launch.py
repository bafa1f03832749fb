"""Becomes bubblewrap, after shedding everything that the node may do and the closed environment may not.

Run as a script with a plan on an inherited descriptor, so that nothing happens between a fork and an exec of
the node's own many-threaded process. It joins the control group, takes the limits, and where the node is
root becomes a user of its own. What that user could not reach (a checkout under a folder of mode 0700) is
first bound to a reachable name in a mount namespace that nobody else sees. Standard library only.

What stops it is written as JSON to the status descriptor, which is closed by a successful exec.
"""

import ctypes
import json
import os
import resource
import signal
import sys
from typing import Any

_NICE = 10  # whoever works at this machine goes first
_CLONE_NEWNS = 0x20000
_PR_SET_PDEATHSIG = 1
_MS_BIND, _MS_REC, _MS_PRIVATE = 0x1000, 0x4000, 0x40000


def main(plan_fd: int) -> None:
    """Carry out the plan; comes back only by leaving."""
    with os.fdopen(plan_fd, "rb") as handle:
        plan = json.load(handle)
    status = plan["status"]
    os.set_inheritable(status, False)
    try:
        for file in plan["groups"]:
            with open(file, "wb", buffering=0) as out:
                out.write(str(os.getpid()).encode())
        sources = [source for source, _ in plan["binds"]]
        if plan["user"] is not None:
            sources = _reachable(sources, plan["alias"])
            os.setgroups([])
            os.setresgid(plan["user"], plan["user"], plan["user"])
            os.setresuid(plan["user"], plan["user"], plan["user"])
        _die_with(plan["node"])
        os.nice(_NICE)
        for name, value in plan["limits"].items():
            _limit(getattr(resource, name), value)
        for (original, _), source in zip(plan["binds"], sources, strict=True):
            if not os.access(source, os.R_OK | (os.X_OK if os.path.isdir(source) else 0)):
                _stop(status, "unreadable", original)
        arguments = list(plan["arguments"])
        for (_, inside), source in zip(plan["binds"], sources, strict=True):
            arguments += ["--ro-bind", source, inside]
        arguments += plan["last_arguments"]
        packed = os.memfd_create("arguments", 0)
        os.write(packed, b"\0".join(each.encode() for each in arguments) + b"\0")
        os.lseek(packed, 0, os.SEEK_SET)
        os.chdir("/")
        # the arguments go by descriptor: whatever runs inside can read process 1's command line
        command = [plan["bwrap"], "--args", str(packed), "--", *plan["command"]]
        os.execve(plan["bwrap"], command, {})
    except OSError as error:
        _stop(status, "failed", f"{error.strerror}: {error.filename or ''}")


def _die_with(node: int) -> None:
    """Bind our life to the node's, now and through the exec: bubblewrap does so only once it has set up.

    After the change of user, at which the kernel lets go of such a bond.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    if os.getppid() != node:  # it died before the bond was there
        os._exit(96)


def _reachable(sources: list[str], alias: str) -> list[str]:
    """Names under `alias` for `sources`, in a mount namespace of our own; where refused, as they were."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_CLONE_NEWNS) != 0:
        return sources
    _mount(libc, b"none", b"/", b"", _MS_REC | _MS_PRIVATE, b"")
    _mount(libc, b"tmpfs", alias.encode(), b"tmpfs", 0, b"mode=0755,size=64k")
    names = []
    for number, source in enumerate(sources):
        name = f"{alias}/{number}"
        if os.path.isdir(source):
            os.mkdir(name, 0o755)
        else:
            os.close(os.open(name, os.O_CREAT, 0o644))
        _mount(libc, source.encode(), name.encode(), b"", _MS_BIND | _MS_REC, b"")
        names.append(name)
    return names


def _mount(libc: Any, source: bytes, target: bytes, kind: bytes, flags: int, data: bytes) -> None:
    if libc.mount(source, target, kind, ctypes.c_ulong(flags), data) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), source.decode())


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _stop(status: int, what: str, detail: str) -> None:
    os.write(status, json.dumps({"what": what, "detail": detail}).encode())
    os._exit(96)


if __name__ == "__main__":
    main(int(sys.argv[1]))
