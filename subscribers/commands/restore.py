"""``policy-notify restore``: restores an encrypted backup into an empty database."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated

import typer

from subscribers.backups.restore_backup import RestoreResult, restore_backup
from subscribers.commands.backup import BackupFile, PrivateKey, described
from subscribers.database import open_database, shown
from subscribers.high_water_mark.configured import configured_mark, open_store
from subscribers.high_water_mark.journal import Kind
from subscribers.high_water_mark.mark_store import MarkError
from subscribers.printable import say
from subscribers.settings import read_settings
from subscribers.users.erasures import ErasureKeys

EXAMPLE = "policy-notify restore backups/2026-11-28.age --key backup-key.txt"

SHOWN = 50  # external ids on the terminal
WORDS = {
    Kind.OBJECTION: ("objection", "objections"),
    Kind.RESTRICTION: ("restriction", "restrictions"),
    Kind.ERASURE: ("erasure", "erasures"),
    Kind.REACHABILITY: ("mark of reachability", "marks of reachability"),
    Kind.REGISTRATION: ("departure or return", "departures or returns"),
}


def restore_command(
    file: BackupFile,
    *,
    key: PrivateKey,
    although_expired: Annotated[
        str | None,
        typer.Option(metavar="REASON", help="Restore an expired backup, and why that is necessary."),
    ] = None,
    without_journal: Annotated[
        bool,
        typer.Option(
            "--without-journal",
            help="Restore although the journal is lost: objections since the backup are forgotten.",
        ),
    ] = False,
) -> None:
    """Restore a backup into an empty database, and apply what users have asked for since.

    The database is the one that POLICY_NOTIFY_DATABASE_URL names; it must not exist yet, or be empty. Nothing
    is sent. If messages were sent after the backup was made, the database refuses to send until
    policy-notify recover has found out to whom.
    """
    settings = read_settings(os.environ)
    engine = open_database(settings.database())
    if although_expired is not None and not although_expired.strip():
        raise typer.BadParameter("say why the expired backup is restored")
    if settings.mark() is not None:
        configured_mark(settings, engine)  # refuses a mark in the database itself
    result = restore_backup(
        engine,
        file,
        key,
        open_store=lambda identity: open_store(settings, lambda: identity),
        keys=lambda: ErasureKeys(settings.demand_keys()),
        now=datetime.now(UTC),
        even_if_expired=although_expired is not None,
        without_journal=without_journal,
    )
    rows = "1 row" if result.rows == 1 else f"{result.rows:,} rows"
    say(f"restored {rows} into {shown(engine.url)}; every table is equal to the backup")
    for line in described(result.head, now=datetime.now(UTC)):
        say(line)
    if although_expired is not None:
        say(f"restored although it had expired: {although_expired}")
    _say_what_changed(result)
    try:
        configured_mark(settings, engine).verify()
    except MarkError as error:
        say(f"nothing can be sent yet: {error}")


def _say_what_changed(result: RestoreResult) -> None:
    if not result.has_journal:
        say(
            "the journal is lost: what users asked for after the backup was made is not known, and they "
            "would be notified as the backup says"
        )
    say(f"applied from the journal: {counted_requests(result.changed)}")
    if result.corrected:
        say(
            "corrections made after the backup are lost, since the journal holds no email addresses; "
            f"import the users again or correct them: {_some(result.corrected)}"
        )


def counted_requests(changed: Counter[Kind]) -> str:
    """How many users the journal changed, by kind, in words."""
    counts = [
        f"{changed[kind]:,} {one if changed[kind] == 1 else many}"
        for kind, (one, many) in WORDS.items()
        if changed[kind]
    ]
    return ", ".join(counts) or "nothing"


def _some(names: Sequence[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more:,} more" if more > 0 else "")
