"""Record when the hourly limit allows the next batch, and the complaints known at a release."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("channels", sa.Column("paced_until_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column(
        "announcements", sa.Column("borne_complaints", sa.Integer(), nullable=False, server_default="0")
    )
    op.create_index(
        "ix_deliveries_complained",
        "deliveries",
        ["announcement_id"],
        sqlite_where=sa.text("outcome = 'complained'"),
        postgresql_where=sa.text("outcome = 'complained'"),
    )
