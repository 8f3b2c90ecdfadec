"""The small database of marks, beside the database: a SQLite file, or PostgreSQL for several machines.

One row for each installation. Its position only moves forward, by one statement that names where it was.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    MetaData,
    String,
    Table,
    inspect,
    select,
    text,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from subscribers.database import UnreadableDatabaseError, open_database, reading, shown, writing
from subscribers.errors import NotifyError
from subscribers.high_water_mark.chain import Position
from subscribers.model import Moment

MARK_SETTING = "POLICY_NOTIFY_MARK_URL"
WAYS_ON = (
    "Nothing was sent, so that nobody is notified twice. Restore the newest backup, or let "
    "policy-notify recover find out who was notified"
)
CREATION_LOCK = 0x706F6C69  # of PostgreSQL's advisory locks, so that no two processes make the tables at once

mark_metadata = MetaData()

marks = Table(
    "marks",
    mark_metadata,
    Column("identity", String(32), primary_key=True),
    Column("number", BigInteger, nullable=False),
    Column("head", String(64), nullable=False),
    Column("at", Moment, nullable=False),
)


class MarkError(NotifyError):
    """Nothing may be sent because of the high-water mark."""


class UnreadableMarkError(MarkError):
    """The database with the high-water mark cannot be opened, read or written."""

    def __init__(self, error: UnreadableDatabaseError) -> None:
        super().__init__(
            f"high-water mark: {error}. Nothing is sent without it; {MARK_SETTING} says where it is"
        )
        self.problem = error.problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The position that the mark has reached, and when."""

    position: Position
    at: datetime


class MarkStore:
    """The marks in one database. Opened at the first use; a file is made with the first mark."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._opened: Engine | None = None
        self._is_ready = False

    @property
    def engine(self) -> Engine:
        """The database of the marks."""
        if self._opened is None:
            with _explained():
                self._opened = open_database(self._url, setting=MARK_SETTING)
        return self._opened

    @property
    def place(self) -> str:
        """The URL, without a password."""
        return shown(self.engine.url)

    @property
    def file(self) -> Path | None:
        """The SQLite file; None for PostgreSQL."""
        url = self.engine.url
        return Path(url.database) if self.engine.dialect.name == "sqlite" and url.database else None

    def read(self, identity: str) -> Mark | None:
        """The mark of the installation; None if there is none."""
        if self.file is not None and not self.file.exists():
            return None
        with _explained(), reading(self.engine) as connection:
            if not self._is_ready and not inspect(connection).has_table(marks.name):
                return None
            row = connection.execute(select(marks).where(marks.c.identity == identity)).one_or_none()
            return Mark(position=Position(row.number, row.head), at=row.at) if row else None

    def start(self, identity: str, position: Position, *, at: datetime) -> None:
        """Make the mark; one that exists stays as it is."""
        if self.file is not None and not self.file.exists():
            self._make_file(self.file)
        values = {"identity": identity, "number": position.number, "head": position.head, "at": at}
        with _explained(), writing(self.engine) as connection:
            _make_tables(connection)
            dialect = sqlite if self.engine.dialect.name == "sqlite" else postgresql
            connection.execute(dialect.insert(marks).values(values).on_conflict_do_nothing())
        self._is_ready = True

    def move(self, identity: str, *, before: Position, after: Position, at: datetime) -> bool:
        """Move the mark durably, if it is where ``before`` says; return whether it was."""
        if not self._is_ready:
            if self.read(identity) is None:
                return False
            self._is_ready = True
        with _explained(), writing(self.engine) as connection:
            moved = connection.execute(
                update(marks)
                .where(
                    marks.c.identity == identity,
                    marks.c.number == before.number,
                    marks.c.head == before.head,
                )
                .values(number=after.number, head=after.head, at=at)
            )
            return moved.rowcount == 1

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction for what is kept beside the marks; the tables are made if they are missing."""
        if self.file is not None and not self.file.exists():
            self._make_file(self.file)
        with _explained(), writing(self.engine) as connection:
            _make_tables(connection)
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that only reads. The database must exist; its tables may be missing."""
        with _explained(), reading(self.engine) as connection:
            yield connection

    def _make_file(self, file: Path) -> None:
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            file.touch(mode=0o600)
        except OSError as error:
            problem = UnreadableDatabaseError(
                self.engine.url, f"it cannot be made ({error.strerror})", "make its folder writable"
            )
            raise UnreadableMarkError(problem) from error


def _make_tables(connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": CREATION_LOCK})
    mark_metadata.create_all(connection)


@contextmanager
def _explained() -> Iterator[None]:
    try:
        yield
    except UnreadableDatabaseError as error:
        raise UnreadableMarkError(error) from error
