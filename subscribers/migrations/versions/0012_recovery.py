"""Keep which announcements were rebuilt, and the publication that events of unknown attempts name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("announcements", sa.Column("rebuilt_at", sa.DateTime(timezone=True)))
    op.add_column("unmatched_events", sa.Column("publication", sa.String(16)))
