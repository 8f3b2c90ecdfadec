"""Opens the database, SQLite or PostgreSQL, and gives its transactions; the rest knows neither.

Nothing here holds a transaction open while the network is used: callers keep theirs short.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DatabaseError, DBAPIError, InterfaceError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from subscribers.errors import NotifyError

DATABASE_SETTING = "POLICY_NOTIFY_DATABASE_URL"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})  # libpq's sslmode; weaker ones may go without
BUSY_SECONDS = 30  # longer than any transaction of ours, the fan-out of a million included


DRIVERS = {
    "sqlite": "sqlite",
    "sqlite+pysqlite": "sqlite",
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "postgresql+psycopg": "postgresql+psycopg",
}
SHOWN = frozenset(
    {"host", "hostaddr", "port", "service", "sslmode"}
)  # of a URL's query; others may be secret


class DatabaseUrlError(NotifyError):
    """The setting names no database; the message quotes nothing of it, since it may hold a password."""

    def __init__(self, problem: str, *, setting: str) -> None:
        variable = DATABASE_SETTING if setting.startswith("--") else None  # an option of a command
        super().__init__(
            f"{setting}: {problem}; write sqlite:///FILE or postgresql://USER@HOST/NAME, "
            f"and the password in {(variable or setting).removesuffix('URL')}PASSWORD"
        )


class MissingDriverError(NotifyError):
    """The URL names a PostgreSQL database, and the extra with its driver is not installed."""

    def __init__(self, *, setting: str) -> None:
        super().__init__(
            f"{setting} names a PostgreSQL database, but its driver is not installed. "
            "Install it: pip install 'policysite[postgresql]'"
        )


class NoPostgresqlError(NotifyError):
    """Workers share a PostgreSQL database; a SQLite database serves one machine."""

    def __init__(self) -> None:
        super().__init__(
            "POLICY_NOTIFY_DATABASE_URL names a SQLite database, and workers need PostgreSQL. "
            "With SQLite, one machine sends everything: policy-notify deliver"
        )


class UnreadableDatabaseError(NotifyError):
    """The database cannot be opened, read or written."""

    def __init__(self, url: URL, problem: str, remedy: str) -> None:
        super().__init__(f"database {shown(url)}: {problem}; {remedy}")
        self.url = url
        self.problem = problem


def read_url(text: str, *, setting: str = DATABASE_SETTING) -> URL:
    """A database URL in parts. One that could be read in two ways is refused, and none is ever quoted."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:
        raise DatabaseUrlError("is not a database URL", setting=setting) from error
    if url.drivername not in DRIVERS:
        raise DatabaseUrlError("names neither SQLite nor PostgreSQL", setting=setting)
    place, _, query = text.partition("://")[2].partition("?")
    if place.count("@") > 1 or ("@" in query and "@" not in place and not place.startswith("/")):
        raise DatabaseUrlError("has an @ or a ? in user or password", setting=setting)
    return url.set(drivername=DRIVERS[url.drivername])


def shown(url: URL) -> str:
    """The URL as it may be printed: without anything that could be a password."""
    query = {name: value for name, value in url.query.items() if name in SHOWN}
    return url.set(query=query).render_as_string()


def open_database(
    url: str, environment: Mapping[str, str] = os.environ, *, setting: str = DATABASE_SETTING
) -> Engine:
    """An engine for a URL such as ``sqlite:///users.db`` or ``postgresql://user@host/name``.

    Nothing is read yet. A server on another machine has to be reached with TLS. SQLite syncs each commit to
    the disk: an intent survives a power cut. ``environment`` holds what libpq reads beside the URL, and
    ``setting`` is the environment variable that the errors name.
    """
    parsed = read_url(url, setting=setting)
    if is_far(parsed, environment) and sslmode(parsed, environment) not in ENCRYPTED:
        raise UnreadableDatabaseError(
            parsed,
            "personal data would cross the network without encryption",
            f"end {setting} with ?sslmode=verify-full",
        )
    try:
        engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() == "postgresql")
    except ArgumentError as error:
        raise DatabaseUrlError("names no file", setting=setting) from error
    except ModuleNotFoundError as error:
        if parsed.get_backend_name() != "postgresql":
            raise
        raise MissingDriverError(setting=setting) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
    return engine


def require_postgresql(engine: Engine) -> None:
    """Raise NoPostgresqlError for a database that machines cannot share."""
    if engine.dialect.name != "postgresql":
        raise NoPostgresqlError


