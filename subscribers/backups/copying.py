"""Puts the rows of a whole database into another one, and checks each table by count and digest.

This is the one place that writes every table, whichever module writes it otherwise: it makes no row itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from subscribers.backups.errors import BackupError
from subscribers.backups.rows import (
    Digest,
    Shape,
    digest_of,
    insert_rows,
    is_empty,
    set_sequences,
)
from subscribers.database import present_schema, shown, upgrade

INSTALLATION = "installation"  # the migration makes its row, so it is never empty


class Target:
    """An empty database that receives the rows of another, inside one transaction of the caller's."""

    def __init__(self, connection: Connection, *, schema: str) -> None:
        """Bring an absent or empty database to ``schema``. Raises BackupError for any other."""
        self._connection = connection
        self._place = shown(connection.engine.url)
        present = present_schema(connection)
        if present is None:
            upgrade(connection, schema)
        elif present != schema:
            raise BackupError(
                f"database {self._place}: its schema is {present}, and the copy has {schema}; "
                "name a database that does not exist yet, or has no tables"
            )

    def begin(self, every_shape: Sequence[Shape]) -> None:
        """Delete the one row that the migration has made: the copy has its own.

        Raises BackupError if there is any other.
        """
        for shape in every_shape:
            if shape.name == INSTALLATION:
                self._connection.execute(shape.table().delete())
            elif not is_empty(self._connection, shape):
                raise BackupError(
                    f"database {self._place}: it is not empty; nothing in it was changed; name an empty one"
                )

    def insert(self, shape: Shape, rows: Sequence[Sequence[Any]]) -> None:
        """Insert some rows of a table. Raises BackupError if the database refuses them."""
        try:
            insert_rows(self._connection, shape, rows)
        except Exception as error:  # both libraries raise here; all but refusals of a row are raised again
            # psycopg's own errors come from COPY, which SQLAlchemy does not know.
            is_psycopg = type(error).__module__.partition(".")[0] == "psycopg"
            if not is_psycopg and not isinstance(error, DBAPIError | OverflowError | UnicodeEncodeError):
                raise
            problem = str(getattr(error, "orig", error)).strip().splitlines()[0]
            raise BackupError(
                f"database {self._place}: refuses a row of the table {shape.name}: {problem}; "
                "nothing was changed"
            ) from error

    def finish(self, copied: Mapping[Shape, Digest]) -> None:
        """Read every table again and compare it with what was copied; raise BackupError at any difference."""
        if sum(digest.rows for shape, digest in copied.items() if shape.name == INSTALLATION) != 1:
            raise BackupError("the copy does not say which database it is of; nothing was changed")
        for shape, digest in copied.items():
            if (found := digest_of(self._connection, shape)) != digest:
                raise BackupError(
                    f"database {self._place}: the table {shape.name} has {found.rows:,} rows and digest "
                    f"{found.sha256_sum[:16]} instead of {digest.rows:,} and {digest.sha256_sum[:16]}; "
                    "nothing was changed"
                )
        set_sequences(self._connection, copied)
