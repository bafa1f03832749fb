"""Services and the history of their tables of arms. The row says which one table is in force."""

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from sqlalchemy import Table, UniqueConstraint, select

from studio.domain import canonical
from studio.domain.ids import ModelId, PoolId, ProjectId, ServiceId, UserId
from training.store.engine import Transaction
from training.store.schema import bytes_column, flag_column, id_column, metadata, number_column, text_column

Shares = tuple[tuple[ModelId, int], ...]

services = Table(
    "services",
    metadata,
    id_column("id", primary_key=True),
    id_column("project"),
    text_column("name"),
    number_column("created_ns"),
    flag_column("wanted"),  # whether it should answer
    number_column("port"),  # the last one it had; 0: none yet
    id_column("pool"),  # where what it was asked goes
    number_column("arms_version"),  # the table of arms in force
    number_column("file_version"),  # grows with every file written: arms, tokens
    bytes_column("secrets"),  # sealed with the project's key: the key of the split, the key of control
    UniqueConstraint("project", "name"),
)

arms_tables = Table(
    "arms_tables",
    metadata,
    id_column("service", primary_key=True),
    number_column("version", primary_key=True, autoincrement=False),
    number_column("before"),  # what a roll back returns to; 0: nothing
    bytes_column("shares"),
    id_column("why"),  # release, shares, roll_back
    id_column("made_by"),
    number_column("made_ns"),
)

service_tokens = Table(
    "service_tokens",
    metadata,
    id_column("service", primary_key=True),
    bytes_column("token", primary_key=True),  # SHA-256
    id_column("made_by"),
    number_column("made_ns"),
)


class StoredService(Struct, frozen=True):
    """A service's row."""

    id: ServiceId
    project: ProjectId
    name: str
    created_ns: int
    wanted: bool
    port: int
    pool: PoolId
    arms_version: int
    file_version: int
    secrets: bytes


class ArmsRow(Struct, frozen=True):
    """One table of arms of a service's history."""

    service: ServiceId
    version: int
    before: int
    shares: Shares
    why: str
    made_by: UserId
    made_ns: int


def add(tx: Transaction, service: StoredService) -> None:
    """Write a new service."""
    names = StoredService.__struct_fields__
    tx.execute(services.insert(), {name: getattr(service, name) for name in names})


def set_fields(tx: Transaction, service: ServiceId, **values: Any) -> None:
    """Change columns of one service."""
    tx.execute(services.update().where(services.c.id == service).values(**values))


def get(tx: Transaction, service: str) -> StoredService | None:
    """The service of this id."""
    row = tx.execute(select(services).where(services.c.id == service)).one_or_none()
    return None if row is None else _service(row)


def by_name(tx: Transaction, project: ProjectId, name: str) -> StoredService | None:
    """A project's service of this name."""
    chosen = select(services).where(services.c.project == project, services.c.name == name)
    row = tx.execute(chosen).one_or_none()
    return None if row is None else _service(row)


def several(tx: Transaction, project: ProjectId | None = None) -> list[StoredService]:
    """A project's services, or all, by name."""
    chosen = select(services).order_by(services.c.name, services.c.id)
    if project is not None:
        chosen = chosen.where(services.c.project == project)
    return [_service(row) for row in tx.execute(chosen)]


def project_of(tx: Transaction, service: str) -> ProjectId | None:
    """The project of a service."""
    found = tx.execute(select(services.c.project).where(services.c.id == service)).scalar_one_or_none()
    return None if found is None else ProjectId(found)


def put_arms(tx: Transaction, row: ArmsRow) -> None:
    """Write a table of arms and make it the one in force."""
    values = {
        "service": row.service,
        "version": row.version,
        "before": row.before,
        "shares": canonical.encode(row.shares),
        "why": row.why,
        "made_by": row.made_by,
        "made_ns": row.made_ns,
    }
    tx.execute(arms_tables.insert(), values)
    in_force = {"arms_version": row.version, "file_version": services.c.file_version + 1}
    tx.execute(services.update().where(services.c.id == row.service).values(in_force))


def arms(tx: Transaction, service: ServiceId, version: int) -> ArmsRow | None:
    """One table of a service's history."""
    chosen = select(arms_tables).where(arms_tables.c.service == service, arms_tables.c.version == version)
    row = tx.execute(chosen).one_or_none()
    return None if row is None else _arms(row)


def history(tx: Transaction, service: ServiceId) -> list[ArmsRow]:
    """Every table of a service, the newest first."""
    chosen = select(arms_tables).where(arms_tables.c.service == service)
    return [_arms(row) for row in tx.execute(chosen.order_by(arms_tables.c.version.desc()))]


def add_token(tx: Transaction, service: ServiceId, token: bytes, made_by: UserId, made_ns: int) -> None:
    """Let the holder of a token ask; the file that says so is the next one."""
    row = {"service": service, "token": token, "made_by": made_by, "made_ns": made_ns}
    tx.execute(service_tokens.insert(), row)
    grown = services.update().where(services.c.id == service)
    tx.execute(grown.values(file_version=services.c.file_version + 1))


def tokens(tx: Transaction, service: ServiceId) -> Sequence[bytes]:
    """The hashes of the tokens that may ask, the oldest first."""
    chosen = select(service_tokens.c.token).where(service_tokens.c.service == service)
    return list(tx.execute(chosen.order_by(service_tokens.c.made_ns)).scalars())


def models_in_service(tx: Transaction, project: ProjectId) -> set[ModelId]:
    """The models that have a share of any service that should answer."""
    found: set[ModelId] = set()
    for service in several(tx, project):
        table = arms(tx, service.id, service.arms_version)
        if service.wanted and table is not None:
            found |= {model for model, share in table.shares if share}
    return found


def _service(row: Any) -> StoredService:
    return StoredService(**{name: row._mapping[name] for name in StoredService.__struct_fields__})


def _arms(row: Any) -> ArmsRow:
    return ArmsRow(
        service=ServiceId(row.service),
        version=row.version,
        before=row.before,
        shares=canonical.decode_lenient(row.shares, Shares),
        why=row.why,
        made_by=UserId(row.made_by),
        made_ns=row.made_ns,
    )
