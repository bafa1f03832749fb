"""Know what was put and never named."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables what this version needs."""
    op.add_column("item_blobs", sa.Column("waiting_ns", _NUMBER, server_default="0", nullable=False))
    op.create_index(
        "ix_item_blobs_waiting",
        "item_blobs",
        ["waiting_ns"],
        unique=False,
        sqlite_where=sa.text("waiting_ns > 0"),
        postgresql_where=sa.text("waiting_ns > 0"),
    )
