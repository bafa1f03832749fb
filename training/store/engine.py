"""The database: snapshots to read from, and one writer whose commits are durable and grouped.

SQLite (WAL, synchronous=FULL) or PostgreSQL, by URL; one node a database on either. Whoever wants to be
told of a change says so inside the transaction (`after_commit`, `emit`) and hears of it once it is on disk.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Generic, Protocol, TypeVar, overload

import sqlalchemy.orm  # noqa: F401  DBOS imports it on a thread of its own, and half imported it breaks `in_` elsewhere
from sqlalchemy import Connection, CursorResult, Executable, Table, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from studio.domain.errors import AtelierError
from studio.domain.ids import ItemId, ProjectId
from studio.domain.wire.jobs import Event, EventKind
from training.store.connections import claim, plain_error, postgres_engines, sqlite_engines
from training.store.prepared import Prepared, Rows
from training.store.schema import metadata, number_column, text_column

T = TypeVar("T")

_GROUP = 64  # writes that share one commit at most; more would make the first of them wait

counters = Table("counters", metadata, text_column("name", primary_key=True), number_column("value"))
_GROW = Prepared(
    text(
        "INSERT INTO counters (name, value) VALUES (:name, :count) "
        "ON CONFLICT (name) DO UPDATE SET value = counters.value + excluded.value RETURNING value"
    )
)


class Transaction:
    """One transaction on one connection, handed to store functions."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._events: list[Event] = []
        self._after: list[Callable[[], object]] = []

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        return self.connection.dialect.name

    @overload
    def execute(self, statement: Prepared, parameters: Any = None) -> Rows: ...

    @overload
    def execute(self, statement: Executable, parameters: Any = None) -> CursorResult[*tuple[Any, ...]]: ...

    def execute(
        self, statement: Executable | Prepared, parameters: Any = None
    ) -> CursorResult[*tuple[Any, ...]] | Rows:
        """Run a statement of SQLAlchemy Core; `parameters` may be a list, for many rows."""
        if isinstance(statement, Prepared):
            return statement.run(self.connection, parameters)
        return self.connection.execute(statement, parameters)

    def after_commit(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function` once the transaction is durable; never when it is rolled back."""
        self._after.append(lambda: function(*arguments))

    def emit(
        self,
        kind: EventKind,
        project: ProjectId | None = None,
        item: ItemId | None = None,
        subject: str = "",
        revision: int = 0,
    ) -> None:
        """Tell every studio that something changed, once it is durable; numbered in this transaction."""
        self._events.append(Event(0, kind, project, item, subject, revision))

    def mark(self) -> tuple[int, int]:
        """What would be told so far, for `forget_since`."""
        return len(self._events), len(self._after)

    def forget_since(self, mark: tuple[int, int]) -> None:
        """Drop what was to be told since `mark`: its part was rolled back."""
        del self._events[mark[0] :]
        del self._after[mark[1] :]

    def number_events(self) -> list[Event]:
        """The events to publish, numbered from the persistent counter. Called once, before the commit."""
        if not self._events:
            return []
        last = next_number(self, "events", len(self._events))
        first = last - len(self._events) + 1
        return [
            Event(first + index, each.kind, each.project, each.item, each.subject, each.revision)
            for index, each in enumerate(self._events)
        ]

    def run_after(self) -> None:
        """Call what waited for the commit."""
        for function in self._after:
            function()


def next_number(tx: Transaction, name: str, count: int = 1) -> int:
    """The counter `name`, `count` further than it stood; it starts at 0 and never goes back."""
    return int(tx.execute(_GROW, {"name": name, "count": count}).scalar_one())


def counter(tx: Transaction, name: str) -> int:
    """Where the counter `name` stands."""
    return int(tx.execute(select(counters.c.value).where(counters.c.name == name)).scalar_one_or_none() or 0)


class Readable(Protocol):
    """A store, or a copy of one, to be read."""

    def read(self) -> AbstractContextManager[Transaction]: ...


class Store:
    """The node's database. Reads run side by side; writes one after the other."""

    def __init__(self, url: str, look_only: bool = False) -> None:
        """Open, without looking at the tables; `look_only` beside the node that it belongs to.

        Raises `store.unreachable`, `node.already_running`.
        """
        self.url = make_url(url)
        self.publish: Callable[[list[Event]], None] = _nobody_listens
        self._writing = threading.Lock()
        self._waiting: deque[_Waiting[Any]] = deque()
        self._held: Connection | None = None
        if self.url.get_backend_name() == "sqlite":
            self._readers, self._writer = sqlite_engines(url)
        else:
            self._readers, self._writer = postgres_engines(url, beside=look_only)
            try:
                self._held = None if look_only else claim(self._writer)
            except AtelierError:
                self._writer.dispose()
                raise

    @contextmanager
    def read(self) -> Iterator[Transaction]:
        """A snapshot: everything in it is of one moment, whatever is written meanwhile."""
        try:
            with self._readers.connect() as connection, connection.begin():
                yield Transaction(connection)
        except DBAPIError as error:
            raise plain_error(error) from error

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """The one writer. Durable when it ends without an error; otherwise nothing of it happened.

        Not to be nested: hand the transaction on. Raises `node.disk_full`, `store.unreachable`.
        """
        with self._writing:
            try:
                with self._writer.connect() as connection, connection.begin():
                    tx = Transaction(connection)
                    yield tx
                    told = tx.number_events()
            except DBAPIError as error:
                raise plain_error(error) from error
            self._tell(told, tx)

    def grouped(self, work: Callable[[Transaction], T]) -> T:
        """As `write`, sharing one commit with the writes that wait at the same time.

        Each stands in a savepoint of its own: one that raises takes back itself alone. Whoever gets the
        writer first carries out the others' work too. The call returns when the commit is durable.
        """
        mine: _Waiting[T] = _Waiting(work)
        self._waiting.append(mine)
        with self._writing:
            if not mine.answer.done():
                self._carry_out_waiting()
        return mine.answer.result()

    def let_go(self) -> None:
        """Close the connections that nobody uses; the next transaction opens new ones."""
        self._readers.dispose()
        self._writer.dispose()

    def close(self) -> None:
        """Let go of every connection, and of the database itself."""
        if self._held is not None:
            self._held.close()
        self.let_go()

    def _carry_out_waiting(self) -> None:
        group: list[_Waiting[Any]] = []
        while self._waiting and len(group) < _GROUP:
            group.append(self._waiting.popleft())
        if len(group) == 1:
            self._carry_out_alone(group[0])
            return
        done: list[tuple[_Waiting[Any], Any]] = []
        try:
            with self._writer.connect() as connection, connection.begin():
                tx = Transaction(connection)
                for each in group:
                    result = self._carry_out(tx, each)
                    if not each.answer.done():
                        done.append((each, result))
                told = tx.number_events()
            self._tell(told, tx)
            for each, result in done:
                each.answer.set_result(result)
        except DBAPIError as error:
            plain = plain_error(error)
            plain.__cause__ = error
            _fail(group, plain)
        finally:
            # nobody may wait for ever, whatever went wrong here
            _fail(group, RuntimeError("the writer stopped before its commit"))

    def _carry_out_alone(self, one: _Waiting[Any]) -> None:
        # with nobody to share the commit a savepoint would only cost two statements
        try:
            with self._writer.connect() as connection, connection.begin():
                tx = Transaction(connection)
                result = one.work(tx)
                told = tx.number_events()
            self._tell(told, tx)
            one.answer.set_result(result)
        except DBAPIError as error:
            plain = plain_error(error)
            plain.__cause__ = error
            one.answer.set_exception(plain)
        except Exception as refused:  # noqa: BLE001  handed to whom it belongs
            one.answer.set_exception(refused)
        finally:
            _fail([one], RuntimeError("the writer stopped before its commit"))

    def _carry_out(self, tx: Transaction, one: _Waiting[Any]) -> Any:
        mark = tx.mark()
        point = tx.connection.begin_nested()
        try:
            result = one.work(tx)
        except OperationalError:
            # a full disk may have ended the whole transaction: nobody's work is known to stand
            raise
        except Exception as refused:  # noqa: BLE001  handed to whom it belongs, one of many
            point.rollback()
            tx.forget_since(mark)
            one.answer.set_exception(refused)
            return None
        point.commit()
        return result

    def _tell(self, told: list[Event], tx: Transaction) -> None:
        # still under the writer's lock, so that events are published in the order of their numbers
        if told:
            self.publish(told)
        tx.run_after()


class _Waiting(Generic[T]):
    """A write that shares a commit: what to do, and where its answer goes."""

    def __init__(self, work: Callable[[Transaction], T]) -> None:
        self.work = work
        self.answer: Future[T] = Future()


def _fail(group: list[_Waiting[Any]], error: Exception) -> None:
    for each in group:
        if not each.answer.done():
            each.answer.set_exception(error)


def _nobody_listens(events: list[Event]) -> None:
    """Until a node listens, events are only counted."""
