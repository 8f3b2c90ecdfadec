"""``policy-notify retry``: lets refused recipients be tried again."""

from __future__ import annotations

import os
from typing import Annotated

import typer

from subscribers.announcing import announcements
from subscribers.commands.shared import AnnouncementId, open_for_sending
from subscribers.delivery import unfinished
from subscribers.ledger.totals import statuses
from subscribers.printable import say
from subscribers.settings import read_settings

EXAMPLE = "policy-notify retry 2 && policy-notify deliver"


def retry_command(
    announcement: AnnouncementId,
    *,
    reason: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CODE",
            help="Only recipients refused with this code, such as 5.1.1. May be repeated.",
        ),
    ] = None,
) -> None:
    """Try again the recipients who were refused, set aside or put off; deliver then sends to them.

    Without --reason, recipients whom no email reaches are left out (see policy-notify unreachable). A
    recipient whose message was accepted, or may have been, is never sent a second one.
    """
    engine, _ = open_for_sending(read_settings(os.environ))
    number = announcements.retry(engine, announcement, reasons=reason or ())
    if not number:
        say(f"announcement {announcement}: there is no recipient to try again")
        return
    [status] = [status for status in statuses(engine) if status.announcement_id == announcement]
    first = f"policy-notify release {announcement}, then " if status.state == "paused" else ""
    verb = "waits" if number == 1 else "wait"
    say(
        f"announcement {announcement}: {unfinished.counted(number)} {verb} again; "
        f"send to them with {first}policy-notify deliver"
    )
