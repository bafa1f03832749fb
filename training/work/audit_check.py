"""Verifying the audit log: every link recomputed, the head compared with what somebody kept."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Struct

from studio.domain.errors import AtelierError
from studio.domain.wire.session import AuditEntry, Checkpoint
from training.store import audit as entries
from training.store.engine import Readable
from training.work.audit import signed_part

_AT_ONCE = 5000


class Verified(Struct, frozen=True):
    """A log that is whole: how many entries, and how many checkpoints agree with it."""

    entries: int
    checkpoints: int
    head: str  # hex


def verify(store: Readable, audit_key: bytes, checkpoints: Sequence[Checkpoint]) -> Verified:
    """Recompute the whole chain. Raises `audit.broken`, naming the first entry that is not as it was
    written, `audit.truncated` where a checkpoint knows more entries, `audit.false_checkpoint`."""
    waiting = sorted(checkpoints, key=lambda each: each.size)
    for each in waiting:
        check_signature(each, audit_key)
    number, link = 0, entries.START
    waiting_at: dict[int, list[Checkpoint]] = {}
    for each in waiting:
        waiting_at.setdefault(each.size, []).append(each)
    agreeing = _compare(waiting_at.get(0, ()), link)
    for entry in _all(store):
        number += 1
        if entry.number != number:
            raise _broken(number, "it is missing")
        if entries.link_of(entry, link) != entry.link:
            raise _broken(number, "it, or what stands before it, was changed")
        link = entry.link
        agreeing += _compare(waiting_at.get(number, ()), link)
    if waiting and waiting[-1].size > number:
        raise AtelierError(
            "audit.truncated",
            f"The audit log was cut short: a checkpoint knows {waiting[-1].size:,} entries, "
            f"{number:,} are there.",
            detail=f"first missing entry: {number + 1}",
            hint="Compare with a backup; what came after that entry was removed.",
        )
    return Verified(number, agreeing, link.hex())


def check_signature(checkpoint: Checkpoint, audit_key: bytes) -> None:
    """Raise `audit.false_checkpoint` unless the node of this key signed it."""
    said = signed_part(checkpoint.size, checkpoint.head, checkpoint.time_ns)
    try:
        Ed25519PublicKey.from_public_bytes(audit_key).verify(checkpoint.signature, said)
    except InvalidSignature as error:
        raise AtelierError(
            "audit.false_checkpoint",
            "A checkpoint of the audit log was not signed by this node.",
            detail=f"of {checkpoint.size} entries",
            hint="It belongs to another node, or was changed.",
        ) from error


def _all(store: Readable) -> Iterator[AuditEntry]:
    after = 0
    while True:
        with store.read() as tx:
            some = entries.page(tx, after, _AT_ONCE)
        yield from some
        if len(some) < _AT_ONCE:
            return
        after = some[-1].number


def _compare(checkpoints: Sequence[Checkpoint], link: bytes) -> int:
    for each in checkpoints:
        if each.head != link:
            raise _broken(each.size, "a signed checkpoint knows another one; the log was written anew")
    return len(checkpoints)


def _broken(number: int, why: str) -> AtelierError:
    return AtelierError(
        "audit.broken",
        f"The audit log is not as it was written: entry {number:,} is the first bad one; {why}.",
        detail=f"entry {number}",
        hint="Compare with a backup from before; do not go on writing to this workspace.",
    )
