"""``policy-notify resolve``: records what an operator found out about an unknown batch."""

from __future__ import annotations

from typing import Annotated

import typer

from subscribers.commands.shared import open_configured_database
from subscribers.delivery import status_report
from subscribers.ledger.ledger import Ledger
from subscribers.printable import say

EXAMPLE = "policy-notify resolve 17 --unsent && policy-notify deliver"


def resolve_command(
    batch: Annotated[
        int, typer.Argument(metavar="BATCH", help="The batch's number, as policy-notify status shows it.")
    ],
    *,
    sent: Annotated[bool, typer.Option("--sent/--unsent", help="Whether the provider accepted the batch.")],
) -> None:
    """Settle an unknown batch by hand. Look it up at the provider first, then say what became of it."""
    ledger = Ledger(open_configured_database())
    unknown = [each for each in ledger.unknown_batches() if each.batch_id == batch]
    ledger.resolve(batch, sent=sent)
    for each in unknown:
        say(status_report.unknown_line(each))
    if sent:
        say(f"batch {batch} now counts as sent")
    else:
        say(f"batch {batch} now counts as not sent; send it with policy-notify deliver")
