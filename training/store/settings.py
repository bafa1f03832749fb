"""What follows a person: small texts by name."""

from sqlalchemy import Table, select

from studio.domain.ids import UserId
from training.store.engine import Transaction
from training.store.schema import id_column, metadata, text_column

settings = Table(
    "settings",
    metadata,
    id_column("user", primary_key=True),
    text_column("name", primary_key=True),
    text_column("value"),
)


def of(tx: Transaction, user: UserId) -> tuple[tuple[str, str], ...]:
    """A person's settings by name."""
    wanted = select(settings.c.name, settings.c.value).where(settings.c.user == user)
    return tuple((row.name, row.value) for row in tx.execute(wanted.order_by(settings.c.name)))


def put(tx: Transaction, user: UserId, values: tuple[tuple[str, str], ...]) -> None:
    """Make these a person's settings, in place of all earlier ones."""
    tx.execute(settings.delete().where(settings.c.user == user))
    if values:
        tx.execute(
            settings.insert(), [{"user": user, "name": name, "value": value} for name, value in values]
        )
