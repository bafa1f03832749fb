"""Arrow tables of an Argoverse 2 log, read with everything checked that a hostile file could lie about."""

import io
from collections.abc import Mapping
from typing import Any

from studio.domain.contracts.formats import Budget, Tree
from studio.domain.contracts.reading import read_bytes
from studio.domain.errors import AtelierError

_CELLS = 50_000_000  # of one table


def read_table(tree: Tree, path: str, columns: Mapping[str, str], budget: Budget) -> dict[str, list[Any]]:
    """The named columns as Python values. columns: `int`, `float` or `text` by name.

    Raises `import.malformed` where one is missing, of another type, or holds nothing somewhere, and
    `import.too_large`, `import.missing_file`. Buffers are validated before a value is looked at: a batch that
    says it has more rows than bytes would be read beyond its end.
    """
    import pyarrow as arrow  # 40 ms, and most imports are of another format

    data = read_bytes(tree, path, budget.text_bytes)
    try:
        with arrow.ipc.open_file(arrow.BufferReader(data)) as reader:
            at = {name: reader.schema.get_field_index(name) for name in columns}
            missing = sorted(name for name, index in at.items() if index < 0)
            if missing:
                raise _malformed(path, f"it has no column {missing[0]!r}")
            found: dict[str, list[Any]] = {name: [] for name in columns}
            rows = 0
            for number in range(reader.num_record_batches):
                batch = reader.get_batch(number)
                rows += batch.num_rows
                if rows * len(columns) > _CELLS:
                    raise _malformed(path, f"it says that it has more than {rows:,} rows")
                batch.validate(full=True)
                for name, kind in columns.items():
                    found[name] += _values(path, name, batch.column(at[name]), kind, arrow)
    except (arrow.ArrowException, OSError, ValueError, MemoryError) as error:
        raise _malformed(path, str(error)[:200] or type(error).__name__) from error
    return found


def _values(path: str, name: str, column: Any, kind: str, arrow: Any) -> list[Any]:
    types = arrow.types
    fits = {
        "int": types.is_integer(column.type),
        "float": types.is_floating(column.type) or types.is_integer(column.type),
        "text": types.is_string(column.type)
        or types.is_large_string(column.type)
        or types.is_dictionary(column.type),
    }
    if not fits[kind]:
        raise _malformed(path, f"the column {name!r} holds {column.type}")
    if column.null_count:
        raise _malformed(path, f"the column {name!r} is empty in {column.null_count:,} rows")
    values: list[Any] = column.to_pylist()
    return values


def table_bytes(columns: Mapping[str, tuple[str, list[Any]]]) -> bytes:
    """A Feather file. columns: (Arrow's name of the type, values) by name."""
    import pyarrow as arrow
    from pyarrow import feather

    table = arrow.table(
        {name: arrow.array(values, type=getattr(arrow, kind)()) for name, (kind, values) in columns.items()}
    )
    out = io.BytesIO()
    feather.write_feather(table, out, compression="lz4")
    return out.getvalue()


def _malformed(path: str, why: str) -> AtelierError:
    return AtelierError(
        "import.malformed",
        f"{path!r} is no table of an Argoverse 2 log: {why}.",
        hint="Copy it again from where it came.",
    )
