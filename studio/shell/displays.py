"""Is there a display for a window? Asked before Qt, which ends the process where there is none."""

import os
import socket
import sys

from studio.domain.errors import AtelierError


def require_display() -> None:
    """Raise `display.missing` where no window can be opened; says how to mend it."""
    if not sys.platform.startswith("linux") or os.environ.get("QT_QPA_PLATFORM", "").split(":")[0] in (
        "offscreen",
        "minimal",
        "vnc",
    ):
        return
    if os.environ.get("WAYLAND_DISPLAY"):
        return
    name = os.environ.get("DISPLAY", "")
    if not name:
        raise AtelierError(
            "display.missing",
            "There is no display to open the window on.",
            hint="Log in to a desktop or set DISPLAY; `make demo` runs on a display of its own.",
        )
    if not _answers(name):
        raise AtelierError(
            "display.missing",
            f"The display {name} does not answer.",
            hint="Start an X server there, or set DISPLAY to the one of your desktop.",
        )


def _answers(name: str) -> bool:
    host, _, rest = name.rpartition(":")
    number = rest.partition(".")[0]
    if not number.isdigit():
        return False
    path = f"/tmp/.X11-unix/X{number}"
    tries: list[tuple[int, str | tuple[str, int]]]
    if host in ("", "unix"):
        tries = [(socket.AF_UNIX, path), (socket.AF_UNIX, f"\0{path}")]
    else:
        tries = [(socket.AF_INET, (host, 6000 + int(number)))]
    for family, address in tries:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.settimeout(5)
            try:
                probe.connect(address)
            except OSError:
                continue
            return True
    return False
