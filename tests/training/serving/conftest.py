"""A real service process over tiny real models."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.training.serving.real_service import RealService


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Iterator[RealService]:
    """A running service of one model, for tests that only ask."""
    made = RealService(tmp_path_factory.mktemp("cells") / "service", root)
    made.put((made.model("cell"), 100))
    made.start()
    yield made
    made.close()


@pytest.fixture
def service(tmp_path: Path, root: Path) -> Iterator[RealService]:
    """A service folder without a table yet; `put` one and `start` it."""
    made = RealService(tmp_path / "service", root)
    yield made
    made.close()
