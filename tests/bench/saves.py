"""What a durable save costs: against a bare insert behind the same web framework, and in a large project."""

import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx

from studio.domain import canonical
from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire import routes
from studio.domain.wire.projects import ItemQuery
from tests.bench.harness import PAIRS, Samples, bench, interleaved
from tests.training.running import Person, RunningNode, running_node
from tests.training.workspace import draw, furnished
from training.node import open_data
from training.store.items import items

SAVES = 40  # a turn
FEW, MANY = 1_000, 1_000_000

# the least that calls itself a durable save: one route, one insert, synchronous=FULL
BARE = """
import sqlite3, sys
import uvicorn
from fastapi import FastAPI, Request, Response

database = sqlite3.connect(sys.argv[1], check_same_thread=False, isolation_level=None)
database.execute("PRAGMA journal_mode=WAL")
database.execute("PRAGMA synchronous=FULL")
database.execute("CREATE TABLE saves (id INTEGER PRIMARY KEY, body BLOB)")
app = FastAPI()

def insert(body):
    database.execute("BEGIN IMMEDIATE")
    database.execute("INSERT INTO saves (body) VALUES (?)", (body,))
    database.execute("COMMIT")

@app.post("/saves")
async def save(request: Request) -> Response:
    from starlette.concurrency import run_in_threadpool
    await run_in_threadpool(insert, await request.body())
    return Response(b"ok")

uvicorn.run(app, uds=sys.argv[2], log_level="critical")
"""


@contextmanager
def bare_server(folder: Path) -> Iterator[httpx.Client]:
    """The bare one, on a Unix socket as the node."""
    socket = folder / "bare.sock"
    command = [sys.executable, "-c", BARE, str(folder / "bare.db"), str(socket)]
    process = subprocess.Popen(command)
    try:
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket)), base_url="http://bare") as http:
            until = time.monotonic() + 60
            while True:
                try:
                    http.post("/saves", content=b"")
                    break
                except httpx.TransportError:
                    assert time.monotonic() < until, "the bare server does not answer"
                    time.sleep(0.05)
            yield http
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


class Saver:
    """The owner, drawing one box after the other on one item."""

    def __init__(self, node: RunningNode, item: ItemId) -> None:
        self.owner: Person = node.owner()
        self.item = item
        fence = self.owner.call(routes.LEASE, item=item).fence
        # written before, as the body of the bare insert is: it is the node that is measured
        self.bodies = [canonical.encode(draw(fence=fence)) for _ in range(SAVES * (PAIRS + 1))]

    def save(self) -> None:
        for _ in range(SAVES):
            answer = self.owner.send(routes.SAVE_EDIT, self.bodies.pop(), item=self.item)
            assert answer.status_code == 200


@bench("P11", "durable save: rights, befores, references, audit; bare insert behind FastAPI", at_most=1 / 0.6)
def durable_save() -> Samples:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atelier-b-")))
        workspace = furnished(folder / "workspace", 1, ())
        saver = Saver(stack.enter_context(running_node(folder / "workspace")), workspace.items[0])
        bare = stack.enter_context(bare_server(folder))
        body = canonical.encode(draw())

        def bare_saves() -> None:
            for _ in range(SAVES):
                assert bare.post("/saves", content=body).status_code == 200

        return _each(interleaved(saver.save, bare_saves))


@bench("P13", f"save in a project of {MANY:,} items; of {FEW:,}", at_most=1.2)
def save_among_many() -> Samples:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="atelier-b-")))
        sides: list[Callable[[], None]] = []
        notes = []
        for name, count in (("many", MANY), ("few", FEW)):
            workspace = furnished(folder / name, 1, ())
            fill(folder / name, workspace.project, workspace.items[0], count)
            node = stack.enter_context(running_node(folder / name))
            saver = Saver(node, workspace.items[0])
            sides.append(saver.save)
            notes.append(f"{name}: list {_list_ms(saver.owner, workspace.project):.0f} ms")
        samples = _each(interleaved(sides[0], sides[1]))
        return samples._replace(note="; ".join(notes))


def fill(folder: Path, project: ProjectId, pattern: ItemId, count: int) -> None:
    """Give a project `count` items more, as copies of one row: importing a million would take hours."""
    node = open_data(folder)
    columns = [column.name for column in items.c if column.name not in ("id", "name", "name_key", "origin")]
    named = ", ".join(columns)
    node.close()
    with sqlite3.connect(folder / "node.db") as database:
        database.execute(
            f"""
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
            INSERT INTO items (id, name, name_key, {named})
            SELECT printf('%08x-0000-7000-8000-%012x', i, i), printf('photo %07d.png', i),
                   printf('photo %07d.png', i), {named} FROM items, n WHERE id = ?
            """,
            (pattern,),
        )
        database.execute(
            "INSERT INTO item_classes (item, class_name, project, shapes) "
            "SELECT id, CASE WHEN rowid % 100 THEN 'cell' ELSE 'debris' END, project, 1 FROM items "
            "WHERE project = ?",
            (project,),
        )
        for what, name, number in (
            ("state", "new", count),
            ("class_items", "cell", count * 99 // 100),
            ("class_items", "debris", count // 100),
        ):
            database.execute(
                "INSERT OR REPLACE INTO project_counts VALUES (?, ?, ?, ?)", (project, what, name, number)
            )
    database.close()


def _list_ms(person: Person, project: ProjectId) -> float:
    """The slowest of the lists that a person opens."""
    slowest = 0.0
    for query in (
        ItemQuery(),
        ItemQuery(offset=900, order="newest"),
        ItemQuery(classes=("debris",)),
        ItemQuery(classes=("cell",), order="shapes"),
        ItemQuery(text="99.png"),
        ItemQuery(states=("new",), unsure=False),
    ):
        person.call(routes.ITEMS, query, project=project)
        started = time.perf_counter()
        person.call(routes.ITEMS, query, project=project)
        slowest = max(slowest, time.perf_counter() - started)
    return slowest * 1000


def _each(samples: Samples) -> Samples:
    return Samples([each / SAVES for each in samples.ours_s], [each / SAVES for each in samples.reference_s])
