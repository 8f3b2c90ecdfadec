"""Give tables and columns the names of the glossary: users, notified, provider pauses."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

COLUMNS = (
    ("announcements", "borne_complaints", "complaints_at_release"),
    ("contents", "last_told_id", "last_notified_id"),
    ("batches", "last_told_id", "last_notified_id"),
    ("deliveries", "last_told_id", "last_notified_id"),
    ("deliveries", "told_with_id", "notified_with_id"),
)
TABLES = {
    "people": "users",
    "registry_records": "user_records",
    "channels": "provider_pauses",
}
USER_COLUMNS = (
    *("id", "external_id", "email", "language", "registered_at", "left_at", "restricted_at"),
    *("objected_at", "erased_at", "unreachable", "unreachable_at", "pseudonym_key"),
)
ACTIONS = (
    "'corrected', 'restricted', 'unrestricted', 'objected', 'unobjected', 'exported', 'erased', 'left', "
    "'returned', 'unreachable', 'reachable'"
)
IS_NOTIFIED_WITH = sa.text("notified_with_id IS NOT NULL")


def upgrade() -> None:
    for table, before, after in COLUMNS:
        op.execute(f"ALTER TABLE {table} RENAME COLUMN {before} TO {after}")
    op.drop_index("ix_deliveries_told_with", table_name="deliveries")
    op.create_index(
        "ix_deliveries_notified_with",
        "deliveries",
        ["notified_with_id"],
        sqlite_where=IS_NOTIFIED_WITH,
        postgresql_where=IS_NOTIFIED_WITH,
    )
    if op.get_bind().dialect.name == "postgresql":
        _rename_on_postgresql()
    else:
        _copy_on_sqlite()


def _rename_on_postgresql() -> None:
    """Rename the tables with their sequences, indexes and constraints; no row is written."""
    for before, after in TABLES.items():
        op.execute(f"ALTER TABLE {before} RENAME TO {after}")
    for table in ("user_records", "corrections"):
        op.execute(f"ALTER TABLE {table} RENAME COLUMN person_id TO user_id")
    op.execute("ALTER TABLE provider_pauses RENAME COLUMN closed_until_at TO paused_until_at")
    op.execute("ALTER TABLE provider_pauses RENAME COLUMN paced_until_at TO limited_until_at")
    for table, before, after in (
        ("users", "pk_people", "pk_users"),
        ("users", "uq_people_external_id", "uq_users_external_id"),
        ("users", "ck_people_unreachable", "ck_users_unreachable"),
        ("users", "ck_people_unreachable_since", "ck_users_unreachable_since"),
        ("users", "ck_people_erased", "ck_users_erased"),
        ("user_records", "pk_registry_records", "pk_user_records"),
        ("user_records", "ck_registry_records_action", "ck_user_records_action"),
        ("user_records", "fk_registry_records_person_id_people", "fk_user_records_user_id_users"),
        ("corrections", "fk_corrections_person_id_people", "fk_corrections_user_id_users"),
        ("provider_pauses", "pk_channels", "pk_provider_pauses"),
        ("batches", "fk_batches_last_told_id_announcements", "fk_batches_last_notified_id_announcements"),
        ("contents", "fk_contents_last_told_id_announcements", "fk_contents_last_notified_id_announcements"),
    ):
        op.execute(f"ALTER TABLE {table} RENAME CONSTRAINT {before} TO {after}")
    op.execute("ALTER INDEX ix_people_email RENAME TO ix_users_email")
    op.execute("ALTER INDEX ix_registry_records_person_id RENAME TO ix_user_records_user_id")
    op.execute("ALTER SEQUENCE people_id_seq RENAME TO users_id_seq")
    op.execute("ALTER SEQUENCE registry_records_id_seq RENAME TO user_records_id_seq")


def _copy_on_sqlite() -> None:
    """Make the tables again, since SQLite cannot rename a constraint.

    First the users, then what refers to them: so every foreign key holds at every moment. The foreign keys of
    batches and contents keep their names from before, and nothing uses those names.
    """
    op.create_table(
        "users",
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
        sa.CheckConstraint("unreachable IN ('bounced', 'complained')", name=op.f("ck_users_unreachable")),
        sa.CheckConstraint(
            "(unreachable IS NULL) = (unreachable_at IS NULL)", name=op.f("ck_users_unreachable_since")
        ),
        sa.CheckConstraint(
            "CASE WHEN erased_at IS NULL"
            " THEN external_id IS NOT NULL AND email IS NOT NULL AND registered_at IS NOT NULL"
            " AND pseudonym_key IS NOT NULL"
            " ELSE external_id IS NULL AND email IS NULL AND language IS NULL AND registered_at IS NULL"
            " AND pseudonym_key IS NULL END",
            name=op.f("ck_users_erased"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("external_id", name=op.f("uq_users_external_id")),
    )
    _copy("people", "users", USER_COLUMNS)
    op.create_table(
        "user_records",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(f"action IN ({ACTIONS})", name=op.f("ck_user_records_action")),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_user_records_user_id_users")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_user_records")),
    )
    _copy("registry_records", "user_records", ("id", "user_id", "action", "at"))
    op.rename_table("corrections", "former_corrections")
    op.create_table(
        "corrections",
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=16), nullable=False),
        sa.Column("superseded_digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_corrections_user_id_users")),
        sa.PrimaryKeyConstraint("user_id", "field", name=op.f("pk_corrections")),
    )
    _copy("former_corrections", "corrections", ("user_id", "field", "superseded_digest"))
    op.create_table(
        "provider_pauses",
        sa.Column("transport", sa.String(length=16), nullable=False),
        sa.Column("paused_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("limited_until_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("transport", name=op.f("pk_provider_pauses")),
    )
    _copy(
        "channels",
        "provider_pauses",
        ("transport", "paused_until_at", "limited_until_at", "failures", "detail"),
    )
    for former in ("registry_records", "former_corrections", "people", "channels"):
        op.drop_table(former)
    op.create_index(op.f("ix_users_email"), "users", ["email"], unique=False)
    op.create_index(op.f("ix_user_records_user_id"), "user_records", ["user_id"], unique=False)


def _copy(before: str, after: str, columns: tuple[str, ...]) -> None:
    former = {
        "user_id": "person_id",
        "paused_until_at": "closed_until_at",
        "limited_until_at": "paced_until_at",
    }
    read = ", ".join(former.get(column, column) for column in columns)
    op.execute(f"INSERT INTO {after} ({', '.join(columns)}) SELECT {read} FROM {before}")  # noqa: S608 - constants
