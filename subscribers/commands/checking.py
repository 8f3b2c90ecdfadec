"""The commands that look before anything is sent, and at whom no mail reaches."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from subscribers.database import open_migrated
from subscribers.delivery.trial_email import send_test
from subscribers.doctor.examination import examine
from subscribers.doctor.finding import Finding, Level
from subscribers.doctor.names import system_names
from subscribers.messages.preview import newest_document, previews
from subscribers.printable import say, several_lines
from subscribers.settings import read_settings
from subscribers.site.site_reader import open_site
from subscribers.transports.configured import configured_transport
from subscribers.users.reachability import unreachable

commands = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="For a program to read.")]
STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.ERROR: "bold red"}


@commands.command(name="doctor")
def doctor_command(*, as_json: AsJson = False) -> None:
    """Check settings, database, provider and DNS before anything is sent; exit 1 on an error. Sends nothing.

    Example: policy-notify doctor
    """
    findings = examine(os.environ, system_names)
    if as_json:
        seen = list(findings)
        typer.echo(json.dumps({"findings": [asdict(finding) for finding in seen]}, indent=2))
    elif sys.stdout.isatty():
        seen = _table(findings)
    else:
        seen = []
        for finding in findings:
            seen.append(finding)
            say(_line(finding))
    counted = Counter(finding.level for finding in seen)
    if not as_json:
        say(", ".join(f"{level}: {counted[level]}" for level in Level))
    if counted[Level.ERROR]:
        raise typer.Exit(1)


@commands.command(name="send-test")
def send_test_command(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="Who gets it.")],
    *,
    site: Annotated[str, typer.Option(help="A built site's folder, or a live site's address.")],
    language: Annotated[str | None, typer.Option(help="The reader's language.")] = None,
) -> None:
    """Send the mail on the newest change to one address, marked as a test and in no books.

    Example: policy-notify send-test me@example.com --site https://policies.example/
    """
    settings = read_settings(os.environ)
    settings.demand_for_sending()
    sender, now = settings.who_sends(), datetime.now(UTC)
    published = open_site(site)
    newest = newest_document(published.history).slug
    mails = previews(published, document=newest, since=None, language=language, sender=sender, now=now)
    [message] = mails.values()
    transport = configured_transport(settings)
    provider_id = send_test(transport, message, sender=sender, address=address, now=now)
    answer = f": {provider_id}" if provider_id else ""
    say(f"accepted by {transport.name}{answer}")


@commands.command(name="unreachable")
def unreachable_command(*, as_json: AsJson = False) -> None:
    """List the registered accounts that no mail reaches, with the reason and since when; one on each line.

    For a banner in the shop: ask for a new address, then correct it (person correct, or the next import).

    Example: policy-notify unreachable --json
    """
    engine = open_migrated(read_settings(os.environ).database())
    for person in unreachable(engine):
        since = person.since.isoformat(timespec="seconds").replace("+00:00", "Z")
        if as_json:
            row = {"external_id": person.external_id, "reason": person.reason, "since": since}
            typer.echo(json.dumps(row))
        else:
            say(f"{person.external_id}\t{person.reason}\t{since}")


def _table(findings: Iterable[Finding]) -> list[Finding]:
    console = Console()
    with console.status("Looking …"):
        seen = list(findings)
    # Folded, for a name that is cut short cannot be looked up.
    whole = (Column("Where", overflow="fold"), Column("Seen → what to do", overflow="fold"))
    table = Table("", "What", *whole)
    for finding in seen:
        level = Text(finding.level, style=STYLES[finding.level])
        what_to_do = f"\n→ {finding.remedy}" if finding.remedy else ""
        where, what = several_lines(finding.where), several_lines(finding.seen + what_to_do)
        table.add_row(level, finding.topic, Text(where), Text(what))
    console.print(table)
    return seen


def _line(finding: Finding) -> str:
    what_to_do = f"; {finding.remedy}" if finding.remedy else ""
    return f"{finding.level}: {finding.topic}: {finding.where}: {finding.seen}{what_to_do}"
