"""The guide's hand and eyes: real X events by xdotool, and questions to the window about where things are."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from studio.domain.errors import AtelierError

PATIENCE_S = 30.0


class Stopped(Exception):
    """The person pressed Stop."""


class Hand:
    """Moves the pointer and presses keys on the display that `environment` names.

    `pace_s` is how long a person would take to look before each gesture; 0 for a quick walk.
    """

    def __init__(self, address: str, environment: dict[str, str], pace_s: float) -> None:
        self._environment = environment
        self._pace_s = pace_s
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._socket.settimeout(PATIENCE_S)
        deadline = time.monotonic() + PATIENCE_S
        while True:
            try:
                self._socket.connect(address)
                break
            except OSError as error:
                if time.monotonic() > deadline:
                    raise _lost("The studio's window did not open.", str(error)) from error
                time.sleep(0.05)
        self._lines = self._socket.makefile("r", encoding="utf-8")
        self._at = (0, 0)

    def close(self) -> None:
        """Let go of the window."""
        self._lines.close()
        self._socket.close()

    def ask(self, what: str, **values: Any) -> dict[str, Any]:
        """One question to the window. Raises `demo.lost` when it is gone."""
        try:
            self._socket.sendall(json.dumps({"ask": what, **values}).encode() + b"\n")
            line = self._lines.readline()
        except OSError as error:
            raise _lost("The studio's window does not answer any more.", str(error)) from error
        if not line:
            raise _lost("The studio's window is gone.", "")
        said: dict[str, Any] = json.loads(line)
        return said

    def say(self, title: str, words: str, step: str) -> None:
        """Put words on the guide's panel, and wait while the person has paused it."""
        self.ask("caption", title=title, words=words, step=step)
        self.breathe(1.5)

    def breathe(self, shares: float = 1.0) -> None:
        """Wait as a person would, and heed Pause and Stop. Raises `Stopped`."""
        deadline = time.monotonic() + self._pace_s * shares
        while True:
            wish = self.ask("caption")["wish"]
            if wish == "stop":
                raise Stopped
            if wish != "pause" and time.monotonic() >= deadline:
                return
            time.sleep(0.1)

    def find(
        self, name: str, number: int = 0, within_s: float = PATIENCE_S, enabled: bool = True
    ) -> dict[str, Any]:
        """What is called `name` in the window, once it is there. Raises `demo.not_found`."""
        deadline = time.monotonic() + within_s
        while True:
            found = [each for each in self.ask("find", name=name)["found"] if each["enabled"] or not enabled]
            if len(found) > number:
                place: dict[str, Any] = found[number]
                return place
            if time.monotonic() > deadline:
                seen = ", ".join(self.ask("texts")["texts"][:80])
                raise AtelierError(
                    "demo.not_found",
                    f"The walk did not find {name!r} in the window.",
                    detail=f"Seen: {seen}",
                    hint="Run `atelier demo` again; if it stops at the same place, report it with this line.",
                )
            time.sleep(0.05)

    def is_there(self, name: str) -> bool:
        """Whether something of this name is in the window now."""
        return bool(self.ask("find", name=name)["found"])

    def click(
        self, name: str, number: int = 0, double: bool = False, within_s: float = PATIENCE_S
    ) -> dict[str, Any]:
        """Click the middle of what is called `name`."""
        place = self.find(name, number, within_s)
        left, top, width, height = place["rect"]
        self.click_at((left + width // 2, top + height // 2), double)
        return place

    def click_at(self, spot: tuple[int, int], double: bool = False) -> None:
        """Click a spot of the screen."""
        self.breathe(0.4)
        self.move(spot)
        self._do("click", *(("--repeat", "2", "--delay", "60") if double else ()), "1")

    def move(self, spot: tuple[int, int]) -> None:
        """Move the pointer there, on the way that a hand takes."""
        steps = 24 if self._pace_s else 4
        start = self._at
        for number in range(1, steps + 1):
            share = number / steps
            eased = share * share * (3 - 2 * share)
            self._do(
                "mousemove",
                round(start[0] + (spot[0] - start[0]) * eased),
                round(start[1] + (spot[1] - start[1]) * eased),
            )
        self._at = spot

    def drag(self, start: tuple[int, int], end: tuple[int, int]) -> None:
        """Press at `start`, move, let go at `end`."""
        self.move(start)
        self._do("mousedown", "1")
        self.move((start[0] + (end[0] - start[0]) // 2, start[1] + (end[1] - start[1]) // 2))
        self.move(end)
        self._do("mouseup", "1")

    def keys(self, *names: str) -> None:
        """Press keys one after the other, in xdotool's names ("ctrl+z", "Return")."""
        for name in names:
            self.breathe(0.2)
            self._do("key", "--clearmodifiers", name)

    def type(self, text: str) -> None:
        """Type plain ASCII."""
        self._do("type", "--delay", "20", text)

    def fill(self, name: str, text: str) -> None:
        """Replace what a field holds; its label may have the same words."""
        self.find(name)
        found = [each for each in self.ask("find", name=name)["found"] if each["enabled"]]
        fields = [n for n, each in enumerate(found) if each["kind"].endswith(("LineEdit", "SpinBox"))]
        self.click(name, number=fields[0] if fields else 0)
        self._do("key", "ctrl+a")
        self.type(text)
        self._do("key", "Tab")

    def on_canvas(self, *points: tuple[float, float]) -> list[tuple[int, int]]:
        """Where points of the picture lie on the screen, once a picture is shown."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            said = self.ask("canvas", points=points)
            if said["points"]:
                return [(x, y) for x, y in said["points"]]
            if time.monotonic() > deadline:
                raise _lost("No picture is shown in Label.", said["said"])
            time.sleep(0.05)

    def photograph(self, path: Path) -> None:
        """A picture of the window as it is."""
        self.ask("photograph", path=str(path))

    def until(self, what: str, check: Callable[[], bool], within_s: float = PATIENCE_S) -> None:
        """Wait until `check` holds; Pause and Stop are heeded. Raises `demo.step_failed`."""
        deadline = time.monotonic() + within_s
        while not check():
            self.breathe(0)
            if time.monotonic() > deadline:
                raise AtelierError(
                    "demo.step_failed",
                    f"The walk waited for this in vain: {what}.",
                    hint="`atelier doctor` says what this machine lacks; --keep DIR leaves the workspace.",
                )
            time.sleep(0.2)

    def _do(self, *arguments: str | int) -> None:
        done = subprocess.run(
            ["xdotool", *map(str, arguments)],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )
        if done.returncode:
            raise _lost("The pointer could not be moved.", done.stderr.strip())


def display_is_there() -> bool:
    """Whether an X display can be used as it is (on Wayland: through Xwayland)."""
    return bool(os.environ.get("DISPLAY"))


def _lost(message: str, detail: str) -> AtelierError:
    return AtelierError("demo.lost", message, detail=detail, hint="Run `atelier demo` again.")
