"""Copies of a database that a test takes at any moment and restores later, also under a running sender."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Protocol

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError

from subscribers.model import metadata

TRIES = 40
NOT_OURS = "procrastinate"  # the prefix of the tables and sequences of jobs


class Copy(Protocol):
    """One state of a database, as an online backup takes it."""

    def restore(self) -> None:
        """Put the copy in the database's place."""


def copy_of(engine: Engine) -> Copy:
    """A copy of the database as it is now."""
    return _SqliteCopy(engine) if engine.dialect.name == "sqlite" else _copy_of_postgresql(engine)


class _SqliteCopy:
    """The pages of the file."""

    def __init__(self, engine: Engine) -> None:
        assert engine.url.database
        self._file = engine.url.database
        self._pages = sqlite3.connect(":memory:", check_same_thread=False)
        with closing(sqlite3.connect(self._file, timeout=30)) as source:
            source.backup(self._pages)

    def restore(self) -> None:
        with closing(sqlite3.connect(self._file, timeout=30)) as target:
            self._pages.backup(target)


@dataclass(frozen=True)
class _PostgresqlCopy:
    """The rows of every table, and the newest ids that the sequences gave."""

    engine: Engine
    rows: Mapping[str, Sequence[Mapping[str, Any]]]
    sequences: Mapping[str, int]

    def restore(self) -> None:
        for _ in range(TRIES - 1):
            try:
                return self._restore()
            except OperationalError:  # a running sender and this transaction waited for each other
                time.sleep(0.05)
        return self._restore()

    def _restore(self) -> None:
        names = ", ".join(f'"{table.name}"' for table in metadata.sorted_tables)
        with self.engine.begin() as connection:
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY"))
            for table in metadata.sorted_tables:
                if rows := self.rows[table.name]:
                    connection.execute(table.insert(), list(rows))
            for name, number in self.sequences.items():
                connection.execute(text(f"SELECT setval('{name}', {number})"))


def _copy_of_postgresql(engine: Engine) -> _PostgresqlCopy:
    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
        rows = {
            table.name: [dict(row) for row in connection.execute(table.select()).mappings()]
            for table in metadata.sorted_tables
        }
        given = text(
            "SELECT sequencename, last_value FROM pg_sequences"
            " WHERE schemaname = 'public' AND last_value IS NOT NULL"
        )
        sequences = {
            name: number for name, number in connection.execute(given).all() if not name.startswith(NOT_OURS)
        }
    return _PostgresqlCopy(engine, rows, sequences)
