"""``policy-notify doctor``: checks everything that sending depends on, and sends nothing."""

from __future__ import annotations

import json
import os
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict

import typer
from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from subscribers.commands.shared import AsJson
from subscribers.doctor.all_checks import examine
from subscribers.doctor.dns_queries import system_names
from subscribers.doctor.finding import Finding, Level
from subscribers.printable import say, several_lines

EXAMPLE = "policy-notify doctor"
STYLES = {
    Level.OK: "green",
    Level.UNCHECKED: "cyan",
    Level.WARNING: "yellow",
    Level.ERROR: "bold red",
}


def doctor_command(*, as_json: AsJson = False) -> None:
    """Check settings, database, provider and DNS without sending anything. Exits with 1 on an error."""
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


def _table(findings: Iterable[Finding]) -> list[Finding]:
    console = Console()
    with console.status("Checking …"):
        seen = list(findings)
    # Folded, since a name that is cut short cannot be looked up.
    whole = (Column("Where", overflow="fold"), Column("Found → what to do", overflow="fold"))
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
