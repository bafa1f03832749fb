"""Connections to SQLite and PostgreSQL, set up so that a commit is on disk and a read is one moment."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.pool import QueuePool, StaticPool

from studio.domain.errors import AtelierError

_BUSY_MS = 10_000
_ONE_NODE = 0x0A7E_11E5  # key of PostgreSQL's advisory lock


def sqlite_engines(url: str) -> tuple[Engine, Engine]:
    """Readers, and the writer's one connection."""
    options: dict[str, Any] = {"connect_args": {"check_same_thread": False, "timeout": _BUSY_MS / 1000}}
    readers = create_engine(url, poolclass=QueuePool, pool_size=16, max_overflow=64, **options)
    writer = create_engine(url, poolclass=StaticPool, **options)
    for engine, begin in ((readers, "BEGIN"), (writer, "BEGIN IMMEDIATE")):
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_with(begin))
    return readers, writer


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # the driver would begin transactions by itself, too late for a snapshot and never IMMEDIATE
    connection.isolation_level = None
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={_BUSY_MS}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-32768",
        "secure_delete=ON",  # an erased item's rows are zeroed, not only unlinked
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_with(statement: str) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        # by the driver itself: every request begins one, and SQLAlchemy's way round costs as much as a read
        connection.connection.cursor().execute(statement)

    return begin


def postgres_engines(url: str, beside: bool) -> tuple[Engine, Engine]:
    """Readers, each transaction a snapshot, and the writer; `beside` a node that writes to it as well."""
    readers = create_engine(
        url,
        pool_size=8,
        max_overflow=24,
        pool_pre_ping=True,
        isolation_level="REPEATABLE READ",
        execution_options={"postgresql_readonly": True},
    )
    writer = create_engine(url, pool_size=1, max_overflow=1, pool_pre_ping=True)
    if beside:
        event.listen(writer, "begin", _keep_the_node_out)
    return readers, writer


def _keep_the_node_out(connection: Connection) -> None:
    # the node reads the audit log's head and writes the next entry: whoever writes beside it must come
    # before that reading or after that commit. Never for long: all saves wait behind this lock
    cursor = connection.connection.cursor()
    cursor.execute("SET LOCAL lock_timeout = '1s'")
    cursor.execute("LOCK TABLE audit_entries IN ACCESS EXCLUSIVE MODE")


def claim(engine: Engine) -> Connection:
    """A connection that holds the database for this node as long as it lives."""
    try:
        connection = engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        got = connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_NODE}).scalar_one()
    except DBAPIError as error:
        raise plain_error(error) from error
    if not got:
        connection.close()
        raise AtelierError(
            "node.already_running",
            "Another node already works on this database.",
            hint="Stop that node first, or give this one a database of its own.",
        )
    return connection


def plainly(error: BaseException) -> AtelierError | None:
    """The sentence for what stands behind `error`, where that is the trouble of any database."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DBAPIError) and isinstance(plain := plain_error(seen), AtelierError):
            return plain
        seen = seen.__cause__ or seen.__context__
    return None


def plain_error(error: DBAPIError) -> Exception:
    """What to raise for a driver's error: a sentence where somebody can mend it, else the error itself."""
    if not isinstance(error, OperationalError):
        return error
    said = str(error.orig).lower()
    if "disk i/o" in said:
        # over a quota, or failing: SQLite does not say which
        return AtelierError(
            "node.disk_failed",
            "The node's disk refused to write or read. This was not saved there; it is kept here.",
            detail=said[:200],
            hint="Look at the disk's quota and health; saving goes on when it takes data again.",
        )
    if "full" in said or "no space" in said:
        return AtelierError(
            "node.disk_full",
            "The node's disk is full. This was not saved there; it is kept here.",
            detail=said[:200],
            hint="Free some space on the node's disk. Saving goes on by itself.",
        )
    return AtelierError(
        "store.unreachable",
        "The node cannot reach its database. This was not saved there; it is kept here.",
        detail=said[:200],
        hint="Look at the node's log; saving goes on when the database answers again.",
    )
