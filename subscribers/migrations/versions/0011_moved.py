"""Let a database record that another one has taken its place."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("installation", sa.Column("moved_to", sa.Text(), nullable=True))
    op.add_column("installation", sa.Column("moved_at", sa.DateTime(timezone=True), nullable=True))
