"""A person at a screen: reads what the studio shows, and works its window by mouse and keyboard."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from studio.cli.screen import Screen

PATIENCE_S = float(os.environ.get("ATELIER_PATIENCE_S", "60"))
ROOT = Path(__file__).resolve().parents[2]


class Person:
    """One studio on a real display. `screen` is where, `home` the folder of this person's own settings."""

    def __init__(self, screen: Screen, home: Path, workspace: Path, *arguments: str) -> None:
        self.screen = screen
        self._home = home
        self._workspace = workspace
        self._arguments = arguments
        self._process: subprocess.Popen[str] | None = None

    def start(self) -> Person:
        """Open the window and wait until the node answers."""
        for name in ("config", "state", "cache", "run"):
            (self._home / name).mkdir(parents=True, exist_ok=True, mode=0o700)
        environment = self.screen.environment() | {
            "XDG_CONFIG_HOME": str(self._home / "config"),
            "XDG_STATE_HOME": str(self._home / "state"),
            "XDG_CACHE_HOME": str(self._home / "cache"),
            # what a test put there stays: where a plug-in that is no part of Atelier was installed
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.e2e.driven_studio",
                "--workspace",
                str(self._workspace),
                *self._arguments,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=ROOT,
        )
        return self

    def ask(self, **question: Any) -> Any:
        """A question to the studio's process: see `driven_studio.answer`."""
        process = self._process
        assert process is not None
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            process.stdin.write(json.dumps(question) + "\n")
            process.stdin.flush()
        except BrokenPipeError as error:
            raise AssertionError(f"the studio ended with code {process.wait(5)}") from error
        line = process.stdout.readline()
        assert line, f"the studio ended with code {process.wait(5)}"
        said = json.loads(line)
        assert "fault" not in said, said
        return said["answer"]

    def until(self, look: Callable[[], Any], what: str) -> Any:
        """Look again and again until there is something; `what` is said where it never comes."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            if found := look():
                return found
            if time.monotonic() > deadline:
                picture = self.shot(self._home / "missed.png")
                raise AssertionError(f"never came: {what}; {picture}; on the screen: {self.ask(texts=True)}")
            time.sleep(0.1)

    def find(self, name: str) -> list[int]:
        """Where something of this name is; waits for it."""
        place: list[int] = self.until(lambda: self.ask(where=name), f"{name!r} in sight")
        return place

    def see(self, text: str) -> None:
        """Wait until a text is on the screen, anywhere in a label or button."""
        self.until(lambda: any(text in each for each in self.ask(texts=True)), f"the text {text!r}")

    def reads(self, name: str, text: str) -> None:
        """Wait until what is called `name` says `text`."""
        self.until(lambda: text in (self.ask(read=name) or ""), f"{name!r} saying {text!r}")

    def come_forward(self) -> Person:
        """Bring this person's window before those of others at the same screen."""
        assert self._process is not None
        found = self.screen.hand(
            "search", "--all", "--onlyvisible", "--pid", self._process.pid, "--name", "Atelier"
        )
        self.screen.hand("windowactivate", "--sync", found.splitlines()[-1])
        return self

    def click(self, name: str, button: int = 1, count: int = 1) -> Person:
        """Click on something."""
        left, top, width, height = self.find(name)
        self._settle()
        self.screen.hand("mousemove", left + width // 2, top + height // 2)
        self.screen.hand("click", "--repeat", count, "--delay", 60, button)
        return self

    def press(self, *keys: str) -> Person:
        """Press keys, in xdotool's names: `b`, `ctrl+z`, `Return`."""
        # keys go to whichever window has the focus, and one that was just opened or clicked has not at once
        self.until(lambda: self.ask(active=True), "a window of this person's that takes keys")
        for key in keys:
            self.screen.hand("key", key)
        return self

    def type(self, text: str) -> Person:
        """Type an ASCII text."""
        self.screen.hand("type", "--delay", 12, text)
        return self

    def drag(self, start: tuple[float, float], end: tuple[float, float], *, release: bool = True) -> Person:
        """Drag over the picture from one of its points to another, in its pixels."""
        self.boxes()  # an item is open
        first, last = (self.ask(canvas=list(point)) for point in (start, end))
        self.screen.hand("mousemove", *first)
        self.screen.hand("mousedown", 1)
        for step in range(1, 9):
            x, y = (round(a + (b - a) * step / 8) for a, b in zip(first, last, strict=True))
            self.screen.hand("mousemove", x, y)
        if release:
            self.screen.hand("mouseup", 1)
        return self

    def cuboids(self) -> list[dict[str, Any]]:
        """The cuboids of the open item's frame; waits until its points are there."""
        self.until(lambda: self.ask(cuboids=True) is not None, "points of an open item")
        found: list[dict[str, Any]] = self.ask(cuboids=True)
        return found

    def point_at_place(self, xyz: tuple[float, float, float], view: str) -> Person:
        """Click on a place of the scene, in one of the editor's views or on a camera's picture."""
        self.cuboids()
        self.screen.hand("mousemove", *self.ask(place=list(xyz), view=view))
        self.screen.hand("click", 1)
        return self

    def drag_in_view(
        self, start: tuple[float, float, float], end: tuple[float, float, float], view: str
    ) -> Person:
        """Drag from one place of the scene to another, in a view or on a camera's picture."""
        first, last = (self.ask(place=list(each), view=view) for each in (start, end))
        self.screen.hand("mousemove", *first)
        self.screen.hand("mousedown", 1)
        for step in range(1, 9):
            x, y = (round(a + (b - a) * step / 8) for a, b in zip(first, last, strict=True))
            self.screen.hand("mousemove", x, y)
        self.screen.hand("mouseup", 1)
        return self

    def point_at(self, at: tuple[float, float]) -> Person:
        """Click on a point of the picture, in its pixels."""
        self.screen.hand("mousemove", *self.ask(canvas=list(at)))
        self.screen.hand("click", 1)
        return self

    def boxes(self) -> list[list[Any]]:
        """(class, left, top, right, bottom) of the open item's boxes; waits until one is open."""
        self.until(lambda: self.ask(boxes=True) is not None, "an open item")
        found: list[list[Any]] = self.ask(boxes=True)
        return found

    def shot(self, path: Path) -> Path:
        """A picture of the whole screen."""
        return self.screen.photograph(path)

    def kill(self) -> None:
        """End the studio without warning."""
        if self._process is not None:
            if self._process.poll() is None:
                os.kill(self._process.pid, signal.SIGKILL)
            self._end()

    def leave(self) -> int:
        """Close the window as a person does and wait for the end."""
        assert self._process is not None
        self.press("ctrl+q")
        self._process.wait(PATIENCE_S)
        return self._end()

    def _end(self) -> int:
        process, self._process = self._process, None
        assert process is not None
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(BrokenPipeError):  # it has ended by itself: `ask` says so
                    pipe.close()
        return process.wait()

    def _settle(self) -> None:
        # a widget that has just come into sight may still move while the window lays itself out
        time.sleep(0.05)
