"""Keep what formats carry of items beyond the model, in a table of its own that only exports read."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables what this version needs."""
    op.create_table(
        "item_sidecars",
        sa.Column("item", sa.String(length=64), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_item_sidecars")),
    )
