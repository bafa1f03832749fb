"""Statements that every save runs, compiled once for each kind of database and run by its driver.

SQLAlchemy takes some 35 µs around each statement, five times what SQLite takes to run it, and a save runs
fourteen. What it knows of types (booleans in SQLite) and errors is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Executable
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.sql.type_api import TypeEngine

Row = tuple[Any, ...]
_Parameters = Mapping[str, Any]


class Prepared:
    """A statement of SQLAlchemy Core whose parameters are all named by `bindparam` or are its columns.

    Not for an `IN` of many values: its text differs with their number.
    """

    def __init__(self, statement: Executable) -> None:
        assert isinstance(statement, ClauseElement)
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def run(self, connection: Connection, parameters: _Parameters | Sequence[_Parameters] | None) -> Rows:
        """As `Connection.execute`, on the driver's own cursor. Raises DBAPIError as that does."""
        dialect = connection.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _compile(self._statement, dialect)
        cursor = connection.connection.cursor()
        try:
            if isinstance(parameters, Sequence):
                cursor.executemany(compiled.text, [compiled.arguments(each) for each in parameters])
                return Rows(())
            cursor.execute(compiled.text, compiled.arguments(parameters or {}))
            return Rows(compiled.rows(cursor.fetchall()) if cursor.description else ())
        except dialect.loaded_dbapi.Error as error:
            raise DBAPIError.instance(
                compiled.text, None, error, dialect.loaded_dbapi.Error, dialect=dialect
            ) from error
        finally:
            cursor.close()


class Rows:
    """What a statement gave, all of it: the part of SQLAlchemy's result that store functions use."""

    def __init__(self, rows: Sequence[Row]) -> None:
        self._rows = rows

    def __iter__(self) -> Iterator[Row]:
        return iter(self._rows)

    def one_or_none(self) -> Row | None:
        """The only row, or None. More than one is a fault of the statement."""
        assert len(self._rows) < 2
        return self._rows[0] if self._rows else None

    def scalar_one(self) -> Any:
        """The first value of the only row."""
        (row,) = self._rows
        return row[0]

    def scalar_one_or_none(self) -> Any:
        """The first value of the only row, or None."""
        row = self.one_or_none()
        return None if row is None else row[0]


class _Compiled(NamedTuple):
    text: str
    order: tuple[str, ...] | None  # of names, where the driver takes values by place
    ready: _Parameters  # literals that the statement itself holds
    readers: tuple[tuple[int, Callable[[Any], Any]], ...]  # columns whose values the driver gives as others

    def arguments(self, given: _Parameters) -> Any:
        held = {**self.ready, **given} if self.ready else given
        return held if self.order is None else [held[name] for name in self.order]

    def rows(self, found: Sequence[Row]) -> Sequence[Row]:
        if not self.readers:
            return found
        changed = []
        for row in found:
            values = list(row)
            for place, read in self.readers:
                values[place] = read(values[place])
            changed.append(tuple(values))
        return changed


def _compile(statement: ClauseElement, dialect: Dialect) -> _Compiled:
    compiled: Any = statement.compile(dialect=dialect)
    types: list[TypeEngine[Any]] = [column.type for column in compiled._result_columns]
    readers = [(place, each.result_processor(dialect, None)) for place, each in enumerate(types)]
    ready = {name: value for name, value in compiled.params.items() if value is not None}
    order = tuple(compiled.positiontup) if compiled.positional else None
    return _Compiled(
        str(compiled), order, ready, tuple((place, read) for place, read in readers if read is not None)
    )
