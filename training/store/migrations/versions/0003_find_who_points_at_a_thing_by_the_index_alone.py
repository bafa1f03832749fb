"""Find who points at a thing by the index alone."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables what this version needs."""
    op.drop_index(op.f("ix_links_to"), table_name="links")
    op.create_index("ix_links_to_source", "links", ["item", "target", "source"], unique=False)
