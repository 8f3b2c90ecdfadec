"""``policy-notify person``: shows, corrects, restricts and erases the data of one user."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from typing import Annotated

import typer

from subscribers.commands.shared import UserName, open_configured_database
from subscribers.ledger import erasure
from subscribers.printable import say
from subscribers.settings import read_settings
from subscribers.users import requests
from subscribers.users.accounts import Account
from subscribers.users.erasures import ErasureKeys
from subscribers.users.user_data import export_user_data, user_data

person = typer.Typer(no_args_is_help=True, help="Show, correct, restrict and erase the data of one user.")

Lift = Annotated[bool, typer.Option("--lift", help="Undo it.")]


@person.command(epilog="Example: policy-notify person show 1001")
def show(who: UserName) -> None:
    """Print everything that is held about a user, as JSON."""
    typer.echo(_json(user_data(open_configured_database(), who, now=datetime.now(UTC))))


@person.command(epilog="Example: policy-notify person export anna@example.com > anna.json")
def export(who: UserName) -> None:
    """Print the same as show, for a user who asked for their data, and record that it was given."""
    typer.echo(_json(export_user_data(open_configured_database(), who, now=datetime.now(UTC))))


@person.command(epilog="Example: policy-notify person correct 1001 --email anna@example.org")
def correct(
    who: UserName,
    *,
    email: Annotated[str | None, typer.Option(help="The right email address.")] = None,
    language: Annotated[str | None, typer.Option(help="The right language, such as pt-BR.")] = None,
) -> None:
    """Correct one account. An import that still has the old value does not undo the correction."""
    if email is None and language is None:
        raise typer.BadParameter("say what to correct, with --email, --language or both")
    account = requests.correct(
        open_configured_database(), who, email=email, language=language, at=datetime.now(UTC)
    )
    say(f"{account.external_id}: {account.email}, language {account.language or 'of the site'}")


@person.command(epilog="Example: policy-notify person restrict 1001")
def restrict(who: UserName, *, lift: Lift = False) -> None:
    """Keep a user's data but do not use it: no email is sent, and imports skip the user."""
    do = requests.unrestrict if lift else requests.restrict
    accounts = do(open_configured_database(), who, at=datetime.now(UTC))
    say(f"{'No longer restricted' if lift else 'Restricted'}: {_ids(accounts)}")


@person.command(name="object", epilog="Example: policy-notify person object 1001")
def object_(who: UserName, *, lift: Lift = False) -> None:
    """Record that a user objects. From now on no email is sent to them."""
    do = requests.end_objection if lift else requests.object_to_email
    accounts = do(open_configured_database(), who, at=datetime.now(UTC))
    say(f"{'Objection withdrawn' if lift else 'Objection recorded'}: {_ids(accounts)}")


@person.command(epilog="Example: policy-notify person unreachable 1001 --lift")
def unreachable(who: UserName, *, lift: Lift = False) -> None:
    """Record that no email reaches a user. With --lift, the next announcement is sent to them again.

    A provider may have a list of its own: remove the email address from it as well.
    """
    do = requests.mark_reachable if lift else requests.mark_unreachable
    accounts = do(open_configured_database(), who, at=datetime.now(UTC))
    say(f"{'Reachable again' if lift else 'Unreachable'}: {_ids(accounts)}")


@person.command(epilog="Example: policy-notify person erase 1001")
def erase(who: UserName) -> None:
    """Erase everything that names a user, for good. Later imports do not bring them back."""
    settings = read_settings(os.environ)
    keys = ErasureKeys(settings.demand_keys())
    accounts = erasure.erase(open_configured_database(settings), who, keys=keys, at=datetime.now(UTC))
    say(f"Erased: {accounts} {'account' if accounts == 1 else 'accounts'}")


def _ids(accounts: tuple[Account, ...]) -> str:
    return ", ".join(account.external_id for account in accounts)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
