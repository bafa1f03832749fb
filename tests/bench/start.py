"""How long until the studio can be used, with a project of 100,000 items and with an empty one."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from studio.client import Client, OwnNode
from studio.domain.ids import ProjectId, StreamId
from studio.domain.ontology import Ontology
from studio.domain.wire import routes
from studio.domain.wire.projects import NewProject, Stream
from studio.shell import studio
from studio.shell.settings import Settings
from tests.bench.harness import Samples, bench
from training.node import open_data
from training.work import items

MANY = 100_000
AT_ONCE = 2_000  # items in one transaction
PAIRS = 7


class Place(NamedTuple):
    """A workspace whose node runs, and the settings of a person who was last in its one project."""

    folder: Path
    node: OwnNode
    settings: Path


def prepared(folder: Path, count: int) -> Place:
    """A workspace with one project of so many items."""
    project, _ = new_project(folder)
    data = open_data(folder)
    stream = (Stream(StreamId("s"), "photo", "image", width=640, height=480),)
    try:
        for start in range(0, count, AT_ONCE):
            with data.store.write() as tx:
                for number in range(start, min(start + AT_ONCE, count)):
                    items.create(data, tx, project, f"photos/{number:06}.jpg", stream)
    finally:
        data.close()
    node = OwnNode.start(folder, 120)
    settings = folder.parent / f"settings-{count}"
    (settings / "atelier").mkdir(parents=True)
    kept = Settings(settings / "atelier")
    kept.keep_local(f"nodes/{Client.connect(node.address).handshake.node}/project", project)
    kept.flush()
    return Place(folder, node, settings)


def new_project(folder: Path) -> tuple[ProjectId, str]:
    """A project on a node that is started for it and stopped again; its id and the node's."""
    node = OwnNode.start(folder, 120)
    try:
        client = Client.connect(node.address)
        client.own_sign_in(node.secret())
        made = client.call(routes.NEW_PROJECT, NewProject("Bench", Ontology()))
        return made.id, client.handshake.node
    finally:
        node.stop()


def started(place: Place, picture: Path) -> tuple[float, float]:
    """Seconds until the project is open on its Data page, and MiB of the studio's process at its largest."""
    command = [sys.executable, "-m", "studio", "studio", "--workspace", place.folder, "--page", "data"]
    began = time.monotonic()
    process = subprocess.Popen(
        [*map(str, command), "--shot", str(picture)],
        env=os.environ | {"XDG_CONFIG_HOME": str(place.settings)},
        stdout=subprocess.DEVNULL,
    )
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    taken_s = time.monotonic() - began
    assert process.returncode == 0, "the studio did not open its project"
    picture.unlink()
    return taken_s - studio._SETTLE_MS / 1000, used.ru_maxrss / 1024


@bench("P42", "studio start to the open project, 100,000 items beside none; node running", at_most=1.5)
def start() -> Samples:
    with tempfile.TemporaryDirectory(prefix="atelier-b-") as name:
        root = Path(name)
        places: list[Place] = []
        try:
            for count in (MANY, 0):
                places.append(prepared(root / f"workspace-{count}", count))
            found: list[list[tuple[float, float]]] = [[], []]
            for turn in range(1 + PAIRS):
                for side, place in zip(found, places, strict=True):
                    one = started(place, root / "picture.png")
                    if turn:
                        side.append(one)
        finally:
            for place in places:
                place.node.stop()
    full, empty = ([memory for _, memory in side] for side in found)
    return Samples(
        [taken for taken, _ in found[0]],
        [taken for taken, _ in found[1]],
        note=f"memory {median(full):.0f} and {median(empty):.0f} MiB, {median(full) / median(empty):.2f}x",
    )
