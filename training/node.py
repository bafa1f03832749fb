"""The node as one value: the parts that handlers and jobs reach for, assembled once at start."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from studio.domain.errors import AtelierError
from training.data.blobs import Blobs
from training.data.config import NodeConfig, blob_place, read_config
from training.data.keys import open_keys
from training.data.media import MediaStore
from training.data.roots import Roots
from training.log import LOG
from training.store.engine import Store, counter
from training.work.audit import keep_checkpoint
from training.work.clock import Clock, SystemClock
from training.work.events import Events
from training.work.media import drop_unnamed

if TYPE_CHECKING:
    from training.data.keys import Keys
    from training.releases.supervisor import Services
    from training.runs.conductor import Conductor
    from training.runs.predicting import Lookers
    from training.runs.spawner import Spawner
    from training.work.jobs import Jobs
    from training.work.leases import Deadlines
    from training.work.sessions import SessionBook

# part -> `make(node) -> part`, in the order in which they are made: each may use those before it. A part may
# have `resume()`, called when all are there (after a restart it goes on with what was interrupted), and
# `close()`, called in reverse order when the node stops. By import string: a part may know the node's type
PARTS: tuple[tuple[str, str], ...] = (
    ("sessions", "training.work.sessions:open_sessions"),
    ("deadlines", "training.work.leases:open_deadlines"),
    ("jobs", "training.work.jobs:open_jobs"),
    ("spawner", "training.runs.spawner:open_spawner"),
    ("lookers", "training.runs.predicting:open_lookers"),
    ("runs", "training.runs.conductor:open_runs"),
    ("services", "training.releases.supervisor:open_services"),
)


@dataclass
class Node:
    """One workspace folder, opened. `folder` holds what `docs/architecture.md` says."""

    folder: Path
    store: Store
    keys: Keys
    blobs: Blobs
    config: NodeConfig
    media: MediaStore
    roots: Roots
    events: Events
    clock: Clock
    own_secret: str = ""
    # set by `assemble`; a node that was opened for its data alone has none of them
    sessions: SessionBook = None  # type: ignore[assignment]
    deadlines: Deadlines = None  # type: ignore[assignment]
    jobs: Jobs = None  # type: ignore[assignment]
    spawner: Spawner = None  # type: ignore[assignment]
    lookers: Lookers = None  # type: ignore[assignment]
    runs: Conductor = None  # type: ignore[assignment]
    services: Services = None  # type: ignore[assignment]

    def resume(self) -> None:
        """Go on with what the last stop interrupted. Raises `node.rolled_back`."""
        keep_checkpoint(self)
        drop_unnamed(self)
        for name, _ in PARTS:
            resume = getattr(getattr(self, name), "resume", None)
            if resume is not None:
                resume()

    def close(self) -> None:
        """Stop every part; the store last."""
        self.events.close()
        try:
            keep_checkpoint(self)
        except AtelierError as error:
            # a full disk must not keep the parts from being closed; the last checkpoint still stands
            LOG.warning("no checkpoint was kept: %s", error.detail)
        for name, _ in reversed(PARTS):
            close = getattr(getattr(self, name), "close", None)
            if close is not None:
                close()
        self.store.close()


def assemble(folder: Path, database: str = "", clock: Clock | None = None) -> Node:
    """Open the workspace at `folder`; `database` is a URL, else the folder's own SQLite file.

    Raises `store.unreachable`, `node.already_running`, and what each part raises.
    """
    node = open_data(folder, database, clock)
    for name, target in PARTS:
        module, _, make = target.partition(":")
        setattr(node, name, getattr(importlib.import_module(module), make)(node))
    return node


def open_data(folder: Path, database: str = "", clock: Clock | None = None) -> Node:
    """As `assemble`, without the parts that start anything: data and keys alone."""
    from training.store.migrations import bring_up

    config = read_config(folder)
    store = Store(database or config.database or f"sqlite:///{folder / 'node.db'}")
    keys = open_keys(folder / "keys", config.keys)
    blobs, roots = Blobs(blob_place(folder, config)), Roots(config.roots)
    media = MediaStore(blobs, keys, roots)
    bring_up(store)
    with store.read() as tx:
        events = Events(counter(tx, "events"))
    store.publish = events.publish
    return Node(folder, store, keys, blobs, config, media, roots, events, clock or SystemClock())
