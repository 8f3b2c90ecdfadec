"""Record why a recipient was refused and since when, and exclude addresses that cannot be carried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BEFORE = (
    "'restricted', 'objected', 'unreachable', 'same address', 'unchanged', 'left', 'cancelled', 'covered'"
)


def upgrade() -> None:
    op.add_column("batches", sa.Column("reason", sa.String(80), nullable=True))
    op.add_column("batches", sa.Column("refused_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("batches", sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
    op.create_index(
        "ix_batches_refused",
        "batches",
        ["announcement_id", "refused_at"],
        sqlite_where=sa.text("refused_at IS NOT NULL"),
        postgresql_where=sa.text("refused_at IS NOT NULL"),
    )
    # SQLite makes the table again, and Alembic alone would lose the constraints that are named here.
    with op.batch_alter_table("deliveries", copy_from=_deliveries()) as deliveries:
        deliveries.drop_constraint(op.f("ck_deliveries_exclusion"), type_="check")
        deliveries.alter_column("exclusion", existing_type=sa.String(16), type_=sa.String(32))
        deliveries.create_check_constraint(
            op.f("ck_deliveries_exclusion"), f"exclusion IN ({BEFORE}, 'unsupported address')"
        )


def _deliveries() -> sa.Table:
    table = sa.Table(
        "deliveries",
        sa.MetaData(),
        sa.Column("announcement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipient_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(35), nullable=False),
        sa.Column("last_told_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("exclusion", sa.String(16), nullable=True),
        sa.Column("outcome", sa.String(16), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("told_with_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(f"exclusion IN ({BEFORE})", name=op.f("ck_deliveries_exclusion")),
        sa.CheckConstraint(
            "outcome IN ('processed', 'delivered', 'dropped', 'bounced', 'complained')",
            name=op.f("ck_deliveries_outcome"),
        ),
        sa.CheckConstraint(
            "(batch_id IS NULL) = (exclusion IS NOT NULL)", name=op.f("ck_deliveries_batch_or_exclusion")
        ),
        sa.PrimaryKeyConstraint("announcement_id", "recipient_id", name=op.f("pk_deliveries")),
        sqlite_with_rowid=False,
    )
    sa.Index("ix_deliveries_batch_id", table.c.batch_id)
    for name, columns, where in (
        ("ix_deliveries_excluded", ("announcement_id", "exclusion"), "exclusion IS NOT NULL"),
        ("ix_deliveries_complained", ("announcement_id",), "outcome = 'complained'"),
        ("ix_deliveries_told_with", ("told_with_id",), "told_with_id IS NOT NULL"),
    ):
        only = sa.text(where)
        sa.Index(name, *(table.c[column] for column in columns), sqlite_where=only, postgresql_where=only)
    return table
