"""``policy-notify move``: moves everything to another database."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import SecretStr

from subscribers.backups.move_database import move_database
from subscribers.commands.shared import open_configured_database
from subscribers.database import open_database, shown
from subscribers.high_water_mark.configured import configured_mark
from subscribers.high_water_mark.mark_store import MarkStore
from subscribers.printable import say
from subscribers.settings import read_settings

EXAMPLE = "policy-notify move --to postgresql://policy@/policy --mark-to postgresql://policy@/marks"


def move_command(
    *,
    to: Annotated[
        str, typer.Option(metavar="URL", help="The empty database, such as postgresql://USER@HOST/NAME.")
    ],
    mark_to: Annotated[
        str | None,
        typer.Option(
            metavar="URL",
            help="The database for the high-water mark and the journal, if they move too.",
        ),
    ] = None,
) -> None:
    """Move everything to another database, such as from SQLite to PostgreSQL, and check every row.

    Stop all senders first. Afterwards the old database refuses to send. The password of the new database, if
    it needs one, is read from POLICY_NOTIFY_DATABASE_PASSWORD, and that of --mark-to from
    POLICY_NOTIFY_MARK_PASSWORD.
    """
    settings = read_settings(os.environ)
    there = settings.model_copy(
        update={
            "database_url": SecretStr(to),
            "mark_url": SecretStr(mark_to) if mark_to else settings.mark_url,
        }
    )
    source, target = open_configured_database(settings), open_database(there.database(), setting="--to")
    from_store = configured_mark(settings, source).store
    to_store = from_store if mark_to is None else MarkStore(there.mark() or "")
    result = move_database(source, target, from_store=from_store, to_store=to_store, now=datetime.now(UTC))
    for table, rows in result.tables.items():
        if rows:
            say(f"{table}: {rows:,} {'row' if rows == 1 else 'rows'}, equal on both sides")
    say(f"moved to {shown(target.url)}; set POLICY_NOTIFY_DATABASE_URL to it, and delete the old database")
    if mark_to is not None:
        say(f"the high-water mark is in {to_store.place}; set POLICY_NOTIFY_MARK_URL to it")
