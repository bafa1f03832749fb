"""Bringing a database to the tables of this version."""

from training.store.engine import Store
from training.store.schema import load_tables


def bring_up(store: Store) -> None:
    """Make the tables that are missing."""
    metadata = load_tables()
    with store.write() as tx:
        metadata.create_all(tx.connection)
