"""Make the tables of Procrastinate's jobs, where there are workers: on PostgreSQL."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        from procrastinate.schema import SchemaManager  # noqa: PLC0415 - an extra that SQLite does not need

        connection.exec_driver_sql(SchemaManager.get_schema().replace("%", "%%"))
