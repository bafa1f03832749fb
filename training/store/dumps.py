"""A copy of a node's PostgreSQL database, of one moment, while the node runs; by pg_dump and pg_restore."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, create_engine, inspect, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from studio.domain.errors import AtelierError
from training.store.connections import plain_error
from training.store.engine import Transaction
from training.store.migrations import unmake


class Moment:
    """The database as it was when the dump was made, to be read as a store is."""

    def __init__(self, tx: Transaction) -> None:
        self._tx = tx

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """Everything that is read is of that one moment."""
        yield self._tx


@contextmanager
def dumped(url: str, target: Path) -> Iterator[Moment]:
    """Write the whole database to `target` with pg_dump, in its custom format, and read it back.

    What is given reads the snapshot that was dumped, so what is verified in it is verified of the file.
    Raises `backup.no_tools`, `backup.failed`, `node.disk_full`, `store.unreachable`.
    """
    engine = create_engine(url, isolation_level="REPEATABLE READ")
    try:
        with engine.connect() as connection, connection.begin():
            snapshot = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()
            _run("pg_dump", url, ["--format=custom", f"--snapshot={snapshot}", f"--file={target}"])
            _run("pg_restore", "", ["--file=/dev/null", str(target)])
            yield Moment(Transaction(connection))
    except DBAPIError as error:
        raise plain_error(error) from error
    finally:
        engine.dispose()
    _settle(target)


def load_dump(source: Path, url: str) -> None:
    """Fill an empty database from a dump, all or nothing.

    Raises `backup.database_not_empty`, `backup.no_tools`, `backup.failed`, `store.unreachable`.
    """
    engine = create_engine(url)
    try:
        tables = inspect(engine).get_table_names()
    except DBAPIError as error:
        raise plain_error(error) from error
    finally:
        engine.dispose()
    if tables:
        raise AtelierError(
            "backup.database_not_empty",
            "The database that was named holds tables already; nothing was written over.",
            detail=", ".join(sorted(tables)[:5]),
            hint="Make an empty one with `createdb`, and name that with --database.",
        )
    whole = ["--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges"]
    _run("pg_restore", url, [*whole, str(source)])


def empty_again(url: str) -> None:
    """Remove what `load_dump` brought: the rest of the restoring did not come to its end."""
    engine = create_engine(url)
    try:
        with engine.begin() as connection:
            unmake(connection)
    except DBAPIError as error:
        raise plain_error(error) from error
    finally:
        engine.dispose()


def _run(name: str, url: str, arguments: list[str]) -> None:
    """Run one of PostgreSQL's programs on a database; its password is never in what `ps` shows."""
    program = _program(name)
    environment = dict(os.environ)
    if url:
        place, password = _without_password(make_url(url))
        arguments = [f"--dbname={place}", "--no-password", *arguments]
        environment |= {"PGPASSWORD": password} if password else {}
    done = subprocess.run(
        [program, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode == 0:
        return
    said = done.stderr.strip()[-500:]
    if "No space left" in said:
        raise AtelierError(
            "node.disk_full",
            f"The disk is full: {name} could not write all of the database. The node is as it was.",
            detail=said,
            hint="Free some space or name another disk, and run it again.",
        )
    raise AtelierError(
        "backup.failed",
        f"The database could not be copied: {name} stopped. The node is as it was.",
        detail=said,
        hint="Where it names versions: install PostgreSQL's client programs of the server's, or newer.",
    )


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise AtelierError(
            "backup.no_tools",
            f"The database is on a PostgreSQL server, and {name}, which copies it, is missing here.",
            hint="Install PostgreSQL's client programs (Debian and Ubuntu: apt install postgresql-client).",
        )
    return found


def _without_password(url: URL) -> tuple[str, str]:
    """The URL as libpq reads it, and its password."""
    query = dict(url.query)
    said = query.pop("password", "")
    password = url.password or (said if isinstance(said, str) else said[0])
    bare = url.set(drivername="postgresql", query=query)
    if bare.password is not None:
        bare = URL.create(
            bare.drivername, bare.username, None, bare.host, bare.port, bare.database, bare.query
        )
    return bare.render_as_string(hide_password=False), password


def _settle(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    path.chmod(0o600)
