"""Keeps the requests of users beside the high-water mark, so that a restored backup does not forget them.

Each objection, restriction, erasure and so on is written here before the database commits it. A row names the
user by a digest of the external id under a key that only the database and its backups hold. For each user and
kind the newest row counts, however old a copy of the database is, so applying it twice changes nothing.

A row is dropped when no backup made before it can be restored any more, and it is older than the retention.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from itertools import islice
from weakref import WeakKeyDictionary

from sqlalchemy import (
    Column,
    Connection,
    Engine,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    delete,
    event,
    func,
    insert,
    inspect,
    select,
)

from subscribers.clock import utc_now
from subscribers.database import UnreadableDatabaseError, reading
from subscribers.high_water_mark.installation import note_marked, read_installation, refuse_if_moved
from subscribers.high_water_mark.mark_store import MARK_SETTING, MarkStore, UnreadableMarkError, mark_metadata
from subscribers.model import Moment

ROWS_AT_A_TIME = 1000
BETWEEN_SWEEPS = timedelta(days=1)
LONGEST_TRANSACTION = timedelta(hours=1)  # an import of millions takes minutes


class Kind(StrEnum):
    """The subject of a row; for each user the newest row of each kind counts."""

    OBJECTION = "objection"
    RESTRICTION = "restriction"
    ERASURE = "erasure"
    REACHABILITY = "reachability"
    REGISTRATION = "registration"
    CORRECTION = "correction"
    BACKUP = "backup"  # no user's: the digest is that of a backup's id


SET, WITHDRAWN = "set", "withdrawn"  # of an objection or a restriction; an erasure is always set
LEFT, RETURNED = "left", "returned"  # of a registration
REACHABLE = "reachable"  # of a reachability, beside the reasons in ``model.Unreachable``
NEW_ADDRESS = "new address"  # what was known of the old one does not count for the new one

journal = Table(
    "journal",
    mark_metadata,
    Column("id", Integer, primary_key=True),
    Column("identity", String(32), nullable=False),
    Column("digest", LargeBinary(32), nullable=False),
    Column("kind", String(16), nullable=False),
    Column("value", String(16), nullable=False),
    Column("at", Moment, nullable=False),
    Column("written_at", Moment, nullable=False),
    Column("until_at", Moment),  # of a backup: when it expires
    Index("ix_journal_digest", "identity", "digest"),
    Index("ix_journal_written_at", "identity", "written_at"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The newest row of a kind for a user."""

    kind: Kind
    value: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A request of some users, or a fact that became known about them."""

    external_ids: Sequence[str]
    kind: Kind
    value: str
    at: datetime


class Journal:
    """The journal of one database, in the database of its mark."""

    def __init__(
        self,
        engine: Engine,
        open_store: Callable[[], MarkStore],
        *,
        retention: timedelta,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._now = now
        self._engine = engine
        self._open_store = open_store
        self._opened: MarkStore | None = None
        self._retention = retention
        self._swept_at: datetime | None = None
        self._is_settled = False
        self._own: tuple[str, bytes] | None = None

    @property
    def store(self) -> MarkStore:
        """The database that the journal is in, opened at the first use."""
        if self._opened is None:
            self._opened = self._open_store()
        return self._opened

    def reader(self) -> JournalReader:
        """Reads what is in it."""
        identity, key = self._identity_and_key()
        return JournalReader(self.store, identity=identity, key=key)

    def settle_place(self, connection: Connection) -> None:
        """Make sure that every process keeps this database's journal in one place, beside one mark.

        The first entry makes the mark, and the database records this. From then on a place
        without it is refused: entries there would be lost to a restore. ``connection`` is in a transaction
        that writes.
        """
        if self._is_settled:
            return
        own = read_installation(connection)
        with self._explained():
            if not own.is_marked:
                self.store.start(own.identity, own.position, at=self._now())
                note_marked(connection, at=self._now())
                return  # the transaction may still be rolled back
            if self.store.read(own.identity) is None:
                raise UnreadableDatabaseError(
                    self.store.engine.url,
                    "the high-water mark is not here, so this is not the place of the journal",
                    f"nothing was changed; set {MARK_SETTING} to where it is (if it is lost: policy-notify "
                    "recover --help)",
                )
        self._is_settled = True

    def append(self, wishes: Iterable[Wish]) -> None:
        """Write what users asked for, durably."""
        rows = (
            self._row(external_id, wish.kind, wish.value, wish.at)
            for wish in wishes
            for external_id in wish.external_ids
        )
        self._write(rows)

    def note_backup(self, archive_id: str, *, at: datetime, until: datetime) -> None:
        """Remember that a backup was made: a journal that does not know it cannot complete it."""
        self._write([self._row(archive_id, Kind.BACKUP, SET, at, until_at=until)])

    def _row(
        self, name: str, kind: Kind, value: str, at: datetime, *, until_at: datetime | None = None
    ) -> dict[str, object]:
        identity, key = self._identity_and_key()
        return {
            "identity": identity,
            "digest": digest(key, name),
            "kind": kind.value,
            "value": value,
            "at": at,
            "written_at": self._now(),
            "until_at": until_at,
        }

    def _identity_and_key(self) -> tuple[str, bytes]:
        if self._own is None:
            with reading(self._engine) as connection:
                own = read_installation(connection)
            self._own = own.identity, own.journal_key
        return self._own

    def _write(self, rows: Iterable[dict[str, object]]) -> None:
        rows = iter(rows)
        with self._explained(), self.store.writing() as connection:
            while some := list(islice(rows, ROWS_AT_A_TIME)):
                connection.execute(insert(journal), some)
            now = self._now()
            if self._swept_at is None or now - self._swept_at >= BETWEEN_SWEEPS:
                _sweep(connection, self._identity_and_key()[0], now=now, retention=self._retention)
                self._swept_at = now

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except UnreadableMarkError as error:
            raise UnreadableDatabaseError(
                self.store.engine.url,
                f"the journal of what users asked for cannot be written: {error.problem}",
                "nothing was changed; fix it and repeat",
            ) from error


class JournalReader:
    """Reads the journal for a restored database with this identity and key."""

    def __init__(self, store: MarkStore, *, identity: str, key: bytes) -> None:
        self._store = store
        self._identity = identity
        self._key = key

    def knows_backup(self, archive_id: str) -> bool:
        """Whether the journal was there when the backup was made, so that it has everything since."""
        return bool(self.entries([archive_id]).get(archive_id))

    def is_empty(self) -> bool:
        """Whether there is nothing about any user."""
        about_users = select(journal.c.id).where(
            journal.c.identity == self._identity, journal.c.kind != Kind.BACKUP.value
        )
        if not self.exists():
            return True
        with self._store.reading() as connection:
            return connection.execute(about_users.limit(1)).first() is None

    def entries(self, external_ids: Sequence[str]) -> dict[str, list[Entry]]:
        """The newest rows of each kind for those of a few thousand users who have any."""
        if not self.exists():
            return {}
        names = {digest(self._key, external_id): external_id for external_id in external_ids}
        newest = (
            select(func.max(journal.c.id))
            .where(journal.c.identity == self._identity, journal.c.digest.in_(names))
            .group_by(journal.c.digest, journal.c.kind)
        )
        wanted = select(journal).where(journal.c.id.in_(newest)).order_by(journal.c.id)
        found: dict[str, list[Entry]] = {}
        with self._store.reading() as connection:
            for row in connection.execute(wanted):
                entry = Entry(kind=Kind(row.kind), value=row.value, at=row.at)
                found.setdefault(names[row.digest], []).append(entry)
        return found

    def exists(self) -> bool:
        """Whether anything was ever written to it."""
        if self._store.file is not None and not self._store.file.exists():
            return False
        with self._store.reading() as connection:
            return inspect(connection).has_table(journal.name)


def copy_journal(source: MarkStore, target: MarkStore, *, identity: str) -> None:
    """Put a database's journal beside its mark in another database; nothing is written twice."""
    reader = JournalReader(source, identity=identity, key=b"")
    if not reader.exists():
        return
    columns = [column for column in journal.columns if column.name != "id"]
    mine = journal.c.identity == identity
    with source.reading() as old, target.writing() as new:
        new.execute(delete(journal).where(mine))  # of a move that was interrupted
        rows = old.execute(
            select(*columns).where(mine).order_by(journal.c.id),
            execution_options={"yield_per": ROWS_AT_A_TIME},
        ).mappings()
        for some in rows.partitions():
            new.execute(insert(journal), [dict(row) for row in some])


