"""People and their roles."""

from msgspec import Struct
from sqlalchemy import Row, Table, UniqueConstraint, func, select

from studio.domain.ids import ProjectId, UserId
from studio.domain.wire.session import Role, UserInfo
from training.store.engine import Transaction
from training.store.schema import (
    bytes_column,
    flag_column,
    id_column,
    metadata,
    number_column,
    text_column,
)

users = Table(
    "users",
    metadata,
    id_column("id", primary_key=True),
    text_column("issuer"),
    text_column("subject"),
    text_column("name"),
    text_column("password"),  # argon2id's own text; empty: cannot sign in with one
    bytes_column("totp"),  # sealed secret; empty: none
    number_column("totp_used"),  # the last time step that was accepted: a code counts once
    flag_column("admin"),
    flag_column("disabled"),
    UniqueConstraint("issuer", "subject"),
)

roles = Table(
    "roles",
    metadata,
    id_column("user", primary_key=True),
    id_column("project", primary_key=True, index=True),
    id_column("role", primary_key=True),
)


class Account(Struct, frozen=True):
    """A person as sign-in needs them; never sent to anybody."""

    id: UserId
    issuer: str
    subject: str
    name: str
    password: str
    totp: bytes
    totp_used: int
    admin: bool
    disabled: bool


def add(tx: Transaction, account: Account) -> None:
    """Write a new person."""
    tx.execute(users.insert(), {name: getattr(account, name) for name in Account.__struct_fields__})


def by_subject(tx: Transaction, issuer: str, subject: str) -> Account | None:
    """The person whom this issuer calls `subject`."""
    return _account(
        tx.execute(select(users).where(users.c.issuer == issuer, users.c.subject == subject)).one_or_none()
    )


def by_id(tx: Transaction, user: UserId) -> Account | None:
    """The person of this id."""
    return _account(tx.execute(select(users).where(users.c.id == user)).one_or_none())


def set_fields(tx: Transaction, user: UserId, **values: object) -> None:
    """Change columns of one person."""
    tx.execute(users.update().where(users.c.id == user).values(**values))


def roles_of(tx: Transaction, user: UserId) -> dict[ProjectId, frozenset[Role]]:
    """The roles of a person by project."""
    held: dict[ProjectId, set[Role]] = {}
    for row in tx.execute(select(roles.c.project, roles.c.role).where(roles.c.user == user)):
        held.setdefault(ProjectId(row.project), set()).add(row.role)
    return {project: frozenset(names) for project, names in held.items()}


def set_roles(tx: Transaction, user: UserId, project: ProjectId, names: frozenset[Role]) -> None:
    """Give a person exactly these roles in a project."""
    tx.execute(roles.delete().where(roles.c.user == user, roles.c.project == project))
    for name in sorted(names):
        tx.execute(roles.insert(), {"user": user, "project": project, "role": name})


def count_role(tx: Transaction, project: ProjectId, role: Role) -> int:
    """How many people have a role in a project."""
    here = (roles.c.project == project) & (roles.c.role == role)
    return int(tx.execute(select(func.count()).select_from(roles).where(here)).scalar_one())


def info(tx: Transaction, user: UserId) -> UserInfo | None:
    """A person as others see them."""
    account = by_id(tx, user)
    return None if account is None else _info(account, roles_of(tx, user))


def everybody(tx: Transaction) -> list[UserInfo]:
    """All people of the node, by name."""
    accounts = [_account(row) for row in tx.execute(select(users).order_by(users.c.name, users.c.id))]
    return [_info(each, roles_of(tx, each.id)) for each in accounts if each is not None]


def members(tx: Transaction, project: ProjectId) -> list[UserInfo]:
    """The people with a role in a project, with their roles there alone."""
    here = select(roles.c.user).where(roles.c.project == project).distinct()
    rows = tx.execute(select(users).where(users.c.id.in_(here)).order_by(users.c.name, users.c.id))
    accounts = [account for row in rows if (account := _account(row)) is not None]
    return [_info(each, {project: roles_of(tx, each.id).get(project, frozenset())}) for each in accounts]


def names(tx: Transaction, ids: set[UserId]) -> dict[UserId, str]:
    """The names of these people."""
    rows = tx.execute(select(users.c.id, users.c.name).where(users.c.id.in_(ids)))
    return {UserId(row.id): row.name for row in rows}


def _account(row: Row[tuple[object, ...]] | None) -> Account | None:
    return (
        None if row is None else Account(**{name: row._mapping[name] for name in Account.__struct_fields__})
    )


def _info(account: Account, held: dict[ProjectId, frozenset[Role]]) -> UserInfo:
    return UserInfo(
        id=account.id,
        subject=account.subject,
        name=account.name,
        issuer=account.issuer,
        admin=account.admin,
        totp=bool(account.totp),
        disabled=account.disabled,
        roles=tuple((project, tuple(sorted(names))) for project, names in sorted(held.items())),
    )
