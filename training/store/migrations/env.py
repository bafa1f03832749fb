"""How Alembic runs a step: on the connection that it is handed, within the caller's transaction."""

from alembic import context

from training.store.schema import load_tables

context.configure(connection=context.config.attributes["connection"], target_metadata=load_tables())
context.run_migrations()
