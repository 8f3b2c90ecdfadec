"""Give the database an identity, and each attempt a number and a head, which the high-water mark repeats."""

from __future__ import annotations

import hashlib
import secrets

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    installation = op.create_table(
        "installation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("identity", sa.String(32), nullable=False),
        sa.Column("journal_key", sa.LargeBinary(32), nullable=False),
        sa.Column("counter", sa.Integer(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("marked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("taken_over_number", sa.Integer(), nullable=True),
        sa.Column("taken_over_head", sa.String(64), nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_installation_one")),
        sa.CheckConstraint("counter >= 0", name=op.f("ck_installation_counter")),
        sa.CheckConstraint(
            "(taken_over_number IS NULL) = (taken_over_head IS NULL)", name=op.f("ck_installation_taken_over")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_installation")),
    )
    identity = _identity_of_first_announcement() or secrets.token_bytes(16)
    row = {
        "id": 1,
        "identity": identity.hex(),
        "journal_key": secrets.token_bytes(32),
        "counter": 0,
        "head": hashlib.sha256(identity).hexdigest(),
    }
    op.bulk_insert(installation, [row])
    op.add_column("attempts", sa.Column("number", sa.Integer(), nullable=True))
    op.add_column("attempts", sa.Column("head", sa.String(64), nullable=True))
    op.create_index(op.f("ix_attempts_number"), "attempts", ["number"], unique=True)


def _identity_of_first_announcement() -> bytes | None:
    """The same identity for every copy of a database that has announced something.

    A copy from before this migration carries no identity, and must not pass for a new database. Its first
    announcement never changes.
    """
    first = sa.text(
        'SELECT site_url, "commit", history_sha256, made_at FROM announcements ORDER BY id LIMIT 1'
    )
    row = op.get_bind().execute(first).one_or_none()
    return hashlib.sha256("\0".join(map(str, row)).encode()).digest()[:16] if row else None
