"""`atelier demo`: the studio in a process of its own, and a guide that uses it as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from studio.cli.frame import DONE, FAULT, INTERRUPTED, Parser, answer
from studio.cli.screen import own_screen
from studio.client import Client, OwnNode
from studio.demo.hand import Hand, Stopped, display_is_there
from studio.demo.plan import Data, data_of, digits
from studio.demo.walk import Walk
from studio.domain.errors import AtelierError
from studio.domain.wire import routes

PACES = {"quick": 0.0, "human": 1.2}


def run(argv: list[str]) -> int:
    """Walk the whole loop; exit code 0 only if every step's effect was seen on the node."""
    parser = Parser("demo", "Walk the whole loop in the real window, with a guide.")
    parser.add_argument("--data", type=Path, help="any detection data instead of the sample")
    parser.add_argument("--shots", type=Path, help="folder for a picture of every page")
    parser.add_argument("--pace", choices=sorted(PACES), help="human where there is a display, else quick")
    parser.add_argument(
        "--epochs", type=int, default=0, help="passes of the first training; 0: a good number"
    )
    parser.add_argument("--pages", type=int, default=0, help="pages of the sample; 0: all 200")
    parser.add_argument("--keep", type=Path, help="make the workspace here and leave it")
    parser.add_argument("--theme", choices=["light", "dark"], help="look of the window")
    given = parser.parse_args(argv)
    is_watched = display_is_there()
    pace = PACES[given.pace or ("human" if is_watched else "quick")]
    with ExitStack() as stack:
        if is_watched:
            environment = {key: value for key, value in os.environ.items() if key != "WAYLAND_DISPLAY"}
            environment["QT_QPA_PLATFORM"] = "xcb"
        else:
            environment = stack.enter_context(own_screen()).environment()
        if shutil.which("xdotool") is None:
            raise AtelierError(
                "screen.missing",
                "The walk moves the pointer with xdotool, which is not installed.",
                hint="Run `make setup` as root, or install xdotool.",
            )
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atelier-demo-")))
        workspace = given.keep or folder / "workspace"
        shots = given.shots or (workspace / "pictures" if given.keep else None)
        data = data_of(given.data) if given.data else digits(folder / "digits", given.pages)
        environment |= {"XDG_CONFIG_HOME": str(folder / "config"), "XDG_DATA_HOME": str(folder / "data")}
        look = ("--theme", given.theme) if given.theme else ()
        steps = _walk(folder, workspace, environment, look, pace, data, shots, given.epochs)
    if steps is None:
        answer({"steps": []}, as_json=given.json, text="Stopped.")
        return INTERRUPTED
    answer(
        {"steps": steps, "pictures": str(shots or "")},
        as_json=given.json,
        text=f"The loop is closed: {len(steps)} steps, each seen on the node.",
    )
    return DONE if steps else FAULT


def _walk(
    folder: Path,
    workspace: Path,
    environment: dict[str, str],
    look: tuple[str, ...],
    pace: float,
    data: Data,
    shots: Path | None,
    epochs: int,
) -> list[str] | None:
    address = str(folder / "guide")
    with ExitStack() as stack:
        stack.callback(_end, workspace)
        stack.enter_context(_studio(workspace, address, environment, look, folder / "studio.log"))
        hand = Hand(address, environment, pace)
        try:
            node = OwnNode.start(workspace)
            client = Client.connect(node.address)
            client.own_sign_in(node.secret())
            walk = Walk(hand, client, data, shots, epochs)
            return walk.all()
        except Stopped:
            return None
        except AtelierError:
            if shots is not None:
                hand.photograph(shots / "where-it-stopped.png")
            raise
        finally:
            hand.close()


def _end(workspace: Path) -> None:
    """Stop what outlives a window: the services, then the node."""
    node = OwnNode.find(workspace)
    if node is None:
        return
    client = Client.connect(node.address)
    client.own_sign_in(node.secret())
    for project in client.call(routes.PROJECTS).projects:
        for service in client.call(routes.SERVICES, project=project.id).services:
            if service.state != "stopped":
                client.call(routes.STOP_SERVICE, service=service.id)
    client.close()
    node.stop()


@contextmanager
def _studio(
    workspace: Path, address: str, environment: dict[str, str], look: tuple[str, ...], log: Path
) -> Iterator[None]:
    with log.open("wb") as out:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "studio", "studio"),
                *("--workspace", str(workspace), "--guide", address, *look),
            ],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
        )
        try:
            yield
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
