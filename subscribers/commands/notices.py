"""``policy-notify notices``: writes the signed list of all emails, which the site publishes."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from subscribers.commands.shared import open_configured_database
from subscribers.dkim_names import key_names
from subscribers.notices.dkim_keys import seen_keys, txt_records
from subscribers.notices.list_emails import list_emails
from subscribers.notices.notices_file import newest_list, write
from subscribers.printable import say
from subscribers.settings import read_settings
from subscribers.signing import read_private_key
from subscribers.site.notices_json import sign_notices
from subscribers.site.site_reader import open_site

EXAMPLE = "policy-notify notices notices.json --site https://policies.example/"


def notices_command(
    file: Annotated[Path, typer.Argument(help="The file to write. Its earlier content is continued.")],
    *,
    site: Annotated[
        str | None,
        typer.Option(help="The published site, whose notices.json is continued if it is newer than FILE."),
    ] = None,
    held: Annotated[
        bool,
        typer.Option("--held", help="Also list held announcements, before their first email is sent."),
    ] = False,
    no_dns: Annotated[
        bool, typer.Option("--no-dns", help="Do not look up the public keys of DKIM in the DNS.")
    ] = False,
) -> None:
    """Write a signed list of all emails that were sent, without personal data, for the site to publish."""
    settings = read_settings(os.environ)
    key = read_private_key(settings.demand_proof_key())
    sender, now = settings.who_sends(), datetime.now(UTC)
    engine = open_configured_database(settings)
    signed, where = newest_list(file, open_site(site) if site else None, key=key.public_key())
    earlier = signed.notices if signed else None
    sets = () if no_dns else key_names(settings, sender.address.domain.lower())
    names = [name for each in sets for name in each]
    known_keys = earlier.dkim_keys if earlier else ()
    notices = list_emails(
        engine,
        sender=sender,
        earlier=earlier,
        where=where,
        dkim_keys=seen_keys(names, known_keys, lookup=txt_records, today=now.date()),
        with_held=held,
        now=now,
    )
    write(file, sign_notices(notices, key))
    number = len(notices.announcements)
    state = "nothing new" if notices is earlier else f"sequence {notices.sequence}"
    say(
        f"{file}: {number:,} announcement{'' if number == 1 else 's'}, "
        f"{len(notices.dkim_keys):,} DKIM key{'' if len(notices.dkim_keys) == 1 else 's'}; {state}. "
        "Build the site with --notices to publish it"
    )
