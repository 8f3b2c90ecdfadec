"""Record which account is notified for others with the same email address, in case it no longer is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("deliveries", sa.Column("told_with_id", sa.Integer(), nullable=True))
    op.create_index(
        "ix_deliveries_told_with",
        "deliveries",
        ["told_with_id"],
        sqlite_where=sa.text("told_with_id IS NOT NULL"),
        postgresql_where=sa.text("told_with_id IS NOT NULL"),
    )
