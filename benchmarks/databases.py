"""Empty databases with the schema, for benchmarks: SQLite files, and databases of a PostgreSQL server."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import create_engine, make_url, text

from subscribers.database import migrate, open_database
from subscribers.high_water_mark.chain import Link


def new_databases(
    folder: Path, postgresql: str | None, *, prefix: str
) -> Iterator[tuple[str, Callable[[], str]]]:
    """Each kind of database, with a function that makes a new one and returns its URL.

    SQLite files go into ``folder``. With the URL of a PostgreSQL server, databases whose names begin with
    ``prefix`` are made there, and dropped at the end.
    """

    def new_sqlite() -> str:
        return _with_schema(f"sqlite:///{folder / secrets.token_hex(4)}.db")

    yield "SQLite", new_sqlite
    if postgresql is None:
        return
    made: list[str] = []
    url = make_url(postgresql).set(drivername="postgresql+psycopg")
    server = create_engine(url, isolation_level="AUTOCOMMIT")

    def new_postgresql() -> str:
        made.append(f"{prefix}_{secrets.token_hex(4)}")
        with server.connect() as connection:
            connection.execute(text(f"CREATE DATABASE {made[-1]}"))
        return _with_schema(url.set(database=made[-1]).render_as_string(hide_password=False))

    try:
        yield "PostgreSQL", new_postgresql
    finally:
        with server.connect() as connection:
            for name in made:
                connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


class NoMark:
    """A high-water mark that moves nothing, for figures that leave it out."""

    def advance(self, link: Link) -> None:
        pass


def _with_schema(url: str) -> str:
    engine = open_database(url)
    migrate(engine)
    engine.dispose()
    return url
