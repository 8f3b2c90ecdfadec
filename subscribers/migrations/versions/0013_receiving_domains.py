"""Record which receiving domains refuse us, and the places in their limits."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "receiving_domains",
        sa.Column("transport", sa.String(16), nullable=False),
        sa.Column("domain", sa.String(255), nullable=False),
        sa.Column("refused", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("pauses", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("first_refused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("paused_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(80), nullable=True),
        sa.Column("limited_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("next_moment_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("refused >= 0 AND pauses >= 0", name=op.f("ck_receiving_domains_counts")),
        sa.CheckConstraint(
            "(refused = 0) = (first_refused_at IS NULL)", name=op.f("ck_receiving_domains_since")
        ),
        sa.CheckConstraint(
            "(pauses = 0) = (paused_until_at IS NULL)", name=op.f("ck_receiving_domains_paused")
        ),
        sa.PrimaryKeyConstraint("transport", "domain", name=op.f("pk_receiving_domains")),
    )
