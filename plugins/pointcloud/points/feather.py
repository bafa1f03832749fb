"""Feather (Arrow IPC) tables of points, as Argoverse 2 has them, by pyarrow.

Argoverse 2: x, y, z in float16, intensity in a byte, laser_number, offset_ns. A table is read one batch at a
time, each checked whole by Arrow before a number of it is used.
"""

from typing import Any

import numpy as np

from plugins.pointcloud.cloud import Cloud
from plugins.pointcloud.points.faults import broken
from plugins.pointcloud.points.gathering import Column, Gathering, meaning_of
from plugins.pointcloud.points.records import check_place
from plugins.pointcloud.points.source import Source, check_count

MAGIC = b"ARROW1"
_NAMES = (b"x\0", b"y\0", b"z\0")
_NANOSECONDS = "offset_ns"


def has_places(head: bytes) -> bool:
    """Whether the schema at the head of a table names x, y and z, as Arrow's own strings are written."""
    return all(b"\1\0\0\0" + name in head or b"\1\0\0\0" + name.upper() in head for name in _NAMES)


def read_feather(source: Source) -> Cloud:
    """Raises `cloud.bad_header`, `cloud.too_large`, `cloud.broken`, `cloud.empty`."""
    import pyarrow  # native, and needed for these files alone

    try:
        source.file.seek(0)
        with pyarrow.ipc.open_file(source.file) as table:
            names = table.schema.names
            check_place(names)
            used: dict[str, str] = {}
            for name in names:
                if meaning := meaning_of(name):
                    used.setdefault(meaning, name)
            into = Gathering(source.budget, second=1e9 if used.get("time") == _NANOSECONDS else None)
            for number in range(table.num_record_batches):
                batch = table.get_batch(number)
                check_count(into.read + batch.num_rows, source.budget)
                batch.validate(full=True)
                into.add({meaning: _values(batch.column(name)) for meaning, name in used.items()})
    except (
        pyarrow.ArrowException,
        OSError,
        ValueError,
        TypeError,
        KeyError,
        IndexError,
    ) as error:
        raise broken("Arrow refuses the table", f"{type(error).__name__}: {error}"[:200]) from error
    return into.cloud()


def _values(column: Any) -> Column:
    values: Column = column.to_numpy(zero_copy_only=False)
    if values.dtype.kind not in "fiu":
        raise broken(f"a column of it holds {column.type}, not numbers"[:200])
    # float16 is what Argoverse's places fit, and nothing computes with it
    return values.astype(np.float32) if values.dtype == np.float16 else values
