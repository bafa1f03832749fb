"""A node that dies at a numbered step of the save between SIGUSR1 and SIGUSR2: the product holds no hook.

Run as `python fault_node.py node --folder DIR`; the step is in the variable FAULT_STEP. Steps are the
statements of the shared transaction, its commit before and after, and the telling of what was committed.
"""

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from sqlalchemy import Connection
from sqlalchemy.pool import StaticPool

from studio.__main__ import main
from training.store.engine import Store, Transaction

STEP = int(os.environ.get("FAULT_STEP", "0"))
left = 0


def arm(*_: object) -> None:
    """From now on steps are counted."""
    global left
    left = STEP


def disarm(*_: object) -> None:
    """The save came through."""
    global left
    left = 0


def stepping(inner: Callable[..., Any]) -> Callable[..., Any]:
    """`inner`, with a step before it."""

    def outer(*arguments: Any, **named: Any) -> Any:
        global left
        if left:
            left -= 1
            if not left:
                os.kill(os.getpid(), signal.SIGKILL)
        return inner(*arguments, **named)

    return outer


def only_writes(inner: Callable[..., Any]) -> Callable[..., Any]:
    """`inner` with a step before it where the transaction writes: reads of other threads do not count."""
    stepped = stepping(inner)

    def outer(tx: Transaction, *arguments: Any, **named: Any) -> Any:
        writes = isinstance(tx.connection.engine.pool, StaticPool)  # the one connection of the writer
        return (stepped if writes else inner)(tx, *arguments, **named)

    return outer


Transaction.execute = only_writes(Transaction.execute)  # type: ignore[method-assign]
Transaction.number_events = stepping(Transaction.number_events)  # type: ignore[method-assign]
Connection._commit_impl = stepping(Connection._commit_impl)  # type: ignore[method-assign]
Store._tell = stepping(Store._tell)  # type: ignore[method-assign]
Transaction.run_after = stepping(Transaction.run_after)  # type: ignore[method-assign]

if __name__ == "__main__":
    signal.signal(signal.SIGUSR1, arm)
    signal.signal(signal.SIGUSR2, disarm)
    sys.exit(main())
