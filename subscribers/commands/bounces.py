"""``policy-notify bounces``: takes in what mail servers send back to the return path."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Engine

from subscribers.bounces.intake import ENVELOPE_FIELDS, LONGEST_MESSAGE, Taken, take_in
from subscribers.bounces.mailbox import Mailbox, take_in_all
from subscribers.clock import utc_now
from subscribers.commands.shared import AsJson, open_configured_database
from subscribers.errors import NotifyError
from subscribers.high_water_mark.configured import configured_mark
from subscribers.printable import say
from subscribers.return_path import ReturnPath
from subscribers.settings import Settings, read_settings

EXAMPLE = "policy-notify bounces --maildir /var/spool/bounces"
TRY_AGAIN = 75  # EX_TEMPFAIL in sysexits.h: the mail server keeps the message and tries again
WORDS = {
    Taken.BOUNCED: "bounced",
    Taken.COMPLAINED: "complained",
    Taken.REPEATED: "nothing new",
    Taken.DELAYED: "still being tried",
    Taken.UNMATCHED: "without a valid signature",
    Taken.OTHER: "no report",
}


def bounces_command(
    *,
    standard_input: Annotated[
        bool, typer.Option("--stdin", help="Take in one message from standard input, for a pipe transport.")
    ] = False,
    maildir: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Take in the unread messages of this Maildir.")
    ] = None,
    imap: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Take in the unread messages at imaps://USER@HOST/FOLDER."),
    ] = None,
    recipient: Annotated[
        str | None, typer.Option(help="With --stdin: the recipient in the message's envelope.")
    ] = None,
    keep_days: Annotated[
        int,
        typer.Option(min=0, help="Remove other read messages to the return path after so many days."),
    ] = 30,
    as_json: AsJson = False,
) -> None:
    """Take in bounces and complaints about messages that were sent by SMTP.

    A report counts if its return path carries our signature. It is removed once it is recorded. Every other
    message is marked as read and stays for a person.
    """
    if sum((standard_input, maildir is not None, imap is not None)) != 1:
        raise typer.BadParameter("name one of --stdin, --maildir and --imap")
    try:
        counts, removed = _take_in(
            read_settings(os.environ), maildir=maildir, imap=imap, recipient=recipient, keep_days=keep_days
        )
    except NotifyError as error:
        if not standard_input:
            raise
        say(f"policy-notify: {error}", err=True)
        raise typer.Exit(TRY_AGAIN) from error
    _report(counts, removed, as_json=as_json)


def _take_in(
    settings: Settings, *, maildir: Path | None, imap: str | None, recipient: str | None, keep_days: int
) -> tuple[Counter[Taken], int]:
    path = settings.demand_return_path()
    engine = open_configured_database(settings)
    configured_mark(settings, engine).verify()  # in an old copy, a report would match nothing and be put away
    take = _taker(engine, path)
    if maildir is not None:
        from subscribers.bounces.maildir import Maildir  # noqa: PLC0415 - one of three

        return _run(Maildir(maildir), take, path, keep_days)
    if imap is not None:
        from subscribers.bounces.imap import ImapMailbox, read_place  # noqa: PLC0415 - one of three

        place, password = read_place(imap), settings.demand_imap_password()
        with ImapMailbox(place, password) as mailbox:
            return _run(mailbox, take, path, keep_days)
    raw = sys.stdin.buffer.read(LONGEST_MESSAGE)
    while sys.stdin.buffer.read(LONGEST_MESSAGE):
        pass  # a mail server that cannot write the rest would try the message again
    return Counter([take_in(engine, path, raw, recipient=recipient, now=utc_now())]), 0


def _taker(engine: Engine, path: ReturnPath) -> Callable[[bytes], Taken]:
    return lambda raw: take_in(engine, path, raw, now=utc_now())


def _run(
    mailbox: Mailbox, take: Callable[[bytes], Taken], path: ReturnPath, keep_days: int
) -> tuple[Counter[Taken], int]:
    counts = take_in_all(mailbox, take)

    def is_ours(header: bytes) -> bool:
        names = tuple(f"{name.lower()}:" for name in ENVELOPE_FIELDS)
        unfolded = header.decode("latin-1").replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ")
        return any(path.is_mailbox(line) for line in unfolded.split("\n") if line.lower().startswith(names))

    return counts, mailbox.remove_old(before=utc_now() - timedelta(days=keep_days), is_ours=is_ours)


def _report(counts: Counter[Taken], removed: int, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({taken.value: counts[taken] for taken in Taken} | {"removed": removed}))
        return
    said = [f"{counts[taken]:,} {words}" for taken, words in WORDS.items() if counts[taken]]
    total = counts.total()
    say(f"{total:,} message{'' if total == 1 else 's'}" + (f": {', '.join(said)}" if said else ""))
    if counts[Taken.UNMATCHED]:
        say(
            "without a valid signature: forged, or about a message of another installation, or of a user who "
            "was erased, or POLICY_NOTIFY_SECRET_KEYS lacks an earlier secret"
        )
    if removed:
        say(f"{removed:,} older message{'' if removed == 1 else 's'} removed")
