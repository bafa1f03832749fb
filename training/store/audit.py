"""The audit chain: every change of the node's state leaves one entry, linked to the one before."""

import hashlib

from sqlalchemy import Table, literal_column, select

from studio.domain import canonical
from studio.domain.ids import UserId
from studio.domain.wire.session import AuditEntry
from training.store.engine import Transaction
from training.store.prepared import Prepared
from training.store.schema import bytes_column, id_column, metadata, number_column, text_column

START = bytes(32)

audit_entries = Table(
    "audit_entries",
    metadata,
    number_column("number", primary_key=True, autoincrement=False),
    number_column("time_ns"),
    id_column("user"),
    text_column("action"),
    text_column("subject"),
    bytes_column("digest"),
    bytes_column("link"),
)

_columns = tuple(audit_entries.c)
_HEAD = Prepared(
    select(audit_entries.c.number, audit_entries.c.link)
    .order_by(audit_entries.c.number.desc())
    .limit(literal_column("1"))
)
_INSERT = Prepared(audit_entries.insert())


def link_of(entry: AuditEntry, before: bytes) -> bytes:
    """SHA-256 over the canonical bytes of `entry` (its own link left out) and the link before it."""
    said = (entry.number, entry.time_ns, entry.user, entry.action, entry.subject, entry.digest)
    return hashlib.sha256(before + canonical.encode(said)).digest()


def head(tx: Transaction) -> tuple[int, bytes]:
    """The last entry's number and link; (0, 32 zero bytes) of an empty log."""
    row = tx.execute(_HEAD).one_or_none()
    return (0, START) if row is None else (int(row[0]), bytes(row[1]))


def link_at(tx: Transaction, number: int) -> bytes | None:
    """The link of one entry; 32 zero bytes before the first, None of one that is not there."""
    if not number:
        return START
    wanted = select(audit_entries.c.link).where(audit_entries.c.number == number)
    return tx.execute(wanted).scalar_one_or_none()


def append(
    tx: Transaction, user: UserId, action: str, subject: str, digest: bytes, time_ns: int
) -> AuditEntry:
    """Link one entry to the chain, in the caller's transaction."""
    number, before = head(tx)
    entry = AuditEntry(number + 1, time_ns, user, action, subject, digest, b"")
    link = link_of(entry, before)
    tx.execute(
        _INSERT,
        {
            "number": entry.number,
            "time_ns": time_ns,
            "user": user,
            "action": action,
            "subject": subject,
            "digest": digest,
            "link": link,
        },
    )
    return AuditEntry(entry.number, time_ns, user, action, subject, digest, link)


def page(tx: Transaction, after: int, limit: int) -> list[AuditEntry]:
    """Entries after number `after`, in order."""
    wanted = select(*_columns).where(audit_entries.c.number > after)
    rows = tx.execute(wanted.order_by(audit_entries.c.number).limit(limit))
    return [AuditEntry(*row) for row in rows]
