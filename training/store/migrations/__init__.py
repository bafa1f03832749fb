"""Bringing a database to the tables of this version, step by numbered step; old or new, never between.

SQLite is migrated on a copy, which is verified and swapped in; the file from before stays beside it.
PostgreSQL changes its tables within one transaction.
"""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path

from sqlalchemy import Column, Connection, MetaData, String, Table, create_engine, inspect, text

from studio.domain.errors import AtelierError
from training.store.engine import Store
from training.store.schema import load_tables

NEWEST = "0004"

# as Alembic makes it
_versions = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def bring_up(store: Store) -> None:
    """Make the tables, or bring them up. Raises `store.newer`, `store.unknown`, `store.damaged`,
    `store.in_use`."""
    with store.read() as tx:
        version = version_of(tx.connection)
        is_empty = not inspect(tx.connection).get_table_names()
    if version == NEWEST:
        return
    if version is None and not is_empty:
        raise AtelierError(
            "store.unknown",
            "The node did not start: its database was not made by Atelier. Nothing was changed.",
            hint="Name another database or folder.",
        )
    if version is not None and version > NEWEST:
        raise AtelierError(
            "store.newer",
            "The node did not start: its database was made by a newer Atelier. Nothing was changed.",
            detail=f"{version}, this node knows {NEWEST}",
            hint="Update Atelier, or restore a backup from before.",
        )
    if is_empty:
        with store.write() as tx:
            make(tx.connection)
        return
    if store.url.get_backend_name() != "sqlite":
        with store.write() as tx:
            upgrade(tx.connection)
        return
    _on_a_copy(store, Path(store.url.database or ""), version or "")


def make(connection: Connection) -> None:
    """Make every table in an empty database; a test holds the steps to the same result."""
    load_tables().create_all(connection)
    _versions.create(connection)
    connection.execute(_versions.insert(), {"version_num": NEWEST})


def unmake(connection: Connection) -> None:
    """Remove every table of ours."""
    load_tables().drop_all(connection)
    _versions.drop(connection, checkfirst=True)


def upgrade(connection: Connection, to: str = "head") -> None:
    """Run every step that this database has not had, in the caller's transaction."""
    from alembic import command  # only where there is something to do: it takes a fifth of a second
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, to)


def version_of(connection: Connection) -> str | None:
    """The number of the last step that a database has had; None of one without any."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one_or_none()


def _on_a_copy(store: Store, path: Path, version: str) -> None:
    copy = path.with_name(f"{path.name}.migrating")
    copy.unlink(missing_ok=True)  # of a migration that was killed: the old file is still the right one
    with sqlite3.connect(path) as old, sqlite3.connect(copy) as new:
        old.backup(new)
    old.close()
    new.close()
    engine = create_engine(f"sqlite:///{copy}")
    try:
        with engine.begin() as connection:
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            upgrade(connection)
        with engine.connect() as connection:
            said = connection.exec_driver_sql("PRAGMA integrity_check").scalar_one()
            if said != "ok" or version_of(connection) != NEWEST:
                raise AtelierError(
                    "store.damaged",
                    "The node did not start: its database could not be brought up to this version. "
                    "Nothing was changed.",
                    detail=str(said)[:200],
                    hint="Restore the newest backup; the database is as it was.",
                )
    finally:
        engine.dispose()
    store.let_go()
    _sync(copy)
    before = path.with_name(f"{path.name}.before-{NEWEST}-was-{version}")
    journal = path.with_name(f"{path.name}-wal")
    if journal.exists() and journal.stat().st_size:
        # closed by everybody it would be gone; beside the new file it would be taken for that file's own
        raise AtelierError(
            "store.in_use",
            "The node did not start: another program has its database open. Nothing was changed.",
            hint="Close that program and start the node again.",
        )
    before.unlink(missing_ok=True)  # of a migration that was killed before the swap
    os.link(path, before)
    os.replace(copy, path)
    _sync(path.parent)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
