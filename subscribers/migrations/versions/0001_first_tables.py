"""Make the tables of users (then: people), announcements and deliveries."""

# ruff: noqa: E501 - constraints are written as the database has them

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "announcements",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("site_url", sa.Text(), nullable=False),
        sa.Column("site_language", sa.String(length=35), nullable=False),
        sa.Column("commit", sa.String(length=64), nullable=False),
        sa.Column("history_sha256", sa.String(length=64), nullable=False),
        sa.Column("versions_sha256", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("fanned_out_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("audience", sa.Integer(), nullable=True),
        sa.Column("pause_reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('baseline', 'held', 'open', 'paused', 'cancelled')",
            name=op.f("ck_announcements_state"),
        ),
        sa.CheckConstraint(
            "(fanned_out_at IS NULL) = (audience IS NULL)", name=op.f("ck_announcements_audience")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_announcements")),
        sa.UniqueConstraint("versions_sha256", name=op.f("uq_announcements_versions_sha256")),
    )
    op.create_table(
        "channels",
        sa.Column("transport", sa.String(length=16), nullable=False),
        sa.Column("closed_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("transport", name=op.f("pk_channels")),
    )
    op.create_table(
        "deliveries",
        sa.Column("announcement_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recipient_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("last_told_id", sa.Integer(), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("exclusion", sa.String(length=16), nullable=True),
        sa.Column("outcome", sa.String(length=16), nullable=True),
        sa.Column("outcome_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "exclusion IN ('restricted', 'objected', 'unreachable', 'same address', 'unchanged', 'left', 'cancelled', 'covered')",
            name=op.f("ck_deliveries_exclusion"),
        ),
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
    op.create_index(op.f("ix_deliveries_batch_id"), "deliveries", ["batch_id"], unique=False)
    op.create_index(
        "ix_deliveries_excluded",
        "deliveries",
        ["announcement_id", "exclusion"],
        unique=False,
        sqlite_where=sa.text("exclusion IS NOT NULL"),
        postgresql_where=sa.text("exclusion IS NOT NULL"),
    )
    op.create_table(
        "erasures",
        sa.Column("external_id_digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("key_id", sa.String(length=16), nullable=False),
        sa.PrimaryKeyConstraint("external_id_digest", name=op.f("pk_erasures")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event_posts",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("signed_timestamp", sa.Text(), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_posts")),
        sa.UniqueConstraint(
            "sha256", "signed_timestamp", name=op.f("uq_event_posts_sha256_signed_timestamp")
        ),
    )
    op.create_index(op.f("ix_event_posts_received_at"), "event_posts", ["received_at"], unique=False)
    op.create_table(
        "people",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("language", sa.String(length=35), nullable=True),
        sa.Column("registered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("left_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("restricted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("objected_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("erased_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("unreachable", sa.String(length=16), nullable=True),
        sa.Column("unreachable_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("pseudonym_key", sa.LargeBinary(length=32), nullable=True),
        sa.CheckConstraint("unreachable IN ('bounced', 'complained')", name=op.f("ck_people_unreachable")),
        sa.CheckConstraint(
            "(unreachable IS NULL) = (unreachable_at IS NULL)", name=op.f("ck_people_unreachable_since")
        ),
        sa.CheckConstraint(
            "CASE WHEN erased_at IS NULL THEN external_id IS NOT NULL AND email IS NOT NULL AND registered_at IS NOT NULL AND pseudonym_key IS NOT NULL ELSE external_id IS NULL AND email IS NULL AND language IS NULL AND registered_at IS NULL AND pseudonym_key IS NULL END",
            name=op.f("ck_people_erased"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("external_id", name=op.f("uq_people_external_id")),
    )
    op.create_index(op.f("ix_people_email"), "people", ["email"], unique=False)
    op.create_table(
        "announced_versions",
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("document", sa.String(length=16), nullable=False),
        sa.Column("label", sa.String(length=16), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["announcement_id"],
            ["announcements.id"],
            name=op.f("fk_announced_versions_announcement_id_announcements"),
        ),
        sa.PrimaryKeyConstraint("announcement_id", "document", name=op.f("pk_announced_versions")),
    )
    op.create_table(
        "batches",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("last_told_id", sa.Integer(), nullable=False),
        sa.Column("split_from_id", sa.Integer(), nullable=True),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("lease_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("token", sa.String(length=32), nullable=True),
        sa.CheckConstraint(
            "(state = 'claimed') = (lease_until_at IS NOT NULL)", name=op.f("ck_batches_lease")
        ),
        sa.CheckConstraint(
            "(state IN ('claimed', 'unknown', 'accepted')) = (token IS NOT NULL)",
            name=op.f("ck_batches_token"),
        ),
        sa.CheckConstraint("size >= 0 AND (size = 0) = (state = 'empty')", name=op.f("ck_batches_size")),
        sa.CheckConstraint(
            "state IN ('planned', 'claimed', 'unknown', 'accepted', 'rejected', 'empty')",
            name=op.f("ck_batches_state"),
        ),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_batches_announcement_id_announcements")
        ),
        sa.ForeignKeyConstraint(
            ["last_told_id"], ["announcements.id"], name=op.f("fk_batches_last_told_id_announcements")
        ),
        sa.ForeignKeyConstraint(
            ["split_from_id"], ["batches.id"], name=op.f("fk_batches_split_from_id_batches")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
    )
    op.create_index("ix_batches_work", "batches", ["announcement_id", "state", "id"], unique=False)
    op.create_table(
        "contents",
        sa.Column("announcement_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(length=35), nullable=False),
        sa.Column("last_told_id", sa.Integer(), nullable=False),
        sa.Column("message_language", sa.String(length=35), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("html", sa.Text(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["announcement_id"], ["announcements.id"], name=op.f("fk_contents_announcement_id_announcements")
        ),
        sa.ForeignKeyConstraint(
            ["last_told_id"], ["announcements.id"], name=op.f("fk_contents_last_told_id_announcements")
        ),
        sa.PrimaryKeyConstraint("announcement_id", "language", "last_told_id", name=op.f("pk_contents")),
    )
    op.create_table(
        "corrections",
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("superseded_digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_corrections_person_id_people")),
        sa.PrimaryKeyConstraint("person_id", "field", name=op.f("pk_corrections")),
    )
    op.create_table(
        "registry_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "action IN ('corrected', 'restricted', 'unrestricted', 'objected', 'unobjected', 'exported', 'erased', 'left', 'returned')",
            name=op.f("ck_registry_records_action"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["people.id"], name=op.f("fk_registry_records_person_id_people")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_records")),
    )
    op.create_index(op.f("ix_registry_records_person_id"), "registry_records", ["person_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.Integer(), nullable=True),
        sa.Column("transport", sa.String(length=16), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("request_sha256", sa.String(length=64), nullable=True),
        sa.Column("provider_id", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "state IN ('claimed', 'intended', 'unknown', 'accepted', 'unsent', 'refused')",
            name=op.f("ck_attempts_state"),
        ),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_attempts_batch_id_batches")),
        sa.PrimaryKeyConstraint("token", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_batch_id"), "attempts", ["batch_id"], unique=False)
    op.create_index("ix_attempts_state", "attempts", ["state", "claimed_at"], unique=False)
    op.create_table(
        "events",
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("token", sa.String(length=32), nullable=False),
        sa.Column("recipient_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("occurred_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["post_id"], ["event_posts.id"], name=op.f("fk_events_post_id_event_posts")),
        sa.ForeignKeyConstraint(["token"], ["attempts.token"], name=op.f("fk_events_token_attempts")),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_events")),
    )
    op.create_index(op.f("ix_events_token"), "events", ["token"], unique=False)
