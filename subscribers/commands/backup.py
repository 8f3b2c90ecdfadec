"""``policy-notify backup``, ``backup-key`` and ``verify``: make and check encrypted backups."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from subscribers.backups.archive import Head
from subscribers.backups.encryption import new_private_key
from subscribers.backups.errors import BackupError
from subscribers.backups.make_backup import make_backup
from subscribers.backups.verify_backup import BackupReport, verify_backup
from subscribers.commands.shared import AsJson, open_configured_database
from subscribers.high_water_mark.configured import configured_journal
from subscribers.printable import say
from subscribers.settings import read_settings

BACKUP_EXAMPLE = "policy-notify backup backups/$(date +%F).age"
KEY_EXAMPLE = "policy-notify backup-key backup-key.txt"
VERIFY_EXAMPLE = "policy-notify verify backups/2026-11-28.age --key backup-key.txt"

BackupFile = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]
PrivateKey = Annotated[Path, typer.Option("--key", metavar="FILE", help="The file with the private key.")]


def backup_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write; it must not exist.")],
    *,
    key: Annotated[
        str | None,
        typer.Option(
            metavar="AGE1…", help="The public key to encrypt to, instead of POLICY_NOTIFY_BACKUP_KEY."
        ),
    ] = None,
) -> None:
    """Write an encrypted backup of the whole database. Others may go on working with it.

    Only the private key opens it. It is a file in the age format, and restores into SQLite or PostgreSQL.
    """
    settings = read_settings(os.environ)
    engine = open_configured_database(settings)
    result = make_backup(
        engine,
        file,
        journal=configured_journal(settings, engine),
        public_keys=key or settings.backup_key or "",
        retention=timedelta(days=settings.backup_retention_days),
        now=datetime.now(UTC),
    )
    say(f"{file}: {_size(result.size_bytes)}; expires on {result.head.expires_at:%Y-%m-%d}, delete it then")


def backup_key_command(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The file for the private key; it must not exist.")
    ],
) -> None:
    """Make a pair of keys for backups: the private key into FILE, the public key on standard output.

    Keep the private key away from this machine. Without it no backup can be read.
    """
    private, public = new_private_key()
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BackupError(
            f"{file}: exists already, and a key that is overwritten is lost; name another file"
        ) from None
    except OSError as error:
        raise BackupError(f"{file}: cannot be written ({error.strerror}); name another file") from error
    with os.fdopen(descriptor, "w", encoding="utf-8") as target:
        target.write(f"# public key: {public}\n{private}\n")
    typer.echo(public)


def verify_command(file: BackupFile, *, key: PrivateKey, as_json: AsJson = False) -> None:
    """Check a backup from its first byte to its last, without a database, and say what it holds."""
    report = verify_backup(file, key)
    if as_json:
        typer.echo(json.dumps(_plain(report), indent=2))
        return
    for line in described(report.head, now=datetime.now(UTC)):
        say(line)
    for announcement in report.announcements:
        audience = "" if announcement.audience is None else f", {announcement.audience:,} recipients"
        made = _moment(announcement.made_at)
        say(f"announcement {announcement.id}: {announcement.state}, made {made}{audience}")
    counts = ", ".join(f"{rows:,} {table}" for table, rows in report.tables.items() if rows)
    say(f"complete and unchanged: {counts}")


def described(head: Head, *, now: datetime) -> tuple[str, ...]:
    """The facts in the head of a backup, a line each."""
    expiry = "expired" if head.expires_at <= now else "expires"
    return (
        f"made {_moment(head.made_at)} by version {head.made_with}, schema {head.schema}",
        f"{expiry} {_moment(head.expires_at)}",
        f"database {head.identity}, {head.counter:,} {'attempt' if head.counter == 1 else 'attempts'}",
    )


def _moment(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


def _size(size_bytes: int) -> str:
    return f"{size_bytes / 1e6:,.1f} MB" if size_bytes >= 1e5 else f"{size_bytes / 1e3:,.1f} kB"


def _plain(report: BackupReport) -> dict[str, Any]:
    def plain(value: Any) -> Any:
        return value.isoformat() if isinstance(value, datetime) else value

    return {
        "backup": {name: plain(value) for name, value in asdict(report.head).items()},
        "tables": report.tables,
        "announcements": [
            {name: plain(value) for name, value in asdict(announcement).items()}
            for announcement in report.announcements
        ],
    }
