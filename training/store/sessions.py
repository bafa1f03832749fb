"""Who is signed in: tokens are kept as hashes alone."""

from msgspec import Struct
from sqlalchemy import Table, select

from studio.domain.ids import UserId
from training.store.engine import Transaction
from training.store.schema import bytes_column, flag_column, id_column, metadata, number_column

sessions = Table(
    "sessions",
    metadata,
    bytes_column("token", primary_key=True),  # SHA-256 of it
    id_column("user", index=True),
    number_column("created_ns"),
    number_column("expires_ns"),
    flag_column("read_only"),
    flag_column("own"),  # of the studio that started this node
)


class Held(Struct, frozen=True):
    """One session as it is stored."""

    token: bytes
    user: UserId
    created_ns: int
    expires_ns: int
    read_only: bool
    own: bool


def add(tx: Transaction, held: Held) -> None:
    """Write a new session."""
    tx.execute(sessions.insert(), {name: getattr(held, name) for name in Held.__struct_fields__})


def get(tx: Transaction, token: bytes) -> Held | None:
    """The session of a hashed token."""
    row = tx.execute(select(sessions).where(sessions.c.token == token)).one_or_none()
    return None if row is None else Held(*row)


def end(tx: Transaction, token: bytes) -> None:
    """Sign one session out."""
    tx.execute(sessions.delete().where(sessions.c.token == token))


def end_all_of(tx: Transaction, user: UserId, but: bytes = b"") -> None:
    """Sign a person out everywhere, `but` for one session."""
    tx.execute(sessions.delete().where(sessions.c.user == user, sessions.c.token != but))


def drop_expired(tx: Transaction, now_ns: int) -> None:
    """Forget what nobody can use any more."""
    tx.execute(sessions.delete().where(sessions.c.expires_ns <= now_ns))
