"""A studio's memory of a node's audit log: a log that became shorter, or another one, is noticed.

Each studio keeps the last signed head that it saw. A node that was set back to an older state cannot show a
log that holds it.
"""

from __future__ import annotations

from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from studio.client.files import write_whole
from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.wire.session import Checkpoint


def signed_part(checkpoint: Checkpoint) -> bytes:
    """The bytes that a checkpoint's Ed25519 signature is over."""
    return b"atelier checkpoint\0" + canonical.encode((checkpoint.size, checkpoint.head, checkpoint.time_ns))


def witness(path: Path, now: Checkpoint, audit_key: bytes) -> AtelierError | None:
    """Compare the node's log with what was seen last, and remember it; what is wrong, or None.

    A head that does not lead on from the one that was seen is not remembered in its place.
    """
    try:
        Ed25519PublicKey.from_public_bytes(audit_key).verify(now.signature, signed_part(now))
    except (InvalidSignature, ValueError):
        return AtelierError(
            "audit.unsigned",
            "The node's audit log is not signed by the node's own key.",
            detail=f"size {now.size}",
            hint="Tell whoever runs the node, and change nothing until it is explained.",
        )
    seen = _seen(path)
    if seen is not None and (now.size < seen.size or (now.size == seen.size and now.head != seen.head)):
        return AtelierError(
            "audit.rolled_back",
            f"The node has forgotten something: its audit log had {seen.size:,} entries when this studio "
            f"last saw it, and has {now.size:,} now. Work of the time between may be gone there.",
            detail=f"seen {seen.head.hex()}, now {now.head.hex()}",
            hint="Ask whoever runs the node whether a backup was restored, before you go on.",
        )
    if now != seen:
        write_whole(path, canonical.encode(now))
    return None


def _seen(path: Path) -> Checkpoint | None:
    try:
        return canonical.decode(path.read_bytes(), Checkpoint)
    except (OSError, AtelierError):
        return None
