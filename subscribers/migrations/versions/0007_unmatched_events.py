"""Keep events of unknown attempts, and record which users were marked as reachable or unreachable."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BEFORE = (
    "'corrected', 'restricted', 'unrestricted', 'objected', 'unobjected', 'exported', 'erased', "
    "'left', 'returned'"
)


def upgrade() -> None:
    op.create_table(
        "unmatched_events",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(32), nullable=False),
        sa.Column("delivery", sa.String(24), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["post_id"], ["event_posts.id"], name=op.f("fk_unmatched_events_post_id_event_posts")
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_unmatched_events")),
    )
    # SQLite makes the table again, and Alembic alone would lose the constraint that is named here.
    with op.batch_alter_table("registry_records", copy_from=_registry_records()) as records:
        records.drop_constraint(op.f("ck_registry_records_action"), type_="check")
        records.create_check_constraint(
            op.f("ck_registry_records_action"), f"action IN ({BEFORE}, 'unreachable', 'reachable')"
        )


def _registry_records() -> sa.Table:
    table = sa.Table(
        "registry_records",
        sa.MetaData(),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"action IN ({BEFORE})", name=op.f("ck_registry_records_action")),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_registry_records_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_records")),
    )
    sa.Index(op.f("ix_registry_records_person_id"), table.c.person_id)
    return table
