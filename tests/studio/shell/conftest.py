"""A window without a node: what the shell itself promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject
from PySide6.QtWidgets import QApplication

from studio.domain.contracts.plugin import load_part
from studio.domain.errors import AtelierError
from studio.shell import faults
from studio.shell.calls import Calls, Workers
from studio.shell.main import PAGES
from studio.shell.settings import Settings
from studio.shell.window import MainWindow
from widgets.posting import Poster


@pytest.fixture
def window(qapp: QApplication, tmp_path: Path) -> Iterator[MainWindow]:
    """The main window with all pages, not connected to anything."""
    made = MainWindow(qapp, load_part(PAGES), Settings(tmp_path), tmp_path / "studio.log")
    made.show()
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def errors() -> list[AtelierError]:
    """What was shown to the person."""
    return []


@pytest.fixture
def make_calls(qapp: QApplication, errors: list[AtelierError]) -> Iterator[Callable[[QObject], Calls]]:
    """Background calls of an owner, as pages have them."""
    poster = Poster()
    workers = Workers(poster.post, 2)
    yield lambda owner: Calls(owner, workers, errors.append, faults.explain)
    workers.close()
