"""The steps lead to the tables that the code knows; a migration that is killed leaves the old or the new."""

import shutil
import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect, text

from studio.domain.errors import AtelierError
from tests.postgres import Postgres
from training.store import migrations
from training.store.engine import Store
from training.store.migrations import NEWEST, bring_up, upgrade, version_of
from training.store.schema import load_tables


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'node.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.fresh_database()


def test_the_steps_lead_to_the_tables_that_the_code_knows(url: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        upgrade(connection)
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), load_tables()) == []
        assert version_of(connection) == NEWEST
    engine.dispose()


def test_a_new_database_is_what_the_steps_lead_to(url: str, tmp_path: Path) -> None:
    store = Store(url)
    bring_up(store)
    bring_up(store)
    with store.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx.connection), load_tables()) == []
        made = set(inspect(tx.connection).get_table_names())
        assert version_of(tx.connection) == NEWEST
    store.close()
    engine = create_engine(f"sqlite:///{tmp_path / 'stepped.db'}")
    with engine.begin() as connection:
        upgrade(connection)
        assert set(inspect(connection).get_table_names()) == made
    engine.dispose()


def test_a_database_of_a_newer_atelier_is_left_alone(url: str) -> None:
    store = Store(url)
    bring_up(store)
    with store.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(AtelierError) as newer:
        bring_up(store)
    assert newer.value.code == "store.newer"
    store.close()


def test_a_database_of_somebody_else_is_left_alone(url: str) -> None:
    store = Store(url)
    with store.write() as tx:
        tx.execute(text("CREATE TABLE accounts (id INTEGER)"))
    with pytest.raises(AtelierError) as unknown:
        bring_up(store)
    assert unknown.value.code == "store.unknown"
    store.close()


@pytest.fixture
def older(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A database of the version before a step that adds a column; the step is in a copy of the folder."""
    path = tmp_path / "node.db"
    store = Store(f"sqlite:///{path}")
    bring_up(store)
    with store.write() as tx:
        tx.execute(text("INSERT INTO counters VALUES ('kept', 7)"))
    store.close()
    steps = tmp_path / "migrations"
    shutil.copytree(Path(migrations.__file__).parent, steps)
    (steps / "versions" / "9000_more.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        f"revision = '9000'\ndown_revision = {NEWEST!r}\n"
        "def upgrade():\n    op.add_column('counters', sa.Column('more', sa.Text()))\n"
    )
    monkeypatch.setattr(migrations, "__file__", str(steps / "__init__.py"))
    monkeypatch.setattr(migrations, "NEWEST", "9000")
    return path


def test_an_older_database_is_migrated_on_a_copy_and_the_old_one_is_kept(older: Path) -> None:
    store = Store(f"sqlite:///{older}")
    bring_up(store)
    with store.read() as tx:
        assert tx.execute(text("SELECT name, value, more FROM counters")).all() == [("kept", 7, None)]
    store.close()
    before = older.with_name(f"node.db.before-9000-was-{NEWEST}")
    with sqlite3.connect(before) as kept:
        assert kept.execute("SELECT * FROM counters").fetchall() == [("kept", 7)]
    kept.close()


def test_a_migration_that_fails_or_is_killed_leaves_the_old_database(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    for name, what in (("os.link", killed), ("os.replace", killed)):
        with monkeypatch.context() as patch:
            patch.setattr(name, what)
            store = Store(f"sqlite:///{older}")
            with pytest.raises(KeyboardInterrupt):
                bring_up(store)
            store.close()
        with sqlite3.connect(older) as kept:
            assert kept.execute("SELECT * FROM counters").fetchall() == [("kept", 7)]
        kept.close()
    store = Store(f"sqlite:///{older}")
    bring_up(store)
    with store.read() as tx:
        assert version_of(tx.connection) == "9000"
    store.close()
