"""Runs a command in a closed environment and brings back what it said."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from training.environments import sandbox
from training.environments.bounds import Bounds
from training.environments.sandbox import Sandbox

_SMALL = Bounds(memory_bytes=1 << 30, scratch_bytes=64 << 20)


def said(
    command: Sequence[str],
    *,
    reads: Mapping[str, Path] | None = None,
    bounds: Bounds = _SMALL,
    filtered: bool = True,
) -> tuple[int, str, bool]:
    """Exit code, stdout and stderr together, and whether it ran out of memory."""
    out_r, out_w = os.pipe()
    try:
        started = sandbox.start(
            f"test-{os.urandom(4).hex()}",
            command,
            bounds=bounds,
            reads=reads or {},
            output=out_w,
            filtered=filtered,
        )
    except BaseException:
        os.close(out_r)
        raise
    finally:
        os.close(out_w)
    with os.fdopen(out_r, encoding="utf-8") as stream:
        text = stream.read()
    code = started.wait()
    return code, text, started.out_of_memory


@contextmanager
def running(command: Sequence[str]) -> Iterator[Sandbox]:
    """The environment while the command runs; it is ended afterwards."""
    started = sandbox.start(f"test-{os.urandom(4).hex()}", command, bounds=_SMALL, reads={})
    try:
        yield started
    finally:
        started.kill()
        started.wait()
