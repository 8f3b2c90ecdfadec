"""The commands about people: ``import`` and ``person``."""

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
from sqlalchemy import Engine

from subscribers.database import open_migrated
from subscribers.ledger import erasure
from subscribers.printable import say
from subscribers.settings import Settings, read_settings
from subscribers.users import registry
from subscribers.users.erasures import ErasureKeys
from subscribers.users.import_dates import read_date_format
from subscribers.users.import_file import ImportFile, Refusal, read_columns, read_delimiter
from subscribers.users.import_users import ImportResult, import_users
from subscribers.users.import_values import Row, read_language
from subscribers.users.user_data import export_user_data, user_data

person = typer.Typer(
    no_args_is_help=True, help="See, correct, restrict and erase what is held on one person."
)

Who = Annotated[str, typer.Argument(metavar="PERSON", help="An external id, or a mail address.")]
Lift = Annotated[bool, typer.Option("--lift", help="Take it back.")]
Value = TypeVar("Value")
ROWS_A_STEP = 1_000  # between two looks of the progress bar


def import_(
    *,
    file: Annotated[Path, typer.Argument(help="CSV or JSON Lines, in UTF-8.")],
    columns: Annotated[
        str,
        typer.Option(
            help="Your names of the columns: external_id=ID,email=user_email", metavar="FIELD=NAME,…"
        ),
    ] = "",
    language: Annotated[str | None, typer.Option(help="For users whose row names none, such as ru.")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="What stands between fields, such as ';' or tab; default: found out.")
    ] = None,
    date_format: Annotated[
        str | None,
        typer.Option(metavar="ORDER", help="How dates are written, such as DD.MM.YYYY; default: 2024-03-05."),
    ] = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="The file is the whole list: who is missing has left.")
    ] = False,
    remove_up_to: Annotated[
        int | None, typer.Option(min=1, help="With --replace: let so many people leave at once.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would happen; change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result for a program.")] = False,
) -> None:
    """Take users from the shop's list: external_id, email, language, registered_at; nothing else is kept.

    Good rows are taken; refused ones are listed, and the exit code is then 1.

    Example: policy-notify import users.csv --columns external_id=ID,email=user_email --language ru
    """
    if remove_up_to is not None and not replace:
        raise typer.BadParameter("only --replace removes people", param_hint="--remove-up-to")
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
            _database(settings),
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
        _tell(users, result, dry_run=dry_run)
    if result.refused:
        raise typer.Exit(1)


@person.command()
def show(who: Who) -> None:
    """Print all that is held on a person, as JSON.

    Example: policy-notify person show 1001
    """
    typer.echo(_json(user_data(_database(), who, now=datetime.now(UTC))))


@person.command()
def export(who: Who) -> None:
    """Print the same for the person who asked for it, and keep on record that it was given.

    Example: policy-notify person export anna@example.com > anna.json
    """
    typer.echo(_json(export_user_data(_database(), who, now=datetime.now(UTC))))


@person.command()
def correct(
    who: Who,
    *,
    email: Annotated[str | None, typer.Option(help="The right address.")] = None,
    language: Annotated[str | None, typer.Option(help="The right language, such as pt-BR.")] = None,
) -> None:
    """Correct one account; an import that still brings the old value leaves the correction alone.

    Example: policy-notify person correct 1001 --email anna@example.org
    """
    if email is None and language is None:
        raise typer.BadParameter("say what to correct: --email, --language or both")
    account = registry.correct(_database(), who, email=email, language=language, at=datetime.now(UTC))
    say(f"{account.external_id}: {account.email}, language {account.language or 'of the site'}")


@person.command()
def restrict(who: Who, *, lift: Lift = False) -> None:
    """Keep the entry and use it for nothing: no mail, and imports pass it over.

    Example: policy-notify person restrict 1001
    """
    do = registry.unrestrict if lift else registry.restrict
    accounts = do(_database(), who, at=datetime.now(UTC))
    say(f"{'No longer restricted' if lift else 'Restricted'}: {_ids(accounts)}")


@person.command(name="object")
def object_(who: Who, *, lift: Lift = False) -> None:
    """Note that the person objects: no mail is sent to them from now on.

    Example: policy-notify person object 1001
    """
    do = registry.end_objection if lift else registry.object_to_mail
    accounts = do(_database(), who, at=datetime.now(UTC))
    say(f"{'The objection has ended' if lift else 'Objection noted'}: {_ids(accounts)}")


@person.command()
def unreachable(who: Who, *, lift: Lift = False) -> None:
    """Note that no email reaches a person; with --lift, email them again from the next announcement on.

    A provider may keep a list of its own: take the email address off it as well.

    Example: policy-notify person unreachable 1001 --lift
    """
    do = registry.mark_reachable if lift else registry.mark_unreachable
    accounts = do(_database(), who, at=datetime.now(UTC))
    say(f"{'Reachable again' if lift else 'Unreachable'}: {_ids(accounts)}")


@person.command()
def erase(who: Who) -> None:
    """Erase all that names a person, for good; the next import does not bring them back.

    Example: policy-notify person erase 1001
    """
    settings = read_settings(os.environ)
    keys = ErasureKeys(settings.demand_keys())
    accounts = erasure.erase(_database(settings), who, keys=keys, at=datetime.now(UTC))
    say(f"Erased: {accounts} {'account' if accounts == 1 else 'accounts'}")


def _database(settings: Settings | None = None) -> Engine:
    return open_migrated((settings or read_settings(os.environ)).database())


def _option(read: Callable[[str], Value], text: str | None, *, hint: str) -> Value | None:
    """What an option says; wrong usage where ``read`` refuses it."""
    try:
        return read(text) if text else None
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint=hint) from error


@contextmanager
def _progress(users: ImportFile) -> Iterator[Iterator[Row | Refusal]]:
    """The rows, with a bar on a terminal while they are read and compared."""
    console = Console(stderr=True)
    parts = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    size = users.path.stat().st_size if users.path.is_file() else None
    with Progress(*parts, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Reading", total=size)

        def rows() -> Iterator[Row | Refusal]:
            for number, row in enumerate(users):
                if number % ROWS_A_STEP == 0:
                    progress.update(task, completed=users.consumed_bytes)
                yield row
            progress.update(task, description="Comparing", total=None)

        yield rows()


def _tell(users: ImportFile, result: ImportResult, *, dry_run: bool) -> None:
    counts = {
        "added": result.added,
        "changed": result.changed,
        "back again": result.returned,
        "unchanged": result.unchanged,
        "left": result.left,
        "said twice": result.repeated,
        "restricted (passed over)": result.restricted,
        "erased (kept out)": result.erased,
        "refused": result.refused,
    }
    told = [f"{count:,} {what}" for what, count in counts.items() if count]
    say(f"{users.path}: {', '.join(told)}" + (" (dry run: nothing was changed)" if dry_run else ""))
    if result.too_many_leave and dry_run:
        say(f"So many do not usually leave at once; the import wants --remove-up-to {result.left}.", err=True)
    if users.ignored:
        say(f"Columns not wanted and not kept: {', '.join(users.ignored)}", err=True)
    for refusal in result.refusals:
        say(f"{users.path}:{refusal.line}: {refusal.reason}", err=True)
    if result.refused > len(result.refusals):
        say(f"… and {result.refused - len(result.refusals):,} more", err=True)


def _refusal(refusal: Refusal) -> dict[str, int | str]:
    return {"line": refusal.line, "reason": refusal.reason}


def _ids(accounts: tuple[registry.Person, ...]) -> str:
    return ", ".join(account.external_id for account in accounts)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
