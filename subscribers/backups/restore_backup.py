"""Restores a backup into an empty database, and applies what users have asked for since.

All of it is one transaction: if it is interrupted, the database is as empty as before. Nothing is sent.
If the high-water mark is ahead of the backup, the restored database refuses to send until it was recovered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine

from subscribers.backups.archive import Head
from subscribers.backups.copying import Target
from subscribers.backups.errors import BackupError
from subscribers.backups.rows import Digest, Shape
from subscribers.backups.verify_backup import read_backup
from subscribers.database import forget_deleted, keep_to_owner, knows_schema, upgrade, writing
from subscribers.high_water_mark.installation import read_installation
from subscribers.high_water_mark.journal import JournalReader, Kind
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.ledger.erasure import erase_accounts
from subscribers.users.erasures import ErasureKeys
from subscribers.users.journalled import apply_journal


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreResult:
    """The restored backup, how many users the journal changed, and the users whose corrections are lost."""

    head: Head
    rows: int
    changed: Counter[Kind]
    corrected: tuple[str, ...]
    has_journal: bool


def restore_backup(
    engine: Engine,
    file: Path,
    key: Path,
    *,
    open_store: Callable[[str], MarkStore],
    keys: Callable[[], ErasureKeys],
    now: datetime,
    even_if_expired: bool = False,
    without_journal: bool = False,
) -> RestoreResult:
    """Restore a backup into a database that is absent or empty; raise BackupError if it cannot be done.

    ``open_store`` opens the database of the mark for an identity; ``keys`` is called if somebody has to be
    erased again.
    """
    keep_to_owner(engine.url)
    with writing(engine) as connection:
        restorer = _Restorer(connection, file, now=now, even_if_expired=even_if_expired)
        read_backup(file, key, restorer)
        head = restorer.finish()
        upgrade(connection)
        own = read_installation(connection)
        if own.identity != head.identity:
            raise BackupError(f"{file}: its head names another database than its rows")
        store = open_store(own.identity)
        journal = JournalReader(store, identity=own.identity, key=own.journal_key)
        has_journal = journal.knows_backup(head.archive_id)
        if not has_journal and not without_journal:
            raise BackupError(
                f"the journal beside the high-water mark ({store.place}) does not know this backup, so it is "
                f"not the one of this database: users who objected, left or were erased after "
                f"{head.made_at:%F %H:%M} UTC would be notified again; nothing was restored. Name the right "
                "one in POLICY_NOTIFY_MARK_URL, or add --without-journal if it is lost"
            )
        applied = apply_journal(connection, journal, made_at=head.made_at)
        for account, erased_at in applied.to_erase:
            erase_accounts(connection, [account], keys=keys(), at=erased_at)
            applied.changed[Kind.ERASURE] += 1
    forget_deleted(engine)
    return RestoreResult(
        head=head,
        rows=restorer.rows_inserted,
        changed=applied.changed,
        corrected=tuple(applied.corrected),
        has_journal=has_journal,
    )


class _Restorer:
    """Inserts what the reader of the archive hands out."""

    def __init__(self, connection: Connection, file: Path, *, now: datetime, even_if_expired: bool) -> None:
        self._connection = connection
        self._file = file
        self._now = now
        self._even_if_expired = even_if_expired
        self._head: Head | None = None
        self._target: Target | None = None
        self._copied: dict[Shape, Digest] = {}

    @property
    def rows_inserted(self) -> int:
        """The number of all rows."""
        return sum(digest.rows for digest in self._copied.values())

    def head(self, head: Head, shapes: Sequence[Shape]) -> None:
        if head.expires_at <= self._now and not self._even_if_expired:
            raise BackupError(
                f"{self._file}: expired on {head.expires_at:%F}, and the journal keeps what users asked for "
                "no longer than that; restore a newer backup, or give the reason with --although-expired"
            )
        if not knows_schema(head.schema):
            raise BackupError(
                f"{self._file}: was made by version {head.made_with} of policysite, which is newer; "
                "upgrade policysite"
            )
        self._head = head
        self._target = Target(self._connection, schema=head.schema)
        self._target.begin(shapes)

    def rows(self, shape: Shape, rows: Sequence[Sequence[Any]]) -> None:
        assert self._target is not None
        self._target.insert(shape, rows)

    def end_of_table(self, shape: Shape, digest: Digest) -> None:
        self._copied[shape] = digest

    def finish(self) -> Head:
        """The head, after every table was compared with the archive."""
        assert self._target is not None
        assert self._head is not None
        self._target.finish(self._copied)
        return self._head
