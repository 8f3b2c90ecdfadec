"""``policy-notify unreachable``: lists the users whom no email reaches."""

from __future__ import annotations

import json

import typer

from subscribers.commands.shared import AsJson, open_configured_database
from subscribers.printable import say
from subscribers.users.reachability import unreachable

EXAMPLE = "policy-notify unreachable --json"


def unreachable_command(*, as_json: AsJson = False) -> None:
    """List the users whom no email reaches, one a line, with the reason and the time.

    Your shop can show them a banner that asks for a new email address. Bring it back with the next import
    or with policy-notify person correct.
    """
    for user in unreachable(open_configured_database()):
        since = user.since.isoformat(timespec="seconds").replace("+00:00", "Z")
        if as_json:
            row = {"external_id": user.external_id, "reason": user.reason, "since": since}
            typer.echo(json.dumps(row))
        else:
            say(f"{user.external_id}\t{user.reason}\t{since}")
