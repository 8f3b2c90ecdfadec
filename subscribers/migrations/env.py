"""Runs the migrations on the connection that ``database.migrate`` hands over."""

from __future__ import annotations

from alembic import context

from subscribers.model import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,  # SQLite alters a table by making a new one
    transactional_ddl=True,
    transaction_per_migration=False,
)
context.run_migrations()
