"""What every change leaves behind: one line for the audit log, never content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.domain import canonical
from studio.domain.errors import AtelierError
from studio.domain.ids import UserId
from studio.domain.wire.session import AuditPage, Checkpoint
from training.data.files import replace_file
from training.store import audit as entries
from training.store.engine import Transaction

if TYPE_CHECKING:
    from training.node import Node

NODE = UserId("node")  # who answers for what the node does by itself


PAGE = 500
CHECKPOINT_FILE = "audit.checkpoint"  # the node's own last one, beside its database


def append(node: Node, tx: Transaction, user: UserId, action: str, subject: str, digest: bytes = b"") -> None:
    """Link one entry to the chain: who did what to which id; `digest` is salted, of what was done."""
    entries.append(tx, user, action, subject, digest, node.clock.now_ns())


def page(node: Node, after: int) -> AuditPage:
    """Up to 500 entries after number `after`, and a checkpoint of the whole log."""
    with node.store.read() as tx:
        return AuditPage(tuple(entries.page(tx, after, PAGE)), _signed(node, tx))


def checkpoint(node: Node) -> Checkpoint:
    """The head of the log, signed by the node's audit key."""
    with node.store.read() as tx:
        return _signed(node, tx)


def keep_checkpoint(node: Node) -> None:
    """Write the head of the log beside the database, so that a log cut short is noticed.

    Never in the place of one that the log does not agree with. Raises `node.rolled_back`.
    """
    check_kept(node)
    replace_file(node.folder / CHECKPOINT_FILE, canonical.encode(checkpoint(node)))


def check_kept(node: Node) -> None:
    """Raise `node.rolled_back` where the database knows less than when the node last kept a checkpoint.

    A write-ahead log that was deleted, or a file that was put in the place of a newer one, shows here.
    """
    path = node.folder / CHECKPOINT_FILE
    if not path.exists():
        return
    kept = canonical.decode(path.read_bytes(), Checkpoint)
    with node.store.read() as tx:
        link = entries.link_at(tx, kept.size)
    if link != kept.head:
        raise AtelierError(
            "node.rolled_back",
            "The node did not start: its database is older than it was, or another one. Nothing was changed.",
            detail=f"entry {kept.size} of the audit log is not the one that was there",
            hint="Bring the newer database back. To go on with this one all the same, remove the file "
            f"{CHECKPOINT_FILE} from the workspace.",
        )


def signed_part(size: int, head: bytes, time_ns: int) -> bytes:
    """The bytes of a checkpoint that its Ed25519 signature is over."""
    return b"atelier checkpoint\0" + canonical.encode((size, head, time_ns))


def _signed(node: Node, tx: Transaction) -> Checkpoint:
    size, head = entries.head(tx)
    time_ns = node.clock.now_ns()
    return Checkpoint(size, head, time_ns, node.keys.sign(signed_part(size, head, time_ns)))
