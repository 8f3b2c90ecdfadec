"""Reports a recovery: lines for a person, and the list of everybody whose state is unknown."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import Engine, select

from subscribers.database import reading
from subscribers.errors import NotifyError
from subscribers.model import BatchState, batches, deliveries, users
from subscribers.recovery.recover import Recovery

FOR_OWNER = 0o600
FIELDS = ("announcement", "external_id", "email", "state")


class UnwritableListError(NotifyError):
    """The list of unknown recipients cannot be written."""


def lines(recovery: Recovery, *, dry_run: bool) -> Iterator[str]:
    """The findings, the changes, made or only planned, and the decisions that are left to a person."""
    if recovery.was_old:
        number = recovery.requests
        some = f"{number:,} request{'' if number == 1 else 's'}" if number else "requests"
        yield f"this database is an old copy: it does not know {some} that were made since"
    elif recovery.was_unmarked:
        yield "the high-water mark is missing, so this database may be an old copy"
    else:
        yield "this database is the newest one, as far as its high-water mark knows"
    for rebuilt in recovery.rebuilt:
        versions = ", ".join(rebuilt.versions)
        yield f"announcement {rebuilt.announcement_id}: may have been sent since ({versions}); made again"
    for announcement_id, number in recovery.settled.items():
        yield f"announcement {announcement_id}: {_recipients(number)} settled as accepted by evidence"
    if recovery.absent:
        yield (
            f"{_messages(len(recovery.absent))} sent to nobody who is surely a recipient here "
            "(not in this copy, or excluded). Import the current list of users and run this again"
        )
    if recovery.foreign:
        yield (
            f"{_messages(recovery.foreign)} about a publication that this database does not have, "
            "and counted for nothing"
        )
    for announcement_id, number in recovery.unknown.items():
        yield (
            f"announcement {announcement_id}: {_recipients(number)} unknown; nothing is sent to them until "
            "you run this with more evidence, or policy-notify resolve "
            f"--announcement {announcement_id} --sent or --unsent"
        )
    if not recovery.unknown:
        yield "nobody is unknown"
    if dry_run:
        yield "this was a dry run: nothing was recorded"
    elif recovery.was_old or recovery.was_unmarked:
        yield "the database may send again"


def write_list(engine: Engine, recovery: Recovery, file: Path) -> int:
    """Write everybody who is unknown as CSV, for its owner alone; return how many lines that are.

    After them come the email addresses to which messages went and that nobody in the database has.
    """
    rows = (
        select(deliveries.c.announcement_id, users.c.external_id, users.c.email)
        .join(batches, batches.c.id == deliveries.c.batch_id)
        .join(users, users.c.id == deliveries.c.recipient_id)
        .where(batches.c.state == BatchState.UNKNOWN.value)
        .order_by(deliveries.c.announcement_id, users.c.external_id)
    )
    written = 0
    try:
        with open(file, "w", encoding="utf-8", newline="", opener=_for_owner) as stream:
            table = csv.writer(stream)
            table.writerow(FIELDS)
            with reading(engine) as connection:
                for announcement_id, external_id, email in connection.execute(rows):
                    table.writerow((announcement_id, external_id, email, "unknown"))
                    written += 1
            for one in recovery.absent:
                for address in sorted(one.addresses) or [""]:
                    number = one.delivery.announcement_id
                    table.writerow((number, "", address, "notified, but no recipient in this database"))
                    written += 1
    except OSError as error:
        raise UnwritableListError(
            f"{file}: cannot be written ({error.strerror}); name another file with --list"
        ) from error
    return written


def _messages(number: int) -> str:
    return f"{number:,} message{' was' if number == 1 else 's were'}"


def _recipients(number: int) -> str:
    return f"{number:,} recipient{' is' if number == 1 else 's are'}"


def _for_owner(path: str, flags: int) -> int:
    return os.open(path, flags, FOR_OWNER)
