"""A display of our own: Xvfb with OpenGL and a window manager, for a machine that has none.

`python -m studio.cli.screen COMMAND…` runs a command on one; the demo and the tests of the real window use
`own_screen`. The two processes are ended by their ids when it closes.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import msgspec

from studio.domain.errors import AtelierError

SIZE = (1600, 1000)
_PATIENCE_S = 20.0


class Screen(msgspec.Struct, frozen=True):
    """One X display, with the hands and eyes that a test or a demo needs."""

    display: str  # ":101"
    size: tuple[int, int]  # pixels

    def environment(self, base: Mapping[str, str] | None = None) -> dict[str, str]:
        """`base` (this process's own by default), set so that a Qt program opens its window here.

        Scale and font resolution are fixed, so that pictures of two runs are the same.
        """
        kept = {k: v for k, v in (os.environ if base is None else base).items() if k != "WAYLAND_DISPLAY"}
        fixed = {
            "DISPLAY": self.display,
            "QT_QPA_PLATFORM": "xcb",
            "QT_SCALE_FACTOR": "1",
            "QT_FONT_DPI": "96",
        }
        return kept | fixed

    def hand(self, *arguments: str | int) -> str:
        """Run xdotool with these arguments (`"mousemove", 10, 20, "click", 1`) and return what it prints."""
        return _tool(self, "xdotool", *map(str, arguments))

    def photograph(self, picture: Path) -> Path:
        """Write the whole screen, menus and tooltips included, to a PNG file."""
        picture.parent.mkdir(parents=True, exist_ok=True)
        _tool(self, "import", "-window", "root", str(picture))
        return picture


@contextmanager
def own_screen(size: tuple[int, int] = SIZE) -> Iterator[Screen]:
    """Start Xvfb and openbox on a free display and end both afterwards.

    Raises `screen.missing` where a program is not installed and `screen.failed` where one does not start.
    """
    read_end, write_end = os.pipe()
    try:
        # -displayfd lets the server choose a free number by itself: two that start at once never meet
        server = _start(
            *("Xvfb", "-displayfd", str(write_end), "-screen", "0", f"{size[0]}x{size[1]}x24"),
            *("+extension", "GLX", "-nolisten", "tcp", "-noreset"),
            keep=write_end,
        )
    except BaseException:
        os.close(read_end)
        raise
    finally:
        os.close(write_end)
    try:
        with os.fdopen(read_end) as answer:
            number = answer.readline().strip()  # ends without a number when the server dies
        if not number:
            raise AtelierError(
                "screen.failed",
                "The display of our own (Xvfb) did not start.",
                detail=f"Xvfb ended with code {server.wait(_PATIENCE_S)}.",
                hint="Run `Xvfb -displayfd 1` by hand to see why.",
            )
        screen = Screen(f":{number}", size)
        # without a window manager no window is ever active, so no key reaches one
        windows = _start("openbox", "--sm-disable", environment=screen.environment())
        try:
            _wait_for_window_manager(screen)
            yield screen
        finally:
            _end(windows)
    finally:
        _end(server)


def main(argv: list[str] | None = None) -> int:
    """Run the command in `argv` on a display of its own and return its exit code."""
    command = sys.argv[1:] if argv is None else argv
    # a SIGTERM would end this process without its `finally`, and leave the display and the command behind
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    with own_screen() as screen:
        process = subprocess.Popen(command, env=screen.environment())
        try:
            return process.wait()
        finally:
            _end(process)


def _start(
    *command: str, keep: int | None = None, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    try:
        return subprocess.Popen(
            command,
            env=environment,
            pass_fds=() if keep is None else (keep,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    except FileNotFoundError as missing:
        raise _missing(command[0]) from missing


def _tool(screen: Screen, *command: str) -> str:
    try:
        done = subprocess.run(
            command,
            env=screen.environment(),
            capture_output=True,
            text=True,
            timeout=_PATIENCE_S,
        )
    except FileNotFoundError as missing:
        raise _missing(command[0]) from missing
    if done.returncode:
        raise AtelierError(
            "screen.failed", f"{command[0]} failed on {screen.display}.", detail=done.stderr.strip()
        )
    return done.stdout.strip()


def _wait_for_window_manager(screen: Screen) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while "_NET_SUPPORTING_WM_CHECK(WINDOW)" not in _tool(
        screen, "xprop", "-root", "_NET_SUPPORTING_WM_CHECK"
    ):
        if time.monotonic() > deadline:
            raise AtelierError("screen.failed", "The window manager (openbox) did not start.")
        time.sleep(0.05)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _missing(program: str) -> AtelierError:
    return AtelierError(
        "screen.missing",
        f"This machine has no display, and {program}, which would make one, is not installed.",
        hint="Run `make setup` as root, or install xvfb, openbox, xdotool, x11-utils and imagemagick.",
    )


if __name__ == "__main__":
    sys.exit(main())
