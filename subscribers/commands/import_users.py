"""``policy-notify import``: brings the registered users up to date from the shop's list."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from subscribers.commands.shared import ROWS_A_STEP, open_configured_database
from subscribers.printable import say
from subscribers.settings import read_settings
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_dates import read_date_format
from subscribers.users.import_file import ImportFile, RefusedRow, read_columns, read_delimiter
from subscribers.users.import_users import ImportResult, import_users
from subscribers.users.import_values import Row, read_language

EXAMPLE = "policy-notify import users.csv --columns external_id=ID,email=user_email --language ru"
Value = TypeVar("Value")


def import_command(
    *,
    file: Annotated[Path, typer.Argument(help="A CSV or JSON Lines file in UTF-8.")],
    columns: Annotated[
        str,
        typer.Option(
            help="The names of your columns, such as external_id=ID,email=user_email.", metavar="FIELD=NAME,…"
        ),
    ] = "",
    language: Annotated[
        str | None, typer.Option(help="The language of users whose row names none, such as ru.")
    ] = None,
    delimiter: Annotated[
        str | None,
        typer.Option(help="The character between fields, such as ';' or tab.", show_default="detected"),
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(
            metavar="ORDER",
            help="How dates are written, such as DD.MM.YYYY.",
            show_default="like 2024-03-05",
        ),
    ] = None,
    replace: Annotated[
        bool,
        typer.Option("--replace", help="The file is the complete list: users missing from it have left."),
    ] = False,
    remove_up_to: Annotated[
        int | None, typer.Option(min=1, help="With --replace: let up to this many users leave at once.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen, and change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON for programs.")] = False,
) -> None:
    """Import your list of users. Only external_id, email, language and registered_at are kept.

    Valid rows are imported. Invalid rows are listed. Exits with 1 if there are any.
    """
    if remove_up_to is not None and not replace:
        raise typer.BadParameter("needs --replace", param_hint="--remove-up-to")
    now = datetime.now(UTC)
    settings = read_settings(os.environ)
    users = ImportFile(
        file,
        columns=_option(read_columns, columns, hint="--columns") or {},
        language=_option(read_language, language, hint="--language"),
        now=now,
        delimiter=_option(read_delimiter, delimiter, hint="--delimiter"),
        date_format=_option(read_date_format, date_format, hint="--date-format"),
    )
    with _progress(users) as rows:
        result = import_users(
            open_configured_database(settings),
            rows,
            keys=ErasureKeys(settings.keys()),
            now=now,
            replace=replace,
            remove_up_to=remove_up_to,
            dry_run=dry_run,
        )
    if as_json:
        typer.echo(json.dumps({**asdict(result), "refusals": [_refusal(each) for each in result.refusals]}))
    else:
        _report(users, result, dry_run=dry_run)
    if result.refused:
        raise typer.Exit(1)


def _option(read: Callable[[str], Value], text: str | None, *, hint: str) -> Value | None:
    """The value of an option; wrong usage if ``read`` refuses it."""
    try:
        return read(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from error


@contextmanager
def _progress(users: ImportFile) -> Iterator[Iterator[Row | RefusedRow]]:
    """The rows, with a bar on a terminal while they are read and compared."""
    console = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    size = users.path.stat().st_size if users.path.is_file() else None
    with Progress(*parts, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Reading", total=size)

        def rows() -> Iterator[Row | RefusedRow]:
            for number, row in enumerate(users):
                if number % ROWS_A_STEP == 0:
                    progress.update(task, completed=users.consumed_bytes)
                yield row
            progress.update(task, description="Comparing", total=None)

        yield rows()


def _report(users: ImportFile, result: ImportResult, *, dry_run: bool) -> None:
    counts = {
        "added": result.added,
        "changed": result.changed,
        "returned": result.returned,
        "unchanged": result.unchanged,
        "left": result.left,
        "repeated": result.repeated,
        "restricted (skipped)": result.restricted,
        "erased (not brought back)": result.erased,
        "refused": result.refused,
    }
    counted = [f"{count:,} {what}" for what, count in counts.items() if count]
    say(f"{users.path}: {', '.join(counted)}" + (" (dry run: nothing was changed)" if dry_run else ""))
    if result.too_many_leave and dry_run:
        say(
            "This is an unusual number of users to leave at once. "
            f"The import needs --remove-up-to {result.left}.",
            err=True,
        )
    if users.ignored:
        say(f"These columns are not needed and were not kept: {', '.join(users.ignored)}", err=True)
    for refusal in result.refusals:
        say(f"{users.path}:{refusal.line}: {refusal.reason}", err=True)
    if result.refused > len(result.refusals):
        say(f"… and {result.refused - len(result.refusals):,} more", err=True)


def _refusal(refusal: RefusedRow) -> dict[str, int | str]:
    return {"line": refusal.line, "reason": refusal.reason}