def digest(key: bytes, external_id: str) -> bytes:
    """How the journal names a user."""
    return hmac.digest(key, external_id.encode(), "sha256")


_journals: WeakKeyDictionary[Engine, Journal] = WeakKeyDictionary()
_waiting: WeakKeyDictionary[Connection, list[Wish]] = WeakKeyDictionary()


def keep_journal(engine: Engine, kept: Journal) -> None:
    """From now on write what :func:`note` is given to the journal before each commit of this database."""
    if engine not in _journals:
        event.listen(engine, "commit", _before_commit)
        event.listen(engine, "rollback", _forget)
    _journals[engine] = kept


def journal_of(engine: Engine) -> Journal | None:
    """The journal that is kept for the database; None in a database that only tests use."""
    return _journals.get(engine)


def note(
    connection: Connection, external_ids: Iterable[str], kind: Kind, value: str, *, at: datetime | None = None
) -> None:
    """Let the journal say so of these users if the transaction is committed.

    Raises MovedDatabaseError if another database has taken the place of this one.
    """
    names = [*external_ids]
    if names:
        refuse_if_moved(connection)
    if names and connection.engine in _journals:
        wish = Wish(external_ids=names, kind=kind, value=value, at=at or utc_now())
        _waiting.setdefault(connection, []).append(wish)


def _before_commit(connection: Connection) -> None:
    if wishes := _waiting.pop(connection, None):
        kept = _journals[connection.engine]
        kept.settle_place(connection)
        kept.append(wishes)


def _forget(connection: Connection) -> None:
    _waiting.pop(connection, None)


def _sweep(connection: Connection, identity: str, *, now: datetime, retention: timedelta) -> None:
    """Drop the rows that no restorable backup could lack."""
    mine = journal.c.identity == identity
    oldest = connection.scalar(
        select(func.min(journal.c.written_at)).where(
            mine, journal.c.kind == Kind.BACKUP.value, journal.c.until_at > now
        )
    )
    cutoff = now - retention
    if oldest:  # a transaction that is written here may be committed after the backup has begun
        cutoff = min(cutoff, oldest - LONGEST_TRANSACTION)
    connection.execute(delete(journal).where(mine, journal.c.written_at < cutoff))
