"""Record which database an event of an unknown attempt names, so that this database can notice it is old."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("unmatched_events", sa.Column("database", sa.String(32), nullable=True))
    op.add_column("unmatched_events", sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True))
