"""``policy-notify resolve``: records what an operator found out about unknown deliveries."""

from __future__ import annotations

from typing import Annotated

import typer

from subscribers.commands.shared import open_configured_database
from subscribers.delivery import status_report
from subscribers.delivery.unfinished import counted
from subscribers.ledger.ledger import Ledger
from subscribers.printable import say

EXAMPLE = "policy-notify resolve 17 --unsent && policy-notify deliver"


def resolve_command(
    batch: Annotated[
        int | None,
        typer.Argument(metavar="BATCH", help="The batch's number, as policy-notify status shows it."),
    ] = None,
    *,
    sent: Annotated[bool, typer.Option("--sent/--unsent", help="Whether the provider accepted it.")],
    announcement: Annotated[
        int | None,
        typer.Option(
            "--announcement", metavar="ANNOUNCEMENT", help="Every unknown batch of an announcement."
        ),
    ] = None,
) -> None:
    """Settle an unknown batch, or all of an announcement, by hand. Look up first what became of it."""
    if (batch is None) == (announcement is None):
        raise typer.BadParameter("name either a batch or, with --announcement, an announcement")
    ledger = Ledger(open_configured_database())
    if announcement is not None:
        number = ledger.resolve_announcement(announcement, sent=sent)
        what = f"{counted(number)} of announcement {announcement} now count{'s' if number == 1 else ''}"
    else:
        assert batch is not None
        unknown = [each for each in ledger.unknown_batches() if each.batch_id == batch]
        ledger.resolve(batch, sent=sent)
        for each in unknown:
            say(status_report.unknown_line(each))
        what = f"batch {batch} now counts"
    if sent:
        say(f"{what} as sent")
    else:
        say(f"{what} as not sent; send it with policy-notify deliver")
