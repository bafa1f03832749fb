"""A copy of a node's SQLite database, of one moment, while the node runs."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from studio.domain.errors import AtelierError


def copy_database(source: Path, target: Path) -> None:
    """Copy by SQLite's own backup, in one step: nothing is missing, nothing is half. Raises `backup.failed`.

    The copy is one file, checked page by page and durable.
    """
    try:
        with (
            closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True)) as here,
            closing(sqlite3.connect(target)) as there,
        ):
            here.backup(there)
            sound = there.execute("PRAGMA integrity_check").fetchone()[0]
    except sqlite3.Error as error:
        raise _failed(str(error)) from error
    if sound != "ok":
        raise _failed(str(sound))
    settle(target)


def settle(database: Path) -> None:
    """Make a database that nobody has open one durable file, without a journal beside it."""
    try:
        with closing(sqlite3.connect(database)) as there:
            there.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        raise _failed(str(error)) from error
    descriptor = os.open(database, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    database.chmod(0o600)


def _failed(why: str) -> AtelierError:
    return AtelierError(
        "backup.failed",
        "The database could not be copied. The workspace is as it was.",
        detail=why[:300],
        hint="Look at the disk's state; keep the backups that you have.",
    )