def is_far(url: URL, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether it leads, or may lead, to a PostgreSQL server on another machine.

    libpq takes what the URL leaves open from a service file or from PGHOST and PGHOSTADDR.
    """
    if url.get_backend_name() != "postgresql":
        return False
    query = url.normalized_query
    names = [url.host or "", *query.get("host", ())]
    if not any(names):
        names = [environment.get("PGHOST", "")]
    addresses = query.get("hostaddr") or (environment.get("PGHOSTADDR", ""),)
    hosts = [host for each in (*names, *addresses) for host in each.split(",")]
    on_this_machine = all(not host or host.startswith(("/", "@")) or host in LOOPBACK for host in hosts)
    return _service(url, environment) or not on_this_machine


def sslmode(url: URL, environment: Mapping[str, str] = os.environ) -> str:
    """The strictness of TLS towards the server; libpq's own default if nothing is set.

    A service file comes before PGSSLMODE, and what it says is not known here.
    """
    default = "prefer" if _service(url, environment) else environment.get("PGSSLMODE") or "prefer"
    return url.normalized_query.get("sslmode", (default,))[-1]


def _service(url: URL, environment: Mapping[str, str]) -> bool:
    return "service" in url.query or bool(environment.get("PGSERVICE"))


@contextmanager
def writing(engine: Engine) -> Iterator[Connection]:
    """A transaction that may write; it is committed unless something is raised."""
    with _explained(engine), engine.begin() as connection:
        yield connection


@contextmanager
def connected(engine: Engine) -> Iterator[Connection]:
    """A connection of its own, closed at the end, for several transactions with temporary tables between."""
    with _explained(engine), engine.connect() as connection:
        connection.detach()
        yield connection


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one state of the database throughout and waits for no writer."""
    options = (
        {"isolation_level": "REPEATABLE READ"} if engine.dialect.name == "postgresql" else {"reading": True}
    )
    with _explained(engine), engine.connect().execution_options(**options) as connection, connection.begin():
        yield connection


def forget_deleted(engine: Engine) -> None:
    """Take what SQLite has deleted out of its log too; PostgreSQL's VACUUM does so by itself in time."""
    if engine.dialect.name == "sqlite":
        with _explained(engine), engine.connect() as connection:
            assert connection.connection.driver_connection is not None
            connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def migrate(engine: Engine) -> tuple[str | None, str]:
    """Bring the schema to this version of the program; the revisions before and after."""
    keep_to_owner(engine.url)
    with writing(engine) as connection:
        before = present_schema(connection)
        upgrade(connection)
        after = present_schema(connection)
    assert after is not None
    return before, after


def upgrade(connection: Connection, schema: str = "head") -> None:
    """The same up to a revision, inside a caller's transaction."""
    config = _alembic()
    config.attributes["connection"] = connection
    command.upgrade(config, schema)


def present_schema(connection: Connection) -> str | None:
    """The revision of the database's schema; None if it has no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def knows_schema(revision: str) -> bool:
    """Whether this version of the program knows the revision."""
    script = ScriptDirectory.from_config(_alembic())
    return revision in {each.revision for each in script.walk_revisions()}


def open_migrated(url: str) -> Engine:
    """The database of a URL, refused unless it is at this version's schema."""
    engine = open_database(url)
    check_schema(engine)
    return engine


def check_schema(engine: Engine) -> None:
    """Refuse a database that is absent or not at this version's schema."""
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file and file != ":memory:" and not Path(file).exists():
        raise UnreadableDatabaseError(engine.url, "it does not exist", "make it: policy-notify migrate")
    with reading(engine) as connection:
        present = present_schema(connection)
    script = ScriptDirectory.from_config(_alembic())
    if present != script.get_current_head():
        known = present is None or present in {revision.revision for revision in script.walk_revisions()}
        raise UnreadableDatabaseError(
            engine.url,
            "its schema is that of another version" if known else "its schema is that of a newer version",
            "bring it up to date: policy-notify migrate" if known else "upgrade policysite",
        )


def keep_to_owner(url: URL) -> None:
    """Make a SQLite file that is absent readable for its owner alone; its log takes that over."""
    if url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:":
        with suppress(OSError):  # what is wrong with the folder, opening the database says
            Path(url.database).touch(mode=0o600)


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", "subscribers:migrations")
    return config


def _set_up_postgresql(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("SET jit = off")  # to compile the fan-out takes longer than it runs for most audiences
    cursor.execute("SET cursor_tuple_fraction = 1")  # every row is read, so the whole has to be fast
    cursor.close()
    connection.commit()


def _set_up_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself; _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA secure_delete = ON")  # what is erased is overwritten
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # IMMEDIATE takes the write lock at once: a transaction never fails half way because it has read first.
    connection.exec_driver_sql(
        "BEGIN" if connection.get_execution_options().get("reading") else "BEGIN IMMEDIATE"
    )


@contextmanager
def _explained(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        connecting = error.statement is None  # an option of the URL that libpq does not know
        if not connecting and type(error) not in {DatabaseError, InterfaceError, OperationalError}:
            raise  # a broken constraint or a wrong statement is a bug, not the database's state
        raise UnreadableDatabaseError(
            engine.url, _problem(error), "nothing was lost; fix it and repeat"
        ) from error


def _problem(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
