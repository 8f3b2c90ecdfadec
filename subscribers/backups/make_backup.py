"""Makes a backup: a snapshot of the database, read while others write, encrypted before it is on a disk."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib.metadata import version
from pathlib import Path
from typing import IO

from sqlalchemy import Engine

from subscribers.backups.archive import Head, write_archive
from subscribers.backups.encryption import encrypt, read_public_keys
from subscribers.backups.errors import BackupError
from subscribers.backups.rows import shapes
from subscribers.database import present_schema, reading, writing
from subscribers.high_water_mark.installation import read_installation, refuse_if_moved
from subscribers.high_water_mark.journal import Journal
from subscribers.model import metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupResult:
    """The head of the backup, and its size."""

    head: Head
    size_bytes: int


def make_backup(
    engine: Engine,
    file: Path,
    *,
    journal: Journal,
    public_keys: str,
    retention: timedelta,
    now: datetime,
) -> BackupResult:
    """Write everything that the database holds to a new file, encrypted to each of ``public_keys``.

    The file appears under its name only when it is complete and on the disk. The journal records the backup
    first, and keeps every later entry for as long as the backup may be restored.
    """
    recipients = read_public_keys(public_keys)
    archive_id = secrets.token_hex(16)
    with writing(engine) as connection:
        refuse_if_moved(connection)
        journal.settle_place(connection)
    with _new_file(file) as target, reading(engine) as connection:
        own, schema = read_installation(connection), present_schema(connection)
        assert schema is not None
        head = Head(
            archive_id=archive_id,
            identity=own.identity,
            counter=own.position.number,
            chain_head=own.position.head,
            schema=schema,
            made_at=now,
            expires_at=now + retention,
            made_with=version("policysite"),
        )
        journal.note_backup(archive_id, at=now, until=head.expires_at)
        encrypt(write_archive(connection, head, shapes(metadata)), target, recipients)
        target.flush()
        os.fsync(target.fileno())
    return BackupResult(head=head, size_bytes=file.stat().st_size)


@contextmanager
def _new_file(file: Path) -> Iterator[IO[bytes]]:
    """A file that gets its name once it is complete; nothing stays of one that does not get that far."""
    unfinished = file.with_name(f".{file.name}.{secrets.token_hex(4)}.unfinished")
    if file.exists():
        raise BackupError(
            f"{file}: exists already; give the backup a name of its own, such as one with the date"
        )
    try:
        descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as target:
                yield target
            os.link(unfinished, file)  # unlike a rename, it does not replace a file made in the meantime
            _sync_folder(file.parent)
        finally:
            with suppress(FileNotFoundError):
                unfinished.unlink()
    except FileExistsError as error:
        raise BackupError(f"{file}: exists already; give the backup a name of its own") from error
    except OSError as error:
        raise BackupError(
            f"{file}: cannot be written ({error.strerror}); no backup was made; "
            "free space or name another folder"
        ) from error


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
