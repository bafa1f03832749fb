"""Can a closed environment be made here, with this very interpreter? It is tried, not guessed."""

import os

from msgspec import Struct

from studio.domain.errors import AtelierError
from training.environments import sandbox
from training.environments.bounds import GIB, Bounds, NoGroup, make_group

_LIBRARIES = "import numpy, msgspec, cryptography, sys; sys.stdout.write('inside')"


class Finding(Struct, frozen=True):
    """One thing that was tried: whether it works, what that means, and how to mend it."""

    name: str
    works: bool
    means: str
    mend: str = ""


def probe() -> list[Finding]:
    """Start a closed environment as training does and look at its bounds. About a second."""
    return [_starts(), _is_bounded()]


def _starts() -> Finding:
    read, write = os.pipe()
    try:
        one = sandbox.start(
            f"probe-{os.urandom(4).hex()}",
            [sandbox.PYTHON, "-I", "-c", _LIBRARIES],
            bounds=Bounds(memory_bytes=GIB // 2, scratch_bytes=GIB // 64),
            reads={},
            output=write,
        )
    except AtelierError as error:
        os.close(read)
        return Finding("environment", False, error.message, error.hint)
    finally:
        os.close(write)
    with os.fdopen(read, encoding="utf-8", errors="replace") as said:
        text = said.read()
    code = one.wait()
    if code == 0 and text == "inside":
        return Finding("environment", True, "A closed environment starts, and this interpreter runs in it.")
    return Finding(
        "environment",
        False,
        f"A closed environment starts, but this interpreter does not run in it ({_last_line(text) or code}).",
        "Run `make setup` again; on Ubuntu allow bwrap user namespaces by an AppArmor profile.",
    )


def _is_bounded() -> Finding:
    group = make_group(f"probe-{os.urandom(4).hex()}", Bounds())
    exact = not isinstance(group, NoGroup)
    group.remove()
    if exact:
        return Finding("bounds", True, "Memory and processes of a training run are held as a whole.")
    return Finding(
        "bounds",
        False,
        "No control group may be made: memory is held for each process of a training run alone.",
        "Start the node as root, or by systemd with Delegate=yes.",
    )


def _last_line(text: str) -> str:
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""
