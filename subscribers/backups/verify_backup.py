"""Checks a backup from its first byte to its last, without a database, and says what it holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from subscribers.backups.archive import ArchiveError, ArchiveReader, Head, Taker
from subscribers.backups.encryption import decrypt, read_private_keys
from subscribers.backups.errors import BackupError
from subscribers.backups.rows import Digest, Shape


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchivedAnnouncement:
    """An announcement in a backup."""

    id: int
    state: str
    made_at: datetime
    audience: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BackupReport:
    """The head of a complete backup, the number of rows in each table, and the announcements."""

    head: Head
    tables: dict[str, int]
    announcements: tuple[ArchivedAnnouncement, ...]


def verify_backup(file: Path, key: Path) -> BackupReport:
    """Read the whole backup with the private key in ``key``; raise BackupError if anything is wrong."""
    reporter = _Reporter()
    read_backup(file, key, reporter)
    return reporter.report()


def read_backup(file: Path, key: Path, taker: Taker) -> None:
    """Hand everything in a backup to ``taker``; what it got is right only if this returns."""
    identities = read_private_keys(key)
    reader = ArchiveReader(taker)
    try:
        decrypt(file, reader.feed, identities)
        reader.close()
    except ArchiveError as error:
        raise BackupError(
            f"{file}: is no complete backup of policy-notify: {error}; use another copy of it"
        ) from error


@dataclass
class _Reporter:
    """Counts the rows and keeps what is said of the announcements."""

    _head: Head | None = None
    _tables: dict[str, int] = field(default_factory=dict)
    _announcements: list[ArchivedAnnouncement] = field(default_factory=list)

    def head(self, head: Head, shapes: Sequence[Shape]) -> None:  # noqa: ARG002
        self._head = head

    def rows(self, shape: Shape, rows: Sequence[Sequence[Any]]) -> None:
        if shape.name != "announcements":
            return
        names = [name for name, _ in shape.columns]
        for row in rows:
            values = dict(zip(names, row, strict=True))
            self._announcements.append(
                ArchivedAnnouncement(
                    **{name: values[name] for name in ArchivedAnnouncement.__dataclass_fields__}
                )
            )

    def end_of_table(self, shape: Shape, digest: Digest) -> None:
        self._tables[shape.name] = digest.rows

    def report(self) -> BackupReport:
        assert self._head is not None
        return BackupReport(head=self._head, tables=self._tables, announcements=tuple(self._announcements))
