"""What every change leaves behind: one line for the audit log, never content."""

from __future__ import annotations

from typing import TYPE_CHECKING

from studio.domain.ids import UserId
from training.store import audit as entries
from training.store.engine import Transaction

if TYPE_CHECKING:
    from training.node import Node

NODE = UserId("node")  # who answers for what the node does by itself


def append(node: Node, tx: Transaction, user: UserId, action: str, subject: str, digest: bytes = b"") -> None:
    """Link one entry to the chain: who did what to which id; `digest` is salted, of what was done."""
    entries.append(tx, user, action, subject, digest, node.clock.now_ns())
