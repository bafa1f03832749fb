"""Imports: what was asked for, and which chunks it is made of. Names of sources are sealed."""

from collections.abc import Iterable

from msgspec import Struct
from sqlalchemy import Table, func, select

from studio.domain.ids import ImportId, ItemId, JobId, ProjectId, UserId
from training.store.engine import Transaction
from training.store.items import items
from training.store.schema import bytes_column, flag_column, id_column, metadata, number_column

_AT_ONCE = 5000

imports = Table(
    "imports",
    metadata,
    id_column("id", primary_key=True),
    id_column("project", index=True),
    id_column("asked_by"),
    id_column("format"),
    id_column("job", nullable=True),
    number_column("created_ns"),
    bytes_column("payload"),  # sealed: the request with its files
    bytes_column("staging_key"),  # sealed: opens the chunks that wait in staging
)

import_chunks = Table(
    "import_chunks",
    metadata,
    id_column("import_id", primary_key=True),
    id_column("chunk", primary_key=True),  # SHA-256 in hex
)


import_problems = Table(
    "import_problems",
    metadata,
    id_column("import_id", primary_key=True),
    id_column("key", primary_key=True),  # keyed hash of the problem: told once, however often it is met
    flag_column("skipped"),
    bytes_column("payload"),  # sealed
)


class StoredImport(Struct, frozen=True):
    """One import, by the names of its columns."""

    id: ImportId
    project: ProjectId
    asked_by: UserId
    format: str
    job: JobId | None
    created_ns: int
    payload: bytes
    staging_key: bytes


def put(tx: Transaction, one: StoredImport, chunks: Iterable[str]) -> None:
    """Keep an import, or what an earlier one of this id is now asked to be."""
    tx.execute(imports.delete().where(imports.c.id == one.id))
    tx.execute(import_chunks.delete().where(import_chunks.c.import_id == one.id))
    tx.execute(import_problems.delete().where(import_problems.c.import_id == one.id))
    tx.execute(imports.insert(), {name: getattr(one, name) for name in StoredImport.__struct_fields__})
    rows = [{"import_id": one.id, "chunk": chunk} for chunk in dict.fromkeys(chunks)]
    for start in range(0, len(rows), _AT_ONCE):
        tx.execute(import_chunks.insert(), rows[start : start + _AT_ONCE])


def get(tx: Transaction, one: ImportId) -> StoredImport | None:
    """The import of this id."""
    row = tx.execute(select(imports).where(imports.c.id == one)).one_or_none()
    return None if row is None else StoredImport(**row._mapping)


def project_of(tx: Transaction, one: str) -> ProjectId | None:
    """Which project an import belongs to."""
    found = tx.execute(select(imports.c.project).where(imports.c.id == one)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def names_chunk(tx: Transaction, one: ImportId, chunk: str) -> bool:
    """Whether an import is made of this chunk among others."""
    chosen = (import_chunks.c.import_id == one) & (import_chunks.c.chunk == chunk)
    return tx.execute(select(import_chunks.c.chunk).where(chosen)).first() is not None


def set_job(tx: Transaction, one: ImportId, job: JobId) -> None:
    """Remember the job that carries it out."""
    tx.execute(imports.update().where(imports.c.id == one).values(job=job))


def add_problem(tx: Transaction, one: ImportId, key: str, skipped: bool, payload: bytes) -> None:
    """Keep a problem for the report; the same one again changes nothing."""
    known = (import_problems.c.import_id == one) & (import_problems.c.key == key)
    if tx.execute(select(import_problems.c.key).where(known)).first() is None:
        row = {"import_id": one, "key": key, "skipped": skipped, "payload": payload}
        tx.execute(import_problems.insert(), row)


def problems(tx: Transaction, one: ImportId) -> list[tuple[bool, bytes]]:
    """Every problem of an import: whether an item was left out for it, and the sealed rest."""
    columns = (import_problems.c.skipped, import_problems.c.payload)
    return [
        (row[0], row[1]) for row in tx.execute(select(*columns).where(import_problems.c.import_id == one))
    ]


def sources(tx: Transaction, one: ImportId) -> list[str]:
    """The source paths of the items that an import has made."""
    return list(tx.execute(select(items.c.name).where(items.c.origin == one)).scalars())


def made(tx: Transaction, one: ImportId) -> tuple[int, int]:
    """How many items an import has made, and how many shapes they have now."""
    chosen = select(func.count(), func.coalesce(func.sum(items.c.shapes), 0)).where(items.c.origin == one)
    row = tx.execute(chosen).one()
    return int(row[0]), int(row[1])


def untasked(tx: Transaction, one: ImportId) -> list[ItemId]:
    """Items of an import that nobody has accepted, in the order of their names."""
    chosen = select(items.c.id).where((items.c.origin == one) & (items.c.state == "new") & ~items.c.erased)
    return [ItemId(item) for item in tx.execute(chosen.order_by(items.c.name_key)).scalars()]
