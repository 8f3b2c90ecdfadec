"""Keep the files that messages carry."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "files",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name=op.f("pk_files")),
    )
    op.create_table(
        "attachments",
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("last_notified_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.ForeignKeyConstraint(["sha256"], ["files.sha256"], name=op.f("fk_attachments_sha256_files")),
        sa.ForeignKeyConstraint(
            ["announcement_id", "language", "last_notified_id"],
            ["contents.announcement_id", "contents.language", "contents.last_notified_id"],
            name=op.f("fk_attachments_announcement_id_contents"),
        ),
        sa.PrimaryKeyConstraint(
            "announcement_id",
            "language",
            "last_notified_id",
            "position",
            name=op.f("pk_attachments"),
        ),
    )
