"""What the node's tests share: a real node process, an assembled node in this process, both databases."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.postgres import Postgres
from tests.training.running import RunningNode, running_node
from training.node import Node, assemble
from training.store.engine import Store
from training.store.schema import load_tables


@pytest.fixture
def node() -> Iterator[RunningNode]:
    """A real node process on a fresh workspace, on a Unix socket."""
    with (
        tempfile.TemporaryDirectory(prefix="atelier-n-") as folder,
        running_node(Path(folder) / "workspace") as running,
    ):
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty database with every table, on each of the two."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'node.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    opened = Store(url)
    with opened.write() as tx:
        load_tables().create_all(tx.connection)
    yield opened
    opened.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def inside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Node]:
    """The parts of a node assembled in this process, on each of the two databases; it answers nobody."""
    url = ""
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh_database()
    assembled = assemble(tmp_path, url)
    yield assembled
    assembled.close()
