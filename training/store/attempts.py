"""Wrong passwords, counted by name whether there is such a person or not."""

import hashlib

from sqlalchemy import Table, select

from training.store.engine import Transaction
from training.store.schema import bytes_column, metadata, number_column

attempts = Table(
    "attempts",
    metadata,
    bytes_column("key", primary_key=True),
    number_column("failures"),
    number_column("until_ns", index=True),
)

_FREE = 5
_FIRST_NS = 60 * 10**9
_LONGEST_NS = 15 * 60 * 10**9
_FORGOTTEN_NS = 24 * 3600 * 10**9


def key_of(issuer: str, subject: str) -> bytes:
    """What stands for a name."""
    return hashlib.sha256(f"{issuer}\0{subject}".encode()).digest()


def locked_until(tx: Transaction, key: bytes) -> int:
    """Until when this name waits; 0 where it does not."""
    found = tx.execute(select(attempts.c.until_ns).where(attempts.c.key == key)).scalar_one_or_none()
    return int(found or 0)


def count(tx: Transaction, key: bytes, now_ns: int) -> None:
    """One more wrong try: from the fifth on the name waits, twice as long each time."""
    tx.execute(attempts.delete().where(attempts.c.until_ns < now_ns - _FORGOTTEN_NS))
    before = tx.execute(select(attempts.c.failures).where(attempts.c.key == key)).scalar_one_or_none() or 0
    wait_ns = 0 if before + 1 < _FREE else min(_FIRST_NS << min(before + 1 - _FREE, 20), _LONGEST_NS)
    forget(tx, key)
    tx.execute(attempts.insert(), {"key": key, "failures": before + 1, "until_ns": now_ns + wait_ns})


def forget(tx: Transaction, key: bytes) -> None:
    """The right password was given."""
    tx.execute(attempts.delete().where(attempts.c.key == key))
