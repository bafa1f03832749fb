"""The fixtures themselves: what they start is real, and what a person owns is out of their reach."""

import os
from pathlib import Path

from sqlalchemy import create_engine, text

from studio.cli.screen import Screen
from tests.postgres import Postgres


def test_each_database_of_the_server_is_empty_and_apart(postgres: Postgres) -> None:
    first, second = (create_engine(postgres.fresh_database()) for _ in range(2))
    with first.begin() as connection:
        connection.execute(text("create table kept (n integer)"))
    with second.begin() as connection:
        tables = "select count(*) from information_schema.tables where table_schema = 'public'"
        assert connection.execute(text(tables)).scalar_one() == 0
    first.dispose()
    second.dispose()


def test_the_display_is_real_and_can_be_photographed(display: Screen, tmp_path: Path) -> None:
    display.hand("mousemove", 123, 45)
    assert display.hand("getmouselocation").startswith("x:123 y:45 ")
    assert display.photograph(tmp_path / "screen.png").stat().st_size > 0


def test_no_test_reaches_the_folders_of_the_person_who_runs_it() -> None:
    for name in ("XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
        assert not Path(os.environ[name]).is_relative_to(Path.home())
