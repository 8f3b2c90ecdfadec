"""Opens the database, SQLite or PostgreSQL, and gives its transactions; the rest knows neither.

Nothing here holds a transaction open while the network is used: callers keep theirs short.
"""

from __future__ import annotations

from collections.abc import Iterator
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

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
ENCRYPTED = frozenset({"require", "verify-ca", "verify-full"})  # libpq's sslmode; weaker ones may go without
BUSY_SECONDS = 30  # longer than any transaction of ours, the fan-out of a million included


class UnreadableDatabaseError(NotifyError):
    """The database cannot be opened, read or written."""

    def __init__(self, url: URL, problem: str, remedy: str) -> None:
        super().__init__(f"database {url.render_as_string()}: {problem}; {remedy}")
        self.url = url


def open_database(url: str) -> Engine:
    """An engine for a URL such as ``sqlite:///people.db`` or ``postgresql://user@host/name``.

    Nothing is read yet. A server on another machine has to be reached with TLS. SQLite syncs each commit to
    the disk: an intent survives a power cut.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise NotifyError(
            "POLICY_NOTIFY_DATABASE_URL is no database URL; write sqlite:///FILE or postgresql://USER@HOST/NAME"
        ) from error
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise UnreadableDatabaseError(parsed, "neither SQLite nor PostgreSQL", "use one of the two")
    if is_far(parsed) and sslmode(parsed) not in ENCRYPTED:
        raise UnreadableDatabaseError(
            parsed,
            "personal data would cross the network without encryption",
            "end POLICY_NOTIFY_DATABASE_URL with ?sslmode=verify-full",
        )
    engine = create_engine(parsed, pool_pre_ping=parsed.get_backend_name() == "postgresql")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", _set_up_postgresql)
    return engine


def is_far(url: URL) -> bool:
    """Whether it leads to a PostgreSQL on another machine, or to one of which that is not known."""
    if url.get_backend_name() != "postgresql":
        return False
    named = [url.host or "", *url.normalized_query.get("host", ()), *url.normalized_query.get("hostaddr", ())]
    hosts = [host for names in named for host in names.split(",")]
    on_this_machine = all(not host or host.startswith(("/", "@")) or host in LOOPBACK for host in hosts)
    return "service" in url.query or not on_this_machine


def sslmode(url: URL) -> str:
    """How far TLS is demanded of the server; libpq's own default where the URL does not say."""
    return url.normalized_query.get("sslmode", ("prefer",))[-1]


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
    config = _alembic()
    _keep_to_owner(engine.url)
    with writing(engine) as connection:
        before = MigrationContext.configure(connection).get_current_revision()
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
        after = MigrationContext.configure(connection).get_current_revision()
    assert after is not None
    return before, after


def open_migrated(url: str) -> Engine:
    """The database of a URL, refused unless it is at this version's schema."""
    engine = open_database(url)
    check_schema(engine)
    return engine


def check_schema(engine: Engine) -> None:
    """Refuse a database that is absent or not at this version's schema."""
    file = engine.url.database
    if engine.dialect.name == "sqlite" and file and file != ":memory:" and not Path(file).exists():
        raise UnreadableDatabaseError(engine.url, "there is none", "make it: policy-notify migrate")
    with reading(engine) as connection:
        present = MigrationContext.configure(connection).get_current_revision()
    script = ScriptDirectory.from_config(_alembic())
    if present != script.get_current_head():
        known = present is None or present in {revision.revision for revision in script.walk_revisions()}
        raise UnreadableDatabaseError(
            engine.url,
            "its schema is not the one of this version" if known else "a newer version has made its schema",
            "bring it there: policy-notify migrate" if known else "upgrade policysite",
        )


def _keep_to_owner(url: URL) -> None:
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
        if type(error) not in {DatabaseError, InterfaceError, OperationalError}:
            raise  # a broken constraint or a wrong statement is a bug, not the database's state
        raise UnreadableDatabaseError(
            engine.url, _problem(error), "nothing was lost; mend it and repeat"
        ) from error


def _problem(error: DBAPIError) -> str:
    return str(error.orig).strip().splitlines()[0]
